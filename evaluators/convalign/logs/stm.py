"""NIST STM: file, channel, speaker, begin, end, label, text, divided by blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, in_time, role_of
from convalign.logs._segments import Segment, grouped, stm

NAME = "stm"
EXTENSIONS = (".stm",)
READS = "one dialogue per file column, its lines together; speaker, begin, end, text"
IGNORES = "comments (;;), channels, <labels>, lines that are not to be scored"

_LINE = re.compile(r"(?:;;.*\n|[^\S\n]*\n)*+\S+ +\S+ +\S+ +\d+(?:\.\d+)? +\d+(?:\.\d+)?(?: +\S.*)?(?:\n|$)")


def sniff(head: Head) -> bool:
    """Whether the first line that is no comment has a name, a channel, a speaker and two times."""
    match = _LINE.match(head.text)
    if match is None:
        return False
    cells = match[0].strip().split("\n")[-1].split(None, 5)
    # CTM has a time in the third place; RTTM names the kind of line first and has no words.
    return re.fullmatch(r"\d+\.\d+", cells[2]) is None and "<NA>" not in match[0]


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per name in the first column."""
    found = False
    for segments in grouped(stm(log.text), log.options.record_limit):
        found = True
        yield dialogue_of(segments, "columns 4 and 5")
    if not found:
        raise LogError(f"{log.place(1)}: has no turns; write file, channel, speaker, begin, end, text")


def dialogue_of(segments: list[Segment], path: str) -> Dialogue:
    """The dialogue of one recording, from segments that name their speaker."""
    cast, turns = Cast(), []
    for one in segments:
        label = one.speaker or ""
        speaker = cast.speaker(label, role_of(label, corpus=True), place=one.place, path="speaker")
        turns.append(Turn(speaker, one.text, one.start_s, one.end_s))
    check_times(tuple(turns), [one.place for one in segments], path)
    return Dialogue(segments[0].file, in_time(tuple(turns)), cast.roles, source=segments[0].place)
