"""The command as a user meets it: exit codes, messages, what is written and what is not."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import example
import numpy as np
import pytest
import soundfile

from convalign.cli import main

TEXT = ("--dimensions", "lexical,emotional")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return example.write(tmp_path / "log.jsonl", example.records())


def run(*arguments: object) -> int:
    """The command's exit code."""
    return main([str(argument) for argument in arguments])


def test_a_log_without_audio_is_no_failure_and_is_told_once(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("score", log, "-o", tmp_path / "run") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("no audio") == 1
    prosody = [r for r in example.rows(tmp_path / "run" / "dialogues.jsonl") if r["dimension"] == "prosodic"]
    assert prosody
    assert {(r["value"], r["status"], r["reason"]) for r in prosody} == {(None, "unscored", "no audio")}


def test_asking_for_prosody_by_name_makes_missing_audio_a_failure(log: Path, tmp_path: Path) -> None:
    assert run("score", log, "-o", tmp_path / "run", "--dimensions", "prosodic") == 5
    assert run("score", log, "-o", tmp_path / "both", "--dimensions", "prosodic,lexical") == 4


def test_rows_have_the_designed_fields_in_order(log: Path, tmp_path: Path) -> None:
    assert run("score", log, "-o", tmp_path / "run", *TEXT) == 0
    first = example.rows(tmp_path / "run" / "dialogues.jsonl")[0]
    assert list(first)[:10] == [
        "dialogue", "dimension", "metric", "direction", "value", "baseline", "excess", "n",
        "status", "reason",
    ]  # fmt: skip
    assert {"turn", "speaker"} <= set(example.rows(tmp_path / "run" / "turns.jsonl")[0])
    info = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert set(info["signature"]) == {"lexical", "emotional"}
    assert info["counts"]["dialogues"] == 10
    assert len(info["inputs"][0]["sha256"]) == 64


def test_stdin_to_stdout(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(log.read_bytes()))

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run("score", "-", "-o", "-", "--dimensions", "lexical", "--quiet") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    rows = [json.loads(line) for line in shown.out.splitlines()]
    assert {r["metric"] for r in rows} >= {"entrainment", "uptake"}


def test_an_existing_run_is_not_replaced_unasked(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("score", log, "-o", tmp_path / "run", "--dimensions", "lexical") == 0
    assert run("score", log, "-o", tmp_path / "run", "--dimensions", "lexical") == 2
    assert "holds a run already; choose another folder, or replace it with --force" in capsys.readouterr().err
    assert run("score", log, "-o", tmp_path / "run", "--dimensions", "lexical", "--force") == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert run("score", log, "-o", tmp_path / "mine", "--force") == 2
    assert (tmp_path / "mine" / "letter.txt").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "a", "turns": [', "log.jsonl:1"),
        (b"", "is empty"),
        (
            b'{"id": "a", "turns": [{"speaker": "x", "text": 5}]}\n',
            "log.jsonl:1: $.turns[0].text: 5 is no text",
        ),
        (b'{"id": "a", "turns": [{"text": "hi"}]}\n', "$.turns[0].speaker: is missing"),
        (
            b'{"id": "a", "turns": [{"speaker": "x", "text": "hi", "start_s": "4,5"}]}\n',
            "write seconds as a number (4.5)",
        ),
    ],
)
def test_unreadable_input_is_exit_3_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (tmp_path / "log.jsonl").write_bytes(content)
    assert run("score", tmp_path / "log.jsonl", "-o", tmp_path / "run") == 3
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.jsonl"]


def test_a_bad_record_late_in_the_log_leaves_nothing_behind(log: Path, tmp_path: Path) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write('{"id": "late"}\n')
    assert run("score", log, "-o", tmp_path / "run") == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.jsonl"]
    assert run("score", log, "-o", tmp_path / "run", "--on-error", "skip", *TEXT) == 4
    assert len({r["dialogue"] for r in example.rows(tmp_path / "run" / "dialogues.jsonl")}) == 10


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([{"speaker": "a", "text": "hello there"}], {"one turn", "one speaker"}),
        ([{"speaker": "a", "text": "hello there"}, {"speaker": "a", "text": "still here"}], {"one speaker"}),
        ([{"speaker": "a", "text": None}, {"speaker": "b", "text": None}], {"no words"}),
        ([{"speaker": "a", "text": ""}, {"speaker": "b", "text": ""}], {"no words"}),
        ([{"speaker": "a", "text": "?!"}, {"speaker": "b", "text": "the of"}], None),
        ([], {"one speaker", "one turn"}),
    ],
)
def test_a_dialogue_that_cannot_be_scored_is_a_row_with_a_reason(
    tmp_path: Path, turns: list[dict[str, object]], reason: set[str] | None
) -> None:
    records = [*example.records(), {"id": "odd", "turns": turns, "meta": {"language": "en"}}]
    log = example.write(tmp_path / "log.jsonl", records)
    assert run("score", log, "-o", tmp_path / "run", *TEXT) in (0, 4)
    odd = [r for r in example.rows(tmp_path / "run" / "dialogues.jsonl") if r["dialogue"] == "odd"]
    assert {r["dimension"] for r in odd} == {"lexical", "emotional"}
    if reason is None:
        # Words, but nothing that says much: what can be counted is, the headline is not.
        odd = [r for r in odd if r["metric"] in ("entrainment", "uptake", "match")]
    assert all(r["value"] is None and r["status"] == "unscored" and r["reason"] for r in odd)
    if reason is not None:
        assert {r["reason"] for r in odd} <= reason
    alone = example.write(tmp_path / "alone.jsonl", [records[-1]])
    assert run("score", alone, "-o", tmp_path / "alone", *TEXT) == 5


def test_a_script_in_a_turn_is_words_and_a_50_mb_line_is_read(tmp_path: Path) -> None:
    records = example.records()
    records[0]["turns"][0]["text"] = "<script>alert('kettle')</script>"
    records[1]["turns"][1]["text"] = "kettle " * 7_500_000
    records[1]["meta"] = {"language": "en"}
    log = example.write(tmp_path / "log.jsonl", records)
    assert log.stat().st_size > 50_000_000
    assert run("score", log, "-o", tmp_path / "run", "--dimensions", "lexical") == 0
    assert len({r["dialogue"] for r in example.rows(tmp_path / "run" / "dialogues.jsonl")}) == 10


@pytest.mark.parametrize(
    "damage", ["missing", "truncated", "lying header", "not audio", "one channel", "nan"]
)
def test_damaged_sound_is_a_row_with_a_reason(tmp_path: Path, damage: str) -> None:
    records = example.records(6, turns=4)
    rate = 16_000
    draw = np.random.default_rng(1)
    for record in records:
        for place, turn in enumerate(record["turns"]):
            turn |= {"start_s": place * 1.5, "end_s": place * 1.5 + 1.0}
        record["audio"] = {"path": f"{record['id']}.wav", "channels": {"user": 0, "agent": 1}}
        samples = 0.1 * draw.standard_normal((6 * rate, 2))
        soundfile.write(tmp_path / f"{record['id']}.wav", samples, rate)
    bad = tmp_path / "call-00.wav"
    whole = bad.read_bytes()
    match damage:
        case "missing":
            bad.unlink()
        case "truncated":
            bad.write_bytes(whole[:30])
        case "lying header":
            bad.write_bytes(whole[: len(whole) // 3])
        case "not audio":
            bad.write_bytes(b"this is no sound" * 100)
        case "one channel":
            soundfile.write(bad, np.zeros(6 * rate), rate)
        case "nan":
            soundfile.write(bad, np.full((6 * rate, 2), np.nan, dtype=np.float32), rate, subtype="FLOAT")
    log = example.write(tmp_path / "log.jsonl", records)
    assert run("score", log, "-o", tmp_path / "run") in (4, 5)
    rows = [r for r in example.rows(tmp_path / "run" / "dialogues.jsonl") if r["dialogue"] == "call-00"]
    assert all(r["reason"] for r in rows if r["value"] is None)
    assert any(r["value"] is not None for r in rows if r["dimension"] == "lexical")
    prosodic = [r for r in rows if r["dimension"] == "prosodic"]
    assert all(r["value"] is None for r in prosodic)
    info = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert any("call-00" in message for message in info["messages"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dimensions", "lexcial"), "no dimension 'lexcial'; there are: emotional, lexical, prosodic"),
        (("--dimensions", "lexical", "--pitch-engine", "pyin"), "no option 'pitch_engine' in lexical"),
        (("--affect", "nothing"), "nothing"),
        (("--language", "qq", "--dimensions", "lexical"), "qq"),
    ],
)
def test_usage_errors_are_exit_2_and_say_what_there_is(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run("score", log, "-o", tmp_path / "run", *arguments) in (2, 3)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("verb", ["formats", "dimensions", "rubrics", "schema", "doctor"])
def test_listing_verbs_speak_json(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(verb, "--json") == 0
    assert json.loads(capsys.readouterr().out)
    assert run(verb) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("name", ["dialogue", "rubric", "study"])
def test_schemas_print(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", name) == 0
    assert "$schema" in json.loads(capsys.readouterr().out)


def test_convert_and_intervene_write_logs_whole_or_not_at_all(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("convert", log, "-o", tmp_path / "again.jsonl") == 0
    assert (tmp_path / "again.jsonl").read_bytes() == log.read_bytes()
    assert run("convert", log, "-o", tmp_path / "again.jsonl") == 2
    assert run("intervene", log, "--dimension", "lexical", "-o", tmp_path / "edited.jsonl") == 0
    before, after = example.rows(log), example.rows(tmp_path / "edited.jsonl")
    changed = [
        (old["speaker"], old["text"] != new["text"])
        for one, two in zip(before, after, strict=True)
        for old, new in zip(one["turns"], two["turns"], strict=True)
    ]
    assert ("agent", True) in changed
    assert ("user", True) not in changed
    capsys.readouterr()
    assert (
        run("intervene", log, "--dimension", "lexical", "-o", tmp_path / "no.jsonl", "--direction", "a->b")
        == 2
    )
    assert "no dialogue has the direction 'a->b'; there are: " in capsys.readouterr().err
    assert not (tmp_path / "no.jsonl").exists()


def test_version_and_no_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("convalign 0.")
    with pytest.raises(SystemExit, match="2"):
        main([])
