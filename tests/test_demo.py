"""The main job on the bundled corpus, and the review of it that is committed."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from markupsafe import Markup

from convalign.cli import main
from convalign.cli.review import table

NUMBER = re.compile(r"[+-]\d\.\d{3}")
COMMITTED = Path(__file__).parents[1] / "reports" / "demo" / "results.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo made with the network cut, in one process because the cut does not reach others."""
    out = tmp_path_factory.mktemp("demo") / "review"

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the main job opened a connection")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        assert main(["demo", "-o", str(out), "--quiet", "--jobs", "1"]) == 0
    return out


def results(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def conclusions(found: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (row["arm"], cell["dimension"]): cell["finding"]["conclusion"]
        for row in found["matrix"]["rows"]
        for cell in row["cells"]
    }


def test_each_edit_improves_its_dimension_and_leaves_the_others_within_their_bounds(demo: Path) -> None:
    found = results(demo / "results.json")
    assert found["answer"]["tone"] == "shown"
    assert not found["marks"]["exploratory"]
    assert found["matrix"]["joint"]["shown"]
    for row in found["matrix"]["rows"]:
        for cell in row["cells"]:
            assert cell["finding"]["n"] == 48
            if cell["target"]:
                assert cell["finding"]["conclusion"] == "improved"
            else:
                assert " within " in cell["finding"]["conclusion"], (row["arm"], cell["dimension"])


def test_the_demo_shows_the_leak_that_the_headline_does_not_have(demo: Path) -> None:
    found = results(demo / "results.json")
    row = next(row for row in found["matrix"]["rows"] if row["arm"] == "echo")
    cell = next(cell for cell in row["cells"] if cell["dimension"] == "emotional")
    raw = next(one for one in cell["beside"] if one["metric"] == "match_raw")
    assert raw["finding"]["conclusion"] == "improved"
    assert raw["finding"]["mean_difference"] > 10 * abs(cell["finding"]["mean_difference"])


def test_the_readme_shows_what_it_finds(demo: Path) -> None:
    readme = COMMITTED.parents[2] / "README.md"
    if not readme.is_file():
        pytest.skip("needs the README of the checkout")
    shown = "\n".join(table(results(demo / "results.json")))
    block = re.search(r"```text\n(.*?)\n```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert NUMBER.sub("#", shown) == NUMBER.sub("#", block[1])
    there, here = (NUMBER.findall(text) for text in (block[1], shown))
    assert [here[0::3], here[2::3]] == [there[0::3], there[2::3]]
    # Affect lies on a grid of .001: on another processor a number may print one unit of the last digit apart.
    assert [*map(float, here[1::3])] == pytest.approx([*map(float, there[1::3])], abs=0.0011)


def test_files_of_the_review(demo: Path) -> None:
    assert {p.name for p in demo.iterdir()} == {
        "index.html",
        "results.json",
        "study.json",
        "figures",
        "runs",
        "logs",
    }
    assert (demo / "index.html").stat().st_size < 3_000_000


def test_the_committed_review_says_the_same(demo: Path) -> None:
    if not COMMITTED.is_file():
        pytest.skip("needs reports/demo of the checkout")
    here, there = results(demo / "results.json"), results(COMMITTED)
    assert conclusions(here) == conclusions(there)
    assert here["study_sha256"] == there["study_sha256"]
    assert [one["signature"] for one in here["dimensions"]] == [
        one["signature"] for one in there["dimensions"]
    ] or (here["versions"] != there["versions"])


def test_the_page_shows_affect_over_a_dialogue_and_quotes_the_turns_that_decided(demo: Path) -> None:
    found = results(demo / "results.json")
    page = (demo / "index.html").read_text(encoding="utf-8")
    (course,) = found["courses"]
    labels = [(line["arm"], line["label"]) for line in course["series"]]
    assert labels[:2] == [("baseline", "user"), ("baseline", "agent")]
    assert labels[2][1] == "agent"
    assert all(-1 <= value <= 1 for line in course["series"] for _, value in line["points"])
    assert 'id="course-0-' in page
    assert found["decided"]
    for one in found["decided"]:
        assert str(Markup.escape(one["text"])) in page
        assert one["metric"] in one["why"]
    # What a floor calls by its name is quoted to be looked at, up to three times, whatever the verdict.
    for verdict in found["verdicts"]:
        for entry in [] if verdict["control"] else verdict["entries"]:
            for floor in entry["contraindications"]:
                if floor["turns"]:
                    quoted = [
                        one
                        for one in found["decided"]
                        if (one["arm"], one["rubric"], one["metric"])
                        == (verdict["arm"], verdict["rubric"], floor["metric"])
                    ]
                    assert len(quoted) == min(3, len(floor["turns"]))


def test_the_page_shows_both_voices_the_features_and_how_good_the_sound_is(demo: Path) -> None:
    found = results(demo / "results.json")
    page = (demo / "index.html").read_text(encoding="utf-8")
    (call,) = found["voices"]
    assert call["clock"] == "s"
    assert [panel["feature"] for panel in call["panels"]] == ["pitch", "rate", "intensity"]
    for panel in call["panels"]:
        labels = [(line["arm"], line["label"]) for line in panel["series"]]
        assert labels == [("baseline", "user"), ("baseline", "agent"), ("prosodic", "agent")]
    user, agent, edited = ([value for *_, value in line["turns"]] for line in call["panels"][0]["series"])
    apart = [abs(sum(side) / len(side) - sum(user) / len(user)) for side in (agent, edited)]
    assert apart[1] < 0.2 * apart[0]
    for line in call["panels"][0]["series"][:2]:
        starts = [start for start, *_ in line["turns"]]
        assert starts == sorted(starts)
        assert all(end > start for start, end, _ in line["turns"])
    assert 'id="voices-0-' in page
    sound = {one["arm"]: one for one in found["sound"]}
    assert list(sound) == ["baseline", "prosodic", "prosodic placebo"]
    assert sound["baseline"]["turns"] > 500
    assert 0.5 < sound["baseline"]["voiced_share"] < 1
    features = {one["metric"]: one["arms"] for one in found["features"]}
    assert {"proximity.pitch", "proximity.latency", "convergence.rate"} <= set(features)
    before, after = features["proximity.pitch"]
    assert (before["arm"], after["arm"]) == ("baseline", "prosodic")
    assert after["excess"] > before["excess"] + 1
