"""Dialogues whose alignment is known: series of turn values with two knobs, and sound made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from convalign.dialogue import Dialogue, Recording, Turn
from convalign.dimensions.prosodic.features import NAMES
from convalign.dimensions.prosodic.units import Unit
from convalign.dimensions.prosodic.voices import Observation, observation

Array = NDArray[np.float64]
RATE = 16_000
SPREAD = np.array([1.5, 0.12, 2.0])
"""Of turns about a speaker's mean: st, log2 syllables/s, dB."""

USERS = np.array([3.5, 0.2, 3.0])
"""Of users' means."""

AGENT = np.array([2.0, 2.1, -24.0])
USER = np.array([6.0, 2.1, -26.0])
FORMANTS_HZ = ((600, 90), (1300, 110), (2500, 160))


@dataclass(frozen=True)
class Recipe:
    """How a dialogue is made.

    Attributes
    ----------
    turns : of both together, the user first
    synchrony : share of a prime's distance from the user's mean that the reply takes over
    convergence : share of the distance of the two means that the agent has covered at the end
    memory : autocorrelation of a speaker's turns
    drift : of both speakers together over the dialogue, in spreads, at random per dialogue
    """

    turns: int = 20
    synchrony: float = 0.0
    convergence: float = 0.0
    memory: float = 0.3
    drift: float = 0.0


def values(recipe: Recipe, seed: int) -> Array:
    """Turn values [turns, 3]: pitch, log2 rate, level. The same seed is the same pair of speakers; what
    they say in a call is another draw for every recipe."""
    people = np.random.default_rng(seed)
    user = USER + USERS * people.standard_normal(3)
    agent = AGENT + 0.3 * USERS * people.standard_normal(3)
    knobs = (recipe.turns, round(100 * recipe.synchrony), round(100 * recipe.convergence))
    draw = np.random.default_rng([seed, *knobs])
    pairs = recipe.turns // 2
    mine, theirs = (_series(draw, pairs, recipe.memory) for _ in range(2))
    drift = recipe.drift * SPREAD * draw.standard_normal(3) * np.linspace(-1, 1, pairs)[:, None]
    said = user + mine + drift
    near = recipe.convergence * np.linspace(0, 1, pairs)[:, None]
    replied = agent + near * (user - agent) + recipe.synchrony * (said - user) + theirs + drift
    both = np.empty((recipe.turns, 3))
    both[0::2], both[1::2] = said, replied
    return both


def _series(draw: np.random.Generator, pairs: int, memory: float) -> Array:
    """Turns about 0 that remember."""
    noise = draw.standard_normal((pairs + 30, 3)) * SPREAD * np.sqrt(1 - memory**2)
    for k in range(1, len(noise)):
        noise[k] += memory * noise[k - 1]
    return np.asarray(noise[30:], np.float64)


def observed(recipe: Recipe, seeds: Sequence[int]) -> list[Observation]:
    """Dialogues as if they had been heard without any error; turns of 3 s every 4 s."""
    found = []
    rest = [None] * (len(NAMES) - 3)
    for seed in seeds:
        units = tuple(
            Unit(
                i, i % 2, (*row, *rest), (None, None, None, *("no words" for _ in rest)),
                start_s=4.0 * i, end_s=4.0 * i + 3,
            )
            for i, row in enumerate(values(recipe, seed).tolist())
        )  # fmt: skip
        found.append(observation(_dialogue(str(seed), recipe.turns), units, (), within=None))
    return found


def _dialogue(name: str, turns: int) -> Dialogue:
    speakers = (f"user {name}", f"agent {name}")
    listed = tuple(Turn(speakers[i % 2], None, 4.0 * i, 4.0 * i + 3) for i in range(turns))
    return Dialogue(name, listed, {speakers[0]: "user", speakers[1]: "agent"})


def spoken(recipe: Recipe, seed: int, folder: Path) -> Dialogue:
    """The dialogue as a stereo call; the file is made once."""
    draw = np.random.default_rng([seed, 1])
    name = f"{seed}-{recipe.turns}-{recipe.synchrony:g}-{recipe.convergence:g}.flac"
    now, turns, pieces = 0.2, [], []
    for i, (pitch, rate, level) in enumerate(values(recipe, seed)):
        seconds = draw.uniform(1.4, 2.0)
        start = round(now * RATE)
        pieces.append((start, i % 2, pitch, rate, level, seconds))
        end = start + round(seconds * RATE)
        turns.append(Turn(f"{'ua'[i % 2]}{seed}", None, start / RATE, end / RATE))
        now = end / RATE + draw.uniform(0.1, 0.5)
    path = folder / name
    if not path.exists():
        both = 10 ** (-65 / 20) * draw.standard_normal((round((now + 0.2) * RATE), 2))
        for start, channel, pitch, rate, level, seconds in pieces:
            sound = voice(pitch, 2**rate, level, seconds, draw, high=channel == 0)
            both[start : start + len(sound), channel] += sound
        soundfile.write(path, both, RATE, subtype="PCM_16")
    roles = {f"u{seed}": "user", f"a{seed}": "agent"}
    recording = Recording(name, {f"u{seed}": 0, f"a{seed}": 1})
    return Dialogue(str(seed), tuple(turns), roles, recording, root=str(folder))


def voice(
    pitch_st: float, rate: float, level_db: float, seconds: float, draw: np.random.Generator, *, high: bool
) -> Array:
    """Pulses through three formants, one hump of loudness per syllable; [n_samples]."""
    n = round(seconds * RATE)
    time = np.arange(n) / RATE
    syllables = max(1, round(rate * seconds))
    # Within a turn the pitch falls, and wavers; its median is what was asked for.
    contour = -2 * (time / seconds - 0.5) + 0.6 * np.sin(2 * np.pi * 2.3 * time + draw.uniform(0, 6))
    f0 = 100 * 2 ** ((pitch_st + contour - np.median(contour)) / 12)
    phase = np.cumsum(f0) / RATE
    sound = np.zeros(n)
    sound[np.flatnonzero(np.diff(np.floor(phase), prepend=0) > 0)] = 1.0
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    gain = 1 / (1 + hertz / 500)
    shape = sum(1 / (1 + ((hertz - (1.12 if high else 1) * f) / w) ** 2) for f, w in FORMANTS_HZ)
    sound = np.fft.irfft(spectrum * gain * (shape + 0.01), n)
    sound *= 0.08 + 0.5 * (1 - np.cos(2 * np.pi * syllables * time / seconds))
    return np.asarray(sound * 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2)), np.float64)
