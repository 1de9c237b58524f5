"""One direction of one dialogue, measured against the partner and against strangers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.lexical.partners import NEVER, Bench, Chain, Kind, Own, Table, items, own, table
from convalign.dimensions.lexical.spoken import Spoken

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
UNSEEN = "no chance level"
"""Why a value has no strangers beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A metric of a direction.

    Attributes
    ----------
    value : None with a reason
    chance : [n_strangers] what they get; NaN where a stranger gives no value
    n : evidence
    """

    value: float | None
    n: int
    reason: str | None
    chance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TurnShares:
    """`entrainment` of each turn of the replier.

    Attributes
    ----------
    turn : [n_replies]
    value, baseline : [n_replies], NaN where there is none
    n : [n_replies] content types
    heard : [n_replies] content words of the partner before it
    """

    turn: Ints
    value: Floats
    baseline: Floats
    n: Ints
    heard: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """Replier and partner of one direction.

    Attributes
    ----------
    mine, theirs : their words
    heard : [n_replies] content words of the partner before each turn of the replier
    listened : [n_replies] tokens of the partner before it
    """

    mine: Spoken
    theirs: Spoken
    heard: Ints
    listened: Ints

    @property
    def silent(self) -> bool:
        """Whether one of the two says nothing at all."""
        return not len(self.mine.form) or not len(self.theirs.form)

    def streams(self, made: Bench, kind: Kind, strangers: Sequence[Chain], length: int) -> tuple[Own, Table]:
        """The replier's items, and where those of the partner and of strangers stand among them."""
        mine = own(items(self.mine, kind))
        theirs = items(self.theirs, kind)
        return mine, table(made.vocabularies[kind], kind, mine, theirs, strangers, length)


def direction(mine: Spoken, theirs: Spoken) -> Direction:
    """Arrange two sides of a dialogue."""
    before = np.searchsorted(theirs.turn, mine.turn)
    content = np.concatenate(([0], np.cumsum(theirs.content_length)))
    tokens = np.concatenate(([0], np.cumsum(theirs.length)))
    return Direction(mine, theirs, content[before], tokens[before])


def took_over(
    one: Direction, made: Bench, strangers: Sequence[Chain], *, history: int | None, window: int
) -> tuple[dict[str, Measured], TurnShares]:
    """`entrainment`, `uptake` and `uptake.rest`; the arithmetic of `takeover`, for all rows at once.

    Source
    ------
    methods/lexical.md, section 1: ``j(w) < h(t_w)``.
    """
    replies = len(one.mine.turn)
    length = int(one.heard[-1]) if replies else 0
    mine, found = one.streams(made, "content", strangers, length)
    owner = np.repeat(np.arange(replies), one.mine.content_length)
    pairs = np.array(sorted(set((owner * (found.none + 1) + mine.which).tolist())), np.int64)
    reply, item = np.divmod(pairs, found.none + 1)
    debut = np.full(found.none, replies)
    np.minimum.at(debut, item, reply)
    place = found.first()
    hits = (place < one.heard[debut] if replies else place < 0)[:, item]
    if history is not None:
        hits &= _windowed(one, found, history, reply, item)
    n = np.bincount(reply, minlength=replies)
    scored = one.heard > 0
    counts = scored[reply]
    evidence = int(counts.sum())
    reason = None if evidence else _why(one, "content")
    shares = hits[:, counts].mean(axis=1) if evidence else np.full(len(place), np.nan)
    result = {"entrainment": _measured(shares, evidence, reason)}
    turns = _turn_shares(one, hits, reply, n)
    result |= _uptake(one, found, place, debut, length, window)
    return result, turns


def _turn_shares(one: Direction, hits: NDArray[np.bool_], reply: Ints, n: Ints) -> TurnShares:
    replies = len(one.mine.turn)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.bincount(reply, hits[0], minlength=replies) / n
        chance = hits[1:].mean(axis=0) if len(hits) > 1 else np.full(len(reply), np.nan)
        baseline = np.bincount(reply, chance, minlength=replies) / n
    return TurnShares(one.mine.turn, value, baseline, n, one.heard)


def _windowed(one: Direction, found: Table, history: int, reply: Ints, item: Ints) -> NDArray[np.bool_]:
    """Whether each item of each reply occurs in the partner's last turns before it."""
    before = np.searchsorted(one.theirs.turn, one.mine.turn)
    starts = np.concatenate(([0], np.cumsum(one.theirs.content_length)))[np.maximum(before - history, 0)]
    inside = np.zeros((len(found.found), len(item)), np.bool_)
    for number, (since, until) in enumerate(zip(starts.tolist(), one.heard.tolist(), strict=True)):
        here = reply == number
        inside[:, here] = found.within(since, until)[:, item[here]]
    return inside


def _uptake(
    one: Direction, found: Table, place: Ints, debut: Ints, length: int, window: int
) -> dict[str, Measured]:
    """Of the types that a row brings in, those that the replier uses in its next turns."""
    after = np.searchsorted(one.heard, place, side="right")
    said = place < length
    new = found.distinct - (said & (debut < after)).sum(axis=1)
    taken = said & (debut >= after)
    reason = None if new[0] else "no partner history" if len(one.mine.turn) else "no words"
    result = {}
    for name, reach in (("uptake", window), ("uptake.rest", None)):
        used = taken if reach is None else taken & (debut < after + reach)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = used.sum(axis=1) / new
        result[name] = _measured(shares, int(new[0]), reason)
    return result


def said_again(one: Direction, made: Bench, strangers: Sequence[Chain]) -> dict[str, Measured]:
    """`repetition` and `vocabulary`, over all words, function words too."""
    length = len(one.theirs.form)
    mine, found = one.streams(made, "form", strangers, length)
    place = found.first()
    owner = np.repeat(np.arange(len(one.mine.turn)), one.mine.length)
    listened = one.listened[owner]
    counts = one.mine.letter & (listened > 0)
    n = int(counts.sum())
    again = (
        (place[:, mine.which[counts]] < listened[counts]).mean(axis=1) if n else np.full(len(place), np.nan)
    )
    reason = None if n else _why(one, "tokens")
    common = (place < NEVER).sum(axis=1)
    everything = found.none + found.distinct - common
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap = common / everything
    return {
        "repetition": _measured(again, n, reason),
        "vocabulary": _measured(overlap, int(everything[0]), "no words" if one.silent else None),
    }


def _measured(rows: Floats, n: int, reason: str | None) -> Measured:
    """Row 0 is the value, the others are chance."""
    if reason is not None:
        return Measured(None, 0, reason, np.zeros(0))
    return Measured(float(rows[0]), n, None, rows[1:])


def _why(one: Direction, what: str) -> str:
    """Why no turn of the replier is scored."""
    if not len(one.mine.turn):
        return "no words"
    if not (one.heard if what == "content" else one.listened).any():
        return "no partner history"
    return "no content words" if what == "content" else "no words"
