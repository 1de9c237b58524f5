"""Right and wrong answers before and after: whether knowledge was lost, or is intact within a bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from scipy import special, stats

from convalign.errors import UsageError
from convalign.independence.checks import checked_alpha
from convalign.independence.finding import INCONCLUSIVE, Interval, plain

INTACT = "intact"
LOST = "lost"
FEWEST_QUESTIONS = 5


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Paired answers to the same questions.

    Attributes
    ----------
    n : questions answered in both arms, 0 or more
    right_before, right_after : how many of them were right
    lost, gained : questions that went from right to wrong, and from wrong to right
    change : (gained - lost) / n, a difference of shares, -1 to 1; None when unscored
    ci90, ci95 : adjusted Wald intervals of the change, level 1 - 2 alpha and 1 - alpha
    p : exact McNemar, two-sided; 1 where no answer changed
    bound : share that may be lost before knowledge counts as touched, 0 to 1; None = none declared
    conclusion : ``intact`` (the lower limit of ci90 lies above minus the bound), ``lost`` (p < alpha, more
        lost than gained, not intact), ``inconclusive``; None when unscored
    reason : why it is unscored
    dropped : questions without an answer in one of the arms
    """

    n: int
    right_before: int = 0
    right_after: int = 0
    lost: int = 0
    gained: int = 0
    change: float | None = None
    ci90: Interval | None = None
    ci95: Interval | None = None
    p: float | None = None
    bound: float | None = None
    conclusion: str | None = None
    reason: str | None = None
    dropped: int = 0

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def mcnemar_p(lost: int, gained: int) -> float:
    """Test whether as many answers were lost as gained.

    Parameters
    ----------
    lost, gained : discordant pairs, 0 or more

    Returns
    -------
    Exact two-sided p, at most 1; 1 without discordant pairs.

    Source
    ------
    McNemar 1947, exact form: min(1, 2 sum_{i <= min} C(lost + gained, i) / 2^(lost + gained)).

    Examples
    --------
    >>> mcnemar_p(1, 5)
    0.21875
    """
    total = lost + gained
    return min(1.0, 2 * float(stats.binom.cdf(min(lost, gained), total, 0.5))) if total else 1.0


def paired_share_interval(lost: int, gained: int, n: int, tail: float) -> Interval:
    """Bound the change of a share over the same questions.

    Parameters
    ----------
    lost, gained : discordant pairs
    n : pairs, lost + gained or more
    tail : probability outside on either side

    Returns
    -------
    (low, high), cut at -1 and 1.

    Source
    ------
    Adjusted Wald interval of Bonett and Price 2012: (gained + 1) / (n + 2) and (lost + 1) / (n + 2) take
    the place of the shares.
    """
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    se = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    reach = float(special.ndtri(1 - tail)) * se
    return max(-1.0, up - down - reach), min(1.0, up - down + reach)


def knowledge_change(
    before: Sequence[bool | None],
    after: Sequence[bool | None],
    bound: float | None,
    alpha: float = 0.05,
) -> Knowledge:
    """Ask whether what was known before is known after.

    Parameters
    ----------
    before, after : [n_questions] whether the answer was right; None = no answer
    bound : share that may be lost, 0 < bound < 1; None = numbers and no conclusion
    alpha : of the tests

    Returns
    -------
    Knowledge; unscored under 5 questions answered in both arms.

    Raises
    ------
    UsageError
        Lengths differ, or bound or alpha is out of range.

    Source
    ------
    methods/statistics.md, section 9 (regression).

    Examples
    --------
    >>> knowledge_change([True] * 60 + [False] * 40, [True] * 59 + [False] * 41, 0.05).conclusion
    'intact'
    """
    rate = checked_alpha(alpha)
    if len(before) != len(after):
        raise UsageError(f"before has {len(before)} answers, after has {len(after)}; give pairs")
    if bound is not None and not 0 < bound < 1:
        raise UsageError(f"bound: {bound!r} is no share; give a number between 0 and 1, such as 0.05")
    pairs = [(b, a) for b, a in zip(before, after, strict=True) if b is not None and a is not None]
    n = len(pairs)
    base = Knowledge(n, bound=bound, dropped=len(before) - n)
    if n < FEWEST_QUESTIONS:
        return replace(base, reason=f"fewer than {FEWEST_QUESTIONS} questions answered in both arms")
    lost = sum(b and not a for b, a in pairs)
    gained = sum(a and not b for b, a in pairs)
    p = mcnemar_p(lost, gained)
    ci90 = paired_share_interval(lost, gained, n, rate)
    conclusion: str | None = INCONCLUSIVE
    if bound is None:
        conclusion = None
    elif ci90[0] > -bound:
        conclusion = INTACT
    elif p < rate and lost > gained:
        conclusion = LOST
    return replace(
        base,
        right_before=sum(bool(b) for b, _ in pairs),
        right_after=sum(bool(a) for _, a in pairs),
        lost=lost,
        gained=gained,
        change=(gained - lost) / n,
        ci90=ci90,
        ci95=paired_share_interval(lost, gained, n, rate / 2),
        p=p,
        conclusion=conclusion,
        reason=None if bound is not None else "no bound declared for knowledge",
    )


def wilson(count: int, n: int, level: float = 0.90) -> Interval | None:
    """Bound a share.

    Parameters
    ----------
    count : 0 to n
    n : 0 or more
    level : of the two-sided interval

    Returns
    -------
    (low, high), 0 to 1; None for n = 0.

    Source
    ------
    Wilson 1927.

    Examples
    --------
    >>> tuple(round(limit, 4) for limit in wilson(8, 10, 0.95))
    (0.4902, 0.9433)
    """
    if n == 0:
        return None
    z2 = float(special.ndtri((1 + level) / 2)) ** 2
    middle = (count + z2 / 2) / (n + z2)
    reach = math.sqrt(z2 * (count * (n - count) / n + z2 / 4)) / (n + z2)
    return max(0.0, middle - reach), min(1.0, middle + reach)
