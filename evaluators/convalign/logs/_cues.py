"""Subtitles: who speaks in a cue, and cues that repeat the one before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convalign.dialogue import Notes, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Log, check_times, in_time, role_of
from convalign.logs._words import NO_SPEAKER

MOST_NAMES = 20
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})")
_ARROW = re.compile(r"\s*(\S+)\s+-->\s+(\S+)(?:\s.*)?")
_PREFIX = re.compile(r"\[([^\]\n]{1,64})\]:\s*|([^\s:\[][^:\n]{0,63}):\s+")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle.

    Attributes
    ----------
    speaker : as a voice tag names it; None = not said
    text : without tags, stripped
    start_s, end_s : seconds
    place : ``file:line``
    """

    speaker: str | None
    text: str
    start_s: float
    end_s: float
    place: str


def blocks(log: Log) -> Iterator[tuple[list[str], int]]:
    """Lines between blank lines, and the line at which each block begins."""
    lines: list[str] = []
    began, size = log.text.line, 0
    while True:
        here = log.text.line
        line = log.text.next_line()
        size += len(line or "")
        if size > log.options.record_limit:
            raise LogError(f"{log.place(began)}: has over {log.options.record_limit:,} bytes; split it")
        if line is None or not line.strip():
            if lines:
                yield lines, began
            if line is None:
                return
            lines, began = [], log.text.line
        else:
            began = here if not lines else began
            lines.append(line)


def times(line: str, place: str) -> tuple[float, float] | None:
    """Start and end of a cue; None when the line is no timing line."""
    if "-->" not in line:
        return None
    match = _ARROW.fullmatch(line)
    stamps = [_CLOCK.fullmatch(part) for part in match.groups()] if match else [None, None]
    if stamps[0] is None or stamps[1] is None:
        raise LogError(f"{place}: {line.strip()[:60]!r} is no timing; write 00:00:00.500 --> 00:00:03.900")
    start, end = (_seconds(stamp) for stamp in stamps if stamp is not None)
    return start, end


def _seconds(match: re.Match[str]) -> float:
    hours, minutes, seconds, rest = match.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return round(whole + int(rest.ljust(3, "0")) / 1000, 3)


def turns_of(cues: Sequence[Cue], notes: Notes, place: str) -> tuple[tuple[Turn, ...], dict[str, str]]:
    """Turns and roles of cues.

    Parameters
    ----------
    cues : in order of the file
    notes : counts cues without a speaker, and captions that grow
    place : of the file, for messages

    Raises
    ------
    LogError
        No cue says who speaks, or a time is wrong.
    """
    if not cues:
        raise LogError(f"{place}: holds no cues; give subtitles with times")
    named = list(cues) if any(cue.speaker for cue in cues) else _by_prefix(cues)
    if not any(cue.speaker for cue in named):
        raise LogError(f"{place}: {len(cues)} cues, no speaker; {NO_SPEAKER}")
    cast, turns, places = Cast(), list[Turn](), list[str]()
    last = next(str(cue.speaker) for cue in named if cue.speaker)
    for cue in named:
        if cue.speaker is None:
            notes.add("cues without a speaker continue the last one")
        label = cue.speaker or last
        before = turns[-1] if turns else None
        if (
            before is not None
            and before.speaker == label
            and before.text
            and cue.text.startswith(before.text)
        ):
            notes.add("cues that begin with the whole cue before were taken as its extension")
            turns[-1] = Turn(label, cue.text, before.start_s, cue.end_s)
        else:
            cast.speaker(label, role_of(label, corpus=True), place=cue.place, path="speaker")
            turns.append(Turn(label, cue.text, cue.start_s, cue.end_s))
            places.append(cue.place)
        last = label
    check_times(tuple(turns), places, "timing")
    return in_time(tuple(turns)), cast.roles


def _by_prefix(cues: Sequence[Cue]) -> list[Cue]:
    """Speakers that stand before the text, where at least half of the cues have one."""
    matches = [_PREFIX.match(cue.text) for cue in cues]
    names = Counter(match[1] or match[2] for match in matches if match)
    if 2 * sum(names.values()) < len(cues) or len(names) > MOST_NAMES:
        return list(cues)
    made = []
    for cue, match in zip(cues, matches, strict=True):
        if match is None:
            made.append(cue)
        else:
            name = (match[1] or match[2]).strip()
            made.append(Cue(name, cue.text[match.end() :].strip(), cue.start_s, cue.end_s, cue.place))
    return made
