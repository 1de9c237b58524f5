"""What the levels of a channel tell of a turn: loudness, where speech begins and ends, pauses, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convalign.audio import Samples
from convalign.audio.levels import HOP_S, Array, Stretch, levels, powers
from convalign.dimensions.prosodic.pitch import PEAK, QUANTILE

TRIM_S = 0.15
PAUSE_S = 0.15
FULL_SCALE = 0.999


@dataclass(frozen=True, slots=True)
class Cut:
    """A span without the silence at the ends of its turn.

    Attributes
    ----------
    span : s in the file
    power : mean square
    speech_s : s between the first and the last frame of speech
    pause_s : s of it in pauses of 150 ms or more
    """

    span: tuple[float, float]
    power: float
    speech_s: float
    pause_s: float


class Loudness:
    """Mean of a channel and the 99.9th percentile of its excursions, without keeping samples."""

    def __init__(self) -> None:
        # The upper half of a float's bits is its logarithm in steps of .8 % of the value or finer.
        self._counts = np.zeros(1 << 16, np.int64)
        self._sum = 0.0
        self._size = 0

    def add(self, samples: Samples) -> None:
        """Take one stretch in."""
        if not len(samples):
            return
        self._sum += float(samples.sum(dtype=np.float64))
        self._size += len(samples)
        away = np.abs(samples - np.float32(samples.mean(dtype=np.float64)))
        self._counts += np.bincount(away.view(np.uint32) >> 16, minlength=1 << 16)

    @property
    def mean(self) -> float:
        """Mean of all samples: what a cheap sound card adds."""
        return self._sum / self._size if self._size else 0.0

    @property
    def factor(self) -> float:
        """What brings the 99.9th percentile to .5; 1 for digital silence."""
        if not self._size:
            return 1.0
        place = int(np.searchsorted(np.cumsum(self._counts), QUANTILE * self._size))
        peak = float(np.array([(place << 16) | 0x8000], np.uint32).view(np.float32)[0])
        return PEAK / peak if peak > 1e-7 else 1.0


def snr_db(found: Sequence[Array], threshold: float) -> float | None:
    """Median level of a turn's speech less the 5th percentile of all its frames, dB; None without speech."""
    together = np.concatenate(found) if found else np.zeros(0)
    speech = together[together >= threshold]
    if not speech.size:
        return None
    return float(np.median(speech) - np.quantile(together, 0.05))


def trim(stretches: Sequence[Stretch], offset: float, threshold: float) -> list[Cut]:
    """Leave out silence of over 150 ms at the ends of a turn, and find its pauses."""
    cuts = []
    last = len(stretches) - 1
    for index, stretch in enumerate(stretches):
        speech = np.flatnonzero(levels(stretch, offset) >= threshold)
        begin, end = 0, len(stretch.sizes)
        speech_s = pause_s = 0.0
        if len(speech):
            if index == 0 and speech[0] * HOP_S > TRIM_S:
                begin = int(speech[0])
            if index == last and (end - 1 - speech[-1]) * HOP_S > TRIM_S:
                end = int(speech[-1]) + 1
            gaps = (np.diff(speech) - 1) * HOP_S
            pause_s = float(gaps[gaps >= PAUSE_S - 1e-9].sum())
            speech_s = float(speech[-1] - speech[0] + 1) * HOP_S
        start_s = stretch.span[0] + begin * HOP_S
        end_s = stretch.span[1] if end == len(stretch.sizes) else stretch.span[0] + end * HOP_S
        power = float(powers(stretch, offset)[begin:end].sum()) / max(1.0, stretch.sizes[begin:end].sum())
        cuts.append(Cut((start_s, end_s), power, speech_s, pause_s))
    return cuts


def clipped(samples: Samples) -> int:
    """Samples at full scale in runs of three or more."""
    full = np.abs(samples) >= FULL_SCALE
    if not full.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], full.astype(np.int8), [0]))))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= 3].sum())
