"""Speech rate from sound alone: syllable nuclei in the band of the vowels, per second."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from convalign.audio import SAMPLE_RATE
from convalign.dimensions.prosodic.pitch import Array, Sound, pitch_track, prepared

BAND_HZ = (300.0, 2500.0)
WINDOW = 1024
HOP = 160
HOP_S = HOP / SAMPLE_RATE
BELOW_DB = 25.0
DIP_DB = 2.0
FLOOR = 1e-12


def speech_rate(samples: Sound, sample_rate: int, engine: str | None = None) -> float | None:
    """Count syllables per second in a turn, without knowing its words.

    Parameters
    ----------
    samples : [n_samples], one turn of one speaker, full scale 1.0
    sample_rate : Hz
    engine : pitch engine that says which frames are voiced

    Returns
    -------
    Syllable nuclei per second of the samples, pauses included; None when there is no nucleus.

    Raises
    ------
    ConvalignError
        No samples, more than one channel, or samples that are not finite.

    Source
    ------
    The rule of de Jong & Wempe (2009), on the band 300-2,500 Hz.

    Examples
    --------
    >>> time_s = np.arange(32000) / 16000
    >>> voice = sum(np.sin(2 * np.pi * 120 * k * time_s) for k in range(1, 20))
    >>> speech_rate(voice * (1 - np.cos(2 * np.pi * 3 * time_s)) / 40, 16000)
    3.0
    """
    sound = prepared(samples, sample_rate)
    times_s, f0_hz = pitch_track(sound, SAMPLE_RATE, engine)
    count = count_nuclei([contour(sound)], [(times_s, ~np.isnan(f0_hz))])
    return count / (len(sound) / SAMPLE_RATE) if count else None


def contour(sound: Sound) -> Array:
    """Level of the vowels' band every 10 ms; [n_frames], dB, the first frame at the first sample."""
    even = np.asarray(sound, np.float64) - np.mean(sound)
    size = _fast_size(len(even) + WINDOW)
    band = np.fft.irfft(np.fft.rfft(even, size) * _response(size), size)[: len(even)]
    padded = np.pad(np.square(band), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(even) : HOP]
    power = frames @ _window()
    return np.asarray(10 * np.log10(power + FLOOR), np.float64)


def count_nuclei(contours: Sequence[Array], voicing: Sequence[tuple[Array, NDArray[np.bool_]]]) -> int:
    """Count the syllable nuclei of a turn.

    Parameters
    ----------
    contours : one per stretch of the turn, as `contour` gives them
    voicing : per stretch, times in s from its start and whether each frame is voiced

    Returns
    -------
    Number of voiced maxima within 25 dB of the loudest, each but the last of a stretch followed
    by a fall of more than 2 dB.
    """
    loudest = max((float(np.quantile(c, 0.99)) for c in contours if len(c)), default=0.0)
    return sum(
        _nuclei(level, times_s, voiced, loudest - BELOW_DB)
        for level, (times_s, voiced) in zip(contours, voicing, strict=True)
    )


def _nuclei(level: Array, times_s: Array, voiced: NDArray[np.bool_], threshold: float) -> int:
    """Nuclei of one stretch."""
    if len(level) < 3 or not len(times_s):
        return 0
    rising = np.diff(level) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    peaks = peaks[level[peaks] > threshold]
    if not len(peaks):
        return 0
    dips = np.minimum.reduceat(level, peaks)
    counted = np.append(level[peaks[:-1]] - dips[:-1] > DIP_DB, True)
    right = np.searchsorted(times_s, peaks * HOP_S).clip(1, max(1, len(times_s) - 1))
    left = right - 1
    right = right.clip(max=len(times_s) - 1)
    at = peaks * HOP_S
    nearest = np.where(at - times_s[left] <= times_s[right] - at, left, right)
    return int(np.count_nonzero(counted & voiced[nearest]))


@cache
def _window() -> Array:
    """Hann window of 64 ms whose weights sum to 1."""
    window = np.hanning(WINDOW + 1)[:-1]
    return np.asarray(window / window.sum(), np.float64)


@cache
def _response(size: int) -> Array:
    """Second-order Butterworth band-pass, run both ways: its squared magnitude, no phase."""
    low, high = np.tan(np.pi * np.array(BAND_HZ) / SAMPLE_RATE)
    warped = np.tan(np.pi * np.minimum(np.fft.rfftfreq(size), 0.499999))
    with np.errstate(divide="ignore"):
        detuned = (warped**2 - low * high) / ((high - low) * warped)
    return np.asarray(1 / (1 + detuned**4), np.float64)


def _fast_size(least: int) -> int:
    """A length whose transform is quick: few distinct ones, so that the response is reused."""
    size = 1 << max(12, (least - 1).bit_length())
    return size if least > 3 * size // 4 else 3 * size // 4
