"""Canonical dialogues: one object of ``corpora/schema.json`` a line, in a list, or printed over lines."""

from __future__ import annotations

from collections.abc import Iterator

from convalign.dialogue import Dialogue, from_record
from convalign.logs._json import Record
from convalign.logs._log import Head, Log

NAME = "canonical"
EXTENSIONS = (".jsonl", ".ndjson", ".json")
READS = "id, turns (speaker, text, start_s, end_s, audio), roles, audio, meta"
IGNORES = "unknown keys of a turn (counted); unknown keys of a dialogue move to meta (counted)"


def sniff(head: Head) -> bool:
    """Whether the first record has turns that name speakers, or turns whose form is not known."""
    if head.has("turns[].utterance") and not head.has("turns[].text"):
        return False
    return head.has("turns[].speaker") or (
        head.has("turns") and not head.has("turns[].role") and not head.has("turns[].content")
    )


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of a canonical log, one at a time."""

    def make(record: Record, place: str) -> Dialogue:
        return from_record(record.value, place=place, notes=log.notes)

    return log.records(make)
