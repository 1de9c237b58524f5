"""The arithmetic of matching: valences in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError

Series = Sequence[float] | NDArray[np.float64]

SMALLEST_VARIANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Match:
    """Similarity of replies and primes, above chance.

    Attributes
    ----------
    value : (S - S_chance) / (1 - S_chance); 0 = chance, at most 1; None when `chance` is 1
    similarity : S, 0..1, mean of 1 - |v_reply - v_prime| / 2
    chance : the same replies against strangers' primes, 0..1
    strangers : [n_strangers] the corrected value of each stranger, left out of its own chance level
    """

    value: float | None
    similarity: float
    chance: float
    strangers: tuple[float, ...]


def similarity(reply: Series, prime: Series) -> float:
    """Mean closeness of valence pair by pair.

    Parameters
    ----------
    reply, prime : [n_pairs], -1..1

    Returns
    -------
    0..1, 1 = equal.

    Raises
    ------
    UsageError
        No pair, or replies and primes of different number.

    Examples
    --------
    >>> similarity([-0.4, 0.2], [-0.8, 0.6])
    0.8
    """
    x, y = np.asarray(prime, dtype=np.float64), np.asarray(reply, dtype=np.float64)
    _check(x, y)
    return float(1.0 - np.abs(y - x).mean() / 2.0)


def match(reply: Series, prime: Series, strangers: Sequence[Series]) -> Match:
    """Correct the similarity of replies and primes for what strangers' primes give.

    Parameters
    ----------
    reply, prime : [n_pairs] valences, -1..1
    strangers : each a stranger's primes [>= 1], -1..1; at least two strangers

    Returns
    -------
    Match. A stranger's primes take the place of the partner's, in order, begun again where it has fewer;
    S_chance is the mean similarity over strangers, and a stranger's own value is held against the others.

    Raises
    ------
    UsageError
        No pair, replies and primes of different number, fewer than two strangers, or one without primes.

    Source
    ------
    Chance correction as in Cohen's kappa; methods/emotional.md, section 4.

    Examples
    --------
    >>> m = match([-0.4, 0.2], [-0.8, 0.6], [[0.6, -0.8], [0.6, -0.8]])
    >>> round(m.similarity, 3), round(m.chance, 3), round(m.value, 3)
    (0.8, 0.5, 0.6)
    """
    replies = np.asarray(reply, dtype=np.float64)
    if len(strangers) < 2 or not all(len(one) for one in strangers):
        raise UsageError(f"{len(strangers)} strangers; give two or more, each with a prime")
    found = similarity(replies, prime)
    stood_in = [similarity(replies, np.resize(np.asarray(one), len(replies))) for one in strangers]
    return corrected(found, stood_in)


def corrected(found: float, stood_in: Sequence[float]) -> Match:
    """Correct a similarity for what strangers give.

    Parameters
    ----------
    found : similarity of the real pairs, 0..1
    stood_in : [n_strangers >= 2] of the same replies with a stranger's primes
    """
    total = math.fsum(stood_in)
    chance = total / len(stood_in)
    values = (_corrected(one, (total - one) / (len(stood_in) - 1)) for one in stood_in)
    kept = tuple(value for value in values if value is not None)
    return Match(_corrected(found, chance), found, chance, kept)


def agreement(reply: NDArray[np.float64], prime: NDArray[np.float64]) -> float:
    """Mean likeness of the emotions of prime and reply, pair by pair.

    Parameters
    ----------
    reply, prime : [n_pairs, n_classes], probabilities; each row is divided by its sum

    Returns
    -------
    1 - Jensen-Shannon divergence in bits, 0..1, 1 = the same mixture.

    Source
    ------
    Lin 1991; methods/emotional.md, section 4.

    Examples
    --------
    >>> agreement(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    0.5
    """
    p, q = (one / np.maximum(one.sum(axis=1, keepdims=True), 1e-12) for one in (reply, prime))
    middle = (p + q) / 2
    divergence = sum(
        (np.where(one > 0, one * np.log2(np.maximum(one, 1e-300) / np.maximum(middle, 1e-300)), 0.0)).sum(
            axis=1
        )
        for one in (p, q)
    )
    # The sums are of rounded terms: two mixtures without a class in common may miss 0 by an ulp.
    return float(np.clip(1.0 - np.mean(divergence) / 2, 0.0, 1.0))


def _corrected(found: float, chance: float) -> float | None:
    """(S - S_chance) / (1 - S_chance); None when chance leaves nothing to gain."""
    return None if 1.0 - chance < 1e-12 else (found - chance) / (1.0 - chance)


def _check(prime: NDArray[np.float64], reply: NDArray[np.float64]) -> None:
    """Numpy would pair one prime with many replies, and give NaN for none."""
    if prime.ndim != 1 or prime.shape != reply.shape or not prime.size:
        raise UsageError(
            f"{reply.size} replies and {prime.size} primes; give one prime per reply, one or more"
        )


def slope(reply: Series, prime: Series) -> float | None:
    """How much of the partner's affect comes back: least-squares slope of v_reply on v_prime.

    Parameters
    ----------
    reply, prime : [n_pairs] valences, -1..1

    Returns
    -------
    Any number; 0 = no relation, 1 = in full. None when the primes do not vary.

    Raises
    ------
    UsageError
        No pair, or replies and primes of different number.

    Examples
    --------
    >>> slope([0.1, 0.3, 0.5], [-0.2, 0.2, 0.6])
    0.5
    """
    x, y = np.asarray(prime, dtype=np.float64), np.asarray(reply, dtype=np.float64)
    _check(x, y)
    deviation = x - x.mean()
    if float((deviation**2).mean()) < SMALLEST_VARIANCE:
        return None
    return round(float((deviation * (y - y.mean())).sum() / (deviation**2).sum()), 12)
