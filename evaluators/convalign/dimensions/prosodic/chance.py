"""Strangers in the partner's seats, and the scale that they give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from convalign.audio.levels import Array
from convalign.dimensions.prosodic.features import FEATURES, NAMES, PLACE
from convalign.dimensions.prosodic.transcript import RATE_TEXT, learn
from convalign.dimensions.prosodic.voices import Observation, Voice, group_of, moving, two
from convalign.surrogates import FEWEST, Pool, Side

HEADLINE = ("pitch", "rate")
AT_FIXED_GAIN = (*HEADLINE, "intensity")


def frozen(
    observations: Iterable[Observation], pool: Pool[Voice], *, count: int, fixed_gain: bool | None
) -> dict[str, Any]:
    """What holds for a whole run: features of the composites, distances to strangers, text model.

    Parameters
    ----------
    fixed_gain : levels can be compared; None = where every dialogue with sound says so

    Returns
    -------
    ``{"features", "G": {feature: mean distance}, "n": {feature: distances}, "text": {role: coefficients}}``;
    a feature that has fewer than 5 distances is absent from ``G``, a role with fewer than 100 turns from
    ``text``.
    """
    sums: dict[str, list[float]] = {name: [] for name in NAMES}
    n = dict.fromkeys(NAMES, 0)
    said: set[bool] = set()
    texts: list[tuple[str, Array, Array]] = []
    for one in observations:
        if one.heard:
            said.add(one.fixed_gain)
        texts += [(group_of(s), s.content.series[RATE_TEXT], s.content.texts) for s in one.sides]
        for direction in one.directions:
            reply, prime = two(one, direction)
            theirs = levels(strangers(pool, prime, count))
            for name, mine in zip(NAMES, reply.content.levels, strict=True):
                if mine is None:
                    continue
                found = np.abs(mine - theirs[PLACE[name]])
                found = found[~np.isnan(found)]
                sums[name].append(math.fsum(found))
                n[name] += len(found)
    fixed = said == {True} if fixed_gain is None else fixed_gain
    scale = {name: math.fsum(sums[name]) / n[name] for name in NAMES if n[name] >= FEWEST}
    read = any(not np.isnan(rates).all() for _, rates, _ in texts)
    made = {
        "features": list(AT_FIXED_GAIN if fixed else HEADLINE),
        "G": scale,
        "n": {name: n[name] for name in (NAMES if read else FEATURES)},
    }
    return made | ({"text": learn(texts)} if read else {})


def strangers(pool: Pool[Voice], prime: Side[Voice], count: int) -> list[Side[Voice]]:
    """Who else could have sat in the partner's place: of about the same number of turns."""
    size = prime.content.series.shape[1]

    def alike(other: Side[Voice]) -> bool:
        theirs = other.content.series.shape[1]
        return size <= 2 * theirs and theirs <= 2 * size and any(m is not None for m in other.content.levels)

    return pool.strangers(prime, count, accept=alike)


def levels(sides: Sequence[Side[Voice]]) -> Array:
    """Level of each; [n_features, n_sides], NaN = unscored."""
    rows = [[np.nan if v is None else v for v in one.content.levels] for one in sides]
    return np.array(rows, np.float64).reshape(-1, len(NAMES)).T


def seats(sides: Sequence[Side[Voice]], size: int, model: Mapping[str, Any] | None = None) -> Array:
    """Strangers' turn values in the partner's seats.

    Parameters
    ----------
    size : seats
    model : what texts let expect, to be taken out; None = values as they are

    Returns
    -------
    [n_features, n_strangers, size], NaN where they have none
    """
    made = np.full((len(NAMES), len(sides), size), np.nan)
    for k, one in enumerate(sides):
        series = one.content.series if model is None else moving(one, model)
        theirs = series[:, :size]
        made[:, k, : theirs.shape[1]] = theirs
    return made
