"""Whether two groups of indicators can be told apart: the heterotrait-monotrait ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convalign.errors import UsageError

WEAKEST_WITHIN = 0.3
"""Below this the indicators of one block hardly agree, and the ratio means nothing."""


@dataclass(frozen=True, slots=True)
class Htmt:
    """The ratio for one pair of blocks.

    Attributes
    ----------
    value : >= 0, 1 = the blocks cannot be told apart; None where undefined
    interpretable : every block agrees enough with itself for the ratio to mean something
    reason : why it is undefined or not interpretable; None otherwise
    """

    value: float | None
    interpretable: bool
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn the ratio into what JSON can hold."""
        return {"value": self.value, "interpretable": self.interpretable, "reason": self.reason}


def htmt(
    correlations: ArrayLike | Any,
    blocks: Mapping[str, Sequence[str | int]],
    *,
    names: Sequence[str] | None = None,
) -> dict[str, Htmt]:
    """Compare how indicators agree across dimensions with how they agree within.

    Parameters
    ----------
    correlations : [n, n], -1 to 1, symmetric, 1 on the diagonal; a table with column labels brings its
        own names
    blocks : dimension -> its indicators, as names or as row numbers (from 0)
    names : [n], names of the rows; without names the indicators of `blocks`, in order, are the rows

    Returns
    -------
    ``"a~b"`` -> Htmt for every pair of blocks in the order given: the mean absolute correlation between
    them over the root of the product of the mean absolute correlations within them.

    Raises
    ------
    UsageError
        The table is not square, symmetric and complete, or an indicator is unknown or in two blocks.

    Source
    ------
    Henseler et al. 2015 with absolute values (Roemer et al. 2021); methods/statistics.md, section 7.

    Examples
    --------
    >>> table = [[1, 0.5, 0.2, 0.2], [0.5, 1, 0.2, 0.2], [0.2, 0.2, 1, 0.8], [0.2, 0.2, 0.8, 1]]
    >>> round(htmt(table, {"a": [0, 1], "b": [2, 3]})["a~b"].value, 3)  # .2 / sqrt(.5 * .8)
    0.316
    """
    table = _table(correlations)
    columns = getattr(correlations, "columns", None)
    if names is None and columns is not None:
        names = [str(name) for name in columns]
    rows = _rows(blocks, names, len(table))
    within = {name: _mean_within(table, members) for name, members in rows.items()}
    result = {}
    for first, second in combinations(rows, 2):
        between = float(np.mean(np.abs(table[np.ix_(rows[first], rows[second])])))
        result[f"{first}~{second}"] = _ratio(between, {name: within[name] for name in (first, second)})
    return result


def _ratio(between: float, within: dict[str, float | None]) -> Htmt:
    for name, mean in within.items():
        if mean is None:
            return Htmt(None, False, f"{name} has a single indicator")
        if mean == 0:
            return Htmt(None, False, f"the indicators of {name} do not correlate at all")
    means = [mean for mean in within.values() if mean is not None]
    value = between / math.sqrt(math.prod(means))
    for name, mean in within.items():
        if mean is not None and mean < WEAKEST_WITHIN - 1e-12:
            return Htmt(value, False, f"the indicators of {name} correlate only {mean:.2g} on average")
    return Htmt(value, True, None)


def _mean_within(table: NDArray[np.float64], members: list[int]) -> float | None:
    pairs = [abs(float(table[i, j])) for i, j in combinations(members, 2)]
    return math.fsum(pairs) / len(pairs) if pairs else None


def _table(correlations: Any) -> NDArray[np.float64]:
    """Read a correlation table, or say what is wrong with it."""
    try:
        table = np.array(correlations, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("correlations: not a table of numbers; give n rows of n correlations") from None
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise UsageError(f"correlations: has shape {table.shape}; give n rows of n correlations")
    if not np.all(np.abs(table) <= 1 + 1e-9):
        raise UsageError("correlations: a value is missing or outside -1 to 1; give complete correlations")
    if not np.allclose(table, table.T, atol=1e-9) or not np.allclose(np.diag(table), 1.0, atol=1e-9):
        raise UsageError("correlations: not symmetric with 1 on the diagonal; give a correlation table")
    return table


def _rows(
    blocks: Mapping[str, Sequence[str | int]], names: Sequence[str] | None, n: int
) -> dict[str, list[int]]:
    """Find the row of every indicator."""
    flat = [item for members in blocks.values() for item in members]
    if len(set(flat)) < len(flat):
        raise UsageError("blocks: an indicator stands twice; give each one to a single dimension")
    if len(blocks) < 2 or not all(len(members) for members in blocks.values()):
        raise UsageError(f"blocks: {list(blocks)!r}; give at least two dimensions with indicators")
    if all(isinstance(item, int | np.integer) for item in flat):
        known: dict[Any, int] = {row: row for row in range(n)}
    else:
        labels = flat if names is None else list(names)
        if len(labels) != n:
            raise UsageError(f"{len(labels)} names for {n} rows of correlations; give names=, one per row")
        known = {label: row for row, label in enumerate(labels)}
    unknown = [item for item in flat if item not in known]
    if unknown:
        raise UsageError(f"no indicator {unknown[0]!r}; there are: {', '.join(map(str, known))}")
    return {name: [known[item] for item in members] for name, members in blocks.items()}
