"""Alignment of two time courses made of the nearest turns: parity with entrainment-metrics 1.0.6.

Printed by other programs and kept so that published values can be reproduced. A plain p of these
measures is below .05 in over 90 % of unrelated conversations; none is given here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convalign.dimensions.prosodic.measures import Array, Series, as_array
from convalign.errors import UsageError

STEP_S = 0.01
OUTLIER_SD = 3.0
LAGS_S = tuple(range(-15, 20, 5))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the two courses show on the stretch that both cover.

    Attributes
    ----------
    proximity : -abs(difference of the means), unit of the values, at most 0
    convergence : Pearson(-abs(difference), time), -1..1; None when either is constant
    synchrony : the correlation of largest size over the lags, signed; None when a course is constant
    lag_s : s, its lag; above 0 the replier follows
    """

    proximity: float
    convergence: float | None
    synchrony: float | None
    lag_s: float | None


def neighbours(
    reply: Series, reply_s: Series, prime: Series, prime_s: Series, *, k: int = 7
) -> Neighbours | None:
    """Compare two speakers by the mean of the `k` turns nearest to each moment.

    Parameters
    ----------
    reply, prime : turn values of each speaker; None or NaN = missing
    reply_s, prime_s : s, middle of each turn
    k : turns in a mean, at least 1

    Returns
    -------
    None when a speaker has fewer than `k` values (those over 3 sd out are dropped first), or
    when the two courses have no moment in common.

    Raises
    ------
    UsageError
        Unequal lengths, `k` below 1.

    Source
    ------
    Galvez et al. (2020); grid of .01 s between the later first and the earlier last middle, lags
    -15, -10, .. 15 s, as entrainment-metrics 1.0.6 does.
    """
    if k < 1:
        raise UsageError(f"k is {k}; give 1 or more")
    first, second = _clean(reply, reply_s), _clean(prime, prime_s)
    if min(len(first[0]), len(second[0])) < k:
        return None
    low = max(first[1].min(), second[1].min())
    high = min(first[1].max(), second[1].max())
    if high <= low:
        return None
    grid = np.arange(low, high + STEP_S, STEP_S)
    a, b = _course(*first, grid, k), _course(*second, grid, k)
    lag = None
    best = None
    for seconds in LAGS_S:
        r = _lagged(a, b, round(seconds / STEP_S))
        if r is not None and (best is None or abs(r) > abs(best)):
            best, lag = r, float(seconds)
    return Neighbours(-abs(float(a.mean() - b.mean())) + 0.0, _pearson(-np.abs(a - b), grid), best, lag)


def _clean(values: Series, times: Series) -> tuple[Array, Array]:
    """Values and times without what is missing or 3 sd out."""
    x, t = as_array(values), as_array(times)
    if len(x) != len(t):
        raise UsageError(f"{len(x)} values and {len(t)} times; give one time per value")
    there = ~np.isnan(x + t)
    x, t = x[there], t[there]
    if not len(x):
        return x, t
    near = np.abs(x - x.mean()) <= OUTLIER_SD * x.std()
    return x[near], t[near]


def _course(values: Array, times: Array, grid: Array, k: int) -> Array:
    """Mean of the `k` nearest values at each moment; [n_grid]."""
    nearest = np.argsort(np.abs(grid[:, None] - times[None]), axis=1, kind="stable")[:, :k]
    return np.asarray(values[nearest].mean(axis=1), np.float64)


def _lagged(a: Array, b: Array, lag: int) -> float | None:
    """Correlation of `a` with what `b` was `lag` steps before, about the means of the whole courses."""
    a, b = a - a.mean(), b - b.mean()
    if abs(lag) >= len(a):
        return None
    if lag >= 0:
        a, b = a[lag:], b[: len(b) - lag]
    else:
        a, b = a[:lag], b[-lag:]
    spread = float(np.mean(a * a) * np.mean(b * b))
    return float(np.mean(a * b) / np.sqrt(spread)) if spread > 0 else None


def _pearson(y: Array, x: Array) -> float | None:
    """Pearson correlation; None for a constant."""
    y, x = y - y.mean(), x - x.mean()
    spread = float((y @ y) * (x @ x))
    return float(y @ x / np.sqrt(spread)) if spread > 0 else None
