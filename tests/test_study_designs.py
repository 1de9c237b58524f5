"""Study files of every design: what makes one, and what is refused with its place and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convalign.errors import StudyError
from convalign.study import DESIGNS, parse

REASON = {"kind": "other", "text": "heard as equal"}
KNOWN = {"lexical": {"bound": 0.1, "reason": REASON}}
PROBED = KNOWN | {"knowledge": {"bound": 0.05, "reason": REASON}}


def arm(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "run": f"runs/{name}", **fields}


def document(design: str, arms: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": design,
        "design": design,
        "arms": arms,
        "bounds": KNOWN,
        "declared_at": "2026-01-31T12:00:00Z",
        **fields,
    }


GOOD: dict[str, dict[str, Any]] = {
    "intervention": document("intervention", [arm("plain"), arm("edit", targets="lexical")]),
    "regression": document(
        "regression",
        [arm("v1", role="before"), arm("v2", role="after"), arm("v3", role="restored")],
        probe="probe.jsonl",
        bounds=PROBED,
    ),
    "consistency": document(
        "consistency",
        [arm("opinion", role="wrapped", wrapper="irrelevant"), arm("plain", role="clean")],
    ),
    "dose": document("dose", [arm("full", strength=1), arm("none", strength=0), arm("half", strength=0.5)]),
    "format": document("format", [arm("f", role="form"), arm("r", role="real"), arm("t", role="floor")]),
    "attribution": document("attribution", [arm("old"), arm("new")]),
    "observational": document(
        "observational", [arm("calls")], bounds={"relation": {"bound": 0.2, "reason": REASON}}
    ),
}
BASELINES = {
    "intervention": "plain",
    "regression": "v1",
    "consistency": "plain",
    "dose": "none",
    "format": "r",
    "attribution": "old",
    "observational": "calls",
}


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_read(design: str) -> None:
    found = parse(GOOD[design], folder="/studies", dimensions=("lexical",))
    assert found.design == design
    assert found.baseline == BASELINES[design]
    assert found.arms[0].run == Path("/studies/runs") / found.arms[0].name


def test_fields_of_designs_are_read() -> None:
    found = parse(GOOD["regression"], folder="/studies")
    assert found.probe == Path("/studies/probe.jsonl")
    assert [one.name for one in found.of_role("restored")] == ["v3"]
    assert [one.strength for one in parse(GOOD["dose"]).arms] == [1.0, 0.0, 0.5]
    assert parse(GOOD["consistency"]).arm("opinion").wrapper == "irrelevant"


def changed(design: str, *path: Any, to: Any) -> dict[str, Any]:
    """The design with one field set; None takes it out."""
    import copy

    made: Any = copy.deepcopy(GOOD[design])
    place = made
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return dict(made)


BAD: list[tuple[dict[str, Any], str]] = [
    (changed("regression", "probe", to=None), r"\$\.probe: missing; a regression study asks"),
    (changed("regression", "bounds", to=KNOWN), r"\$\.bounds\.knowledge: missing; the probe needs one"),
    (
        changed("regression", "arms", 1, "role", to=None),
        r"\$\.arms\[1\]\.role: missing; name one of before, after, restored",
    ),
    (
        changed("regression", "arms", 1, "role", to="wrapped"),
        r"\$\.arms\[1\]\.role: 'wrapped'; a regression study has before, after, restored",
    ),
    (
        changed("regression", "arms", 1, "role", to="before"),
        r"\$\.arms: 2 arms with role 'before'; a regression study has 1",
    ),
    (
        changed("consistency", "arms", 0, "wrapper", to=None),
        r"\$\.arms\[0\]\.wrapper: missing; write irrelevant",
    ),
    (
        changed("consistency", "bounds", to=PROBED),
        r"\$\.bounds\.knowledge: declared without a probe",
    ),
    (changed("dose", "arms", 2, "strength", to=1), r"\$\.arms: 2 different strengths; a dose study takes 3"),
    (
        changed("dose", "arms", to=[*GOOD["dose"]["arms"], arm("twice", strength=1)]),
        r"\$\.arms: two arms have the same strength",
    ),
    (changed("dose", "arms", 0, "strength", to=None), r"\$\.arms\[0\]\.role or strength: missing"),
    (changed("format", "arms", 0, "role", to="real"), r"2 arms with role 'real'; a format study has 1"),
    (changed("format", "probe", to="p.jsonl"), r"\$\.probe: has no use in a format study"),
    (
        changed("attribution", "arms", to=[arm("a"), arm("b"), arm("c")]),
        r"\$\.arms: 3 arms; an attribution study compares two harnesses",
    ),
    (
        changed("attribution", "arms", 1, "strength", to=2),
        r"arms\[1\]\.strength: belongs to a dose study",
    ),
    (changed("attribution", "arms", 1, "targets", to="lexical"), r"\.targets: belongs to an intervention"),
    (changed("attribution", "arms", 1, "role", to="form"), r"\.role: 'form'; an attribution study has none"),
    (changed("observational", "bounds", to=KNOWN), r"\$\.bounds\.relation: missing; an observational study"),
    (
        changed("observational", "bounds", "relation", "bound", to=1.5),
        r"\$\.bounds\.relation: give one number between 0 and 1",
    ),
    (changed("observational", "arms", to=[arm("a"), arm("b")]), r"2 arms; an observational study has one"),
    (changed("intervention", "arms", 1, "role", to="after"), r"'after'; an intervention study has none"),
    (
        changed("intervention", "bounds", to=KNOWN | GOOD["observational"]["bounds"]),
        r"\$\.bounds\.relation: belongs",
    ),
]


@pytest.mark.parametrize(("bad", "words"), BAD)
def test_refused_with_place_and_cure(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        parse(bad, dimensions=("lexical",))
