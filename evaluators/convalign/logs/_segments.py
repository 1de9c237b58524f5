"""Line formats of speech evaluation: who speaks when (RTTM), and which word was said when (CTM, STM)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from convalign.errors import LogError
from convalign.logs._log import seconds
from convalign.logs._text import Text

NO_TURN = ("ignore_time_segment_in_scoring", "inter_segment_gap")


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of such a file.

    Attributes
    ----------
    file : the recording
    channel : as written
    speaker : label; None where the format has none
    start_s, end_s : seconds on the recording's clock
    text : words; None where the format has none
    place : ``file:line``
    """

    file: str
    channel: str
    speaker: str | None
    start_s: float
    end_s: float
    text: str | None
    place: str


def rttm(text: Text) -> Iterator[Segment]:
    """Lines ``SPEAKER file channel onset duration <NA> <NA> name``; other kinds are no turns."""
    for cells, place in _lines(text):
        if cells[0].upper() != "SPEAKER":
            continue
        if len(cells) < 8:
            raise LogError(
                f"{place}: has {len(cells)} columns; "
                "write SPEAKER, file, channel, onset, duration, <NA>, <NA>, name"
            )
        start, length = (_time(cells[k], k, place) for k in (3, 4))
        yield Segment(cells[1], cells[2], cells[7], start, round(start + length, 6), None, place)


def ctm(text: Text) -> Iterator[Segment]:
    """Lines ``file channel begin duration word [confidence]``."""
    for cells, place in _lines(text):
        if len(cells) < 5:
            raise LogError(f"{place}: has {len(cells)} columns; write file, channel, begin, duration, word")
        start, length = (_time(cells[k], k, place) for k in (2, 3))
        yield Segment(cells[0], cells[1], None, start, round(start + length, 6), cells[4], place)


def stm(text: Text) -> Iterator[Segment]:
    """Lines ``file channel speaker begin end [<label>] text``."""
    for cells, place in _lines(text, 5):
        if len(cells) < 5:
            raise LogError(
                f"{place}: has {len(cells)} columns; write file, channel, speaker, begin, end, text"
            )
        start, end = (_time(cells[k], k, place) for k in (3, 4))
        said = re.sub(r"^<[^>]*>\s*", "", cells[5]).strip() if len(cells) == 6 else ""
        if cells[2] not in NO_TURN and said.lower() not in NO_TURN:
            yield Segment(cells[0], cells[1], cells[2], start, end, said, place)


def _lines(text: Text, splits: int = -1) -> Iterator[tuple[list[str], str]]:
    """Cells of every line that is no comment, and where it stands."""
    line = text.line
    while (written := text.next_line()) is not None:
        place, line = f"{text.place}:{line}", text.line
        if written.strip() and not written.startswith(";;"):
            yield written.strip().split(None, splits), place


def _time(cell: str, column: int, place: str) -> float:
    """A time that must be there."""
    found = seconds(cell, milliseconds=False, place=place, path=f"column {column + 1}")
    if found is None:
        raise LogError(f"{place}: column {column + 1}: is empty; write seconds")
    return found


def grouped(segments: Iterator[Segment], limit: int) -> Iterator[list[Segment]]:
    """Segments of one recording after the other; lines of a recording stand together.

    Raises
    ------
    LogError
        A recording has more than `limit` bytes.
    """
    together: list[Segment] = []
    size = 0
    for one in segments:
        if together and one.file != together[0].file:
            yield together
            together, size = [], 0
        size += 64 + len(one.text or "")
        if size > limit:
            raise LogError(f"{one.place}: one dialogue has over {limit:,} bytes; split it")
        together.append(one)
    if together:
        yield together
