"""Function words of one direction: `coordination` and `style`, beside chance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.lexical.direction import Direction, Measured
from convalign.dimensions.lexical.pairwise import pairwise, shuffled_means
from convalign.dimensions.lexical.partners import Chain, bits
from convalign.dimensions.lexical.spoken import WORD, Ints, Spoken
from convalign.dimensions.lexical.style import matching

Masks = NDArray[np.uint16]
LACKING = "language not covered"


def answered(speakers: Sequence[int]) -> Ints:
    """[n_turns] the last turn before each one by somebody else; -1 = none. It is what the turn answers."""
    primes, prime = [], -1
    for turn, speaker in enumerate(speakers):
        if turn and speakers[turn - 1] != speaker:
            prime = turn - 1
        primes.append(prime)
    return np.array(primes, np.int64)


def coordination(
    one: Direction, answers: Ints, classes: int, shuffles: int, generator: np.random.Generator
) -> Measured:
    """How much likelier a class is in a reply when the prime has it; mean over classes.

    Parameters
    ----------
    answers : [n_turns of the dialogue] as of `answered`
    classes : number of closed classes of the language; 0 = no list
    shuffles : orders of the same replies that give the chance level

    Source
    ------
    methods/lexical.md, section 3; Danescu-Niculescu-Mizil et al. 2012.
    """
    if one.silent or not classes:
        return Measured(None, 0, "no words" if one.silent else LACKING, np.zeros(0))
    prime = answers[one.mine.turn]
    at = np.searchsorted(one.theirs.turn, prime)
    kept = np.append(one.theirs.turn, -2)[at] == prime
    replies, primes = _held(one.mine)[kept], _held(one.theirs)[at[kept]]
    found = pairwise(primes, replies, classes) if len(replies) else None
    if found is None or np.isnan(found.mean):
        return Measured(None, 0, "too few pairs", np.zeros(0))
    n = len(replies)
    orders = generator.permuted(np.tile(np.arange(n), (shuffles, 1)), axis=1)
    return Measured(found.mean, n, None, shuffled_means(primes, replies, orders, classes))


def style(one: Direction, classes: int, strangers: Sequence[Chain]) -> Measured:
    """Likeness of the rates of closed classes; mean over classes that either uses.

    Source
    ------
    methods/lexical.md, section 4; Ireland & Pennebaker 2010.
    """
    if one.silent or not classes:
        return Measured(None, 0, "no words" if one.silent else LACKING, np.zeros(0))
    own, other = _totals(one.mine)[None], _totals(one.theirs)[None]
    if len(strangers):
        other = np.concatenate((other, _counts(strangers, len(one.theirs.form))))
    words, spoken = own[:, WORD], other[:, WORD]
    if not words[0] or not spoken[0]:
        return Measured(None, 0, "no words", np.zeros(0))
    # A stranger's stretch without a word has no rates, and no words of a class either.
    _, mean = matching(own[:, :classes], words, other[:, :classes], np.maximum(spoken, 1))
    if np.isnan(mean[0]):
        return Measured(None, 0, "no function words", np.zeros(0))
    return Measured(float(mean[0]), int(min(words[0], spoken[0])), None, mean[1:])


# Each speaker of a dialogue is replier and partner in turn.
@lru_cache(maxsize=16)
def _held(spoken: Spoken) -> Masks:
    """[n_turns] classes of each turn; 0 for turns without tokens."""
    held = np.zeros(len(spoken.length), np.uint16)
    some = spoken.length > 0
    starts = (np.cumsum(spoken.length) - spoken.length)[some]
    if len(starts):
        held[some] = np.bitwise_or.reduceat(spoken.marker, starts)
    return held


@lru_cache(maxsize=16)
def _totals(spoken: Spoken) -> Ints:
    """[16] tokens with each bit."""
    totals: Ints = bits(spoken.marker).sum(axis=0, dtype=np.int64)
    return totals


def _counts(strangers: Sequence[Chain], length: int) -> Ints:
    """[n_strangers, 16] tokens with each bit among the first `length` of each stranger."""
    rows: list[Ints] = []
    begins: list[int] = []
    for chain in strangers:
        begins.append(len(rows))
        wanted = length
        for one in chain:
            within = min(wanted, len(one.marked) - 1)
            rows.append(one.marked[within])
            wanted -= within
    return np.add.reduceat(np.array(rows), begins, axis=0)
