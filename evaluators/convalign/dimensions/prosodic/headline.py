"""The headline: features made comparable by a scale that is frozen for a run, and composed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from convalign.audio.levels import Array
from convalign.dimensions.prosodic.features import LEAST_SCALE
from convalign.scores import Score, row

NAME = "prosodic"
COMPOSED = ("proximity", "convergence")
P_NEEDS = 40
"""Strangers without which no p is given."""


def rescale(rows: Iterable[Score], reference: Mapping[str, Any]) -> list[Score]:
    """Recompose the composites of other runs on one run's scale, from the rows per feature.

    Parameters
    ----------
    rows : of any dimensions; only ``prosodic`` ``proximity`` and ``convergence`` rows are changed
    reference : what `reference` froze for the run whose scale holds (the baseline arm)

    Returns
    -------
    Rows in the same order. Value and baseline of a recomposed row are exact; its p and the
    spread of its surrogates are dropped, because they cannot be had from the rows.

    Source
    ------
    1 - gap / G per feature, then the mean over features; see `composed`. Convergence is in G too.
    """
    listed = list(rows)
    mine = {
        (r.dialogue, r.direction, r.metric): r
        for r in listed
        if r.dimension == NAME and r.metric.startswith(COMPOSED)
    }
    features = tuple(reference.get("features") or ("pitch", "rate"))
    result = []
    for r in listed:
        if r.dimension != NAME or r.metric not in COMPOSED or r.direction == "-":
            result.append(r)
            continue
        keys = {f: (r.dialogue, r.direction, f"{r.metric}.{f}") for f in features}
        parts = {f: mine[key] for f, key in keys.items() if key in mine}
        result.append(composed(r.dialogue, r.direction, parts, features, reference, metric=r.metric))
    return result


def composed_chance(
    per_feature: Mapping[str, Sequence[float] | Array],
    features: Sequence[str],
    reference: Mapping[str, Any],
    *,
    metric: str = "proximity",
) -> list[float]:
    """The composite of each stranger that has all features.

    Parameters
    ----------
    per_feature : feature -> [n_strangers] values of ``<metric>.<feature>``, NaN = unscored

    Returns
    -------
    [<= n_strangers]; empty without a scale, or without strangers for every feature
    """
    if scale_is_missing(features, reference) is not None or any(f not in per_feature for f in features):
        return []
    origin = 1.0 if metric == "proximity" else 0.0
    parts = [origin + np.asarray(per_feature[f], np.float64) / reference["G"][f] for f in features]
    together = np.mean(parts, axis=0)
    return [float(v) for v in together[~np.isnan(together)]]


def scale_is_missing(features: Sequence[str], reference: Mapping[str, Any]) -> str | None:
    """Why features cannot be made comparable; None when they can."""
    scale = reference.get("G", {})
    if any(f not in scale for f in features):
        return "too few strangers"
    return "strangers do not differ" if any(scale[f] < LEAST_SCALE[f] for f in features) else None


def composed(
    dialogue: str,
    label: str,
    parts: Mapping[str, Score],
    features: Sequence[str],
    reference: Mapping[str, Any],
    chance: Sequence[float] = (),
    *,
    metric: str = "proximity",
) -> Score:
    """A composite from the rows per feature, on a frozen scale.

    Parameters
    ----------
    parts : feature -> its ``<metric>.<feature>`` row
    reference : with ``G``, feature -> mean distance to strangers
    chance : composites of single strangers, for spread and p
    metric : ``proximity`` (1 = same, 0 = like strangers) or ``convergence`` (in distances to strangers)

    Returns
    -------
    A row of that metric; null with a reason where a feature or its scale is missing
    """
    scale = reference.get("G", {})
    n = min((parts[f].n for f in features if f in parts), default=0)
    rows = [parts.get(f) for f in features]
    values = [r.value if r is not None else None for r in rows]
    reason: str | None
    if all(value is None for value in values):
        reason = next((r.reason for r in rows if r is not None), None) or "feature missing"
    elif None in values:
        reason = "feature missing"
    else:
        reason = scale_is_missing(features, reference)
    if reason is not None:
        return row(dialogue, NAME, metric, label, value=None, n=n, reason=reason)
    # Means of the parts, so that the same arithmetic on stored rows gives the same number.
    origin = 1.0 if metric == "proximity" else 0.0
    value = math.fsum(origin + v / scale[f] for f, v in zip(features, values, strict=True) if v is not None)
    baselines = [r.baseline if r is not None else None for r in rows]
    baseline = None
    if None not in baselines:
        parted = zip(features, baselines, strict=True)
        baseline = math.fsum(origin + b / scale[f] for f, b in parted if b is not None) / len(features)
    tail: Literal["upper", "two"] = "upper" if metric == "proximity" else "two"
    made = row(
        dialogue, NAME, metric, label, value=value / len(features), n=n, baseline=baseline,
        surrogates=chance if baseline is not None else (),
        tail=tail if len(chance) >= P_NEEDS else None,
        reason="too few strangers" if baseline is None else None,
    )  # fmt: skip
    if not chance and baseline is not None:
        return replace(made, surrogates=min(r.surrogates for r in rows if r is not None))
    return made
