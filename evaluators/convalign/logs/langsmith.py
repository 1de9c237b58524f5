"""LangSmith: the runs of a project, exported as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._json import records
from convalign.logs._log import Head, Log, fail, show
from convalign.logs._traces import Heard, Span, dialogues

NAME = "langsmith"
EXTENSIONS = (".json", ".jsonl")
READS = (
    "runs of type llm, else the root's messages; metadata session_id, thread_id or conversation_id, "
    "else the trace, is the dialogue"
)
IGNORES = "other runs, system and tool messages (counted), wall-clock times (meta.started)"

THREADS = ("session_id", "thread_id", "conversation_id")
CURE = "give LangSmith's export of runs"


def sniff(head: Head) -> bool:
    """Whether the first record is a run."""
    return head.has("run_type", "trace_id")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per thread; the runs of the file are held together."""
    calls: list[Span] = []
    roots: list[tuple[str, Span]] = []
    traced: set[str] = set()
    seen = 0
    for record in records(log.text, log.notes, log.refuse):
        place, run = log.place(record.line), record.value
        seen += 1
        if not isinstance(run, dict):
            fail(place, "$", f"{show(run)} is no run; {CURE}")
        is_call = run.get("run_type") == "llm"
        if is_call or run.get("parent_run_id") is None:
            span = _span(run, str(record.number), log, place)
            trace = str(run.get("trace_id"))
            if span.messages and is_call:
                calls.append(span)
                traced.add(trace)
            elif span.messages:
                roots.append((trace, span))
    # A root repeats what the calls below it say.
    spans = calls + [span for trace, span in roots if trace not in traced]
    if not spans:
        raise LogError(f"{log.place(1)}: {seen} runs, none with messages; export inputs and outputs too")
    yield from dialogues(spans, log.notes)


def _span(run: Mapping[str, Any], number: str, log: Log, place: str) -> Span:
    """A run as a span. Its own ``session_id`` is the project, not the dialogue."""
    extra = run.get("extra")
    given = extra.get("metadata") if isinstance(extra, dict) else None
    metadata = given if isinstance(given, dict) else {}
    named = [metadata[key] for key in THREADS if metadata.get(key)]
    conversation = named[0] if named else run.get("trace_id")
    if not isinstance(conversation, str) or not conversation.strip():
        fail(place, "$.trace_id", f"{show(conversation)} is no id; {CURE}")
    inputs = run.get("inputs")
    if isinstance(inputs, dict) and "prompts" in inputs and "messages" not in inputs:
        fail(
            place, "$.inputs.prompts",
            "holds the whole history as one text; export the runs with their messages",
        )  # fmt: skip
    heard = Heard()
    heard.take(_messages(inputs, "input"), place, "$.inputs", log.notes)
    heard.take(_messages(run.get("outputs"), "output"), place, "$.outputs", log.notes, answer=True)
    return Span(
        str(run.get("id") or number), conversation, str(run.get("start_time") or ""),
        tuple(heard.messages), tuple(heard.system), heard.skipped, place,
    )  # fmt: skip


def _messages(value: Any, key: str) -> Any:
    """The messages in inputs or outputs of a run: chat messages, LangChain's, choices or generations."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("messages"), list):
        listed = value["messages"]
        nested = bool(listed) and isinstance(listed[0], list)
        return [_plain(one) for one in (listed[0] if nested else listed)]
    for name in ("choices", "generations"):
        listed = value.get(name)
        first = listed[0] if isinstance(listed, list) and listed else None
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, dict):
            return _plain(first.get("message", {"role": "assistant", "content": first.get("text")}))
    for name in (key, "question", "query", "answer", "content"):
        found = value.get(name)
        if isinstance(found, str):
            return found
        if isinstance(found, (dict, list)):
            return [_plain(one) for one in found] if isinstance(found, list) else _plain(found)
    return _plain(value) if "role" in value or "lc" in value else None


def _plain(message: Any) -> Any:
    """A message that LangChain wrote as its constructor (``lc``, ``id``, ``kwargs``), as role and content."""
    if isinstance(message, dict) and "lc" in message and isinstance(message.get("kwargs"), dict):
        kind = message.get("id")
        name = str(kind[-1]) if isinstance(kind, list) and kind else ""
        return message["kwargs"] | {"role": name.removesuffix("Chunk").removesuffix("Message").lower()}
    return message
