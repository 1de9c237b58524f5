"""Does each measure order its own knob, and leave the other alone?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from calls import Recipe, observed, spoken

from convalign.dimensions import prosodic
from convalign.scores import Score
from convalign.surrogates import Pool

STRENGTHS = (0.0, 0.3, 0.6, 0.9)
CORPUS = 30
DRAWS = 2000
DIRECTION = "agent->user"
OWN = {
    "synchrony": "synchrony", "partner_effect": "synchrony", "local_similarity": "synchrony",
    "tama_synchrony": "synchrony", "proximity": "convergence", "convergence": "convergence",
    "convergence_local": "convergence", "gap_slope": "convergence", "turn_proximity": "convergence",
}  # fmt: skip
"""Measure -> the knob that it is to see."""

Values = dict[str, dict[str, np.ndarray[Any, Any]]]
"""Metric -> dialogue -> values at the four strengths."""


def _scored(observations: list[Any], frozen: dict[str, Any], settings: Any) -> list[Score]:
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    return [
        row
        for one in observations
        for row in prosodic.score(one, pool, frozen, settings).dialogues
        if row.direction == DIRECTION
    ]


def by_strength(make: Any, settings: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Metric -> [n_dialogues, 4] values; the scale is that of strength 0, as in a study."""
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    frozen: dict[str, Any] = {}
    for strength in STRENGTHS:
        observations = make(strength)
        if not frozen:
            pool = Pool((s for o in observations for s in o.sides), seed=0)
            frozen = prosodic.reference(observations, pool, settings)
        at: dict[str, dict[str, float]] = defaultdict(dict)
        for row in _scored(observations, frozen, settings):
            if row.value is not None:
                at[row.metric][row.dialogue] = row.value
        for metric, values in at.items():
            found[metric].append(values)
    table = {}
    for metric, columns in found.items():
        if len(columns) == len(STRENGTHS):
            names = sorted(set.intersection(*(set(column) for column in columns)))
            if names:
                table[metric] = np.array([[column[name] for column in columns] for name in names])
    return table


def ordered(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows in strictly rising order; [n]."""
    return np.asarray((np.diff(values, axis=1) > 0).all(axis=1))


def corpora(values: np.ndarray[Any, Any], *, same: bool) -> float:
    """Share of corpora of 30 whose means are in order, with the same users at all strengths or others."""
    draw = np.random.default_rng(3)
    every = np.tile(np.arange(len(values)), (DRAWS, 1))
    picks = [draw.permuted(every, axis=1)[:, :CORPUS] for _ in STRENGTHS]
    means = [values[picks[0] if same else pick, k].mean(axis=1) for k, pick in enumerate(picks)]
    return float(ordered(np.column_stack(means)).mean())


def moved(values: np.ndarray[Any, Any]) -> float:
    """Mean change from the lowest to the highest strength, in sd of dialogues at the lowest."""
    spread = values[:, 0].std(ddof=1)
    return float((values[:, -1] - values[:, 0]).mean() / spread) if spread else 0.0


def _rows(own: dict[str, Any], other: dict[str, Any], metrics: list[str]) -> Iterator[tuple[str, ...]]:
    for metric in metrics:
        if metric not in own or metric not in other:
            continue
        knob = OWN[metric.partition(".")[0]]
        yield (
            f"`{metric}`", knob, f"{100 * ordered(own[metric]).mean():.0f} %",
            f"{100 * corpora(own[metric], same=True):.1f} %",
            f"{100 * corpora(own[metric], same=False):.1f} %",
            f"{moved(own[metric]):+.2f}", f"{moved(other[metric]):+.2f}",
        )  # fmt: skip


def from_series(count: int) -> Iterator[tuple[str, ...]]:
    """Rows per length and metric, on turn values without error."""
    settings = prosodic.Settings(surrogates=20)
    seeds = list(range(count))
    metrics = [f"{measure}.pitch" for measure in OWN] + ["synchrony", "proximity", "convergence"]
    for turns in (20, 40, 100):
        knobs = {
            "synchrony": by_strength(lambda s, n=turns: observed(Recipe(n, synchrony=s), seeds), settings),
            "convergence": by_strength(
                lambda s, n=turns: observed(Recipe(n, convergence=s), seeds), settings
            ),
        }
        for metric in metrics:
            own = OWN[metric.partition(".")[0]]
            other = next(knob for knob in knobs if knob != own)
            for row in _rows(knobs[own], knobs[other], [metric]):
                yield str(turns), *row


def from_sound(folder: Path, count: int) -> Iterator[tuple[str, ...]]:
    """Rows per metric, on calls of 20 turns that were synthesised and heard."""
    settings = prosodic.Settings(surrogates=40)
    folder.mkdir(parents=True, exist_ok=True)

    def heard(knob: str) -> dict[str, Any]:
        def make(strength: float) -> list[Any]:
            print(f"  {knob} {strength:g}", flush=True)
            recipe = Recipe(20, **{knob: strength})
            return prosodic.observe([spoken(recipe, seed, folder) for seed in range(count)], settings)

        return by_strength(make, settings)

    knobs = {knob: heard(knob) for knob in ("synchrony", "convergence")}
    for metric in (
        "synchrony",
        "synchrony.pitch",
        "proximity",
        "proximity.pitch",
        "convergence",
        "convergence.pitch",
    ):
        own = OWN[metric.partition(".")[0]]
        other = next(knob for knob in knobs if knob != own)
        for row in _rows(knobs[own], knobs[other], [metric]):
            share = corpora(knobs[own][metric], same=True)
            yield *row, f"90 %: {'met' if share >= 0.9 else 'MISSED'}" if "." not in metric else ""
