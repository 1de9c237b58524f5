"""How well turns are judged: three classes out of domain, and the slope of replies on primes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from corpora import Dialogues, Pair, Said, pairs
from numpy.typing import NDArray
from sklearn.metrics import f1_score

Floats = NDArray[np.float64]
Reader = Callable[[Sequence[str]], Floats]
"""Texts -> valences, -1..1."""


def macro_f1(gold: Sequence[int], found: Sequence[int]) -> float:
    """Mean F1 of the three classes."""
    return float(f1_score(gold, found, labels=[-1, 0, 1], average="macro", zero_division=0))


def classes(valence: Floats, threshold: float) -> NDArray[np.int64]:
    """1, 0, -1 by a threshold on both sides."""
    return (valence > threshold).astype(np.int64) - (valence < -threshold).astype(np.int64)


def standardised(y: Floats, *columns: Floats) -> Floats:
    """Least-squares coefficients of z(y) on z of the columns."""

    def z(v: Floats) -> Floats:
        return np.asarray((v - v.mean()) / v.std(), dtype=np.float64)

    found = np.linalg.lstsq(np.stack([z(c) for c in columns], axis=1), z(y), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def reply_on_prime(dialogues: Dialogues, value: Callable[[Sequence[Said]], Floats]) -> float:
    """Standardised slope of v_reply on v_prime beside the length of the reply and their product.

    Source
    ------
    methods/emotional.md, section 4: z(v_reply) on z(v_prime), z(L), their product; L = log length of
    the reply.
    """
    listed: list[Pair] = pairs(dialogues)
    prime, reply = value([p.prime for p in listed]), value([p.reply for p in listed])
    length = np.log([max(1, len(p.reply.text.split())) for p in listed])
    product = (prime - prime.mean()) * (length - length.mean())
    return float(standardised(reply, prime, length, product)[0])


def beyond_labels(dialogues: Dialogues, read: Reader) -> float:
    """Standardised slope of v_reply on v_prime beside the human labels of both.

    What is left is affect too fine for three labels, or an error that both share (topic, words).
    """
    listed: list[Pair] = pairs(dialogues)
    prime, reply = (
        read([t.text for t in side]) for side in zip(*((p.prime, p.reply) for p in listed), strict=True)
    )
    labels = (gold(side) for side in zip(*((p.prime, p.reply) for p in listed), strict=True))
    return float(standardised(reply, prime, *labels)[0])


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's r."""
    return float(np.corrcoef(one, other)[0, 1])


def gold(turns: Sequence[Said]) -> Floats:
    """Human labels as numbers."""
    return np.array([turn.gold for turn in turns], dtype=np.float64)
