"""How alike two series of turn values are: pure functions, one float or None.

A series has one value per reply (and one per prime), None or NaN where a turn has none. Up is
more aligned, everywhere. The functions in the plural take many primes at once: strangers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError

Array = NDArray[np.float64]
Series = Sequence[float | None] | NDArray[np.floating[Any]]

PROXIMITY_MINIMUM = 4
SYNCHRONY_MINIMUM = 10
CONVERGENCE_MINIMUM = 8
LOCAL_MINIMUM = 8
OTHERS = 10
"""Turns of the partner to which the answered one is compared."""

NOTHING = 1e-12
"""Share of a variance that counts as none."""


def proximity(reply: Series, prime: Series, *, minimum: int = PROXIMITY_MINIMUM) -> float | None:
    """Say how near one speaker's level is to the other's.

    Parameters
    ----------
    reply, prime : turn values of each speaker, of any length; None or NaN = missing
    minimum : turns that each needs

    Returns
    -------
    -abs(mean of reply - mean of prime), at most 0, in the unit of the values; None below `minimum`.

    Source
    ------
    Levitan & Hirschberg (2011), proximity over the conversation.

    Examples
    --------
    >>> proximity([1.0, 2.0, 3.0, None, 2.0], [4.0, 4.0, 4.0, 4.0])
    -2.0
    """
    a, b = as_array(reply), as_array(prime)
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if min(len(a), len(b)) < max(1, minimum):
        return None
    return -abs(float(a.mean()) - float(b.mean())) + 0.0


def turn_proximity(reply: Series, prime: Series, *, minimum: int = PROXIMITY_MINIMUM) -> float | None:
    """Say how near replies are to the turns that they answer.

    Parameters
    ----------
    reply, prime : [n_pairs]; None or NaN = missing
    minimum : pairs needed

    Returns
    -------
    -mean of abs(reply - prime), at most 0; None below `minimum` complete pairs.

    Raises
    ------
    UsageError
        Unequal lengths.

    Examples
    --------
    >>> turn_proximity([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0])
    -1.0
    """
    a, b = as_pair(reply, prime)
    return or_none(turn_proximities(a, b[None], minimum=minimum))


def local_similarity(
    reply: Series, prime: Series, *, minimum: int = LOCAL_MINIMUM, others: int = OTHERS, seed: int = 0
) -> float | None:
    """Say whether replies are nearer to the turn that they answer than to other turns of the partner.

    Parameters
    ----------
    reply, prime : [n_pairs]; None or NaN = missing; made z per speaker first
    minimum : pairs needed
    others : turns of the partner to compare with, drawn without replacement; missing ones drop out
    seed : of the draw

    Returns
    -------
    -mean of (distance to the answered turn / mean distance to the others), at most 0; above -1 the
    answered turn is nearer. None below `minimum` complete pairs or where a series is constant.

    Raises
    ------
    UsageError
        Unequal lengths.

    Source
    ------
    Levitan & Hirschberg (2011), local proximity, as a ratio; z per speaker because a gap between the
    means would hide the effect.

    Examples
    --------
    >>> local_similarity([1.0, 5.0, 2.0, 4.0], [10.0, 50.0, 20.0, 40.0], minimum=4)
    0.0
    """
    a, b = as_pair(reply, prime)
    return or_none(local_similarities(a, b[None], minimum=minimum, others=others, seed=seed) + 0.0)


def synchrony(
    reply: Series, prime: Series, *, lag: int = 1, detrend: bool = True, minimum: int = SYNCHRONY_MINIMUM
) -> float | None:
    """Say whether replies rise and fall with the turns that they answer.

    Parameters
    ----------
    reply, prime : [n_pairs]; None or NaN = missing
    lag : which turn of the partner: 1 = the one answered, 2 = the one before it, ...
    detrend : take a straight line over the pair index out of both (drift is not synchrony);
        False gives the published measure
    minimum : pairs needed

    Returns
    -------
    Pearson correlation, -1..1; None below `minimum` complete pairs or where a series is constant.

    Raises
    ------
    UsageError
        Unequal lengths, a lag below 1.

    Source
    ------
    Levitan & Hirschberg (2011), synchrony.

    Examples
    --------
    >>> round(synchrony([1.0, 3.0, 2.0, 5.0], [2.0, 6.0, 4.0, 10.0], minimum=4), 6)
    1.0
    """
    a, b = as_pair(reply, prime)
    if lag < 1:
        raise UsageError(f"lag is {lag}; give 1 (the turn that is answered) or more")
    return or_none(synchronies(a, later(b[None], lag), detrend=detrend, minimum=minimum))


def convergence(
    reply: Series,
    prime: Series,
    times: Sequence[float] | Array | None = None,
    *,
    kind: Literal["global", "local", "slope"] = "global",
    minimum: int = CONVERGENCE_MINIMUM,
) -> float | None:
    """Say whether two speakers come nearer to each other in the course of a dialogue.

    Parameters
    ----------
    reply, prime : [n_pairs]; None or NaN = missing
    times : [n_pairs], s, start of each reply; None = pairs are evenly spaced (not for ``slope``)
    kind : ``global``: the gap of the means in the first half less that in the second (an odd
        middle pair is left out); ``local``: Pearson(-abs(reply - prime), times); ``slope``:
        least-squares slope of the same per minute
    minimum : pairs needed

    Returns
    -------
    Unit of the values (``global``), -1..1 (``local``), unit per minute (``slope``); None below
    `minimum` complete pairs or, for the latter two, without variation.

    Raises
    ------
    UsageError
        Unequal lengths, unknown kind, ``slope`` without times.

    Source
    ------
    Levitan & Hirschberg (2011), convergence.

    Examples
    --------
    >>> convergence([6.0, 6.0, 6.0, 6.0, 3.0, 3.0, 3.0, 3.0], [2.0] * 8)
    3.0
    """
    a, b = as_pair(reply, prime)
    if kind not in ("global", "local", "slope"):
        raise UsageError(f"no convergence {kind!r}; there are: global, local, slope")
    if kind == "global":
        return or_none(convergences(a, b[None], minimum=minimum))
    if times is None and kind == "slope":
        raise UsageError("a slope is per minute and there are no times; give times in seconds")
    t = np.arange(len(a), dtype=np.float64) if times is None else as_array(times)
    if len(t) != len(a):
        raise UsageError(f"{len(a)} replies and {len(t)} times; give one time per reply")
    return or_none(nearings(a, b[None], t, slope=kind == "slope", minimum=minimum))


def turn_proximities(reply: Array, primes: Array, *, minimum: int = PROXIMITY_MINIMUM) -> Array:
    """`turn_proximity` against many: reply [n], primes [s, n] -> [s], NaN where there is none."""
    apart = np.abs(reply - primes)
    n = np.count_nonzero(~np.isnan(apart), axis=1)
    return np.where(n >= max(1, minimum), -np.nansum(apart, axis=1) / np.maximum(n, 1), np.nan) + 0.0


def synchronies(
    reply: Array, primes: Array, *, detrend: bool = True, minimum: int = SYNCHRONY_MINIMUM
) -> Array:
    """`synchrony` against many: reply [n], primes [s, n] -> [s], NaN where there is none."""
    there = ~np.isnan(reply + primes)
    n = there.sum(axis=1)
    a = centred(np.broadcast_to(reply, primes.shape), there)
    b = centred(primes, there)
    was_a, was_b = _square(reply, there), _square(primes, there)
    if detrend:
        index = np.broadcast_to(np.arange(primes.shape[1], dtype=np.float64), primes.shape)
        t = centred(index, there)
        spread = np.maximum((t * t).sum(axis=1), NOTHING)
        a = a - t * ((a * t).sum(axis=1) / spread)[:, None]
        b = b - t * ((b * t).sum(axis=1) / spread)[:, None]
    aa, bb = (a * a).sum(axis=1), (b * b).sum(axis=1)
    usable = (n >= max(3, minimum)) & (aa > NOTHING * was_a) & (bb > NOTHING * was_b)
    r = (a * b).sum(axis=1) / np.sqrt(np.where(usable, aa * bb, 1.0))
    return np.where(usable, np.clip(r, -1, 1), np.nan)


def convergences(reply: Array, primes: Array, *, minimum: int = CONVERGENCE_MINIMUM) -> Array:
    """`convergence` (global) against many: reply [n], primes [s, n] -> [s], NaN where there is none."""
    there = ~np.isnan(reply + primes)
    n = there.sum(axis=1)
    half = n // 2
    rank = np.cumsum(there, axis=1)
    first = there & (rank <= half[:, None])
    second = there & (rank > (n - half)[:, None])
    replies = np.broadcast_to(reply, primes.shape)
    gaps = [
        np.abs(np.where(part, replies - primes, 0.0).sum(axis=1)) / np.maximum(half, 1)
        for part in (first, second)
    ]
    return np.where(n >= max(2, minimum), gaps[0] - gaps[1], np.nan)


def nearings(
    reply: Array, primes: Array, times_s: Array, *, slope: bool, minimum: int = CONVERGENCE_MINIMUM
) -> Array:
    """`convergence` (local, slope) against many: reply [n], primes [s, n], times_s [n] -> [s], NaN = none."""
    nearness = -np.abs(reply - primes)
    t = np.broadcast_to(times_s, primes.shape)
    there = ~np.isnan(nearness + t)
    y, x = centred(nearness, there), centred(t, there)
    yy, xx = (y * y).sum(axis=1), (x * x).sum(axis=1)
    enough = there.sum(axis=1) >= max(2, minimum)
    usable = enough & (yy > NOTHING * _square(nearness, there)) & (xx > NOTHING * _square(t, there))
    xy = (x * y).sum(axis=1)
    if slope:
        return np.where(usable, xy / np.where(usable, xx, 1.0) * 60, np.nan)
    return np.where(usable, np.clip(xy / np.sqrt(np.where(usable, xx * yy, 1.0)), -1, 1), np.nan)


def local_similarities(
    reply: Array, primes: Array, *, minimum: int = LOCAL_MINIMUM, others: int = OTHERS, seed: int = 0
) -> Array:
    """`local_similarity` against many: reply [n], primes [s, n] -> [s], NaN where there is none."""
    n = len(reply)
    if n < 2:
        return np.full(len(primes), np.nan)
    a, b = speaker_z(np.broadcast_to(reply, primes.shape)), speaker_z(primes)
    # One draw for partner and strangers: the same seats are compared.
    order = np.random.default_rng(seed).random((n, n))
    np.fill_diagonal(order, 2.0)
    seats = np.argsort(order, axis=1)[:, : min(others, n - 1)]
    near = np.abs(a - b)
    far, drawn = np.zeros(b.shape), np.zeros(b.shape)
    for seat in seats.T:
        apart = np.abs(a - b[:, seat])
        far += np.nan_to_num(apart)
        drawn += ~np.isnan(apart)
    far = far / np.maximum(drawn, 1)
    usable = ~np.isnan(near) & (drawn > 0) & (far > 0)
    ratio = np.where(usable, near / np.where(usable, far, 1.0), 0.0).sum(axis=1)
    count = usable.sum(axis=1)
    return np.where(count >= max(1, minimum), -ratio / np.maximum(count, 1), np.nan)


def speaker_z(values: Array) -> Array:
    """Rows less their mean, in standard deviations over what is there (n - 1); NaN for a constant."""
    there = ~np.isnan(values)
    n = there.sum(axis=1)
    away = centred(values, there)
    square = (away * away).sum(axis=1)
    usable = (n >= 2) & (square > NOTHING * _square(values, there))
    sd = np.sqrt(np.where(usable, square, 1.0) / np.maximum(n - 1, 1))
    return np.where(there & usable[:, None], away / sd[:, None], np.nan)


def later(primes: Array, lag: int) -> Array:
    """Primes moved `lag` - 1 seats on, so that a reply meets an earlier one; [s, n], NaN at the beginning."""
    moved = np.full(primes.shape, np.nan)
    back = lag - 1
    moved[:, back:] = primes[:, : primes.shape[1] - back] if back else primes
    return moved


def centred(values: Array, there: NDArray[np.bool_]) -> Array:
    """Values less their mean over `there`, 0 elsewhere."""
    kept = np.where(there, values, 0.0)
    mean = kept.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return np.where(there, values - mean[:, None], 0.0)


def _square(values: Array, there: NDArray[np.bool_]) -> Array:
    """Sum of squares over `there`: what a variance of nothing is measured by."""
    return np.asarray(np.square(np.where(there, values, 0.0)).sum(axis=1), np.float64)


def as_array(series: Series) -> Array:
    """A series with NaN for None."""
    return np.array([np.nan if v is None else v for v in series], np.float64)


def as_pair(reply: Series, prime: Series) -> tuple[Array, Array]:
    """Two series of one length."""
    a, b = as_array(reply), as_array(prime)
    if len(a) != len(b):
        raise UsageError(f"{len(a)} replies and {len(b)} primes; give one prime per reply")
    return a, b


def or_none(values: Array) -> float | None:
    """The only value, None for NaN."""
    return None if np.isnan(values[0]) else float(values[0])
