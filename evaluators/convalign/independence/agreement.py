"""Whether several versions of the same input get the same score: absolute agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import stats

from convalign.errors import UsageError
from convalign.independence.finding import Interval, plain


@dataclass(frozen=True, slots=True)
class Agreement:
    """Intraclass correlation of single scores, absolute agreement, both ways random.

    Attributes
    ----------
    icc : at most 1, which is the same score everywhere; None with `reason`
    interval : of the level asked for
    n, k : targets (prompts) and versions of each
    dropped : targets without a score in every version
    reason : why there is none
    """

    icc: float | None
    interval: Interval | None
    n: int
    k: int
    dropped: int
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def absolute_agreement(scores: Sequence[Sequence[float | None]], level: float = 0.90) -> Agreement:
    """Compare the versions of every target.

    Parameters
    ----------
    scores : [n_targets, n_versions], score units; None where unscored
    level : of the interval, 0 < level < 1

    Returns
    -------
    Agreement; targets with a gap are left out and counted.

    Raises
    ------
    UsageError
        Not a table with two versions or more.

    Source
    ------
    ICC(A,1) = (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n), McGraw and Wong 1996, with their F
    interval.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(absolute_agreement(table).icc, 2)  # Shrout and Fleiss 1979
    0.29
    """
    if not 0 < level < 1:
        raise UsageError(f"level: {level!r} is not between 0 and 1")
    raw = [[np.nan if v is None else float(v) for v in row] for row in scores]
    widths = {len(row) for row in raw}
    if len(widths) != 1 or min(widths) < 2:
        raise UsageError("scores: give one row per target, each with the same two versions or more")
    table = np.array(raw)
    kept = table[np.all(np.isfinite(table), axis=1)]
    n, k = kept.shape
    dropped = len(table) - n
    if n < 3:
        return Agreement(None, None, n, k, dropped, "fewer than 3 dialogues are scored in every version")
    grand = kept.mean()
    rows = k * float(np.sum((kept.mean(axis=1) - grand) ** 2))
    columns = n * float(np.sum((kept.mean(axis=0) - grand) ** 2))
    rest = max(0.0, float(np.sum((kept - grand) ** 2)) - rows - columns)
    msr, msc, mse = rows / (n - 1), columns / (k - 1), rest / ((n - 1) * (k - 1))
    if msr <= 1e-24 * max(1.0, float(np.max(np.abs(kept)))) ** 2:
        return Agreement(None, None, n, k, dropped, "the scores do not vary between dialogues")
    icc = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    if mse <= 1e-15 * msr and msc <= 1e-15 * msr:
        return Agreement(1.0, (1.0, 1.0), n, k, dropped, None)
    return Agreement(icc, _limits(icc, msr, msc, mse, n, k, (1 - level) / 2), n, k, dropped, None)


def _limits(icc: float, msr: float, msc: float, mse: float, n: int, k: int, tail: float) -> Interval:
    """McGraw and Wong 1996, table 7, case 2A."""
    share = k * icc / (n * (1 - icc))
    rest = 1 + k * icc * (n - 1) / (n * (1 - icc))
    top = (share * msc + rest * mse) ** 2
    df = top / ((share * msc) ** 2 / (k - 1) + (rest * mse) ** 2 / ((n - 1) * (k - 1)))
    upper, lower = (float(stats.f.isf(tail, *pair)) for pair in ((n - 1, df), (df, n - 1)))
    noise = k * msc + (k * n - k - n) * mse
    low = n * (msr - upper * mse) / (upper * noise + n * msr)
    high = n * (lower * msr - mse) / (noise + n * lower * msr)
    return low, high
