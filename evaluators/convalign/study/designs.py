"""What each study design is made of, and whether a study's arms make it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from convalign.errors import StudyError
from convalign.study.records import KNOWLEDGE, RELATION, Arm, Study


@dataclass(frozen=True, slots=True)
class Design:
    """A kind of study.

    Attributes
    ----------
    question : that it answers
    roles : role -> (fewest, most) arms; most None = any number. Empty: arms have no roles
    baseline : role of the arm that the others are compared with
    probe : answers to questions may be, or must be, given: ``no``, ``may``, ``must``
    """

    question: str
    roles: Mapping[str, tuple[int, int | None]]
    baseline: str | None
    probe: str


DESIGNS: Mapping[str, Design] = {
    "intervention": Design("does improving one dimension leave the others unchanged?", {}, None, "no"),
    "regression": Design(
        "did alignment break while knowledge stayed?",
        {"before": (1, 1), "after": (1, 1), "restored": (0, 1)},
        "before",
        "must",
    ),
    "consistency": Design(
        "do scores and answers stay the same under a wrapper?",
        {"clean": (1, 1), "wrapped": (1, None)},
        "clean",
        "may",
    ),
    "dose": Design(
        "which dimensions move, by how much per unit of steering?", {"tuned": (0, 1)}, None, "may"
    ),
    "format": Design(
        "how much of the score is reachable without reading the user?",
        {"real": (1, 1), "form": (1, 1), "floor": (1, 1)},
        "real",
        "no",
    ),
    "attribution": Design("which dimension did the harness change?", {}, None, "no"),
    "observational": Design(
        "are the dimensions' scores related, within and between dialogues?", {}, None, "no"
    ),
}
"""Every design that can be reviewed."""

FEWEST_DOSES = 3


def _a(design: str) -> str:
    """``a dose study``, ``an attribution study``."""
    return f"{'an' if design[0] in 'aeiou' else 'a'} {design} study"


def check_design(design: str, place: str) -> None:
    """Refuse a design that does not exist."""
    if design not in DESIGNS:
        raise StudyError(f"{place}: $.design: no design {design!r}; there are: {', '.join(DESIGNS)}")


def baseline_name(design: str, arms: Sequence[Arm]) -> str:
    """Find the arm that the others are compared with, where the study does not name it.

    Parameters
    ----------
    design : of `DESIGNS`
    arms : one or more, in the order written

    Returns
    -------
    The arm with the role of a baseline; in a dose the weakest; else the arm named baseline, or the first.
    """
    role = DESIGNS[design].baseline
    if role is not None:
        named = [arm.name for arm in arms if arm.role == role]
        return named[0] if named else arms[0].name
    if design == "dose":
        doses = [arm for arm in arms if arm.strength is not None]
        return min(doses, key=lambda arm: arm.strength or 0.0).name if doses else arms[0].name
    names = [arm.name for arm in arms]
    return "baseline" if "baseline" in names else names[0]


def check_arms(study: Study, place: str) -> None:
    """Refuse arms that do not make their design."""
    names = [arm.name for arm in study.arms]
    for k, arm in enumerate(study.arms):
        if arm.name in names[:k]:
            raise StudyError(
                f"{place}: $.arms[{k}].name: {arm.name!r} stands twice; give each arm its own name"
            )
    _check_roles(study, place)
    if study.design == "intervention":
        _check_targets(study, place)
    if study.baseline not in names:
        raise StudyError(f"{place}: $.baseline: no arm {study.baseline!r}; there are: {', '.join(names)}")
    for k, arm in enumerate(study.arms):
        _check_fields(study, arm, f"{place}: $.arms[{k}]")
    _check_number(study, place)
    _check_probe(study, place)


def _check_targets(study: Study, place: str) -> None:
    """An intervention has arms that target a dimension, or are placebos."""
    for k, arm in enumerate(study.arms):
        where = f"{place}: $.arms[{k}]"
        if arm.name == study.baseline:
            if arm.targets is not None or arm.control:
                what = "targets" if arm.targets is not None else "control"
                raise StudyError(
                    f"{where}.{what}: stands at the baseline; leave it out, or name another baseline"
                )
        elif arm.targets is None and not arm.control:
            raise StudyError(f'{where}.targets: missing; name a dimension, or write "control": true')


def _check_roles(study: Study, place: str) -> None:
    """Every arm has a role of its design, and every role has its arms."""
    roles = DESIGNS[study.design].roles
    counted = Counter(arm.role for arm in study.arms if arm.role is not None)
    for k, arm in enumerate(study.arms):
        if arm.role is not None and arm.role not in roles:
            have = f"has {', '.join(roles)}" if roles else "has none"
            raise StudyError(f"{place}: $.arms[{k}].role: {arm.role!r}; {_a(study.design)} {have}")
        optional = study.design == "dose" and arm.strength is not None
        if arm.role is None and roles and not optional:
            what = "role or strength" if study.design == "dose" else "role"
            raise StudyError(f"{place}: $.arms[{k}].{what}: missing; name one of {', '.join(roles)}")
    for role, (fewest, most) in roles.items():
        if not fewest <= counted[role] <= (most or counted[role]):
            wanted = (
                f"{fewest} or more" if most is None else str(fewest) if fewest == most else f"at most {most}"
            )
            raise StudyError(
                f"{place}: $.arms: {counted[role]} arms with role {role!r}; {_a(study.design)} has {wanted}"
            )


def _check_fields(study: Study, arm: Arm, where: str) -> None:
    """Fields of one design do not stand in another."""
    steered = study.design == "dose" and arm.strength is not None and not arm.control
    if study.design != "intervention" and not steered and (arm.targets is not None or arm.control):
        what = "targets" if arm.targets is not None else "control"
        raise StudyError(f"{where}.{what}: belongs to an intervention, not to {_a(study.design)}")
    if arm.strength is not None and study.design != "dose":
        raise StudyError(f"{where}.strength: belongs to a dose study, not to {_a(study.design)}")
    if arm.wrapper is not None and arm.role != "wrapped":
        raise StudyError(f"{where}.wrapper: belongs to an arm with role 'wrapped'")
    if arm.role == "wrapped" and arm.wrapper is None:
        raise StudyError(
            f"{where}.wrapper: missing; write irrelevant (nothing should move) or relevant (something should)"
        )


def _check_number(study: Study, place: str) -> None:
    """How many arms a design takes."""
    count = len(study.arms)
    if study.design == "dose":
        strengths = {arm.strength for arm in study.arms if arm.strength is not None}
        if len(strengths) < FEWEST_DOSES:
            raise StudyError(
                f"{place}: $.arms: {len(strengths)} different strengths; a dose study takes 3 or more"
            )
        if len(strengths) < sum(arm.strength is not None for arm in study.arms):
            raise StudyError(f"{place}: $.arms: two arms have the same strength; give each its own")
        targets = {arm.targets for arm in study.arms if arm.targets is not None}
        if len(targets) > 1:
            named = ", ".join(sorted(targets))
            raise StudyError(
                f"{place}: $.arms: target {named}; all strengths of one dose target one dimension"
            )
    elif study.design == "observational":
        if count != 1:
            raise StudyError(f"{place}: $.arms: {count} arms; an observational study has one")
    elif study.design == "attribution":
        if count != 2:
            raise StudyError(f"{place}: $.arms: {count} arms; an attribution study compares two harnesses")
    elif count < 2:
        raise StudyError(f"{place}: $.arms: one arm; a comparison takes two or more")


def _check_probe(study: Study, place: str) -> None:
    """A probe and its bound go together."""
    probe = DESIGNS[study.design].probe
    if study.probe is None and probe == "must":
        raise StudyError(f"{place}: $.probe: missing; {_a(study.design)} asks what is still known")
    if study.probe is not None and probe == "no":
        raise StudyError(f"{place}: $.probe: has no use in {_a(study.design)}; leave it out")
    if (study.probe is not None) != (KNOWLEDGE in study.bounds):
        what = (
            "declared without a probe"
            if study.probe is None
            else "missing; the probe needs one, such as 0.05"
        )
        raise StudyError(f"{place}: $.bounds.{KNOWLEDGE}: {what}")
    if (study.design == "observational") != (RELATION in study.bounds):
        what = (
            "missing; an observational study needs one, such as 0.2"
            if study.design == "observational"
            else "belongs to an observational study"
        )
        raise StudyError(f"{place}: $.bounds.{RELATION}: {what}")
    for name in (KNOWLEDGE, RELATION):
        bound = study.bounds[name].bound if name in study.bounds else None
        if bound is not None and (isinstance(bound, tuple) or bound >= 1):
            raise StudyError(f"{place}: $.bounds.{name}: give one number between 0 and 1")


def check_names(study: Study, place: str, dimensions: Collection[str] | None) -> None:
    """Refuse dimensions that do not exist, and targets for which no bound was declared."""
    targets = {arm.targets: f"$.arms[{k}].targets" for k, arm in enumerate(study.arms) if arm.targets}
    bounds = [name for name in study.bounds if name not in (KNOWLEDGE, RELATION)]
    places = {**{name: f"$.bounds.{name}" for name in bounds}, **targets}
    if dimensions is not None:
        for name, where in places.items():
            if name not in dimensions:
                there = ", ".join(sorted(dimensions))
                raise StudyError(f"{place}: {where}: no dimension {name!r}; there are: {there}")
    for name in targets:
        if name not in study.bounds and not study.from_arms:
            cure = 'without one "unchanged" cannot be said (see docs/statistics.md)'
            raise StudyError(f"{place}: $.bounds.{name}: no bound; {cure}")
    if not bounds and study.design not in ("observational", "format") and not study.from_arms:
        raise StudyError(f"{place}: $.bounds: no dimension has one; name at least one")
