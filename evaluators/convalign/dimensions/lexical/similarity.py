"""How alike are turns and their replies, n-gram by n-gram? The first two levels of ALIGN.

Cosines of n-gram counts on tokens, lemmas or parts of speech, for every pair of turns at a lag.
Every script counts, no turn is dropped, and what has no n-gram is missing, not 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical.words import Words, reader
from convalign.errors import UsageError

Level = Literal["tokens", "lemmas", "tags"]
Compat = Literal["align"] | None
Tokens = Sequence[tuple[str, str]]
"""Form and what is compared of it (form, lemma or tag), token by token."""


@dataclass(frozen=True, slots=True)
class PairSimilarity:
    """A turn and the one that stands `lag` turns before it.

    Attributes
    ----------
    direction : ``agent->user``; ``agent->agent`` where both turns are one speaker's
    prime, reply : numbers of the turns (of their first turn, where turns were merged)
    lengths : tokens of each
    values : n -> cosine 0..1, or None
    reasons : n -> why it is None
    """

    direction: str
    prime: int
    reply: int
    lengths: tuple[int, int]
    values: dict[int, float | None]
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True)
class DirectedSimilarity:
    """The mean over the scored pairs of a direction.

    Attributes
    ----------
    direction : ``agent->user``
    values : n -> mean cosine, or None ("too few pairs")
    pairs : n -> scored pairs
    to_self : both turns are the same speaker's, as with an even lag in strict alternation
    """

    direction: str
    values: dict[int, float | None]
    pairs: dict[int, int]
    to_self: bool


@dataclass(frozen=True, slots=True)
class TurnSimilarity:
    """What `turn_similarity` finds.

    Attributes
    ----------
    pairs : in order of the replies
    directions : means; those of speakers to themselves last
    pooled : speakers -> n -> cosine over all their turns together
    level : what was compared
    reason : why nothing could be ("no tagger"), or None
    """

    pairs: tuple[PairSimilarity, ...]
    directions: tuple[DirectedSimilarity, ...]
    pooled: dict[tuple[str, str], dict[int, float | None]]
    level: Level
    reason: str | None = None


def turn_similarity(
    dialogue: Dialogue,
    *,
    level: Level = "tokens",
    n: Collection[int] = (1, 2),
    lag: int = 1,
    merge: bool = False,
    ignore: Collection[str] = (),
    ignore_shared: bool = True,
    language: str = "en",
    pipeline: str | None = None,
    compat: Compat = None,
) -> TurnSimilarity:
    """Compare every turn with the one `lag` turns before it.

    Parameters
    ----------
    level : forms, lemmas, or parts of speech (universal ones; a pipeline with a tagger gives them)
    n : lengths of the n-grams, each >= 1, each compared by itself
    lag : turns between prime and reply, >= 1; an even one compares speakers with themselves
    merge : consecutive turns of one speaker are one turn
    ignore : forms that are left out (fillers), lower case
    ignore_shared : parts of speech only: leave out n-grams of the same words in both turns, so that
        syntax is not lexis
    language, pipeline : of the tokeniser, where the dialogue names no language
    compat : ``"align"`` computes as ALIGN 0.1.1: an empty turn gives 0, n-grams of tags are counted
        once per different words, ``$`` is dropped from tags

    Returns
    -------
    TurnSimilarity; cosines 0..1, higher is more alike.

    Raises
    ------
    UsageError
        An n or lag under 1, another level or compat.
    MissingExtraError
        The language needs a package that is not installed.

    Source
    ------
    methods/lexical.md, section 5; Duran, Paxton & Fusaroli 2019.

    Examples
    --------
    >>> from convalign.dialogue import Turn
    >>> found = turn_similarity(Dialogue("d", (Turn("a", "i need a lamp"), Turn("b", "a lamp please"))))
    >>> round(found.pairs[0].values[2], 5)
    0.40825
    """
    if lag < 1 or not n or min(n) < 1:
        raise UsageError(f"lag {lag}, n {sorted(n)}: give whole numbers from 1")
    if level not in ("tokens", "lemmas", "tags") or compat not in (None, "align"):
        raise UsageError(
            f"level {level!r}, compat {compat!r}: write tokens, lemmas or tags; align or nothing"
        )
    read = reader(dialogue.language or language, pipeline)
    if level == "tags" and not read.tagger:
        return TurnSimilarity((), (), {}, level, "no tagger")
    spoken = [turn.text is not None for turn in dialogue.turns]
    words = read.words([turn.text or "" for turn in dialogue.turns])
    names = [dialogue.label(turn.speaker) for turn in dialogue.turns]
    units = [(i, names[i], _compared(words[i], level, ignore, compat)) for i in range(len(names))]
    if merge:
        units = _merged(units)
    pairs = []
    for (i, prime, before), (j, reply, after) in zip(units, units[lag:], strict=False):
        values: dict[int, float | None] = {}
        reasons: dict[int, str] = {}
        for size in sorted(n):
            if not spoken[i] or not spoken[j]:
                values[size], reasons[size] = None, "no words"
                continue
            values[size] = _similarity(before, after, size, level, ignore_shared, compat)
            if values[size] is None:
                reasons[size] = "no words" if not before or not after else "no n-gram"
        lengths = (len(before), len(after))
        pairs.append(PairSimilarity(f"{reply}->{prime}", i, j, lengths, values, reasons))
    return TurnSimilarity(tuple(pairs), _directions(pairs), _pooled(units, n, level, compat), level)


def ngram_cosine(first: Iterable[Hashable], second: Iterable[Hashable]) -> float | None:
    """Cosine of the counts of two collections; None when one is empty.

    Examples
    --------
    >>> round(ngram_cosine(["a", "b", "b"], ["b", "c"]), 5)
    0.63246
    """
    one, two = Counter(first), Counter(second)
    if not one or not two:
        return None
    dot = sum(count * two[item] for item, count in one.items())
    return dot / math.sqrt(sum(c * c for c in one.values()) * sum(c * c for c in two.values()))


def tag_cosine(
    prime: Tokens,
    reply: Tokens,
    n: int,
    *,
    ignore_shared: bool = True,
    compat: Compat = None,
) -> float | None:
    """Cosine of the tag n-grams of two turns.

    Parameters
    ----------
    prime, reply : (form, tag) of each token
    n : tokens of an n-gram
    ignore_shared : n-grams of the same forms and tags in both turns do not count
    compat : ``"align"`` counts an n-gram of words once; None counts it as often as it stands there

    Returns
    -------
    0..1, None when nothing is left of a turn.
    """
    first, second = _grams(prime, n), _grams(reply, n)
    common = set(first) & set(second) if ignore_shared else set()
    if compat == "align":
        first, second = sorted(set(first)), sorted(set(second))
    kept = [[tuple(tag for _, tag in gram) for gram in one if gram not in common] for one in (first, second)]
    return ngram_cosine(*kept)


def _similarity(
    prime: Tokens, reply: Tokens, n: int, level: Level, ignore_shared: bool, compat: Compat
) -> float | None:
    if level == "tags":
        value = tag_cosine(prime, reply, n, ignore_shared=ignore_shared, compat=compat)
    else:
        value = ngram_cosine(*([tuple(w for _, w in g) for g in _grams(one, n)] for one in (prime, reply)))
    return 0.0 if value is None and compat == "align" else value


def _grams(tokens: Tokens, n: int) -> list[tuple[tuple[str, str], ...]]:
    """n-grams of a turn, in order."""
    return [tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)]


def _compared(words: Words, level: Level, ignore: Collection[str], compat: Compat) -> list[tuple[str, str]]:
    """What is compared of a turn."""
    tags = words.tags or words.forms
    if compat == "align":
        tags = tuple(tag.replace("$", "") for tag in tags)
    chosen = {"tokens": words.forms, "lemmas": words.lemmas, "tags": tags}[level]
    return [(form, item) for form, item in zip(words.forms, chosen, strict=True) if form not in ignore]


Unit = tuple[int, str, list[tuple[str, str]]]


def _merged(units: Sequence[Unit]) -> list[Unit]:
    """Consecutive turns of a speaker as one."""
    merged: list[Unit] = []
    for number, speaker, tokens in units:
        if merged and merged[-1][1] == speaker:
            merged[-1] = (merged[-1][0], speaker, merged[-1][2] + tokens)
        else:
            merged.append((number, speaker, list(tokens)))
    return merged


def _directions(pairs: Sequence[PairSimilarity]) -> tuple[DirectedSimilarity, ...]:
    found: dict[str, list[PairSimilarity]] = {}
    for pair in pairs:
        found.setdefault(pair.direction, []).append(pair)
    made = []
    for direction, held in found.items():
        scored = {n: [v for pair in held if (v := pair.values[n]) is not None] for n in held[0].values}
        values = {n: math.fsum(some) / len(some) if some else None for n, some in scored.items()}
        replier, _, prime = direction.partition("->")
        counts = {n: len(some) for n, some in scored.items()}
        made.append(DirectedSimilarity(direction, values, counts, replier == prime))
    return tuple(sorted(made, key=lambda one: one.to_self))


def _pooled(
    units: Sequence[Unit], n: Collection[int], level: Level, compat: Compat
) -> dict[tuple[str, str], dict[int, float | None]]:
    """Cosines over everything that two speakers say; n-grams stay inside turns."""
    speakers = dict.fromkeys(speaker for _, speaker, _ in units)
    grams = {
        (name, size): [
            tuple(item for _, item in gram)
            for _, who, said in units
            if who == name
            for gram in _grams(said, size)
        ]
        for name in speakers
        for size in n
    }
    return {
        (a, b): {size: ngram_cosine(grams[a, size], grams[b, size]) for size in sorted(n)}
        for a, b in combinations(speakers, 2)
    }
