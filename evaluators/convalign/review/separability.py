"""May we speak at all? Reliability, agreement within against across, and the perturbation test."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from convalign import dimensions, independence, interventions, logs
from convalign.dialogue import Dialogue
from convalign.independence import UNRELIABLE, Finding
from convalign.review.arms import Arm
from convalign.review.designs.observational import turn_series
from convalign.review.designs.outcome import clusters, good
from convalign.scale import Progress, silent
from convalign.scores import Metric, Score
from convalign.scoring import Outcome, Scorer, finish, gather
from convalign.study import Bound, Study

PERTURBED = {"lexical": "synonym", "emotional": "valence"}
"""Dimension -> file of minimal pairs that edit it."""
PLACEBO = "placebo"
CALLS = 12
"""Bundled calls whose voice is edited."""


def separability(
    study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]], *, progress: Progress = silent
) -> dict[str, Any]:
    """Ask whether the scorers of a review can be told apart.

    Parameters
    ----------
    study : gives the bounds that other scorers must keep
    arms : baseline first; reliability and agreement are those of the baseline
    metrics : dimension -> its metrics, headline first

    Returns
    -------
    ``reliability`` per dimension; ``traits``; ``perturbation`` with rows of cells; ``withheld``: pairs of
    dimensions about which nothing may be claimed, each with its reason; ``notes``.

    Source
    ------
    methods/statistics.md, section 7.
    """
    baseline = arms[0]
    scored = {
        name: listed
        for name, listed in metrics.items()
        if any(r.value is not None for r in baseline.table(name, listed[0].name, study.direction).values())
    }
    reliability = {name: _reliability(baseline, name, listed, study) for name, listed in scored.items()}
    traits = independence.compare_traits(
        {name: _routes(baseline, name, listed, study) for name, listed in scored.items()},
        study.alpha,
        cluster=clusters(baseline, sorted(baseline.index), study),
        bootstrap=study.bootstrap,
        seed=study.seed,
    )
    perturbation, notes = _perturbation(study, baseline, scored, progress)
    record = {
        "reliability": {name: one.record() for name, one in reliability.items()},
        "traits": traits.record(),
        "perturbation": perturbation,
        "notes": notes,
    }
    return record | {"withheld": _withheld(study, record, list(scored))}


def _reliability(arm: Arm, name: str, listed: Sequence[Metric], study: Study) -> independence.Reliability:
    """Odd against even replies of the dimension's turn series."""
    halves: list[tuple[float | None, float | None]] = []
    for turns in turn_series(arm, name, listed, study).values():
        known = [value for _, value in sorted(turns.items()) if value is not None]
        parts = (known[0::2], known[1::2])
        means = [sum(part) / len(part) if part else None for part in parts]
        halves.append((means[0], means[1]))
    return independence.split_half(halves)


def _routes(arm: Arm, name: str, listed: Sequence[Metric], study: Study) -> dict[str, list[float | None]]:
    """Indicators of a dimension over the baseline's dialogues; one that is never scored is left out."""
    found = {}
    for metric in listed:
        if metric.route:
            table = arm.table(name, metric.name, study.direction)
            quantity = study.quantity
            if all(row.excess is None for row in table.values()):
                quantity = "value"
            column = [getattr(table.get(dialogue), quantity, None) for dialogue in sorted(arm.index)]
            if any(value is not None for value in column):
                found[metric.name] = column
    return found


def _perturbation(
    study: Study, baseline: Arm, metrics: Mapping[str, Sequence[Metric]], progress: Progress
) -> tuple[list[dict[str, Any]], list[str]]:
    """Edit bundled dialogues in one dimension at a time and score them as the baseline was scored."""
    settings = baseline.run.info["settings"]
    languages = {settings[name].get("language") for name in metrics} - {None}
    if languages - {"en"}:
        other = ", ".join(sorted(languages - {"en"}))
        return [], [f"the perturbation test was not run: the bundled pairs are English, the runs are {other}"]
    chosen = [Scorer(name, dimensions.load(name).Settings(**_given(settings[name]))) for name in metrics]
    notes, rows = [], []
    own = [one for one in chosen if one.signature != baseline.run.info["signature"][one.name]]
    if own:
        named = ", ".join(one.name for one in own)
        return [], [
            f"the perturbation test was not run: {named} is scored in another way here than in the runs"
        ]
    text = [one for one in chosen if one.module.NEEDS == "text"]
    sound = [one for one in chosen if one.module.NEEDS == "audio"]
    if text:
        progress("perturbation test: words", 0, None)
        sham = _text_scores(PLACEBO, tuple(text))
        for name, file in PERTURBED.items():
            if name in metrics:
                edited = _text_scores(file, tuple(text))
                rows.append(_row(study, name, metrics, edited, sham, f"{file} pairs"))
    for one in sound:
        progress("perturbation test: voice", 0, None)
        edited, sham = _voice_scores(one.name, tuple(chosen))
        rows.append(_row(study, one.name, metrics, edited, sham, "voice of bundled calls"))
    if sound and text:
        notes.append("edits of words leave the sound as it is: prosody is not scored on them")
    return rows, notes


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a run recorded them, lists as the tuples they were."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}


Table = dict[str, dict[str, dict[tuple[str, str], Score]]]
"""Side -> dialogue -> (dimension, metric) -> row."""


@lru_cache(maxsize=8)
def _text_scores(name: str, chosen: tuple[Scorer, ...]) -> Table:
    """Score base and edit of one file of minimal pairs; once per process and way of scoring."""
    path = resources.files("convalign.corpora") / "pairs" / f"{name}.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    sides = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in ("base", "edit"):
            log = Path(folder) / f"{side}.jsonl"
            mine = [one | {"id": one["meta"]["pair"]} for one in lines if one["meta"]["variant"] == side]
            log.write_text("".join(json.dumps(one) + "\n" for one in mine), encoding="utf-8")
            sides[side] = list(logs.read([str(log)], logs.ReadOptions()))
    return _scored(sides, chosen)


@lru_cache(maxsize=8)
def _voice_scores(own: str, chosen: tuple[Scorer, ...]) -> tuple[Table, Table]:
    """Edit the agent's voice in some bundled calls, and pass it through the same processing, and score."""
    corpus = resources.files("convalign.corpora") / "demo"
    module = interventions.load(own)
    with resources.as_file(corpus) as bundled, tempfile.TemporaryDirectory() as place:
        stream = logs.read([str(bundled / "dialogues.jsonl")], logs.ReadOptions())
        calls = [one for k, one in enumerate(stream) if k % 4 == 0][:CALLS]
        sides = {"base": calls}
        for side, placebo in (("edit", False), (PLACEBO, True)):
            edited = interventions.apply(
                iter(calls),
                module,
                module.Settings(placebo=placebo),
                "agent->user",
                folder=Path(place, side),
                tally=interventions.Tally(),
            )
            sides[side] = list(edited)
        found = _scored(sides, chosen)
    return found, {"base": found["base"], "edit": found[PLACEBO]}


def _scored(sides: Mapping[str, Sequence[Dialogue]], chosen: Sequence[Scorer]) -> Table:
    """Score all sides by themselves, each with its own strangers; what one froze serves the other."""
    found: Table = {}
    frozen: Mapping[str, Mapping[str, Any]] | None = None
    for side, dialogues in sides.items():
        outcome = Outcome()
        found[side] = {}
        for scored in finish(gather(dialogues, chosen), outcome, references=frozen):
            for one in scored.dialogues:
                if one.direction == "agent->user":
                    found[side].setdefault(one.dialogue, {})[one.dimension, one.metric] = one
        frozen = frozen or outcome.references
    return found


def _row(
    study: Study,
    own: str,
    metrics: Mapping[str, Sequence[Metric]],
    edited: Table,
    placebo: Table,
    what: str,
) -> dict[str, Any]:
    """One kind of edit: did it move its own scorer more than a placebo, and no other beyond its bound?"""
    cells = []
    for name, listed in metrics.items():
        before, after = _columns(edited, name, listed[0], study)
        if name == own:
            sham = _columns(placebo, name, listed[0], study)
            sizes = [_size(b, a) for b, a in zip(before, after, strict=True)]
            shams = [_size(b, a) for b, a in zip(*sham, strict=True)]
            finding = independence.paired_superiority(shams, sizes, study.alpha, seed=study.seed)
        else:
            finding = _other(study, name, before, after, listed[0])
        cells.append({"dimension": name, "own": name == own, "finding": finding.record()})
    return {"edits": own, "what": what, "cells": cells}


def _other(
    study: Study, name: str, before: list[float | None], after: list[float | None], metric: Metric
) -> Finding:
    """A scorer that the edit should not reach."""
    if not any(value is not None for value in before):
        return Finding("equivalence", 0, reason="not scored on these dialogues")
    declared: Bound | None = study.bounds.get(name)
    if declared is None:
        return independence.paired_estimate(before, after, study.alpha, good=good(metric), seed=study.seed)
    return independence.paired_equivalence(
        before, after, declared.bound, study.alpha, good=good(metric), seed=study.seed
    )


def _columns(
    table: Table, name: str, metric: Metric, study: Study
) -> tuple[list[float | None], list[float | None]]:
    """Base and edit of one metric, dialogue by dialogue."""
    ids = sorted(table["base"])
    sides = []
    for side in ("base", "edit"):
        rows = [table[side].get(d, {}).get((name, metric.name)) for d in ids]
        sides.append([None if row is None else getattr(row, study.quantity) for row in rows])
    return sides[0], sides[1]


def _size(before: float | None, after: float | None) -> float | None:
    """How far a score moved, either way: an edit of affect can bring a reply nearer to its user, or not."""
    return None if before is None or after is None else abs(after - before)


def _withheld(study: Study, record: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Pairs of dimensions about which nothing may be claimed, and why."""
    why: dict[tuple[str, str], list[str]] = {}

    def add(one: str, other: str, reason: str) -> None:
        pair = (one, other) if names.index(one) < names.index(other) else (other, one)
        why.setdefault(pair, []).append(reason)

    for row in record["perturbation"]:
        own = next(one for one in row["cells"] if one["own"])["finding"]
        for one in row["cells"]:
            finding = one["finding"]
            if one["own"]:
                continue
            if own["conclusion"] != "improved":
                add(row["edits"], one["dimension"], f"{row['what']} were not shown to move {row['edits']}")
            tested = finding["bound"] is not None and finding["n"]
            if tested and " within " not in (finding["conclusion"] or ""):
                end = finding["conclusion"] or finding["reason"]
                add(row["edits"], one["dimension"], f"{row['what']} also reach {one['dimension']} ({end})")
    for pair, ratio in record["traits"]["htmt"].items():
        if independence.separated(ratio) is False:
            one, other = pair.split("~")
            add(one, other, f"HTMT up to {ratio['upper']:.2f}, .85 or more")
    if study.design == "observational":
        for name, made in record["reliability"].items():
            value = made["value"]
            if value is not None and value < UNRELIABLE:
                for other in names:
                    if other != name:
                        add(name, other, f"{name} is unreliable ({value:.2f}, under .4)")
    return [{"pair": list(pair), "reasons": list(dict.fromkeys(reasons))} for pair, reasons in why.items()]
