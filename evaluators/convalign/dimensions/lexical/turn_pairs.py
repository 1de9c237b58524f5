"""Prime and reply, pair by pair: cosines of a direction, beside strangers' turns.

A stranger answers for a prime with that one of its turns which is nearest in length.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.lexical.direction import Direction, Measured
from convalign.dimensions.lexical.partners import Bench, Chain, Numbers, Own, own
from convalign.dimensions.lexical.spoken import Spoken

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The reply pairs of a direction, and the strangers' turns that answer for the primes.

    Attributes
    ----------
    one, made, strangers : the direction and who stands in the partner's place
    replies, primes : [n_pairs] places among the turns of each, both with words
    """

    one: Direction
    made: Bench
    strangers: Sequence[Chain]
    replies: Ints
    primes: Ints

    @cached_property
    def substitutes(self) -> Ints:
        """[n_strangers * n_pairs] the turn that answers for each prime; all turns numbered through."""
        first = [chain[0] for chain in self.strangers]
        counts = np.array([len(one.turns) for one in first])
        begins = np.cumsum(counts) - counts
        # One sorted line of lengths, every stranger a stretch of its own.
        apart = FAR * np.arange(len(first))
        line = np.concatenate([one.by_length for one in first]) + np.repeat(apart, counts)
        wanted = self.one.theirs.length[self.primes]
        target = (apart[:, None] + wanted).ravel()
        low, high = np.repeat(begins, len(wanted)), np.repeat(begins + counts - 1, len(wanted))
        right = np.minimum(np.maximum(np.searchsorted(line, target), low), high)
        left = np.maximum(right - 1, low)
        nearest = np.where(target - line[left] <= line[right] - target, left, right)
        order = np.concatenate([one.order for one in first]) + np.repeat(begins, counts)
        found: Ints = order[nearest]
        return found

    def similarity(self) -> Measured:
        """Mean cosine of the lemma counts of prime and reply.

        Source
        ------
        methods/lexical.md, section 5; Duran, Paxton & Fusaroli 2019.
        """
        mine, theirs = self.one.mine, self.one.theirs
        n = len(self.replies)
        if not n:
            return Measured(None, 0, "no words" if self.one.silent else "too few pairs", np.zeros(0))
        reply = profile(mine)
        # The partner is the first row, strangers are the others.
        first = [chain[0] for chain in self.strangers]
        said = reply.numbered.find(theirs.lemma)
        sizes, norms, turns = theirs.length, profile(theirs).norm, self.primes
        if first:
            strangers = np.concatenate([one.items["lemma"] for one in first])
            said = np.concatenate(
                [said, self.made.vocabularies["lemma"].find(strangers, reply.numbered)], dtype=np.int64
            )
            turns = np.concatenate([turns, self.substitutes + len(sizes)])
            sizes = np.concatenate([sizes, *[one.turns for one in first]])
            norms = np.concatenate([norms, *[one.norm for one in first]])
        cosines = self._products(reply, said, sizes, turns) / norms[turns]
        means = (cosines.reshape(-1, n) / reply.norm[self.replies]).mean(axis=1)
        return Measured(float(means[0]), n, None, means[1:])

    def tags(self) -> Measured:
        """Mean cosine of the part-of-speech bigrams of prime and reply, for pipelines with a tagger.

        Bigrams of the same words in both are left out, so that syntax is not lexis. A stranger
        answers with its turn that is nearest in length.
        """
        mine, theirs = _tagged(self.one.mine), _tagged(self.one.theirs)
        pairs = list(zip(self.replies.tolist(), self.primes.tolist(), strict=True))
        found = [tag_cosine(mine[reply], theirs[prime]) for reply, prime in pairs]
        scored = [value for value in found if value is not None]
        if not scored:
            return Measured(None, 0, "no words" if self.one.silent else "too few pairs", np.zeros(0))
        chance = []
        if len(self.strangers):
            turns = [turn for chain in self.strangers for turn in _tagged(chain[0].side.content) if turn]
            chosen = self.substitutes.reshape(-1, len(pairs)).tolist()
            for row in chosen:
                values = [tag_cosine(mine[r], turns[t]) for (r, _), t in zip(pairs, row, strict=True)]
                held = [value for value in values if value is not None]
                chance.append(float(np.mean(held)) if held else np.nan)
        return Measured(float(np.mean(scored)), len(scored), None, np.array(chance))

    def _products(self, reply: Profile, said: Ints | Numbers, sizes: Ints, turns: Ints) -> Floats:
        """Scalar products of replies with turns, pair after pair, again from the first reply.

        Parameters
        ----------
        said : lemmas of all turns as the replier numbers them; whatever it never uses is left out
        sizes : of them in each turn
        turns : [k * n_pairs] which turn stands against each reply
        """
        known = (said >= 0) & (said < len(reply.numbered.place))
        ends = np.concatenate(([0], np.cumsum(known)))[np.concatenate(([0], np.cumsum(sizes)))]
        size = np.diff(ends)[turns]
        at, pair = flat(ends[turns], size)
        row = self.replies[pair % len(self.replies)]
        found = np.bincount(pair, reply.count(row, said[known][at]), minlength=len(turns))
        return found.astype(np.float64, copy=False)


Tagged = list[tuple[int, int]]
"""Form and tag of each token of a turn."""


def tag_cosine(reply: Tagged, prime: Tagged) -> float | None:
    """Cosine of the tag bigrams of two turns, those of equal words in both left out.

    None when one of them has no bigram, or none is left.
    """
    bigrams = [Counter(pairwise(turn)) for turn in (reply, prime)]
    common = bigrams[0].keys() & bigrams[1].keys()
    counts = []
    for held in bigrams:
        tags: Counter[tuple[int, int]] = Counter()
        for (one, two), count in held.items():
            if (one, two) not in common:
                tags[one[1], two[1]] += count
        counts.append(tags)
    if not counts[0] or not counts[1]:
        return None
    dot = sum(count * counts[1][tag] for tag, count in counts[0].items())
    return dot / math.sqrt(math.prod(sum(n * n for n in held.values()) for held in counts))


def _tagged(spoken: Spoken) -> list[Tagged]:
    """Each turn as pairs of form and tag."""
    tags = spoken.tag if spoken.tag is not None else spoken.form
    tokens = list(zip(spoken.form.tolist(), tags.tolist(), strict=True))
    ends = np.cumsum(spoken.length).tolist()
    return [tokens[end - length : end] for end, length in zip(ends, spoken.length.tolist(), strict=True)]


FAR = np.int64(1) << 32
"""Longer than any turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The lemmas of one speaker.

    Attributes
    ----------
    numbered : the different ones
    cells : [n_cells] turn * width + number, of each lemma in each turn, rising
    counts : [n_cells]
    norm : [n_turns] Euclidean norm of the counts
    """

    numbered: Own
    cells: Ints
    counts: Ints
    norm: Floats

    def count(self, turn: Ints, number: Ints | Numbers) -> Ints:
        """How often a turn holds a lemma."""
        key = turn * len(self.numbered.place) + number
        at = np.minimum(np.searchsorted(self.cells, key), len(self.cells) - 1)
        return np.where(self.cells[at] == key, self.counts[at], 0)


# Each speaker of a dialogue is replier and partner in turn.
@lru_cache(maxsize=16)
def profile(spoken: Spoken) -> Profile:
    """Count the lemmas of every turn."""
    numbered = own(spoken.lemma)
    rows, width = len(spoken.length), len(numbered.place)
    owner = np.repeat(np.arange(rows), spoken.length)
    cells, counts = np.unique(owner * width + numbered.which, return_counts=True)
    norm = np.sqrt(np.bincount(cells // max(width, 1), counts * counts, minlength=rows))
    return Profile(numbered, cells, counts, norm)


def pairs(one: Direction, made: Bench, strangers: Sequence[Chain]) -> Pairs:
    """Find the turns of the replier that follow right on one of the partner."""
    before = np.searchsorted(one.theirs.turn, one.mine.turn) - 1
    follows = (before >= 0) & (one.mine.length > 0)
    follows[follows] &= one.theirs.turn[before[follows]] == one.mine.turn[follows] - 1
    follows[follows] &= one.theirs.length[before[follows]] > 0
    replies = np.flatnonzero(follows)
    return Pairs(one, made, strangers, replies, before[replies])


def flat(start: Ints, size: Ints) -> tuple[Ints, Ints]:
    """Places start, start + 1, ... of each stretch, and the number of its stretch."""
    number = np.repeat(np.arange(len(start)), size)
    return np.repeat(start - np.cumsum(size) + size, size) + np.arange(len(number)), number
