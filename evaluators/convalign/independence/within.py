"""Whether two turn series go together inside dialogues: trends removed, the dialogue as the unit."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from convalign.errors import UsageError
from convalign.independence.bootstrap import bca
from convalign.independence.checks import checked_alpha, checked_bound
from convalign.independence.equivalence import correlation_conclusion
from convalign.independence.finding import NO_N, Bound, Finding, Interval, limits
from convalign.independence.relation import Relation, Series
from convalign.independence.search import whole_number

FEWEST_DIALOGUES = 3
FEWEST_TURNS = 3
FEWEST_FOR_P = 6
FLIPS = 1999
MOST_FLIPPED = 14
"""Up to 2^14 patterns of signs are all looked at; beyond, `FLIPS` random ones."""


def within_dialogues(
    x: Series,
    y: Series,
    bound: float | tuple[float, float] | None,
    alpha: float = 0.05,
    *,
    cluster: Sequence[Hashable] | None = None,
    seed: int = 0,
    bootstrap: int = 2000,
) -> Relation:
    """Ask whether two turn series go together inside dialogues, slow drift removed.

    Parameters
    ----------
    x, y : [n_dialogues][n_turns], the two series of every dialogue in step; None where unscored
    bound : 0 < bound < 1, or (low, high); None = no conclusion
    alpha : of the tests
    cluster : [n_dialogues], whose each dialogue is: whole users are then flipped, drawn and left out
    seed : of flips and bootstrap
    bootstrap : replicates

    Returns
    -------
    Relation. A straight line over the turns is taken out of both series of every dialogue; r pools the
    products of what is left. Its interval is the wider of Fisher's z with a standard error from leaving out
    one dialogue at a time, by Student's t, and a BCa bootstrap of dialogues. Unscored when a series
    is constant within every dialogue, or under 3 dialogues are left.

    Raises
    ------
    UsageError
        The series are not in step, or an option is out of range.

    Source
    ------
    Bland and Altman 1995 (repeated measures), with lines removed; methods/statistics.md, section 6.
    """
    rate = checked_alpha(alpha)
    checked = None if bound is None else checked_bound(bound, highest=1.0)
    whole_number(bootstrap, 100, "bootstrap")
    if len(x) != len(y) or any(len(a) != len(b) for a, b in zip(x, y, strict=True)):
        raise UsageError("x and y: give both series of every dialogue, turn by turn")
    if cluster is not None and len(cluster) != len(x):
        raise UsageError(f"cluster has {len(cluster)} names; give one name per dialogue, {len(x)}")
    dropped: dict[str, int] = {}
    units: list[Hashable] = []
    sums, plain_sums, turns = [], [], 0
    for place, (one, other) in enumerate(zip(x, y, strict=True)):
        rows = [
            (k, float(a), float(b))
            for k, (a, b) in enumerate(zip(one, other, strict=True))
            if a is not None and b is not None
        ]
        if len(rows) < FEWEST_TURNS:
            why = f"fewer than {FEWEST_TURNS} turns with both scores"
            dropped[why] = dropped.get(why, 0) + 1
            continue
        table = np.array(rows)
        sums.append(_products(*(_without_line(table[:, 0], table[:, c]) for c in (1, 2))))
        plain_sums.append(_products(*(table[:, c] - table[:, c].mean() for c in (1, 2))))
        units.append(place if cluster is None else cluster[place])
        turns += len(rows)
    n = len(set(units))
    base = Finding("correlation", n, bound=checked, alpha=rate, clustered=cluster is not None)
    left = tuple(sorted(dropped.items()))
    if n < FEWEST_DIALOGUES:
        what = "dialogues" if cluster is None else "clusters"
        why = f"fewer than {FEWEST_DIALOGUES} {what} with {FEWEST_TURNS} turns or more"
        return Relation("within", replace(base, reason=why), turns=turns, dropped=left)
    s = _by_unit(np.array(sums), units)
    raw = np.array(plain_sums).sum(axis=0)
    if raw[1] <= 0 or raw[2] <= 0:
        why = "one of the scores does not vary within any dialogue"
        return Relation("within", replace(base, reason=why), turns=turns, dropped=left)
    whole = s.sum(axis=0)
    if whole[1] <= 1e-12 * raw[1] or whole[2] <= 1e-12 * raw[2]:
        why = "within dialogues nothing but a trend varies"
        return Relation("within", replace(base, reason=why), turns=turns, dropped=left)
    plain_r = (float(raw[0] / math.sqrt(raw[1] * raw[2])), turns - len(s) - 1)
    r = _pooled(whole)
    if abs(r) >= 1 - 1e-12:
        why = "the correlation is 1 or -1"
        return Relation(
            "within", replace(base, mean_difference=r, reason=why), None, plain_r, None, turns, left
        )
    finding = _clustered(s, r, base, seed, bootstrap)
    return Relation("within", finding, _flip_p(s, seed), plain_r, None, turns, left)


def _by_unit(s: NDArray[np.float64], units: list[Hashable]) -> NDArray[np.float64]:
    """Products added up within units, in order of first appearance."""
    places = {unit: k for k, unit in enumerate(dict.fromkeys(units))}
    made = np.zeros((len(places), s.shape[1]))
    np.add.at(made, [places[unit] for unit in units], s)
    return made


def _without_line(t: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of a series when its straight line over the turns is taken out."""
    centred, away = t - t.mean(), v - v.mean()
    left: NDArray[np.float64] = away - (centred @ away) / (centred @ centred) * centred
    tiny = 1e-12 * max(1e-300, float(np.max(np.abs(v))))
    return np.where(np.abs(left) <= tiny, 0.0, left)


def _products(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(x @ y), float(x @ x), float(y @ y)


def _pooled(s: NDArray[np.float64]) -> float:
    return float(np.clip(s[0] / math.sqrt(s[1] * s[2]), -1, 1))


def _flip_p(s: NDArray[np.float64], seed: int) -> float | None:
    """Two-sided: the sign of a dialogue's cross product is as likely one as the other without a link."""
    if len(s) < FEWEST_FOR_P:
        return None
    if len(s) <= MOST_FLIPPED:
        k = np.arange(2 ** len(s))
        signs = 1.0 - 2.0 * ((k[:, None] >> np.arange(len(s))) & 1)
        extra = 0
    else:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), (FLIPS, len(s)))
        extra = 1
    reached = int(np.sum(np.abs(signs @ s[:, 0]) >= abs(s[:, 0].sum()) * (1 - 1e-12)))
    return (extra + reached) / (extra + len(signs))


def _clustered(s: NDArray[np.float64], r: float, base: Finding, seed: int, bootstrap: int) -> Finding:
    """Interval and conclusion of a pooled r, with the dialogue as the unit."""
    n, z, rate = len(s), math.atanh(r), base.alpha
    left_sums = s.sum(axis=0) - s
    product = left_sums[:, 1] * left_sums[:, 2]
    left = np.divide(left_sums[:, 0], np.sqrt(np.maximum(product, 1e-300)))
    left = np.arctanh(np.clip(left, -1 + 1e-12, 1 - 1e-12))
    se = math.sqrt((n - 1) / n * float(np.sum((left - left.mean()) ** 2)))
    if se == 0:
        return replace(base, mean_difference=r, reason="leaving a dialogue out changes nothing")
    ci90, ci95 = (_student_z(z, se, n - 1, tail) for tail in (rate, rate / 2))
    deciding = ci90
    by: Literal["jackknife", "bca"] = "jackknife"
    places = np.random.default_rng(seed).integers(0, n, (bootstrap, n))
    drawn = s[places].sum(axis=1)
    product = drawn[:, 1] * drawn[:, 2]
    usable = product > 0
    replicates = np.arctanh(np.clip(drawn[usable, 0] / np.sqrt(product[usable]), -1 + 1e-12, 1 - 1e-12))
    made = bca(z, replicates, left, rate) if len(replicates) > 0.95 * bootstrap else None
    if made is not None and made.interval is not None:
        other = (math.tanh(made.interval[0]), math.tanh(made.interval[1]))
        if other[1] - other[0] > ci90[1] - ci90[0]:
            deciding, by = other, "bca"
    p = None
    if base.bound is not None:
        low, high = limits(base.bound)
        df = n - 1
        p = float(
            max(
                special.stdtr(df, -(z - math.atanh(low)) / se),
                special.stdtr(df, (z - math.atanh(high)) / se),
            )
        )
    conclusion, reason, cautions = correlation_conclusion(deciding, base.bound)
    needed = _needed(z, se, n, base.bound, rate)
    return replace(
        base,
        mean_difference=r,
        ci90=ci90,
        ci95=ci95,
        p=p,
        p_two_sided=float(2 * special.stdtr(n - 1, -abs(z) / se)),
        conclusion=conclusion,
        reason=reason,
        sensitivity=max(abs(deciding[0]), abs(deciding[1])),
        needed_n=needed,
        needed_reason=NO_N if needed is None and base.bound is not None else None,
        decided_by=by,
        cautions=cautions,
        bayes_reason="not given for a correlation",
        deciding_interval=deciding,
    )


def _student_z(z: float, se: float, df: int, tail: float) -> Interval:
    reach = float(special.stdtrit(df, 1 - tail)) * se
    return math.tanh(z - reach), math.tanh(z + reach)


def _needed(z: float, se: float, n: int, bound: Bound | None, alpha: float) -> int | None:
    """Dialogues for 80 % power at a true r of 0, from the error observed; None when no n will do."""
    if bound is None:
        return None
    low, high = limits(bound)
    if not math.atanh(low) < z < math.atanh(high):
        return None
    room = math.atanh(min(-low, high))
    reach = float(special.ndtri(1 - alpha)) + float(special.ndtri(0.9))
    return math.ceil((reach * se * math.sqrt(n) / room) ** 2)
