"""OpenTelemetry: spans of generative models, one a line or as OTLP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._json import records
from convalign.logs._log import Head, Log, fail, show
from convalign.logs._traces import Heard, Span, dialogues
from convalign.logs.openinference import KIND, flat, span_of

NAME = "otel"
EXTENSIONS = (".json", ".jsonl")
READS = (
    "spans with gen_ai.input.messages and gen_ai.output.messages; gen_ai.conversation.id, else the trace; "
    "OpenInference attributes in OTLP"
)
IGNORES = "other spans, system and tool messages (counted), wall-clock times (meta.started)"

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
SYSTEM = "gen_ai.system_instructions"


def sniff(head: Head) -> bool:
    """Whether the first record is OTLP, or a span with attributes of a model's call."""
    return (
        head.has("resourceSpans")
        or head.has("attributes.gen_ai.operation.name")
        or head.has(f"attributes.{INPUT}")
    )


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per conversation; the spans of the file are held together."""
    spans, seen = [], 0
    for record in records(log.text, log.notes, log.refuse):
        place = log.place(record.line)
        for path, one in _spans(record.value, place):
            seen += 1
            made = _span(one, log, place, path, f"{record.number}.{seen}")
            if made is not None:
                spans.append(made)
    if not spans:
        raise LogError(
            f"{log.place(1)}: {seen} spans, none with {INPUT} or {OUTPUT}; "
            "switch the capture of message content on"
        )
    yield from dialogues(spans, log.notes)


def _spans(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Spans of a record: itself, or those of an OTLP document."""
    if not isinstance(value, dict):
        fail(place, "$", f"{show(value)} is no span; give the whole export")
    if "resourceSpans" not in value:
        yield "$", value
        return
    for r, resource in enumerate(_list(value, "resourceSpans", place, "$")):
        where = f"$.resourceSpans[{r}]"
        for s, scope in enumerate(_list(resource, "scopeSpans", place, where)):
            inner = f"{where}.scopeSpans[{s}]"
            for n, span in enumerate(_list(scope, "spans", place, inner)):
                if not isinstance(span, dict):
                    fail(place, f"{inner}.spans[{n}]", f"{show(span)} is no span; give the whole export")
                yield f"{inner}.spans[{n}]", span


def _list(value: Any, key: str, place: str, path: str) -> list[Any]:
    found = value.get(key, []) if isinstance(value, dict) else None
    if not isinstance(found, list):
        fail(place, f"{path}.{key}", f"{show(found)} is no list; give the whole export")
    return found


def _span(one: dict[str, Any], log: Log, place: str, path: str, number: str) -> Span | None:
    """A call of a model, or None for another span."""
    attributes = _attributes(one.get("attributes", {}), place, path)
    if KIND in attributes:
        return span_of(one, flat(attributes), log, place, path, number)
    if INPUT not in attributes and OUTPUT not in attributes:
        return None
    heard = Heard()
    heard.take(attributes.get(INPUT), place, f"{path}.{INPUT}", log.notes)
    heard.take(attributes.get(OUTPUT), place, f"{path}.{OUTPUT}", log.notes, answer=True)
    system = attributes.get(SYSTEM)
    if isinstance(system, str) and system.strip():
        heard.system.append(system.strip())
    conversation = attributes.get("gen_ai.conversation.id") or one.get("traceId")
    if not isinstance(conversation, str) or not conversation.strip():
        fail(place, f"{path}.traceId", f"{show(conversation)} is no id; a span has a traceId")
    started = str(one.get("startTimeUnixNano") or one.get("startTime") or "")
    started = started.zfill(24) if started.isdecimal() else started
    return Span(
        str(one.get("spanId") or number),
        conversation,
        started,
        tuple(heard.messages),
        tuple(heard.system),
        heard.skipped,
        place,
    )


def _attributes(given: Any, place: str, path: str) -> dict[str, Any]:
    """Attributes as an object, from a list of key and value too."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, list):
        fail(place, f"{path}.attributes", f"{show(given)} are no attributes; give the whole export")
    made: dict[str, Any] = {}
    for n, one in enumerate(given):
        if not isinstance(one, dict) or not isinstance(one.get("key"), str):
            fail(place, f"{path}.attributes[{n}]", f"{show(one)} has no key; write key and value")
        value = one.get("value")
        made[one["key"]] = next(iter(value.values()), None) if isinstance(value, dict) else value
    return made
