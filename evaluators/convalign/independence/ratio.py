"""The ratio of two mean changes over the same dialogues: what was recovered, closed, or is mere form."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError
from convalign.independence.bootstrap import bca, bca_mean, left_out_means, resampled_means
from convalign.independence.checks import checked_alpha
from convalign.independence.finding import Interval, plain


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of means.

    Attributes
    ----------
    value : mean of the part over mean of the whole; None with `reason`
    interval : bootstrap over units, level 1 - 2 alpha; None with `reason`
    n : units: dialogues, or clusters where they are declared
    part, whole : the two means, score units
    whole_interval : bootstrap of the whole; where it holds 0 there is no ratio
    p : permutation p that the part is not above 0, where it was asked for
    how : ``bca`` or ``percentile``
    reason : why something is None
    """

    value: float | None
    interval: Interval | None
    n: int
    part: float | None
    whole: float | None
    whole_interval: Interval | None
    p: float | None
    how: str | None
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def ratio_of_means(
    part: Sequence[float | None],
    whole: Sequence[float | None],
    alpha: float = 0.05,
    *,
    cluster: Sequence[Hashable] | None = None,
    bootstrap: int = 2000,
    seed: int = 0,
    flips: bool = False,
) -> Ratio:
    """Say how much of one change another one makes up.

    Parameters
    ----------
    part, whole : [n_dialogues] changes, score units, of the same dialogues; None where unscored
    alpha : one-sided; intervals have level 1 - 2 alpha
    cluster : [n_dialogues] whose each dialogue is; changes are then averaged within users
    bootstrap : replicates, one draw of units for both means
    seed : of the draws
    flips : also test by random sign flips (permuting the two arms of `part` within dialogues) whether its
        mean is above 0

    Returns
    -------
    Ratio; None where the interval of the whole holds 0, or fewer than 3 units are left.

    Raises
    ------
    UsageError
        Lengths differ.

    Source
    ------
    methods/statistics.md, section 9: recovery, gap closed, share reachable by form.

    Examples
    --------
    >>> made = ratio_of_means([0.5, 0.6, 0.4, 0.5, 0.5, 0.6], [1.0, 1.1, 0.9, 1.0, 1.0, 1.2])
    >>> round(made.value, 3)
    0.5
    """
    rate = checked_alpha(alpha)
    if len(part) != len(whole) or (cluster is not None and len(cluster) != len(part)):
        raise UsageError(
            f"{len(part)} and {len(whole)} changes; give both of every dialogue, and its cluster"
        )
    pairs, names = [], []
    for k, (p, w) in enumerate(zip(part, whole, strict=True)):
        if p is not None and w is not None:
            pairs.append((float(p), float(w)))
            names.append(k if cluster is None else cluster[k])
    d = _by_unit(pairs, names)
    n = d.shape[1]
    if n < 3:
        unit = "clusters" if cluster is not None else "dialogues"
        return Ratio(None, None, n, None, None, None, None, None, f"fewer than 3 {unit} scored in every arm")
    means = d.mean(axis=1)
    p = _flipped(d[0], bootstrap, seed) if flips else None
    spread = bca_mean(d[1], rate, seed, bootstrap)
    limits = spread.interval or (float(means[1]), float(means[1]))
    known = (n, float(means[0]), float(means[1]), limits, p)
    if limits[0] <= 0 <= limits[1]:
        return Ratio(None, None, *known, None, "the change that it is a share of may be 0")
    present = np.ones(d.shape, dtype=np.bool_)
    draws = resampled_means(d, present, bootstrap, np.random.default_rng(seed))
    left = left_out_means(d, present)
    value = float(means[0] / means[1])
    usable = draws[draws[:, 1] != 0]
    if len(usable) < 0.95 * len(draws) or not np.all(left[:, 1] != 0):
        return Ratio(value, None, *known, None, "too few usable bootstrap replicates")
    made = bca(value, usable[:, 0] / usable[:, 1], left[:, 0] / left[:, 1], rate)
    return Ratio(value, made.interval, *known, made.how, made.reason)


def _by_unit(pairs: list[tuple[float, float]], names: list[Hashable]) -> NDArray[np.float64]:
    """[2, n_units]: both changes, averaged within units in order of first appearance."""
    groups: dict[Hashable, list[tuple[float, float]]] = {}
    for name, pair in zip(names, pairs, strict=True):
        groups.setdefault(name, []).append(pair)
    return np.array([np.mean(group, axis=0) for group in groups.values()]).reshape(-1, 2).T


def _flipped(d: NDArray[np.float64], draws: int, seed: int) -> float:
    """One-sided p of "the mean is not above 0", by exchanging the two arms of each unit at random."""
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), (draws, len(d)))
    reached = np.sum(signs @ d >= d.sum() - 1e-12 * np.abs(d).sum())
    return float((1 + reached) / (1 + draws))
