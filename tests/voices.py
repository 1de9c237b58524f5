"""A voice whose truth is known, and calls made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign.dialogue import Dialogue, Recording, Turn

Array = NDArray[np.floating[Any]]
RATE = 16_000


def speak(pitch_st: float, syllables: int, level_db: float, seconds: float = 1.2) -> Array:
    """Harmonics through two formants, loudness up and down once per syllable."""
    time = np.arange(round(seconds * RATE)) / RATE
    f0 = 100 * 2 ** (pitch_st / 12)
    sound = np.zeros(len(time))
    for k in range(1, int(4000 / f0)):
        gain = sum(1 / (1 + ((k * f0 - centre) / 150) ** 2) for centre in (500, 1500)) + 0.02
        sound += gain * np.sin(2 * np.pi * k * f0 * time + k * k)
    sound *= 0.05 + 0.5 * (1 - np.cos(2 * np.pi * syllables / seconds * time))
    return np.asarray(sound * 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2)))


def call(folder: Path, name: str, turns: Sequence[tuple[str, Array]]) -> Dialogue:
    """A stereo call, speakers u and a in turn, .3 s between turns."""
    noise = np.random.default_rng(0).standard_normal
    now, listed, parts = 0.3, [], []
    for speaker, sound in turns:
        listed.append(Turn(speaker, "words", round(now, 4), round(now + len(sound) / RATE, 4)))
        parts.append((round(now * RATE), int(speaker == "a"), sound))
        now += len(sound) / RATE + 0.3
    both = 1e-4 * noise((round(now * RATE), 2))
    for start, channel, sound in parts:
        both[start : start + len(sound), channel] += sound
    soundfile.write(folder / f"{name}.wav", both, RATE)
    roles = {"u": "user", "a": "agent"}
    return Dialogue(name, tuple(listed), roles, Recording(f"{name}.wav", {"u": 0, "a": 1}), root=str(folder))
