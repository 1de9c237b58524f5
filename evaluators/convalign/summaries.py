"""What a whole log shows on a metric: means over dialogues, with an interval of the excess.

Dialogues are the unit. They are drawn again with replacement (bias-corrected and accelerated
bootstrap, Efron 1987), because excesses are neither normal nor equally certain.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.scores import Score

FEWEST = 10
"""With fewer dialogues no interval is printed."""
AT_ONCE = 1 << 18
"""Draws that are held in memory."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over dialogues with its interval; low and high are None under `FEWEST` dialogues."""

    mean: float
    low: float | None
    high: float | None


def mean_interval(
    values: Sequence[float],
    weights: Sequence[float] | None = None,
    *,
    level: float = 0.95,
    resamples: int = 1_000,
    seed: int = 0,
) -> Interval:
    """Estimate a mean over dialogues, and how far it can be trusted.

    Parameters
    ----------
    values : [n_dialogues >= 1]
    weights : [n_dialogues] evidence of each, >= 0, not all 0; None = all alike
    level : of the interval
    resamples : bootstrap draws
    seed : same seed, same interval

    Source
    ------
    Efron 1987, BCa; acceleration by the jackknife.

    Examples
    --------
    >>> mean_interval([0.0, 1.0], [1.0, 3.0]).mean
    0.75
    """
    x = np.asarray(values, np.float64)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    total, mass = float((w * x).sum()), float(w.sum())
    mean = total / mass
    if len(x) < FEWEST or not np.any(x != x[0]):
        return Interval(mean, None, None)
    drawn = np.sort(_resampled(x, w, resamples, seed))
    normal = NormalDist()
    # Ties with the mean count half, or equal values would look like bias.
    share = ((drawn < mean).sum() + 0.5 * (drawn == mean).sum()) / len(drawn)
    bias = normal.inv_cdf(min(max(float(share), 0.5 / len(drawn)), 1 - 0.5 / len(drawn)))
    rest = mass - w
    left_out = (total - w * x)[rest > 0] / rest[rest > 0]
    deviation = left_out.mean() - left_out
    spread = float((deviation**2).sum()) ** 1.5
    acceleration = float((deviation**3).sum()) / (6 * spread) if spread else 0.0
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + normal.inv_cdf(tail)
        ends.append(float(np.quantile(drawn, normal.cdf(bias + z / (1 - acceleration * z)))))
    return Interval(mean, ends[0], ends[1])


def _resampled(
    x: NDArray[np.float64], w: NDArray[np.float64], resamples: int, seed: int
) -> NDArray[np.float64]:
    """[resamples] weighted means of dialogues drawn with replacement."""
    generator = np.random.default_rng(seed)
    step = max(1, AT_ONCE // len(x))
    means = []
    for begin in range(0, resamples, step):
        size = (min(step, resamples - begin), len(x))
        which = generator.integers(0, len(x), size, dtype=np.int32)
        mass = w[which].sum(axis=1)
        means.append((w * x)[which].sum(axis=1)[mass > 0] / mass[mass > 0])
    return np.concatenate(means)


@dataclass(slots=True)
class Tally:
    """A metric in one direction over the dialogues of a log.

    Attributes
    ----------
    values : of each dialogue that has one
    baselines, excesses, evidence : of each of those that have strangers: what these get, excess and n
    """

    values: array[float] = field(default_factory=lambda: array("d"))
    baselines: array[float] = field(default_factory=lambda: array("d"))
    excesses: array[float] = field(default_factory=lambda: array("d"))
    evidence: array[float] = field(default_factory=lambda: array("d"))

    def add(self, score: Score) -> None:
        """Count one row that has a value."""
        if score.value is not None:
            self.values.append(score.value)
        if score.baseline is not None and score.excess is not None:
            self.baselines.append(score.baseline)
            self.excesses.append(score.excess)
            self.evidence.append(score.n)

    def extend(self, later: Tally) -> None:
        """Count the dialogues of another tally after those of this one."""
        for mine, more in zip(self._arrays(), later._arrays(), strict=True):
            mine.extend(more)

    def _arrays(self) -> tuple[array[float], ...]:
        return self.values, self.baselines, self.excesses, self.evidence

    @property
    def n(self) -> int:
        """Dialogues with a value."""
        return len(self.values)

    @property
    def above(self) -> int:
        """Dialogues with a value and strangers."""
        return len(self.excesses)

    @property
    def value(self) -> float | None:
        """Mean over dialogues, from an exact sum, so that it does not matter how they were divided."""
        return math.fsum(self.values) / self.n if self.n else None

    @property
    def baseline(self) -> float | None:
        """Mean of what strangers get."""
        return math.fsum(self.baselines) / self.above if self.above else None

    def excess(self, *, weighted: bool = False, seed: int = 0) -> Interval | None:
        """Mean excess over dialogues; weighted by evidence, so that a dialogue counts as far as it can.

        None without strangers.
        """
        if not self.above:
            return None
        return mean_interval(self.excesses, self.evidence if weighted else None, seed=seed)

    def record(self, seed: int = 0) -> dict[str, Any]:
        """For ``run.json``: means over dialogues and 95 % intervals, null where there is none."""
        plain, weighted = self.excess(seed=seed), self.excess(weighted=True, seed=seed)
        return {
            "dialogues": self.n,
            "value": self.value,
            "with_strangers": self.above,
            "baseline": self.baseline,
            "excess": plain.mean if plain else None,
            "excess_ci95": _ends(plain),
            "excess_weighted": weighted.mean if weighted else None,
            "excess_weighted_ci95": _ends(weighted),
        }


def _ends(interval: Interval | None) -> list[float] | None:
    if interval is None or interval.low is None or interval.high is None:
        return None
    return [interval.low, interval.high]
