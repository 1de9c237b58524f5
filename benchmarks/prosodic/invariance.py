"""What must not move a score: gain, sample rate, container, silence, order of channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from speed import calls

from convalign.dialogue import Dialogue, Recording
from convalign.dimensions import prosodic
from convalign.dimensions.prosodic.features import PLACE
from convalign.scores import Score
from convalign.surrogates import Pool

Array = NDArray[np.float64]
TURN_BOUNDS = {"pitch": 0.1, "rate": 0.03, "intensity": 0.1}
SCORE_BOUND = 0.02
SILENCE_S = 1.5
LOSSY = ("resampled to 8 kHz", "as ogg", "as opus", "as mp3")
"""Changes after which it is not the same sound any more: shown, and held against no bound."""

OF_PLACE = ("proximity", "turn_proximity", "convergence", "convergence_local", "gap_slope")


def invariance_table(data: Path, scratch: Path) -> Iterator[tuple[str, ...]]:
    """Rows: change, largest difference of turns (pitch, log2 rate, level) and of plain scores, bound."""
    dialogues = calls(data)
    before = _scored(dialogues)
    for name, change in _changes().items():
        after = _scored([change(one, scratch) for one in dialogues])
        gained = name.startswith("gain")
        turns = {
            feature: max(
                abs(a - b)
                for one, two in zip(before[0], after[0], strict=True)
                for u, v in zip(one.units, two.units, strict=True)
                if (a := u.values[PLACE[feature]]) is not None and (b := v.values[PLACE[feature]]) is not None
            )
            for feature in TURN_BOUNDS
        }
        plain = max(
            (abs(row.value - after[1][key].value), key[1])
            for key, row in before[1].items()
            if row.value is not None and after[1][key].value is not None and _plain(row, gained)
        )
        kept = {f: d for f, d in turns.items() if not (gained and f == "intensity")}
        main = max(
            abs(row.value - after[1][key].value)
            for key, row in before[1].items()
            if row.value is not None and after[1][key].value is not None and _plain(row, gained)
            and key[1].partition(".")[2] in ("", *TURN_BOUNDS)
        )  # fmt: skip
        held = all(kept[f] <= TURN_BOUNDS[f] for f in kept) and main <= SCORE_BOUND
        unlike = [k for k, row in before[1].items() if (row.value is None) != (after[1][k].value is None)]
        yield (
            name, f"{turns['pitch']:.3f}", f"{turns['rate']:.3f}",
            f"{turns['intensity']:.3f}" + (" (expected)" if gained else ""),
            f"{main:.3f}", f"{plain[0]:.3f} (`{plain[1]}`)",
            "other sound" if name in LOSSY else "met" if held and not unlike else "MISSED",
        )  # fmt: skip


def _plain(row: Score, gained: bool) -> bool:
    """Correlations and the like; under a gain without what compares levels."""
    head, _, feature = row.metric.partition(".")
    if gained and feature == "intensity" and head in OF_PLACE:
        return False
    return head.startswith(("synchrony", "partner", "tama", "local", "convergence_local")) or not feature


def _scored(
    dialogues: list[Dialogue],
) -> tuple[list[prosodic.Observation], dict[tuple[str, str, str], Score]]:
    settings = prosodic.Settings()
    observations = prosodic.observe(dialogues, settings)
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    frozen = {"features": ["pitch", "rate"], "G": {"pitch": 4.0, "rate": 0.25, "intensity": 3.0}}
    rows = [row for one in observations for row in prosodic.score(one, pool, frozen, settings).dialogues]
    return observations, {(r.dialogue, r.metric, r.direction): r for r in rows}


def _changes() -> dict[str, Callable[[Dialogue, Path], Dialogue]]:
    return {
        "gain of -12 dB on one channel": lambda d, p: _written(d, p, "gain.wav", _gain, subtype="PCM_24"),
        "resampled to 44.1 kHz": lambda d, p: _written(d, p, "up.wav", _same, rate=44_100, subtype="PCM_24"),
        "resampled to 8 kHz": lambda d, p: _written(d, p, "down.wav", _same, rate=8_000, subtype="PCM_24"),
        "as wav": lambda d, p: _written(d, p, "x.wav", _same),
        "as ogg": lambda d, p: _written(d, p, "x.ogg", _same, compression_level=0.0),
        "as opus": lambda d, p: _written(d, p, "x.opus", _same, format="OGG", subtype="OPUS"),
        "as mp3": lambda d, p: _written(d, p, "x.mp3", _same),
        "silence of 1.5 s at both ends": _padded,
        "channels swapped, with a swapped map": _swapped,
    }


def _same(samples: Array) -> Array:
    return samples


def _gain(samples: Array) -> Array:
    return samples * np.array([1.0, 10 ** (-12 / 20)])


def _read(dialogue: Dialogue) -> tuple[Array, int]:
    assert dialogue.audio is not None
    samples, rate = soundfile.read(Path(dialogue.root or ".", dialogue.audio.path))
    return samples, rate


def _written(
    dialogue: Dialogue,
    scratch: Path,
    name: str,
    change: Callable[[Array], Array],
    rate: int = 0,
    **how: object,
) -> Dialogue:
    samples, own = _read(dialogue)
    changed = change(samples)
    if rate:
        changed = soxr.resample(changed, own, rate)
    path = f"{dialogue.id}-{name}"
    soundfile.write(scratch / path, changed, rate or own, **how)
    assert dialogue.audio is not None
    return replace(dialogue, audio=replace(dialogue.audio, path=path), root=str(scratch))


def _padded(dialogue: Dialogue, scratch: Path) -> Dialogue:
    _, rate = _read(dialogue)
    pad = round(SILENCE_S * rate)
    moved = _written(dialogue, scratch, "pad.wav", lambda x: np.pad(x, ((pad, pad), (0, 0))))
    turns = tuple(
        replace(t, start_s=(t.start_s or 0) + SILENCE_S, end_s=(t.end_s or 0) + SILENCE_S)
        for t in moved.turns
    )
    return replace(moved, turns=turns)


def _swapped(dialogue: Dialogue, scratch: Path) -> Dialogue:
    moved = _written(dialogue, scratch, "swap.wav", lambda x: x[:, ::-1])
    assert moved.audio is not None
    channels = {speaker: 1 - channel for speaker, channel in moved.audio.channels.items()}
    return replace(moved, audio=Recording(moved.audio.path, channels))
