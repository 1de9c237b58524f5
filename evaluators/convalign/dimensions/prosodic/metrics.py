"""What the dimension prints: every measure on every feature, with unit, range, minimum and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from convalign.dimensions.prosodic.features import HEARD, READ, Feature
from convalign.dimensions.prosodic.measures import (
    CONVERGENCE_MINIMUM,
    LOCAL_MINIMUM,
    PROXIMITY_MINIMUM,
    SYNCHRONY_MINIMUM,
)
from convalign.dimensions.prosodic.partner import PARTNER_MINIMUM
from convalign.dimensions.prosodic.windows import TAMA_MINIMUM
from convalign.scores import Metric

LAGS = (2, 3)
"""Lags of synchrony beyond 1 that can be asked for."""

AGREEMENT_MINIMUM = 8
AT_FIXED_GAIN = ("proximity", "turn_proximity", "convergence", "convergence_local", "gap_slope")


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, for all features.

    Attributes
    ----------
    name : as in metrics, ``<name>.<feature>``
    words : with ``{}`` for the feature
    source : paper or formula
    minimum : pairs, turns or windows below which there is no value
    needs : what these are
    unit : feature -> unit of the value
    low, high : range
    tail : which strangers count against a value
    lag : which turn of the partner is looked at, 1 = the one that is answered
    moves : it tells movement, not place: a flat level has none
    clocked : it needs the times of turns
    """

    name: str
    words: str
    source: str
    minimum: int
    needs: str
    unit: Callable[[Feature], str]
    low: float | None
    high: float | None
    tail: Literal["upper", "two"] = "two"
    lag: int = 1
    moves: bool = True
    clocked: bool = False


def _plain(_: Feature) -> str:
    return "1"


def _scale(feature: Feature) -> str:
    return feature.scale


def _per_minute(feature: Feature) -> str:
    return f"{feature.scale}/min"


STANDING = ("pitch", "rate")
"""Features that stand for the dimension turn by turn; level would need a fixed gain."""

_LH = "Levitan & Hirschberg 2011"

MEASURES = (
    Measure(
        "proximity", "minus the distance of the speakers' mean {}", _LH, PROXIMITY_MINIMUM,
        "scored turns of each speaker", _scale, None, 0.0, "upper", moves=False,
    ),
    Measure(
        "turn_proximity", "minus the mean distance of each reply's {} from its prime's", _LH,
        PROXIMITY_MINIMUM, "pairs", _scale, None, 0.0, "upper", moves=False,
    ),
    Measure(
        "local_similarity",
        "minus the distance of each reply's {} from its prime's, in distances to other turns of the partner",
        f"{_LH}, as a ratio, z per speaker", LOCAL_MINIMUM, "pairs", _plain, None, 0.0,
    ),
    Measure(
        "synchrony", "correlation of replies' {} with their primes', linear trends taken out", _LH,
        SYNCHRONY_MINIMUM, "pairs", _plain, -1.0, 1.0,
    ),
    *(
        Measure(
            f"synchrony_lag{lag}",
            f"correlation of replies' {{}} with the partner's turn {ago} the prime, trends taken out",
            _LH, SYNCHRONY_MINIMUM, "pairs", _plain, -1.0, 1.0, lag=lag,
        )
        for lag, ago in zip(LAGS, ("before", "two before"), strict=True)
    ),
    Measure(
        "partner_effect", "what a prime's {} adds to the reply's, given both speakers' turns before and time",
        "least squares on x_B(t-1), x_A(t-2), x_B(t-3), time, all z", PARTNER_MINIMUM, "pairs", _plain,
        None, None,
    ),
    Measure(
        "tama_synchrony", "correlation of 16 s windows of {}, the largest of lags 0 to 2",
        "Perez, Galvez & Gravano 2016", TAMA_MINIMUM, "windows of each speaker", _plain, -1.0, 1.0,
        clocked=True,
    ),
    Measure(
        "convergence", "gap of the mean {} in the first half of the pairs less that in the second", _LH,
        CONVERGENCE_MINIMUM, "pairs", _scale, None, None,
    ),
    Measure(
        "convergence_local", "correlation of the nearness of reply and prime in {} with time", _LH,
        CONVERGENCE_MINIMUM, "pairs", _plain, -1.0, 1.0,
    ),
    Measure(
        "gap_slope", "how fast replies and primes come nearer in {}", "least squares on minutes",
        CONVERGENCE_MINIMUM, "pairs", _per_minute, None, None, clocked=True,
    ),
)  # fmt: skip


def _metrics(features: tuple[Feature, ...]) -> Iterator[Metric]:
    for measure in MEASURES:
        for feature in features:
            if feature in READ and measure.lag > 1:
                continue
            when = ("rate_text", 1) if feature in READ else None
            if measure.lag > 1:
                when = ("lags", measure.lag)
            # Distances, and whether they shrink, change with the gain of one channel.
            gain = feature.name == "intensity" and measure.name in AT_FIXED_GAIN
            yield Metric(
                f"{measure.name}.{feature.name}", measure.unit(feature), measure.low, measure.high, "higher",
                measure.words.format(feature.words) + (" (comparable only at fixed gain)" if gain else ""),
                measure.source, f"{measure.minimum} {measure.needs}", when=when,
                by_turn=measure.name == "turn_proximity" and feature.name in STANDING,
            )  # fmt: skip


METRICS = (
    Metric(
        "proximity", "1", None, 1.0, "higher",
        "nearness of the speakers' mean pitch and rate (and level at fixed gain): 1 same, 0 like strangers",
        "convalign; mean of 1 - gap / G over features, G frozen per run",
        "4 scored turns of each speaker; 5 strangers for the scale", route=True,
    ),
    Metric(
        "synchrony", "1", -1.0, 1.0, "higher",
        "do replies rise and fall with the turns they answer, over the features of the headline",
        f"{_LH}; tanh of the mean of atanh over features", f"{SYNCHRONY_MINIMUM} pairs",
        beside=True, route=True,
    ),
    Metric(
        "convergence", "1", None, None, "higher",
        "do the speakers come nearer between the halves, over the features of the headline",
        f"{_LH}; mean of convergence / G over features, G frozen per run",
        f"{CONVERGENCE_MINIMUM} pairs; 5 strangers for the scale", route=True,
    ),
    *_metrics(HEARD),
    *_metrics(READ),
    Metric(
        "rate_agreement_text", "1", -1.0, 1.0, "none",
        "correlation of the replier's rates from sound and from the transcript", "Pearson, log2 rates",
        f"{AGREEMENT_MINIMUM} turns", when=("rate_text", 1),
    ),
    Metric(
        "rate_ratio_text", "1", 0.0, None, "none",
        "median ratio of the replier's rate from sound to that from the transcript", "median",
        f"{AGREEMENT_MINIMUM} turns", when=("rate_text", 1),
    ),
)  # fmt: skip

PER_FEATURE = {measure.name: measure for measure in MEASURES}
