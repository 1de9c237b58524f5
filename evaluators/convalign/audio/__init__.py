"""Samples of a segment: where each turn of a dialogue can be heard, and its sound.

Sound files are opened below the dialogue's root only, read by segment and never whole, with
their channels kept apart. A turn that cannot be heard has a reason from `convalign.scores`
and, where a file is at fault, a message that says what would work. Nothing is written but by
`write`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convalign.audio.files import Header, Samples, locate, write
from convalign.audio.places import SAMPLE_RATE, Place, Sounds, resampled
from convalign.audio.proposals import JOIN_S, propose
from convalign.dialogue import Dialogue
from convalign.errors import AudioError

__all__ = [
    "JOIN_S", "SAMPLE_RATE", "Header", "Place", "Samples", "Sounds", "locate", "propose", "resampled",
    "turns", "write",
]  # fmt: skip


def turns(
    dialogue: Dialogue, *, sample_rate: int = SAMPLE_RATE
) -> Iterator[tuple[Place, tuple[Samples, ...], str | None]]:
    """Hear a dialogue turn by turn.

    Parameters
    ----------
    sample_rate : Hz of the samples

    Yields
    ------
    Place of the turn; its samples, one array per span of the place; None, or the message of
    what was wrong with its sound (the place then has a reason and there are no samples).
    """
    with Sounds(dialogue) as sounds:
        for place in sounds.places:
            try:
                parts = tuple(sounds.read(place, span, sample_rate=sample_rate)[0] for span in place.spans)
            except AudioError as error:
                yield replace(place, spans=(), reason="audio unreadable"), (), str(error)
            else:
                yield place, parts, sounds.faults.get(place.turn)
