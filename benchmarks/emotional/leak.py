"""Does echo pass for affect? Words put into replies on purpose, and real pairs beside human labels."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from accuracy import Floats, Reader, standardised
from corpora import Pair
from spacy.lang.en.stop_words import STOP_WORDS
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from convalign.dimensions.emotional import without_echo
from convalign.independence import paired_equivalence

ARMS = ("frame", "echo", "inflected", "synonyms", "placebo")
LONGEST = 350
WORD = re.compile(r"[a-z]{3,}")
SPOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*")
BOUND_SD = 0.10


@dataclass(frozen=True)
class Injected:
    """A reply without echo, and what each arm makes of it; None where an arm has no words for it."""

    pair: Pair
    arms: dict[str, str | None]


def content(text: str) -> list[str]:
    """Content words in order, each once; not the dimension's own rule, so that the test is not circular.

    Contractions are none, nor are their parts: nobody says "didn".
    """
    words = SPOKEN.findall(text.lower().replace("\u2019", "'"))
    return list(dict.fromkeys(w for w in words if WORD.fullmatch(w) and w not in STOP_WORDS))


def overlap(pair: Pair) -> float:
    """Share of the reply's content types that the prime has too."""
    mine = content(pair.reply.text)
    return len(set(mine) & set(content(pair.prime.text))) / len(mine) if mine else 0.0


def usable(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs of moderate length with content words on both sides."""
    short = [p for p in pairs if max(len(p.prime.text), len(p.reply.text)) < LONGEST]
    return [p for p in short if content(p.prime.text) and content(p.reply.text)]


def inject(pairs: Sequence[Pair], wordnet: Path | None, seed: int = 0) -> list[Injected]:
    """Make the five arms of replies that share nothing with their prime."""
    counts = Counter(w for p in pairs for w in content(p.prime.text) + content(p.reply.text))
    lexicon = SentimentIntensityAnalyzer().lexicon
    kinds: dict[tuple[int, int], list[str]] = {}

    def kind(word: str) -> tuple[int, int]:
        score = lexicon.get(word, 0.0)
        return (score > 0) - (score < 0), round(math.log2(counts[word]))

    for word in sorted(counts):
        kinds.setdefault(kind(word), []).append(word)
    same = synonyms(wordnet) if wordnet else None
    chance = random.Random(seed)
    found = []
    for pair in pairs:
        words = content(pair.prime.text)[:3]
        if len(words) < 2 or overlap(pair) or without_echo(pair.reply.text, pair.prime.text).echoed:
            continue
        foreign = [_foreign(word, kinds.get(kind(word), []), pair, chance) for word in words]
        others = [same.get(word) for word in words] if same is not None else [None]
        given = {
            "echo": words,
            "inflected": [word[:-1] if word.endswith("s") else f"{word}s" for word in words],
            "synonyms": others,
            "placebo": foreign,
        }
        arms: dict[str, str | None] = {"frame": f"You mentioned. {pair.reply.text}"}
        for arm, chosen in given.items():
            kept = [word for word in chosen if word is not None]
            whole = len(kept) == len(chosen)
            arms[arm] = f"You mentioned {', '.join(kept)}. {pair.reply.text}" if whole else None
        found.append(Injected(pair, arms))
    return found


def _foreign(word: str, there: Sequence[str], pair: Pair, chance: random.Random) -> str | None:
    """A word of the same sign and frequency that neither side has."""
    mine = {*content(pair.prime.text), *content(pair.reply.text)}
    free = [one for one in there if one not in mine and one != word]
    return chance.choice(free) if free else None


def synonyms(folder: Path) -> dict[str, str]:
    """Word -> another single word of its first sense, from WordNet's data files."""
    found: dict[str, str] = {}
    for part in ("noun", "adj", "verb", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="latin-1").splitlines():
            if line.startswith(" "):
                continue
            fields = line.split(" ")
            names = [re.sub(r"\(.*\)", "", one).lower() for one in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
            plain = [one for one in names if WORD.fullmatch(one)]
            for word in plain:
                other = next((one for one in plain if one != word and one[:4] != word[:4]), None)
                if other is not None:
                    found.setdefault(word, other)
    return found


def draw(replies: Sequence[Injected], read: Reader, negative: int, others: int, seed: int) -> list[Injected]:
    """Replies to negative primes and to others, at random."""
    low = read([one.pair.prime.text for one in replies]) < -0.2
    chance = random.Random(seed)
    bad = [one for one, is_low in zip(replies, low, strict=True) if is_low]
    rest = [one for one, is_low in zip(replies, low, strict=True) if not is_low]
    return chance.sample(bad, min(negative, len(bad))) + chance.sample(rest, min(others, len(rest)))


Score = Callable[[Sequence[str], Sequence[str]], Floats]
"""Replies and primes -> similarity pair by pair."""


def raw(read: Reader) -> Score:
    """S of the replies as they are."""
    return lambda replies, primes: 1 - np.abs(read(replies) - read(primes)) / 2


def controlled(read: Reader, strangers: Sequence[str]) -> Score:
    """S of the replies without echo, above the same replies' mean S with strangers' primes."""
    others = read(strangers)

    def score(replies: Sequence[str], primes: Sequence[str]) -> Floats:
        texts = [without_echo(r, p).text for r, p in zip(replies, primes, strict=True)]
        v = np.where([bool(t) for t in texts], read([t or "a" for t in texts]), np.nan)
        chance = np.array([np.abs(others - one).mean() for one in v])
        return np.asarray((chance - np.abs(v - read(primes))) / 2, dtype=np.float64)

    return score


def effect(replies: Sequence[Injected], arm: str, score: Score, sd: float) -> dict[str, object]:
    """An arm against the bare frame, in SD of raw similarity, with a 90 % interval over dialogues."""
    there = [one for one in replies if one.arms[arm] is not None]
    primes = [one.pair.prime.text for one in there]
    before = score([one.arms["frame"] or "" for one in there], primes) / sd
    after = score([one.arms[arm] or "" for one in there], primes) / sd
    clusters = [one.pair.dialogue for one in there]
    finding = paired_equivalence(before.tolist(), after.tolist(), BOUND_SD, cluster=clusters)
    return {
        "n": len(there),
        "mean": finding.mean_difference,
        "ci90": finding.ci90,
        "conclusion": finding.conclusion,
    }


def residual(pairs: Sequence[Pair], score: Score) -> Floats:
    """Standardised coefficients of overlap and of human match, beside the lengths of both.

    Source
    ------
    methods/emotional.md, section 5: z(S) on z(L), z(human match), z(log length) of both.
    """
    s = score([p.reply.text for p in pairs], [p.prime.text for p in pairs])
    kept = ~np.isnan(s)
    human = np.array([1 - abs((p.reply.gold or 0) - (p.prime.gold or 0)) / 2 for p in pairs])
    lengths = [
        np.log([len(side.text.split()) for side in sides])
        for sides in ([p.reply for p in pairs], [p.prime for p in pairs])
    ]
    columns = [np.array([overlap(p) for p in pairs]), human, *lengths]
    return standardised(s[kept], *[one[kept] for one in columns])
