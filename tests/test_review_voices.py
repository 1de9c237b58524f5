"""What a review shows of the sound: both voices in one call, features, quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from voices import call, speak

from convalign.cli import main
from convalign.dialogue import Dialogue, to_record


def calls(folder: Path, *, gap_st: float, count: int = 6, turns: int = 8) -> list[Dialogue]:
    """Calls in which the agent speaks `gap_st` above its user."""
    made = []
    for number in range(count):
        heard = [
            ("ua"[i % 2], speak(number + gap_st * (i % 2) + 0.3 * (i % 3), 3 + i % 3, -24 - i % 4, 0.8))
            for i in range(turns)
        ]
        made.append(call(folder, f"c{number}", heard))
    return made


def log(folder: Path, dialogues: list[Dialogue]) -> Path:
    path = folder / "log.jsonl"
    path.write_text("\n".join(json.dumps(to_record(one)) for one in dialogues), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A baseline, and an arm in which the agent speaks nearer."""
    made = []
    for name, gap in (("far", 9.0), ("near", 3.0)):
        folder = tmp_path_factory.mktemp(name)
        path = log(folder, calls(folder, gap_st=gap))
        out = folder / "run"
        assert main(["score", str(path), "-o", str(out), "--dimensions", "prosodic", "--quiet"]) == 0
        made.append(out)
    return made[0], made[1]


def reviewed(out: Path, baseline: Path, arm: Path) -> dict[str, Any]:
    given = ["--baseline", str(baseline), "--arm", f"prosodic={arm}", "--bound", "prosodic=0.1"]
    main(["review", *given, "-o", str(out), "--quiet"])
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def test_both_voices_and_the_edited_agent_on_the_clock_of_the_call(
    tmp_path: Path, runs: tuple[Path, Path]
) -> None:
    found = reviewed(tmp_path / "r", *runs)
    (shown,) = found["voices"]
    assert shown["clock"] == "s"
    pitch = shown["panels"][0]["series"]
    assert [(line["arm"], line["label"]) for line in pitch] == [
        ("baseline", "user"), ("baseline", "agent"), ("prosodic", "agent"),
    ]  # fmt: skip
    number = int(shown["dialogue"][1:])
    for line, above in zip(pitch, (0, 9, 3), strict=True):
        assert len(line["turns"]) == 4
        for k, (start, end, value) in enumerate(line["turns"]):
            turn = 2 * k + (line["label"] == "agent")
            assert start == pytest.approx(0.3 + 1.1 * turn, abs=1e-3)
            assert end == pytest.approx(start + 0.8, abs=1e-3)
            assert value == pytest.approx(number + above + 0.3 * (turn % 3), abs=0.15)
    svg = (tmp_path / "r" / "figures" / "voices-0.svg").read_text(encoding="utf-8")
    assert "agent, prosodic" in svg


def test_features_and_quality_are_counted(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    found = reviewed(tmp_path / "r", *runs)
    features = {one["metric"]: one for one in found["features"]}
    before, after = features["proximity.pitch"]["arms"]
    assert (before["arm"], before["n"], after["n"]) == ("baseline", 6, 6)
    assert before["value"] == pytest.approx(-9, abs=0.2)
    assert after["value"] == pytest.approx(-3, abs=0.2)
    assert before["excess"] == pytest.approx(before["value"] - before["baseline"], abs=1e-9)
    assert features["proximity.pitch"]["unit"] == "st"
    assert "synchrony.pitch" not in features  # four pairs: scored nowhere
    first = found["sound"][0]
    assert (first["arm"], first["turns"], first["clipped"], first["overlapped"]) == ("baseline", 48, 0, 0)
    assert first["unscored"] == {}


def test_a_log_without_sound_shows_none(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    dialogues = calls(tmp_path, gap_st=5, count=6, turns=4)
    path = log(tmp_path, [Dialogue(d.id, d.turns, d.roles) for d in dialogues])
    out = tmp_path / "mute"
    main(["score", str(path), "-o", str(out), "--dimensions", "prosodic", "--quiet"])
    found = reviewed(tmp_path / "r", out, out)
    assert (found["voices"], found["sound"], found["features"]) == ([], [], [])
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert "Both voices" not in page
    assert "How good the sound is" not in page
    assert "Feature by feature" not in page


def test_turns_that_cannot_be_heard_are_counted_by_reason(tmp_path: Path) -> None:
    records = [to_record(one) for one in calls(tmp_path, gap_st=5)]
    for record in records:
        record["turns"][3]["end_s"] = record["turns"][3]["start_s"] + 0.2
    path = tmp_path / "short.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    out = tmp_path / "run"
    main(["score", str(path), "-o", str(out), "--dimensions", "prosodic", "--quiet"])
    found = reviewed(tmp_path / "r", out, out)
    (sound,) = found["sound"]
    assert sound["turns"] == 6 * 8
    assert sound["unscored"]["pitch"] == {"too short": 6}
    assert "pitch: too short 6" in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
