"""The rows of one direction: every metric beside what strangers in the partner's place give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.emotional.course import Synchrony, convergence, outcome, synchrony, trajectory
from convalign.dimensions.emotional.measures import Match, agreement, corrected, match, similarity, slope
from convalign.dimensions.emotional.reading import Exchange, Feeling, Heard
from convalign.dimensions.emotional.support import (
    NEGATIVE,
    POSITIVE,
    Reply,
    dismisses,
    escalates,
    mirrors,
)
from convalign.scores import Score, TurnScore, row, turn_row
from convalign.surrogates import FEWEST

NAME = "emotional"
FEWEST_PAIRS = 4
FEWEST_FOR_SLOPE = 8
NO_LABEL = "model has no such label"
ENGLISH_ONLY = "english only"
ENGLISH_RULES = ("escalate", "dismiss", "mirror")

Floats = NDArray[np.float64]
Value = float | None


@dataclass(frozen=True, slots=True)
class Found:
    """A metric before it is a row.

    Attributes
    ----------
    value : None with a reason
    n : evidence
    chance : what strangers give
    tail : as in `convalign.scores.row`
    """

    value: Value
    n: int
    reason: str | None = None
    chance: Sequence[float] = ()
    tail: Any = "upper"


@dataclass(frozen=True, eq=False)
class Direction:
    """One direction of one dialogue: who replies, who is answered, who could have been.

    Attributes
    ----------
    exchanges : in order
    course : [n_turns] valence of the partner's turns
    strangers : in drawing order; [] when there are too few
    english : whether rules that list English words can be asked
    """

    exchanges: Sequence[Exchange]
    course: Floats
    strangers: Sequence[Heard] = field(default=())
    english: bool = True

    @cached_property
    def worded(self) -> list[Exchange]:
        """Exchanges of which both sides have words."""
        return [e for e in self.exchanges if e.prime is not None and e.reply is not None]

    @cached_property
    def edited(self) -> list[Exchange]:
        """Those of which something is left without the echo."""
        return [e for e in self.worded if e.edited is not None]

    @property
    def few(self) -> str:
        """Why there are too few exchanges with words."""
        why = [e.reason for e in self.exchanges if e.reason is not None]
        return why[0] if why and not self.worded else "too few pairs"

    @property
    def lost(self) -> str:
        """Why there are too few exchanges once the echo is gone."""
        echo = len(self.worded) >= FEWEST_PAIRS > len(self.edited)
        return "only echoed words" if echo else self.few

    @cached_property
    def primes(self) -> list[Floats]:
        """Valence of strangers' primes."""
        return [one.valence for one in self.strangers]


def found(one: Direction) -> Iterator[tuple[str, Found]]:
    """Every metric of a direction, in the order of the dimension's list."""
    raw = _match([(_reply(e), _prime(e)) for e in one.worded], one.primes)
    controlled = _match([(_edited(e), _prime(e)) for e in one.edited], one.primes)
    yield "match", _matched(controlled, len(one.edited), one.lost)
    yield "match_raw", _matched(raw, len(one.worded), one.few)
    yield "echo_share", _echo_share(raw, controlled, len(one.edited), one.lost)
    yield "match.positive", _stratum(one, lambda v: v > POSITIVE)
    yield "match.negative", _stratum(one, lambda v: v < NEGATIVE)
    graded = [heard.graded for heard in one.strangers]
    yield "slope", _slope([(e.edited, e.prime) for e in one.edited], graded)
    yield "slope_raw", _slope([(e.reply, e.prime) for e in one.worded], graded)
    yield "emotion_match", _emotion_match(one)
    yield from _support(one)
    yield from _course(one)


def _prime(e: Exchange) -> float:
    return e.prime.valence if e.prime else math.nan


def _reply(e: Exchange) -> float:
    return e.reply.valence if e.reply else math.nan


def _edited(e: Exchange) -> float:
    return e.edited.valence if e.edited else math.nan


# ------------------------------------------------------------------------------------------ matching


def _match(pairs: list[tuple[float, float]], strangers: Sequence[Floats]) -> Match | str:
    """The match, or why there is none."""
    if len(pairs) < FEWEST_PAIRS:
        return "too few pairs"
    if len(strangers) < 2:
        return "too few strangers"
    replies, primes = zip(*pairs, strict=True)
    made = match(replies, primes, strangers)
    whole = made.value is not None and len(made.strangers) == len(strangers)
    return made if whole else "no spread in affect"


def _matched(made: Match | str, n: int, few: str) -> Found:
    if isinstance(made, str):
        return Found(None, n, few if made == "too few pairs" else made)
    return Found(made.value, n, None, made.strangers)


def _echo_share(raw: Match | str, controlled: Match | str, n: int, few: str) -> Found:
    """match_raw less match."""
    if isinstance(raw, str) or isinstance(controlled, str) or raw.value is None or controlled.value is None:
        told = controlled if isinstance(controlled, str) else str(raw)
        return Found(None, n, few if told == "too few pairs" else told)
    chance = [a - b for a, b in zip(raw.strangers, controlled.strangers, strict=True)]
    return Found(raw.value - controlled.value, n, None, chance, None)


def _stratum(one: Direction, kind: Callable[[Any], Any]) -> Found:
    """The headline on primes of one kind, against strangers' primes of the same kind."""
    pairs = [(_edited(e), _prime(e)) for e in one.edited if kind(_prime(e))]
    chosen = [v[kind(v)] for v in one.primes]
    strangers = [v for v in chosen if len(v)]
    made = _match(pairs, strangers if len(strangers) >= FEWEST else [])
    return _matched(made, len(pairs), "too few pairs")


def _slope(pairs: list[tuple[Feeling | None, Feeling | None]], strangers: Sequence[Floats]) -> Found:
    """Of graded valence: classes that nobody is sure of flatten a slope."""
    n = len(pairs)
    if n < FEWEST_FOR_SLOPE:
        return Found(None, n, "too few pairs")
    replies, primes = ([one.graded if one else math.nan for one in side] for side in zip(*pairs, strict=True))
    value = slope(replies, primes)
    if value is None:
        return Found(None, n, "no variation")
    chance = _numbers(slope(replies, np.resize(v, n)) for v in strangers)
    return Found(value, n, None if chance else "too few strangers", chance, "two")


def _emotion_match(one: Direction) -> Found:
    """Chance-corrected agreement of the seven classes."""
    pairs = [(e.edited.ekman, e.prime.ekman) for e in one.edited if e.edited and e.prime]
    n = len(pairs)
    if any(a is None or b is None for a, b in pairs):
        return Found(None, n, NO_LABEL)
    if n < FEWEST_PAIRS:
        return Found(None, n, one.lost)
    strangers = [s.ekman for s in one.strangers if s.ekman is not None]
    if len(strangers) < 2:
        return Found(None, n, "too few strangers")
    replies = np.array([a for a, _ in pairs])
    value = agreement(replies, np.array([b for _, b in pairs]))
    stood_in = [agreement(replies, np.resize(s, replies.shape)) for s in strangers]
    made = corrected(value, stood_in)
    return _matched(made if made.value is not None else "no spread in affect", n, one.lost)


# ------------------------------------------------------------------------------- replies to bad news


def told(e: Exchange, v_prime: float) -> Reply | None:
    """A reply as support sees it, if it answered a prime of this valence; None when labels lack."""
    r = e.reply
    if r is None or r.compassion is None or r.regulation is None or r.distress is None:
        return None
    if r.hostility is None:
        return None
    hostility = e.hostility if e.hostility is not None else r.hostility
    last = e.last_regulation if e.last_regulation is not None else r.regulation
    compassion = e.compassion if e.compassion is not None else r.compassion
    return Reply(
        r.valence, r.valence - v_prime, compassion, r.compassion, (r.regulation + last) / 2, r.distress,
        hostility, e.about_partner, e.bleak,
    )  # fmt: skip


SUPPORT: dict[str, tuple[Callable[[Reply], float], str]] = {
    "acknowledge": (lambda r: r.compassion, "upper"),
    "regulate": (lambda r: r.regulation, "upper"),
    "regulate.shift": (lambda r: r.shift, "two"),
    "escalate": (lambda r: float(escalates(r)), "two"),
    "dismiss": (lambda r: float(dismisses(r)), "two"),
    "mirror": (lambda r: float(mirrors(r)), "two"),
}
"""Metric -> what it reads off one reply to a negative prime, and its tail."""


def _support(one: Direction) -> Iterator[tuple[str, Found]]:
    """Means over replies to negative primes; a stranger's primes decide anew which replies those are."""
    bad = [e for e in one.worded if _prime(e) < NEGATIVE]
    lacking = any(told(e, 0.0) is None for e in one.worded)
    for metric, (read, tail) in SUPPORT.items():
        if metric in ENGLISH_RULES and not one.english:
            yield metric, Found(None, len(bad), ENGLISH_ONLY)
            continue
        if lacking or not bad:
            yield metric, Found(None, len(bad), NO_LABEL if lacking else "no negative prime")
            continue
        value = _mean(read, [(e, _prime(e)) for e in bad])
        chance = _numbers(_stood_in(read, one.worded, v) for v in one.primes)
        yield metric, Found(value, len(bad), None if chance else "too few strangers", chance, tail)


def _stood_in(read: Callable[[Reply], float], exchanges: Sequence[Exchange], primes: Floats) -> Value:
    series = np.resize(primes, len(exchanges)).tolist()
    return _mean(read, [(e, v) for e, v in zip(exchanges, series, strict=True) if v < NEGATIVE])


def _mean(read: Callable[[Reply], float], replies: Sequence[tuple[Exchange, float]]) -> Value:
    values = [read(reply) for e, v in replies if (reply := told(e, v)) is not None]
    return math.fsum(values) / len(values) if values else None


# ------------------------------------------------------------------------------------ as it goes on


def _course(one: Direction) -> Iterator[tuple[str, Found]]:
    """The partner's affect over the dialogue, and how the two move."""
    own = trajectory(one.course) if len(one.course) else None
    others = [trajectory(s.course) for s in one.strangers if len(s.course)]
    for metric, attribute in (
        ("trajectory", "slope"), ("trajectory.level", "level"), ("trajectory.volatility", "volatility"),
    ):  # fmt: skip
        value = None if own is None else getattr(own, attribute)
        if value is None:
            yield metric, Found(None, len(one.course), "too few turns" if own else "no words")
            continue
        chance = _numbers(getattr(o, attribute) for o in others)
        yield metric, Found(value, len(one.course), None if chance else "too few strangers", chance, "two")
    yield "outcome", _outcome(one)
    yield from _synchrony(one)
    yield "convergence", _convergence(one)


def _outcome(one: Direction) -> Found:
    """The partner's next turn less the one that was answered, mean over replies."""
    steps = [(_prime(e), e.after) for e in one.exchanges if e.prime is not None and e.after is not None]
    if not steps:
        return Found(None, 0, "no words" if not one.worded else "too few pairs")
    strangers = [s.course for s in one.strangers if len(s.course) > 1]
    changes = [outcome(before, after, strangers) for before, after in steps]
    value = math.fsum(change for change, _ in changes) / len(changes)
    chance = _numbers(np.array([c for _, c in changes]).mean(axis=0).tolist() if strangers else ())
    return Found(value, len(steps), None if chance else "too few strangers", chance, "two")


def _synchrony(one: Direction) -> Iterator[tuple[str, Found]]:
    n = len(one.edited)
    made: Synchrony | None = None
    reason = "too few pairs"
    if n >= FEWEST_FOR_SLOPE:
        made = synchrony([_prime(e) for e in one.edited], [_edited(e) for e in one.edited])
        reason = "no variation"
    if made is None:
        for metric in ("synchrony", "synchrony.best", "synchrony.lag"):
            yield metric, Found(None, n, reason)
        return
    yield "synchrony", Found(made.value, n, None, made.shifted)
    yield "synchrony.best", Found(made.best, n, None, made.best_shifted)
    yield "synchrony.lag", Found(float(made.lag), n, "no chance level")


def _convergence(one: Direction) -> Found:
    n = len(one.edited)
    if n < FEWEST_FOR_SLOPE:
        return Found(None, n, "too few pairs")
    replies = [_edited(e) for e in one.edited]
    value = convergence([_prime(e) for e in one.edited], replies)
    if value is None:
        return Found(None, n, "no variation")
    chance = _numbers(convergence(np.resize(v, n), replies) for v in one.primes)
    return Found(value, n, None if chance else "too few strangers", chance)


def _numbers(values: Any) -> list[float]:
    """Those that are there; none when fewer than 5 are."""
    kept = [value for value in values if value is not None]
    return kept if len(kept) >= FEWEST else []


# --------------------------------------------------------------------------------------------- rows


def rows(dialogue: str, label: str, one: Direction) -> list[Score]:
    """The dialogue rows of one direction."""
    return [
        row(
            dialogue, NAME, metric, label, value=f.value, n=f.n, reason=f.reason, surrogates=f.chance,
            tail=f.tail,
        )
        for metric, f in found(one)
    ]  # fmt: skip


def turn_rows(dialogue: str, label: str, speaker: str, one: Direction) -> Iterator[TurnScore]:
    """The rows of each reply: how near it is, and on negative primes what it does."""
    primes = np.concatenate(one.primes) if one.primes else np.zeros(0)
    for e in one.exchanges:
        make = partial(turn_row, dialogue, e.turn, speaker, NAME, direction=label, n=1)
        reason = e.reason
        for metric, text in (("match", e.edited), ("match_raw", e.reply)):
            why = reason or ("only echoed words" if text is None else None)
            value = chance = None
            if why is None and text is not None and e.prime is not None:
                value = similarity([text.valence], [e.prime.valence])
                chance = float(1 - np.abs(primes - text.valence).mean() / 2) if len(primes) else None
            yield make(metric=metric, value=value, reason=why, baseline=chance)
        why = reason or ("only echoed words" if e.edited is None else None)
        left = e.edited.valence if e.edited and not why else None
        yield make(metric="valence_controlled", value=left, reason=why)
        if reason is None and e.prime is not None and e.prime.valence < NEGATIVE:
            reply = told(e, e.prime.valence)
            for metric, (read, _) in SUPPORT.items():
                why = ENGLISH_ONLY if metric in ENGLISH_RULES and not one.english else None
                why = why or (None if reply else NO_LABEL)
                value = read(reply) if reply and not why else None
                yield make(metric=metric, value=value, reason=why)
