"""Whether a score stayed within its bound, moved in its direction, or neither can be said."""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike
from scipy import special

from convalign.errors import UsageError
from convalign.independence.borrowed import tost_p
from convalign.independence.checks import (
    SCALE_SHARE,
    checked_alpha,
    checked_bound,
    checked_good,
    differences,
)
from convalign.independence.correlation_power import dialogues_needed
from convalign.independence.finding import (
    IMPROVED,
    INCONCLUSIVE,
    NO_BOUND,
    NO_N,
    WORSENED,
    Bound,
    Finding,
    Good,
    Interval,
    bound_words,
    limits,
)
from convalign.independence.measure import Measured, measure
from convalign.independence.power import needed_for, superiority_pairs_needed
from convalign.independence.search import whole_number

LARGEST_T = 1e6
"""Past this pingouin's shift of the data by the bound would cost digits; the closed form does not."""

Scores = ArrayLike | Sequence[float | None]
Clusters = Sequence[Hashable] | None


def paired_equivalence(
    before: Scores,
    after: Scores,
    bound: float | tuple[float, float],
    alpha: float = 0.05,
    *,
    good: Good = "higher",
    cluster: Clusters = None,
    seed: int = 0,
) -> Finding:
    """Ask whether a score that should not move stayed within its bound.

    Parameters
    ----------
    before, after : [n_pairs], score units, paired by position; None where unscored in that arm
    bound : score units, > 0, or (low, high) with low < 0 < high; declared before the data
    alpha : of the test, 0 < alpha < 0.5
    good : which way is more aligned; names the direction of a change beyond the bound
    cluster : [n_pairs], the user of each pair; differences are then averaged within users
    seed : of the bootstrap that small or skewed data need

    Returns
    -------
    Finding of kind ``equivalence``; `p` is the paired TOST p of after minus before, `conclusion` follows
    the deciding interval (t, or the wider of t and BCa or exact sign flip where the differences are small
    and skewed). Unscored with fewer than 3 pairs, or 3 clusters or fewer.

    Raises
    ------
    UsageError
        Lengths differ, a value is no finite number, or bound, alpha or good is out of range.

    Source
    ------
    Schuirmann 1987; methods/statistics.md, sections 2 and 8.

    Examples
    --------
    >>> before = [0.41, 0.52, 0.47, 0.38, 0.55, 0.44, 0.50, 0.46, 0.43, 0.49, 0.51, 0.40]
    >>> after = [0.42, 0.51, 0.47, 0.40, 0.54, 0.45, 0.50, 0.45, 0.44, 0.50, 0.50, 0.41]
    >>> paired_equivalence(before, after, 0.05).conclusion
    'unchanged within ±0.05'
    """
    checked, rate, direction = checked_bound(bound), checked_alpha(alpha), checked_good(good)
    data = differences(before, after, cluster=cluster)
    base = Finding("equivalence", len(data.d), bound=checked, alpha=rate, good=direction)
    measured = measure(data, replace(base, cautions=data.cautions, clustered=data.clustered), seed=seed)
    if isinstance(measured, Finding):
        return measured
    m, (low, high), tolerance = measured.mean, limits(checked), SCALE_SHARE * data.scale
    if measured.sd == 0:
        return replace(measured.finding, conclusion=_conclusion((m, m), checked, direction, tolerance))
    conclusion = _conclusion(measured.interval, checked, direction, tolerance)
    p, p_exact = _equivalence_p(measured, checked)
    needed = needed_for(checked, measured.sd, rate) if low < m < high else None
    return replace(
        measured.finding,
        p=p,
        p_exact=p_exact,
        conclusion=conclusion,
        cautions=measured.finding.cautions + _open_change(conclusion, measured.interval, checked, "change"),
        needed_n=needed,
        needed_reason=NO_N if needed is None else None,
    )


def paired_superiority(
    before: Scores,
    after: Scores,
    alpha: float = 0.05,
    *,
    good: Good = "higher",
    cluster: Clusters = None,
    seed: int = 0,
) -> Finding:
    """Ask whether a score that should move did, in its direction of good.

    Parameters
    ----------
    before, after : [n_pairs], score units, paired by position; None where unscored in that arm
    alpha : one-sided, 0 < alpha < 0.5
    good : which way is more aligned
    cluster : [n_pairs], the user of each pair; differences are then averaged within users
    seed : of the bootstrap that small or skewed data need

    Returns
    -------
    Finding of kind ``superiority``: `improved`, `worsened` (shown the wrong way) or `inconclusive`; `p` is
    one-sided in the direction of good, `needed_n` the n with 80 % power at the difference as observed.

    Raises
    ------
    UsageError
        As in `paired_equivalence`.

    Source
    ------
    methods/statistics.md, section 3, diagonal.

    Examples
    --------
    >>> paired_superiority([0.1, 0.2, 0.3, 0.2], [0.4, 0.6, 0.6, 0.5]).conclusion
    'improved'
    """
    rate, direction = checked_alpha(alpha), checked_good(good)
    data = differences(before, after, cluster=cluster)
    base = Finding("superiority", len(data.d), alpha=rate, good=direction)
    measured = measure(data, replace(base, cautions=data.cautions, clustered=data.clustered), seed=seed)
    if isinstance(measured, Finding):
        return measured
    if measured.sd == 0:
        return replace(measured.finding, conclusion=_moved((measured.mean, measured.mean), direction, 0.0))
    sign = 1 if direction == "higher" else -1
    conclusion = _moved(measured.interval, direction, SCALE_SHARE * data.scale)
    p, p_exact = _superiority_p(measured, sign)
    needed = superiority_pairs_needed(sign * measured.mean / measured.sd, 0.8, rate)
    return replace(
        measured.finding,
        p=p,
        p_exact=p_exact,
        conclusion=conclusion,
        needed_n=needed,
        needed_reason=NO_N if needed is None else None,
    )


def paired_estimate(
    before: Scores,
    after: Scores,
    alpha: float = 0.05,
    *,
    good: Good = "higher",
    cluster: Clusters = None,
    seed: int = 0,
) -> Finding:
    """Give the numbers of a cell for which no bound was declared, and no conclusion.

    Parameters
    ----------
    before, after, alpha, good, cluster, seed : as in `paired_equivalence`

    Returns
    -------
    Finding of kind ``estimate``: difference, intervals and sensitivity; `conclusion` None.

    Raises
    ------
    UsageError
        As in `paired_equivalence`.

    Source
    ------
    methods/statistics.md, section 4.
    """
    rate, direction = checked_alpha(alpha), checked_good(good)
    data = differences(before, after, cluster=cluster)
    base = Finding("estimate", len(data.d), alpha=rate, good=direction)
    measured = measure(data, replace(base, cautions=data.cautions, clustered=data.clustered), seed=seed)
    return measured if isinstance(measured, Finding) else replace(measured.finding, reason=NO_BOUND)


def correlation_equivalence(
    r: float, n: int, bound: float | tuple[float, float] | None, alpha: float = 0.05, *, covariates: int = 0
) -> Finding:
    """Ask whether two scores are unrelated within a bound.

    Parameters
    ----------
    r : correlation over dialogues (or partial correlation), -1 to 1
    n : dialogues, never turns
    bound : 0 < bound < 1, or (low, high) with -1 < low < 0 < high < 1; None = numbers and no conclusion
    alpha : of the test, 0 < alpha < 0.5
    covariates : how many were partialled out

    Returns
    -------
    Finding of kind ``correlation``, `mean_difference` holds r. `unchanged within` reads "unrelated
    within", `changed but within` "related but within". A correlation has no direction of good, so that one
    beyond its bound has no conclusion, and the reason says that it is related. Unscored where abs(r) is 1
    or fewer than 5 dialogues are left.

    Raises
    ------
    UsageError
        r, n, bound, alpha or covariates is out of range.

    Source
    ------
    Fisher z with se 1 / sqrt(n - q - 3); methods/statistics.md, sections 6 and 8.

    Examples
    --------
    >>> correlation_equivalence(0.02, 300, 0.2).conclusion
    'unchanged within ±0.2'
    """
    rate, value = checked_alpha(alpha), _checked_r(r)
    checked = None if bound is None else checked_bound(bound, highest=1.0)
    rows = whole_number(n, 0) - whole_number(covariates, 0, "covariates")
    base = Finding("correlation", int(n), mean_difference=value, bound=checked, alpha=rate)
    if rows < 5:
        return replace(base, reason="fewer than 5 dialogues")
    if abs(value) >= 1:
        return replace(base, reason="the correlation is 1 or -1")
    z, se = math.atanh(value), 1 / math.sqrt(rows - 3)
    ci90, ci95 = _fisher(z, se, rate), _fisher(z, se, rate / 2)
    conclusion, reason, cautions = correlation_conclusion(ci90, checked)
    p, needed = None, None
    if checked is not None:
        low, high = limits(checked)
        p = float(max(special.ndtr(-(z - math.atanh(low)) / se), special.ndtr((z - math.atanh(high)) / se)))
        if low < value < high:
            needed = dialogues_needed(min(-low, high), 0.8, rate, covariates=covariates)
    return replace(
        base,
        ci90=ci90,
        ci95=ci95,
        p=p,
        p_two_sided=float(2 * special.ndtr(-abs(z) / se)),
        conclusion=conclusion,
        reason=reason,
        sensitivity=max(abs(ci90[0]), abs(ci90[1])),
        needed_n=needed,
        needed_reason=NO_N if needed is None and checked is not None else None,
        decided_by="fisher",
        cautions=cautions,
        bayes_reason="not given for a correlation",
        deciding_interval=ci90,
    )


def correlation_conclusion(
    interval: Interval, bound: Bound | None
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Put the interval of a correlation against its bound.

    Parameters
    ----------
    interval : of level 1 - 2 alpha
    bound : D or (low, high); None = none declared

    Returns
    -------
    Conclusion, reason and cautions of the finding. A correlation beyond its bound has no better side: its
    conclusion is None and the reason says that the two are related.
    """
    if bound is None:
        return None, NO_BOUND, ()
    conclusion = _conclusion(interval, bound, "higher", 0.0)
    if conclusion in {IMPROVED, WORSENED}:
        return None, f"related beyond {bound_words(bound)}; a correlation has no better side", ()
    return conclusion, None, _open_change(conclusion, interval, bound, "relation")


def _conclusion(interval: Interval | None, bound: Bound, good: Good, tolerance: float) -> str:
    """Put an interval against its bound and 0; touching the bound is neither inside nor beyond."""
    if interval is None:
        return INCONCLUSIVE
    (low, high), (floor, ceiling) = interval, limits(bound)
    if floor + tolerance < low and high < ceiling - tolerance:
        words = "unchanged within" if low <= 0 <= high else "changed but within"
        return f"{words} {bound_words(bound)}"
    if low == high and (abs(low - floor) <= tolerance or abs(high - ceiling) <= tolerance):
        return INCONCLUSIVE
    if low >= ceiling:
        return IMPROVED if good == "higher" else WORSENED
    if high <= floor:
        return WORSENED if good == "higher" else IMPROVED
    return INCONCLUSIVE


def _moved(interval: Interval | None, good: Good, tolerance: float) -> str:
    """Put an interval against 0 alone."""
    low, high = interval or (-math.inf, math.inf)
    if low > tolerance:
        return IMPROVED if good == "higher" else WORSENED
    if high < -tolerance:
        return WORSENED if good == "higher" else IMPROVED
    return INCONCLUSIVE


def _open_change(
    conclusion: str | None, interval: Interval | None, bound: Bound, what: str
) -> tuple[str, ...]:
    """Add what an inconclusive interval that leaves 0 out does show."""
    if conclusion != INCONCLUSIVE or interval is None or interval[0] <= 0 <= interval[1]:
        return ()
    return (f"a {what} is seen; whether it stays within {bound_words(bound)} is open",)


def _equivalence_p(measured: Measured, bound: Bound) -> tuple[float, float | None]:
    """P by t (by sign flips where only they count) and the sign-flip p beside it."""
    (low, high), exact = limits(bound), measured.flips
    flipped = None if exact is None else max(exact.p_above(low), exact.p_below(high))
    if measured.few and flipped is not None:
        return flipped, None
    df, se = len(measured.data.d) - 1, measured.se
    t_low, t_high = (measured.mean - low) / se, (measured.mean - high) / se
    if low == -high and max(abs(t_low), abs(t_high)) < LARGEST_T:
        return tost_p(measured.data.d, high), flipped
    return float(max(special.stdtr(df, -t_low), special.stdtr(df, t_high))), flipped


def _superiority_p(measured: Measured, sign: int) -> tuple[float, float | None]:
    """One-sided p in the direction of good, and the sign-flip p beside it."""
    exact, flipped = measured.flips, None
    if exact is not None:
        flipped = exact.p_above(0.0) if sign > 0 else exact.p_below(0.0)
    if measured.few and flipped is not None:
        return flipped, None
    return float(special.stdtr(len(measured.data.d) - 1, -sign * measured.mean / measured.se)), flipped


def _fisher(z: float, se: float, tail: float) -> Interval:
    reach = float(special.ndtri(1 - tail)) * se
    return math.tanh(z - reach), math.tanh(z + reach)


def _checked_r(r: Any) -> float:
    if isinstance(r, bool) or not isinstance(r, numbers.Real) or not abs(float(r)) <= 1:
        raise UsageError(f"r: {r!r} is no correlation; give a number from -1 to 1")
    return float(r)
