"""The searches behind every plan: the smallest n, or the smallest bound, whose power suffices."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

from convalign.errors import UsageError


def smallest_n(power: Callable[[int], float], target: float, start: int) -> int:
    """Find the smallest n that reaches a power.

    Parameters
    ----------
    power : n -> 0 to 1, growing with n towards 1
    target : 0 < target < 1
    start : smallest n that `power` takes, >= 1

    Returns
    -------
    n >= start with power(n) >= target and, where n > start, power(n - 1) < target.
    """
    high = start
    while power(high) < target:
        high *= 2
    low = max(start - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        if power(middle) >= target:
            high = middle
        else:
            low = middle
    return high


def smallest_value(power: Callable[[float], float], target: float) -> float:
    """Find the smallest number that reaches a power, to 12 digits.

    Parameters
    ----------
    power : number > 0 -> 0 to 1, growing towards 1
    target : 0 < target < 1

    Returns
    -------
    The number, > 0.
    """
    high = 1.0
    while power(high) < target:
        high *= 2
    low = 0.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= target else (middle, high)
    return high


def per_cell(power: Any, cells: Any) -> float:
    """Say what power each of several independent cells needs.

    Parameters
    ----------
    power : of the joint claim, 0 < power < 1
    cells : how many must hold together, >= 1

    Returns
    -------
    power to the 1 / cells, 0 to 1.

    Raises
    ------
    UsageError
        power is not between 0 and 1, or cells no whole number above 0.

    Examples
    --------
    >>> per_cell(0.81, 2)
    0.9
    """
    if isinstance(power, bool) or not isinstance(power, numbers.Real) or not 0 < float(power) < 1:
        raise UsageError(f"power: {power!r} does not work; give a number between 0 and 1, such as 0.8")
    return math.pow(float(power), 1 / whole_number(cells, 1, "cells"))


def whole_number(value: Any, least: int, name: str = "n") -> int:
    """Accept a count only when it is one.

    Parameters
    ----------
    value : whole number, numpy's included, >= least
    least : smallest that makes sense
    name : of the argument, for the message

    Returns
    -------
    int.

    Raises
    ------
    UsageError
        It is no whole number, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise UsageError(f"{name}: {value!r} does not work; give a whole number of at least {least}")
    return int(value)
