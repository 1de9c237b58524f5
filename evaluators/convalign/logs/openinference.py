"""OpenInference (Phoenix): spans of language models with flat attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._json import records
from convalign.logs._log import Head, Log, fail, show
from convalign.logs._traces import Heard, Span, dialogues

NAME = "openinference"
EXTENSIONS = (".json", ".jsonl")
READS = (
    "spans of kind LLM: llm.input_messages, llm.output_messages; session.id, else the trace, is the dialogue"
)
IGNORES = "other spans, system and tool messages (counted), sound (its transcript is read), wall-clock times"

KIND = "openinference.span.kind"
_MESSAGE = re.compile(r"llm\.(input|output)_messages\.(\d{1,6})\.message\.(.+)", re.DOTALL)
_PART = re.compile(r"contents\.(\d{1,6})\.message_content\.(.+)", re.DOTALL)


def sniff(head: Head) -> bool:
    """Whether the first record is a span whose attributes name its kind."""
    return head.has(f"attributes.{KIND}") and not head.has("attributes.gen_ai.input.messages")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per session; the spans of the file are held together."""
    spans, seen = [], 0
    for record in records(log.text, log.notes, log.refuse):
        place, one = log.place(record.line), record.value
        seen += 1
        if not isinstance(one, dict) or not isinstance(one.get("attributes"), dict):
            fail(place, "$.attributes", f"{show(one)} has no attributes; give the export of spans")
        made = span_of(one, flat(one["attributes"]), log, place, "$", str(record.number))
        if made is not None:
            spans.append(made)
    if not spans:
        raise LogError(
            f"{log.place(1)}: {seen} spans, no LLM call with messages; export input and output too"
        )
    yield from dialogues(spans, log.notes)


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by their dotted names, whether they were written flat or nested."""
    made: dict[str, Any] = {}
    todo: list[tuple[str, Any]] = [("", attributes)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, (dict, list)):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            todo.extend((f"{path}.{key}" if path else str(key), one) for key, one in inner)
        else:
            made[path] = value
    return made


def span_of(
    one: Mapping[str, Any], attributes: Mapping[str, Any], log: Log, place: str, path: str, number: str
) -> Span | None:
    """A call of a model, or None for another span.

    Parameters
    ----------
    one : the span, for its id and time
    attributes : by dotted names
    number : of the span in the file, for one without id
    """
    if str(attributes.get(KIND, "")).upper() != "LLM":
        return None
    messages: dict[tuple[str, int], dict[str, Any]] = {}
    for name, value in attributes.items():
        match = _MESSAGE.fullmatch(name)
        if match is not None:
            _enter(messages.setdefault((match[1], int(match[2])), {}), match[3], value)
    heard = Heard()
    for (side, index), message in sorted(messages.items()):
        content = message.get("content")
        if content is None and "parts" in message:
            content = [part for _, part in sorted(message["parts"].items())]
        entered = {"role": message.get("role"), "content": content, "tool_calls": message.get("calls")}
        heard.take([entered], place, f"{path}.llm.{side}_messages.{index}", log.notes)
    if not heard.messages:
        return None
    context = one.get("context") if isinstance(one.get("context"), dict) else {}
    trace = one.get("traceId") or one.get("trace_id") or (context or {}).get("trace_id")
    conversation = attributes.get("session.id") or trace
    if not isinstance(conversation, str) or not conversation.strip():
        fail(place, f"{path}.session.id", f"{show(conversation)} is no id; give the export of spans")
    started = str(one.get("startTimeUnixNano") or one.get("start_time") or one.get("startTime") or "")
    name = one.get("spanId") or one.get("span_id") or (context or {}).get("span_id") or number
    started = started.zfill(24) if started.isdecimal() else started
    return Span(
        str(name), conversation, started, tuple(heard.messages), tuple(heard.system), heard.skipped, place
    )


def _enter(message: dict[str, Any], key: str, value: Any) -> None:
    """One attribute of a message."""
    part = _PART.fullmatch(key)
    if key in ("role", "content"):
        message[key] = value
    elif key.startswith("tool_calls."):
        message.setdefault("calls", [])
        if key.endswith("function.name"):
            message["calls"].append(value)
    elif part is not None:
        parts = message.setdefault("parts", {}).setdefault(int(part[1]), {})
        parts["transcript" if part[2].endswith("audio.transcript") else part[2]] = value
