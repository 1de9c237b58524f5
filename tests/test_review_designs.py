"""Reviews of every study design, on logs whose truth is made: what they answer, and what they refuse."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from convalign import review, study
from convalign.cli import main
from convalign.errors import StudyError
from convalign.review.against import load_earlier
from convalign.review.probes import read_probe

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
SCHEMA = ROOT / "evaluators" / "convalign" / "results.schema.json"


def recipe() -> ModuleType:
    """The script that makes the committed reviews."""
    spec = importlib.util.spec_from_file_location("make_reports", ROOT / "recipes" / "reports" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of one design's logs, with its committed study; made once."""
    module = recipe()
    place = tmp_path_factory.mktemp("designs")

    def make(design: str) -> Path:
        folder: Path = place / design
        if not folder.exists():
            module.MAKERS[design](folder)
            text = (REPORTS / design / "study.json").read_text(encoding="utf-8")
            (folder / "study.json").write_text(text, encoding="utf-8")
        return folder

    return make


def valid(results: dict[str, Any]) -> None:
    """Hold a record against the published schema, and its numbers against each other."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(results), key=lambda one: one.json_path)
    assert not errors, "\n".join(f"{one.json_path}: {one.message[:200]}" for one in errors[:5])


def cells(results: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (row["arm"], one["dimension"]): one["finding"]
        for row in results["matrix"]["rows"]
        for one in row["cells"]
    }


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*/results.json")), ids=lambda path: path.parent.name)
def test_committed_reviews_fit_the_schema_and_their_study(path: Path) -> None:
    results = json.loads(path.read_text(encoding="utf-8"))
    valid(results)
    declared = study.load(path.parent / "study.json")
    assert results["study_sha256"] == declared.hash
    page = (path.parent / "index.html").read_text(encoding="utf-8")
    assert results["answer"]["sentence"].split(";")[0].replace("'", "&#39;") in page
    assert len(page.encode("utf-8")) < 3_000_000
    assert not re.search(r"<script|<img|<link|(?:src|href)=.https?:|url\(.?https?:", page)


def test_every_design_has_a_committed_review() -> None:
    designs = {json.loads(p.read_text())["design"] for p in REPORTS.glob("*/results.json")}
    assert designs == set(study.DESIGNS)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_regression_finds_lost_alignment_and_intact_knowledge(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = made("regression")
    results = review.review(study.load(folder / "study.json"), tmp_path / "out").results
    valid(results)
    assert results["answer"]["sentence"] == "Alignment lost (lexical), knowledge intact."
    assert (results["answer"]["tone"], results["answer"]["holds"]) == ("shown", False)
    assert results["details"]["verdict"] == "alignment lost, knowledge intact"
    known = results["details"]["knowledge"]["v2"]
    assert (known["n"], known["lost"], known["gained"], known["conclusion"]) == (100, 2, 1, "intact")
    recovered = results["details"]["recovery"]["lexical"]
    # Six of ten replies are edited again; early ones have more to take up than late ones.
    assert 0.5 < recovered["value"] < 0.8
    assert results["details"]["recovery"]["emotional"]["value"] is None


@pytest.mark.parametrize(
    ("wrong", "verdict", "holds"),
    [
        (set(range(40)), "both lost", False),
        (set(range(6)), "inconclusive", False),
    ],
)
def test_regression_tells_forgetting_from_doubt(
    made: Callable[[str], Path], tmp_path: Path, wrong: set[int], verdict: str, holds: bool
) -> None:
    folder = made("regression")
    document = json.loads((folder / "study.json").read_text())
    rows = [json.loads(line) for line in (folder / "probe.jsonl").read_text().splitlines()]
    for k, row in enumerate(rows):
        row["answer_v2"] = "no idea" if k in wrong else row["gold"]
    probe = folder / f"probe {len(wrong)}.jsonl"
    probe.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    declared = study.parse(document | {"probe": probe.name}, folder=folder)
    answer = review.review(declared, tmp_path / "out").results
    assert answer["details"]["verdict"] == verdict
    assert answer["answer"]["holds"] is holds


def test_nothing_lost_is_the_one_cell_that_passes_the_gate(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = made("regression")
    document = json.loads((folder / "study.json").read_text())
    for arm in document["arms"]:
        arm["log"] = "v1.jsonl"
    rows = [json.loads(line) for line in (folder / "probe.jsonl").read_text().splitlines()]
    roles = ("before", "after", "restored")
    same = [
        {"question": row["question"], "gold": row["gold"]} | {f"answer_{role}": row["gold"] for role in roles}
        for row in rows
    ]
    (folder / "same.jsonl").write_text("".join(json.dumps(row) + "\n" for row in same), encoding="utf-8")
    path = folder / "same.json"
    path.write_text(json.dumps(document | {"probe": "same.jsonl"}), encoding="utf-8")
    assert main(["review", str(path), "-o", str(tmp_path / "out"), "--quiet", "--gate"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["answer"]["sentence"] == "Neither alignment nor knowledge is lost."
    found = cells(results)["v2", "lexical"]
    assert found["conclusion"] == "unchanged within ±0.1"
    assert (found["by_construction"], found["p"]) == (True, None)


def test_consistency_tells_flattery_from_small_talk(made: Callable[[str], Path], tmp_path: Path) -> None:
    folder = made("consistency")
    results = review.review(study.load(folder / "study.json"), tmp_path / "out").results
    valid(results)
    assert results["answer"]["sentence"] == (
        "Does not hold under flattery: emotional improved and knowledge lost."
    )
    rows = {row["arm"]: row["claim"]["shown"] for row in results["matrix"]["rows"]}
    assert rows == {"small talk": True, "flattery": False, "request": True}
    assert results["details"]["drift"]["flattery"]["emotional"] == "up"
    agreement = results["details"]["agreement"]
    assert agreement["lexical"]["icc"] > agreement["emotional"]["icc"]
    found = results["details"]["sycophancy"]["flattery"]
    assert found["lost"] == 16
    assert 0 < found["count"] <= 16
    assert results["details"]["sycophancy"]["small talk"]["count"] == 0


def test_dose_moves_its_own_dimension_only(made: Callable[[str], Path], tmp_path: Path) -> None:
    folder = made("dose")
    results = review.review(study.load(folder / "study.json"), tmp_path / "out").results
    valid(results)
    assert results["answer"]["sentence"] == "The steering moves only lexical; emotional stayed within bounds."
    curve = [one["mean"] for one in results["details"]["curves"]["lexical"]]
    assert curve == sorted(curve)
    slope = cells(results)["slope", "lexical"]["mean_difference"]
    assert slope == pytest.approx(results["details"]["mixed"]["lexical"]["change"], rel=0.01)
    shares = [one["value"] for one in results["details"]["gap_closed"]["lexical"]["doses"]]
    assert shares == sorted(shares)
    assert 0.6 < shares[-1] <= 1.0
    # The bound per unit is the declared one over a range of .9.
    assert cells(results)["slope", "emotional"]["bound"] == pytest.approx(0.05 / 0.9)


def test_form_reaches_little_of_what_real_replies_have(made: Callable[[str], Path], tmp_path: Path) -> None:
    folder = made("format")
    results = review.review(study.load(folder / "study.json"), tmp_path / "out").results
    valid(results)
    assert results["answer"]["holds"] is None
    shares = results["details"]["shares"]
    assert abs(shares["lexical"]["value"]) < 0.1
    assert shares["lexical"]["interval"][1] < 0.15
    again = ["review", str(folder / "study.json"), "-o", str(tmp_path / "again"), "--quiet"]
    assert main([*again, "--gate"]) == 2


def test_attribution_names_the_dimension(
    made: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made("attribution")
    results = review.review(study.load(folder / "study.json"), tmp_path / "out").results
    valid(results)
    assert results["details"]["changes"] == {"emotional": "improved", "lexical": "kept"}
    assert results["details"]["model"] == "example-1"
    lines = (folder / "new harness.jsonl").read_text().replace("example-1", "example-2")
    (folder / "new harness.jsonl").write_text(lines, encoding="utf-8")
    assert main(["review", str(folder / "study.json"), "-o", str(tmp_path / "no"), "--quiet"]) == 3
    assert "old harness is of the model example-1, new harness of example-2" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_observational_withholds_what_unreliable_scores_cannot_carry(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = made("observational")
    lines = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    for one in lines:
        one.pop("audio", None)
        for turn in one["turns"]:
            turn.pop("audio", None)
    (folder / "words.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    document = json.loads((folder / "study.json").read_text())
    document["arms"][0]["log"] = "words.jsonl"
    results = review.review(study.parse(document, folder=folder), tmp_path / "out").results
    valid(results)
    assert [one["pair"] for one in results["separability"]["withheld"]] == [["emotional", "lexical"]]
    assert (results["answer"]["tone"], results["answer"]["holds"]) == ("no claim", False)
    found = results["details"]["pairs"]["emotional ~ lexical"]
    assert set(found) == {"within", "between", "pooled"}
    assert found["between"]["covariates"] == ["turns", "log words of the replier"]
    # Claims go, numbers stay.
    assert found["within"]["finding"]["mean_difference"] is not None


def test_arms_made_elsewhere_are_paired_by_their_first_turn(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = made("attribution")
    old = [json.loads(line) for line in (folder / "old harness.jsonl").read_text().splitlines()]
    for k, one in enumerate(old):
        one["id"] = f"call-{k}"
        one["meta"]["model"] = "example-1"
    old[-1]["turns"][0]["text"] = "Something that nobody else said."
    (folder / "renamed.jsonl").write_text("".join(json.dumps(one) + "\n" for one in old), encoding="utf-8")
    document = json.loads((folder / "study.json").read_text())
    document["arms"][1]["log"] = "renamed.jsonl"
    results = review.review(study.parse(document, folder=folder), tmp_path / "out").results
    arm = results["arms"][1]
    assert (arm["paired_by"], arm["unpaired"]) == ("prompt", ["call-47"])
    assert arm["dropped"]["lexical"] == {"not in both arms": 1}
    # The words are the same, only the strangers may be others.
    assert abs(cells(results)["new harness", "lexical"]["mean_difference"]) < 0.005
    assert "paired by their first turn" in (tmp_path / "out" / "index.html").read_text()


def test_two_reviews_of_one_study(
    made: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made("dose")
    path, first, second = folder / "study.json", tmp_path / "first", tmp_path / "second"
    assert main(["review", str(path), "-o", str(first), "--quiet"]) == 0
    assert main(["review", str(path), "-o", str(second), "--against", str(first)]) == 0
    assert "every conclusion and verdict is the same" in capsys.readouterr().out
    results = json.loads((second / "results.json").read_text())
    valid(results)
    assert all(one["before"] == one["after"] for one in results["against"]["cells"])
    assert "Against an earlier review" in (second / "index.html").read_text()
    other = study.parse(json.loads(path.read_text()) | {"alpha": 0.01}, folder=folder)
    with pytest.raises(StudyError, match="review of another study"):
        load_earlier(first, other)
    with pytest.raises(StudyError, match="name the folder of an earlier review"):
        load_earlier(tmp_path / "nothing", other)
    changed = json.loads((first / "results.json").read_text())
    for arm in changed["arms"]:
        arm["signatures"]["lexical"] = arm["signatures"]["lexical"].replace("history:all", "history:3")
    (first / "results.json").write_text(json.dumps(changed))
    assert main(["review", str(path), "-o", str(tmp_path / "third"), "--against", str(first), "--quiet"]) == 3
    assert "was scored on lexical with history:3, now with history:all" in capsys.readouterr().err
    assert not (tmp_path / "third").exists()


# Probes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no question"),
        ("{", "p.jsonl:1: no JSON"),
        ("[1]\n", "p.jsonl:1: no object"),
        ('{"gold": "a"}\n', "p.jsonl:1: no question"),
        ('{"question": "q", "gold": "a"}\n', "p.jsonl:1: neither answer_x nor correct_x"),
        ('{"question": "q", "answer_x": "a"}\n', "p.jsonl:1: no gold answer"),
        ('{"question": "q", "correct_x": "maybe"}\n', "correct_x is 'maybe'; write true or false"),
        ('{"question": "q", "correct_x": true}\n' * 2, "p.jsonl:2: 'q' stands in line 1 too"),
    ],
)
def test_probes_are_checked(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=re.escape(words)):
        read_probe(path, {"x": "x"})


def test_probes_are_read_from_both_formats(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("question,gold,answer_x,dialogue\nq1,Gold, gold ,d1\nq2,Iron,,\n")
    answered = {"question": "q1", "correct_x": True}
    silent = {"question": "q2", "correct_x": None, "answer_x": None}
    text = f"{json.dumps(answered)}\n\n{json.dumps(silent)}\n"
    (tmp_path / "p.jsonl").write_text(text, encoding="utf-8")
    table = read_probe(tmp_path / "p.csv", {"x": "arm"})
    lines = read_probe(tmp_path / "p.jsonl", {"x": "arm"})
    assert [(one.correct["arm"], one.dialogue) for one in table] == [(True, "d1"), (None, None)]
    assert [one.correct["arm"] for one in lines] == [True, None]
    with pytest.raises(StudyError, match="name the probe's file"):
        read_probe(tmp_path / "none.csv", {})
