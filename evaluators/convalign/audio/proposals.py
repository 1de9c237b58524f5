"""Turns that the log gives no times for, proposed by voice activity."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convalign.audio.activity import activity, channel_levels, fitting
from convalign.audio.levels import Array
from convalign.audio.places import SHORTEST_S, Place, Sounds
from convalign.errors import AudioError

JOIN_S = 2.0
"""Turns of one speaker with at most so much between them are one."""

BLOCK_S = 30.0
"""Seconds that are decoded at a time."""


def propose(sounds: Sounds) -> tuple[Place, ...] | None:
    """Find turns by who is heard when, where the log has no times and a channel for every speaker.

    Parameters
    ----------
    sounds : open; told how many turns were proposed, or why none

    Returns
    -------
    Places in order of start, marked as proposed; the first of a turn has the index of that turn in the log,
    the others -1, as all have where speakers take turns otherwise than in the log. None when the log has
    times, when speakers share a channel, or when their channels are not isolated.

    Source
    ------
    `convalign.audio.activity.activity`
    """
    if any(place.reason != "no turn times" for place in sounds.places):
        return None
    lanes = {(place.path, place.channel): place for place in sounds.places}
    if len({place.speaker for place in lanes.values()}) < max(2, len(lanes)):
        return None
    path = sounds.places[0].path
    try:
        heard = activity([_levels(sounds, lane) for lane in lanes.values()])
    except AudioError as error:
        sounds.tell(str(error))
        return None
    if heard is None:
        sounds.tell(f"{path}: both speakers are heard on every channel; give turns their times")
        return None
    found = sorted(
        (start, end, lane)
        for lane, spans in zip(lanes, heard, strict=True)
        for start, end in spans
        if end - start >= SHORTEST_S
    )
    if not found:
        sounds.tell(f"{path}: no voice stands out of the noise; give turns their times")
        return None
    order = [(lanes[lane].speaker, (start, end)) for start, end, lane in found]
    fit = fitting(order, [place.speaker for place in sounds.places], JOIN_S)
    misfit = f"; they do not fit its {len(sounds.places)} turns, so there are no rows per turn"
    sounds.tell(
        f"{path}: the log has no turn times; {len(found)} stretches of speech were found and taken for turns"
        + (misfit if fit is None else "")
    )
    made = []
    for k, (start, end, lane) in enumerate(found):
        others = [(a, b) for a, b, other in found if other != lane and a < end and b > start]
        shared = math.fsum(min(end, b) - max(start, a) for a, b in others)
        place = replace(lanes[lane], turn=(fit or {}).get(k, -1), start_s=start, end_s=end)
        share = min(1.0, shared / (end - start))
        made.append(replace(place, spans=((start, end),), overlap=share, reason=None, proposed=True))
    return tuple(made)


def _levels(sounds: Sounds, lane: Place) -> Array:
    """Levels of a whole channel, decoded block by block."""
    header = sounds.header(lane.path)
    starts = np.arange(0.0, header.duration_s, BLOCK_S)
    spans = ((float(at), min(header.duration_s, float(at) + BLOCK_S)) for at in starts)
    blocks = (sounds.read(lane, span, sample_rate=None)[0] for span in spans)
    return channel_levels(blocks, header.sample_rate)
