"""Time-aligned moving averages (TAMA): do the two speakers' windows rise and fall together?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convalign.dimensions.prosodic.measures import NOTHING, Array, Series, as_array
from convalign.errors import UsageError

WINDOW_S = 16.0
STEP_S = 8.0
TAMA_MINIMUM = 6
LEAST_PRODUCTS = 4
LAGS = (0, 1, 2)

Spans = Sequence[tuple[float, float]] | Array


def tama_synchrony(
    reply: Series,
    reply_spans: Spans,
    prime: Series,
    prime_spans: Spans,
    *,
    minimum: int = TAMA_MINIMUM,
    origin_s: float = 0.0,
) -> float | None:
    """Say whether a speaker's 16 s windows follow the partner's, at once or up to 16 s later.

    Parameters
    ----------
    reply, prime : turn values of each speaker, of any length; None or NaN = missing
    reply_spans, prime_spans : start and end of each turn, s on one clock
    minimum : windows with a value that each needs
    origin_s : s, start of the first window; 0 as published. Rows begin with the first turn, so that silence
        before it changes nothing

    Returns
    -------
    Of the correlations at lags of 0, 1 and 2 windows, the one of largest size, signed, -1..1. None
    below `minimum` windows, or where a series does not vary. Its own p needs strangers: the largest
    of three is not at 0 by chance.

    Raises
    ------
    UsageError
        Not one span per value.

    Source
    ------
    Perez, Galvez & Gravano (2016): windows of 16 s every 8 s; value =
    sum(value x duration) / sum(duration) over the turns that touch a window; r(h) = sum a_i b_(i-h) /
    sqrt(sum a^2 sum b^2), products with a missing window left out, at least 4.

    Examples
    --------
    >>> spans = [(8.0 * i, 8.0 * i + 4) for i in range(8)]
    >>> values = [1.0, 3.0, 2.0, 5.0, 1.0, 4.0, 2.0, 1.0]
    >>> round(tama_synchrony(values, spans, values, spans), 6)
    1.0
    """
    a, b = as_array(reply), as_array(prime)
    mine, theirs = as_spans(reply_spans, len(a)), as_spans(prime_spans, len(b))
    found = tama_synchronies(a, mine, b[None], theirs, minimum=minimum, origin_s=origin_s)[0]
    return None if np.isnan(found) else float(found)


def tama_synchronies(
    reply: Array,
    reply_spans: Array,
    primes: Array,
    prime_spans: Array,
    *,
    minimum: int = TAMA_MINIMUM,
    origin_s: float = 0.0,
) -> Array:
    """`tama_synchrony` against many in one partner's seats: reply [n], primes [s, m] -> [s], NaN = none."""
    starts = _starts(origin_s, reply_spans, prime_spans)
    a = windows(reply[None], reply_spans, starts)
    b = windows(primes, prime_spans, starts)
    n = np.minimum(np.count_nonzero(~np.isnan(a), axis=1), np.count_nonzero(~np.isnan(b), axis=1))
    nothing = NOTHING * np.nansum(a * a, axis=1), NOTHING * np.nansum(b * b, axis=1)
    a, b = _centred(np.broadcast_to(a, b.shape)), _centred(b)
    aa, bb = np.nansum(a * a, axis=1), np.nansum(b * b, axis=1)
    best = np.full(len(b), np.nan)
    for lag in LAGS:
        products = a[:, lag:] * b[:, : b.shape[1] - lag]
        enough = np.count_nonzero(~np.isnan(products), axis=1) >= LEAST_PRODUCTS
        usable = enough & (n >= minimum) & (aa > nothing[0]) & (bb > nothing[1])
        r = np.nansum(products, axis=1) / np.sqrt(np.where(usable, aa * bb, 1.0))
        better = usable & (np.isnan(best) | (np.abs(r) > np.abs(best)))
        best = np.where(better, r, best)
    return np.asarray(np.clip(best, -1, 1), np.float64)


def count_windows(reply: tuple[Array, Array], prime: tuple[Array, Array], *, origin_s: float = 0.0) -> int:
    """Windows in which each has a value, the smaller number; values [n] and spans [n, 2] of each."""
    starts = _starts(origin_s, reply[1], prime[1])
    found = [windows(values[None], spans, starts) for values, spans in (reply, prime)]
    return min(int(np.count_nonzero(~np.isnan(one))) for one in found)


def windows(values: Array, spans: Array, starts: Array) -> Array:
    """Value of each window, weighted by the turns' lengths.

    Parameters
    ----------
    values : [s, n_turns], NaN = missing
    spans : [n_turns, 2], s
    starts : [n_windows], s

    Returns
    -------
    [s, n_windows], NaN where no turn with a value touches the window
    """
    begin, end = spans[:, 0], spans[:, 1]
    touching = (begin[:, None] < starts + WINDOW_S) & (end[:, None] > starts)
    weights = np.where(touching, np.nan_to_num(end - begin)[:, None], 0.0)
    there = ~np.isnan(values)
    total = np.where(there, values, 0.0) @ weights
    weight = there.astype(np.float64) @ weights
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _starts(origin_s: float, *spans: Array) -> Array:
    """Starts of the windows, from the origin to the end of the last turn."""
    ends = np.concatenate([one[:, 1] for one in spans])
    return np.arange(origin_s, np.nan_to_num(ends).max(initial=0.0), STEP_S)


def as_spans(spans: Spans, size: int) -> Array:
    """[n, 2] from what a caller gave."""
    made = np.asarray(spans, np.float64).reshape(-1, 2)
    if len(made) != size:
        raise UsageError(f"{size} values and {len(made)} spans; give start and end of each turn")
    return made


def _centred(values: Array) -> Array:
    """Rows less their mean over what is there."""
    there = ~np.isnan(values)
    mean = np.where(there, values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return np.asarray(values - mean[:, None], np.float64)
