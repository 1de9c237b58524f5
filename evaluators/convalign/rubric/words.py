"""How targets, edges and reasons are written: one place, so that command, page and docs agree."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

from convalign.independence.power import superiority_pairs_needed
from convalign.rubric.records import Entry, Target

TOO_MANY = 1_000_000
"""A number of dialogues that nobody has is not printed."""


def number(value: float) -> str:
    """A number for a sentence: three digits, no exponent for what is merely small."""
    return f"{value:.3g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.1e}"


def edges(target: Target) -> tuple[float | None, float | None]:
    """Lowest and highest value on the right side; None = unbounded on that side.

    Returns
    -------
    (low, high), in the unit of the judged quantity; against strangers the edge is an excess of 0.
    """
    if target.kind == "above_chance":
        return 0.0, None
    if target.kind == "at_least":
        return (0.0 if target.relative_to == "strangers" else target.low), None
    if target.kind == "at_most":
        return None, (0.0 if target.relative_to == "strangers" else target.high)
    return (target.low, target.high) if target.kind == "band" else (None, None)


def calibrated(target: Target) -> bool:
    """Whether the edges that the target needs are there."""
    return target.relative_to != "human_baseline" or target.baseline is not None


def target_text(target: Target) -> str:
    """The target in words.

    Examples
    --------
    >>> target_text(Target("above_chance")), target_text(Target("band", "file", 0.1, 0.3))
    ('above chance', 'in the band 0.1 to 0.3')
    """
    low, high = edges(target)
    if target.kind == "none":
        return "no target"
    if target.kind == "above_chance":
        return "above chance"
    if not calibrated(target):
        names = {"band": "in the human band", "at_least": "at least the human floor"}
        return names.get(target.kind, "at most the human ceiling")
    if target.kind == "band":
        return f"in the band {number(low or 0.0)} to {number(high or 0.0)}"
    if target.relative_to == "strangers":
        return "not below strangers" if target.kind == "at_least" else "not above strangers"
    return f"at least {number(low)}" if low is not None else f"at most {number(high or 0.0)}"


def source_text(entry: Entry) -> str:
    """Where the target's numbers come from, in words."""
    target = entry.target
    if target.kind == "none":
        return "none"
    if target.relative_to == "strangers":
        return "strangers: the same replies against partners who were never heard"
    if target.relative_to == "file":
        return "numbers written in the rubric file"
    base = target.baseline
    if base is None:
        return "human baseline, not calibrated yet"
    low, high = (f"q{100 * q:g}" for q in base.quantiles)
    parts = [f"human baseline {base.source}", f"n = {base.n} dialogues", f"{low} to {high}"]
    return ", ".join([*parts, *(part for part in (base.population, base.date) if part)])


def dropped_text(dropped: Mapping[str, int]) -> str:
    """Reasons with counts, most frequent first: ``no audio (12), too few pairs (3)``."""
    order = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} ({count})" for reason, count in order)


def signature_fields(signature: str) -> dict[str, str]:
    """The fields of a run's signature; the seed may differ and is left out.

    Examples
    --------
    >>> signature_fields("lexical|tok:spacy-blank-en-3.8|surrogates:20|seed:1|v:1")
    {'': 'lexical', 'tok': 'spacy-blank-en-3.8', 'surrogates': '20', 'v': '1'}
    """
    found = {}
    for part in signature.split("|"):
        key, colon, value = part.partition(":")
        found[key if colon else ""] = value if colon else key
    found.pop("seed", None)
    return found


def needed(mean: float, sd: float, target: Target, *, alpha: float) -> str:
    """How many dialogues would decide, while mean and spread stay as they are.

    Parameters
    ----------
    mean, sd : of the units, in the unit of the judged quantity; sd > 0

    Returns
    -------
    A clause. Smallest n with 80 % power against the nearest edge (noncentral t); in a band wide
    enough that one edge decides.
    """
    low, high = edges(target)
    gap = min(abs(mean - edge) for edge in (low, high) if edge is not None)
    if gap <= 1e-9 * max(sd, abs(mean)):
        return "no number of dialogues will decide while the mean stays on the edge"
    quick = ((NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(0.8)) * sd / gap) ** 2
    if quick > TOO_MANY:
        return f"more than {TOO_MANY:,} dialogues would be needed"
    about = superiority_pairs_needed(gap / sd, 0.8, alpha)
    return f"about {about} dialogues would decide"
