"""Who speaks in a dialogue, what each lends to others as a stranger, and who answers whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convalign.audio.levels import Array
from convalign.dialogue import Dialogue, Direction
from convalign.dimensions.prosodic.features import NAMES, PLACE, level_of
from convalign.dimensions.prosodic.measures import PROXIMITY_MINIMUM
from convalign.dimensions.prosodic.transcript import RATE_TEXT, residual
from convalign.dimensions.prosodic.units import Unit
from convalign.surrogates import Side, side

FLAT_DB = 1.0
FLAT_TURNS = 8
INTENSITY = PLACE["intensity"]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What a speaker lends to others: turn values in order, and their levels.

    Attributes
    ----------
    series : [n_features, n_units], NaN = unscored
    levels : per feature; None with fewer than 4 scored turns
    texts : [n_units, 4], what the transcript says of the rate, NaN = unknown
    """

    series: Array
    levels: tuple[float | None, ...]
    texts: Array


@dataclass(frozen=True, slots=True)
class Observation:
    """What one dialogue shows by itself.

    Attributes
    ----------
    dialogue : id
    directions : who may adapt to whom
    sides : one per speaker
    units : joined turns, in order
    speakers : in order of first turn; a unit's `slot` points here
    turns : of the dialogue, before joining
    fixed_gain : the log declares levels comparable (``meta.fixed_gain``)
    messages : what is wrong with its sound files
    """

    dialogue: str
    directions: tuple[Direction, ...]
    sides: tuple[Side[Voice], ...]
    units: tuple[Unit, ...]
    speakers: tuple[str, ...]
    turns: int
    fixed_gain: bool
    messages: tuple[str, ...]

    @property
    def heard(self) -> bool:
        """Whether anything could be measured."""
        return any(value is not None for unit in self.units for value in unit.values)


def observation(
    dialogue: Dialogue, units: tuple[Unit, ...], messages: tuple[str, ...], *, within: str | None
) -> Observation:
    """Put together what scoring needs of one dialogue."""
    speakers = dialogue.speakers
    sides = []
    for slot, speaker in enumerate(speakers):
        voice = _voice([unit for unit in units if unit.slot == slot])
        rows = (",".join("-" if np.isnan(v) else f"{v:.9g}" for v in one) for one in voice.series)
        sides.append(side(dialogue, speaker, voice, fingerprint=";".join(rows), within=within))
    return Observation(
        dialogue.id, dialogue.directions(), tuple(sides), units, speakers, len(dialogue.turns),
        dialogue.meta.get("fixed_gain") is True, messages,
    )  # fmt: skip


def _voice(units: Sequence[Unit]) -> Voice:
    series = as_matrix(units)
    texts = np.array([u.text or (np.nan,) * 4 for u in units], np.float64).reshape(-1, 4)
    levels = []
    for name, values in zip(NAMES, series, strict=True):
        there = values[~np.isnan(values)]
        levels.append(level_of(name, there.tolist()) if len(there) >= PROXIMITY_MINIMUM else None)
    return Voice(series, tuple(levels), texts)


def as_matrix(units: Sequence[Unit]) -> Array:
    """Values of units; [n_features, n_units], NaN = unscored."""
    rows = [[np.nan if v is None else v for v in unit.values] for unit in units]
    return np.array(rows, np.float64).reshape(-1, len(NAMES)).T


def group_of(one: Side[Voice]) -> str:
    """Whose texts are learnt from together: a role, or else a place in the order of speakers."""
    return one.role if one.role is not None else f"place {one.order}"


def moving(one: Side[Voice], model: Mapping[str, Any]) -> Array:
    """A side's series for measures of movement: the rate of the transcript without what its words let
    expect; [n_features, n_units]."""
    series = one.content.series.copy()
    if not np.isnan(series[RATE_TEXT]).all():
        series[RATE_TEXT] = residual(model, group_of(one), series[RATE_TEXT], one.content.texts)
    return series


class Pairs:
    """Replies of one direction with the turns that they answer.

    Attributes
    ----------
    reply, prime : sides of the two speakers
    units, primes : replies and the turns that they answer, [n_pairs] each
    own, others : all units of each speaker
    """

    def __init__(self, one: Observation, direction: Direction, model: Mapping[str, Any]) -> None:
        self.reply, self.prime = two(one, direction)
        a, b = one.speakers.index(direction.replier), one.speakers.index(direction.prime)
        answered = [
            (before, after)
            for before, after in zip(one.units, one.units[1:], strict=False)
            if after.slot == a and before.slot == b
        ]
        self.units = [after for _, after in answered]
        self.primes = [before for before, _ in answered]
        self.own = [unit for unit in one.units if unit.slot == a]
        self.others = [unit for unit in one.units if unit.slot == b]
        self._moving = moving(self.reply, model), moving(self.prime, model)
        place = {id(unit): k for side in (self.own, self.others) for k, unit in enumerate(side)}
        self._seats = ([place[id(u)] for u in self.units], [place[id(u)] for u in self.primes])

    @cached_property
    def raw(self) -> tuple[Array, Array]:
        """Values of replies and primes; [n_features, n_pairs] each."""
        return as_matrix(self.units), as_matrix(self.primes)

    @cached_property
    def moves(self) -> tuple[Array, Array]:
        """The same for measures of movement."""
        return self._moving[0][:, self._seats[0]], self._moving[1][:, self._seats[1]]

    @cached_property
    def courses(self) -> tuple[Array, Array]:
        """All turns of each for measures of movement; [n_features, n_units] each."""
        return self._moving

    @cached_property
    def spans(self) -> tuple[Array, Array]:
        """Start and end of all turns of each, s; [n_units, 2], NaN = unknown."""
        return _spans(self.own), _spans(self.others)

    @property
    def origin_s(self) -> float:
        """Start of the first turn of either, s; 0 when no turn has a time."""
        starts = np.concatenate([one[:, 0] for one in self.spans])
        known = starts[~np.isnan(starts)]
        return float(known.min()) if len(known) else 0.0

    @cached_property
    def times_s(self) -> Array:
        """Start of each reply; [n_pairs], NaN = unknown."""
        return np.array([np.nan if u.start_s is None else u.start_s for u in self.units], np.float64)

    def flat(self) -> bool:
        """Whether either level hardly varies: gain control, or synthetic speech."""
        for units in (self.own, self.others):
            levels = [v for u in units if (v := u.values[INTENSITY]) is not None]
            if len(levels) >= FLAT_TURNS and float(np.std(levels, ddof=1)) < FLAT_DB:
                return True
        return False


def two(one: Observation, direction: Direction) -> tuple[Side[Voice], Side[Voice]]:
    """The sides of replier and prime."""
    place = one.speakers.index
    return one.sides[place(direction.replier)], one.sides[place(direction.prime)]


def _spans(units: Sequence[Unit]) -> Array:
    spans = [[np.nan if t is None else t for t in (u.start_s, u.end_s)] for u in units]
    return np.array(spans, np.float64).reshape(-1, 2)
