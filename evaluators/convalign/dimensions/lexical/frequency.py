"""Word frequencies of two speakers: high-frequency words, divergence, cross-entropy.

Raw divergences fall with the length of the texts, whoever speaks. Here both sides are cut to the
same number of words by seeded draws, or compared within a list, and under 50 words there is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical.words import reader
from convalign.errors import UsageError

FEWEST = 50
"""Words on each side from which divergences are given (our choice)."""
FREQUENT = 25
"""Words of the list of Nenkova et al. 2008 and Weise & Levitan 2018."""


@dataclass(frozen=True, slots=True)
class FrequencyMatch:
    """Two speakers of a dialogue, one adapting to the other.

    Attributes
    ----------
    direction : ``agent->user``
    words : of replier and partner
    frequent : `high_frequency_similarity`, -2..0, or None
    divergence : `divergence_similarity` of the replier from the partner, bits, <= 0, or None
    cross_entropy : of the replier's words under the partner's model, bits per word, or None
    perplexity : 2 ** cross_entropy
    reasons : name of a measure -> why it is None
    """

    direction: str
    words: tuple[int, int]
    frequent: float | None
    divergence: float | None
    cross_entropy: float | None
    perplexity: float | None
    reasons: dict[str, str]


def frequency_matching(
    dialogue: Dialogue,
    frequent: Sequence[str],
    *,
    order: int = 1,
    language: str = "en",
    pipeline: str | None = None,
    draws: int = 20,
    seed: int = 0,
) -> tuple[FrequencyMatch, ...]:
    """Compare the word frequencies of every two speakers.

    Parameters
    ----------
    frequent : list of a whole log, as `frequent_words` gives it
    order : 1 compares words, 2 interpolates pairs of words, in the cross-entropy
    language, pipeline : of the tokeniser, where the dialogue names no language
    draws, seed : of the words to which the longer side is cut

    Returns
    -------
    One per direction; words are tokens with a letter or a digit, lower case.

    Source
    ------
    methods/lexical.md, section 6.
    """
    texts: dict[str, list[str]] = {name: [] for name in dialogue.speakers}
    for turn in dialogue.turns:
        texts[turn.speaker].append(turn.text or "")
    read = reader(dialogue.language or language, pipeline)
    said = {name: [_words(forms) for forms in read.forms(own)] for name, own in texts.items()}
    words = {name: [word for turn in turns for word in turn] for name, turns in said.items()}
    found = []
    for way in dialogue.directions():
        mine, theirs = words[way.replier], words[way.prime]
        reasons = {}
        near = high_frequency_similarity(Counter(mine), Counter(theirs), frequent)
        if near is None:
            reasons["frequent"] = "no words"
        # The draw belongs to the two texts, not to their places in a log.
        far = divergence_similarity(mine, theirs, draws=draws, seed=seed)
        bits = cross_entropy(said[way.replier], said[way.prime], order=order)
        if min(len(mine), len(theirs)) < FEWEST:
            far = bits = None
            reasons |= dict.fromkeys(("divergence", "cross_entropy", "perplexity"), "too few words")
        found.append(
            FrequencyMatch(
                way.label,
                (len(mine), len(theirs)),
                near,
                far,
                bits,
                None if bits is None else 2**bits,
                reasons,
            )
        )
    return tuple(found)


def frequent_words(
    dialogues: Iterable[Dialogue], count: int = FREQUENT, *, language: str = "en", pipeline: str | None = None
) -> tuple[str, ...]:
    """List the most frequent words of a log, most frequent first; equals in alphabetical order."""
    total: Counter[str] = Counter()
    for dialogue in dialogues:
        read = reader(dialogue.language or language, pipeline)
        for forms in read.forms([turn.text or "" for turn in dialogue.turns]):
            total.update(_words(forms))
    return tuple(word for word, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))[:count])


def high_frequency_similarity(
    first: Mapping[str, int], second: Mapping[str, int], words: Sequence[str], *, of: str = "list"
) -> float | None:
    """Compare how often two speakers use the most frequent words.

    Parameters
    ----------
    first, second : word -> count
    words : the list
    of : ``"list"`` divides by the counts within the list (Weise & Levitan 2018), ``"all"`` by all
        words of the speaker (Nenkova et al. 2008)

    Returns
    -------
    -2..0, 0 = the same rates; None when a speaker uses none of the words.

    Raises
    ------
    UsageError
        Another `of`.

    Examples
    --------
    >>> high_frequency_similarity({"the": 3, "a": 1}, {"the": 1, "a": 1}, ["the", "a"])
    -0.5
    """
    if of not in ("list", "all"):
        raise UsageError(f"of: {of!r}; write 'list' or 'all'")
    rates = []
    for counts in (first, second):
        listed = [counts.get(word, 0) for word in words]
        if not sum(listed):
            return None
        total = sum(listed) if of == "list" else sum(counts.values())
        rates.append([count / total for count in listed])
    return -math.fsum(abs(a - b) for a, b in zip(*rates, strict=True))


def divergence_similarity(
    first: Sequence[str], second: Sequence[str], *, words: int = FEWEST, draws: int = 20, seed: int = 0
) -> float | None:
    """Compare two distributions of words, both cut to the same length in every dialogue.

    Parameters
    ----------
    first, second : words
    words : to which both sides are cut; cut only to the shorter one, it still falls with length
    draws : so many times
    seed : of the draws; with the words themselves it decides them

    Returns
    -------
    Minus KL(first || second), bits, <= 0, higher is closer: add-one over the words of the two cut
    texts, mean over draws. None when a side has fewer words than `words`.

    Examples
    --------
    >>> round(divergence_similarity(["a", "a", "b"], ["a", "b", "b"], words=3), 4)
    -0.117
    """
    if min(len(first), len(second)) < max(words, 1):
        return None
    number: dict[str, int] = {}
    one, two = (np.array([number.setdefault(w, len(number)) for w in side]) for side in (first, second))
    size, width = words, len(number)
    digest = blake2b("\x00".join((str(seed), *first, "", *second)).encode("utf-8", "surrogatepass"))
    generator = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
    one, two = (_drawn(side, size, width, draws, generator) for side in (one, two))
    # Smoothed over what the two cut texts hold: a longer text must not bring in more words.
    mass = size + ((one + two) > 0).sum(axis=1, keepdims=True)
    p, q = (one + 1) / mass, (two + 1) / mass
    return float(-(p * np.log2(p / q)).sum(axis=1).mean())


def _drawn(
    side: NDArray[np.int64], size: int, width: int, draws: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """[draws, width] counts of `size` words each."""
    if len(side) > size:
        rows = generator.permuted(np.tile(side, (draws, 1)), axis=1)[:, :size]
    else:
        rows = np.tile(side, (draws, 1))
    flat = (rows + width * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=draws * width).reshape(draws, width)


def cross_entropy(
    reply: Sequence[Sequence[str]], prime: Sequence[Sequence[str]], *, order: int = 1, weight: float = 0.5
) -> float | None:
    """Measure how well one speaker's words predict the other's.

    Parameters
    ----------
    reply, prime : turns of words; the model is made from `prime`, add-one over the words of both
    order : 1, or 2 for pairs within turns, interpolated with single words
    weight : of the pairs, 0..1

    Returns
    -------
    Bits per word of `reply`, > 0, lower is closer; None when a side has no word.

    Raises
    ------
    UsageError
        Another order.

    Examples
    --------
    >>> round(cross_entropy([["a", "b"]], [["a", "a"]]), 4)
    1.2075
    """
    if order not in (1, 2):
        raise UsageError(f"order: {order!r}; give 1 or 2")
    singles = Counter(word for turn in prime for word in turn)
    pairs = Counter(pair for turn in prime for pair in pairwise(turn))
    starts = Counter(first for first, _ in pairs.elements())
    mine = [word for turn in reply for word in turn]
    total, width = sum(singles.values()), len(singles.keys() | set(mine))
    if not mine or not total:
        return None
    bits = []
    for turn in reply:
        for place, word in enumerate(turn):
            p = (singles[word] + 1) / (total + width)
            before = turn[place - 1] if place and order == 2 else None
            if before is not None and starts[before]:
                p = weight * pairs[before, word] / starts[before] + (1 - weight) * p
            bits.append(-math.log2(p))
    return math.fsum(bits) / len(bits)


def _words(forms: Iterable[str]) -> list[str]:
    """Tokens with a letter or a digit."""
    return [form for form in forms if any(map(str.isalnum, form))]
