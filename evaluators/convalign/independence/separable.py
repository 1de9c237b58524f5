"""Whether the scorers can be told apart: reliability, and agreement within against across dimensions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from convalign.errors import UsageError
from convalign.independence.checks import checked_alpha
from convalign.independence.finding import plain
from convalign.independence.traits import htmt

RELIABLE = 0.7
UNRELIABLE = 0.4
SAME = 0.85
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far two halves of a dialogue tell the same.

    Attributes
    ----------
    value : odd-even correlation over dialogues, stepped up to full length, at most 1; None with `reason`
    n : dialogues with both halves
    reason : why there is none
    """

    value: float | None
    n: int
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class Traits:
    """Indicators of all dimensions against each other.

    Attributes
    ----------
    names : indicators, ``dimension.metric``, in the order of the table
    n : dialogues scored on all of them (clusters count as given)
    correlations : [n_indicators, n_indicators]; None where n is too small
    htmt : ``a~b`` -> value, upper (one-sided, level 1 - alpha), interpretable, reason; not interpretable
        where the indicators of a dimension correlate less than .3 on average, or may do so by sampling
    conditions : the counts of Campbell and Fiske that can be checked: what, held, of, failed (names)
    notes : what could not be checked, and why
    """

    names: tuple[str, ...]
    n: int
    correlations: tuple[tuple[float, ...], ...] | None
    htmt: Mapping[str, Mapping[str, Any]]
    conditions: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def split_half(halves: Sequence[tuple[float | None, float | None]]) -> Reliability:
    """Step up the correlation of odd and even turns to the length of a dialogue.

    Parameters
    ----------
    halves : [n_dialogues] mean over the odd, and over the even turns; None for a half without a score

    Returns
    -------
    Reliability: 2 r / (1 + r), Spearman 1910 and Brown 1910; a negative r as it is.

    Examples
    --------
    >>> pairs = [(float(k), k + 0.5 * (-1) ** k) for k in range(12)]
    >>> round(split_half(pairs).value, 3)
    0.995
    """
    table = np.array([[a, b] for a, b in halves if a is not None and b is not None], dtype=np.float64)
    n = len(table)
    if n < FEWEST:
        return Reliability(None, n, f"fewer than {FEWEST} dialogues have two halves")
    if np.any(np.ptp(table, axis=0) == 0):
        return Reliability(None, n, "a half does not vary")
    r = float(np.atleast_2d(np.corrcoef(table.T))[0, 1])
    return Reliability(2 * r / (1 + r) if r > 0 else r, n, None)


def compare_traits(
    columns: Mapping[str, Mapping[str, Sequence[float | None]]],
    alpha: float = 0.05,
    *,
    cluster: Sequence[Hashable] | None = None,
    bootstrap: int = 2000,
    seed: int = 0,
) -> Traits:
    """Compare what agrees within a dimension with what agrees across.

    Parameters
    ----------
    columns : dimension -> indicator -> [n_dialogues]; None where unscored. Two indicators or more, by
        different routes, make a dimension comparable
    alpha : of the tests
    cluster : [n_dialogues], whose each dialogue is; indicators are averaged within users first
    bootstrap : draws of dialogues (users) for the upper limit of the ratio
    seed : of the draws

    Returns
    -------
    Traits. No indicator measures two dimensions by one method, so that of the four conditions of Campbell
    and Fiske two can be checked: indicators of one dimension correlate above 0, and more than either does
    with indicators of other dimensions.

    Raises
    ------
    UsageError
        Columns of different length.

    Source
    ------
    Campbell and Fiske 1959; Henseler et al. 2015; methods/statistics.md, section 7.
    """
    rate = checked_alpha(alpha)
    notes = [
        f"{name} has a single indicator: only the perturbation test speaks for it"
        for name, some in columns.items()
        if len(some) < 2
    ]
    used = {name: dict(some) for name, some in columns.items() if some}
    flat = [(name, metric) for name, some in used.items() for metric in some]
    names = tuple(f"{name}.{metric}" for name, metric in flat)
    if not flat:
        return Traits((), 0, None, {}, (), (*notes, "no dimension has an indicator that is scored"))
    lengths = {len(used[name][metric]) for name, metric in flat}
    if len(lengths) > 1:
        raise UsageError(f"indicators have {sorted(lengths)} values; give one per dialogue for each")
    rows = [[used[name][metric][k] for name, metric in flat] for k in range(lengths.pop())]
    kept = [k for k, row in enumerate(rows) if None not in row]
    table = np.array([rows[k] for k in kept], dtype=np.float64).reshape(-1, len(flat))
    if cluster is not None:
        groups: dict[Hashable, list[int]] = {}
        for place, k in enumerate(kept):
            groups.setdefault(cluster[k], []).append(place)
        table = np.array([table[some].mean(axis=0) for some in groups.values()]).reshape(-1, len(flat))
    n = len(table)
    if n < FEWEST or np.any(np.ptp(table, axis=0) == 0):
        flatline = [name for name, column in zip(names, table.T, strict=True) if n and np.ptp(column) == 0]
        why = (
            f"{', '.join(flatline)} does not vary"
            if flatline and n >= FEWEST
            else f"{n} dialogues are too few"
        )
        return Traits(names, n, None, {}, (), (*notes, f"indicators were not compared: {why}"))
    r = np.atleast_2d(np.corrcoef(table.T))
    blocks = {name: [k for k, (d, _) in enumerate(flat) if d == name] for name in used}
    ratios = _ratios(table, r, blocks, rate, bootstrap, seed) if len(blocks) > 1 else {}
    conditions = _conditions(r, n, blocks, names, rate)
    if conditions:
        notes.append("no two dimensions share a method, so conditions 3 and 4 cannot be checked")
    return Traits(
        names, n, tuple(tuple(float(v) for v in row) for row in r), ratios, conditions, tuple(notes)
    )


def _ratios(
    table: NDArray[np.float64],
    r: NDArray[np.float64],
    blocks: Mapping[str, list[int]],
    alpha: float,
    bootstrap: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """HTMT of every pair of dimensions with its upper limit over dialogues."""
    places = np.random.default_rng(seed).integers(0, len(table), (bootstrap, len(table)))
    drawn: dict[str, list[float]] = {}
    weak: Counter[str] = Counter()
    for one in places:
        sample = table[one]
        if np.any(np.ptp(sample, axis=0) == 0):
            continue
        for pair, made in htmt(np.corrcoef(sample.T), blocks).items():
            weak[pair] += not made.interpretable
            if made.value is not None:
                drawn.setdefault(pair, []).append(made.value)
    result = {}
    for pair, made in htmt(r, blocks).items():
        values = drawn.get(pair, [])
        upper = float(np.quantile(values, 1 - alpha)) if len(values) > 0.95 * bootstrap else None
        result[pair] = made.record() | {"upper": upper}
        # A denominator that sampling alone can bring near 0 makes the upper limit arbitrary.
        if made.interpretable and weak[pair] > alpha * bootstrap:
            why = f"with {len(table)} dialogues indicators of a dimension may correlate less than .3"
            result[pair] |= {"interpretable": False, "reason": why}
    return result


def _conditions(
    r: NDArray[np.float64],
    n: int,
    blocks: Mapping[str, list[int]],
    names: Sequence[str],
    alpha: float,
) -> tuple[dict[str, Any], ...]:
    """Conditions 1 and 2 of Campbell and Fiske, counted."""
    least = float(stats.t.isf(alpha, n - 2))
    least = least / math.sqrt(n - 2 + least**2)
    convergent: list[tuple[str, bool]] = []
    discriminant: list[tuple[str, bool]] = []
    for members in blocks.values():
        others = [k for k in range(len(r)) if k not in members]
        for i, j in combinations(members, 2):
            label = f"{names[i]} ~ {names[j]}"
            convergent.append((label, bool(r[i, j] > least)))
            for k in others:
                across = max(abs(r[i, k]), abs(r[j, k]))
                discriminant.append((f"{label} against {names[k]}", bool(r[i, j] > across)))
    found = []
    for what, checks in (
        ("indicators of one dimension correlate above 0", convergent),
        ("and more than either does with an indicator of another dimension", discriminant),
    ):
        if checks:
            failed = [label for label, held in checks if not held]
            found.append(
                {"what": what, "held": len(checks) - len(failed), "of": len(checks), "failed": failed}
            )
    return tuple(found)


def separated(ratio: Mapping[str, Any]) -> bool | None:
    """Read one HTMT record.

    Parameters
    ----------
    ratio : of `Traits.htmt`

    Returns
    -------
    True: the upper limit lies below .85; False: it does not; None: the ratio may not be interpreted.
    """
    if not ratio["interpretable"] or ratio["upper"] is None:
        return None
    return bool(ratio["upper"] < SAME)
