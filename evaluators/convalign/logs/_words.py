"""Timed words of a speech recogniser, made into turns."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convalign.dialogue import Turn
from convalign.logs._log import fail, role_of, show

TAKEN_S = 0.3
"""A longer silence in which somebody else begins a word ends it too."""
NO_SPEAKER = "diarise first, or give one file per channel"


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was recognised.

    Attributes
    ----------
    speaker : label
    text : with its punctuation
    start_s, end_s : seconds on the recording's clock; None where the recogniser gave none
    """

    speaker: str
    text: str
    start_s: float | None
    end_s: float | None


def turns_of(words: Sequence[Word], gap_s: float) -> tuple[Turn, ...]:
    """Join words to turns.

    Parameters
    ----------
    words : those of each speaker in order; a word without times stays between its neighbours
    gap_s : a longer silence of the speaker ends the turn

    Returns
    -------
    Turns by start. A speaker's words are cut at a silence over `gap_s`, and at one over .3 s in which another
    speaker begins a word: so a short "yes" over running speech does not break the turn under it.
    """
    begins = sorted((w.start_s, w.speaker) for w in words if w.start_s is not None)
    turns = []
    for speaker in dict.fromkeys(word.speaker for word in words):
        piece: list[Word] = []
        last: float | None = None
        for word in (w for w in words if w.speaker == speaker):
            if piece and last is not None and word.start_s is not None:
                gap = word.start_s - last
                between = begins[bisect_left(begins, (last, "")) : bisect_left(begins, (word.start_s, ""))]
                taken = gap > TAKEN_S and any(other != speaker for _, other in between)
                if gap > gap_s or taken:
                    turns.append(_turn(piece))
                    piece = []
            piece.append(word)
            last = word.end_s if word.end_s is not None else last
        turns.append(_turn(piece))
    return tuple(sorted(turns, key=lambda turn: math.inf if turn.start_s is None else turn.start_s))


def _turn(words: Sequence[Word]) -> Turn:
    """Words of one speaker in a row as a turn."""
    starts = [word.start_s for word in words if word.start_s is not None]
    ends = [word.end_s for word in words if word.end_s is not None]
    text = " ".join(word.text for word in words if word.text)
    return Turn(words[0].speaker, text, starts[0] if starts else None, max(ends) if ends else None)


def roles_of(turns: Sequence[Turn]) -> dict[str, str]:
    """Roles of speakers whose label is one."""
    found = {turn.speaker: role_of(turn.speaker, corpus=True) for turn in turns}
    return {speaker: role for speaker, role in found.items() if role is not None}


def time_of(value: Any, place: str, path: str) -> float | None:
    """A time in seconds, written as a number or as text; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            fail(place, path, f"{show(value)} is no number; write seconds")
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < 0
    ):
        fail(place, path, f"{show(value)} is no time; write seconds from the start of the recording")
    return float(value)


def field(item: Any, key: str, kind: type, place: str, path: str, cure: str) -> Any:
    """A field of an object that must be of one kind."""
    if not isinstance(item, dict):
        fail(place, path, f"{show(item)} is no object; {cure}")
    value = item.get(key)
    if not isinstance(value, kind):
        found = f"{show(value)} does not fit" if key in item else "is missing"
        fail(place, f"{path}.{key}", f"{found}; {cure}")
    return value
