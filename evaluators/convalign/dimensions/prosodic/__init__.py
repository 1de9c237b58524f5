"""How far one speaker's voice comes near the other's: pitch, speech rate, level. Hears no words.

What is measured
----------------
For each turn, from its sound alone: ``pitch`` (median of the voiced semitones re 100 Hz, octave
errors cut off by a range per speaker), ``rate`` (syllable nuclei in 300-2,500 Hz per second, on the
scale of log2) and ``intensity`` (dBFS of the turn). Consecutive turns of one speaker with at most
2 s between them are one. A direction ``agent->user`` compares the agent's turns with the user's.

Conventions
-----------
Up is more aligned, everywhere. Units are st, log2 syllables per second, and dB; composites are
plain numbers. A turn without a value is null with its reason; a metric is null below its minimum,
never 0. The baseline is what strangers get in the partner's place (same role, half to twice as
many turns); from 5 strangers there is a baseline, from 40 a p. Texts are never read.

Metrics
-------
proximity : headline; mean over the feature set of 1 - gap / G, G the run's mean gap to strangers
synchrony : do replies rise and fall with the turns they answer; features joined by Fisher's z
proximity.pitch : minus the distance of the two mean pitches
proximity.rate : minus the distance of the two mean log2 rates
proximity.intensity : minus the distance of the two mean levels
turn_proximity.pitch : minus the mean distance of each reply's pitch from its prime's
turn_proximity.rate : the same for log2 rate
turn_proximity.intensity : the same for level
synchrony.pitch : correlation of replies with their primes, linear trends taken out
synchrony.rate : the same for log2 rate
synchrony.intensity : the same for level
convergence.pitch : gap of the means in the first half of the pairs less that in the second
convergence.rate : the same for log2 rate
convergence.intensity : the same for level

Limits
------
Static intensity, and its convergence, compare levels of two channels and mean something only at
fixed gain (a gain moves the gap, and can turn its sign); static intensity is in
the headline only where ``meta.fixed_gain`` is true for all dialogues or ``fixed_gain`` says so.
The rate is counted from sound and errs by about 5 % on clean read speech. From single calls only proximity
is dependable; synchrony and convergence need many turns or many dialogues. Voice activity
is not detected: turns without times on a whole recording are unscored.

References
----------
Levitan & Hirschberg (2011), proximity, synchrony, convergence. de Jong & Wempe (2009), syllable
nuclei. De Looze & Hirst (2008), two-pass pitch range. swift-f0 0.3, pitch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal

from convalign.dialogue import Dialogue
from convalign.dimensions.prosodic.headline import rescale
from convalign.dimensions.prosodic.hearing import FEATURES, hear
from convalign.dimensions.prosodic.measures import convergence, proximity, synchrony, turn_proximity
from convalign.dimensions.prosodic.pitch import engine_name, pitch_track, semitones
from convalign.dimensions.prosodic.rate import speech_rate
from convalign.dimensions.prosodic.scoring import (
    Observation,
    Voice,
    feature_set,
    frozen_scale,
    observation,
    score_dialogue,
)
from convalign.errors import UsageError
from convalign.scores import Metric, Scored
from convalign.surrogates import Pool

__all__ = [
    "METRICS", "NEEDS", "Observation", "Settings", "Voice", "convergence", "observe", "pitch_track",
    "proximity", "reference", "rescale", "score", "semitones", "signature", "speech_rate",
    "synchrony", "turn_proximity",
]  # fmt: skip

NEEDS: Final[Literal["text", "audio"]] = "audio"

VERSION = 1
_UNITS = {"pitch": "st", "rate": "log2 syllables/s", "intensity": "dB"}
_SOURCE = "Levitan & Hirschberg 2011"

METRICS = (
    Metric(
        "proximity", "1", None, 1.0, "higher",
        "nearness of the speakers' mean pitch and rate (and level at fixed gain): 1 same, 0 like strangers",
        "convalign; mean of 1 - gap / G over features, G frozen per run",
        "4 scored turns of each speaker; 5 strangers for the scale",
    ),
    Metric(
        "synchrony", "1", -1.0, 1.0, "higher",
        "do replies rise and fall with the turns they answer, over the features of the headline",
        f"{_SOURCE}; tanh of the mean of atanh over features", "10 pairs", beside=True,
    ),
    *(
        Metric(
            f"proximity.{f}", _UNITS[f], None, 0.0, "higher", f"minus the distance of the speakers' mean {f}"
            + (" (comparable only at fixed gain)" if f == "intensity" else ""),
            _SOURCE, "4 scored turns of each speaker",
        )
        for f in FEATURES
    ),
    *(
        Metric(
            f"turn_proximity.{f}", _UNITS[f], None, 0.0, "higher",
            f"minus the mean distance of each reply's {f} from its prime's"
            + (" (comparable only at fixed gain)" if f == "intensity" else ""),
            _SOURCE, "4 pairs",
        )
        for f in FEATURES
    ),
    *(
        Metric(
            f"synchrony.{f}", "1", -1.0, 1.0, "higher",
            f"correlation of replies' {f} with their primes', linear trends taken out",
            _SOURCE, "10 pairs",
        )
        for f in FEATURES
    ),
    *(
        Metric(
            f"convergence.{f}", _UNITS[f], None, None, "higher",
            f"gap of the mean {f} in the first half of the pairs less that in the second"
            + (" (comparable only at fixed gain)" if f == "intensity" else ""),
            _SOURCE, "8 pairs",
        )
        for f in FEATURES
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that change a number.

    Attributes
    ----------
    seed : of the draw of strangers
    surrogates : strangers per direction, 0 or more
    within : ``meta`` field on whose value strangers must agree
    pitch_engine : ``swift-f0`` or ``pyin``
    fixed_gain : levels can be compared between channels; None = where every log entry says so

    Raises
    ------
    UsageError
        Unknown engine, negative number of surrogates.
    """

    seed: int = 0
    surrogates: int = 199
    within: str | None = None
    pitch_engine: str = "swift-f0"
    fixed_gain: bool | None = None

    def __post_init__(self) -> None:
        engine_name(self.pitch_engine)
        if self.surrogates < 0:
            raise UsageError(f"surrogates is {self.surrogates}; give 0 (no baseline) or more, 199 by default")


def signature(settings: Settings) -> str:
    """Say in one line how a number was made.

    Examples
    --------
    >>> signature(Settings()).split("|")[0]
    'prosodic.proximity'
    """
    package = {"swift-f0": "swift-f0", "pyin": "librosa"}[settings.pitch_engine]
    gain = {None: "as-logged", True: "fixed", False: "free"}[settings.fixed_gain]
    parts = (
        "prosodic.proximity", f"pitch:{settings.pitch_engine}-{version(package)}", "rate:nuclei-300-2500",
        f"gain:{gain}", "join:2s", f"surrogates:{settings.surrogates}", f"within:{settings.within or 'none'}",
        f"seed:{settings.seed}", f"v:{VERSION}",
    )  # fmt: skip
    return "|".join(parts)


def observe(dialogues: Sequence[Dialogue], settings: Settings) -> list[Observation]:
    """Measure pitch, rate and level of every turn.

    Parameters
    ----------
    dialogues : with sound; texts are not looked at

    Returns
    -------
    [n_dialogues], in order. Sound that cannot be read is a reason on the turn and a sentence in
    ``messages``, never an exception.
    """
    found = []
    for dialogue in dialogues:
        units, messages = hear(dialogue, settings.pitch_engine)
        found.append(observation(dialogue, units, messages, within=settings.within))
    return found


def reference(observations: Iterable[Observation], pool: Pool[Voice], settings: Settings) -> dict[str, Any]:
    """Freeze the scale of the headline: the mean distance to strangers per feature.

    Returns
    -------
    ``{"features": [...], "G": {feature: distance}, "n": {feature: number of distances}}``; a feature
    without strangers is absent from ``G``.
    """
    seen = list(observations)
    features = feature_set(seen, settings.fixed_gain)
    return frozen_scale(seen, pool, count=settings.surrogates, features=features)


def score(
    observation: Observation, pool: Pool[Voice], reference: Mapping[str, Any], settings: Settings
) -> Scored:
    """Rows for every metric and direction of one dialogue.

    Parameters
    ----------
    reference : what `reference` gave for this run, or for the run whose scale holds; ``{}`` leaves
        the headline null

    Returns
    -------
    Dialogue rows for all of `METRICS` in every direction, and ``turn_proximity`` rows per reply.
    """
    features = tuple(reference.get("features") or feature_set([observation], settings.fixed_gain))
    return score_dialogue(
        observation, pool, reference,
        count=settings.surrogates, metrics=[m.name for m in METRICS], features=features,
    )  # fmt: skip
