"""The features of a turn: names, units, and the scale on which two turns are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that can be heard of a turn.

    Attributes
    ----------
    name : as in metrics, ``proximity.<name>``
    unit : of the value of a turn
    scale : unit in which turns are compared
    words : what it is, for tables
    least : strangers that differ by less do not differ (on the scale)
    """

    name: str
    unit: str
    scale: str
    words: str
    least: float

    def shown(self, value: float) -> float:
        """A value on the scale, in the feature's own unit."""
        return float(2.0**value) if self.scale.startswith("log2") else value


_LOG2 = "log2 syllables/s"

HEARD = (
    Feature("pitch", "st", "st", "pitch", 0.1),
    Feature("rate", "syllables/s", _LOG2, "speech rate", 0.01),
    Feature("intensity", "dBFS", "dB", "level", 0.1),
    Feature("pitch_range", "st", "st", "pitch range", 0.1),
    Feature("articulation_rate", "syllables/s", _LOG2, "rate without pauses", 0.01),
    Feature("pause_share", "share", "share", "share of pauses", 0.005),
    Feature("latency", "s", "s", "response latency", 0.01),
)
"""What every run measures, from sound alone."""

READ = (Feature("rate_text", "syllables/s", _LOG2, "rate from the transcript", 0.01),)
"""What is measured with the transcript, when asked."""

EVERY = HEARD + READ
NAMES = tuple(feature.name for feature in EVERY)
FEATURES = tuple(feature.name for feature in HEARD)
PLACE = {name: place for place, name in enumerate(NAMES)}
LEAST_SCALE = {feature.name: feature.least for feature in EVERY}


def level_of(name: str, values: Sequence[float]) -> float:
    """The level of a speaker on a feature: the mean of the turns; of latencies the median, because
    one long silence would outweigh all the others."""
    return float(np.median(values) if name == "latency" else np.mean(values))
