"""The headline: features made comparable by a scale that is frozen for a run, and composed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from convalign.dimensions.prosodic.hearing import FEATURES
from convalign.scores import Score, row

NAME = "prosodic"
P_NEEDS = 40
"""Strangers without which no p is given."""

LEAST_SCALE = {"pitch": 0.1, "rate": 0.01, "intensity": 0.1}
"""Below these, strangers do not differ (st, log2 syllables a second, dB)."""


def rescale(rows: Iterable[Score], reference: Mapping[str, Any]) -> list[Score]:
    """Recompose the headline of other runs on one run's scale, from the rows per feature.

    Parameters
    ----------
    rows : of any dimensions; only ``prosodic`` ``proximity`` rows are changed
    reference : what `reference` froze for the run whose scale holds (the baseline arm)

    Returns
    -------
    Rows in the same order. Value and baseline of a recomposed row are exact; its p and the
    spread of its surrogates are dropped, because they cannot be had from the rows.

    Source
    ------
    1 - gap / G per feature, then the mean over features; see `composed`.
    """
    listed = list(rows)
    mine = {
        (r.dialogue, r.direction, r.metric.removeprefix("proximity.")): r
        for r in listed
        if r.dimension == NAME and r.metric.startswith("proximity.")
    }
    features = tuple(reference.get("features") or FEATURES[:2])
    result = []
    for r in listed:
        if r.dimension != NAME or r.metric != "proximity" or r.direction == "-":
            result.append(r)
            continue
        parts = {f: mine[key] for f in features if (key := (r.dialogue, r.direction, f)) in mine}
        result.append(composed(r.dialogue, r.direction, parts, features, reference))
    return result


def composed_chance(
    static: Mapping[str, Sequence[float | None]], features: Sequence[str], reference: Mapping[str, Any]
) -> list[float]:
    """The composite of each stranger that has all features.

    Parameters
    ----------
    static : feature -> [n_strangers] distances of the replier's mean from theirs, None = unscored

    Returns
    -------
    [<= n_strangers]; empty without a scale for every feature
    """
    scale = reference.get("G", {})
    if any(f not in scale or scale[f] < LEAST_SCALE[f] for f in features):
        return []
    return [
        math.fsum(1 - gap / scale[f] for f, gap in zip(features, gaps, strict=True)) / len(features)
        for gaps in zip(*(static[f] for f in features), strict=True)
        if None not in gaps
    ]


def composed(
    dialogue: str,
    label: str,
    parts: Mapping[str, Score],
    features: Sequence[str],
    reference: Mapping[str, Any],
    chance: Sequence[float] = (),
) -> Score:
    """The headline from the rows per feature, on a frozen scale.

    Parameters
    ----------
    parts : feature -> its ``proximity.<feature>`` row
    reference : with ``G``, feature -> mean distance to strangers
    chance : composites of single strangers, for spread and p

    Returns
    -------
    A ``proximity`` row; null with a reason where a feature or its scale is missing
    """
    scale = reference.get("G", {})
    n = min((parts[f].n for f in features if f in parts), default=0)
    rows = [parts.get(f) for f in features]
    values = [r.value if r is not None else None for r in rows]
    reason = None
    if all(value is None for value in values):
        reason = next((r.reason for r in rows if r is not None), None) or "feature missing"
    elif None in values:
        reason = "feature missing"
    elif any(f not in scale for f in features):
        reason = "too few strangers"
    elif any(scale[f] < LEAST_SCALE[f] for f in features):
        reason = "strangers do not differ"
    if reason is not None:
        return row(dialogue, NAME, "proximity", label, value=None, n=n, reason=reason)
    # Means of the parts, so that the same arithmetic on stored rows gives the same number.
    value = math.fsum(1 + v / scale[f] for f, v in zip(features, values, strict=True) if v is not None)
    baselines = [r.baseline if r is not None else None for r in rows]
    baseline = None
    if None not in baselines:
        total = math.fsum(1 + b / scale[f] for f, b in zip(features, baselines, strict=True) if b is not None)
        baseline = total / len(features)
    made = row(
        dialogue, NAME, "proximity", label, value=value / len(features), n=n, baseline=baseline,
        surrogates=chance if baseline is not None else (),
        tail="upper" if len(chance) >= P_NEEDS else None,
        reason="too few strangers" if baseline is None else None,
    )  # fmt: skip
    if not chance and baseline is not None:
        return replace(made, surrogates=min(r.surrogates for r in rows if r is not None))
    return made
