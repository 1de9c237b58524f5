"""Praat TextGrid: interval tiers are speakers; long and short text form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, chosen_tiers, in_time, role_of
from convalign.logs._words import Word, turns_of

NAME = "textgrid"
EXTENSIONS = (".textgrid",)
READS = (
    "interval tiers: the name is the speaker, a label is a turn; with --tiers words too; long and short form"
)
IGNORES = (
    "empty intervals and silences, point tiers, tiers of single words or sounds unless --tiers names them"
)

SILENT = ("", "sp", "sil", "#", "<p:>")
"""Labels of intervals in which nobody speaks; ``xxx`` is speech that nobody understood."""
SHORT_S = 1.0

_BEGIN = re.compile(r'\s*(?:File type = )?"ooTextFile')
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|<(exists|absent)>|([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![^\s\]])|([^\s"]+)'
)


def sniff(head: Head) -> bool:
    """Whether the first line says so."""
    return _BEGIN.match(head.text) is not None


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of intervals.

    Attributes
    ----------
    name : as written
    turns : intervals with a label, their speaker the tier
    places : where each stands
    """

    name: str
    turns: list[Turn]
    places: list[str]


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    tiers, points = _tiers(list(_values(log)), log)
    chosen = chosen_tiers(log, [tier.name for tier in tiers])
    cast, turns, places = Cast(), list[Turn](), list[str]()
    words: list[Word] = []
    left_out = []
    for tier in tiers:
        if not tier.turns or (chosen and tier.name not in chosen):
            continue
        speaker = chosen.get(tier.name, tier.name)
        if _is_of_words(tier.turns) and not chosen:
            left_out.append(tier.name)
        elif _is_of_words(tier.turns):
            words += [Word(speaker, turn.text or "", turn.start_s, turn.end_s) for turn in tier.turns]
        elif not speaker:
            raise LogError(f"{tier.places[0]}: a tier has no name; name each tier after its speaker")
        else:
            turns += [replace(turn, speaker=speaker) for turn in tier.turns]
            places += tier.places
    made = turns_of(words, log.options.turn_gap)
    turns += made
    places += [log.place(1)] * len(made)
    if left_out or points:
        log.notes.add("tiers of points, or of single words and sounds, are no turns")
    if not turns:
        cure = f"; say --tiers user={left_out[0]},agent=..." if left_out else ""
        raise LogError(f"{log.place(1)}: no tier holds turns; give one interval tier per speaker{cure}")
    for turn, place in zip(turns, places, strict=True):
        cast.speaker(turn.speaker, role_of(turn.speaker, corpus=True), place=place, path="tier")
    check_times(tuple(turns), places, "interval")
    yield Dialogue(log.name, in_time(tuple(turns)), cast.roles, source=log.place(1))


def _tiers(values: list[tuple[str | float, int]], log: Log) -> tuple[list[Tier], int]:
    """Tiers of intervals in order of the file, and how many tiers of points there are."""
    at = 0

    def take(kind: type, what: str) -> str | float:
        nonlocal at
        if at >= len(values):
            raise LogError(
                f"{log.place(values[-1][1] if values else 1)}: ends before {what}; the file is cut off"
            )
        value, line = values[at]
        if not isinstance(value, kind):
            raise LogError(
                f"{log.place(line)}: {value!r} stands where {what} should; save it again with Praat"
            )
        at += 1
        return value

    for _ in range(2):  # file type, object class
        take(str, "the header")
    for what in ("the start", "the end"):
        take(float, what)
    count = int(take(float, "the number of tiers"))
    tiers, points = [], 0
    for _ in range(count):
        kind, name = str(take(str, "the class of a tier")), str(take(str, "the name of a tier")).strip()
        for what in ("the start of a tier", "the end of a tier"):
            take(float, what)
        size = int(take(float, "the number of intervals"))
        tier = Tier(name, [], [])
        for _ in range(size):
            place = log.place(values[at][1]) if at < len(values) else log.place(1)
            if kind != "IntervalTier":
                take(float, "a point")
                take(str, "a mark")
                continue
            start, end = float(take(float, "a start")), float(take(float, "an end"))
            label = str(take(str, "a label")).strip()
            if label.lower() not in SILENT:
                tier.turns.append(Turn(name, None if label.lower() == "xxx" else label, start, end))
                tier.places.append(place)
        if kind == "IntervalTier":
            tiers.append(tier)
        else:
            points += 1
    return tiers, points


def _is_of_words(turns: list[Turn]) -> bool:
    """Whether the intervals are words or sounds: one token each, and short."""
    tokens = median(len((turn.text or "").split()) for turn in turns)
    length = median((turn.end_s or 0.0) - (turn.start_s or 0.0) for turn in turns)
    return len(turns) > 2 and tokens <= 1 and length < SHORT_S


def _values(log: Log) -> Iterator[tuple[str | float, int]]:
    """Strings and numbers in order, with their lines; names and signs of the long form are dropped.

    A string may go on over lines, and a doubled quote in it is one.
    """
    pending, began, size = "", 0, 0
    while True:
        line = log.text.line
        written = log.text.next_line()
        if written is None:
            if pending:
                raise LogError(f"{log.place(began)}: a text has no closing quote; the file is cut off")
            return
        size += len(written)
        if size > log.options.record_limit:
            raise LogError(f"{log.place(line)}: over {log.options.record_limit:,} bytes; split it")
        text = f"{pending}\n{written}" if pending else written
        if text.count('"') % 2:
            began = began if pending else line
            pending = text
            continue
        first, pending = began if pending else line, ""
        for match in _TOKEN.finditer(text):
            if match[1] is not None:
                yield match[1].replace('""', '"'), first
            elif match[3] is not None:
                number = float(match[3])
                if not math.isfinite(number):
                    raise LogError(f"{log.place(first)}: {match[3][:40]} is no finite number; write seconds")
                yield number, first
