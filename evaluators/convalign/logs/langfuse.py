"""Langfuse: observations of a session, exported as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._json import records
from convalign.logs._log import Head, Log, fail, show
from convalign.logs._traces import Heard, Span, dialogues

NAME = "langfuse"
EXTENSIONS = (".json", ".jsonl")
READS = "observations of type GENERATION with input and output; sessionId, else traceId, is the dialogue"
IGNORES = "other observations, system and tool messages (counted), wall-clock times (meta.started)"


def sniff(head: Head) -> bool:
    """Whether the first record is an observation."""
    return head.has("traceId", "startTime")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per session; the spans of the file are held together."""
    spans = []
    seen = 0
    for record in records(log.text, log.notes, log.refuse):
        place, one = log.place(record.line), record.value
        seen += 1
        if not isinstance(one, dict):
            fail(place, "$", f"{show(one)} is no observation; give Langfuse's export")
        if one.get("type", "GENERATION") != "GENERATION":
            continue
        conversation = one.get("sessionId") or one.get("traceId")
        if not isinstance(conversation, str) or not conversation.strip():
            fail(place, "$.traceId", f"{show(conversation)} is no id; give Langfuse's export")
        heard = Heard()
        for key in ("input", "output"):
            if key not in one:
                fail(
                    place,
                    f"$.{key}",
                    "is missing; large fields are left out of some exports: export it again",
                )
            heard.take(one[key], place, f"$.{key}", log.notes, answer=key == "output")
        spans.append(
            Span(
                str(one.get("id") or record.number),
                conversation,
                str(one.get("startTime") or ""),
                tuple(heard.messages),
                tuple(heard.system),
                heard.skipped,
                place,
            )
        )
    if not spans:
        raise LogError(
            f"{log.place(1)}: {seen} observations, no GENERATION; export those of the model's calls"
        )
    yield from dialogues(spans, log.notes)
