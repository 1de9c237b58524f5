"""Input of the tests, checked before any library sees it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convalign.errors import UsageError
from convalign.independence.finding import Bound, Good

DROPPED_SHARE = 0.2
"""Losing more pairs than this is a caution."""
SCALE_SHARE = 1e-12
"""A spread below this share of the scale of the data is rounding, not variance."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Paired differences, ready for a test.

    Attributes
    ----------
    d : [n_units], score units; one per pair, or one mean per cluster
    scale : largest absolute value of the data, score units, >= 0
    identical : every pair is equal to the bit
    clustered : units are clusters
    cautions : what was lost on the way
    """

    d: NDArray[np.float64]
    scale: float
    identical: bool
    clustered: bool
    cautions: tuple[str, ...]


def checked_bound(bound: Any, *, highest: float = math.inf) -> Bound:
    """Accept a bound only when a claim can rest on it.

    Parameters
    ----------
    bound : > 0, or (low, high) with low < 0 < high; numpy scalars are fine
    highest : limits must lie inside (-highest, highest)

    Returns
    -------
    float, or a pair of floats.

    Raises
    ------
    UsageError
        The bound is zero, negative, not finite, not a number, or does not hold 0.
    """
    if isinstance(bound, tuple | list | np.ndarray) and np.ndim(bound) == 1:
        if len(bound) != 2:
            raise UsageError(f"bound: {bound!r} has {len(bound)} numbers; give one number or (low, high)")
        low, high = (_number(item, "bound") for item in bound)
        if not -highest < low < 0 < high < highest:
            raise UsageError(
                f"bound: ({low:g}, {high:g}) does not work; low must be below 0 and high above 0"
            )
        return low, high
    value = _number(bound, "bound")
    if not 0 < value < highest:
        room = "above 0" if highest == math.inf else f"between 0 and {highest:g}"
        raise UsageError(f"bound: {value:g} does not work; give a number {room}, or (low, high)")
    return value


def checked_alpha(alpha: Any) -> float:
    """Accept an error rate only between 0 and one half.

    Parameters
    ----------
    alpha : 0 < alpha < 0.5

    Returns
    -------
    float.

    Raises
    ------
    UsageError
        It is something else.
    """
    value = _number(alpha, "alpha")
    if not 0 < value < 0.5:
        raise UsageError(f"alpha: {value:g} does not work; give a number between 0 and 0.5, such as 0.05")
    return value


def checked_good(good: Any) -> Good:
    """Accept a direction of good only when it is one.

    Parameters
    ----------
    good : ``higher`` or ``lower``

    Returns
    -------
    The same.

    Raises
    ------
    UsageError
        It is something else.
    """
    if good == "higher":
        return "higher"
    if good == "lower":
        return "lower"
    raise UsageError(f"good: {good!r} is no direction; there are: higher, lower")


def differences(
    before: ArrayLike | Sequence[float | None],
    after: ArrayLike | Sequence[float | None],
    *,
    cluster: Sequence[Hashable] | None = None,
) -> Differences:
    """Subtract before from after, pair by pair, or cluster by cluster.

    Parameters
    ----------
    before, after : [n_pairs], score units; None where the dialogue is unscored in that arm
    cluster : [n_pairs], to which user each pair belongs; None when each pair stands alone

    Returns
    -------
    Differences; a pair that is unscored on either side is left out and counted in a caution.

    Raises
    ------
    UsageError
        Lengths differ, the data are not one-dimensional numbers, or one is NaN or infinite.

    Source
    ------
    methods/statistics.md, sections 1 and 2.
    """
    _same_rows(before, after)
    x, y = _column(before, "before"), _column(after, "after")
    if len(x) != len(y):
        raise UsageError(f"before has {len(x)} values, after has {len(y)}; give pairs")
    if cluster is not None and len(cluster) != len(x):
        raise UsageError(f"cluster has {len(cluster)} names for {len(x)} pairs; give one per pair")
    kept = [k for k in range(len(x)) if x[k] is not None and y[k] is not None]
    first = np.array([x[k] for k in kept], dtype=np.float64)
    second = np.array([y[k] for k in kept], dtype=np.float64)
    d = second - first
    scale = float(max(np.max(np.abs(first)), np.max(np.abs(second)))) if kept else 0.0
    identical = bool(kept) and bool(np.all(first == second))
    if cluster is not None:
        d = _means(d, [cluster[k] for k in kept])
    return Differences(d, scale, identical, cluster is not None, _lost(x, y, len(kept)))


def _means(d: NDArray[np.float64], names: list[Hashable]) -> NDArray[np.float64]:
    """Average differences within a cluster, in order of first appearance."""
    groups: dict[Hashable, list[float]] = {}
    for name, value in zip(names, d, strict=True):
        groups.setdefault(name, []).append(float(value))
    return np.array([math.fsum(group) / len(group) for group in groups.values()], dtype=np.float64)


def _lost(x: list[float | None], y: list[float | None], kept: int) -> tuple[str, ...]:
    """Say when dropping pairs may have changed the answer."""
    cautions = []
    lost, total = len(x) - kept, len(x)
    if lost > DROPPED_SHARE * total:
        cautions.append(f"{lost} of {total} pairs were dropped as unscored")
    missing_before, missing_after = x.count(None), y.count(None)
    if missing_before != missing_after:
        cautions.append(f"unscored differ between arms: {missing_before} before, {missing_after} after")
    return tuple(cautions)


def _same_rows(before: Any, after: Any) -> None:
    """Refuse two labelled columns whose labels differ: position would pair strangers."""
    first, second = getattr(before, "index", None), getattr(after, "index", None)
    if first is None or second is None or callable(first) or callable(second):
        return
    if list(first) != list(second):
        raise UsageError("before and after have other row labels; join them on the dialogue id first")


def _column(values: Any, name: str) -> list[float | None]:
    """Read a one-dimensional column of finite numbers and None."""
    shape = np.shape(values) if isinstance(values, np.ndarray) else None
    if shape is not None and len(shape) != 1:
        raise UsageError(f"{name}: has shape {shape}; give one value per pair")
    if isinstance(values, str | bytes | dict) or not hasattr(values, "__len__"):
        raise UsageError(f"{name}: {type(values).__name__} is no list of numbers; give one value per pair")
    return [None if item is None else _number(item, f"{name}[{k}]") for k, item in enumerate(values)]


def _number(value: Any, place: str) -> float:
    """Read one finite number; numpy scalars count, bool does not."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real | np.number):
        raise UsageError(f"{place}: {value!r} is no number; give a finite number")
    result = float(value)
    if not math.isfinite(result):
        raise UsageError(f"{place}: {result:g} is not finite; give a finite number, None where unscored")
    return result
