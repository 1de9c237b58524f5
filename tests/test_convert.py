"""Dialogues written for other tools: what a format can hold comes back, what it cannot is counted."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from convalign import logs
from convalign.cli import main
from convalign.dialogue import Dialogue
from convalign.errors import LogError

CALL: dict[str, Any] = {
    "id": "call-1",
    "turns": [
        {"speaker": "Ada", "text": '=the lamp, "tall" one', "start_s": 0.1, "end_s": 2.25},
        {"speaker": "agent", "text": "Which\none?", "start_s": 2.5, "end_s": 3.0},
        {"speaker": "Ada", "text": None, "start_s": 3.5, "end_s": 3.6},
    ],
    "roles": {"Ada": "user", "agent": "agent"},
    "meta": {"system": ["Be kind."], "topic": "lamps"},
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(CALL) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Dialogue:
    (found,) = logs.read([str(path)])
    return found


def turns(dialogue: Dialogue) -> list[tuple[str, str | None, float | None, float | None]]:
    return [(t.speaker, t.text, t.start_s, t.end_s) for t in dialogue.turns]


def test_a_table_holds_words_roles_and_times(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "calls.csv"
    assert main(["convert", str(log), "-o", str(out), "--to", "csv"]) == 0
    told = capsys.readouterr().err
    assert "meta of dialogues: no place in a table (1 times)" in told
    assert "turns without transcript became turns in which nothing is said" in told
    found, first = read(out), read(log)
    assert turns(found)[:2] == turns(first)[:2]
    assert found.turns[2].text == ""
    assert (found.id, found.roles) == (first.id, first.roles)


def test_formulas_are_quoted_only_when_asked(log: Path, tmp_path: Path) -> None:
    for option, beginning in (([], "=the"), (["--excel-safe"], "'=the")):
        out = tmp_path / f"{len(option)}.csv"
        assert main(["convert", str(log), "-o", str(out), "--to", "csv", "--quiet", *option]) == 0
        with out.open(encoding="utf-8", newline="") as file:
            assert next(iter(csv.DictReader(file)))["text"].startswith(beginning)
    assert main(["convert", str(log), "-o", str(tmp_path / "x"), "--excel-safe", "--quiet"]) == 2


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d"])
def test_no_cell_of_a_log_is_a_formula(tmp_path: Path, sign: str) -> None:
    bad = f"{sign}cmd|' /C calc'!A0"
    turns = [{"speaker": f"{bad}{k}", "text": f"{bad} {k}"} for k in (1, 2)]
    record = {"id": bad, "turns": turns, "roles": {f"{bad}1": f"{bad}role", f"{bad}2": "agent"}}
    log = tmp_path / "a.json"
    log.write_text(json.dumps(record), encoding="utf-8")
    out = tmp_path / "a.csv"
    assert main(["convert", str(log), "-o", str(out), "--to", "csv", "--quiet", "--excel-safe"]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert f"'{bad}role" in cells
    assert not [cell for cell in cells if cell.startswith(sign)]


def test_a_corpus_holds_words_times_and_order(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "corpus"
    assert main(["convert", str(log), "-o", str(out), "--to", "convokit"]) == 0
    again, first = read(out), read(log)
    assert turns(again) == turns(first)
    assert (again.id, again.roles, again.meta) == (first.id, first.roles, first.meta)
    assert json.loads((out / "conversations.json").read_text())["call-1"]["meta"]["topic"] == "lamps"
    assert json.loads((out / "speakers.json").read_text())["Ada"]["meta"] == {"role": "user"}
    rows = [json.loads(line) for line in (out / "utterances.jsonl").read_text().splitlines()]
    assert [(row["id"], row["reply-to"]) for row in rows] == [
        ("call-1", None), ("call-1-1", "call-1"), ("call-1-2", "call-1-1"),
    ]  # fmt: skip
    capsys.readouterr()
    assert main(["convert", str(log), "-o", str(out), "--to", "convokit"]) == 2
    assert "replace it with --force" in capsys.readouterr().err
    assert main(["convert", str(log), "-o", str(out), "--to", "convokit", "--force", "--quiet"]) == 0
    assert main(["convert", str(log), "-o", "-", "--to", "convokit", "--quiet"]) == 2


def test_a_corpus_brings_roles_and_meta_but_no_pickles(tmp_path: Path) -> None:
    row = {"conversation_id": "c", "reply-to": None, "text": "hi", "timestamp": 0, "meta": {}}
    rows = [{**row, "id": "c", "speaker": "Ann"}, {**row, "id": "d", "speaker": "Bob", "reply-to": "c"}]
    (tmp_path / "utterances.jsonl").write_text(
        "".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8"
    )
    people = {"Ann": {"meta": {"role": "Customer"}, "vectors": []}, "Bob": {"role": "helper"}}
    (tmp_path / "speakers.json").write_text(json.dumps(people), encoding="utf-8")
    about = {"c": {"meta": {"topic": "lamps", "tree": "<##bin{3}&&@**>"}, "vectors": []}}
    (tmp_path / "conversations.json").write_text(json.dumps(about), encoding="utf-8")
    report = logs.Report()
    (found,) = logs.read([str(tmp_path)], report=report)
    assert (found.roles, found.meta) == ({"Ann": "user", "Bob": "helper"}, {"topic": "lamps"})
    assert [Path(one.path).name for one in report.sources] == [
        "utterances.jsonl", "speakers.json", "conversations.json",
    ]  # fmt: skip
    assert list(dict(report.notes)) == [
        "objects that stand in pickle files were left out; such files are never opened"
    ]
    (tmp_path / "speakers.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(LogError, match=r"speakers\.json:1: \$: a list is no object by id; save the corpus"):
        list(logs.read([str(tmp_path)]))


def test_a_chat_holds_words_and_roles(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "chat.jsonl"
    assert main(["convert", str(log), "-o", str(out), "--to", "openai"]) == 0
    told = capsys.readouterr().err
    assert "times of dialogues: no place in a chat (1 times)" in told
    assert "meta has no place in a chat" in told
    (line,) = out.read_text(encoding="utf-8").splitlines()
    messages = json.loads(line)["messages"]
    assert messages[0] == {"role": "system", "content": "Be kind."}
    assert messages[1]["role"] == "user"
    assert messages[1]["name"] == "Ada"
    found = read(out)
    assert [(t.speaker, t.text) for t in found.turns] == [(t.speaker, t.text) for t in read(log).turns]
    assert (found.roles, found.meta) == (read(log).roles, {"system": ["Be kind."]})


def test_a_speaker_without_role_is_no_chat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("speaker,text\nAda,hello\nBob,hi\n", encoding="utf-8")
    out = tmp_path / "chat.jsonl"
    assert main(["convert", str(path), "-o", str(out), "--to", "openai", "--quiet"]) == 3
    assert (
        "'Ada' is neither user nor agent, which a chat needs; say --roles Ada=user" in capsys.readouterr().err
    )
    assert not out.exists()
    roles = ["--roles", "Ada=user,Bob=agent"]
    assert main(["convert", str(path), "-o", str(out), "--to", "openai", "--quiet", *roles]) == 0


def test_convokit_reads_what_was_written(log: Path, tmp_path: Path) -> None:
    convokit = pytest.importorskip("convokit")
    out = tmp_path / "corpus"
    assert main(["convert", str(log), "-o", str(out), "--to", "convokit", "--quiet"]) == 0
    corpus = convokit.Corpus(filename=str(out))
    assert corpus.get_conversation("call-1").meta["topic"] == "lamps"
