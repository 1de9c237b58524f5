"""Praat as a pitch engine: the one door to parselmouth, which is GPL-3.0 and an extra.

Nothing of Praat is imported unless the engine ``praat`` is named.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError

Array = NDArray[np.float64]

PERIODS = 3
"""Praat's window holds three periods of the lowest pitch; shorter sounds are refused there."""


def check() -> None:
    """Refuse an engine that is not installed.

    Raises
    ------
    UsageError
        No parselmouth here.
    """
    if find_spec("parselmouth") is None:
        raise UsageError(
            "pitch engine praat needs parselmouth (GPL-3.0), which is not installed; "
            "pip install 'convalign[praat]', or choose swift-f0"
        )


def track(
    sound: NDArray[np.float32], sample_rate: int, frame_s: float, fmin_hz: float, fmax_hz: float
) -> tuple[Array, Array]:
    """Pitch by Praat's autocorrelation (Boersma 1993), all its settings as Praat has them.

    Returns
    -------
    Times in s and Hz, NaN where unvoiced; [n_frames] each
    """
    least = int(np.ceil(PERIODS / fmin_hz * sample_rate)) + 1
    padded = np.pad(sound, (0, max(0, least - len(sound)))).astype(np.float64)
    found = _parselmouth().Sound(padded, sample_rate).to_pitch_ac(
        time_step=frame_s, pitch_floor=fmin_hz, pitch_ceiling=fmax_hz
    )  # fmt: skip
    f0_hz = np.asarray(found.selected_array["frequency"], np.float64)
    return np.asarray(found.xs(), np.float64), np.where(f0_hz > 0, f0_hz, np.nan)


@cache
def _parselmouth() -> Any:
    check()
    import parselmouth

    return parselmouth
