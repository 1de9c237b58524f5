"""A finding in plain words, and no more than it says."""

from __future__ import annotations

from convalign.errors import UsageError
from convalign.independence.finding import (
    IDENTICAL,
    IMPROVED,
    INCONCLUSIVE,
    NO_N,
    WORSENED,
    Finding,
    bound_words,
)


def sentence(finding: Finding, dimension: str, unit: str = "", *, counted: str | None = None) -> str:
    """Say what a finding says, for a reader who does not know the test.

    Parameters
    ----------
    finding : from this package
    dimension : what it is about; for a correlation both names, as the reader should see them
    unit : of the score, as in the metric's record; empty or ``1`` for a plain number
    counted : what n counts, plural; where not said ``dialogues``, or ``clusters`` where they were declared

    Returns
    -------
    One or two sentences. An inconclusive finding names the smallest bound that the data support and how
    many dialogues it would take.

    Raises
    ------
    UsageError
        `dimension` is empty.

    Source
    ------
    methods/statistics.md, section 8.

    Examples
    --------
    >>> sentence(Finding("equivalence", 2, reason="fewer than 3 pairs"), "prosodic")
    'prosodic: unscored: fewer than 3 pairs.'
    """
    if not dimension:
        raise UsageError("dimension is empty; name what the finding is about")
    units = counted or ("clusters" if finding.clustered else "dialogues")
    measure = "" if unit in {"", "1"} else f" {unit}"
    if finding.conclusion is None:
        return _without_conclusion(finding, dimension, measure, units)
    numbers = _numbers(finding, measure, units)
    if finding.conclusion == INCONCLUSIVE:
        parts = [f"{dimension}: inconclusive ({numbers}).", *_open(finding, measure, units)]
        return " ".join(parts)
    if finding.reason is not None:
        fact = "every pair is identical" if finding.reason == IDENTICAL else "every pair changed by the same"
        return f"{dimension}: {_conclusion(finding, measure)}; {fact}, so nothing is inferred ({numbers})."
    return f"{dimension}: {_conclusion(finding, measure)} ({numbers})."


def _conclusion(finding: Finding, measure: str) -> str:
    """Write the conclusion with what it means."""
    words = str(finding.conclusion)
    if finding.kind == "correlation":
        words = words.replace("unchanged", "unrelated").replace("changed", "related")
        return words + (": a small relation" if words.startswith("related") else "")
    if words.startswith("changed but"):
        return f"{words}{measure}: a small spill-over"
    if words in {IMPROVED, WORSENED} and finding.kind == "equivalence" and finding.bound is not None:
        return f"{words} by more than {bound_words(finding.bound)}{measure}: not independent here"
    return words + (measure if finding.kind == "equivalence" else "")


def _without_conclusion(finding: Finding, dimension: str, measure: str, units: str) -> str:
    """Write what there is where nothing may be concluded."""
    if finding.mean_difference is None:
        return f"{dimension}: unscored: {finding.reason}."
    numbers = _numbers(finding, measure, units)
    if finding.kind == "correlation" and finding.ci90 is not None:
        return f"{dimension}: {finding.reason} ({numbers}): not independent here."
    return f"{dimension}: no conclusion: {finding.reason} ({numbers})."


def _open(finding: Finding, measure: str, units: str) -> list[str]:
    """Say what an inconclusive finding lacks."""
    parts = []
    if finding.kind == "superiority":
        if finding.reason is not None:
            return [f"Nothing to infer from: {finding.reason}."]
        if finding.needed_n is not None:
            parts.append(
                f"If the change is as large as it looks, about {finding.needed_n} {units} would show it."
            )
        else:
            parts.append(f"The change does not point to the better side: {NO_N}.")
        return parts
    seen = [text for text in finding.cautions if text.endswith("is open")]
    parts += [f"{text[0].upper()}{text[1:]}." for text in seen]
    if finding.sensitivity is not None:
        parts.append(f"The smallest bound this data supports is ±{finding.sensitivity:.3g}{measure}.")
    bound = bound_words(finding.bound) if finding.bound is not None else "its bound"
    if finding.needed_n is not None:
        parts.append(f"About {finding.needed_n} {units} would be needed for {bound}{measure}.")
    elif finding.needed_reason == NO_N:
        parts.append(f"The observed value lies on or outside {bound}{measure}: {NO_N} if it is the true one.")
    elif finding.reason is not None:
        parts.append(f"Nothing varies ({finding.reason}) and the change lies on the bound.")
    return parts


def _numbers(finding: Finding, measure: str, units: str) -> str:
    """Write difference, deciding interval and n."""
    what = "r" if finding.kind == "correlation" else "mean change"
    parts = [f"{what} {finding.mean_difference:+.3g}{measure}"]
    if finding.deciding_interval is not None:
        low, high = finding.deciding_interval
        how = {"bca": " bootstrap", "exact": " sign-flip"}.get(str(finding.decided_by), "")
        level = 100 * (1 - 2 * finding.alpha)
        parts.append(f"{level:g} %{how} interval {low:+.3g} to {high:+.3g}")
    parts.append(f"{finding.n} {units}")
    return ", ".join(parts)
