"""How far one speaker's voice comes near the other's: pitch, speech rate, level. Hears no words.

What is measured
----------------
For each turn, from its sound alone: ``pitch`` (median of the voiced semitones re 100 Hz, octave
errors cut off by a range per speaker), ``pitch_range`` (their 10th to 90th percentile), ``rate``
(syllable nuclei in 300-2,500 Hz per second), ``articulation_rate`` (the same without pauses),
``intensity`` (dBFS of the turn), ``pause_share`` (pauses of 150 ms or more) and ``latency`` (s from
the end of the turn before; negative = overlap). Both rates are compared on the scale of log2.
Consecutive turns of one speaker with at most 2 s between them are one. A direction ``agent->user``
compares the agent's turns with the user's: a reply with the turn that it answers, its prime.

Conventions
-----------
Up is more aligned, everywhere. Composites are plain numbers. A turn without a value is null with
its reason; a metric is null below its minimum, never 0. The baseline is what strangers get in the
partner's place (same role, half to twice as many turns); from 5 strangers there is a baseline, from
40 a p. Without strangers, ``partner_effect`` alone has a p (the t of its coefficient, from 24 turns).
Each measure has the scale that suits it: distances are of raw values, ``local_similarity`` and
``partner_effect`` take speakers' own means and spreads out, correlations are indifferent to both.
Texts are not read, unless ``rate_text`` asks for the rate of the transcript: metrics that read it
end in ``_text`` and are in no composite.

Metrics
-------
proximity : headline; mean over the feature set of 1 - gap / G, G the run's mean gap to strangers
synchrony : do replies rise and fall with their primes; features joined by Fisher's z
convergence : do the speakers come nearer between the halves; mean of convergence / G
proximity.<feature> : minus the distance of the speakers' levels (means; latency: medians)
turn_proximity.<feature> : minus the mean distance of each reply from its prime
local_similarity.<feature> : the same in distances to 10 other turns of the partner; above -1 = nearer
synchrony.<feature> : correlation of replies with their primes, linear trends taken out
synchrony_lag2.<feature> : the same with the partner's turn before the prime; option ``lags``
synchrony_lag3.<feature> : the same two turns before; option ``lags``
partner_effect.<feature> : what the prime adds to what both speakers' turns before and time tell
tama_synchrony.<feature> : correlation of 16 s windows, the largest of lags 0, 1, 2
convergence.<feature> : gap of the means in the first half of the pairs less that in the second
convergence_local.<feature> : correlation of the nearness of reply and prime with time
gap_slope.<feature> : how fast they come nearer, per minute
rate_agreement_text : correlation of the rates from sound and from the transcript
rate_ratio_text : their median ratio

Limits
------
Static intensity, and its convergence, compare levels of two channels and mean something only at
fixed gain (a gain moves the gap, and can turn its sign); static intensity is in
the headline only where ``meta.fixed_gain`` is true for all dialogues or ``fixed_gain`` says so.
The rate is counted from sound and errs by about 5 % on clean read speech. From single calls only proximity
is dependable; synchrony and convergence need many turns or many dialogues. The rate of a transcript
depends on its words: measures of movement take out what the words let expect, learnt per role from
at least 100 turns. Voice quality (harmonics to noise, tilt) is not measured.

References
----------
Levitan & Hirschberg (2011), proximity, synchrony, convergence. Perez, Galvez & Gravano (2016), TAMA.
Galvez et al. (2020), nearest turns. de Jong & Wempe (2009), syllable nuclei. De Looze & Hirst (2008),
two-pass pitch range. swift-f0 0.3, pitch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal

from convalign.dialogue import Dialogue
from convalign.dimensions.prosodic.canary import canary as heard
from convalign.dimensions.prosodic.chance import AT_FIXED_GAIN, HEADLINE, frozen
from convalign.dimensions.prosodic.headline import rescale
from convalign.dimensions.prosodic.hearing import hear
from convalign.dimensions.prosodic.measures import (
    convergence,
    local_similarity,
    proximity,
    synchrony,
    turn_proximity,
)
from convalign.dimensions.prosodic.metrics import LAGS, METRICS
from convalign.dimensions.prosodic.neighbours import Neighbours, neighbours
from convalign.dimensions.prosodic.partner import partner_effect
from convalign.dimensions.prosodic.pitch import PACKAGES, engine_name, pitch_track, semitones
from convalign.dimensions.prosodic.rate import speech_rate
from convalign.dimensions.prosodic.scoring import score_dialogue
from convalign.dimensions.prosodic.syllables import syllable_count
from convalign.dimensions.prosodic.transcript import reader
from convalign.dimensions.prosodic.units import units
from convalign.dimensions.prosodic.voices import Observation, Voice, observation
from convalign.dimensions.prosodic.windows import tama_synchrony
from convalign.errors import UsageError
from convalign.language import SOURCE as SEEN
from convalign.language import checked
from convalign.scores import Canary, Scored
from convalign.surrogates import Pool

__all__ = [
    "METRICS", "NEEDS", "Neighbours", "Observation", "Settings", "Voice", "canary", "convergence",
    "local_similarity", "neighbours", "observe", "partner_effect", "pitch_track", "proximity", "reference",
    "rescale", "score", "semitones", "signature", "speech_rate", "syllable_count", "synchrony",
    "tama_synchrony", "turn_proximity",
]  # fmt: skip

NEEDS: Final[Literal["text", "audio"]] = "audio"

VERSION = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that change a number.

    Attributes
    ----------
    seed : of the draw of strangers
    surrogates : strangers per direction, 0 or more
    within : ``meta`` field on whose value strangers must agree
    pitch_engine : ``swift-f0``, ``pyin`` or ``praat``
    fixed_gain : levels can be compared between channels; None = where every log entry says so
    lags : synchrony with the partner's last turn (1), the two last (2) or the three last (3)
    rate_text : read the transcript too, for the metrics that end in ``_text``
    language : of all transcripts; None = as each dialogue says it, else as it is seen in its words

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
    lags: int = 1
    rate_text: bool = False
    language: str | None = None

    def __post_init__(self) -> None:
        engine_name(self.pitch_engine)
        object.__setattr__(self, "language", checked(self.language))
        if self.surrogates < 0:
            raise UsageError(f"surrogates is {self.surrogates}; give 0 (no baseline) or more, 199 by default")
        if not 1 <= self.lags <= LAGS[-1]:
            raise UsageError(f"lags is {self.lags}; give 1 to {LAGS[-1]}")

    @property
    def reads(self) -> Literal["audio", "both"]:
        """Words are handed to this dimension only where the rate of the transcript was asked for."""
        return "both" if self.rate_text else "audio"


def canary(settings: Settings) -> Canary:
    """What is heard in a sound that never changes."""
    return heard(settings.pitch_engine)


def signature(settings: Settings) -> str:
    """Say in one line how a number was made.

    Examples
    --------
    >>> signature(Settings()).split("|")[0]
    'prosodic.proximity'
    """
    package = PACKAGES[settings.pitch_engine]
    gain = {None: "as-logged", True: "fixed", False: "free"}[settings.fixed_gain]
    parts = (
        "prosodic.proximity", f"pitch:{settings.pitch_engine}-{version(package)}", "rate:nuclei-300-2500",
        f"gain:{gain}", "join:2s", f"surrogates:{settings.surrogates}", f"within:{settings.within or 'none'}",
        f"lags:{settings.lags}", f"seed:{settings.seed}", f"v:{VERSION}",
        *((f"rate-text:{settings.language or SEEN}",) if settings.rate_text else ()),
        f"canary:{canary(settings).stamp}",
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
        ears, messages = hear(dialogue, settings.pitch_engine)
        read = reader(dialogue, settings.language) if settings.rate_text else None
        made = units(dialogue, ears, read)
        found.append(observation(dialogue, made, messages, within=settings.within))
    return found


def reference(observations: Iterable[Observation], pool: Pool[Voice], settings: Settings) -> dict[str, Any]:
    """Freeze the scale of the headline: the mean distance to strangers per feature.

    Returns
    -------
    ``{"features": [...], "G": {feature: distance}, "n": {feature: number of distances}}``, and ``"text"``
    where the transcript is read; a feature without strangers is absent from ``G``.
    """
    return frozen(observations, pool, count=settings.surrogates, fixed_gain=settings.fixed_gain)


def score(
    observation: Observation, pool: Pool[Voice], reference: Mapping[str, Any], settings: Settings
) -> Scored:
    """Rows for every metric and direction of one dialogue.

    Parameters
    ----------
    reference : what `reference` gave for this run, or for the run whose scale holds; ``{}`` leaves
        the composites null

    Returns
    -------
    Dialogue rows for all of `METRICS` that were asked for in every direction; turn rows as in
    docs/prosodic.md.
    """
    fixed = observation.fixed_gain if settings.fixed_gain is None else settings.fixed_gain
    given = {"features": list(AT_FIXED_GAIN if fixed else HEADLINE)} | dict(reference)
    metrics = [m.name for m in METRICS if m.asked(settings)]
    return score_dialogue(observation, pool, given, count=settings.surrogates, metrics=metrics)
