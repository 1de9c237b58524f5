"""A study in, a design review out: what it may say, and what it must not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import example
import pytest

from convalign.cli import main

ECHO = ("--dimension", "lexical", "--terms", "affect")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled dialogues without sound, and edits of them."""
    folder = tmp_path_factory.mktemp("logs")
    source = resources.files("convalign.corpora") / "demo" / "dialogues.jsonl"
    records = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    for record in records:
        del record["audio"]
    baseline = example.write(folder / "baseline.jsonl", records)
    edits = {
        "lexical": ("--dimension", "lexical"),
        "emotional": ("--dimension", "emotional"),
        "echo": ECHO,
        "nothing": ("--dimension", "lexical", "--strength", "0"),
        "placebo": ("--dimension", "emotional", "--placebo"),
    }
    for name, options in edits.items():
        out = folder / f"{name}.jsonl"
        assert main(["intervene", str(baseline), "-o", str(out), "--quiet", *options]) == 0
    return folder


def declared(logs: Path, path: Path, added: list[dict[str, Any]], **changes: Any) -> Path:
    """Write a study over those logs."""
    reason = {"kind": "other", "text": "for a test"}
    study = {
        "schema_version": 1,
        "name": "a study",
        "design": "intervention",
        "arms": [{"name": "baseline", "log": str(logs / "baseline.jsonl")}, *added],
        "bounds": {
            "lexical": {"bound": 0.1, "reason": reason},
            "emotional": {"bound": 0.05, "reason": reason},
            "prosodic": {"bound": 0.1, "reason": reason},
        },
        "seed": 1,
        "bootstrap": 2000,
        "rubric": ["customer_service"],
        "declared_at": "2026-01-01T00:00:00Z",
    } | changes
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def arm(logs: Path, name: str, targets: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "log": str(logs / f"{name}.jsonl"), "targets": targets} | more


def reviewed(study: Path, out: Path, *options: str) -> dict[str, Any]:
    """The results of a review that finished."""
    assert main(["review", str(study), "-o", str(out), "--quiet", *options]) in (0, 1, 4)
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def cell(results: dict[str, Any], arm_name: str, dimension: str) -> dict[str, Any]:
    row = next(one for one in results["matrix"]["rows"] if one["arm"] == arm_name)
    found: dict[str, Any] = next(one for one in row["cells"] if one["dimension"] == dimension)
    return found


def test_parroting_moves_the_raw_match_and_not_the_controlled_one_and_both_are_printed(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = declared(logs, tmp_path / "study.json", [arm(logs, "echo", "lexical")])
    assert main(["review", str(study), "-o", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    found = cell(results, "echo", "emotional")
    raw = next(one for one in found["beside"] if one["metric"] == "match_raw")
    assert " within ±0.05" in found["finding"]["conclusion"]
    assert raw["finding"]["conclusion"] == "improved"
    assert raw["finding"]["ci90"][0] > 0.05
    assert cell(results, "echo", "lexical")["finding"]["conclusion"] == "improved"
    shown = capsys.readouterr().out
    assert f"{found['finding']['conclusion']} ({found['finding']['mean_difference']:+.3f})" in shown
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for text in (shown, page):
        assert "match_raw" in text
        assert f"{found['finding']['conclusion']}" in text
    assert any("match_raw moved by" in line for line in results["answer"]["detail"])


def test_an_edit_that_did_nothing_is_void_and_claims_nothing(logs: Path, tmp_path: Path) -> None:
    study = declared(
        logs, tmp_path / "study.json", [arm(logs, "nothing", "lexical"), arm(logs, "emotional", "emotional")]
    )
    results = reviewed(study, tmp_path / "out")
    row = results["matrix"]["rows"][0]
    assert row["void"]
    assert row["claim"]["shown"] is False
    assert results["matrix"]["joint"]["shown"] is False
    assert results["answer"]["tone"] == "not shown"
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "void: lexical was not shown to move" in page


def test_a_placebo_is_never_void_and_never_in_the_joint_claim(logs: Path, tmp_path: Path) -> None:
    arms = [arm(logs, "emotional", "emotional"), arm(logs, "placebo", "emotional", control=True)]
    results = reviewed(declared(logs, tmp_path / "study.json", arms), tmp_path / "out")
    placebo = results["matrix"]["rows"][1]
    assert placebo["control"]
    assert not placebo["void"]
    assert not any(one["target"] for one in placebo["cells"])
    assert results["matrix"]["joint"]["cells"] == 2


def test_without_audio_the_prosodic_cells_say_so_and_the_claim_is_not_shown(
    logs: Path, tmp_path: Path
) -> None:
    results = reviewed(
        declared(logs, tmp_path / "study.json", [arm(logs, "lexical", "lexical")]), tmp_path / "out"
    )
    found = cell(results, "lexical", "prosodic")["finding"]
    assert found["conclusion"] is None
    assert found["reason"] == "no audio"
    assert results["matrix"]["rows"][0]["claim"]["shown"] is False


def test_runs_that_were_not_scored_under_the_study_make_it_exploratory(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("baseline", "lexical"):
        assert main(["score", str(logs / f"{name}.jsonl"), "-o", str(tmp_path / name), "--quiet"]) == 0
    out = tmp_path / "out"
    arguments = ["--baseline", str(tmp_path / "baseline"), "--arm", f"lexical={tmp_path / 'lexical'}"]
    assert main(["review", *arguments, "--bound", "emotional=0.05", "-o", str(out)]) == 0
    assert capsys.readouterr().out.startswith("Exploratory: ")
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["marks"]["exploratory"]
    assert results["answer"]["tone"] == "no claim"
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("exploratory</span>") >= 3
    assert main(["review", *arguments, "-o", str(tmp_path / "gated"), "--gate", "--quiet"]) == 1


def test_a_run_stamped_with_the_study_may_claim(logs: Path, tmp_path: Path) -> None:
    arms = [{"name": "lexical", "run": "lexical", "targets": "lexical"}]
    study = declared(logs, tmp_path / "study.json", arms)
    for log in ("lexical",):
        stamped = ["--study", str(study)]
        assert (
            main(["score", str(logs / f"{log}.jsonl"), "-o", str(tmp_path / log), "--quiet", *stamped]) == 0
        )
    assert not reviewed(study, tmp_path / "out")["marks"]["exploratory"]
    late = declared(logs, tmp_path / "late.json", arms, declared_at="2099-01-01T00:00:00Z")
    reasons = reviewed(late, tmp_path / "late")["marks"]["exploratory_reasons"]
    assert any("declared 2099" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s | {"direction": "a->b"}, "no dialogue has the direction 'a->b'; there are: "),
        (lambda s: s | {"design": "dose"}, "role or strength: missing"),
        (lambda s: s | {"bounds": {}}, "$.bounds"),
        (lambda s: s | {"rubric": ["nothing"]}, "nothing"),
    ],
)
def test_a_study_that_cannot_be_run_is_exit_3_and_leaves_nothing(
    logs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], dict[str, Any]],
    message: str,
) -> None:
    path = declared(logs, tmp_path / "study.json", [arm(logs, "lexical", "lexical")])
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    assert main(["review", str(path), "-o", str(tmp_path / "out"), "--quiet"]) == 3
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["study.json"]


def test_arms_scored_differently_are_refused_and_the_field_is_named(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, count in (("baseline", "20"), ("lexical", "21")):
        run = [
            "score",
            str(logs / f"{name}.jsonl"),
            "-o",
            str(tmp_path / name),
            "--surrogates",
            count,
            "--quiet",
        ]
        assert main(run) == 0
    arguments = ["--baseline", str(tmp_path / "baseline"), "--arm", f"lexical={tmp_path / 'lexical'}"]
    assert main(["review", *arguments, "-o", str(tmp_path / "out")]) == 3
    assert (
        "was scored with primes:21, baseline with primes:20; score both arms alike" in capsys.readouterr().err
    )


def test_arms_without_a_common_dialogue_are_refused(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = example.rows(logs / "lexical.jsonl")
    for record in records:
        record["id"] += "-other"
        record["turns"][0]["text"] += f" {record['id']}"
    other = example.write(tmp_path / "other.jsonl", records)
    study = declared(
        logs, tmp_path / "study.json", [{"name": "other", "log": str(other), "targets": "lexical"}]
    )
    assert main(["review", str(study), "-o", str(tmp_path / "out"), "--quiet"]) == 3
    assert "other: shares neither a dialogue id nor a first turn with baseline" in capsys.readouterr().err


def test_lost_dialogues_are_counted_and_cautioned(logs: Path, tmp_path: Path) -> None:
    records = example.rows(logs / "lexical.jsonl")
    kept = example.write(tmp_path / "kept.jsonl", records[:30])
    for record in records[:14]:
        for turn in record["turns"]:
            turn["text"] = "?"
    gone = example.write(tmp_path / "gone.jsonl", records)
    arms = [
        {"name": "kept", "log": str(kept), "targets": "lexical"},
        {"name": "gone", "log": str(gone), "targets": "lexical"},
    ]
    results = reviewed(declared(logs, tmp_path / "study.json", arms), tmp_path / "out")
    assert results["arms"][1]["dropped"]["lexical"] == {"not in both arms": 18}
    assert sum(results["arms"][2]["dropped"]["lexical"].values()) == 14
    assert cell(results, "gone", "emotional")["finding"]["n"] == 34
    assert cell(results, "gone", "emotional")["finding"]["cautions"]


def test_users_with_several_dialogues_are_the_unit_when_declared(logs: Path, tmp_path: Path) -> None:
    records = {name: example.rows(logs / f"{name}.jsonl") for name in ("baseline", "lexical")}
    paths = {}
    for name, made in records.items():
        for number, record in enumerate(made):
            record["meta"]["user"] = f"u{number // 3}"
        paths[name] = example.write(tmp_path / f"{name}.jsonl", made)
    arms = [
        {"name": "baseline", "log": str(paths["baseline"])},
        {"name": "lexical", "log": str(paths["lexical"]), "targets": "lexical"},
    ]
    results = reviewed(
        declared(logs, tmp_path / "study.json", [], arms=arms, cluster="user"), tmp_path / "out"
    )
    assert cell(results, "lexical", "lexical")["finding"]["n"] == 16


def test_same_study_same_results_and_figures(logs: Path, tmp_path: Path) -> None:
    study = declared(logs, tmp_path / "study.json", [arm(logs, "lexical", "lexical")])
    first, second = (reviewed(study, tmp_path / name) for name in ("a", "b"))
    for results in (first, second):
        del results["created_at"], results["command"]
    assert first == second
    figures = sorted(p.name for p in (tmp_path / "a" / "figures").iterdir())
    assert "change-lexical.svg" in figures
    for name in figures:
        assert (tmp_path / "a" / "figures" / name).read_bytes() == (
            tmp_path / "b" / "figures" / name
        ).read_bytes()


class Page(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "iframe", "object", "embed", "link", "base", "form", "audio", "video"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "src":
                self.found.append(f"{tag}.{name}")
            if name.endswith("href") and not (value or "").startswith("#"):
                self.found.append(f"{tag}.{name}={value}")


def tainted(record: Any) -> Any:
    """A rubric whose free texts are hostile."""
    if isinstance(record, dict):
        free = ("population", "serves", "source", "finding", "when", "why", "notes")
        return {
            key: f"{value} {HOSTILE}" if key in free and isinstance(value, str) else tainted(value)
            for key, value in record.items()
        }
    return [tainted(one) for one in record] if isinstance(record, list) else record


def test_hostile_names_texts_and_files_stay_text_in_page_figures_and_results(
    logs: Path, tmp_path: Path
) -> None:
    name = "<script>alert(1)<img src=x onerror=alert(2)>$\\frac{$"  # what a file may be called
    folder = tmp_path / name
    folder.mkdir()
    arms = []
    for source in ("baseline", "lexical"):
        records = example.rows(logs / f"{source}.jsonl")
        for record in records:
            first, second = dict.fromkeys(turn["speaker"] for turn in record["turns"])
            names = {first: f"{first}{HOSTILE}", second: f"{second}$\\frac{{$]]></svg>{HOSTILE}"}
            for turn in record["turns"]:
                turn["speaker"] = names[turn["speaker"]]
                turn["text"] += f" {HOSTILE}"
            record["roles"] = {names[who]: role for who, role in record["roles"].items()}
            record["id"] += HOSTILE
            record["meta"] = {HOSTILE: HOSTILE}
        path = example.write(folder / f"{source}{name}.jsonl", records)
        arms.append({"name": f"{source}{name}", "log": str(path), "about": HOSTILE})
    arms[1]["targets"] = "lexical"
    shipped = resources.files("convalign.rubrics") / "customer_service.json"
    rubric = folder / "rubric.json"
    rubric.write_text(json.dumps(tainted(json.loads(shipped.read_text(encoding="utf-8")))), encoding="utf-8")
    reason = {"kind": "other", "text": HOSTILE}
    bounds = {d: {"bound": 0.1, "reason": reason} for d in ("lexical", "emotional", "prosodic")}
    study = declared(
        logs, folder / "study.json", [], arms=arms, name=HOSTILE, bounds=bounds, baseline=arms[0]["name"],
        rubric=[str(rubric)],
    )  # fmt: skip
    assert reviewed(study, tmp_path / "out")["turns"]
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.found == []
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "@import" not in text
    assert "https://" not in text.replace("https://doi.org", "")
    assert len(text) < 3_000_000
    # what is shown at all is shown as text: the study, the reasons, the rubric, the arms
    assert text.count("&lt;script&gt;alert(1)") > 5
    figures = list((tmp_path / "out" / "figures").iterdir())
    assert figures
    for figure in figures:
        drawn = Page()
        drawn.feed(figure.read_text(encoding="utf-8"))
        assert drawn.found == []
        for element in ElementTree.parse(figure).iter():
            assert element.tag.rpartition("}")[2] in DRAWN


@pytest.mark.parametrize("words", [r"\g<1> \frac \1", "a\x0bb\x00", "</title><script>", "&#x0; ]]>"])
def test_any_name_leaves_a_figure_that_opens(words: str) -> None:
    from matplotlib.figure import Figure

    from convalign import figures

    drawn = figures._svg(Figure(), "x", words)
    titles = [one.text for one in ElementTree.fromstring(drawn).iter() if one.tag.endswith("title")]
    assert {one for one in titles if one} == {re.sub("[\x00\x0b]", "\ufffd", words)}


DRAWN = {
    "svg", "g", "defs", "style", "path", "use", "text", "tspan", "title", "desc", "rect", "circle", "line",
    "clipPath", "metadata", "RDF", "Work", "type", "date", "format", "creator", "Agent", "polyline",
}  # fmt: skip
"""Elements of a figure."""


def test_the_detector_of_hostile_markup_can_fail() -> None:
    page = Page()
    page.feed(f"<p>{HOSTILE}</p><a href='http://x'>x</a>")
    assert {"script", "img", "img.src", "img.onerror"} <= set(page.found)


def test_an_existing_review_is_not_replaced_unasked(logs: Path, tmp_path: Path) -> None:
    study = declared(logs, tmp_path / "study.json", [arm(logs, "lexical", "lexical")])
    reviewed(study, tmp_path / "out")
    assert main(["review", str(study), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert main(["review", str(study), "-o", str(tmp_path / "out"), "--quiet", "--force"]) == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert main(["review", str(study), "-o", str(tmp_path / "mine"), "--quiet", "--force"]) == 2


def test_no_word_that_claims_too_much(logs: Path, tmp_path: Path) -> None:
    arms = [arm(logs, name, target) for name, target in (("lexical", "lexical"), ("emotional", "emotional"))]
    reviewed(declared(logs, tmp_path / "study.json", arms), tmp_path / "out")
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8").lower()
    assert "significant" not in text
    assert "overall" not in text
