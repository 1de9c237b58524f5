"""Levels of a channel in frames of 10 ms, and the level above which a frame is speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalign.audio.files import Samples

FRAMES_A_SECOND = 100
HOP_S = 1 / FRAMES_A_SECOND
SILENCE_DB = -120.0

Array = NDArray[np.float64]


@dataclass(slots=True)
class Stretch:
    """One span of a channel: powers of 10 ms frames, without samples.

    Attributes
    ----------
    span : s in the file
    sums, squares, sizes : [n_frames], of the samples of each frame
    """

    span: tuple[float, float]
    sums: Array
    squares: Array
    sizes: Array


def frames(samples: Samples, span: tuple[float, float], rate: int) -> Stretch:
    """Sums, sums of squares and sizes of 10 ms frames."""
    starts = np.arange(0, len(samples), rate / FRAMES_A_SECOND).round().astype(np.intp)
    starts = starts[starts < len(samples)]
    if not len(starts):
        return Stretch(span, np.zeros(0), np.zeros(0), np.zeros(0))
    wide = samples.astype(np.float64)
    sizes = np.diff(np.append(starts, len(samples))).astype(np.float64)
    return Stretch(span, np.add.reduceat(wide, starts), np.add.reduceat(wide * wide, starts), sizes)


def powers(stretch: Stretch, offset: float) -> Array:
    """Sum of squares of each frame about the channel's offset; [n_frames]."""
    return stretch.squares - 2 * offset * stretch.sums + stretch.sizes * offset**2


def levels(stretch: Stretch, offset: float) -> Array:
    """Level of each frame without the channel's offset; [n_frames], dBFS."""
    power = powers(stretch, offset) / np.maximum(stretch.sizes, 1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10))), np.float64)


def speech_threshold(found: Sequence[Array]) -> float:
    """The level above which a speaker's frame is speech, dBFS; follows the noise floor.

    Source
    ------
    max(q05 + .35 (q98 - q05), q98 - 35 dB) over all frames: a fixed distance from the loudest
    frame takes noise for speech.
    """
    together = np.concatenate(found) if found else np.zeros(0)
    if not together.size:
        return SILENCE_DB
    q05, q98 = (float(q) for q in np.quantile(together, (0.05, 0.98)))
    return max(q05 + 0.35 * (q98 - q05), q98 - 35.0)
