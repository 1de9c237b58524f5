"""Which n-grams of one speaker come back in the turns of another: the arithmetic, on integers.

Many dialogues share one array of tokens. A suffix array by prefix doubling (Manber & Myers 1993)
puts equal n-grams side by side; the longest repeat at a token is then the longest common prefix
with the nearest suffix of somebody else, above or below. Cost: O(n log n) per doubling, and as
many doublings as the longest repeat has bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one dialogue, or of many one behind the other.

    Attributes
    ----------
    form : [n_tokens], equal numbers are equal forms
    letter : [n_tokens], whether the token holds a letter
    turn : [n_tokens], number of its turn, never falling, another one in every dialogue
    speaker : [n_tokens], number of who says it
    dialogue : [n_tokens], number of its dialogue, never falling
    """

    form: Ints
    letter: NDArray[np.bool_]
    turn: Ints
    speaker: Ints
    dialogue: Ints

    def take(self, which: NDArray[Any]) -> Tokens:
        """Some of the tokens; whole turns only."""
        return Tokens(
            self.form[which], self.letter[which], self.turn[which], self.speaker[which], self.dialogue[which]
        )


@dataclass(frozen=True, slots=True)
class Repeats:
    """Expressions (n-grams that come back) and where they stand free.

    Attributes
    ----------
    start, length, entry : [n_free] first token, tokens, and expression of each free occurrence
    size : [n_entries] tokens of each expression
    example : [n_entries] first token of one of its occurrences
    first, second : [n_entries] the first turn that holds it, free or not, and the first one of
        somebody else (for self-repetition: the next turn)
    free : [n_entries] the first turn in which it stands free
    frequency, free_frequency : [n_entries] turns that hold it at all, and free
    held : [n_entries] the turns that hold it, rising
    """

    start: Ints
    length: Ints
    entry: Ints
    size: Ints
    example: Ints
    first: Ints
    second: Ints
    free: Ints
    frequency: Ints
    free_frequency: Ints
    held: list[Ints]

    @property
    def established(self) -> Ints:
        """[n_entries] the turn by which two have used it and it has stood free."""
        return np.maximum(np.maximum(self.first, self.second), self.free)


def shared(tokens: Tokens) -> Repeats:
    """Find what one speaker of a dialogue says and another one too.

    Source
    ------
    methods/lexical.md, section 2, closed form; Dubuisson Duplessis et al. 2017.
    """
    return _repeats(tokens, tokens.dialogue, tokens.speaker)


def own(tokens: Tokens) -> Repeats:
    """Find what a speaker says in several of its own turns."""
    return _repeats(tokens, _dense(tokens.dialogue, tokens.speaker), tokens.turn)


def covered(repeats: Repeats, counts: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """Mark the tokens that lie in a free occurrence.

    Parameters
    ----------
    counts : [n_free] which occurrences count
    n : number of tokens
    """
    edges = np.zeros(n + 1, np.int64)
    np.add.at(edges, repeats.start[counts], 1)
    np.add.at(edges, (repeats.start + repeats.length)[counts], -1)
    return np.cumsum(edges[:-1]) > 0


def before(tokens: Tokens, *, same: bool = False) -> NDArray[np.bool_]:
    """Mark the tokens that a reader of the history alone would call repeated.

    Parameters
    ----------
    same : repeated from the speaker's own earlier turns, instead of from another speaker's

    Returns
    -------
    [n_tokens], covered by an n-gram with a letter that stands in an EARLIER turn of the other.

    Notes
    -----
    Every part of a repeated n-gram is repeated. So a token with a letter is covered if it was said
    before; another one, if it was said before together with the nearest letter to its left or right.
    """
    n = len(tokens.form)
    if not n:
        return np.zeros(0, np.bool_)
    place = np.arange(n)
    left = np.maximum.accumulate(np.where(tokens.letter, place, -1))
    right = np.minimum.accumulate(np.where(tokens.letter, place, n)[::-1])[::-1]
    left = np.where((left >= 0) & (tokens.turn[left] == tokens.turn), left, -1)
    near = np.minimum(right, n - 1)
    right = np.where((right < n) & (tokens.turn[near] == tokens.turn), right, -1)
    found = np.zeros(n, np.bool_)
    plain = np.flatnonzero(tokens.letter)
    found[plain] = _said(tokens, plain, _dense(tokens.dialogue[plain], tokens.form[plain]), same)
    rest = ~tokens.letter
    for reach in (left, right):
        some = np.flatnonzero(rest & (reach >= 0))
        begin, end = np.minimum(some, reach[some]), np.maximum(some, reach[some])
        grams = _grams(tokens, begin, end - begin + 1)
        found[some] |= _said(tokens, begin, grams, same)
    return found


def _said(tokens: Tokens, at: Ints, gram: Ints, same: bool) -> NDArray[np.bool_]:
    """For n-grams by their first token: whether they stand in an earlier turn of the other (of oneself)."""
    if not len(at):
        return np.zeros(0, np.bool_)
    turn, speaker = tokens.turn[at], tokens.speaker[at]
    if same:
        gram = _dense(gram, speaker)
    count = int(gram.max()) + 1
    never = int(turn.max()) + 1
    first = np.full(count, never)
    np.minimum.at(first, gram, turn)
    if same:
        return first[gram] < turn
    owner = np.zeros(count, np.int64)
    is_first = turn == first[gram]
    owner[gram[is_first]] = speaker[is_first]
    second = np.full(count, never)
    others = speaker != owner[gram]
    np.minimum.at(second, gram[others], turn[others])
    return np.where(others, first[gram] < turn, second[gram] < turn)


def _grams(tokens: Tokens, start: Ints, size: Ints) -> Ints:
    """Equal numbers for equal n-grams of one dialogue, [n]."""
    gram = _dense(tokens.dialogue[start], size)
    for step in range(int(size.max(initial=0))):
        inside = size > step
        form = np.where(inside, tokens.form[np.minimum(start + step, len(tokens.form) - 1)], -1)
        gram = _dense(gram, form)
    return gram


def _dense(*columns: NDArray[Any]) -> Ints:
    """Number the different rows of some columns from 0."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        width = int(column.max(initial=-1)) + 2
        key = number * width + column + 1
        order = _order(key)
        number = np.empty(len(key), np.int64)
        ordered = key[order]
        new = np.zeros(len(key), np.int64)
        new[1:] = ordered[1:] != ordered[:-1]
        number[order] = np.cumsum(new)
    return number


def _order(key: Ints) -> Ints:
    """Places of whole numbers >= 0 in rising order, equals in the order in which they stand."""
    n = len(key)
    if not n or int(key.max()) < np.iinfo(np.int64).max // n - 1:
        # A plain sort is several times faster than one of places, so the place rides along.
        return np.sort(key * n + np.arange(n)) % max(n, 1)
    return np.argsort(key, kind="stable")


@dataclass(frozen=True, slots=True)
class _Suffixes:
    """Tokens in the order of what follows them in their turn.

    Attributes
    ----------
    order : [n] suffix array
    levels : levels[k][i] is equal for two places iff the same 2**k tokens follow there
    rest : [n] tokens from here to the end of the turn
    """

    order: Ints
    levels: list[Ints]
    rest: Ints


def _repeats(tokens: Tokens, group: Ints, label: Ints) -> Repeats:
    """Maximal n-grams that another label of the same group holds too."""
    n = len(tokens.form)
    suffixes = _suffixes(_dense(group, tokens.form), tokens.turn)
    longest = _longest(suffixes, label)
    place = np.arange(n)
    end = place + longest
    reach = np.maximum.accumulate(np.concatenate(([0], end)))[:-1] if n else end
    letters = np.concatenate(([0], np.cumsum(tokens.letter)))
    start = np.flatnonzero((longest > 0) & (end > reach) & (letters[end] > letters[place]))
    length = longest[start]
    bits = _bits(length)
    half = np.left_shift(1, bits)
    head, tail = _pick(suffixes, bits, start), _pick(suffixes, bits, start + length - half)
    entry = _dense(length, head, tail)
    count = int(entry.max(initial=-1)) + 1
    _, example = np.unique(entry, return_index=True)
    low, high = _interval(suffixes, start[example], length[example], head[example], tail[example])
    size = high - low + 1
    owner = np.repeat(np.arange(count), size)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
    found = suffixes.order[np.repeat(low, size) + offset]
    turn, who = tokens.turn[found], label[found]
    never = int(tokens.turn.max(initial=0)) + 1
    first = np.full(count, never)
    np.minimum.at(first, owner, turn)
    is_first = turn == first[owner]
    holder = np.zeros(count, np.int64)
    holder[owner[is_first]] = who[is_first]
    others = who != holder[owner]
    second = np.full(count, never)
    np.minimum.at(second, owner[others], turn[others])
    free = np.full(count, never)
    np.minimum.at(free, entry, tokens.turn[start])
    pairs = _pairs(owner, turn, never)
    frequency = np.bincount(pairs[0], minlength=count)
    free_pairs = _pairs(entry, tokens.turn[start], never)
    cuts = np.concatenate(([0], np.cumsum(frequency)))
    held = [pairs[1][a:b] for a, b in pairwise(cuts)]
    return Repeats(
        start, length, entry, length[example], start[example], first, second, free,
        frequency, np.bincount(free_pairs[0], minlength=count), held,
    )  # fmt: skip


def _pairs(first: Ints, second: Ints, width: int) -> tuple[Ints, Ints]:
    """Different pairs of numbers, sorted; the second ones are under `width`."""
    held = np.sort(first * width + second)
    held = held[np.concatenate(([True], held[1:] != held[:-1]))] if len(held) else held
    return held // width, held % width


def _suffixes(form: Ints, turn: Ints) -> _Suffixes:
    """Sort the suffixes of all turns; a group of equals is split further only while it can be."""
    n = len(form)
    last = np.searchsorted(turn, turn, side="right")
    rest = last - np.arange(n)
    order = _order(form)
    rank = np.empty(n, np.int64)
    rank[order] = _starts(form[order])
    levels, width = [rank], 1
    while n:
        in_order = rank[order]
        shared_rank = np.zeros(n, np.bool_)
        shared_rank[1:] = in_order[1:] == in_order[:-1]
        shared_rank[:-1] |= shared_rank[1:]
        slots = np.flatnonzero(shared_rank)
        active = order[slots]
        longer = rest[active] > width
        if not longer.any():
            break
        follow = np.where(longer, rank[np.minimum(active + width, n - 1)] + 1, 0)
        key = rank[active] * (n + 1) + follow
        by = _order(key)
        order[slots] = active[by]
        rank = rank.copy()
        rank[active[by]] = slots[_starts(key[by])]
        levels.append(rank)
        width *= 2
    return _Suffixes(order, levels, rest)


def _starts(ordered: Ints) -> Ints:
    """For each place of a sorted array, where the run of equals begins."""
    new = np.ones(len(ordered), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.maximum.accumulate(np.where(new, np.arange(len(ordered)), 0))


def _longest(suffixes: _Suffixes, label: Ints) -> Ints:
    """[n] length of the longest n-gram at each token that a suffix of another label begins with too."""
    order, n = suffixes.order, len(suffixes.order)
    common = np.zeros(n + 1, np.int64)
    common[1:n] = _common(suffixes)
    who = label[order]
    run = np.concatenate(([0], np.cumsum(who[1:] != who[:-1]))) if n else who
    # The least of a stretch, restarted in every run of one label: later runs are shifted below.
    shift = run * (int(common.max(initial=0)) + 1)
    above = np.minimum.accumulate(common[:n] - shift) + shift
    below = (np.minimum.accumulate((common[1:] + shift)[::-1]))[::-1] - shift
    found = np.empty(n, np.int64)
    found[order] = np.maximum(above, below)
    return found


def _common(suffixes: _Suffixes) -> Ints:
    """[n - 1] tokens that neighbours in the suffix array have in common."""
    n = len(suffixes.order)
    left, right = suffixes.order[:-1], suffixes.order[1:]
    # Never past the end of a turn, where the next one begins.
    most = np.minimum(suffixes.rest[left], suffixes.rest[right])
    length = np.zeros(max(n - 1, 0), np.int64)
    for bit in reversed(range(len(suffixes.levels))):
        level, width = suffixes.levels[bit], 1 << bit
        a, b = np.minimum(left + length, n - 1), np.minimum(right + length, n - 1)
        length += np.where((length + width <= most) & (level[a] == level[b]), width, 0)
    return length


def _interval(suffixes: _Suffixes, start: Ints, length: Ints, head: Ints, tail: Ints) -> tuple[Ints, Ints]:
    """First and last place in the suffix array of the n-grams given by start and length."""
    n = len(suffixes.order)
    where = np.empty(n, np.int64)
    where[suffixes.order] = np.arange(n)
    bits = _bits(length)
    half = np.left_shift(1, bits)

    def equal(place: Ints) -> NDArray[np.bool_]:
        at = suffixes.order[place]
        fits = suffixes.rest[at] >= length
        second = np.minimum(at + length - half, n - 1)
        same: NDArray[np.bool_] = (_pick(suffixes, bits, at) == head) & (
            _pick(suffixes, bits, second) == tail
        )
        return fits & same

    edges = []
    for step in (-1, 1):
        inside = where[start]
        outside = np.full(len(start), -1 if step < 0 else n)
        while (np.abs(outside - inside) > 1).any():
            middle = (inside + outside) // 2
            middle = np.where(np.abs(outside - inside) > 1, middle, inside)
            good = equal(middle)
            outside = np.where(good, outside, middle)
            inside = np.where(good, middle, inside)
        edges.append(inside)
    return edges[0], edges[1]


def _pick(suffixes: _Suffixes, bits: Ints, place: Ints) -> Ints:
    """levels[bits][place], for every place its own level."""
    found = np.zeros(len(place), np.int64)
    for bit, level in enumerate(suffixes.levels):
        some = bits == bit
        found[some] = level[place[some]]
    return found


def _bits(length: Ints) -> Ints:
    """Whole part of log2, for lengths from 1."""
    exponent: Ints = np.frexp(length.astype(np.float64))[1].astype(np.int64) - 1
    return exponent
