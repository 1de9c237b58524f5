"""Affect as it goes on: where a speaker's affect is, where it goes, and whether two move together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.emotional.measures import SMALLEST_VARIANCE, Series
from convalign.errors import UsageError

Floats = NDArray[np.float64]
LAGS = (-2, -1, 0, 1, 2)
FEWEST_EXCHANGES = 8
FEWEST_FOR_VOLATILITY = 3
FEWEST_FOR_TREND = 4


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One speaker's valence over a dialogue.

    Attributes
    ----------
    level : mean, -1..1
    volatility : standard deviation (n - 1); None under 3 turns
    slope : change from the first turn to the last by least squares; None under 4 turns
    """

    level: float
    volatility: float | None
    slope: float | None


def trajectory(valence: Series) -> Trajectory:
    """Describe the course of a speaker's valence.

    Parameters
    ----------
    valence : [n_turns >= 1] of this speaker, in order, -1..1

    Raises
    ------
    UsageError
        No turn.

    Source
    ------
    methods/emotional.md, section 4; turn number scaled 0..1.

    Examples
    --------
    >>> trajectory([-0.6, -0.2, 0.2, 0.6])
    Trajectory(level=0.0, volatility=0.516398, slope=1.2)
    """
    v = np.asarray(valence, dtype=np.float64)
    if not v.size:
        raise UsageError("0 turns; give the valence of one or more")
    volatility = round(float(v.std(ddof=1)), 6) if len(v) >= FEWEST_FOR_VOLATILITY else None
    slope = None
    if len(v) >= FEWEST_FOR_TREND:
        time = np.linspace(-0.5, 0.5, len(v))
        slope = round(float((time * v).sum() / (time * time).sum()), 6)
    return Trajectory(round(float(v.mean()), 6), volatility, slope)


def outcome(before: float, after: float, strangers: Sequence[Series]) -> tuple[float, tuple[float, ...]]:
    """How a speaker's valence changed around one reply, beside strangers who started from the same place.

    Parameters
    ----------
    before, after : valence of the turn that was answered and of the same speaker's next turn
    strangers : each one stranger's valences, [n_turns], in order

    Returns
    -------
    after - before, and per stranger with two turns or more its own change from the turn whose valence is
    nearest to `before`. A low valence rises by itself: only what exceeds the strangers is an outcome.

    Examples
    --------
    >>> outcome(-0.5, 0.25, [[-0.5, 0.0, 0.5], [0.5, 0.25]])
    (0.75, (0.5, -0.25))
    """
    changes = []
    for one in strangers:
        v = np.asarray(one, dtype=np.float64)
        if len(v) > 1:
            at = int(np.abs(v[:-1] - before).argmin())
            changes.append(float(v[at + 1] - v[at]))
    return after - before, tuple(changes)


@dataclass(frozen=True, slots=True)
class Synchrony:
    """Whether two series move together once their trends are taken out.

    Attributes
    ----------
    value : Pearson correlation at lag 0, -1..1
    shifted : [n - 1] the same under every circular shift of the second series
    lag, best : the lag with the largest correlation, and that correlation; lag k > 0: the second series
        follows the first by k exchanges, k < 0: it leads
    best_shifted : [n - 1] the largest correlation over the same lags under every circular shift
    """

    value: float
    shifted: tuple[float, ...]
    lag: int
    best: float
    best_shifted: tuple[float, ...]


def synchrony(prime: Series, reply: Series, lags: Sequence[int] = LAGS) -> Synchrony | None:
    """Correlate the valences of two speakers, exchange by exchange, at several lags.

    Parameters
    ----------
    prime, reply : [n_exchanges] valences, -1..1
    lags : in exchanges; each must leave 4 exchanges or more

    Returns
    -------
    Synchrony; None under 8 exchanges, or when a series does not vary beside its trend.

    Raises
    ------
    UsageError
        Series of different length.

    Source
    ------
    methods/emotional.md, section 4. A linear trend is removed from both series first, so that two
    partners who both become calmer are not synchronous for that alone.

    Examples
    --------
    >>> x = [0.1, 0.9, -0.8, 0.3, -0.2, 0.7, -0.9, 0.4, 0.0, -0.5]
    >>> found = synchrony(x, [0.0, *x[:-1]])
    >>> found.lag, found.best > 0.98
    (1, True)
    """
    x, y = np.asarray(prime, dtype=np.float64), np.asarray(reply, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise UsageError(f"{x.size} primes and {y.size} replies; give one of each per exchange")
    if len(x) < FEWEST_EXCHANGES:
        return None
    x, y = _detrended(x), _detrended(y)
    if min(x.var(), y.var()) < SMALLEST_VARIANCE:
        return None
    tried = {lag: _lagged(x, y, lag) for lag in (0, *lags)}
    lag = max(tried, key=lambda one: (tried[one], -abs(one)))
    rolled = [np.roll(y, k) for k in range(1, len(y))]
    return Synchrony(
        tried[0],
        tuple(_lagged(x, one, 0) for one in rolled),
        lag,
        tried[lag],
        tuple(max(_lagged(x, one, k) for k in tried) for one in rolled),
    )


def convergence(prime: Series, reply: Series) -> float | None:
    """Whether two speakers come nearer to each other: Pearson of -|x - y| with the number of the exchange.

    Parameters
    ----------
    prime, reply : [n_exchanges] valences, -1..1

    Returns
    -------
    -1..1, > 0 = drawing together; None under 8 exchanges, or when the distance does not vary.

    Examples
    --------
    >>> round(convergence([1.0] * 8, [k / 8 for k in range(8)]), 6)
    1.0
    """
    x, y = np.asarray(prime, dtype=np.float64), np.asarray(reply, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise UsageError(f"{x.size} primes and {y.size} replies; give one of each per exchange")
    nearness = -np.abs(x - y)
    if len(x) < FEWEST_EXCHANGES or nearness.var() < SMALLEST_VARIANCE:
        return None
    return _pearson(nearness, np.arange(len(x), dtype=np.float64))


def _detrended(v: Floats) -> Floats:
    time = np.linspace(-0.5, 0.5, len(v))
    centred = v - v.mean()
    flat: Floats = centred - time * (time * centred).sum() / (time * time).sum()
    return flat


def _lagged(x: Floats, y: Floats, lag: int) -> float:
    """Pearson of x with the y that comes `lag` later."""
    if lag >= 0:
        return _pearson(x[: len(x) - lag], y[lag:])
    return _pearson(x[-lag:], y[:lag])


def _pearson(x: Floats, y: Floats) -> float:
    """0 where one of them is flat: a flat stretch follows nothing."""
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / scale) if scale > 1e-12 else 0.0
