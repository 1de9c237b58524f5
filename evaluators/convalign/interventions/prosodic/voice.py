"""What the edit itself knows of a voice: a rough pitch, rate and level, by its own simple means.

These are not the measures by which an edit is judged; both speakers are measured alike, so what
an estimate gets wrong for both does not move the gap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

LOW_HZ, HIGH_HZ = 60.0, 500.0
FRAME_S, HOP_S = 0.05, 0.02
PERIODIC = 0.5
QUIET_DB = 30.0
BAND_HZ = (300.0, 2500.0)
DIP_DB = 2.0
BELOW_DB = 25.0
SMOOTH_S = 0.06
SILENCE_DB = -100.0


def pitches_st(sound: Sound, sample_rate: int) -> Sound:
    """Semitones re 100 Hz of the periodic frames, by autocorrelation; [<= n_frames]."""
    size, hop = round(FRAME_S * sample_rate), round(HOP_S * sample_rate)
    if len(sound) < size:
        return np.zeros(0)
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop] * window
    frames = frames - frames.mean(axis=1, keepdims=True) * window / window.mean()
    power = np.square(frames).sum(axis=1)
    frames = frames[power > power.max() * 10 ** (-QUIET_DB / 10)]
    if not len(frames):
        return np.zeros(0)
    shape = _autocorrelation(window[None])[0]
    found = _autocorrelation(frames) / shape
    first, last = int(sample_rate / HIGH_HZ), min(int(sample_rate / LOW_HZ), size // 2)
    lags = np.arange(first, last)
    # A shorter period is preferred a little: every multiple of a period is one, too.
    merit = found[:, first:last] - 0.02 * np.log2(lags / first)
    best = np.argmax(merit, axis=1)
    rows = np.arange(len(found))
    periodic = found[rows, best + first] > PERIODIC
    left, mid, right = (found[rows, best + first + d] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where(np.abs(bend) > 1e-12, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0.0).clip(
        -1, 1
    )
    period = (best + first + shift)[periodic]
    return np.asarray(12 * np.log2(sample_rate / period / 100), np.float64)


def median_pitch_st(turns: Sequence[Sound]) -> float | None:
    """Mean over turns of the median pitch, octave errors cut off; None without a voice."""
    together = np.concatenate([np.zeros(0), *turns])
    if not together.size:
        return None
    q25, q75 = np.quantile(together, (0.25, 0.75))
    low, high = q25 + 12 * np.log2(0.75), q75 + 12 * np.log2(1.5)
    kept = [turn[(turn >= low) & (turn <= high)] for turn in turns]
    medians = [float(np.median(turn)) for turn in kept if len(turn)]
    return float(np.mean(medians)) if medians else None


def log2_rate(sound: Sound, sample_rate: int) -> float | None:
    """log2 of the peaks of loudness per second in the band of the vowels; None without a peak."""
    hop = round(0.01 * sample_rate)
    if not len(sound):
        return None
    spectrum = np.fft.rfft(sound)
    at = np.fft.rfftfreq(len(sound), 1 / sample_rate)
    band = np.fft.irfft(spectrum * ((at >= BAND_HZ[0]) & (at <= BAND_HZ[1])), len(sound))
    window = np.hanning(round(SMOOTH_S * sample_rate))
    smooth = np.convolve(np.square(band), window / window.sum(), mode="same")[::hop]
    level = 10 * np.log10(smooth + 1e-12)
    if not len(level) or level.max() < SILENCE_DB:
        return None
    peaks = 0
    high = low = level[0]
    threshold = np.quantile(level, 0.99) - BELOW_DB
    rising = True
    for value in level:
        if rising:
            high = max(high, value)
            if value < high - DIP_DB:
                peaks += int(high > threshold)
                rising, low = False, value
        else:
            low = min(low, value)
            if value > low + DIP_DB:
                rising, high = True, value
    peaks += int(rising and high > threshold)
    return float(np.log2(peaks / (len(sound) / sample_rate))) if peaks else None


def level_db(sound: Sound) -> float | None:
    """dB re full scale of a turn; None for digital silence."""
    power = float(np.mean(np.square(sound))) if len(sound) else 0.0
    return float(10 * np.log10(power)) if power > 1e-12 else None


def _autocorrelation(frames: Sound) -> Sound:
    """Autocorrelation of each frame, 1 at lag 0; [n_frames, n_lags]."""
    size = 1 << (2 * frames.shape[1] - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(frames, size)))
    found = np.fft.irfft(power, size)[:, : frames.shape[1]]
    return np.asarray(found / np.maximum(found[:, :1], 1e-20), np.float64)
