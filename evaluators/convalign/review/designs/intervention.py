"""Interventions: one edit per dimension, and what each left alone (the transfer matrix)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convalign import independence
from convalign.independence import Finding, Matrix, MatrixRow
from convalign.review.arms import Arm, paired
from convalign.review.designs.outcome import Outcome, answer, clusters, good, listing
from convalign.scores import Metric
from convalign.study import Study


def outcome(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> Outcome:
    """Test every arm on every dimension, and say what may be said of all together."""
    matrix = _matrix(study, arms, metrics)
    drawn = _matrix_record(matrix, study, arms, metrics)
    return Outcome(_answer(matrix, _leaks(drawn)), drawn)


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
        good={name: good(listed[0]) for name, listed in metrics.items()},
        cluster=clusters if study.cluster else None,
        alpha=study.alpha,
        bootstrap=study.bootstrap,
        seed=study.seed,
    )


def _matrix_record(
    matrix: Matrix, study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]
) -> dict[str, Any]:
    """The matrix with its companions and sentences, as the page reads it."""
    by_name = {arm.name: arm for arm in arms}
    rows = []
    for row in matrix.rows:
        cells = []
        mixed = _mixed(arms[0], by_name[row.arm], metrics, study)
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
                    "mixed": mixed[name].record() if name in mixed else None,
                    "bootstrap": row.intervals[name].record() if name in row.intervals else None,
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


def _mixed(
    baseline: Arm, arm: Arm, metrics: Mapping[str, Sequence[Metric]], study: Study
) -> dict[str, independence.MixedCell]:
    """The same row by a mixed model: length held constant, an intercept and a slope per user."""
    found = {name: paired(baseline, arm, name, listed[0], study) for name, listed in metrics.items()}
    found = {name: pairs for name, pairs in found.items() if pairs.n}
    if not found:
        return {}
    ids = next(iter(found.values())).ids
    replier = study.direction.partition("->")[0]
    words = [tuple(one.index[d].get("words", {}).get(replier) for one in (baseline, arm)) for d in ids]
    return independence.mixed_cells(
        {name: (pairs.before, pairs.after) for name, pairs in found.items()},
        clusters(baseline, ids, study) or ids,
        words,
        study.alpha,
    )


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
            good=good(metric),
            cluster=pairs.clusters,
            seed=study.seed,
        )
    else:
        finding = independence.paired_equivalence(
            pairs.before,
            pairs.after,
            declared.bound,
            study.alpha,
            good=good(metric),
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


def _answer(matrix: Matrix, leaks: list[str]) -> dict[str, Any]:
    """The sentence that is read in ten seconds, and what stands behind it."""
    arms = [row for row in matrix.rows if not row.control]
    detail = [row_sentence(row) for row in arms] + leaks
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
        sentence = f"{listing(targets)} alignment {could} while {kept}."
        sentence = sentence[0].upper() + sentence[1:]
        return answer(sentence, detail, shown=True, holds=True)
    if clean:
        kept = listing(row.arm for row in clean)
        rest = listing(row.arm for row in arms if row not in clean)
        sentence = f"Improved while the others stayed within their bounds: {kept}. Not shown for {rest}."
    else:
        sentence = "No edit was shown to improve its dimension while the others stayed within their bounds."
    return answer(sentence, detail, shown=False, holds=False)
