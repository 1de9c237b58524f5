"""What every design hands to the page: an answer, a table of findings, and its own details."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convalign import independence
from convalign.independence import Finding, Ratio
from convalign.independence.finding import Good
from convalign.review.arms import Arm, Pairs, paired
from convalign.scores import Metric
from convalign.study import Study


@dataclass(frozen=True, slots=True)
class Outcome:
    """The part of a review that its design decides.

    Attributes
    ----------
    answer : ``sentence``, ``detail`` (sentences), ``tone`` (``shown``, ``not shown`` or ``no claim``: whether
        the sentence is established), ``holds`` (what ``--gate`` asks: nothing moved that should not have, and
        what should have did; None for designs that only measure)
    matrix : ``rows`` of cells, one per dimension, with ``joint``, ``families`` and ``selectivity``
    details : what only this design has, for ``results.json`` under ``details``
    caption : what a number in the matrix is
    columns : of the matrix, where they are not the dimensions: ``name``, ``headline``, ``unit``, ``bound``
    """

    answer: dict[str, Any]
    matrix: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)
    caption: str = "change from the baseline"
    columns: list[dict[str, Any]] | None = None


Make = Callable[[Study, Sequence[Arm], Mapping[str, Sequence[Metric]]], Outcome]


def good(metric: Metric) -> Good:
    """Which way a headline is better."""
    return "lower" if metric.good == "lower" else "higher"


def listing(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def capital(sentence: str) -> str:
    """The same with a capital letter at its start."""
    return sentence[:1].upper() + sentence[1:]


def answer(sentence: str, detail: Sequence[str], *, shown: bool | None, holds: bool | None) -> dict[str, Any]:
    """The part of a review that is read first; `shown` None: nothing is claimed."""
    tone = "no claim" if shown is None else "shown" if shown else "not shown"
    return {"sentence": sentence, "detail": list(detail), "tone": tone, "holds": holds}


def cell(
    name: str, metric: Metric, finding: Finding, *, target: bool = False, unit: str | None = None
) -> dict[str, Any]:
    """One cell of a matrix, as the page reads it."""
    return {
        "dimension": name,
        "metric": metric.name,
        "target": target,
        "finding": finding.record(),
        "sentence": independence.sentence(finding, name, metric.unit if unit is None else unit),
        "beside": [],
        "mixed": None,
        "bootstrap": None,
    }


def row(name: str, cells: Sequence[dict[str, Any]], *, shown: bool, sentence: str) -> dict[str, Any]:
    """One row of a matrix that is no intervention."""
    findings = [one["finding"] for one in cells]
    limits = [one["sensitivity"] for one in findings]
    known = [value for value in limits if value is not None]
    whole = len(known) == len(limits) and known
    ps = [one["p"] for one in findings if one["p"] is not None]
    return {
        "arm": name,
        "targets": None,
        "control": False,
        "void": False,
        "void_reason": None,
        "cells": list(cells),
        "claim": {
            "shown": shown,
            "p": max(ps) if ps else None,
            "cells": len(cells),
            "by_construction": [one["dimension"] for one in cells if one["finding"]["by_construction"]],
            "reason": None if shown else sentence,
            "sensitivity": max(known) if whole else None,
            "sensitivity_reason": None if whole else "a cell is unscored",
            "sentence": sentence,
        },
        "holm": {},
        "bh": {},
        "diagonal_holm": None,
    }


def matrix(rows: Sequence[dict[str, Any]], sentence: str, *, shown: bool) -> dict[str, Any]:
    """A matrix without selectivity: the rows, and what may be said of all together."""
    ps = [one["claim"]["p"] for one in rows if one["claim"]["p"] is not None]
    return {
        "rows": list(rows),
        "joint": {
            "shown": shown,
            "p": max(ps) if ps else None,
            "cells": sum(one["claim"]["cells"] for one in rows),
            "by_construction": [],
            "reason": None if shown else sentence,
            "sentence": sentence,
        },
        "families": {"holm": [], "bh": []},
        "selectivity": [],
    }


def kept(pairs: Pairs, name: str, metric: Metric, study: Study) -> Finding:
    """Test whether a score stayed within its bound; without a bound, only its numbers."""
    declared = study.bounds.get(name)
    if not pairs.n:
        bound = None if declared is None else declared.bound
        return Finding(
            "equivalence", 0, bound=bound, reason=pairs.reason, alpha=study.alpha, good=good(metric)
        )
    if declared is None:
        return independence.paired_estimate(
            pairs.before,
            pairs.after,
            study.alpha,
            good=good(metric),
            cluster=pairs.clusters,
            seed=study.seed,
        )
    return independence.paired_equivalence(
        pairs.before,
        pairs.after,
        declared.bound,
        study.alpha,
        good=good(metric),
        cluster=pairs.clusters,
        seed=study.seed,
    )


def moved(pairs: Pairs, metric: Metric, study: Study) -> Finding:
    """Test whether a score moved at all, in either direction, each at alpha."""
    if not pairs.n:
        return Finding("superiority", 0, reason=pairs.reason, alpha=study.alpha, good=good(metric))
    return independence.paired_superiority(
        pairs.before,
        pairs.after,
        study.alpha,
        good=good(metric),
        cluster=pairs.clusters,
        seed=study.seed,
    )


def changes(one: Arm, other: Arm, name: str, metric: Metric, study: Study) -> dict[str, float | None]:
    """Change of every dialogue from one arm to another; None where unscored."""
    pairs = paired(one, other, name, metric, study)
    return {
        dialogue: None if before is None or after is None else after - before
        for dialogue, before, after in zip(pairs.ids, pairs.before, pairs.after, strict=True)
    }


def clusters(arm: Arm, dialogues: Sequence[str], study: Study) -> list[str] | None:
    """The declared cluster of every dialogue; None where dialogues are the unit."""
    known = arm.clusters(study.cluster)
    return None if known is None else [known.get(dialogue, dialogue) for dialogue in dialogues]


def share(
    part: Mapping[str, float | None],
    whole: Mapping[str, float | None],
    arm: Arm,
    study: Study,
    *,
    flips: bool = False,
) -> Ratio:
    """One change as a share of another, over the dialogues that have both.

    Parameters
    ----------
    part, whole : dialogue -> change, from `changes`
    arm : whose clusters count
    flips : as in `independence.ratio_of_means`
    """
    both = [dialogue for dialogue in part if dialogue in whole]
    return independence.ratio_of_means(
        [part[dialogue] for dialogue in both],
        [whole[dialogue] for dialogue in both],
        study.alpha,
        cluster=clusters(arm, both, study),
        bootstrap=study.bootstrap,
        seed=study.seed,
        flips=flips,
    )
