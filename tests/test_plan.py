"""What a pilot says of bounds and dialogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import example
import pytest

from convalign import study
from convalign.cli import main
from convalign.independence.power import pairs_needed, smallest_bound
from convalign.scores import Score, line, row


def run(folder: Path, scores: dict[str, list[float]]) -> Path:
    """A run with given excesses of the lexical and the emotional headline."""
    log = example.write(folder / "log.jsonl", example.records())
    out = folder / "run"
    assert main(["score", str(log), "-o", str(out), "--dimensions", "lexical,emotional", "--quiet"]) in (0, 4)
    lines = [json.loads(line) for line in (out / "index.jsonl").read_text().splitlines()]
    names = [f"d{k}" for k in range(len(scores["lexical"]))]
    index = [{**lines[0], "dialogue": name} for name in names]
    (out / "index.jsonl").write_text("".join(json.dumps(one) + "\n" for one in index))
    rows: list[Score] = []
    for dimension, metric in (("lexical", "entrainment"), ("emotional", "match")):
        rows += [
            row(name, dimension, metric, "agent->user", value=value, n=9, surrogates=[0.0] * 9)
            for name, value in zip(names, scores[dimension], strict=True)
        ]
    (out / "dialogues.jsonl").write_text("".join(line(one) + "\n" for one in rows))
    return out


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of ten dialogues: the emotional arm moves lexical by .1 or -.1."""
    lexical = [0.1 * k for k in range(10)]
    emotional = [0.05 * (k % 5) for k in range(10)]
    before = run(tmp_path_factory.mktemp("a"), {"lexical": lexical, "emotional": emotional})
    moved = [value + (0.1 if k % 2 else -0.1) for k, value in enumerate(lexical)]
    after = run(tmp_path_factory.mktemp("b"), {"lexical": moved, "emotional": [v + 0.3 for v in emotional]})
    return before, after


def planned(
    out: Path, pilot: tuple[Path, ...], *more: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, dict[str, Any]]:
    arms = ["--arm", f"emotional={pilot[1]}"] if len(pilot) > 1 else []
    code = main(["review", "--baseline", str(pilot[0]), *arms, *more, "-o", str(out), "--quiet"])
    text = capsys.readouterr().out
    return code, text, json.loads(out.read_text()) if out.exists() else {}


def test_bounds_and_dialogues_by_the_spread_of_the_pilot(
    tmp_path: Path, pilot: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--plan", "60", "--bound", "lexical=0.02")
    code, text, written = planned(tmp_path / "s.json", pilot, *given, capsys=capsys)
    assert code == 0
    sd = (10 * 0.01 / 9) ** 0.5  # ten changes of .1 and -.1
    lines = {
        line.split()[0]: line for line in text.splitlines() if line.startswith(("lexical ", "emotional "))
    }
    assert f"{sd:.3g}" in lines["lexical"]
    assert f"±{sd * smallest_bound(60):.2g} / ±{sd * smallest_bound(60, 0.9):.2g}" in lines["lexical"]
    alone, joint = pairs_needed(0.02 / sd), pairs_needed(0.02 / sd, cells=2)
    assert f"{alone} / {pairs_needed(0.02 / sd, 0.9)}" in lines["lexical"]
    assert (
        f"lexical: ±0.02 is not reachable with 60 dialogues: they support ±{sd * smallest_bound(60):.2g}"
        in text
    )
    assert f"it needs {joint:,}" in text
    assert "emotional: no arm in the pilot: spread of scores, r 0.5 assumed" in text
    assert written["bounds"]["lexical"]["bound"] == 0.02
    assert [arm["name"] for arm in written["arms"]] == ["baseline", "lexical", "emotional"]


def test_the_study_file_can_be_declared(
    tmp_path: Path, pilot: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, written = planned(tmp_path / "s.json", pilot, "--plan", "40", capsys=capsys)
    loaded = study.load(tmp_path / "s.json")
    assert not loaded.from_arms
    assert loaded.declared_at is not None
    sd = (10 * 0.01 / 9) ** 0.5
    least = sd * smallest_bound(40, cells=2)
    assert least <= written["bounds"]["lexical"]["bound"] < 1.1 * least
    assert "the smallest that 40 dialogues support" in written["bounds"]["lexical"]["reason"]["text"]


def test_a_pilot_without_an_edit_assumes_and_says_so(
    tmp_path: Path, pilot: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, text, _ = planned(tmp_path / "s.json", pilot[:1], "--plan", "40", capsys=capsys)
    for name in ("lexical", "emotional"):
        assert (
            f"{name}: no arm in the pilot: spread of scores, r 0.5 assumed; score a pilot edit to know"
            in text
        )


def test_what_cannot_be_planned(
    tmp_path: Path, pilot: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    few = run(tmp_path, {"lexical": [0.1, 0.2], "emotional": [0.1, 0.1]})
    out, baseline = tmp_path / "s.json", ["--baseline", str(pilot[0])]
    for plan, given, path, code, message in (
        ("2", baseline, out, 3, "--plan 2: an equivalence test takes 3 dialogues or more"),
        ("40", [], out, 2, "--plan works from a pilot; name --baseline RUN"),
        ("40", baseline, tmp_path / "no" / "s.json", 2, "no such folder; make it first"),
        ("40", baseline, few / "run.json", 2, "exists already"),
        ("40", ["--baseline", str(few)], out, 3, "under 3 dialogues are scored"),
    ):
        assert main(["review", "--plan", plan, *given, "-o", str(path)]) == code, message
        assert message in capsys.readouterr().err
    assert not out.exists()
