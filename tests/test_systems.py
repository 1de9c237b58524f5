"""The designed systems of the corpus: what a single number would pass, and a rubric does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from convalign import affect, logs, rubric, scoring
from convalign.cli import main
from convalign.dialogue import Dialogue
from convalign.scores import Score

FOLDER = resources.files("convalign.corpora") / "pairs" / "systems"


def system(name: str) -> list[Dialogue]:
    return list(logs.read([str(FOLDER / f"{name}.jsonl")]))


def scored(dialogues: Iterable[Dialogue]) -> list[Score]:
    return scoring.score(dialogues, ["lexical", "emotional"])  # type: ignore[return-value]


def warmed(dialogue: Dialogue) -> Dialogue:
    """The same user with a counsellor who meets every feeling and takes up no term."""
    model = affect.load("lexicon")
    turns = list(dialogue.turns)
    for place, turn in enumerate(turns):
        if turn.speaker == "agent" and place:
            felt = float(model.scheme.valence(model.predict([turns[place - 1].text or ""]), model.labels)[0])
            reply = (
                "So terrible, so awful."
                if felt < -0.2
                else "So lovely, so great."
                if felt > 0.2
                else "I see."
            )
            turns[place] = replace(turn, text=f"{reply} I am with you in this.")
    return replace(dialogue, turns=tuple(turns))


@pytest.fixture(scope="module")
def systems() -> dict[str, list[Score]]:
    """The cold desk, and a counsellor who is all warmth."""
    warm = [warmed(dialogue) for dialogue in system("evasive_counsellor")]
    return {"cold_service_desk": scored(system("cold_service_desk")), "warm_counsellor": scored(warm)}


def test_the_warm_counsellor_passes_on_a_mean_and_not_customer_service(
    systems: dict[str, list[Score]],
) -> None:
    found = rubric.category_error(rubric.load("customer_service"), systems)
    counsellor = next(one for one in found["systems"] if one["name"] == "warm_counsellor")
    assert counsellor["single_pass"] is True
    assert counsellor["rubric_pass"] is not True
    assert counsellor["carried_by"] == "emotional"
    assert any("lexical entrainment" in text for text in counsellor["failed"] + counsellor["unknown"])
    desk = next(one for one in found["systems"] if one["name"] == "cold_service_desk")
    assert desk["rubric_pass"] is True


def test_the_cold_desk_is_not_passed_by_a_rubric_that_asks_for_acknowledgement(
    systems: dict[str, list[Score]],
) -> None:
    found = rubric.category_error(rubric.load("mental_health"), systems)
    desk = next(one for one in found["systems"] if one["name"] == "cold_service_desk")
    assert desk["single_pass"] is True
    assert desk["carried_by"] == "lexical"
    assert desk["rubric_pass"] is None
    assert any("acknowledge" in text for text in desk["unknown"])


def test_judge_and_its_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = ("--dimensions", "lexical,emotional", "--quiet")
    for name in ("cold_service_desk", "evasive_counsellor"):
        assert main(["score", str(FOLDER / f"{name}.jsonl"), "-o", str(tmp_path / name), *text]) == 0
    desk, counsellor = (str(tmp_path / name) for name in ("cold_service_desk", "evasive_counsellor"))
    assert main(["judge", desk, "--rubric", "customer_service", "--gate"]) == 0
    shown = capsys.readouterr().out
    assert "lexical entrainment agent->user: MET (required)" in shown
    assert "against: " in shown
    assert main(["judge", counsellor, "--rubric", "customer_service", "--gate"]) == 1
    assert "UNMET" in capsys.readouterr().out
    assert main(["judge", counsellor, "--rubric", "customer_service"]) == 0
    assert main(["judge", desk, "--rubric", "mental_health", "--gate", "strict"]) == 1
    capsys.readouterr()
    assert main(["judge", desk, "--rubric", "mental_health", "--json"]) == 0
    words = {one["verdict"] for one in json.loads(capsys.readouterr().out)["verdicts"]}
    assert "unknown" in words
    assert main(["judge", desk, "--rubric", "nothing"]) == 3
    assert "nothing" in capsys.readouterr().err
    assert main(["judge", str(tmp_path), "--rubric", "tutoring"]) == 3
    assert "holds no run.json; name a folder made by convalign score -o" in capsys.readouterr().err
