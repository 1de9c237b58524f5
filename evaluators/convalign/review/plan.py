"""Before the data: what a pilot says about bounds and dialogues, and a study file to begin with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import stdev
from typing import Any

from convalign import dimensions
from convalign.errors import StudyError
from convalign.independence.finding import bound_words
from convalign.independence.power import pairs_needed, smallest_bound
from convalign.review.arms import Arm, paired
from convalign.review.separability import rounded_up
from convalign.scores import SCHEMA_VERSION
from convalign.study import Study

POWERS = (0.8, 0.9)
ASSUMED_R = 0.5
"""Correlation of a dialogue's score before and after, where the pilot has no edited arm."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one dimension needs.

    Attributes
    ----------
    dimension, metric, unit : the headline
    pilot : dialogues that the spread rests on
    sd : of the change per dialogue, score units; None where the pilot does not tell
    sd_from : how it was had, or why it was not
    smallest, smallest_joint : power -> smallest bound that the planned dialogues support, one cell and all
    bound : as given, score units; None = not given
    needed, needed_joint : power -> dialogues that the bound needs, one cell and all cells together
    """

    dimension: str
    metric: str
    unit: str
    pilot: int
    sd: float | None
    sd_from: str
    smallest: Mapping[float, float]
    smallest_joint: Mapping[float, float]
    bound: float | tuple[float, float] | None
    needed: Mapping[float, int | None]
    needed_joint: Mapping[float, int | None]


def plan(study: Study, arms: Sequence[Arm], dialogues: int) -> list[Planned]:
    """Work out what a study of so many dialogues can show, from a pilot.

    Parameters
    ----------
    study : built from the pilot's runs; its bounds are those to be declared
    arms : baseline first; edited arms give the spread of changes, without them it is assumed
    dialogues : planned, 3 or more

    Returns
    -------
    One per dimension of the baseline. Joint figures are for one edited arm per dimension, every cell off
    the diagonal, cells independent.

    Raises
    ------
    StudyError
        Under 3 dialogues planned.

    Source
    ------
    methods/statistics.md, section 5: exact power of the paired equivalence test, true change 0.
    """
    if dialogues < 3:
        raise StudyError(f"--plan {dialogues}: an equivalence test takes 3 dialogues or more")
    names = list(arms[0].run.info["signature"])
    cells = max(1, len(names) * (len(names) - 1))
    return [_planned(name, study, arms, dialogues, cells) for name in names]


def _planned(name: str, study: Study, arms: Sequence[Arm], dialogues: int, cells: int) -> Planned:
    """One dimension."""
    headline = dimensions.load(name).METRICS[0]
    pilot, sd, told = _spread(name, headline.name, study, arms)
    declared = study.bounds.get(name)
    bound = None if declared is None else declared.bound
    small: list[dict[float, float]] = []
    needed: list[dict[float, int | None]] = []
    for count in (1, cells):
        at = {power: smallest_bound(dialogues, power, study.alpha, cells=count) for power in POWERS}
        small.append({power: sd * dz for power, dz in at.items()} if sd else {})
        scaled = _scaled(bound, sd) if sd and bound is not None else None
        needs = {
            power: pairs_needed(scaled, power, alpha=study.alpha, cells=count)
            for power in POWERS
            if scaled is not None
        }
        needed.append(needs)
    return Planned(
        name, headline.name, headline.unit, pilot, sd, told, small[0], small[1], bound, needed[0], needed[1]
    )


def _scaled(bound: float | tuple[float, float], sd: float) -> float | tuple[float, float]:
    """A bound in sd of the change."""
    return (bound[0] / sd, bound[1] / sd) if isinstance(bound, tuple) else bound / sd


def _spread(name: str, metric: str, study: Study, arms: Sequence[Arm]) -> tuple[int, float | None, str]:
    """Dialogues, sd of the change, and where it is from: the arm whose cell is widest."""
    found: list[tuple[float, int, str]] = []
    for arm in arms[1:]:
        if arm.declared.targets == name:
            continue
        pairs = paired(arms[0], arm, name, metric, study)
        both = zip(pairs.before, pairs.after, strict=True)
        changes = [after - before for before, after in both if before is not None and after is not None]
        if len(changes) > 2:
            found.append((stdev(changes), len(changes), arm.name))
    if found:
        sd, count, arm_name = max(found)
        if sd > 0:
            return count, sd, f"change under {arm_name}"
    rows = arms[0].table(name, metric, study.direction).values()
    values = [value for r in rows if (value := getattr(r, study.quantity)) is not None]
    if len(values) < 3:
        return len(values), None, "under 3 dialogues are scored"
    sd = stdev(values) * math.sqrt(2 * (1 - ASSUMED_R))
    if sd <= 0:
        return len(values), None, "the scores do not vary"
    why = "no edit in the pilot changes it" if found else "no arm in the pilot"
    return len(values), sd, f"{why}: spread of scores, r {ASSUMED_R:g} assumed"


def sentences(planned: Sequence[Planned], dialogues: int) -> list[str]:
    """What cannot be promised, and what was assumed."""
    told = []
    for one in planned:
        if one.sd is None:
            told.append(f"{one.dimension}: nothing can be planned, {one.sd_from}")
            continue
        low, joint = one.smallest[POWERS[0]], one.smallest_joint[POWERS[0]]
        needs = one.needed_joint.get(POWERS[0])
        if one.bound is not None and needs is not None and needs > dialogues:
            told.append(
                f"{one.dimension}: {bound_words(one.bound)} is not reachable with {dialogues} dialogues: "
                f"they support ±{low:.2g} by itself ({low / one.sd:.2g} sd) and ±{joint:.2g} in all cells "
                f"together; it needs {needs:,}"
            )
        if "assumed" in one.sd_from:
            told.append(f"{one.dimension}: {one.sd_from}; score a pilot edit to know")
    return told


def study_file(
    planned: Sequence[Planned], study: Study, dialogues: int, smallest: Mapping[str, float]
) -> dict[str, Any]:
    """A study to declare: arms as logs that are still to be made, bounds with their reasons.

    Bounds that were given stand as they are; the others are the smallest that the planned dialogues
    support in all cells together, with 80 % power, rounded up to two digits, and never below `smallest`, what
    the minimal pairs can support (`separability.supported`).
    """
    usable = [one for one in planned if one.sd is not None]
    bounds = {}
    for one in usable:
        if one.dimension in study.bounds:
            given = study.bounds[one.dimension].bound
            reason = "given for the plan; say here why a change of this size would not matter"
            bounds[one.dimension] = (list(given) if isinstance(given, tuple) else given, reason)
        else:
            reason = (
                f"the smallest that {dialogues} dialogues support in all cells with 80 % power, by a pilot "
                f"of {one.pilot} (sd of the change {one.sd:.3g}); say here why it would not matter"
            )
            least = max(one.smallest_joint[POWERS[0]], smallest.get(one.dimension, 0.0))
            bounds[one.dimension] = (rounded_up(least), reason)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": "planned study",
        "design": "intervention",
        "arms": [
            {"name": "baseline", "log": "baseline.jsonl"},
            *({"name": name, "log": f"{name}.jsonl", "targets": name} for name in bounds),
        ],
        "baseline": "baseline",
        "direction": study.direction,
        "quantity": study.quantity,
        "bounds": {
            name: {"bound": bound, "reason": {"kind": "other", "text": text}}
            for name, (bound, text) in bounds.items()
        },
        "alpha": study.alpha,
        "seed": study.seed,
        "bootstrap": study.bootstrap,
        "rubric": list(study.rubric),
        "declared_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
