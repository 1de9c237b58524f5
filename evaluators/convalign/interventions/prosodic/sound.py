"""Speech made higher or lower, faster or slower: waveform-similarity overlap-add and resampling.

The timbre moves with the pitch (formants are not kept): right for a few semitones, not for more.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

WINDOW_S = 0.04
SEARCH_S = 0.01

Sound = NDArray[np.float64]


def changed(sound: Sound, sample_rate: int, *, pitch_st: float = 0.0, rate_factor: float = 1.0) -> Sound:
    """Shift the pitch and change the rate of a stretch of speech, each without the other.

    Parameters
    ----------
    sound : [n_samples]
    sample_rate : Hz
    pitch_st : semitones up
    rate_factor : > 1 is faster

    Returns
    -------
    [round(n_samples / rate_factor)]; the level is roughly kept.

    Source
    ------
    WSOLA: Verhelst & Roelands (1993); pitch by resampling what was stretched.
    """
    ratio = 2.0 ** (pitch_st / 12)
    length = round(len(sound) / rate_factor)
    stretched = stretch(sound, sample_rate, length=round(length * ratio))
    if abs(pitch_st) < 1e-9:
        return fitted(stretched, length)
    return fitted(np.asarray(soxr.resample(stretched, sample_rate * ratio, sample_rate), np.float64), length)


def stretch(sound: Sound, sample_rate: int, *, length: int) -> Sound:
    """Bring speech to another length and keep its pitch; [n_samples] -> [length]."""
    half = max(16, round(WINDOW_S * sample_rate / 2))
    window = 2 * half
    search = max(4, round(SEARCH_S * sample_rate))
    if length == len(sound) or len(sound) < window + 2 * search or length < window:
        return fitted(sound, length)
    step = half * len(sound) / length
    padded = np.pad(sound, (half + search, 2 * window + search))
    count = length // half + 2
    out = np.zeros((count + 1) * half)
    taper = _hann(window)
    place = search
    for k in range(count):
        if k:
            # The piece that goes on most like the last one would have gone on by itself.
            wanted = padded[place + half : place + half + window]
            centre = min(round(k * step) + search, len(padded) - window - search)
            region = padded[centre - search : centre + search + window]
            if len(wanted) < window:
                wanted = np.pad(wanted, (0, window - len(wanted)))
            place = centre - search + int(np.argmax(np.correlate(region, wanted, mode="valid")))
        out[k * half : k * half + window] += taper * padded[place : place + window]
    return fitted(out[half:], length)


def fitted(sound: Sound, length: int) -> Sound:
    """Cut or filled with silence to a length; [length]."""
    return sound[:length] if len(sound) >= length else np.pad(sound, (0, length - len(sound)))


@cache
def _hann(window: int) -> Sound:
    """Weights of two neighbouring windows sum to 1."""
    return np.asarray(np.hanning(window + 1)[:-1], np.float64)
