"""How well the data fit "exactly no difference": beside an equivalence test, never instead of one."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from convalign.errors import UsageError
from convalign.independence.borrowed import JZS_SCALE, bayes_factor10

LARGEST_T = 30.0
"""Up to here pingouin agrees with 30-digit integration to 1e-5."""
LARGEST_N = 10_000
BEYOND = "more than 1e20 to 1 against a difference of exactly 0"


def jzs_bf01(t: float, n: int) -> tuple[float | None, str | None]:
    """Weigh a difference of exactly 0 against a changed mean.

    Parameters
    ----------
    t : paired t, finite
    n : pairs, >= 2

    Returns
    -------
    (BF01, None), BF01 > 0: over 3 is moderate, over 10 strong support for exactly 0 under this prior; or
    (None, reason) where abs(t) is above 30 and the factor is past 1e20.

    Raises
    ------
    UsageError
        t is not finite, or n is below 2.

    Source
    ------
    Rouder et al. 2009, Cauchy prior of scale sqrt(2) / 2; methods/statistics.md, section 3.

    Examples
    --------
    >>> round(jzs_bf01(0.0, 20)[0], 2)
    4.3
    """
    if not math.isfinite(t) or n < 2:
        raise UsageError(f"t {t!r}, n {n!r}: no Bayes factor; give a finite t and at least 2 pairs")
    if abs(t) <= LARGEST_T and n <= LARGEST_N:
        return 1 / bayes_factor10(t, n), None
    log = log_bf10(t, n)
    if log > 20 * math.log(10):
        return None, BEYOND
    return math.exp(-log), None


def log_bf10(t: float, n: int) -> float:
    """Integrate the JZS Bayes factor in logarithms, where the plain integral under- or overflows.

    Parameters
    ----------
    t : paired t, finite
    n : pairs, >= 2

    Returns
    -------
    Natural logarithm of BF10.

    Source
    ------
    Rouder et al. 2009, eq. 1, with g = exp(x): the integrand is then smooth and dies off on both sides,
    so that the trapezoid rule converges faster than any power.
    """
    df = n - 1
    x = np.linspace(-12.0, 60.0 + math.log1p(t * t), 40_001)
    g = np.exp(x)
    width = np.log1p(n * g * JZS_SCALE**2)
    log = -width / 2 - (df + 1) / 2 * np.log1p(t * t / df * np.exp(-width))
    log += -math.log(2 * math.pi) / 2 - x / 2 - 1 / (2 * g)
    total = float(special.logsumexp(log)) + math.log(x[1] - x[0])
    return total + (df + 1) / 2 * math.log1p(t * t / df)
