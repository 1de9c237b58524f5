"""Praat TextGrid: interval tiers are speakers; long and short text form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, in_time, role_of

NAME = "textgrid"
EXTENSIONS = (".textgrid",)
READS = "interval tiers: the name is the speaker, a label is a turn; long and short text form"
IGNORES = "empty intervals and silences, point tiers, tiers of single words or sounds"

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


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    values = list(_values(log))
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
    cast, turns, places = Cast(), list[Turn](), list[str]()
    left_out = []
    for _ in range(count):
        kind, name = str(take(str, "the class of a tier")), str(take(str, "the name of a tier")).strip()
        take(float, "the start of a tier")
        take(float, "the end of a tier")
        size = int(take(float, "the number of intervals"))
        if kind != "IntervalTier":
            for _ in range(size):
                take(float, "a point")
                take(str, "a mark")
            left_out.append(name)
            continue
        mine, where = [], []
        for _ in range(size):
            place = log.place(values[at][1]) if at < len(values) else log.place(1)
            start, end = float(take(float, "a start")), float(take(float, "an end"))
            label = str(take(str, "a label")).strip()
            if label.lower() not in SILENT:
                mine.append(Turn(name, None if label.lower() == "xxx" else label, start, end))
                where.append(place)
        if mine and _is_of_words(mine):
            left_out.append(name)
            continue
        if mine and not name:
            raise LogError(f"{where[0]}: a tier has no name; name each tier after its speaker")
        if mine:
            cast.speaker(name, role_of(name, corpus=True), place=where[0], path="tier")
        turns += mine
        places += where
    if left_out:
        log.notes.add("tiers of points, or of single words and sounds, are no turns")
    if not turns:
        raise LogError(f"{log.place(1)}: no tier holds turns; give one interval tier per speaker")
    check_times(tuple(turns), places, "interval")
    yield Dialogue(log.name, in_time(tuple(turns)), cast.roles, source=log.place(1))


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
                yield float(match[3]), first
