"""``results.json``: everything that a design review says, before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from convalign import __version__, dimensions, rubric
from convalign.errors import StudyError, UsageError
from convalign.independence.interval import mean_interval
from convalign.review import designs
from convalign.review.arms import Arm, columns, directions, of_use_case, paired
from convalign.review.courses import courses
from convalign.review.decided import decided
from convalign.review.methods import methods
from convalign.review.quotes import quotes
from convalign.review.separability import refuse_small, separability, supported
from convalign.review.voices import per_feature, quality, voices
from convalign.scale import Progress, silent, versions
from convalign.scores import SCHEMA_VERSION, Metric
from convalign.study import DESIGNS, Study, exploratory_reasons

NOT_BUILT = (
    "crossed random effects (user and prompt at once) and cluster-robust errors in the mixed model",
    "minimal pairs in other languages than English for the perturbation test",
)
"""What a reader might expect of this page and will not find; said on it."""

LIMITS = (
    "Unchanged means: smaller than the declared bound. It never means: no effect at all.",
    "The unit of every test is the dialogue (or the declared cluster), never the turn.",
    "Lexical and emotional alignment both read text; the emotional headline removes echoed words first.",
    "Scores say how near two partners are, not how good the service was.",
)


def results(
    study: Study, arms: Sequence[Arm], *, command: str, progress: Progress = silent
) -> dict[str, Any]:
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
    refuse_small(study, supported(study, arms[0]))
    made = designs.load(study.design)(study, arms, metrics)
    apart = separability(study, arms, metrics, progress=progress)
    verdicts = _verdicts(study, arms)
    deciding = decided(verdicts, arms)
    record = {
        "schema_version": SCHEMA_VERSION,
        "kind": "design review",
        "name": study.name,
        "design": study.design,
        "question": DESIGNS[study.design].question,
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
        "answer": answered(made.answer, apart["withheld"], exploratory=bool(marks)),
        "dimensions": [_dimension(name, metrics[name], study, arms[0]) for name in names],
        "arms": [_arm(arm, arms[0], study, metrics) for arm in arms],
        "matrix": made.matrix,
        "caption": made.caption,
        "columns": made.columns or _columns(names, metrics, study),
        "details": made.details,
        "separability": apart,
        "against": None,
        "scores": {
            name: {arm.name: _scores(arm, name, metrics[name][0], study) for arm in arms} for name in names
        },
        "verdicts": verdicts,
        "decided": deciding,
        "courses": courses(arms, study, deciding),
        "voices": voices(arms, study),
        "sound": quality(arms),
        "features": per_feature(arms, study) if study.design == "intervention" else [],
        "category_error": _category_errors(study, arms),
        "turns": quotes(arms, study, {name: metrics[name][0].name for name in names}),
        "methods": methods(study, arms),
        "limits": [*LIMITS, *_left_out(names)],
        "versions": versions(),
        "not_built": list(NOT_BUILT),
    }
    return {key: _finite(value) for key, value in record.items()}


def _columns(
    names: Sequence[str], metrics: Mapping[str, Sequence[Metric]], study: Study
) -> list[dict[str, Any]]:
    """The columns of the matrix: one per dimension."""
    return [
        {
            "name": name,
            "headline": metrics[name][0].name,
            "unit": metrics[name][0].unit,
            "bound": study.bounds[name].bound if name in study.bounds else None,
        }
        for name in names
    ]


def answered(
    answer: Mapping[str, Any], withheld: Sequence[Mapping[str, Any]], *, exploratory: bool
) -> dict[str, Any]:
    """The design's answer, unless nothing may be claimed."""
    detail, holds = list(answer["detail"]), None if answer["holds"] is None else False
    if exploratory:
        sentence = "Exploratory: bounds were not declared before the data, so nothing is claimed."
        return {"sentence": sentence, "detail": detail, "tone": "no claim", "holds": holds}
    if withheld:
        pairs = "; ".join(" and ".join(one["pair"]) for one in withheld)
        sentence = f"Withheld: scorers were not shown to be separable ({pairs}), so nothing is claimed."
        reasons = [f"{' and '.join(one['pair'])}: {'; '.join(one['reasons'])}." for one in withheld]
        return {"sentence": sentence, "detail": reasons, "tone": "no claim", "holds": holds}
    return dict(answer)


def _left_out(names: Sequence[str]) -> list[str]:
    """Dimensions that this study says nothing about."""
    out = [name for name in dimensions.names() if name not in names]
    return [f"{name} is not part of this study: no bound was declared for it." for name in out]


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
        "role": arm.declared.role,
        "strength": arm.declared.strength,
        "about": arm.declared.about,
        "dialogues": len(arm.index),
        "scored": scored,
        "dropped": dropped,
        "signatures": arm.run.info["signature"],
        "reference": arm.run.info["reference"],
        "paired_by": arm.paired_by,
        "unpaired": list(arm.unpaired),
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
                turns=[row for row in arm.turn_rows() if row.dialogue in part.index] if by_turn else (),
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
