"""WhisperX: segments with words, times and speakers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._json import Record
from convalign.logs._log import Head, Log, in_time
from convalign.logs._words import NO_SPEAKER, Word, field, roles_of, time_of, turns_of

NAME = "whisperx"
EXTENSIONS = (".json",)
READS = "segments with text, start, end, speaker; words with their own times and speakers; language"
IGNORES = "scores, word_segments (the same words again)"

UNKNOWN = "unknown"


def sniff(head: Head) -> bool:
    """Whether there are segments with times."""
    return head.has("segments[].start") or head.has("segments", "language")


def read(log: Log) -> Iterator[Dialogue]:
    """The dialogues of the file, one a transcript."""

    def make(record: Record, place: str) -> Dialogue:
        rows = field(record.value, "segments", list, place, "$", "write a list of segments")
        words: list[Word] = []
        turns: list[Turn] = []
        for k, row in enumerate(rows):
            path = f"$.segments[{k}]"
            text = field(row, "text", str, place, path, "write what was said")
            speaker = _speaker(row)
            listed = row.get("words") or []
            if isinstance(listed, list) and listed:
                words += [_word(one, speaker, place, f"{path}.words[{n}]") for n, one in enumerate(listed)]
            else:
                times = [time_of(row.get(key), place, f"{path}.{key}") for key in ("start", "end")]
                turns.append(Turn(speaker or UNKNOWN, text.strip(), times[0], times[1]))
        named = {word.speaker for word in words} | {turn.speaker for turn in turns}
        if named <= {UNKNOWN}:
            raise LogError(f"{place}: {len(rows)} segments, no speaker; {NO_SPEAKER}")
        lost = sum(word.speaker == UNKNOWN for word in words) + sum(t.speaker == UNKNOWN for t in turns)
        if lost:
            log.notes.add("words without speaker where others have one are of 'unknown'")
        meta = {"language": record.value["language"]} if record.value.get("language") else {}
        made = in_time((*turns, *turns_of(words, log.options.turn_gap)))
        return Dialogue(log.name_of(record), made, roles_of(made), meta=meta, source=place)

    return log.records(make)


def _speaker(item: Any) -> str | None:
    value = item.get("speaker") if isinstance(item, dict) else None
    return value.strip() if isinstance(value, str) and value.strip() else None


def _word(one: Any, speaker: str | None, place: str, path: str) -> Word:
    text = field(one, "word", str, place, path, "write the word")
    start, end = (time_of(one.get(key), place, f"{path}.{key}") for key in ("start", "end"))
    return Word(_speaker(one) or speaker or UNKNOWN, text.strip(), start, end)
