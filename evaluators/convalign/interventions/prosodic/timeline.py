"""A recording laid out anew: pieces of sound moved so that every gap between turns stays as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convalign.audio import Place
from convalign.dialogue import Turn

PAD_S = 0.25
UNKNOWN_GAP_S = 0.4

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Turns that must move together, with a little of what surrounds them.

    Attributes
    ----------
    turns : indexes of turns that overlap on one channel; mostly one
    channel : of the new recording
    start_s, end_s : on the old clock
    before_s, after_s : seconds of surroundings that are carried along
    """

    turns: tuple[int, ...]
    channel: int
    start_s: float
    end_s: float
    before_s: float
    after_s: float


def old_clock(turns: Sequence[Turn], places: Sequence[Place]) -> dict[int, tuple[float, float]]:
    """When each turn that has sound was, on one clock.

    Returns
    -------
    turn -> start, end in s: the file's clock when there is one file, the turns' own when all have
    one, else one turn after the other with gaps of .4 s.
    """
    known = [p for p in places if p.end_s > p.start_s]
    if len({p.path for p in known}) == 1 and len({(p.start_s, p.end_s) for p in known}) > 1:
        return {p.turn: (p.start_s, p.end_s) for p in known}
    starts = [turns[p.turn].start_s for p in known]
    if None not in starts:
        return {
            p.turn: (s, s + p.end_s - p.start_s) for p, s in zip(known, starts, strict=True) if s is not None
        }
    clock: dict[int, tuple[float, float]] = {}
    now = 0.0
    for place in known:
        clock[place.turn] = (now, now + place.end_s - place.start_s)
        now = clock[place.turn][1] + UNKNOWN_GAP_S
    return clock


def pieces(clock: Mapping[int, tuple[float, float]], channels: Mapping[int, int]) -> list[Piece]:
    """Cut the old clock into pieces, in order of their start.

    Parameters
    ----------
    clock : turn -> start, end
    channels : turn -> channel of the new recording
    """
    found: list[Piece] = []
    by_channel: dict[int, list[int]] = defaultdict(list)
    for turn in sorted(clock, key=lambda t: (clock[t], t)):
        by_channel[channels[turn]].append(turn)
    for channel, turns in by_channel.items():
        groups: list[tuple[list[int], float, float]] = []
        for turn in turns:
            start, end = clock[turn]
            if groups and start < groups[-1][2]:
                groups[-1][0].append(turn)
                groups[-1] = (groups[-1][0], groups[-1][1], max(groups[-1][2], end))
            else:
                groups.append(([turn], start, end))
        pads = [groups[0][1], *(b[1] - a[2] for a, b in pairwise(groups)), 2 * PAD_S]
        for index, (members, start, end) in enumerate(groups):
            before = min(PAD_S, pads[index] if index == 0 else pads[index] / 2)
            found.append(Piece(tuple(members), channel, start, end, before, min(PAD_S, pads[index + 1] / 2)))
    return sorted(found, key=lambda p: (p.start_s, p.channel))


def new_clock(old: Sequence[Piece], factors: Sequence[float]) -> list[Piece]:
    """Move pieces so that each begins as long after the latest end before it as it did.

    Parameters
    ----------
    old : in order of start
    factors : how much faster each becomes

    Returns
    -------
    [n_pieces], in the same order, on the new clock; starts stay in order and no piece runs
    into the next on its channel.
    """
    moved: list[Piece] = []
    anchor = 0
    for index, (piece, factor) in enumerate(zip(old, factors, strict=True)):
        start = piece.start_s
        if index:
            start = moved[anchor].end_s + piece.start_s - old[anchor].end_s
            busy = [m.end_s for m in moved if m.channel == piece.channel]
            start = max(start, moved[-1].start_s, *busy[-1:])
        length = (piece.end_s - piece.start_s) / factor
        before, after = piece.before_s / factor, piece.after_s / factor
        start = max(start, before)
        moved.append(replace(piece, start_s=start, end_s=start + length, before_s=before, after_s=after))
        if piece.end_s >= old[anchor].end_s:
            anchor = index
    return moved


def laid_out(
    sounds: Sequence[Sound], placed: Sequence[Piece], sample_rate: int, channels: int
) -> NDArray[np.float32]:
    """Put the sound of every piece in its place; [n_samples, channels], silence elsewhere."""
    starts = [round((piece.start_s - piece.before_s) * sample_rate) for piece in placed]
    length = max(start + len(sound) for start, sound in zip(starts, sounds, strict=True))
    out = np.zeros((length, channels), np.float32)
    for start, sound, piece in zip(starts, sounds, placed, strict=True):
        out[start : start + len(sound), piece.channel] += sound.astype(np.float32)
    return out
