"""How a score moves with the strength of steering: one line per prompt, then across prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError


@dataclass(frozen=True, slots=True)
class Slopes:
    """Lines through the doses of every prompt.

    Attributes
    ----------
    slope : [n_prompts] least-squares slope, score units per unit of strength; None where a dose is unscored
    bend : [n_prompts] coefficient of the squared strength in a second fit, score units per unit squared;
        0 = straight
    span : largest less smallest strength
    """

    slope: list[float | None]
    bend: list[float | None]
    span: float


def dose_slopes(strengths: Sequence[float], scores: Sequence[Sequence[float | None]]) -> Slopes:
    """Fit a line, and a parabola, to every prompt.

    Parameters
    ----------
    strengths : [n_doses], 3 or more different values
    scores : [n_prompts, n_doses], score units; None where unscored

    Returns
    -------
    Slopes; a prompt with a gap has none, so that every prompt sees the same doses.

    Raises
    ------
    UsageError
        Under 3 different strengths, or a row of another length.

    Source
    ------
    methods/statistics.md, section 9 (dose): on a balanced grid the mean of the slopes is the fixed effect
    of the mixed model with random intercept and slope.

    Examples
    --------
    >>> dose_slopes([0, 0.5, 1], [[1.0, 1.5, 2.0], [0.0, None, 1.0]]).slope
    [1.0, None]
    """
    x = np.array([float(one) for one in strengths])
    if len(set(x.tolist())) < 3:
        raise UsageError(f"{len(set(x.tolist()))} different strengths; a dose takes 3 or more")
    if any(len(row) != len(x) for row in scores):
        raise UsageError(f"give {len(x)} scores per prompt, one for each strength")
    line = _first_coefficient(np.stack([x, np.ones_like(x)], axis=1))
    curve = _first_coefficient(np.stack([x**2, x, np.ones_like(x)], axis=1))
    slope: list[float | None] = []
    bend: list[float | None] = []
    for row in scores:
        known = [one for one in row if one is not None]
        whole = len(known) == len(row)
        slope.append(round(float(line @ np.array(known)), 15) if whole else None)
        bend.append(round(float(curve @ np.array(known)), 15) if whole else None)
    return Slopes(slope, bend, float(np.ptp(x)))


def _first_coefficient(design: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n_doses] weights whose sum over the scores is the least-squares coefficient of the first column."""
    first: NDArray[np.float64] = np.linalg.pinv(design)[0]
    return first
