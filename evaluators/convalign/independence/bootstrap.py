"""Intervals without the normal curve: resampled dialogues, and every flip of the signs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from convalign.errors import UsageError
from convalign.independence.finding import Interval

MOST_FLIPPED = 11
"""Up to 2^11 flips are run; from 12 units on the bootstrap takes over."""
BLOCK = 4_000_000
"""Units drawn at a time, so that memory stays below 150 MB."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """A bootstrap interval and how it was made.

    Attributes
    ----------
    interval : (low, high), or None with `reason`
    how : ``bca``, or ``percentile`` where the correction is undefined; None without an interval
    reason : why there is no interval, or why it is a percentile one
    """

    interval: Interval | None
    how: Literal["bca", "percentile"] | None
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        limits = None if self.interval is None else list(self.interval)
        return {"interval": limits, "how": self.how, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Flips:
    """Every mean of a non-empty subset of differences: all that a sign-flip test needs.

    Attributes
    ----------
    means : [2^n - 1], score units, ascending
    n : units, 1 to `MOST_FLIPPED`
    tolerance : score units; two means closer than this are tied
    """

    means: NDArray[np.float64]
    n: int
    tolerance: float

    def p_above(self, value: float) -> float:
        """P of "the mean is at most `value`", exact; flipping a subset helps iff its mean is at most that."""
        return (1 + int(np.sum(self.means <= value + self.tolerance))) / 2.0**self.n

    def p_below(self, value: float) -> float:
        """P of "the mean is at least `value`", exact."""
        return (1 + int(np.sum(self.means >= value - self.tolerance))) / 2.0**self.n

    def interval(self, alpha: float) -> Interval | None:
        """Values that neither one-sided test rejects at alpha; None when no flip count is rare enough."""
        rank = math.ceil(alpha * 2**self.n - 1 - 1e-9) - 1
        if rank < 0:
            return None
        return float(self.means[rank]), float(self.means[-1 - rank])


def flips(d: NDArray[np.float64], scale: float) -> Flips:
    """Prepare the exact sign-flip test of a mean.

    Parameters
    ----------
    d : [n], score units, 1 <= n <= 11
    scale : of the data, score units; ties are means within 1e-12 of it

    Returns
    -------
    Flips, with one-sided p and the interval that inverts them.

    Raises
    ------
    UsageError
        More than 11 units: 2^n flips are too many.

    Source
    ------
    Sign flips after shifting by a value (methods/statistics.md, section 2), inverted by subset means:
    the sum with a subset flipped reaches the plain sum iff the mean of the subset is at most the value.
    """
    n = len(d)
    if not 1 <= n <= MOST_FLIPPED:
        raise UsageError(f"{n} units for a sign-flip test; give 1 to {MOST_FLIPPED}")
    chosen = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    means = np.sort((chosen @ d) / chosen.sum(axis=1))
    return Flips(means, n, 1e-12 * scale)


def resampled_means(
    d: NDArray[np.float64], present: NDArray[np.bool_], bootstrap: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw units with replacement, once per replicate for all columns, and average each column.

    Parameters
    ----------
    d : [n_columns, n_units], score units; anything where not present
    present : [n_columns, n_units]
    bootstrap : replicates, >= 1
    rng : source of the draws

    Returns
    -------
    [bootstrap, n_columns], score units; NaN where a replicate drew no unit that the column has.

    Source
    ------
    methods/statistics.md, section 3: the same draw for all columns keeps their correlation.
    """
    n = d.shape[1]
    filled, mask = np.where(present, d, 0.0), present.astype(np.float64)
    parts = []
    for size in _blocks(bootstrap, max(1, BLOCK // n)):
        places = rng.integers(0, n, (size, n)) + np.arange(0, size * n, n)[:, None]
        counts = np.bincount(places.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        drawn = counts @ mask.T
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(np.where(drawn > 0, (counts @ filled.T) / drawn, np.nan))
    return np.concatenate(parts)


def _blocks(total: int, size: int) -> Iterator[int]:
    for start in range(0, total, size):
        yield min(size, total - start)


def left_out_means(d: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average each column with one unit left out.

    Parameters
    ----------
    d : [n_columns, n_units], score units; anything where not present
    present : [n_columns, n_units], at least two per column

    Returns
    -------
    [n_units, n_columns], score units.
    """
    filled, mask = np.where(present, d, 0.0), present.astype(np.float64)
    result: NDArray[np.float64] = (
        (filled.sum(axis=1)[:, None] - filled) / (mask.sum(axis=1)[:, None] - mask)
    ).T
    return result


def bca(
    estimate: float, replicates: NDArray[np.float64], left_out: NDArray[np.float64], alpha: float
) -> Resampled:
    """Make a bias-corrected and accelerated interval.

    Parameters
    ----------
    estimate : on the data as they are
    replicates : [bootstrap], finite
    left_out : [n_units], the estimate with one unit (cluster) left out, finite
    alpha : one-sided; the interval has level 1 - 2 alpha

    Returns
    -------
    Resampled; none when all replicates are equal, percentile when bias or acceleration is undefined.

    Source
    ------
    Efron 1987; methods/statistics.md, section 3.
    """
    if np.ptp(replicates) == 0:
        return Resampled(None, None, "all bootstrap replicates are equal")
    below = float(np.mean(replicates < estimate) + np.mean(replicates == estimate) / 2)
    u = np.mean(left_out) - left_out
    size = float(np.sum(u**2))
    plain = (alpha, 1 - alpha)
    if not 0 < below < 1 or size == 0:
        reason = "every replicate lies on one side" if size else "leaving one out changes nothing"
        return Resampled(_quantiles(replicates, plain), "percentile", f"{reason}: percentile interval")
    z0 = float(special.ndtri(below))
    a = float(np.sum(u**3)) / (6 * size**1.5)
    shifted = [z0 + float(special.ndtri(level)) for level in plain]
    if any(1 - a * shift <= 0 for shift in shifted):
        return Resampled(_quantiles(replicates, plain), "percentile", "too skewed: percentile interval")
    low, high = (float(special.ndtr(z0 + shift / (1 - a * shift))) for shift in shifted)
    return Resampled(_quantiles(replicates, (low, high)), "bca", None)


def _quantiles(replicates: NDArray[np.float64], levels: tuple[float, float]) -> Interval:
    low, high = np.quantile(replicates, levels)
    return float(low), float(high)


def bca_mean(d: NDArray[np.float64], alpha: float, seed: int, bootstrap: int = 2000) -> Resampled:
    """Make the BCa interval of a mean difference.

    Parameters
    ----------
    d : [n_units], score units, n >= 3
    alpha : one-sided
    seed : of the draws
    bootstrap : replicates

    Returns
    -------
    Resampled, score units.

    Source
    ------
    methods/statistics.md, sections 2 and 3.
    """
    columns, present = d[None, :], np.ones((1, len(d)), dtype=np.bool_)
    replicates = resampled_means(columns, present, bootstrap, np.random.default_rng(seed))[:, 0]
    return bca(float(np.mean(d)), replicates, left_out_means(columns, present)[:, 0], alpha)
