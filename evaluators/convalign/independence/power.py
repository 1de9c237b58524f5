"""How many dialogues a claim takes, and how small a bound a number of dialogues can carry."""

from __future__ import annotations

import math
import numbers
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from convalign.errors import UsageError
from convalign.independence.checks import checked_alpha, checked_bound
from convalign.independence.finding import Bound, limits
from convalign.independence.search import per_cell, smallest_n, smallest_value, whole_number

NORMAL_FROM = 100_000
"""Pairs from which the sampling of the sd no longer matters (power moves by less than 1e-5)."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)


def equivalence_power(
    n: int, bound_dz: float | tuple[float, float], effect_dz: float = 0.0, alpha: float = 0.05
) -> float:
    """Say how often a paired equivalence test will hold.

    Parameters
    ----------
    n : pairs, >= 2
    bound_dz : bound in sd of the differences, > 0, or (low, high)
    effect_dz : true mean difference in sd of the differences
    alpha : of the test

    Returns
    -------
    Share of studies in which equivalence is shown, 0 to 1.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    Exact, by the distribution of the observed sd; methods/statistics.md, section 5.

    Examples
    --------
    >>> round(equivalence_power(216, 0.2), 3)
    0.801
    """
    bound = checked_bound(bound_dz)
    return _equivalence_power(whole_number(n, 2), *limits(bound), _effect(effect_dz), checked_alpha(alpha))


@lru_cache(maxsize=4096)
def _equivalence_power(n: int, low: float, high: float, effect: float, alpha: float) -> float:
    root = math.sqrt(n)
    upper, lower = root * (high - effect), root * (low - effect)
    if n >= NORMAL_FROM:
        z = float(special.ndtri(1 - alpha))
        return max(0.0, float(special.ndtr(upper - z) - special.ndtr(lower + z)))
    c = float(special.stdtrit(n - 1, 1 - alpha))
    spread = 12 / math.sqrt(2 * (n - 1))
    start, stop = max(0.0, 1 - spread), min((upper - lower) / (2 * c), 1 + spread)
    if stop <= start:
        return 0.0
    u = start + (stop - start) * (_NODES + 1) / 2
    inside = special.ndtr(upper - c * u) - special.ndtr(lower + c * u)
    total = float(np.sum(_WEIGHTS * inside * _sd_density(u, n - 1))) * (stop - start) / 2
    return min(1.0, max(0.0, total))


def _sd_density(u: NDArray[np.float64], df: int) -> NDArray[np.float64]:
    """Density of sqrt(chi2 / df) at u > 0."""
    log = (
        (df - 1) * np.log(u)
        - df * u * u / 2
        + df / 2 * math.log(df)
        - (df / 2 - 1) * math.log(2)
        - math.lgamma(df / 2)
    )
    result: NDArray[np.float64] = np.exp(log)
    return result


def pairs_needed(
    bound_dz: float | tuple[float, float],
    power: float = 0.8,
    effect_dz: float = 0.0,
    alpha: float = 0.05,
    *,
    cells: int = 1,
) -> int | None:
    """Say how many pairs an equivalence claim takes.

    Parameters
    ----------
    bound_dz : bound in sd of the differences, > 0, or (low, high)
    power : wanted for the joint claim, 0 < power < 1
    effect_dz : true mean difference in sd of the differences, the same in each cell
    alpha : of the test
    cells : how many independent cells must all hold

    Returns
    -------
    Smallest n with at least that power; None when the effect lies on or outside the bound: no n will
    show it.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    methods/statistics.md, section 5; joint power is the product over independent cells.

    Examples
    --------
    >>> pairs_needed(0.2), pairs_needed(0.2, cells=6)
    (216, 351)
    """
    low, high = limits(checked_bound(bound_dz))
    effect, rate = _effect(effect_dz), checked_alpha(alpha)
    if not low < effect < high:
        return None
    target = per_cell(power, cells)
    return smallest_n(lambda n: _equivalence_power(n, low, high, effect, rate), target, 2)


def smallest_bound(n: int, power: float = 0.8, alpha: float = 0.05, *, cells: int = 1) -> float:
    """Say how small a bound n pairs can carry when nothing truly changes.

    Parameters
    ----------
    n : pairs, >= 2
    power : wanted for the joint claim, 0 < power < 1
    alpha : of the test
    cells : how many independent cells must all hold

    Returns
    -------
    Bound in sd of the differences, > 0.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    methods/statistics.md, section 5.

    Examples
    --------
    >>> round(smallest_bound(60), 2)
    0.38
    """
    pairs, rate, target = whole_number(n, 2), checked_alpha(alpha), per_cell(power, cells)
    return smallest_value(lambda bound: _equivalence_power(pairs, -bound, bound, 0.0, rate), target)


def superiority_power(n: int, effect_dz: float, alpha: float = 0.05) -> float:
    """Say how often a one-sided paired t test will show a change in its direction.

    Parameters
    ----------
    n : pairs, >= 2
    effect_dz : true mean difference in sd of the differences, positive in the direction of good
    alpha : of the test

    Returns
    -------
    Share of studies in which the change is shown, 0 to 1.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    Noncentral t with n - 1 df and noncentrality effect sqrt(n).

    Examples
    --------
    >>> round(superiority_power(27, 0.5), 2)
    0.81
    """
    pairs, effect, rate = whole_number(n, 2), _effect(effect_dz), checked_alpha(alpha)
    if pairs >= NORMAL_FROM:
        return float(special.ndtr(effect * math.sqrt(pairs) - special.ndtri(1 - rate)))
    c = float(special.stdtrit(pairs - 1, 1 - rate))
    return float(stats.nct.sf(c, pairs - 1, effect * math.sqrt(pairs)))


def superiority_pairs_needed(effect_dz: float, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """Say how many pairs it takes to show a change of a given size.

    Parameters
    ----------
    effect_dz : true mean difference in sd of the differences, positive in the direction of good
    power : wanted, 0 < power < 1
    alpha : of the test

    Returns
    -------
    Smallest n with at least that power; None when the effect is not positive: no n will show it.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    Noncentral t; see `superiority_power`.

    Examples
    --------
    >>> superiority_pairs_needed(0.5)
    27
    """
    effect, rate = _effect(effect_dz), checked_alpha(alpha)
    target = per_cell(power, 1)
    if effect <= 0:
        return None
    if ((special.ndtri(target) + special.ndtri(1 - rate)) / effect) ** 2 > NORMAL_FROM:
        return math.ceil(((special.ndtri(target) + special.ndtri(1 - rate)) / effect) ** 2)
    return smallest_n(lambda n: superiority_power(n, effect, rate), target, 2)


def needed_for(bound: Bound, sd: float, alpha: float) -> int | None:
    """Say how many pairs would show equivalence at 80 % power, with the sd as it was observed.

    Parameters
    ----------
    bound : score units
    sd : of the differences, score units, > 0
    alpha : of the test

    Returns
    -------
    Smallest n; None when the bound is so small beside the sd that no finite number helps.
    """
    low, high = limits(bound)
    if min(-low, high) / sd < 1e-9:
        return None
    return pairs_needed((low / sd, high / sd), 0.8, 0.0, alpha)


def _effect(effect: Any) -> float:
    if isinstance(effect, bool | np.bool_) or not isinstance(effect, numbers.Real):
        raise UsageError(f"effect: {effect!r} does not work; give a finite number")
    value = float(effect)
    if not math.isfinite(value):
        raise UsageError(f"effect: {value:g} does not work; give a finite number")
    return value
