"""Coordination of one speaker towards one other, cheap enough to be done for many surrogates.

A turn is a mask: bit i says that it holds a word of class i. Arrays may hold nan for "undefined"
in here; what leaves the dimension says None and why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.uint16]
_BITS = np.left_shift(1, np.arange(16)).astype(np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class Pairwise:
    """Coordination of each class with the counts on which it rests.

    Attributes
    ----------
    score : [n_classes], -1..1; nan where undefined
    replies : N, the number of reply pairs
    with_marker : [n_classes], T, replies that hold the class
    primes : [n_classes], K, primes that hold it
    both : [n_classes], J, pairs in which both do
    """

    score: NDArray[np.float64]
    replies: int
    with_marker: NDArray[np.int64]
    primes: NDArray[np.int64]
    both: NDArray[np.int64]

    @property
    def mean(self) -> float:
        """Mean over the defined classes, -1..1; nan if there is none."""
        defined = self.score[~np.isnan(self.score)]
        return float(defined.mean()) if defined.size else float("nan")

    @property
    def n_defined(self) -> int:
        """How many classes have a score."""
        return int(np.count_nonzero(~np.isnan(self.score)))


def pairwise(prime_masks: Masks, reply_masks: Masks, n_classes: int, *, target_thresh: int = 3) -> Pairwise:
    """Measure coordination over the reply pairs of one direction.

    Parameters
    ----------
    prime_masks, reply_masks : [n_pairs], classes held by the turn replied to and by the reply
    n_classes : 1..16
    target_thresh : a class is defined from this many primes that hold it (at least 1)

    Returns
    -------
    Pairwise; ``J/K - T/N`` per class, higher is more aligned

    Source
    ------
    methods/lexical.md, section 3; Danescu-Niculescu-Mizil et al. 2012.

    Examples
    --------
    >>> prime, reply = np.array([1, 1, 0, 0], np.uint16), np.array([1, 1, 0, 0], np.uint16)
    >>> pairwise(prime, reply, 1, target_thresh=1).mean
    0.5
    """
    bits = _BITS[:n_classes]
    primed = (prime_masks[:, None] & bits) != 0
    answered = (reply_masks[:, None] & bits) != 0
    primes, replies = primed.sum(axis=0), len(prime_masks)
    with_marker, both = answered.sum(axis=0), (primed & answered).sum(axis=0)
    score = np.full(n_classes, np.nan)
    defined = primes >= max(target_thresh, 1)
    score[defined] = both[defined] / primes[defined] - with_marker[defined] / max(replies, 1)
    return Pairwise(score, replies, with_marker, primes, both)


def shuffled_means(
    prime_masks: Masks,
    reply_masks: Masks,
    orders: NDArray[np.int64],
    n_classes: int,
    *,
    target_thresh: int = 3,
) -> NDArray[np.float64]:
    """Mean coordination of the same primes with the same replies in other orders.

    Parameters
    ----------
    prime_masks, reply_masks : [n_pairs]
    orders : [n_surrogates, n_pairs], each row an order of the replies
    n_classes, target_thresh : as in `pairwise`

    Returns
    -------
    [n_surrogates], -1..1; nan if no class is defined. The same classes are defined in all rows,
    because the primes decide that. What each reply adds behind each prime is worked out once.
    """
    bits = _BITS[:n_classes]
    primed, answered = (prime_masks[:, None] & bits) != 0, (reply_masks[:, None] & bits) != 0
    primes = primed.sum(axis=0)
    defined = primes >= max(target_thresh, 1)
    if not defined.any():
        return np.full(len(orders), np.nan)
    weights = primed[:, defined] / primes[defined] - 1.0 / len(prime_masks)
    added = weights @ answered[:, defined].T.astype(np.float64)
    total: NDArray[np.float64] = added[np.arange(len(prime_masks)), orders].sum(axis=1)
    return total / int(defined.sum())
