"""What is known before and after, for the designs that have a probe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convalign import independence
from convalign.independence import Knowledge
from convalign.review.arms import Arm
from convalign.review.probes import Probe, read_probe
from convalign.study import KNOWLEDGE, Study


def answers(study: Study, arms: Sequence[Arm]) -> list[Probe]:
    """The study's probe, its columns named by arm or by role; [] without one."""
    if study.probe is None:
        return []
    by_role: dict[str, list[str]] = {}
    for arm in arms:
        by_role.setdefault(str(arm.declared.role), []).append(arm.name)
    alone = {names[0]: role for role, names in by_role.items() if len(names) == 1 and role != "None"}
    columns = _columns(study, [arm.name for arm in arms], alone)
    return read_probe(study.probe, columns)


def _columns(study: Study, names: Sequence[str], roles: dict[str, str]) -> dict[str, str]:
    """Column suffix -> arm: the arm's own name where the file has it, else its role."""
    path = Path(str(study.probe))
    head = ""
    if path.is_file():
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            head = file.readline()
    chosen = {}
    for name in names:
        own = any(f"{kind}_{name}" in head for kind in ("answer", "correct"))
        chosen[name if own or name not in roles else roles[name]] = name
    return chosen


def knowledge(study: Study, arms: Sequence[Arm]) -> dict[str, Knowledge]:
    """Every arm but the first against the first; {} without a probe."""
    asked = answers(study, arms)
    if not asked:
        return {}
    bound = study.bounds[KNOWLEDGE].bound
    first = [one.correct[arms[0].name] for one in asked]
    return {
        arm.name: independence.knowledge_change(
            first,
            [one.correct[arm.name] for one in asked],
            bound if isinstance(bound, float) else None,
            study.alpha,
        )
        for arm in arms[1:]
    }


def knowledge_sentence(name: str, made: Knowledge) -> str:
    """One arm's knowledge in words."""
    if made.change is None or made.ci90 is None:
        return f"{name}: knowledge is unscored: {made.reason}."
    share = 100 * made.change
    low, high = (100 * limit for limit in made.ci90)
    bound = "" if made.bound is None else f", bound {100 * made.bound:g}"
    return (
        f"{name}: knowledge {made.conclusion or 'has no bound'} ({share:+.1f} points "
        f"[{low:+.1f}, {high:+.1f}]{bound}; {made.right_before} of {made.n} right before, "
        f"{made.right_after} after; {made.lost} lost, {made.gained} gained, exact McNemar p {made.p:.2g})."
    )
