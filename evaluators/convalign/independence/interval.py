"""The interval of a mean over dialogues: what a rubric's verdict rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from scipy import stats

from convalign.errors import UsageError

FEW_CLUSTERS = 10
"""Below this many clusters only the exact sign flip is used; methods/statistics.md, section 1."""
ROUNDING = 1e-12
"""A spread below this share of the largest value is rounding, not variance."""


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean with its interval.

    Attributes
    ----------
    mean : in the unit of the values; with clusters the unweighted mean of the cluster means
    sd : of the units (n - 1), 0 or more; None for one unit
    n : units: values, or clusters where clusters are given; 1 or more
    low, high : limits, in the unit of the values; both None where there is no interval
    how : ``t``, ``sign flip``, ``identical`` (the units do not vary: the interval is the mean), or
        ``none`` (one unit, or so few clusters that no interval of this level exists)
    """

    mean: float
    sd: float | None
    n: int
    low: float | None
    high: float | None
    how: Literal["t", "sign flip", "identical", "none"]


def mean_interval(
    values: Sequence[float], *, level: float = 0.90, cluster: Sequence[Hashable] | None = None
) -> MeanInterval:
    """Say where the mean over dialogues lies.

    Parameters
    ----------
    values : [n], finite, any unit
    level : of the two-sided interval, 0 < level < 1
    cluster : [n], whose each value is (a user); None = every value is a unit

    Returns
    -------
    MeanInterval. By Student's t over the units; below `FEW_CLUSTERS` clusters from the means of all
    non-empty subsets of the cluster means (sign flips, exact for symmetric values).

    Raises
    ------
    UsageError
        No value, a value that is not finite, another number of cluster names, a level out of range.

    Source
    ------
    methods/statistics.md, sections 1 and 2; subset means: Hartigan 1969, typical values.

    Examples
    --------
    >>> found = mean_interval([0.1, 0.2, 0.3])
    >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
    (0.2, 0.031, 0.369)
    """
    numbers = [float(value) for value in values]
    _check(numbers, level, cluster)
    units = numbers if cluster is None else _cluster_means(numbers, cluster)
    n, mean = len(units), math.fsum(units) / len(units)
    if n == 1:
        return MeanInterval(mean, None, 1, None, None, "none")
    sd = math.sqrt(math.fsum((unit - mean) ** 2 for unit in units) / (n - 1))
    tail = (1 - level) / 2
    if cluster is not None and n < FEW_CLUSTERS:
        return _sign_flip(units, mean, sd, tail)
    if sd <= ROUNDING * max(abs(unit) for unit in units):
        return MeanInterval(mean, 0.0, n, mean, mean, "identical")
    half = float(stats.t.ppf(1 - tail, n - 1)) * sd / math.sqrt(n)
    return MeanInterval(mean, sd, n, mean - half, mean + half, "t")


def _check(numbers: list[float], level: float, cluster: Sequence[Hashable] | None) -> None:
    """Refuse input that has no mean, or no interval of that level."""
    if not numbers:
        raise UsageError("values: is empty; a mean needs at least one")
    for i, number in enumerate(numbers):
        if not math.isfinite(number):
            raise UsageError(f"values[{i}]: {number} is not finite; leave unscored dialogues out")
    if not 0 < level < 1:
        raise UsageError(f"level: {level!r} is not between 0 and 1; 0.9 belongs to alpha 0.05")
    if cluster is not None and len(cluster) != len(numbers):
        raise UsageError(f"cluster: {len(cluster)} names for {len(numbers)} values; give one for each")


def _cluster_means(numbers: list[float], cluster: Sequence[Hashable]) -> list[float]:
    """One mean per cluster, in order of first appearance."""
    groups: dict[Hashable, list[float]] = defaultdict(list)
    for number, name in zip(numbers, cluster, strict=True):
        groups[name].append(number)
    return [math.fsum(group) / len(group) for group in groups.values()]


def _sign_flip(units: list[float], mean: float, sd: float, tail: float) -> MeanInterval:
    """Limits from subset means: each of the 2^n gaps between them is equally likely to hold the centre."""
    n = len(units)
    # A tail of exactly k / 2^n must not lose a step to rounding.
    cut = math.floor(tail * 2**n + 1e-9)
    if cut < 1:
        return MeanInterval(mean, sd, n, None, None, "none")
    means = sorted(math.fsum(some) / k for k in range(1, n + 1) for some in combinations(units, k))
    return MeanInterval(mean, sd, n, means[cut - 1], means[-cut], "sign flip")
