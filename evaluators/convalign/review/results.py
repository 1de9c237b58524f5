"""``results.json``: everything that a design review says, before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from convalign import __version__, dimensions, independence, rubric
from convalign.errors import StudyError, UsageError
from convalign.independence import Finding, Matrix, MatrixRow
from convalign.independence.finding import Good
from convalign.independence.interval import mean_interval
from convalign.review.arms import Arm, columns, directions, of_use_case, paired
from convalign.review.courses import courses
from convalign.review.decided import decided
from convalign.review.quotes import quotes
from convalign.review.voices import per_feature, quality, voices
from convalign.scale import versions
from convalign.scores import SCHEMA_VERSION, Metric
from convalign.study import Study, exploratory_reasons

NOT_BUILT = (
    "a test that the scorers are separable (reliability, multitrait-multimethod, HTMT, perturbation)",
    "the mixed model beside the paired tests",
    "the designs regression, consistency, dose, format, attribution and observational",
)
"""What a reader might expect of this page and will not find; said on it."""

LIMITS = (
    "Unchanged means: smaller than the declared bound. It never means: no effect at all.",
    "The unit of every test is the dialogue (or the declared cluster), never the turn.",
    "Lexical and emotional alignment both read text; the emotional headline removes echoed words first.",
    "Scores say how near two partners are, not how good the service was.",
)


def results(study: Study, arms: Sequence[Arm], *, command: str) -> dict[str, Any]:
    """Test, judge and describe.

    Parameters
    ----------
    study : as declared
    arms : [n_arms] from `review.arms.gather`, baseline first
    command : that made this, for the page

    Returns
    -------
    The record of ``results.json``; numbers are finite or None.

    Raises
    ------
    StudyError
        No dialogue has the study's direction.
    """
    found = directions(arms)
    if study.direction not in found:
        labels = ", ".join(label for label, _ in found.most_common(4)) or "none"
        raise StudyError(f"no dialogue has the direction {study.direction!r}; there are: {labels}")
    names = [name for name in columns(study) if name in arms[0].run.info["signature"]]
    metrics = {name: dimensions.load(name).METRICS for name in names}
    marks = exploratory_reasons(study, {arm.name: arm.run.info for arm in arms})
    matrix = _matrix(study, arms, metrics)
    drawn = _matrix_record(matrix, study, arms, metrics)
    verdicts = _verdicts(study, arms)
    deciding = decided(verdicts, arms)
    record = {
        "schema_version": SCHEMA_VERSION,
        "kind": "design review",
        "name": study.name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "convalign": __version__,
        "command": command,
        "study": dict(study.document),
        "study_sha256": study.hash,
        "declared_at": study.declared_at.isoformat() if study.declared_at else None,
        "marks": {"exploratory": bool(marks), "exploratory_reasons": list(marks)},
        "direction": study.direction,
        "quantity": study.quantity,
        "alpha": study.alpha,
        "seed": study.seed,
        "answer": _answer(matrix, _leaks(drawn), exploratory=bool(marks)),
        "dimensions": [_dimension(name, metrics[name], study, arms[0]) for name in names],
        "arms": [_arm(arm, arms[0], study, metrics) for arm in arms],
        "matrix": drawn,
        "scores": {
            name: {arm.name: _scores(arm, name, metrics[name][0], study) for arm in arms} for name in names
        },
        "verdicts": verdicts,
        "decided": deciding,
        "courses": courses(arms, study, deciding),
        "voices": voices(arms, study),
        "sound": quality(arms),
        "features": per_feature(arms, study),
        "category_error": _category_errors(study, arms),
        "turns": quotes(arms, study, {name: metrics[name][0].name for name in names}),
        "limits": [*LIMITS, *_left_out(names)],
        "versions": versions(),
        "not_built": list(NOT_BUILT),
    }
    return {key: _finite(value) for key, value in record.items()}


def _left_out(names: Sequence[str]) -> list[str]:
    """Dimensions that this study says nothing about."""
    out = [name for name in dimensions.names() if name not in names]
    return [f"{name} is not part of this study: no bound was declared for it." for name in out]


def _matrix(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> Matrix:
    """The headline of every dimension, every arm against the baseline."""
    rows: dict[str, Any] = {}
    clusters: dict[Any, Any] = {}
    for arm in arms[1:]:
        cells: dict[str, Any] = {}
        for name, listed in metrics.items():
            pairs = paired(arms[0], arm, name, listed[0], study)
            cells[name] = (pairs.before, pairs.after, pairs.ids) if pairs.n else pairs.reason
            clusters |= dict(zip(pairs.ids, pairs.clusters or [], strict=False))
        rows[arm.name] = {"targets": arm.declared.targets, "control": arm.declared.control, "cells": cells}
    return independence.transfer_matrix(
        rows,
        bounds={name: declared.bound for name, declared in study.bounds.items()},
        good={name: _good(listed[0]) for name, listed in metrics.items()},
        cluster=clusters if study.cluster else None,
        alpha=study.alpha,
        bootstrap=study.bootstrap,
        seed=study.seed,
    )


def _good(metric: Metric) -> Good:
    """Which way a headline is better."""
    return "lower" if metric.good == "lower" else "higher"


def _matrix_record(
    matrix: Matrix, study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]
) -> dict[str, Any]:
    """The matrix with its companions and sentences, as the page reads it."""
    by_name = {arm.name: arm for arm in arms}
    rows = []
    for row in matrix.rows:
        cells = []
        for name, listed in metrics.items():
            finding, headline = row.cells[name], listed[0]
            cells.append(
                {
                    "dimension": name,
                    "metric": headline.name,
                    "target": not row.control and name == row.targets,
                    "finding": finding.record(),
                    "sentence": independence.sentence(finding, name, headline.unit),
                    "beside": [
                        _beside(
                            arms[0],
                            by_name[row.arm],
                            name,
                            metric,
                            study,
                            target=not row.control and name == row.targets,
                        )
                        for metric in listed[1:]
                        if metric.beside
                    ],
                }
            )
        claim = row.claim.record() | {
            "sensitivity": row.sensitivity,
            "sensitivity_reason": row.sensitivity_reason,
            "sentence": row_sentence(row),
        }
        rows.append(
            {
                "arm": row.arm,
                "targets": row.targets,
                "control": row.control,
                "void": row.void,
                "void_reason": row.void_reason,
                "cells": cells,
                "claim": claim,
                "holm": dict(row.holm),
                "bh": dict(row.bh),
                "diagonal_holm": row.diagonal_holm,
            }
        )
    return {
        "rows": rows,
        "joint": matrix.joint.record() | {"sentence": joint_sentence(matrix)},
        "families": {
            "holm": [
                _family(row, name, row.holm, matrix.held_holm) for row in matrix.rows for name in row.holm
            ],
            "bh": [_family(row, name, row.bh, matrix.held_bh) for row in matrix.rows for name in row.bh],
        },
        "selectivity": [
            {"arm": row.arm, "dimension": name} | ratio.record()
            for row in matrix.rows
            for name, ratio in row.selectivity.items()
        ],
    }


def _family(row: MatrixRow, name: str, p: Mapping[str, float], held: Sequence[str]) -> list[Any]:
    """One cell of a family: arm, dimension, adjusted p, whether it holds by itself."""
    return [row.arm, name, p[name], f"{row.arm}: {name}" in held]


def _beside(
    baseline: Arm, arm: Arm, name: str, metric: Metric, study: Study, *, target: bool
) -> dict[str, Any]:
    """A companion of the headline: tested as the headline is, against the same bound."""
    pairs = paired(baseline, arm, name, metric, study)
    quantity = study.quantity
    if not pairs.n and quantity == "excess":
        pairs, quantity = paired(baseline, arm, name, metric, study, quantity="value"), "value"
    declared = study.bounds.get(name)
    if not pairs.n or (declared is None and not target):
        finding = Finding("equivalence", 0, reason="no bound" if pairs.n else pairs.reason)
    elif target or declared is None:
        finding = independence.paired_superiority(
            pairs.before,
            pairs.after,
            study.alpha,
            good=_good(metric),
            cluster=pairs.clusters,
            seed=study.seed,
        )
    else:
        finding = independence.paired_equivalence(
            pairs.before,
            pairs.after,
            declared.bound,
            study.alpha,
            good=_good(metric),
            cluster=pairs.clusters,
            seed=study.seed,
        )
    return {
        "metric": metric.name,
        "quantity": quantity,
        "finding": finding.record(),
        "sentence": independence.sentence(finding, metric.name, metric.unit),
    }


def row_sentence(row: MatrixRow) -> str:
    """What one arm did, in one sentence."""
    if row.control:
        if row.claim.shown:
            return f"{row.arm}: the placebo left every dimension within its bound."
        why = row.claim.reason
        return f"{row.arm}: the placebo was not shown to leave every dimension within its bound: {why}."
    if row.void:
        return f"{row.arm}: void, nothing is claimed: {row.void_reason}."
    others = " and ".join(row.others)
    if row.claim.shown:
        spill = [name for name, cell in row.others.items() if str(cell.conclusion).startswith("changed but")]
        extra = f", with a small spill-over on {' and '.join(spill)}" if spill else ""
        bounds = "their bounds" if len(row.others) > 1 else "its bound"
        return f"{row.arm}: improved {row.targets}; {others} stayed within {bounds}{extra}."
    why = row.claim.reason
    return (
        f"{row.arm}: improved {row.targets}; that the others stayed within their bounds is not shown: {why}."
    )


def joint_sentence(matrix: Matrix) -> str:
    """What all arms together show."""
    claim = matrix.joint
    if claim.shown:
        p = "" if claim.p is None else f" (largest p {'< .0001' if claim.p < 0.0001 else f'{claim.p:.2g}'})"
        fixed = len(claim.by_construction)
        note = f", {fixed} of them by construction" if fixed else ""
        if claim.cells == 1:
            return f"The one cell off the diagonal stayed within its bound{note}{p}."
        return f"All {claim.cells} cells off the diagonal stayed within their bounds together{note}{p}."
    return f"The joint claim is not shown: {claim.reason}."


def _leaks(record: Mapping[str, Any]) -> list[str]:
    """Where a companion of a headline moved beyond the bound that the headline kept."""
    found = []
    for row in record["rows"]:
        for cell in row["cells"]:
            kept = not cell["target"] and " within " in (cell["finding"]["conclusion"] or "")
            for one in cell["beside"] if kept and not row["control"] else ():
                if one["finding"]["conclusion"] in ("improved", "worsened"):
                    moved = one["finding"]["mean_difference"]
                    found.append(
                        f"{row['arm']}: {one['metric']} moved by {moved:+.2g}, beyond the bound of "
                        f"{cell['dimension']}; the headline {cell['metric']} did not."
                    )
                    break
    return found


def _answer(matrix: Matrix, leaks: list[str], *, exploratory: bool) -> dict[str, Any]:
    """The sentence that is read in ten seconds, and what stands behind it."""
    arms = [row for row in matrix.rows if not row.control]
    detail = [row_sentence(row) for row in arms] + leaks
    if exploratory:
        return {
            "sentence": "Exploratory: bounds were not declared before the data, so nothing is claimed.",
            "detail": detail,
            "tone": "no claim",
        }
    clean = [row for row in arms if row.claim.shown]
    if matrix.joint.shown:
        targets = list(dict.fromkeys(str(row.targets) for row in arms))
        could = "could each be improved" if len(targets) > 1 else "could be improved"
        others = {name for row in arms for name in row.others}
        kept = (
            "the others stayed within their bounds"
            if len(others) > 1
            else "the other stayed within its bound"
        )
        sentence = f"{_listed(targets)} alignment {could} while {kept}."
        sentence = sentence[0].upper() + sentence[1:]
        return {"sentence": sentence, "detail": detail, "tone": "shown"}
    if clean:
        kept = _listed(row.arm for row in clean)
        rest = _listed(row.arm for row in arms if row not in clean)
        sentence = f"Improved while the others stayed within their bounds: {kept}. Not shown for {rest}."
    else:
        sentence = "No edit was shown to improve its dimension while the others stayed within their bounds."
    return {"sentence": sentence, "detail": detail, "tone": "not shown"}


def _listed(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _dimension(name: str, listed: Sequence[Metric], study: Study, baseline: Arm) -> dict[str, Any]:
    """What a column means."""
    headline = listed[0]
    declared = study.bounds.get(name)
    return {
        "name": name,
        "headline": headline.name,
        "unit": headline.unit,
        "good": headline.good,
        "summary": headline.summary,
        "source": headline.source,
        "needs": dimensions.load(name).NEEDS,
        "signature": baseline.run.info["signature"][name],
        "bound": declared.bound if declared else None,
        "bound_reason": (
            {"kind": declared.kind, "number": declared.number, "text": declared.text} if declared else None
        ),
        "beside": [metric.name for metric in listed[1:] if metric.beside],
    }


def _arm(arm: Arm, baseline: Arm, study: Study, metrics: Mapping[str, Sequence[Metric]]) -> dict[str, Any]:
    """How many dialogues an arm has and lost."""
    scored, dropped = {}, {}
    for name, listed in metrics.items():
        pairs = paired(baseline, arm, name, listed[0], study)
        scored[name] = pairs.n
        dropped[name] = dict(sorted(pairs.dropped.items()))
    return {
        "name": arm.name,
        "targets": arm.declared.targets,
        "control": arm.declared.control,
        "about": arm.declared.about,
        "dialogues": len(arm.index),
        "scored": scored,
        "dropped": dropped,
        "signatures": arm.run.info["signature"],
        "reference": arm.run.info["reference"],
        "inputs": arm.run.info["inputs"],
    }


def _scores(arm: Arm, name: str, headline: Metric, study: Study) -> dict[str, Any]:
    """One arm's headline, dialogue by dialogue."""
    table = arm.table(name, headline.name, study.direction)
    rows = [table[key] for key in sorted(table) if table[key].value is not None]
    excess = [r.excess for r in rows if r.excess is not None]
    interval = mean_interval(excess, level=1 - 2 * study.alpha) if len(excess) > 1 else None
    limits = [interval.low, interval.high] if interval and interval.low is not None else None
    return {
        "n": len(rows),
        "value": _mean([r.value for r in rows]),
        "baseline": _mean([r.baseline for r in rows]),
        "excess": _mean(excess),
        "excess_ci90": limits,
        "values": [[r.dialogue, r.value, r.baseline, r.excess] for r in rows],
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return math.fsum(known) / len(known) if known else None


def _verdicts(study: Study, arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """Every arm by every rubric, on the dialogues of its use case where the log names use cases."""
    found = []
    for name in study.rubric:
        loaded = rubric.load(name)
        by_turn = any(entry.time_scale == "turn" or entry.contraindications for entry in loaded.entries)
        for arm in arms:
            part = of_use_case(arm, loaded.use_case)
            judged = rubric.judge(
                loaded,
                part.rows,
                signatures=arm.run.info["signature"],
                turns=[row for row in arm.run.turns() if row.dialogue in part.index] if by_turn else (),
                cluster=part.clusters(study.cluster),
                alpha=study.alpha,
            )
            about = {"arm": arm.name, "control": arm.declared.control, "dialogues": len(part.index)}
            record = judged.record()
            about |= {"entries": record.pop("verdicts"), "rubric_sha256": record.pop("sha256")}
            found.append(about | record)
    return found


def _category_errors(study: Study, arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """Which arms a single mean would have passed or failed, against the rubric."""
    found = []
    for name in study.rubric:
        loaded = rubric.load(name)
        parts = {arm.name: of_use_case(arm, loaded.use_case) for arm in arms if not arm.declared.control}
        try:
            record = rubric.category_error(
                loaded,
                {arm: part.rows for arm, part in parts.items()},
                direction=study.direction,
                signatures={arm: part.run.info["signature"] for arm, part in parts.items()},
                cluster=arms[0].clusters(study.cluster),
                alpha=study.alpha,
            )
        except UsageError as error:
            record = {"rubric": loaded.name, "systems": [], "flips": [], "sentence": f"not possible: {error}"}
        found.append(record)
    return found


def _finite(value: Any) -> Any:
    """The same with tuples as lists; a number that is not finite is a defect and is refused."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise StudyError(f"a result is {value}; report this: numbers are finite or missing")
    return value
