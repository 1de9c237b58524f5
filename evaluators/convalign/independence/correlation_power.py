"""How many dialogues it takes to call two scores unrelated within a bound."""

from __future__ import annotations

import math

from scipy import special

from convalign.independence.checks import checked_alpha, checked_bound
from convalign.independence.finding import limits
from convalign.independence.search import per_cell, smallest_n, whole_number


def correlation_power(n: int, bound: float, alpha: float = 0.05, *, covariates: int = 0) -> float:
    """Say how often an equivalence test of a correlation will hold when the true one is 0.

    Parameters
    ----------
    n : dialogues, >= 4 + covariates
    bound : 0 < bound < 1
    alpha : of the test
    covariates : how many were partialled out

    Returns
    -------
    Share of studies in which the correlation is shown to lie inside the bound, 0 to 1.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    2 Phi(atanh(b) / se - z) - 1 with se = 1 / sqrt(n - q - 3); methods/statistics.md, section 5.

    Examples
    --------
    >>> round(correlation_power(212, 0.2), 3)
    0.802
    """
    high = limits(checked_bound(bound, highest=1.0))[1]
    rows, rate = whole_number(n, 4 + covariates), checked_alpha(alpha)
    return _correlation_power(rows - covariates, high, rate)


def _correlation_power(n: int, bound: float, alpha: float) -> float:
    z = float(special.ndtri(1 - alpha))
    return max(0.0, float(2 * special.ndtr(math.atanh(bound) * math.sqrt(n - 3) - z) - 1))


def dialogues_needed(
    bound: float, power: float = 0.8, alpha: float = 0.05, *, covariates: int = 0, pairs: int = 1
) -> int:
    """Say how many dialogues it takes to show that a correlation lies inside a bound.

    Parameters
    ----------
    bound : 0 < bound < 1
    power : wanted for the joint claim, 0 < power < 1
    alpha : of the test
    covariates : how many are partialled out
    pairs : how many independent correlations must all hold

    Returns
    -------
    Smallest n with at least that power when the true correlation is 0.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    methods/statistics.md, section 5.

    Examples
    --------
    >>> dialogues_needed(0.2), dialogues_needed(0.2, pairs=45)
    (212, 486)
    """
    high = limits(checked_bound(bound, highest=1.0))[1]
    rate, target = checked_alpha(alpha), per_cell(power, pairs)
    return smallest_n(lambda n: _correlation_power(n, high, rate), target, 4) + covariates


def smallest_correlation_bound(n: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """Say how small a correlation bound n dialogues can carry when the true correlation is 0.

    Parameters
    ----------
    n : dialogues, >= 4
    power : wanted, 0 < power < 1
    alpha : of the test

    Returns
    -------
    Bound, 0 to 1.

    Raises
    ------
    UsageError
        An argument is out of range.

    Source
    ------
    `correlation_power` solved for the bound.

    Examples
    --------
    >>> round(smallest_correlation_bound(60), 2)
    0.37
    """
    rows, rate, target = whole_number(n, 4), checked_alpha(alpha), per_cell(power, 1)
    wanted = special.ndtri((1 + target) / 2) + special.ndtri(1 - rate)
    return math.tanh(float(wanted) / math.sqrt(rows - 3))
