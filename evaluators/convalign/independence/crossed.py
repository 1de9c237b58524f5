"""Many correlations between two groups of measures, and what may be said of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from convalign.errors import UsageError
from convalign.independence.borrowed import adjusted
from convalign.independence.checks import checked_bound
from convalign.independence.equivalence import correlation_equivalence
from convalign.independence.finding import Finding, plain


@dataclass(frozen=True, slots=True)
class Crossed:
    """A family of correlations against one bound.

    Attributes
    ----------
    bound : as declared
    findings : pair -> Finding
    shown : every pair is within the bound (intersection-union)
    p : the largest equivalence p; None where a pair has none
    within : how many pairs are within the bound by themselves
    sensitivity : the smallest bound at which all would hold; None where a pair is unscored
    blocks : pairs that are not within, the one with the largest equivalence p first
    holm, bh : pair -> two-sided p of "r is 0", adjusted over the family
    """

    bound: float | tuple[float, float]
    findings: Mapping[str, Finding]
    shown: bool
    p: float | None
    within: int
    sensitivity: float | None
    blocks: tuple[str, ...]
    holm: Mapping[str, float]
    bh: Mapping[str, float]

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def joint_relations(findings: Mapping[str, Finding], bound: float | tuple[float, float]) -> Crossed:
    """Put correlations that were tested against one bound together.

    Parameters
    ----------
    findings : pair -> Finding of kind ``correlation``
    bound : that they were tested against

    Returns
    -------
    Crossed.

    Raises
    ------
    UsageError
        No pairs.

    Source
    ------
    Berger 1982 (intersection-union), Holm 1979, Benjamini and Hochberg 1995; methods/statistics.md,
    section 6.
    """
    if not findings:
        raise UsageError("no pairs; give one correlation at least")
    checked = checked_bound(bound, highest=1.0)
    open_pairs = [name for name, one in findings.items() if not one.within]
    open_pairs.sort(key=lambda name: (findings[name].p is not None, -(findings[name].p or 0.0)))
    ps = [one.p for one in findings.values()]
    limits = [one.sensitivity for one in findings.values()]
    known_limits = [v for v in limits if v is not None]
    known = {name: one.p_two_sided for name, one in findings.items() if one.p_two_sided is not None}
    known_p = [p for p in ps if p is not None]
    return Crossed(
        checked,
        dict(findings),
        not open_pairs,
        max(known_p) if len(known_p) == len(ps) else None,
        len(findings) - len(open_pairs),
        max(known_limits) if len(known_limits) == len(limits) else None,
        tuple(open_pairs),
        dict(zip(known, adjusted(list(known.values()), "holm"), strict=True)),
        dict(zip(known, adjusted(list(known.values()), "fdr_bh"), strict=True)),
    )


def crossed_table(
    correlations: Mapping[tuple[str, str], float],
    n: int,
    bound: float | tuple[float, float],
    alpha: float = 0.05,
) -> Crossed:
    """Read a published table of correlations as an observational study.

    Parameters
    ----------
    correlations : (measure of one dimension, measure of another) -> r over dialogues
    n : dialogues that every r rests on
    bound : 0 < bound < 1, or (low, high)
    alpha : of the tests

    Returns
    -------
    Crossed, its pairs named ``a ~ b``.

    Raises
    ------
    UsageError
        No pairs, or a number out of range.

    Examples
    --------
    >>> made = crossed_table({("rate synchrony", "perplexity"): -0.0797}, 2420, 0.1)
    >>> made.shown, round(made.p, 3)
    (False, 0.157)
    """
    return joint_relations(
        {f"{a} ~ {b}": correlation_equivalence(r, n, bound, alpha) for (a, b), r in correlations.items()},
        bound,
    )


def crossed_sentence(tables: Sequence[Crossed]) -> str:
    """Say at which bounds a relation is ruled out, and what blocks the next one.

    Parameters
    ----------
    tables : the same pairs against one or more symmetric bounds

    Returns
    -------
    One sentence, largest bound first.

    Examples
    --------
    >>> both = [crossed_table({("a", "b"): -0.08}, 2420, bound) for bound in (0.2, 0.1)]
    >>> crossed_sentence(both)
    'related by less than .2: shown; by less than .1: not shown; the pair that blocks it is a and b'
    """
    parts = []
    first = True
    for one in sorted(tables, key=lambda made: -_size(made.bound)):
        verb = "related by less than" if first else "by less than"
        first = False
        text = f"{_size(one.bound):g}".removeprefix("0")
        parts.append(f"{verb} {text}: {'shown' if one.shown else 'not shown'}")
        if not one.shown and not any("block" in part for part in parts):
            named = [" and ".join(pair.split(" ~ ")) for pair in one.blocks]
            if len(named) == 1:
                parts.append(f"the pair that blocks it is {named[0]}")
            else:
                parts.append(f"{len(named)} pairs block it, most of all {named[0]}")
    return "; ".join(parts)


def _size(bound: float | tuple[float, float]) -> float:
    return max(-bound[0], bound[1]) if isinstance(bound, tuple) else bound
