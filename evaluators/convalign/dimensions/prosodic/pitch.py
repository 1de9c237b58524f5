"""Pitch of a stretch of speech, from engines that are named and never chosen by chance."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped]
import swift_f0
from numpy.typing import NDArray

from convalign.audio import SAMPLE_RATE
from convalign.dimensions.prosodic import praat
from convalign.errors import ConvalignError, UsageError

PACKAGES = {"swift-f0": "swift-f0", "pyin": "librosa", "praat": "praat-parselmouth"}
"""Engine -> the package that it comes from."""

ENGINES = tuple(PACKAGES)
"""What can be asked for; the first is the default."""

FMIN_HZ, FMAX_HZ = 60.0, 500.0
FRAME_S = 256 / SAMPLE_RATE
"""Seconds between two frames of either engine."""

CONTEXT_S = 0.2
"""Seconds of real sound around a stretch with which it gets the values that the whole file gives."""

CONFIDENT = 0.5
PEAK = 0.5
QUANTILE = 0.999
RANGE_S = 2.0
RANGE = (0.75, 1.5)

Array = NDArray[np.float64]
Sound = NDArray[np.floating[Any]]


def engine_name(name: str | None) -> str:
    """Check the name of a pitch engine.

    Parameters
    ----------
    name : one of `ENGINES`; None = the default

    Raises
    ------
    UsageError
        No such engine, or praat where it is not installed.
    """
    if name is None:
        return ENGINES[0]
    if name not in ENGINES:
        raise UsageError(f"no pitch engine {name!r}; there are: {', '.join(ENGINES)}")
    if name == "praat":
        praat.check()
    return name


def pitch_track(samples: Sound, sample_rate: int, engine: str | None = None) -> tuple[Array, Array]:
    """Follow the pitch of a recording of one speaker.

    Parameters
    ----------
    samples : [n_samples], one channel, full scale 1.0, finite
    sample_rate : Hz
    engine : ``swift-f0`` (default), ``pyin`` or ``praat``

    Returns
    -------
    times_s : [n_frames], seconds of the middle of each frame
    f0_hz : [n_frames], Hz in 60..500; NaN where unvoiced

    Raises
    ------
    UsageError
        Unknown engine.
    ConvalignError
        No samples, more than one channel, or samples that are not finite.

    Source
    ------
    swift-f0 0.3, a frame is voiced from confidence .5; the level is evened out first because the
    model depends on it; methods: docs/prosodic.

    Examples
    --------
    >>> phase = 2 * np.pi * 200 * np.arange(16000) / 16000
    >>> times_s, f0_hz = pitch_track(sum(np.sin(k * phase) / k for k in range(1, 9)), 16000)
    >>> round(float(np.nanmedian(f0_hz)))
    200
    """
    name = engine_name(engine)
    sound = prepared(samples, sample_rate)
    even = sound - sound.mean()
    peak = float(np.quantile(np.abs(even), QUANTILE))
    return track((even * (PEAK / peak if peak > 0 else 1.0)).astype(np.float32), name)


def prepared(samples: Sound, sample_rate: int) -> Array:
    """Check samples given by a caller and bring them to `SAMPLE_RATE`; [n_samples]."""
    sound = np.asarray(samples, np.float64)
    if sound.ndim != 1:
        raise ConvalignError(f"samples have shape {sound.shape}; give one channel, [n_samples]")
    if not sound.size:
        raise ConvalignError("there are no samples; give at least .3 s of sound")
    if not np.isfinite(sound).all():
        at = int(np.flatnonzero(~np.isfinite(sound))[0])
        raise ConvalignError(f"samples[{at}] is {sound[at]}; give finite numbers, full scale 1.0")
    if sample_rate <= 0:
        raise ConvalignError(f"sample_rate is {sample_rate}; give it in Hz, 8000 or more")
    if sample_rate != SAMPLE_RATE:
        sound = np.asarray(soxr.resample(sound, sample_rate, SAMPLE_RATE), np.float64)
    return sound


def track(sound: NDArray[np.float32], engine: str) -> tuple[Array, Array]:
    """Pitch of evened sound at `SAMPLE_RATE`: times in s and Hz, NaN where unvoiced; [n_frames] each."""
    if engine == "pyin":
        return _pyin(sound)
    if engine == "praat":
        return praat.track(sound, SAMPLE_RATE, FRAME_S, FMIN_HZ, FMAX_HZ)
    found = _swift().detect(sound, SAMPLE_RATE, FMIN_HZ, FMAX_HZ)
    f0_hz = np.where(found.confidence >= CONFIDENT, found.pitch_hz, np.nan)
    return np.asarray(found.timestamps, np.float64), np.asarray(f0_hz, np.float64)


def semitones(f0_hz: Array, *, reference_hz: float = 100.0) -> Array:
    """Express a pitch track on the scale on which speakers can be compared.

    Parameters
    ----------
    f0_hz : [n_frames], Hz, > 0; NaN where unvoiced
    reference_hz : Hz, > 0
        The pitch that becomes 0.

    Returns
    -------
    [n_frames], semitones re `reference_hz`; NaN stays NaN. An octave is 12.

    Raises
    ------
    ConvalignError
        A frame is zero or negative (0 is not how unvoiced is written here).

    Source
    ------
    12 log2(f / reference), the equal-tempered semitone.

    Examples
    --------
    >>> semitones(np.array([100.0, 200.0, np.nan])).tolist()
    [0.0, 12.0, nan]
    """
    bad = np.flatnonzero(f0_hz <= 0)
    if bad.size:
        raise ConvalignError(f"f0_hz[{bad[0]}] is {f0_hz[bad[0]]:g} Hz; write unvoiced frames as NaN")
    return np.asarray(12.0 * np.log2(f0_hz / reference_hz), np.float64)


def plausible_range(f0_hz: Array) -> tuple[float, float]:
    """Find the range outside of which a speaker's frames are octave errors.

    Parameters
    ----------
    f0_hz : [n_frames], all voiced frames of one speaker in one dialogue, Hz

    Returns
    -------
    low, high in Hz: .75 of the lower and 1.5 of the upper quartile; 60..500 with under 2 s of voice.

    Source
    ------
    Two-pass range of De Looze & Hirst (2008).
    """
    if len(f0_hz) * FRAME_S < RANGE_S:
        return FMIN_HZ, FMAX_HZ
    q25, q75 = np.quantile(f0_hz, (0.25, 0.75))
    return float(RANGE[0] * q25), float(RANGE[1] * q75)


@cache
def _swift() -> swift_f0.SwiftF0:
    """One detector per process, on one thread: workers share the machine."""
    return swift_f0.SwiftF0(threads=1, spin=False)


@cache
def _librosa() -> Any:
    """Librosa with a place to keep what it compiles; told once, because it takes up to half a minute."""
    if "NUMBA_CACHE_DIR" not in os.environ:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        os.environ["NUMBA_CACHE_DIR"] = str(Path(base) / "convalign" / "numba")
    logging.getLogger("convalign.prosodic").warning(
        "pitch engine pyin: the first call compiles, which takes about half a minute once"
    )
    import librosa

    return librosa


def _pyin(sound: NDArray[np.float32]) -> tuple[Array, Array]:
    """Pitch by probabilistic YIN, with the frames of the default engine."""
    if len(sound) < 1024:
        sound = np.pad(sound, (0, 1024 - len(sound)))
    f0_hz, _, _ = _librosa().pyin(
        sound, fmin=FMIN_HZ, fmax=FMAX_HZ, sr=SAMPLE_RATE, frame_length=1024, hop_length=256
    )
    return np.asarray(np.arange(len(f0_hz)) * FRAME_S, np.float64), np.asarray(f0_hz, np.float64)
