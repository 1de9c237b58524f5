"""From turn values to rows: each measure beside what strangers get."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalign.dialogue import Dialogue, Direction
from convalign.dimensions.prosodic.headline import NAME, P_NEEDS, composed, composed_chance
from convalign.dimensions.prosodic.hearing import FEATURES, Unit
from convalign.dimensions.prosodic.measures import (
    CONVERGENCE_MINIMUM,
    PROXIMITY_MINIMUM,
    SYNCHRONY_MINIMUM,
    convergences,
    synchronies,
    turn_proximities,
)
from convalign.scores import Score, Scored, TurnScore, row, turn_row
from convalign.surrogates import FEWEST, Pool, Side, side

FLAT_DB = 1.0
FLAT_TURNS = 8
SURE = 1 - 1e-9

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Voice:
    """What a speaker lends to others: turn values in order, and their means.

    Attributes
    ----------
    series : per feature, [n_units] values, None = unscored
    means : per feature; None with fewer than 4 scored turns
    """

    series: tuple[tuple[float | None, ...], ...]
    means: tuple[float | None, ...]


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
        own = [unit.values for unit in units if unit.slot == slot]
        series = tuple(tuple(values[f] for values in own) for f in range(len(FEATURES)))
        voice = Voice(series, tuple(_mean(one) for one in series))
        text = ";".join(",".join("-" if v is None else f"{v:.9g}" for v in one) for one in series)
        sides.append(side(dialogue, speaker, voice, fingerprint=text, within=within))
    return Observation(
        dialogue.id, dialogue.directions(), tuple(sides), units, speakers, len(dialogue.turns),
        dialogue.meta.get("fixed_gain") is True, messages,
    )  # fmt: skip


def feature_set(observations: Sequence[Observation], fixed_gain: bool | None) -> tuple[str, ...]:
    """The features of the composites: intensity only where levels can be compared."""
    if fixed_gain is None:
        heard = [one for one in observations if one.heard]
        fixed_gain = bool(heard) and all(one.fixed_gain for one in heard)
    return FEATURES if fixed_gain else FEATURES[:2]


def frozen_scale(
    observations: Sequence[Observation], pool: Pool[Voice], *, count: int, features: Sequence[str]
) -> dict[str, Any]:
    """The mean distance to strangers per feature, over all dialogues and directions of a run.

    Returns
    -------
    ``{"features", "G": {feature: mean distance}, "n": {feature: distances}}``; a feature that has
    fewer than 5 distances is absent from ``G``.
    """
    gaps: dict[str, list[float]] = {feature: [] for feature in FEATURES}
    for one in observations:
        for direction in one.directions:
            reply, prime = _two(one, direction)
            for stranger in _strangers(pool, prime, count):
                for f, feature in enumerate(FEATURES):
                    gap = _gap(reply.content.means[f], stranger.content.means[f])
                    if gap is not None:
                        gaps[feature].append(gap)
    scale = {f: math.fsum(found) / len(found) for f, found in gaps.items() if len(found) >= FEWEST}
    return {"features": list(features), "G": scale, "n": {f: len(found) for f, found in gaps.items()}}


def score_dialogue(
    one: Observation,
    pool: Pool[Voice],
    reference: Mapping[str, Any],
    *,
    count: int,
    metrics: Sequence[str],
    features: Sequence[str],
) -> Scored:
    """Rows of one dialogue, for every metric and direction, and its rows per turn."""
    if not one.directions:
        reason = "one turn" if one.turns == 1 else "one speaker"
        return Scored(tuple(row(one.dialogue, NAME, m, "-", value=None, n=0, reason=reason) for m in metrics))
    rows: list[Score] = []
    turns: list[TurnScore] = []
    for direction in one.directions:
        pairs = _Pairs(one, direction)
        strangers = _strangers(pool, pairs.prime, count)
        found = _rows(one.dialogue, direction.label, pairs, strangers, reference, features)
        rows += [found[metric] for metric in metrics]
        if any(reason != "no audio" for unit in one.units for reason in unit.reasons):
            turns += _turn_rows(one, direction, pairs)
    return Scored(tuple(rows), tuple(turns))


class _Pairs:
    """Replies of one direction with the turns that they answer."""

    def __init__(self, one: Observation, direction: Direction) -> None:
        self.reply, self.prime = _two(one, direction)
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

    def series(self, f: int) -> tuple[Array, Array]:
        """Values of replies and primes; [n_pairs] each, NaN = missing."""
        return _array(u.values[f] for u in self.units), _array(u.values[f] for u in self.primes)

    def complete(self, f: int) -> int:
        """Pairs with both values."""
        a, b = self.series(f)
        return int(np.count_nonzero(~np.isnan(a + b)))

    def flat(self) -> bool:
        """Whether either level hardly varies: gain control, or synthetic speech."""
        for units in (self.own, self.others):
            levels = [u.values[2] for u in units if u.values[2] is not None]
            if len(levels) >= FLAT_TURNS and float(np.std(levels, ddof=1)) < FLAT_DB:
                return True
        return False


def _two(one: Observation, direction: Direction) -> tuple[Side[Voice], Side[Voice]]:
    """The sides of replier and prime."""
    return tuple(one.sides[one.speakers.index(s)] for s in (direction.replier, direction.prime))  # type: ignore[return-value]


def _strangers(pool: Pool[Voice], prime: Side[Voice], count: int) -> list[Side[Voice]]:
    """Who else could have sat in the partner's place: of about the same number of turns."""
    size = len(prime.content.series[0])

    def alike(other: Side[Voice]) -> bool:
        theirs = len(other.content.series[0])
        return size <= 2 * theirs and theirs <= 2 * size and any(m is not None for m in other.content.means)

    return pool.strangers(prime, count, accept=alike)


def _rows(
    dialogue: str,
    label: str,
    pairs: _Pairs,
    strangers: Sequence[Side[Voice]],
    reference: Mapping[str, Any],
    features: Sequence[str],
) -> dict[str, Score]:
    """All rows of one direction, by metric."""
    found: dict[str, Score] = {}
    rows: dict[str, Score] = {}
    dynamic: dict[str, Array] = {}
    static: dict[str, list[float | None]] = {}
    flat = pairs.flat()
    for f, feature in enumerate(FEATURES):
        gap = _gap(pairs.reply.content.means[f], pairs.prime.content.means[f])
        gaps = [_gap(pairs.reply.content.means[f], s.content.means[f]) for s in strangers]
        static[feature] = gaps
        n = min(_scored(pairs.own, f), _scored(pairs.others, f))
        reason = _why((pairs.own, pairs.others), f, PROXIMITY_MINIMUM, "too few turns")
        near = [-g for g in gaps if g is not None]
        name = f"proximity.{feature}"
        value = None if gap is None else -gap
        rows[feature] = found[name] = _row(dialogue, name, label, value, n, near, "upper", reason)
        reply, prime = pairs.series(f)
        primes = _seats(strangers, f, len(reply))
        for metric, tail, measure, minimum in _MEASURES:
            every = measure(reply, np.vstack([prime[None], primes]), minimum=minimum)
            value = None if np.isnan(every[0]) else float(every[0])
            n = pairs.complete(f)
            reason = _why((pairs.units, pairs.primes), f, minimum, "too few pairs")
            if n >= minimum:
                reason = "no variation"
            if feature == "intensity" and metric != "turn_proximity" and flat:
                value, reason = None, "flat level"
            chance = every[1:]
            if metric == "synchrony":
                dynamic[feature] = np.append(np.nan if value is None else value, chance)
            found[f"{metric}.{feature}"] = _row(
                dialogue, f"{metric}.{feature}", label, value, n, chance[~np.isnan(chance)], tail, reason
            )
    composites = composed_chance(static, features, reference)
    found["proximity"] = composed(dialogue, label, rows, features, reference, composites)
    found["synchrony"] = _together(dialogue, label, found, dynamic, features)
    return found


Measure = Callable[..., Array]
_MEASURES: tuple[tuple[str, Literal["upper", "two"], Measure, int], ...] = (
    ("turn_proximity", "upper", turn_proximities, PROXIMITY_MINIMUM),
    ("synchrony", "two", synchronies, SYNCHRONY_MINIMUM),
    ("convergence", "two", convergences, CONVERGENCE_MINIMUM),
)


def _row(
    dialogue: str,
    metric: str,
    label: str,
    value: float | None,
    n: int,
    chance: Sequence[float] | Array,
    tail: Literal["upper", "two"],
    reason: str,
) -> Score:
    """One row; a baseline from 5 strangers, a p from 40."""
    if value is None:
        return row(dialogue, NAME, metric, label, value=None, n=n, reason=reason)
    if len(chance) < FEWEST:
        return row(dialogue, NAME, metric, label, value=value, n=n, reason="too few strangers")
    shown = tail if len(chance) >= P_NEEDS else None
    return row(dialogue, NAME, metric, label, value=value, n=n, surrogates=chance, tail=shown)


def _together(
    dialogue: str,
    label: str,
    found: Mapping[str, Score],
    dynamic: Mapping[str, Array],
    features: Sequence[str],
) -> Score:
    """Synchrony over features: back from the mean of Fisher's z."""
    rows = [found[f"synchrony.{f}"] for f in features]
    n = min(r.n for r in rows)
    z = np.mean([np.arctanh(np.clip(dynamic[f], -SURE, SURE)) for f in features], axis=0)
    every = np.tanh(z)
    value = None if np.isnan(every[0]) else float(every[0])
    reason = "feature missing"
    if all(r.value is None for r in rows):
        reason = rows[0].reason or reason
    chance = every[1:]
    return _row(dialogue, "synchrony", label, value, n, chance[~np.isnan(chance)], "two", reason)


def _turn_rows(one: Observation, direction: Direction, pairs: _Pairs) -> list[TurnScore]:
    """How near each reply is to the turn that it answers, per feature."""
    rows = []
    for reply, prime in zip(pairs.units, pairs.primes, strict=True):
        for f, feature in enumerate(FEATURES):
            a, b = reply.values[f], prime.values[f]
            value = None if a is None or b is None else -abs(a - b) + 0.0
            reason = None if value is not None else reply.reasons[f] or prime.reasons[f]
            name = f"turn_proximity.{feature}"
            at = (one.dialogue, reply.turn, direction.replier, NAME, name, direction.label)
            rows.append(turn_row(*at, value=value, n=int(value is not None), reason=reason))
    return rows


def _seats(strangers: Sequence[Side[Voice]], f: int, size: int) -> Array:
    """Strangers' turn values in the partner's seats; [n_strangers, size], NaN where they have none."""
    seats = np.full((len(strangers), size), np.nan)
    for k, stranger in enumerate(strangers):
        theirs = _array(stranger.content.series[f][:size])
        seats[k, : len(theirs)] = theirs
    return seats


def _why(sides: Sequence[Sequence[Unit]], f: int, minimum: int, otherwise: str) -> str:
    """The reason of a missing value: what befell the turns, or that there were too few."""
    units = [unit for group in sides for unit in group]
    befell = Counter(reason for unit in units if (reason := unit.reasons[f]) is not None)
    enough = min(map(len, sides)) >= minimum
    if not befell or (not enough and any(unit.values[f] is not None for unit in units)):
        return otherwise
    most = max(befell.values())
    return min(reason for reason, count in befell.items() if count == most)


def _scored(units: Sequence[Unit], f: int) -> int:
    """Units with a value."""
    return sum(unit.values[f] is not None for unit in units)


def _mean(values: Sequence[float | None]) -> float | None:
    """Mean of what is there, from 4 values."""
    there = [v for v in values if v is not None]
    return math.fsum(there) / len(there) if len(there) >= PROXIMITY_MINIMUM else None


def _gap(a: float | None, b: float | None) -> float | None:
    """Distance of two means."""
    return None if a is None or b is None else abs(a - b)


def _array(values: Iterable[float | None]) -> Array:
    """NaN for None."""
    return np.array([np.nan if v is None else v for v in values], np.float64)
