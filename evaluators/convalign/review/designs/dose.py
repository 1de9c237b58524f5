"""Dose: which dimensions move with the strength of steering, and how much of the gap is closed?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from convalign import independence
from convalign.independence import Finding
from convalign.review.arms import Arm, Pairs
from convalign.review.designs import outcome as out
from convalign.review.designs.knowledge import knowledge, knowledge_sentence
from convalign.scores import Metric
from convalign.study import Bound, Study


def outcome(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> out.Outcome:
    """Fit a line per prompt and dimension, and test the slopes across prompts."""
    doses = sorted(
        (a for a in arms if a.declared.strength is not None), key=lambda a: a.declared.strength or 0
    )
    strengths = [float(arm.declared.strength or 0) for arm in doses]
    tuned = next((arm for arm in arms if arm.declared.role == "tuned"), None)
    target = next((arm.declared.targets for arm in doses if arm.declared.targets), None)
    cells, columns, bends, models, curves = [], [], {}, {}, {}
    for name, listed in metrics.items():
        ids, table = _scores(doses, name, listed[0], study)
        made = independence.dose_slopes(strengths, table)
        pairs = _against_nothing(ids, made.slope, doses[0], study)
        per_unit = _per_unit(study, name, made.span)
        own = name == target
        finding = out.moved(pairs, listed[0], study) if own else out.kept(pairs, name, listed[0], per_unit)
        cells.append(out.cell(name, listed[0], finding, target=own, unit=_unit(listed[0])))
        limit = per_unit.bounds[name].bound if name in per_unit.bounds else None
        columns.append({"name": name, "headline": listed[0].name, "unit": listed[0].unit, "bound": limit})
        bends[name] = _bend(ids, made.bend, doses[0], listed[0], study)
        models[name] = independence.mixed_slope(strengths, table, study.alpha).record()
        curves[name] = [
            {"strength": s, "mean": _mean([row[k] for row in table if None not in row])}
            for k, s in enumerate(strengths)
        ]
    sentence, shown = _sentence(cells, target)
    known = knowledge(study, [doses[0], *(arm for arm in arms if arm is not doses[0])])
    gaps = _gaps(study, doses, tuned, metrics) if tuned is not None else {}
    detail = [text for one in gaps.values() for text in one.pop("sentences")]
    detail += [knowledge_sentence(name, one) for name, one in known.items()]
    row = out.row("slope", cells, shown=shown, sentence=sentence)
    row["targets"] = target
    return out.Outcome(
        out.answer(sentence, detail, shown=shown, holds=shown),
        out.matrix([row], sentence, shown=shown),
        {
            "strengths": strengths,
            "curves": curves,
            "curvature": bends,
            "mixed": models,
            "gap_closed": gaps,
            "knowledge": {name: one.record() for name, one in known.items()},
        },
        "change per unit of strength",
        columns,
    )


def _scores(
    doses: Sequence[Arm], name: str, metric: Metric, study: Study
) -> tuple[list[str], list[list[float | None]]]:
    """Dialogues of every dose, and their scores, dose by dose."""
    tables = [arm.table(name, metric.name, study.direction) for arm in doses]
    shared = sorted(set.intersection(*(set(arm.index) for arm in doses)))
    return shared, [[getattr(table.get(d), study.quantity, None) for table in tables] for d in shared]


def _against_nothing(ids: list[str], values: list[float | None], arm: Arm, study: Study) -> Pairs:
    """A number per dialogue as a change from 0."""
    lost = sum(value is None for value in values)
    dropped = Counter({"unscored at one of the strengths": lost} if lost else {})
    return Pairs([0.0 for _ in values], list(values), ids, out.clusters(arm, ids, study), dropped)


def _per_unit(study: Study, name: str, span: float) -> Study:
    """The study with the bound of a dimension per unit of strength: D over the range of strengths."""
    declared = study.bounds.get(name)
    if declared is None:
        return study
    bound = declared.bound
    scaled = (bound[0] / span, bound[1] / span) if isinstance(bound, tuple) else bound / span
    return replace(study, bounds={**study.bounds, name: Bound(scaled, declared.kind, None, declared.text)})


def _unit(metric: Metric) -> str:
    return "per unit of strength" if metric.unit == "1" else f"{metric.unit} per unit of strength"


def _bend(
    ids: list[str], values: list[float | None], arm: Arm, metric: Metric, study: Study
) -> dict[str, Any]:
    """Whether the line is bent: the mean coefficient of the squared strength, with its interval."""
    pairs = _against_nothing(ids, values, arm, study)
    if not pairs.n:
        return Finding("estimate", 0, reason=pairs.reason).record()
    return independence.paired_estimate(
        pairs.before, pairs.after, study.alpha, good=out.good(metric), cluster=pairs.clusters, seed=study.seed
    ).record()


def _gaps(
    study: Study, doses: Sequence[Arm], tuned: Arm, metrics: Mapping[str, Sequence[Metric]]
) -> dict[str, dict[str, Any]]:
    """How much of what tuning moves each dose moves too."""
    found: dict[str, dict[str, Any]] = {}
    for name, listed in metrics.items():
        whole = out.changes(doses[0], tuned, name, listed[0], study)
        found[name] = {"doses": [], "sentences": []}
        for arm in doses[1:]:
            part = out.changes(doses[0], arm, name, listed[0], study)
            made = out.share(part, whole, doses[0], study)
            found[name]["doses"].append({"strength": arm.declared.strength} | made.record())
        last = found[name]["doses"][-1]
        if last["value"] is not None:
            around = [f"{100 * limit:.0f}" for limit in last["interval"] or ()]
            limits = f" [{', '.join(around)}]" if around else ""
            share = f"{100 * last['value']:.0f} %{limits}"
            found[name]["sentences"].append(
                f"{name}: {doses[-1].name} closes {share} of the gap to {tuned.name}."
            )
    return found


def _sentence(cells: Sequence[Mapping[str, Any]], target: str | None) -> tuple[str, bool]:
    """The answer, and whether the claim holds."""
    ends = {one["dimension"]: str(one["finding"]["conclusion"]) for one in cells}
    others = {name: end for name, end in ends.items() if name != target}
    kept = [name for name, end in others.items() if " within " in end]
    beyond = [name for name, end in others.items() if end in ("improved", "worsened")]
    open_ones = [name for name in others if name not in kept + beyond]
    if target is None:
        parts = [f"moves with strength: {out.listing(beyond)}"] if beyond else []
        parts += [f"does not, within its bound: {out.listing(kept)}"] if kept else []
        parts += [f"undecided: {out.listing(open_ones)}"] if open_ones else []
        return out.capital("; ".join(parts)) + ".", not open_ones and bool(parts)
    if ends[target] != "improved":
        return f"Void: {target} was not shown to move with the strength, so nothing is claimed.", False
    if len(kept) == len(others):
        return f"The steering moves only {target}; {out.listing(kept)} stayed within bounds.", True
    loose = [f"{name} {'moves too' if name in beyond else 'is undecided'}" for name in [*beyond, *open_ones]]
    return f"The steering moves {target}, but not only: {out.listing(loose)}.", False


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
