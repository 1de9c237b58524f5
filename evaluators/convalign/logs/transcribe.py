"""Amazon Transcribe: items with times, by channel or by speaker label; Call Analytics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, in_time, role_of, show
from convalign.logs._words import NO_SPEAKER, Word, field, roles_of, time_of, turns_of

NAME = "transcribe"
EXTENSIONS = (".json",)
READS = "results.items by channel or speaker labels; Transcript[] of Call Analytics with its roles; language"
IGNORES = "other alternatives, confidence, the transcript without times"

CURE = "give Amazon Transcribe's whole result"


def sniff(head: Head) -> bool:
    """Whether it is a transcription result."""
    return head.has("results.transcripts") or head.has("Transcript[].ParticipantRole")


def read(log: Log) -> Iterator[Dialogue]:
    """The dialogues of the file, one a job."""

    def make(record: Record, place: str) -> Dialogue:
        value = record.value
        status = value.get("status", "COMPLETED") if isinstance(value, dict) else None
        if isinstance(value, dict) and "Transcript" in value:
            return _analytics(value, log.name_of(record), place)
        results = field(value, "results", dict, place, "$", CURE)
        if status != "COMPLETED":
            fail(place, "$.status", f"{show(status)}; only a COMPLETED job has a transcript")
        words = _by_channel(results, place) if "channel_labels" in results else _by_label(results, place)
        if not words:
            raise LogError(f"{place}: $.results: holds no words; {CURE}")
        turns = turns_of(words, log.options.turn_gap)
        said = results.get("language_code")
        meta = {"language": said} if isinstance(said, str) else {}
        return Dialogue(log.name_of(record), turns, roles_of(turns), meta=meta, source=place)

    return log.records(make)


def _by_channel(results: Mapping[str, Any], place: str) -> list[Word]:
    """Items listed per channel; ``results.items`` repeats them and is not read."""
    labels = field(results, "channel_labels", dict, place, "$.results", CURE)
    words: list[Word] = []
    path = "$.results.channel_labels"
    for c, channel in enumerate(field(labels, "channels", list, place, path, CURE)):
        where = f"{path}.channels[{c}]"
        name = field(channel, "channel_label", str, place, where, CURE)
        items = field(channel, "items", list, place, where, CURE)
        words += _words([(item, name, f"{where}.items[{n}]") for n, item in enumerate(items)], place)
    return words


def _by_label(results: Mapping[str, Any], place: str) -> list[Word]:
    """Items with a speaker label each, or joined to one by their start."""
    items = field(results, "items", list, place, "$.results", CURE)
    labels = results.get("speaker_labels")
    by_start: dict[str, str] = {}
    if isinstance(labels, dict):
        for segment in labels.get("segments") or []:
            for one in segment.get("items", []) if isinstance(segment, dict) else []:
                by_start[str(one.get("start_time"))] = str(
                    one.get("speaker_label") or segment.get("speaker_label")
                )
    found: list[tuple[Any, str, str]] = []
    last: str | None = None
    for n, item in enumerate(items):
        path = f"$.results.items[{n}]"
        if not isinstance(item, dict):
            fail(place, path, f"{show(item)} is no item; {CURE}")
        label = item.get("speaker_label") or by_start.get(str(item.get("start_time"))) or last
        if label is None:
            raise LogError(f"{place}: {path}: no speaker label and no channels; {NO_SPEAKER}")
        last = str(label)
        found.append((item, last, path))
    return _words(found, place)


def _words(items: list[tuple[Any, str, str]], place: str) -> list[Word]:
    """Words with the punctuation that follows them."""
    words: list[Word] = []
    for item, speaker, path in items:
        options = field(item, "alternatives", list, place, path, CURE)
        text = field(options[0] if options else None, "content", str, place, f"{path}.alternatives[0]", CURE)
        if item.get("type") == "punctuation":
            if words:
                last = words[-1]
                words[-1] = Word(last.speaker, last.text + text, last.start_s, last.end_s)
            continue
        start, end = (time_of(item.get(key), place, f"{path}.{key}") for key in ("start_time", "end_time"))
        words.append(Word(speaker, text, start, end))
    return words


def _analytics(value: Mapping[str, Any], name: str, place: str) -> Dialogue:
    """Call Analytics: turns with roles, times in milliseconds."""
    cast, turns = Cast(), []
    for n, one in enumerate(field(value, "Transcript", list, place, "$", CURE)):
        path = f"$.Transcript[{n}]"
        label = field(one, "ParticipantRole", str, place, path, CURE)
        text = field(one, "Content", str, place, path, CURE)
        start, end = (
            time_of(one.get(key), place, f"{path}.{key}") for key in ("BeginOffsetMillis", "EndOffsetMillis")
        )
        role = role_of(label)
        speaker = cast.speaker(role or label, role, place=place, path=f"{path}.ParticipantRole")
        times = [None if t is None else t / 1000 for t in (start, end)]
        turns.append(Turn(speaker, text.strip(), times[0], times[1]))
    said = value.get("LanguageCode")
    meta = {"language": said} if isinstance(said, str) else {}
    return Dialogue(name, in_time(tuple(turns)), cast.roles, meta=meta, source=place)
