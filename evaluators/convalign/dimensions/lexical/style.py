"""Do two speakers use function words at the same rates?

Language style matching. `matching` is the formula on counts, for many strangers at once;
`style_matching` reads a dialogue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical.coordination import reply_pairs
from convalign.dimensions.lexical.function_words import FunctionWords, Markers, function_words
from convalign.dimensions.lexical.words import base, reader

CONSTANT = 0.0001
"""Of the published formula, where rates are per cent of the words."""

FEW_WORDS = 50
"""Under this many words of a speaker, rates are noise."""

Floats = NDArray[np.float64]
Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassMatch:
    """One class in the words of two speakers.

    Attributes
    ----------
    marker : name of the class
    rates : per cent of the words of the first and of the second speaker, 0..100
    value : 0..1, 1 = same rates; None = used by neither
    """

    marker: str
    rates: tuple[float, float]
    value: float | None


@dataclass(frozen=True, slots=True)
class StyleMatch:
    """How alike two speakers are over a whole dialogue; symmetric.

    Attributes
    ----------
    speakers : labels, in order of their first turn
    value : mean over classes, 0..1, 1 = same rates; None with a reason
    classes : [n_classes]; empty when a speaker has no words
    unused : classes that neither uses; left out of the mean, unless asked to count them
    words : of each speaker
    reason : ``no words`` (a speaker has none), ``too few turns`` (no class is used)
    warning : says so when a speaker has under 50 words, else None
    """

    speakers: tuple[str, str]
    value: float | None
    classes: tuple[ClassMatch, ...]
    unused: int
    words: tuple[int, int]
    reason: str | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class TurnMatch:
    """How alike a reply is to the turn that it answers.

    Attributes
    ----------
    turn, prime : places in the dialogue, from 0
    value : 0..1; None when one of them has no words or neither has a function word
    words : of reply and prime
    """

    turn: int
    prime: int
    value: float | None
    words: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DirectedMatch:
    """How alike the replies of one speaker are to the turns of another that they answer.

    Attributes
    ----------
    replier, prime : labels
    value : mean over scored replies, 0..1; None with ``too few pairs``
    n : scored replies
    turns : every reply of the direction
    reason : a key of `convalign.scores.REASONS`, or None
    """

    replier: str
    prime: str
    value: float | None
    n: int
    turns: tuple[TurnMatch, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class StyleMatching:
    """Style matching of a dialogue.

    Attributes
    ----------
    pairs : every two speakers
    directions : every ordered pair, reply against prime
    words : which list found the classes, for the signature
    """

    pairs: tuple[StyleMatch, ...]
    directions: tuple[DirectedMatch, ...]
    words: str


def matching(
    counts_a: Counts,
    tokens_a: Counts | int,
    counts_b: Counts,
    tokens_b: Counts | int,
    *,
    count_unused: bool = False,
) -> tuple[Floats, Floats]:
    """Compare rates of classes, for one pair or for many at once.

    Parameters
    ----------
    counts_a, counts_b : [..., n_classes], how often each class occurs; shapes are broadcast, so
        one speaker can be held against [n_strangers, n_classes]
    tokens_a, tokens_b : [...], words; 0 makes everything undefined
    count_unused : a class that neither uses is agreement (1) instead of left out

    Returns
    -------
    value of each class, [..., n_classes], 0..1, nan where undefined; mean over the defined
    classes, [...], nan if there is none

    Source
    ------
    Ireland & Pennebaker 2010: ``1 - |p1 - p2| / (p1 + p2 + .0001)``, p in per cent of the words;
    methods/lexical.md, section 4.

    Examples
    --------
    >>> value, mean = matching(np.array([8, 12]), 100, np.array([6, 12]), 100)
    >>> value.round(4).tolist(), round(float(mean), 4)
    ([0.8571, 1.0], 0.9286)
    """
    words_a, words_b = (np.asarray(words, dtype=np.float64)[..., None] for words in (tokens_a, tokens_b))
    rate_a = 100.0 * counts_a / np.maximum(words_a, 1.0)
    rate_b = 100.0 * counts_b / np.maximum(words_b, 1.0)
    both = rate_a + rate_b
    defined = (words_a > 0) & (words_b > 0)
    if not count_unused:
        defined = defined & (both > 0)
    value = np.where(defined, 1.0 - np.abs(rate_a - rate_b) / (both + CONSTANT), np.nan)
    counted = np.broadcast_to(defined, value.shape)
    n = counted.sum(axis=-1)
    mean = np.where(counted, value, 0.0).sum(axis=-1) / np.maximum(n, 1)
    return value, np.where(n > 0, mean, np.nan)


def style_matching(
    dialogue: Dialogue,
    *,
    markers: Markers | None = None,
    language: str = "en",
    pipeline: str | None = None,
    count_unused: bool = False,
) -> StyleMatching:
    """Measure how alike the speakers of a dialogue are in their function words.

    Parameters
    ----------
    dialogue : any number of speakers; turns without text are left out
    markers : a list of your own (`function_words`); None = that of the language
    language : of a dialogue that does not say its own
    pipeline : a spaCy pipeline of your own
    count_unused : a class that neither speaker uses is agreement instead of left out

    Returns
    -------
    StyleMatching: every two speakers over all their words, and every direction as the mean over
    its replies. Words are tokens with a letter or a digit.

    Raises
    ------
    UsageError
        No list for the language, or your own one is none.
    MissingExtraError
        The language needs a package that is not installed.

    Source
    ------
    methods/lexical.md, section 4; Ireland & Pennebaker 2010.

    Examples
    --------
    >>> from convalign.dialogue import Turn
    >>> found = style_matching(Dialogue("d", (Turn("a", "the red lamp"), Turn("b", "the red tent"))))
    >>> [(one.marker, one.value) for one in found.pairs[0].classes if one.value is not None]
    [('article', 1.0)]
    """
    code = base(dialogue.language or language)
    words = function_words(code, markers)
    counts, tokens = turn_counts(dialogue, words, pipeline=pipeline)
    label = {name: dialogue.label(name) for name in dialogue.speakers}
    total, size = {}, {}
    for name in dialogue.speakers:
        own = [place for place, turn in enumerate(dialogue.turns) if turn.speaker == name]
        total[name], size[name] = counts[own].sum(axis=0), int(tokens[own].sum())
    pairs = [
        _pair((label[a], label[b]), (total[a], total[b]), (size[a], size[b]), words.classes, count_unused)
        for a, b in combinations(dialogue.speakers, 2)
    ]
    found: dict[tuple[str, str], list[TurnMatch]] = {}
    for prime, turn in reply_pairs(dialogue.turns):
        _, mean = matching(
            counts[turn], tokens[turn], counts[prime], tokens[prime], count_unused=count_unused
        )
        direction = (dialogue.turns[turn].speaker, dialogue.turns[prime].speaker)
        both = (int(tokens[turn]), int(tokens[prime]))
        found.setdefault(direction, []).append(TurnMatch(turn, prime, _plain(float(mean)), both))
    directions = [
        _direction(label[way.replier], label[way.prime], found.get((way.replier, way.prime), []))
        for way in dialogue.directions()
    ]
    return StyleMatching(tuple(pairs), tuple(directions), words.name)


def turn_counts(
    dialogue: Dialogue, words: FunctionWords, *, pipeline: str | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count classes and words in each turn.

    Parameters
    ----------
    dialogue : a turn without text has no words
    words : the function words; `words.language` also chooses the tokeniser
    pipeline : a spaCy pipeline of your own

    Returns
    -------
    counts, [n_turns, n_classes]; words, [n_turns]
    """
    texts = [turn.text or "" for turn in dialogue.turns]
    found = [words.counts(one.forms) for one in reader(words.language, pipeline).words(texts)]
    counts = np.array([count for count, _ in found], dtype=np.int64).reshape(-1, len(words.classes))
    return counts, np.array([n for _, n in found], dtype=np.int64)


def _pair(
    speakers: tuple[str, str],
    counts: tuple[Counts, Counts],
    sizes: tuple[int, int],
    classes: tuple[str, ...],
    count_unused: bool,
) -> StyleMatch:
    """Two speakers over all their words."""
    if not min(sizes):
        return StyleMatch(speakers, None, (), 0, sizes, "no words", _warning(speakers, sizes))
    values, mean = matching(counts[0], sizes[0], counts[1], sizes[1], count_unused=count_unused)
    rates = [(100.0 * float(a) / sizes[0], 100.0 * float(b) / sizes[1]) for a, b in zip(*counts, strict=True)]
    found = tuple(
        ClassMatch(name, rate, _plain(float(value)))
        for name, rate, value in zip(classes, rates, values, strict=True)
    )
    unused = sum(1 for rate in rates if not any(rate))
    value = _plain(float(mean))
    reason = None if value is not None else "no function words"
    return StyleMatch(speakers, value, found, unused, sizes, reason, _warning(speakers, sizes))


def _direction(replier: str, prime: str, turns: list[TurnMatch]) -> DirectedMatch:
    """The mean over the replies of one direction."""
    values = [turn.value for turn in turns if turn.value is not None]
    value = math.fsum(values) / len(values) if values else None
    reason = None if values else "too few pairs"
    return DirectedMatch(replier, prime, value, len(values), tuple(turns), reason)


def _warning(speakers: tuple[str, str], sizes: tuple[int, int]) -> str | None:
    """What to tell about short texts."""
    if min(sizes) >= FEW_WORDS:
        return None
    held = ", ".join(f"{name} has {size}" for name, size in zip(speakers, sizes, strict=True))
    return f"under {FEW_WORDS} words on a side: {held}"


def _plain(value: float) -> float | None:
    """None for what is undefined."""
    return None if np.isnan(value) else value
