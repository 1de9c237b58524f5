"""What is taken from pingouin, each call behind its guard; the only place that knows its column names.

It is imported when called: loading it takes seconds, and rubrics need only the intervals of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

JZS_SCALE = 2**0.5 / 2
"""Width of the Cauchy prior on dz; pingouin's own default is the rounded .707."""


def tost_p(d: NDArray[np.float64], bound: float) -> float:
    """Test paired differences against a symmetric bound.

    Parameters
    ----------
    d : [n], n >= 3, with variance, score units
    bound : > 0, score units; a plain float, because pingouin refuses numpy's

    Returns
    -------
    Equivalence p, 0 to 1.

    Source
    ------
    pingouin.tost. Differences go in against zeros of the same length, so that neither unequal lengths
    nor a single value can turn the paired test into another one; constant differences, negative and
    infinite bounds are refused by the caller.
    """
    import pingouin  # type: ignore[import-untyped]

    # Any: pingouin's own types say int, and its np.int64 fails an assertion; a float is what it wants.
    limit: Any = float(bound)
    table: Any = pingouin.tost(d, np.zeros_like(d), bound=limit, paired=True)
    return float(table.loc["TOST", "pval"])


def adjusted(p: Sequence[float], method: str) -> list[float]:
    """Adjust a family of p-values.

    Parameters
    ----------
    p : [n_tests], 0 to 1, no gaps
    method : ``holm`` or ``fdr_bh``

    Returns
    -------
    [n_tests] in the order given; empty for an empty family.

    Source
    ------
    pingouin.multicomp.
    """
    if not p:
        return []
    import pingouin

    return [float(value) for value in pingouin.multicomp(list(p), alpha=0.05, method=method)[1]]


def bayes_factor10(t: float, n: int) -> float:
    """Compare a changed mean with an unchanged one, by the paired JZS Bayes factor.

    Parameters
    ----------
    t : paired t, abs(t) <= 30: above, pingouin divides by zero
    n : pairs, >= 2

    Returns
    -------
    BF10, > 0, two-sided.

    Source
    ------
    pingouin.bayesfactor_ttest with r = sqrt(2) / 2; Rouder et al. 2009.
    """
    import pingouin

    return float(pingouin.bayesfactor_ttest(float(t), int(n), paired=True, r=JZS_SCALE))
