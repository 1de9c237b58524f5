"""From turn values to rows: each measure beside what strangers get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from convalign.audio.levels import Array
from convalign.dimensions.prosodic.chance import levels, seats, strangers
from convalign.dimensions.prosodic.features import PLACE
from convalign.dimensions.prosodic.headline import COMPOSED, NAME, P_NEEDS, composed, composed_chance
from convalign.dimensions.prosodic.measures import (
    convergences,
    later,
    local_similarities,
    nearings,
    synchronies,
    turn_proximities,
)
from convalign.dimensions.prosodic.metrics import AGREEMENT_MINIMUM, PER_FEATURE, Measure
from convalign.dimensions.prosodic.partner import LEAST_ROWS, complete_rows, partner_effects
from convalign.dimensions.prosodic.tables import turn_rows
from convalign.dimensions.prosodic.transcript import RATE_TEXT
from convalign.dimensions.prosodic.units import Unit
from convalign.dimensions.prosodic.voices import Observation, Pairs, Voice, group_of
from convalign.dimensions.prosodic.windows import count_windows, tama_synchronies
from convalign.scores import Score, Scored, row
from convalign.surrogates import FEWEST, Pool, Side

SURE = 1 - 1e-9
SINGLE_TURNS = 24
"""Turns of a call from which the t of `partner_effect` gives a p without strangers."""


def score_dialogue(
    one: Observation,
    pool: Pool[Voice],
    reference: Mapping[str, Any],
    *,
    count: int,
    metrics: Sequence[str],
) -> Scored:
    """Rows of one dialogue and its rows per turn.

    Parameters
    ----------
    reference : what was frozen for the run, with ``features`` of the composites
    count : strangers
    metrics : that were asked for
    """
    if not one.directions:
        return _nothing(one, metrics, ["-"], "one turn" if one.turns == 1 else "one speaker")
    if all(unit.reasons[0] == "no audio" for unit in one.units):
        return _nothing(one, metrics, [direction.label for direction in one.directions], "no audio")
    rows: list[Score] = []
    every: list[Pairs] = []
    for direction in one.directions:
        pairs = Pairs(one, direction, reference.get("text", {}))
        found = _Rows(one.dialogue, direction.label, pairs, strangers(pool, pairs.prime, count), reference)
        rows += found.all(metrics)
        every.append(pairs)
    return Scored(tuple(rows), tuple(turn_rows(one, every, metrics)))


def _nothing(one: Observation, metrics: Sequence[str], labels: Sequence[str], reason: str) -> Scored:
    """Composites without value: a log without sound is not to grow by a row for every measure."""
    names = [metric for metric in metrics if "." not in metric and not metric.endswith("_text")]
    rows = (
        row(one.dialogue, NAME, m, label, value=None, n=0, reason=reason) for label in labels for m in names
    )
    return Scored(tuple(rows))


class _Rows:
    """Rows of one direction."""

    def __init__(
        self,
        dialogue: str,
        label: str,
        pairs: Pairs,
        others: Sequence[Side[Voice]],
        reference: Mapping[str, Any],
    ) -> None:
        self.dialogue, self.label, self.pairs, self.reference = dialogue, label, pairs, reference
        self.features: tuple[str, ...] = tuple(reference["features"])
        self.levels = levels(others)
        size = max(len(pairs.others), len(pairs.units))
        self.raw = seats(others, size)
        model = reference.get("text")
        self.moves = self.raw if not model else seats(others, size, model)
        self.flat = pairs.flat()
        self.chances: dict[str, Array] = {}
        self.found: dict[str, Score] = {}

    def all(self, metrics: Sequence[str]) -> list[Score]:
        """Every metric that was asked for, in order."""
        for metric in metrics:
            name, _, feature = metric.partition(".")
            if feature:
                self.found[metric] = self._one(PER_FEATURE[name], feature)
        for metric in metrics:
            if metric in COMPOSED:
                self.found[metric] = self._composed(metric)
            elif metric == "synchrony":
                self.found[metric] = self._synchrony()
            elif "." not in metric:
                self.found[metric] = self._rates(metric)
        return [self.found[metric] for metric in metrics]

    def _one(self, measure: Measure, feature: str) -> Score:
        """One measure on one feature."""
        f, metric = PLACE[feature], f"{measure.name}.{feature}"
        n, reason = self._evidence(measure, f)
        every = self._values(measure, f) if reason is None else np.full(1, np.nan)
        if np.isnan(every[0]):
            reason = reason or self._void(measure, f)
            return row(self.dialogue, NAME, metric, self.label, value=None, n=n, reason=reason)
        self.chances[metric] = every[1:]
        made = self._row(metric, float(every[0]), n, every[1:][~np.isnan(every[1:])], measure.tail)
        if measure.name == "partner_effect" and made.p is None and 2 * len(self.pairs.units) >= SINGLE_TURNS:
            a, b = self.pairs.moves
            return replace(made, p=partner_effects(a[f], b[f][None]).p())
        return made

    def _evidence(self, measure: Measure, f: int) -> tuple[int, str | None]:
        """How much there is for a measure, and why that is not enough."""
        pairs = self.pairs
        sides: tuple[Sequence[Unit], ...] = (pairs.units, pairs.primes)
        few = "too few pairs"
        if measure.name == "proximity":
            sides, few = (pairs.own, pairs.others), "too few turns"
            series = (pairs.reply.content.series, pairs.prime.content.series)
            n = min(int(np.count_nonzero(~np.isnan(one[f]))) for one in series)
        elif measure.name == "tama_synchrony":
            sides, few = (pairs.own, pairs.others), "too few windows"
            a, b = pairs.courses
            spans = pairs.spans
            n = count_windows((a[f], spans[0]), (b[f], spans[1]), origin_s=pairs.origin_s)
        else:
            a, b = pairs.raw
            n = int(np.count_nonzero(~np.isnan(a[f] + later(b[f][None], measure.lag)[0])))
        if measure.moves and f == RATE_TEXT and self._unlearnt():
            return n, "no text model"
        if measure.moves and f == PLACE["intensity"] and self.flat:
            return n, "flat level"
        if measure.clocked and np.isnan(np.concatenate(pairs.spans)).any():
            return n, _why(sides, f, len(pairs.units) + 1, "no turn times")
        return n, None if n >= measure.minimum else _why(sides, f, measure.minimum, few)

    def _void(self, measure: Measure, f: int) -> str:
        """Why there is no value although there are turns enough."""
        a, b = self.pairs.moves
        gaps = measure.name == "partner_effect" and complete_rows(a[f], b[f]) < LEAST_ROWS
        return "too few pairs" if gaps else "no variation"

    def _unlearnt(self) -> bool:
        """Whether a speaker's texts could not be learnt from."""
        model = self.reference.get("text", {})
        return any(group_of(side) not in model for side in (self.pairs.reply, self.pairs.prime))

    def _values(self, measure: Measure, f: int) -> Array:
        """The value, then those of the strangers, NaN = none."""
        pairs = self.pairs
        if measure.name == "proximity":
            mine, theirs = levels([pairs.reply, pairs.prime])[f]
            return np.asarray(-np.abs(mine - np.append(theirs, self.levels[f])) + 0.0, np.float64)
        if measure.name == "tama_synchrony":
            a, b = pairs.courses
            primes = np.vstack([b[f][None], self.moves[f][:, : b.shape[1]]])
            spans = pairs.spans
            return tama_synchronies(a[f], spans[0], primes, spans[1], origin_s=pairs.origin_s)
        a, b = pairs.moves if measure.moves else pairs.raw
        seated = self.moves if measure.moves else self.raw
        reply = a[f]
        primes = later(np.vstack([b[f][None], seated[f][:, : len(reply)]]), measure.lag)
        return _measured(measure, reply, primes, pairs.times_s)

    def _composed(self, metric: str) -> Score:
        """The headline, and convergence in the headline's scale."""
        rows = {f: self.found[f"{metric}.{f}"] for f in self.features}
        apart = {f: self.chances[name] for f in self.features if (name := f"{metric}.{f}") in self.chances}
        chance = composed_chance(apart, self.features, self.reference, metric=metric)
        return composed(self.dialogue, self.label, rows, self.features, self.reference, chance, metric=metric)

    def _synchrony(self) -> Score:
        """Synchrony over features: back from the mean of Fisher's z."""
        rows = [self.found[f"synchrony.{f}"] for f in self.features]
        n = min(r.n for r in rows)
        values = [r.value for r in rows if r.value is not None]
        if len(values) < len(rows):
            reason = "feature missing" if values else rows[0].reason
            return row(self.dialogue, NAME, "synchrony", self.label, value=None, n=n, reason=reason)
        every = [np.append(r.value, self.chances[r.metric]) for r in rows if r.value is not None]
        joined = np.tanh(np.mean(np.arctanh(np.clip(every, -SURE, SURE)), axis=0))
        chance = joined[1:][~np.isnan(joined[1:])]
        return self._row("synchrony", float(joined[0]), n, chance, "two")

    def _rates(self, metric: str) -> Score:
        """How far the rates from sound and from the transcript agree."""
        series = self.pairs.reply.content.series[[PLACE["rate"], RATE_TEXT]]
        heard, read = series[:, ~np.isnan(series).any(axis=0)]
        value, reason = None, "no chance level"
        if len(heard) < AGREEMENT_MINIMUM:
            reason = _why((self.pairs.own,), RATE_TEXT, AGREEMENT_MINIMUM, "too few turns")
        elif metric == "rate_ratio_text":
            value = float(2 ** np.median(heard - read))
        else:
            spread = float(np.std(heard) * np.std(read))
            value = float(np.mean((heard - heard.mean()) * (read - read.mean())) / spread) if spread else None
            reason = reason if spread else "no variation"
        return row(self.dialogue, NAME, metric, self.label, value=value, n=len(heard), reason=reason)

    def _row(
        self, metric: str, value: float, n: int, chance: Array, tail: Literal["upper", "two"] | None
    ) -> Score:
        """One row; a baseline from 5 strangers, a p from 40."""
        if len(chance) < FEWEST:
            reason = "too few strangers"
            return row(self.dialogue, NAME, metric, self.label, value=value, n=n, reason=reason)
        shown = tail if len(chance) >= P_NEEDS else None
        return row(self.dialogue, NAME, metric, self.label, value=value, n=n, surrogates=chance, tail=shown)


def _measured(measure: Measure, reply: Array, primes: Array, times_s: Array) -> Array:
    """A measure of pairs against many."""
    if measure.name == "partner_effect":
        return partner_effects(reply, primes).coefficients
    if measure.name == "turn_proximity":
        return turn_proximities(reply, primes)
    if measure.name == "local_similarity":
        return local_similarities(reply, primes) + 0.0
    if measure.name.startswith("synchrony"):
        return synchronies(reply, primes)
    if measure.name == "convergence":
        return convergences(reply, primes)
    # Without a clock, pairs are evenly spaced.
    clock = np.arange(len(reply), dtype=np.float64) if np.isnan(times_s).any() else times_s
    return nearings(reply, primes, clock, slope=measure.name == "gap_slope")


def _why(sides: Sequence[Sequence[Unit]], f: int, minimum: int, otherwise: str) -> str:
    """The reason of a missing value: what befell the turns, or that there were too few."""
    units = [unit for group in sides for unit in group]
    found = (unit.reasons[f] for unit in units)
    befell = Counter(reason for reason in found if reason not in (None, "answers nobody"))
    enough = min(map(len, sides)) >= minimum
    if not befell or (not enough and any(unit.values[f] is not None for unit in units)):
        return otherwise
    most = max(befell.values())
    return min(reason for reason, count in befell.items() if count == most)
