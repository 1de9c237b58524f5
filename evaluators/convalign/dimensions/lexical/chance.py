"""What coordination would be by chance, and how sure a value is.

Everything here depends on the counts alone: not on names, nor on the order of dialogues. Draws are
seeded by the content of the data, so the same data give the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 400_000
"""Numbers held at once while drawing."""

ENOUGH_UNITS = 10
"""From this many dialogues (or speakers) on, those are drawn and not single pairs."""


def exact_p(strata: Ints, both: int) -> float:
    """Say how often chance pairs replies and primes as often as seen.

    Parameters
    ----------
    strata : [n_strata, 3], N pairs, T replies and K primes with the marker in each set within
        which replies may change places
    both : J over all strata, the number seen

    Returns
    -------
    P(J' >= J), 0..1, one-sided; J' is the sum of one hypergeometric(N, T, K) per stratum

    Examples
    --------
    >>> exact_p(np.array([[4, 2, 2]]), 2)  # 1 of 6 ways
    0.16666666666666666
    """
    mass, low = np.ones(1), 0
    for n, t, k in strata.tolist():
        part, start = _hypergeometric(n, t, k)
        mass, low = np.convolve(mass, part), low + start
    return float(min(1.0, mass[max(0, both - low) :].sum()))


def _hypergeometric(n: int, t: int, k: int) -> tuple[Floats, int]:
    """Probabilities of the support and its first value, by the ratio of neighbours."""
    low = max(0, k + t - n)
    j = np.arange(low, min(k, t), dtype=np.float64)
    steps = np.log(k - j) + np.log(t - j) - np.log(j + 1) - np.log(n - k - t + j + 1)
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    mass = np.exp(logs - logs.max())
    return mass / mass.sum(), low


def generator(seed: int, rows: Ints) -> np.random.Generator:
    """A generator that depends on the seed and on the rows, in the order given."""
    digest = hashlib.blake2b(np.ascontiguousarray(rows).tobytes(), digest_size=8, key=b"coordination")
    return np.random.default_rng([seed, int.from_bytes(digest.digest(), "big")])


def canonical(rows: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """Find an order of rows that only their content decides.

    Parameters
    ----------
    rows : [n, width]
    groups : [n], which rows belong together

    Returns
    -------
    order, [n], with groups next to each other, inside and among themselves by content; number of
    the group in each place, [n], from 0
    """
    held: dict[int, list[tuple[list[int], int]]] = {}
    for place, (group, row) in enumerate(zip(groups.tolist(), rows.tolist(), strict=True)):
        held.setdefault(group, []).append((row, place))
    ordered = sorted((sorted(found) for found in held.values()), key=lambda group: [row for row, _ in group])
    order = [place for group in ordered for _, place in group]
    numbers = [number for number, group in enumerate(ordered) for _ in group]
    return np.array(order, dtype=np.int64), np.array(numbers, dtype=np.int64)


def shuffled_scores(
    answered: Bits, weights: Floats, strata: Ints, count: int, draw: np.random.Generator
) -> Floats:
    """Score replies that changed places.

    Parameters
    ----------
    answered : [n, n_classes], replies that hold a class
    weights : [n, n_classes], what a reply with the class adds to its score
    strata : [n], ascending; replies stay in their stratum
    count : permutations

    Returns
    -------
    [count, n_classes]
    """
    n, width = answered.shape
    found = [np.empty((0, width))]
    held = answered.astype(np.float64)
    for size in _chunks(count, n * width):
        order = np.argsort(draw.random((size, n)) + strata, axis=1)
        found.append(np.einsum("snc,nc->sc", held[order], weights))
    return np.concatenate(found)


def resampled_scores(units: Ints, copies: Ints, count: int, draw: np.random.Generator) -> Floats:
    """Score samples of pairs or dialogues, drawn with replacement.

    Parameters
    ----------
    units : [n_units, 4, n_classes], N, T, K and J of each different unit
    copies : [n_units], how many units are like it
    count : samples

    Returns
    -------
    [count, n_classes]; nan where a sample has no prime with the marker
    """
    width = units.shape[2]
    found = [np.empty((0, width))]
    flat = units.reshape(len(units), -1).astype(np.float64)
    total = int(copies.sum())
    for size in _chunks(count, len(units)):
        times = draw.multinomial(total, copies / total, size=size)
        n, t, k, j = np.moveaxis((times @ flat).reshape(size, 4, width), 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(np.where(k > 0, j / k - t / n, np.nan))
    return np.concatenate(found)


def interval(samples: Floats) -> tuple[float, float] | None:
    """Middle 95 % of samples; None if fewer than nine in ten are defined."""
    defined = samples[~np.isnan(samples)]
    if not samples.size or defined.size < 0.9 * samples.size:
        return None
    low, high = np.quantile(defined, [0.025, 0.975]).tolist()
    return low, high


def mean_of_defined(scores: Floats) -> Floats:
    """Mean over the last axis without nan; nan where nothing is defined."""
    defined = ~np.isnan(scores)
    counts = defined.sum(axis=-1)
    total = np.where(defined, scores, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return found


def monte_carlo_p(value: float, surrogates: Floats) -> float | None:
    """(1 + surrogates at least as high) / (1 + surrogates); None without any."""
    if not surrogates.size:
        return None
    # Sums of the same numbers in another order may differ in the last bit.
    return (1 + int(np.count_nonzero(surrogates >= value - 1e-12))) / (1 + surrogates.size)


def _chunks(count: int, width: int) -> Iterator[int]:
    """Sizes of parts that together are `count`, small enough to be held."""
    most = max(1, CHUNK // max(1, width))
    while count > 0:
        yield min(most, count)
        count -= most
