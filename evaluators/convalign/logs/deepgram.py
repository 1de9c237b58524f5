"""Deepgram: channels with words, times and speakers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._json import Record
from convalign.logs._log import Head, Log, show
from convalign.logs._words import Word, field, roles_of, time_of, turns_of

NAME = "deepgram"
EXTENSIONS = (".json",)
READS = (
    "results.channels[].alternatives[0].words with punctuated_word, start, end, speaker; detected_language"
)
IGNORES = "utterances (rebuilt from the words), other alternatives, confidence"

CURE = "request diarize=true or multichannel=true"


def sniff(head: Head) -> bool:
    """Whether there are results by channel."""
    return head.has("results.channels")


def read(log: Log) -> Iterator[Dialogue]:
    """The dialogues of the file, one a response."""

    def make(record: Record, place: str) -> Dialogue:
        results = field(record.value, "results", dict, place, "$", "give Deepgram's whole response")
        channels = field(results, "channels", list, place, "$.results", "give Deepgram's whole response")
        words: list[Word] = []
        heard = Counter[str]()
        for c, channel in enumerate(channels):
            path = f"$.results.channels[{c}]"
            options = field(channel, "alternatives", list, place, path, "give Deepgram's whole response")
            listed = options[0].get("words", []) if options and isinstance(options[0], dict) else []
            several = len(channels) > 1
            if isinstance(channel.get("detected_language"), str):
                heard[channel["detected_language"]] += len(listed) if isinstance(listed, list) else 0
            words += [
                _word(one, c if several else None, place, f"{path}.alternatives[0].words[{n}]")
                for n, one in enumerate(listed if isinstance(listed, list) else [])
            ]
        if not words:
            raise LogError(f"{place}: $.results.channels: holds no words; give a transcript with words")
        turns = turns_of(words, log.options.turn_gap)
        # The language of most words, where each channel was listened to by itself.
        meta = {"language": heard.most_common(1)[0][0]} if heard else {}
        return Dialogue(log.name_of(record), turns, roles_of(turns), meta=meta, source=place)

    return log.records(make)


def _word(one: Any, channel: int | None, place: str, path: str) -> Word:
    """One word, its speaker named by channel, number, or both."""
    text = field(one, "word", str, place, path, "write the word")
    punctuated = one.get("punctuated_word")
    number = one.get("speaker")
    if channel is None and number is None:
        raise LogError(f"{place}: {path}: one channel and no speaker; {CURE}")
    if number is not None and (isinstance(number, bool) or not isinstance(number, (int, str))):
        raise LogError(f"{place}: {path}.speaker: {show(number)} is no speaker; write a number")
    parts = ([] if channel is None else [f"ch_{channel}"]) + ([] if number is None else [str(number)])
    start, end = (time_of(one.get(key), place, f"{path}.{key}") for key in ("start", "end"))
    said = punctuated if isinstance(punctuated, str) and punctuated else text
    return Word("/".join(parts), said.strip(), start, end)
