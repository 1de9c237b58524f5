"""How the page writes a number: one rule, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MISSING = "–"
MINUS = "−"
LEAST = 1e-6
"""Below it a number is rounding noise of a sum and is written as 0.000."""


def number(value: Any) -> str:
    """Write a number as every part of the page does.

    Parameters
    ----------
    value : int, float or None

    Returns
    -------
    Counts with thousands separated; others with three decimals, or with two significant digits where
    three decimals would leave fewer than that (under .01); a dash for missing.

    Examples
    --------
    >>> number(12345), number(0.22067), number(-0.00461), number(None)
    ('12,345', '0.221', '−0.0046', '–')
    """
    if value is None:
        return MISSING
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    return _written(float(value), "").replace("-", MINUS)


def signed(value: Any) -> str:
    """Write a change: the same with its sign.

    Examples
    --------
    >>> signed(0.22067), signed(-0.00461), signed(0.0)
    ('+0.221', '−0.0046', '0.000')
    """
    return MISSING if value is None else _written(float(value), "+").replace("-", MINUS)


def p_value(value: Any) -> str:
    """Write a p with two significant digits, never as 0.

    Examples
    --------
    >>> p_value(0.0312), p_value(7e-31), p_value(None)
    ('.031', '< .0001', '–')
    """
    if value is None:
        return MISSING
    if value < 0.0001:
        return "< .0001"
    text = f"{value:.2g}" if value >= 0.001 else f"{value:.4f}"
    return text.removeprefix("0")


def percent(value: Any) -> str:
    """Write a share as per cent."""
    return MISSING if value is None else f"{100 * value:.0f} %".replace("-", MINUS)


def interval(limits: Sequence[float] | None) -> str:
    """Write an interval of a change; empty when there is none.

    Examples
    --------
    >>> interval([-0.0146, 0.0263])
    '[−0.015, +0.026]'
    """
    return "" if limits is None else f"[{signed(limits[0])}, {signed(limits[1])}]"


def bound(declared: Any) -> str:
    """Write a bound as the conclusions do.

    Examples
    --------
    >>> bound(0.05), bound([-0.1, 0.2]), bound(None)
    ('±0.05', '(-0.1, 0.2)', 'no bound')
    """
    if declared is None:
        return "no bound"
    if isinstance(declared, (int, float)):
        return f"±{declared:g}"
    return f"({declared[0]:g}, {declared[1]:g})"


def _written(value: float, sign: str) -> str:
    """Three decimals, or two significant digits."""
    if abs(value) < LEAST:
        return "0.000"
    if abs(value) >= 0.00995:
        return f"{value:{sign},.3f}"
    places = 3
    while round(abs(value), places) < 0.95 * 10 ** (1 - places) and places < 7:
        places += 1
    return f"{value:{sign}.{places}f}"
