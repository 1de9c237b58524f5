"""How much an intervention moved beside its own dimension, with the dialogues kept together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError
from convalign.independence.bootstrap import Resampled, bca, left_out_means, resampled_means
from convalign.independence.finding import Finding, Interval, plain

Cell = tuple[Sequence[float | None], Sequence[float | None], Sequence[Hashable]]


@dataclass(frozen=True, slots=True)
class Selectivity:
    """One other dimension beside the row's own.

    Attributes
    ----------
    ratio : abs(change of the other) / abs(change of the own), each in its frozen sd; 0 = nothing spilled;
        None with `reason`
    interval : bootstrap, level 1 - 2 alpha; None with `reason`
    contrast : abs(own) - abs(other), in frozen sd; above 0: the own dimension moved more
    contrast_interval : bootstrap, level 1 - 2 alpha
    how : ``bca`` or ``percentile``, of the ratio's interval
    sd : own and other, score units
    reason : why something is None
    """

    ratio: float | None
    interval: Interval | None
    contrast: float | None
    contrast_interval: Interval | None
    how: str | None
    sd: tuple[float, float] | None
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        names = ("ratio", "interval", "contrast", "contrast_interval", "how", "sd", "reason")
        return {name: plain(getattr(self, name)) for name in names}


def selectivity(
    cells: Mapping[str, Cell],
    own: str,
    diagonal: Finding,
    *,
    cluster: Mapping[Any, Hashable] | None,
    sd: Mapping[str, float],
    alpha: float,
    bootstrap: int,
    seed: int,
) -> dict[str, Selectivity]:
    """Compare what moved elsewhere with what moved in the row's own dimension.

    Parameters
    ----------
    cells : dimension -> (before, after, ids), checked by the cell's own test
    own : the dimension that the row targets
    diagonal : its finding; where its deciding interval holds 0 there is no ratio
    cluster : dialogue id -> user, or None
    sd : dimension -> frozen sd, score units, > 0; else the sd of the row's scores before
    alpha : one-sided; intervals have level 1 - 2 alpha
    bootstrap : replicates
    seed : of the draws: one draw of dialogues (users) per replicate for all dimensions

    Returns
    -------
    dimension -> Selectivity, for every other dimension with scores.

    Raises
    ------
    UsageError
        A frozen sd is not above 0.

    Source
    ------
    methods/statistics.md, section 3: ratio of means, one shared draw, BCa. Intervals are those of the
    signed ratio, and of own minus and plus other, folded to sizes.
    """
    others = [name for name in cells if name != own]
    if own not in cells or not others:
        return {}
    if diagonal.conclusion is None:
        return {name: _none(f"{own} could not be tested") for name in others}
    interval = diagonal.deciding_interval
    if diagonal.sd != 0 and (interval is None or interval[0] <= 0 <= interval[1]):
        return {name: _none(f"the change of {own} may be 0") for name in others}
    if diagonal.mean_difference in {None, 0.0}:
        return {name: _none(f"{own} did not move") for name in others}
    scales = {name: _scale(name, cells[name], sd) for name in (own, *others)}
    d, present = _columns([cells[own], *(cells[name] for name in others)], cluster)
    means = np.where(present, d, 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    draws = resampled_means(d, present, bootstrap, np.random.default_rng(seed))
    counts = present.sum(axis=1)
    result = {}
    for k, name in enumerate(others, start=1):
        scale, other_scale = scales[own], scales[name]
        if scale is None or other_scale is None:
            which = own if scale is None else name
            result[name] = _none(f"the scores of {which} before do not vary: no sd")
        elif counts[k] < 3:
            result[name] = _none("fewer than 3 pairs")
        else:
            pair = np.array([scale, other_scale])
            left = left_out_means(d[[0, k]], present[[0, k]]) / pair
            result[name] = _compared(means[[0, k]] / pair, draws[:, [0, k]] / pair, left, alpha, pair)
    return result


def bootstrap_intervals(
    cells: Mapping[str, Cell],
    *,
    cluster: Mapping[Any, Hashable] | None,
    alpha: float,
    bootstrap: int,
    seed: int,
) -> dict[str, Resampled]:
    """Bound every mean change of a row, with one draw of dialogues (users) per replicate for all columns.

    Parameters
    ----------
    cells, cluster, alpha, bootstrap, seed : as in `selectivity`

    Returns
    -------
    dimension -> Resampled, level 1 - 2 alpha; stands beside the interval that decides.

    Source
    ------
    Efron 1987 (BCa); methods/statistics.md, section 3.
    """
    if not cells:
        return {}
    d, present = _columns(list(cells.values()), cluster)
    counts = present.sum(axis=1)
    draws = resampled_means(d, present, bootstrap, np.random.default_rng(seed))
    result = {}
    for k, name in enumerate(cells):
        column = draws[np.isfinite(draws[:, k]), k]
        if counts[k] < 3 or len(column) < 0.95 * bootstrap:
            result[name] = Resampled(None, None, "fewer than 3 pairs")
        elif np.ptp(d[k][present[k]]) == 0:
            result[name] = Resampled(None, None, "every pair changed by the same")
        else:
            own = present[k]
            left = left_out_means(d[k : k + 1, own], present[k : k + 1, own])[:, 0]
            result[name] = bca(float(d[k][own].mean()), column, left, alpha)
    return result


def _compared(
    means: NDArray[np.float64],
    draws: NDArray[np.float64],
    left: NDArray[np.float64],
    alpha: float,
    pair: NDArray[np.float64],
) -> Selectivity:
    """Ratio and contrast of two columns, own first."""
    usable = draws[np.all(np.isfinite(draws), axis=1) & (draws[:, 0] != 0)]
    ratio, contrast = float(abs(means[1]) / abs(means[0])), float(abs(means[0]) - abs(means[1]))
    scales = (float(pair[0]), float(pair[1]))
    if len(usable) < 0.95 * len(draws) or not np.all(left[:, 0] != 0):
        return Selectivity(ratio, None, contrast, None, None, scales, "too few usable bootstrap replicates")
    made = bca(float(means[1] / means[0]), usable[:, 1] / usable[:, 0], left[:, 1] / left[:, 0], alpha)
    # Folding replicates at 0 breaks the bias correction: signed values are resampled, limits folded.
    toward = float(np.sign(means[0]))
    gaps = [
        bca(toward * means[0] + way * means[1], combined @ usable.T, combined @ left.T, alpha).interval
        for way in (-1.0, 1.0)
        for combined in (np.array([toward, way]),)
    ]
    found = [gap for gap in gaps if gap is not None]
    gap = None if len(found) < 2 else (min(low for low, _ in found), min(high for _, high in found))
    return Selectivity(ratio, _folded(made.interval), contrast, gap, made.how, scales, made.reason)


def _folded(interval: Interval | None) -> Interval | None:
    """Take the absolute values that an interval holds."""
    if interval is None:
        return None
    sizes = sorted(abs(limit) for limit in interval)
    return (0.0 if interval[0] <= 0 <= interval[1] else sizes[0]), sizes[1]


def _columns(
    cells: Sequence[Cell], cluster: Mapping[Any, Hashable] | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lay differences out as [n_columns, n_units] over all dialogues (users) of the row."""
    sums: list[dict[Hashable, list[float]]] = []
    for before, after, ids in cells:
        column: dict[Hashable, list[float]] = {}
        for x, y, name in zip(before, after, ids, strict=True):
            if x is not None and y is not None:
                unit = name if cluster is None else cluster[name]
                column.setdefault(unit, []).append(float(y) - float(x))
        sums.append(column)
    units = list(dict.fromkeys(unit for column in sums for unit in column))
    d = np.zeros((len(cells), len(units)))
    present = np.zeros(d.shape, dtype=np.bool_)
    for k, column in enumerate(sums):
        for u, unit in enumerate(units):
            if unit in column:
                d[k, u], present[k, u] = float(np.mean(column[unit])), True
    return d, present


def _scale(name: str, cell: Cell, sd: Mapping[str, float]) -> float | None:
    """Take the frozen sd, or that of the scores before; None where they do not vary."""
    if name in sd:
        value = float(sd[name])
        if not 0 < value < np.inf:
            raise UsageError(f"sd of {name}: {value:g} does not work; give a number above 0")
        return value
    pairs = zip(cell[0], cell[1], strict=True)
    scores = np.array([float(x) for x, y in pairs if x is not None and y is not None])
    if len(scores) < 2:
        return None
    value = float(np.std(scores, ddof=1))
    return value if value > 1e-12 * float(np.max(np.abs(scores))) else None


def _none(reason: str) -> Selectivity:
    return Selectivity(None, None, None, None, None, None, reason)
