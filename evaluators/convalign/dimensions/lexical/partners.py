"""The real partner and strangers in its place, side by side as rows of one table.

Row 0 is the partner as it was; every further row is a stranger, cut or extended by further
strangers to the same number of words. All measures read such tables, so that a stranger is judged
by exactly what judges the partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.lexical.spoken import Hashes, Spoken
from convalign.surrogates import Pool, Side

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Kind = Literal["content", "form", "lemma"]
KINDS: tuple[Kind, ...] = ("content", "form", "lemma")
NEVER = np.int64(1) << 40
"""A place that no stream reaches."""


def items(spoken: Spoken, kind: Kind) -> Hashes:
    """What a kind of measure counts, in order."""
    return {"content": spoken.content, "form": spoken.form, "lemma": spoken.lemma}[kind]


def norms(words: Hashes, length: Ints) -> NDArray[np.float64]:
    """[n_turns] Euclidean norm of the counts of each turn's words; 0 for a turn without."""
    owner = np.repeat(np.arange(len(length)), length)
    order = np.lexsort((words, owner))
    word, turn = words[order], owner[order]
    new = np.ones(len(word), np.bool_)
    new[1:] = (word[1:] != word[:-1]) | (turn[1:] != turn[:-1])
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(word)))
    return np.sqrt(np.bincount(turn[starts], counts * counts, minlength=len(length)))


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The different items of a replier.

    Attributes
    ----------
    place : item -> its number, from 0
    which : [n_items] number of each item
    """

    place: dict[int, int]
    which: Ints

    def find(self, others: Hashes) -> Ints:
        """Numbers of items; their count for those that the replier never uses."""
        get, none = self.place.get, len(self.place)
        return np.array([get(item, none) for item in others.tolist()], np.int64)


def own(mine: Hashes) -> Own:
    """Number the items of a replier."""
    place: dict[int, int] = {}
    which = [place.setdefault(item, len(place)) for item in mine.tolist()]
    return Own(place, np.array(which, np.int64))


@dataclass(slots=True)
class Vocabulary:
    """Numbers for the items that strangers can say; bounded by the pool, not by the log."""

    number: dict[int, int] = field(default_factory=dict)
    slot: Numbers = field(default_factory=lambda: np.full(1024, -1, np.int32))

    def add(self, items: Hashes) -> Numbers:
        """Number a stranger's items, new ones too."""
        number = self.number
        found = [number.setdefault(item, len(number)) for item in items.tolist()]
        if len(number) > len(self.slot):
            self.slot = np.full(2 * len(number), -1, np.int32)
        return np.array(found, np.int32)

    def find(self, said: Numbers, mine: Own) -> Numbers:
        """What strangers say, as the replier numbers it; -1 = never used by the replier."""
        get = self.number.get
        known = np.array([get(item, -1) for item in mine.place], np.int64)
        which = np.flatnonzero(known >= 0)
        known = known[which]
        self.slot[known] = which
        found: Numbers = self.slot[said]
        self.slot[known] = -1
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """A side of the pool, numbered.

    Attributes
    ----------
    side : whose it is
    items : kind -> [n_items]
    distinct : kind -> [n_items + 1] different items before each place
    turns : [n_turns] tokens in each turn that has any
    order, by_length : [n_turns] those turns from the shortest to the longest, and their lengths
    norm : [n_turns] norm of the lemma counts of those turns
    marked : [n_tokens + 1, 16] tokens before each place that have each bit of `Spoken.marker`
    """

    side: Side[Spoken]
    items: dict[Kind, Numbers]
    distinct: dict[Kind, Numbers]
    turns: Ints
    order: Ints
    by_length: Ints
    norm: NDArray[np.float64]
    marked: Ints


@dataclass(slots=True)
class Bench:
    """What was made of the sides of a pool; lives as long as the pool."""

    vocabularies: dict[Kind, Vocabulary] = field(
        default_factory=lambda: {kind: Vocabulary() for kind in KINDS}
    )
    known: dict[int, Stranger] = field(default_factory=dict)

    def stranger(self, side: Side[Spoken]) -> Stranger:
        """A side of the pool, numbered when it is first drawn."""
        key = id(side)
        if key not in self.known:
            length = side.content.length
            some = length > 0
            order = np.argsort(length[some], kind="stable")
            marked = np.zeros((len(side.content.marker) + 1, 16), np.int64)
            np.cumsum(bits(side.content.marker), axis=0, out=marked[1:])
            numbers: dict[Kind, Numbers] = {
                kind: self.vocabularies[kind].add(items(side.content, kind)) for kind in KINDS
            }
            distinct: dict[Kind, Numbers] = {kind: different(found) for kind, found in numbers.items()}
            self.known[key] = Stranger(
                side,
                numbers,
                distinct,
                length[some],
                order,
                length[some][order],
                norms(side.content.lemma, length)[some],
                marked,
            )
        return self.known[key]


def different(numbers: Numbers) -> Numbers:
    """[n + 1] how many different ones stand before each place."""
    counts = np.zeros(len(numbers) + 1, np.int32)
    counts[np.unique(numbers, return_index=True)[1] + 1] = 1
    return np.cumsum(counts, dtype=np.int32)


def bits(marker: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """[n_tokens, 16] the bits of each marker."""
    pairs = np.ascontiguousarray(marker, "<u2").view(np.uint8).reshape(-1, 2)
    return np.unpackbits(pairs, axis=1, bitorder="little")


_BENCHES: WeakKeyDictionary[Pool[Spoken], Bench] = WeakKeyDictionary()


def bench(pool: Pool[Spoken]) -> Bench:
    """The bench of a pool."""
    return _BENCHES.setdefault(pool, Bench())


Chain = tuple[Stranger, ...]
"""A stranger, and those by which it is extended."""


def draw(made: Bench, pool: Pool[Spoken], partner: Side[Spoken], count: int) -> tuple[Chain, ...]:
    """Draw strangers who have at least as many words, and as many content words, as the partner.

    Returns
    -------
    <= `count`; none when fewer than 5 dialogues are eligible, or all of them together are too short.
    """
    content, tokens = partner.content.size
    if not content:
        return ()
    line = drawn = pool.strangers(partner, count, accept=_speaks)
    sizes = [one.content.size for one in line]
    # Too little in all the strangers together: as many more as the log has.
    while line and (sum([c for c, _ in sizes]) < content or sum([t for _, t in sizes]) < tokens):
        more = pool.strangers(partner, 2 * len(line), accept=_speaks)
        if len(more) == len(line):
            return ()
        line, sizes = more, [one.content.size for one in more]
    numbered = [made.stranger(one) for one in line]
    return tuple(_chain(numbered, sizes, first, content, tokens) for first in range(len(drawn)))


def _speaks(one: Side[Spoken]) -> bool:
    """Whether a side has content words at all."""
    return one.content.size[0] > 0


def _chain(
    line: Sequence[Stranger], sizes: Sequence[tuple[int, int]], first: int, content: int, tokens: int
) -> Chain:
    """A stranger, extended by those drawn after it until it is long enough."""
    end = first
    while content > 0 or tokens > 0:
        more = sizes[end % len(line)]
        content, tokens, end = content - more[0], tokens - more[1], end + 1
    return tuple([line[at % len(line)] for at in range(first, end)])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Streams of items, the partner's in row 0, strangers' below.

    Attributes
    ----------
    found : [1 + n_strangers, length] where each item stands among the replier's own; `none` = not
    distinct : [1 + n_strangers] different items in each row
    none : number of items of the replier
    """

    found: Ints
    distinct: Ints
    none: int

    def first(self) -> Ints:
        """[1 + n_strangers, none] place at which each of the replier's items comes first; or `NEVER`."""
        rows, length = self.found.shape
        first = np.full((rows, self.none + 1), NEVER)
        # Backwards, so that the first place is the one that stays. Copied, because numpy walks a
        # reversed view in the order of memory.
        back, places = self.found[:, ::-1].copy(), np.arange(length)[::-1].copy()
        first[np.arange(rows)[:, None], back] = places
        return first[:, :-1]

    def within(self, since: int, until: int) -> NDArray[np.bool_]:
        """[1 + n_strangers, none] whether each item occurs between two places."""
        rows = len(self.found)
        inside = np.zeros((rows, self.none + 1), np.bool_)
        inside[np.arange(rows)[:, None], self.found[:, since:until]] = True
        return inside[:, :-1]


def table(
    vocabulary: Vocabulary, kind: Kind, mine: Own, partner: Hashes, strangers: Sequence[Chain], length: int
) -> Table:
    """Set the partner's stream and the strangers' one below the other.

    Parameters
    ----------
    mine : items of the replier
    partner : the real partner's items, `length` or more
    length : items of each row
    """
    none = len(mine.place)
    heard = partner[:length]
    real = mine.find(heard)[None]
    distinct = [len(set(heard.tolist()))]
    if not len(strangers):
        return Table(real, np.array(distinct), none)
    parts = []
    joined = []
    for row, chain in enumerate(strangers):
        if len(chain) == 1:
            parts.append(chain[0].items[kind][:length])
            distinct.append(int(chain[0].distinct[kind][length]))
            continue
        wanted = length
        for one in chain:
            parts.append(one.items[kind][:wanted])
            wanted -= len(parts[-1])
        joined.append(row)
        distinct.append(0)
    numbers = np.concatenate(parts).reshape(len(strangers), length)
    found = vocabulary.find(numbers, mine)
    found[found < 0] = none
    counts = np.array(distinct)
    if joined and length:
        ordered = np.sort(numbers[joined], axis=1)
        counts[1:][joined] = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + 1
    return Table(np.concatenate((real, found.astype(np.int64))), counts, none)
