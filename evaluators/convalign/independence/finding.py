"""What a test says: one record per cell, in a fixed vocabulary."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

Bound = float | tuple[float, float]
Interval = tuple[float, float]
Good = Literal["higher", "lower"]

IMPROVED = "improved"
WORSENED = "worsened"
INCONCLUSIVE = "inconclusive"
IDENTICAL = "all pairs identical"
NO_VARIANCE = "no variance"
NO_BOUND = "no bound declared; without one unchanged cannot be said"
NO_N = "no n will show it"


def bound_words(bound: Bound) -> str:
    """Write a bound as the conclusions do.

    Parameters
    ----------
    bound : score units; D for (-D, D), or (low, high)

    Returns
    -------
    ``±0.05`` for a symmetric bound, ``(-3, 0.5)`` for another one; numbers as ``%g``.

    Examples
    --------
    >>> bound_words(0.05), bound_words((-3.0, 0.5))
    ('±0.05', '(-3, 0.5)')
    """
    low, high = limits(bound)
    return f"±{high:g}" if low == -high else f"({low:g}, {high:g})"


def limits(bound: Bound) -> Interval:
    """Write a bound as its two limits.

    Parameters
    ----------
    bound : score units; D, or (low, high)

    Returns
    -------
    (-D, D), or (low, high) as given.

    Examples
    --------
    >>> limits(0.05)
    (-0.05, 0.05)
    """
    return bound if isinstance(bound, tuple) else (-bound, bound)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer for one cell: what was measured, what may be said, and how much more it would take.

    Attributes
    ----------
    kind : ``equivalence`` (against a bound), ``superiority`` (against 0), ``correlation``, or
        ``estimate`` (no test: unscored, or no bound)
    n : pairs, or clusters where clusters were declared; 0 or more
    mean_difference : after minus before, score units; the r of a correlation
    ci90 : interval of level 1 - 2 alpha by t (Fisher z for a correlation; exact sign flip where only
        that is allowed), or None
    ci95 : interval of level 1 - alpha by t (Fisher z), or None
    sd : of the differences (n - 1), score units
    dz : mean_difference / sd
    p : of the claim tested: equivalence, or one-sided in the direction of good; None where no inference
        was drawn
    p_two_sided : of "the mean difference is 0"; stands beside p, never alone
    bound : score units; D for (-D, D), or (low, high)
    conclusion : `improved`, `worsened`, ``unchanged within ±D``, ``changed but within ±D``,
        `inconclusive`; None when unscored
    reason : why there is no conclusion, or why no inference was needed; None otherwise
    sensitivity : smallest symmetric bound that the data support, score units: the larger limit of the
        deciding interval, or the difference itself where nothing varies
    needed_n : smallest n with 80 % power at the bound, sd as observed, true difference 0 (for
        superiority: true difference as observed); None with `needed_reason`
    decided_by : ``t``, ``bca``, ``exact`` (sign flip), ``fisher``, ``jackknife`` (a correlation within
        dialogues), or ``identical`` (nothing varies)
    by_construction : every pair is bit-identical: a fact, not an inference
    cautions : what a reader should know before using the finding
    bayes_factor01 : JZS, how many times likelier the data are under a difference of exactly 0; stands
        beside the conclusion, never instead; None with `bayes_reason`
    deciding_interval : the interval that the conclusion rests on: `ci90`, or the wider BCa or exact one
    p_exact : sign-flip p where that test was run beside t
    alpha : of the test
    good : which way is more aligned; None for a correlation
    clustered : n counts declared clusters (users), not pairs
    """

    kind: Literal["equivalence", "superiority", "correlation", "estimate"]
    n: int
    mean_difference: float | None = None
    ci90: Interval | None = None
    ci95: Interval | None = None
    sd: float | None = None
    dz: float | None = None
    p: float | None = None
    p_two_sided: float | None = None
    bound: Bound | None = None
    conclusion: str | None = None
    reason: str | None = None
    sensitivity: float | None = None
    needed_n: int | None = None
    needed_reason: str | None = None
    decided_by: Literal["t", "bca", "exact", "fisher", "jackknife", "identical"] | None = None
    by_construction: bool = False
    cautions: tuple[str, ...] = ()
    bayes_factor01: float | None = None
    bayes_reason: str | None = None
    deciding_interval: Interval | None = None
    p_exact: float | None = None
    alpha: float = 0.05
    good: Good | None = None
    clustered: bool = False

    @property
    def within(self) -> bool:
        """Whether the cell stayed inside its bound (`unchanged` or `changed but` within)."""
        return self.conclusion is not None and " within " in self.conclusion

    def record(self) -> dict[str, Any]:
        """Turn the finding into what JSON can hold.

        Returns
        -------
        Every attribute under its own name; tuples become lists; missing is None, never NaN.
        """
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def plain(value: Any) -> Any:
    """Turn a value into lists, numbers, text and None, so that JSON writes it as it is.

    Parameters
    ----------
    value : number, text, None, or a tuple, list or mapping of these, or a record of this package

    Returns
    -------
    The same without tuples and records; a number that is not finite becomes None.
    """
    if hasattr(value, "record"):
        return value.record()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
