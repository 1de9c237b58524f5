"""Paired differences described before anything is decided: mean, spread, and the interval that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from convalign.independence.bayes import jzs_bf01
from convalign.independence.bootstrap import MOST_FLIPPED, Flips, bca_mean, flips
from convalign.independence.checks import SCALE_SHARE, Differences
from convalign.independence.finding import IDENTICAL, NO_VARIANCE, Finding, Interval

FEW_CLUSTERS = 10
FEWEST_CLUSTERS = 4
FEWEST_PAIRS = 3
SMALL_N = 30
LARGEST_SKEW = 1.0
FAR_MADS = 6.0

Decider = Literal["t", "bca", "exact"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the differences say before a question is put to them.

    Attributes
    ----------
    data : the differences
    mean, sd, se : score units; sd and se are 0 where nothing varies
    interval : deciding interval of level 1 - 2 alpha; None where none can be given
    flips : the exact test where it was run, else None
    few : fewer than 10 clusters: the exact test alone counts
    finding : with everything filled in but the decision
    """

    data: Differences
    mean: float
    sd: float
    se: float
    interval: Interval | None
    flips: Flips | None
    few: bool
    finding: Finding


def measure(data: Differences, base: Finding, *, seed: int) -> Measured | Finding:
    """Describe paired differences and choose the interval that a decision may rest on.

    Parameters
    ----------
    data : from `checks.differences`
    base : the finding to fill; its alpha sets the levels
    seed : of the bootstrap

    Returns
    -------
    Measured, or an unscored Finding where there are too few units.

    Source
    ------
    methods/statistics.md, sections 1 and 2.
    """
    n = len(data.d)
    if data.clustered and n < FEWEST_CLUSTERS:
        return replace(base, reason="3 clusters or fewer")
    if n < FEWEST_PAIRS:
        return replace(base, reason="fewer than 3 pairs")
    mean = float(np.mean(data.d))
    sd = _sd(data.d, mean)
    if data.identical or sd <= SCALE_SHARE * data.scale:
        return _constant(data, 0.0 if data.identical or abs(mean) <= SCALE_SHARE * data.scale else mean, base)
    if data.clustered and n < FEW_CLUSTERS:
        return _exact_only(data, mean, sd, base)
    se = sd / math.sqrt(n)
    ci90 = _student(mean, se, n, base.alpha)
    interval, by, exact, said = _deciding(data, ci90, base.alpha, seed)
    factor, factor_reason = jzs_bf01(mean / se, n)
    finding = replace(
        base,
        mean_difference=mean,
        ci90=ci90,
        ci95=_student(mean, se, n, base.alpha / 2),
        sd=sd,
        dz=mean / sd,
        p_two_sided=float(2 * special.stdtr(n - 1, -abs(mean) / se)),
        sensitivity=_widest(interval),
        decided_by=by,
        cautions=(*base.cautions, *said),
        bayes_factor01=factor,
        bayes_reason=factor_reason,
        deciding_interval=interval,
    )
    return Measured(data, mean, sd, se, interval, exact, False, finding)


def _constant(data: Differences, mean: float, base: Finding) -> Measured:
    """Nothing varies: a fact about these inputs, from which nothing is inferred."""
    finding = replace(
        base,
        mean_difference=mean,
        sd=0.0,
        reason=IDENTICAL if data.identical else NO_VARIANCE,
        sensitivity=abs(mean),
        needed_reason=NO_VARIANCE,
        decided_by="identical",
        by_construction=data.identical,
        bayes_reason=NO_VARIANCE,
    )
    return Measured(data, mean, 0.0, 0.0, None, None, False, finding)


def _exact_only(data: Differences, mean: float, sd: float, base: Finding) -> Measured:
    """Few clusters: the t curve is not to be trusted, sign flips are."""
    exact = flips(data.d, data.scale)
    interval = exact.interval(base.alpha)
    cautions = [*base.cautions, f"{len(data.d)} clusters, fewer than 10: exact sign-flip test only"]
    if interval is None:
        cautions.append(_no_interval(len(data.d), base.alpha))
    finding = replace(
        base,
        mean_difference=mean,
        ci90=interval,
        ci95=exact.interval(base.alpha / 2),
        sd=sd,
        dz=mean / sd,
        p_two_sided=min(1.0, 2 * min(exact.p_above(0.0), exact.p_below(0.0))),
        sensitivity=_widest(interval),
        decided_by="exact",
        cautions=tuple(cautions),
        bayes_reason="not given below 10 clusters",
        deciding_interval=interval,
    )
    return Measured(data, mean, sd, sd / math.sqrt(len(data.d)), interval, exact, True, finding)


def _deciding(
    data: Differences, ci90: Interval, alpha: float, seed: int
) -> tuple[Interval, Decider, Flips | None, list[str]]:
    """Choose the wider of t and a second interval where the differences are small and skewed."""
    odd = _odd(data.d)
    if odd is None:
        return ci90, "t", None, []
    exact = flips(data.d, data.scale) if len(data.d) <= MOST_FLIPPED else None
    other = None if exact is None else exact.interval(alpha)
    by: Decider = "exact"
    name, said = "exact sign-flip", []
    if other is None:
        made = bca_mean(data.d, alpha, seed)
        other, by = made.interval, "bca"
        name = "BCa" if made.how == "bca" else "bootstrap"
        said = [made.reason] if made.reason else []
    if other is not None and _width(other) > _width(ci90):
        return other, by, exact, [f"{odd}: the {name} interval is wider than t and decides", *said]
    return ci90, "t", exact, [f"{odd}: the t interval is not narrower than the {name} one and decides", *said]


def _odd(d: NDArray[np.float64]) -> str | None:
    """Say why t alone may mislead: few skewed differences, or one far out."""
    centred = d - np.mean(d)
    unit = centred / np.max(np.abs(centred))
    skew = float(np.mean(unit**3) / np.mean(unit**2) ** 1.5)
    if len(d) < SMALL_N and abs(skew) > LARGEST_SKEW:
        return f"fewer than {SMALL_N} differences, skewness {skew:.2g}"
    off = np.abs(d - np.median(d))
    if np.any(off > FAR_MADS * np.median(off)):
        return f"a difference lies beyond {FAR_MADS:g} median absolute deviations"
    return None


def _no_interval(n: int, alpha: float) -> str:
    return f"{n} units are too few for a sign-flip test at alpha {alpha:g}"


def _sd(d: NDArray[np.float64], mean: float) -> float:
    """Standard deviation (n - 1) without squaring numbers that may be tiny."""
    centred = d - mean
    largest = float(np.max(np.abs(centred)))
    if largest == 0:
        return 0.0
    return largest * math.sqrt(float(np.sum((centred / largest) ** 2)) / (len(d) - 1))


def _student(mean: float, se: float, n: int, tail: float) -> Interval:
    reach = float(special.stdtrit(n - 1, 1 - tail)) * se
    return mean - reach, mean + reach


def _width(interval: Interval) -> float:
    return interval[1] - interval[0]


def _widest(interval: Interval | None) -> float | None:
    return None if interval is None else max(abs(interval[0]), abs(interval[1]))
