"""How often a flag is raised wrongly, as measured on probes, and what a share in a log then says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from statistics import NormalDist

from convalign.rubric.records import Word
from convalign.rubric.words import TOO_MANY


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval.

    Attributes
    ----------
    times, n : whole numbers, times of n
    low, high : limits of the Wilson interval, 0..1
    """

    times: int
    n: int
    low: float
    high: float


@cache
def false_alarms() -> Mapping[str, Rate]:
    """Flag -> its false alarm rate on the probes held back, with the 95 % Wilson interval.

    Source
    ------
    corpora/probes/rates.json, made by ``python benchmarks/emotional/probes.py``.
    """
    text = (resources.files("convalign.corpora") / "probes" / "rates.json").read_text(encoding="utf-8")
    return {flag: Rate(**splits["held"]["false_alarms"]) for flag, splits in json.loads(text).items()}


def wilson(times: int, n: int, *, alpha: float) -> tuple[float, float]:
    """Wilson's interval of a share, level 1 - 2 alpha.

    Parameters
    ----------
    times, n : 0 <= times <= n, n >= 1
    alpha : 0 < alpha < .5

    Source
    ------
    Wilson 1927; Newcombe 1998, method 3.

    Examples
    --------
    >>> [round(x, 3) for x in wilson(0, 10, alpha=0.025)]
    [0.0, 0.278]
    """
    z2 = NormalDist().inv_cdf(1 - alpha) ** 2
    middle = (times + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (times * (n - times) / n + z2 / 4)) / (n + z2)
    return (middle - half if times else 0.0), (middle + half if times < n else 1.0)


def against(times: int, n: int, limit: float, *, alpha: float) -> tuple[Word, str]:
    """Whether a share lies below a limit, with its interval.

    Parameters
    ----------
    times, n : as in `wilson`
    limit : tolerated share and upper limit of the false alarm rate, 0..1

    Returns
    -------
    (word, clause). ``met``: the interval ends below the limit; ``unmet``: it begins above it; ``unknown``
    else, with the replies that would decide while the share stays as it is. An interval that touches the
    limit does not decide.

    Examples
    --------
    >>> against(1, 8, 0.1, alpha=0.05)
    ('unknown', 'about 390 replies would decide')
    """
    low, high = wilson(times, n, alpha=alpha)
    if high < limit or limit >= 1:
        return "met", "wholly below"
    if low > limit:
        return "unmet", "wholly above"
    # Wilson's interval ends at the limit where (share - limit)^2 = z^2 limit (1 - limit) / n.
    gap = times / n - limit
    z = NormalDist().inv_cdf(1 - alpha)
    if abs(gap) * math.sqrt(TOO_MANY) <= z * math.sqrt(limit * (1 - limit)):
        return "unknown", f"more than {TOO_MANY:,} replies would be needed"
    return "unknown", f"about {math.floor((z / gap) ** 2 * limit * (1 - limit)) + 1:,} replies would decide"
