"""The dimension's four doors: settings, observe, reference, score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from convalign import affect
from convalign.affect.canary import canary as canary_of
from convalign.affect.emoticons import SOURCE
from convalign.dialogue import Dialogue
from convalign.dimensions.emotional import rows as made
from convalign.dimensions.emotional.reading import Feeling, Heard, Observation, observe_all
from convalign.dimensions.emotional.words import source
from convalign.errors import UsageError
from convalign.language import SOURCE as SEEN
from convalign.language import checked
from convalign.scores import Canary, Score, Scored, TurnScore, row, turn_row
from convalign.surrogates import FEWEST, Pool, Side

NAME = made.NAME
NAMES = (
    "match", "match_raw", "echo_share", "match.positive", "match.negative", "slope", "slope_raw",
    "emotion_match", *made.SUPPORT, "trajectory", "trajectory.level",
    "trajectory.volatility", "outcome",
    "synchrony", "synchrony.best", "synchrony.lag", "convergence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What changes a number here.

    Attributes
    ----------
    seed : of the strangers
    surrogates : strangers' primes per dialogue and direction, at least 1
    within : meta field in which strangers must agree
    language : of all dialogues; None = as each one says it, else as it is seen in its words
    affect : model name or folder, as in `convalign.affect.load`
    provider : where the model runs, as in `convalign.affect.load`
    """

    seed: int = 0
    surrogates: int = 200
    within: str | None = None
    language: str | None = None
    affect: str = "default"
    provider: str = "cpu"

    def __post_init__(self) -> None:
        if self.surrogates < 1:
            raise UsageError(f"surrogates: {self.surrogates} is less than 1")
        object.__setattr__(self, "language", checked(self.language))
        _model(self.affect, self.provider)


@cache
def _model(name: str, provider: str) -> affect.Model:
    """One model per process."""
    return affect.load(name, provider=provider)


@cache
def canary(settings: Settings) -> Canary:
    """What the model says of texts that never change."""
    model = _model(settings.affect, settings.provider)
    return Canary(canary_of(model), model.canary)


def signature(settings: Settings) -> str:
    """How the numbers were made, in one line."""
    model = _model(settings.affect, settings.provider)
    parts = (
        "emotional.match",
        f"affect:{model.signature}",
        f"echo:deleted-{source()}",
        f"primes:{settings.surrogates}",
        f"within:{settings.within or 'none'}",
        f"language:{settings.language or SEEN}",
        f"seed:{settings.seed}",
        SOURCE,
        "v:5",
        f"canary:{canary(settings).stamp}",
    )
    return "|".join(parts)


def observe(dialogues: Sequence[Dialogue], settings: Settings) -> list[Observation]:
    """Predict the affect of every turn, whole and without echoed words, in one batch.

    Returns
    -------
    [n_dialogues], in order.
    """
    model = _model(settings.affect, settings.provider)
    return observe_all(dialogues, model, asked=settings.language, within=settings.within)


def reference(observations: Iterable[Observation], pool: Pool[Heard], settings: Settings) -> dict[str, Any]:
    """Nothing of this dimension is frozen over a run."""
    return {}


def score(
    observation: Observation, pool: Pool[Heard], reference: Mapping[str, Any], settings: Settings
) -> Scored:
    """Score every direction of one dialogue, beside its strangers.

    Returns
    -------
    Scored; turn rows without direction for what each turn feels like (``valence``, ``intensity``,
    ``compassion``, ``regulation``, ``distress``) and, where there are any, the share of its pieces that the
    model has no vocabulary for (``unknown``), and per direction ``match`` and ``match_raw`` (one reply
    against its prime, baseline = the same reply against strangers' primes), ``valence_controlled``, and,
    on negative primes, ``acknowledge``, ``regulate``, ``regulate.shift``, ``escalate``, ``dismiss`` and
    ``mirror``.
    """
    name = observation.dialogue
    if not observation.directions:
        alone = observation.reason or "one speaker"
        return Scored(tuple(row(name, NAME, m, "-", value=None, n=0, reason=alone) for m in NAMES))
    rows: list[Score] = []
    turns: list[TurnScore] = []
    if observation.reason is None:
        for place, speaker, feeling, unknown in observation.turns:
            turns += _felt(name, place, speaker, feeling)
            if unknown:
                turns.append(turn_row(name, place, speaker, NAME, "unknown", None, value=unknown, n=1))
    for label, replier, prime, exchanges in observation.directions:
        if observation.reason is not None:
            rows += [row(name, NAME, m, label, value=None, n=0, reason=observation.reason) for m in NAMES]
            continue
        partner = observation.sides[prime]
        one = made.Direction(
            exchanges, partner.content.course, _strangers(pool, partner, settings), observation.english
        )
        rows += made.rows(name, label, one)
        turns += made.turn_rows(name, label, observation.sides[replier].speaker, one)
    return Scored(tuple(rows), tuple(turns))


def _felt(name: str, place: int, speaker: str, feeling: Feeling | str) -> Iterable[TurnScore]:
    """What one turn feels like, or why that is not known."""
    if isinstance(feeling, str):
        yield turn_row(name, place, speaker, NAME, "valence", None, value=None, n=1, reason=feeling)
        return
    for metric in ("valence", "intensity", "compassion", "regulation", "distress"):
        value = getattr(feeling, metric)
        if value is not None:
            yield turn_row(name, place, speaker, NAME, metric, None, value=value, n=1)


def _strangers(pool: Pool[Heard], target: Side[Heard], settings: Settings) -> list[Heard]:
    """Strangers until there are as many primes as wanted; [] under 5 strangers."""
    drawn = pool.strangers(
        target, max(settings.surrogates, FEWEST), accept=lambda one: len(one.content.valence) > 0
    )
    kept: list[Heard] = []
    total = 0
    for one in drawn:
        if total >= settings.surrogates and len(kept) >= FEWEST:
            break
        kept.append(one.content)
        total += len(one.content.valence)
    return kept
