"""Whether two scores go together between dialogues, and how a relation is recorded."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import stats

from convalign.errors import UsageError
from convalign.independence.checks import checked_alpha, checked_bound
from convalign.independence.equivalence import correlation_equivalence
from convalign.independence.finding import Finding, plain

MOST_SKEW = 1.0

Series = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Relation:
    """One pair of dimensions, at one level.

    Attributes
    ----------
    level : ``within`` or ``between`` dialogues
    finding : of kind ``correlation``; n counts dialogues (clusters); `p` of equivalence
    p_flip : within: chance of an r as large when every dialogue's sign is drawn at random
    plain : within: r without removing trends, and its number of degrees of freedom, for comparison only
    rank : between: Spearman's r, where one of the scores is skewed
    turns : within: turns that count
    dropped : dialogues left out, by reason
    covariates : between: what was held constant
    """

    level: str
    finding: Finding
    p_flip: float | None = None
    plain: tuple[float, int] | None = None
    rank: float | None = None
    turns: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    covariates: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def between_dialogues(
    x: Sequence[float | None],
    y: Sequence[float | None],
    bound: float | tuple[float, float] | None,
    alpha: float = 0.05,
    *,
    covariates: Mapping[str, Sequence[float | None]] | None = None,
    cluster: Sequence[Hashable] | None = None,
) -> Relation:
    """Ask whether dialogues that score high on one dimension score high on another.

    Parameters
    ----------
    x, y : [n_dialogues], score units; None where unscored
    bound : 0 < bound < 1, or (low, high); None = no conclusion
    alpha : of the tests
    covariates : name -> [n_dialogues], held constant by least squares; one that does not vary is left out
    cluster : [n_dialogues], whose each dialogue is; everything is averaged within users first

    Returns
    -------
    Relation; Fisher's z with one degree of freedom less per covariate.

    Raises
    ------
    UsageError
        Lengths differ, or an option is out of range.

    Source
    ------
    methods/statistics.md, section 6: residuals of both on the covariates, se = 1 / sqrt(n - q - 3).
    """
    rate = checked_alpha(alpha)
    given = {"x": x, "y": y, **(covariates or {})}
    lengths = {name: len(column) for name, column in given.items()}
    if len(set(lengths.values())) > 1 or (cluster is not None and len(cluster) != len(x)):
        raise UsageError(f"columns differ in length: {lengths}; give one number per dialogue")
    rows = [k for k in range(len(x)) if all(column[k] is not None for column in given.values())]
    lost = (("a score or covariate is missing", len(x) - len(rows)),) if len(rows) < len(x) else ()
    table = np.array([[float(column[k]) for column in given.values()] for k in rows])  # type: ignore[arg-type]
    table = table.reshape(len(rows), len(given))
    if cluster is not None:
        groups: dict[Hashable, list[int]] = {}
        for place, k in enumerate(rows):
            groups.setdefault(cluster[k], []).append(place)
        table = np.array([table[members].mean(axis=0) for members in groups.values()]).reshape(-1, len(given))
    clustered = cluster is not None
    base = Finding("correlation", len(table), alpha=rate, clustered=clustered)
    if bound is not None:
        base = replace(base, bound=checked_bound(bound, highest=1.0))
    used = [c for c in range(2, len(given)) if len(table) and np.ptp(table[:, c]) > 0]
    names = tuple(list(given)[c] for c in used)
    if len(table) - len(used) < 5:
        return Relation("between", replace(base, reason="fewer than 5 dialogues"), dropped=lost)
    held = np.column_stack([np.ones(len(table)), *(stats.zscore(table[:, c]) for c in used)])
    rest = table[:, :2] - held @ np.linalg.lstsq(held, table[:, :2], rcond=None)[0]
    scale = np.max(np.abs(table[:, :2]), axis=0)
    if np.any(rest.std(axis=0) <= 1e-12 * np.maximum(scale, 1e-300)):
        return Relation("between", replace(base, reason="one of the scores does not vary"), dropped=lost)
    r = float(np.clip(np.atleast_2d(np.corrcoef(rest.T))[0, 1], -1, 1))
    found = correlation_equivalence(r, len(table), bound, rate, covariates=len(used))
    skewed = any(abs(float(stats.skew(rest[:, c]))) > MOST_SKEW for c in (0, 1))
    rank = float(stats.spearmanr(rest[:, 0], rest[:, 1]).statistic) if skewed else None
    finding = replace(found, clustered=clustered)
    return Relation("between", finding, rank=rank, dropped=lost, covariates=names)


def pooled_correlation(x: Series, y: Series) -> float | None:
    """Correlate all turns of all dialogues, which mixes both levels: printed only beside them.

    Parameters
    ----------
    x, y : [n_dialogues][n_turns]; None where unscored

    Returns
    -------
    r, -1 to 1; None under 3 turns or without variance.
    """
    pairs = [
        (float(a), float(b))
        for one, other in zip(x, y, strict=True)
        for a, b in zip(one, other, strict=True)
        if a is not None and b is not None
    ]
    if len(pairs) < 3:
        return None
    table = np.array(pairs)
    if np.any(np.ptp(table, axis=0) == 0):
        return None
    return float(np.atleast_2d(np.corrcoef(table.T))[0, 1])
