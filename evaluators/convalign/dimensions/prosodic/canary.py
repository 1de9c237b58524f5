"""What is heard in a sound that never changes: the same everywhere, or numbers cannot be compared."""

from __future__ import annotations

from functools import cache

import numpy as np

from convalign.dimensions.prosodic.pitch import pitch_track
from convalign.dimensions.prosodic.rate import speech_rate
from convalign.scores import Canary

RATE = 16_000
HEARD = {"swift-f0": {"f0_hz": [122.6, 133.6, 146.4], "syllables_per_s": 4.0}}
"""Pitch engine -> quartiles of voiced frames, and the rate, as they are where numbers are right."""


@cache
def canary(engine: str) -> Canary:
    """Two seconds of a voice that rises from 110 to 160 Hz, four beats a second.

    Parameters
    ----------
    engine : of pitch
    """
    time_s = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * (110 * time_s + 12.5 * time_s**2)
    beat = np.sin(np.pi * 4 * time_s) ** 2
    voice = sum(np.sin(k * phase) / k for k in range(1, 13)) * beat
    # As a file of 16 bits holds it: what the machine's sine has beyond that is gone.
    sound = np.rint(voice / np.abs(voice).max() * 0.5 * 32767).astype(np.int16).astype(np.float32) / 32768
    _, f0_hz = pitch_track(sound, RATE, engine)
    quartiles = np.round(np.nanquantile(f0_hz, [0.25, 0.5, 0.75]), 1).tolist()
    rate = speech_rate(sound, RATE, engine)
    found = {"f0_hz": quartiles, "syllables_per_s": None if rate is None else round(rate, 2)}
    return Canary(found, HEARD.get(engine))
