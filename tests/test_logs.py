"""Reading logs: what each format gives, folders, ids, options, and how much is held at once."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convalign import logs
from convalign.dialogue import Dialogue, Notes, Turn
from convalign.errors import LogError, UsageError
from convalign.logs._text import Text

WORDS = [("user", "Is the lamp red?"), ("agent", "Yes, it is red."), ("user", "Good.")]
CANONICAL = {"id": "lamp", "turns": [{"speaker": s, "text": t} for s, t in WORDS]}
CHAT = {
    "id": "lamp",
    "messages": [
        {"role": "system", "content": "Be kind."},
        *({"role": {"user": "user", "agent": "assistant"}[s], "content": t} for s, t in WORDS),
    ],
}
SHAREGPT = {
    "id": "lamp",
    "conversations": [{"from": {"user": "human", "agent": "gpt"}[s], "value": t} for s, t in WORDS],
}
TABLE = "dialogue,speaker,text,start,end\n" + "".join(
    f'lamp,{s},"{t}",{i * 2},{i * 2 + 1.5}\n' for i, (s, t) in enumerate(WORDS)
)
ALIGN = "participant\tcontent\n" + "".join(f"{s}\t{t}\n" for s, t in WORDS)
DIALIGN = "".join(f"{s}:\t{t}\n" for s, t in WORDS)


def write(folder: Path, name: str, content: str | bytes | Any) -> Path:
    """Write text, bytes, or a value as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8", newline="")
    return path


def read(*paths: Path | str, report: logs.Report | None = None, **options: Any) -> list[Dialogue]:
    """Read all dialogues."""
    return list(logs.read(list(paths), logs.ReadOptions(**options), report=report))


def said(dialogue: Dialogue) -> list[tuple[str, str | None]]:
    """Speaker and text of each turn."""
    return [(turn.speaker, turn.text) for turn in dialogue.turns]


@pytest.mark.parametrize(
    ("name", "speakers"),
    [
        ("openai_messages.jsonl", {}),
        ("sharegpt.json", {}),
        ("turns.csv", {}),
        ("align_kettle-cond1.txt", {}),
        ("dialign_kettle.tsv", {"User": "user", "Agent": "agent"}),
    ],
)
def test_samples_read_as_expected(shared: Callable[[str], Path], name: str, speakers: dict[str, str]) -> None:
    expected = json.loads(shared("data/formats/expected.json").read_text(encoding="utf-8"))
    (dialogue,) = read(shared(f"data/formats/{name}"))
    wanted = [(turn["speaker"], turn["text"]) for turn in expected["turns"]]
    assert [(speakers.get(s, s), text) for s, text in said(dialogue)] == wanted
    assert {speakers.get(s, s): role for s, role in dialogue.roles.items()} == expected["roles"]
    if name == "turns.csv":
        times = [(turn.start_s, turn.end_s) for turn in dialogue.turns]
        assert times == [(turn["start_s"], turn["end_s"]) for turn in expected["turns"]]
    else:
        assert all(turn.start_s is None and turn.end_s is None for turn in dialogue.turns)
    if name.startswith("openai"):
        assert dialogue.meta == {"system": ["You are a helpful service agent."]}
    if name.startswith("align"):
        assert dialogue.meta == {"dyad": "align_kettle", "condition": "1"}


SPOKEN = {
    "call.vtt": {},
    "call.srt": {},
    "call.TextGrid": {},
    "call.eaf": {},
    "call.stm": {},
    "seglst.json": {},
    "whisperx.json": {"SPEAKER_00": "user", "SPEAKER_01": "agent"},
    "aws_transcribe.json": {"ch_0": "user", "ch_1": "agent"},
    "deepgram.json": {"0": "user", "1": "agent"},
}
"""Samples with speech times, and the roles that their speakers must be given."""
WRITTEN = (
    "langfuse_session.json",
    "otel_genai.jsonl",
    "otel_otlp.json",
    "deepeval.json",
    "ragas.jsonl",
    "convokit",
)


@pytest.mark.parametrize("name", [*SPOKEN, *WRITTEN, "convokit"])
def test_samples_of_all_formats_read_alike(shared: Callable[[str], Path], name: str) -> None:
    expected = json.loads(shared("data/formats/expected.json").read_text())
    roles = SPOKEN.get(name, {})
    (dialogue,) = read(shared(f"data/formats/{name}"), roles=roles)
    assert [turn.text for turn in dialogue.turns] == [turn["text"] for turn in expected["turns"]]
    assert [dialogue.roles[turn.speaker] for turn in dialogue.turns] == ["user", "agent"] * 3
    times = [(turn.start_s, turn.end_s) for turn in dialogue.turns]
    if name in SPOKEN:
        wanted = [(turn["start_s"], turn["end_s"]) for turn in expected["turns"]]
        assert np.array(times, dtype=float) == pytest.approx(np.array(wanted), abs=0.001)
    else:
        # Wall-clock times of spans are no speech times.
        assert times == [(None, None)] * 6


def test_a_chat_transcript_has_the_same_words_and_times(shared: Callable[[str], Path]) -> None:
    expected = json.loads(shared("data/formats/expected.json").read_text())["turns"]
    (dialogue,) = read(shared("data/formats/call.cha"))

    def words(text: str | None) -> list[str]:
        # An utterance has one terminator, so that inner full stops are commas there.
        return re.findall(r"[\w']+", (text or "").casefold())

    assert [words(turn.text) for turn in dialogue.turns] == [words(turn["text"]) for turn in expected]
    assert [(t.speaker, t.start_s, t.end_s) for t in dialogue.turns] == [
        (turn["speaker"], turn["start_s"], turn["end_s"]) for turn in expected
    ]
    assert dialogue.roles == {"user": "user", "agent": "agent"}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jsonl", CANONICAL, "canonical"),
        ("a.json", [CANONICAL], "canonical"),
        ("a.json", json.dumps(CANONICAL, indent=2), "canonical"),
        ("a.json", json.dumps([CANONICAL], indent=2), "canonical"),
        ("a.jsonl", json.dumps(CANONICAL, indent=2), "canonical"),
        ("a.jsonl", CHAT, "openai"),
        ("a.json", [CHAT], "openai"),
        ("a.json", json.dumps(CHAT, indent=1), "openai"),
        ("lamp.json", CHAT["messages"], "openai"),
        ("lamp.json", json.dumps(CHAT["messages"], indent=1), "openai"),
        ("lamp.json", [CHAT["messages"]], "openai"),
        ("lamp.jsonl", CHAT["messages"], "openai"),
        ("a.jsonl", SHAREGPT, "sharegpt"),
        ("a.json", json.dumps([SHAREGPT], indent=2), "sharegpt"),
        ("a.csv", TABLE, "csv"),
        ("a.csv", TABLE.replace(",", ";"), "csv"),
        ("a.tsv", TABLE.replace(",", "\t"), "csv"),
        ("a.csv", TABLE.replace(",", "|"), "csv"),
        ("lamp.txt", ALIGN, "align"),
        ("lamp.txt", "content\tparticipant\n" + "".join(f"{t}\t{s}\n" for s, t in WORDS), "align"),
        ("lamp.tsv", DIALIGN, "dialign"),
    ],
)
@pytest.mark.parametrize("change", ["plain", "gzip", "crlf", "cr", "bom", "utf-16", "no last line end"])
def test_every_form_gives_the_same_dialogue(
    tmp_path: Path, name: str, content: Any, kind: str, change: str
) -> None:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    # In the table parted by ; or | the commas of the text are changed with the rest; the words stay.
    forms: dict[str, Callable[[], bytes]] = {
        "plain": text.encode,
        "gzip": lambda: gzip.compress(text.encode()),
        "crlf": lambda: text.replace("\n", "\r\n").encode(),
        "cr": lambda: text.replace("\n", "\r").encode(),
        "bom": lambda: b"\xef\xbb\xbf" + text.encode(),
        "utf-16": lambda: text.encode("utf-16"),
        "no last line end": lambda: text.rstrip("\n").encode(),
    }
    written = forms[change]()
    report = logs.Report()
    (dialogue,) = read(write(tmp_path, name, written), report=report)
    assert dialogue.id == "lamp"
    punctuation = str.maketrans("", "", ",;|\t ")
    assert [(s, (t or "").translate(punctuation)) for s, t in said(dialogue)] == [
        (s, t.translate(punctuation)) for s, t in WORDS
    ]
    line = {"csv": ["2"], "canonical": ["1", "2"], "sharegpt": ["1", "2"]}.get(kind, ["1"])
    assert dialogue.source in [f"{tmp_path / name}:{number}" for number in line]
    (source,) = report.sources
    assert (source.format, source.dialogues, source.bytes) == (kind, 1, len(written))
    assert source.sha256 == hashlib.sha256(written).hexdigest()


def test_formats_are_found_by_listing_the_folder() -> None:
    records = logs.formats()
    files = (Path(logs.__file__).parent).glob("[!_]*.py")
    called = {"table": "csv", "plain": "json", "inspect_log": "inspect"}
    assert [one["name"] for one in records] == sorted(called.get(file.stem, file.stem) for file in files)
    assert all(set(one) == {"name", "extensions", "reads", "ignores"} for one in records)
    assert all(one["reads"] and one["extensions"] for one in records)


# --- chat messages ------------------------------------------------------------------------------


def chat(tmp_path: Path, *messages: dict[str, Any], **rest: Any) -> Dialogue:
    (dialogue,) = read(write(tmp_path, "chat.json", {"messages": list(messages), **rest}))
    return dialogue


def test_tools_reasoning_and_parts_are_no_words(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    dialogue = chat(
        tmp_path,
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "User", "content": "Look.", "name": "Ada"},
        {"role": "assistant", "content": "", "tool_calls": [call, call]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "assistant", "content": "I look.", "tool_calls": [call], "reasoning_content": "hm"},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "text": "secret"},
                {"type": "output_text", "text": "One."},
                {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}},
                {"type": "refusal", "refusal": "No more."},
                {"type": "file", "file": {}},
            ],
        },
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "secret"}]},
        {"role": "user", "content": None},
        {"role": "user", "content": ""},
        {"role": "critic", "content": "Meh."},
    )
    assert said(dialogue) == [
        ("Ada", "Look."), ("agent", "I look."), ("agent", "One.\nNo more."), ("user", None), ("user", ""),
        ("critic", "Meh."),
    ]  # fmt: skip
    assert dialogue.roles == {"Ada": "user", "agent": "agent", "user": "user"}
    assert dialogue.meta["system"] == ["Be brief."]
    assert dialogue.meta["skipped"] == {"file": 1, "image": 1, "reasoning": 3, "tool": 4}


def test_audio_parts_give_words_and_local_files(tmp_path: Path) -> None:
    dialogue = chat(
        tmp_path,
        {
            "role": "user",
            "content": [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}],
        },
        {"role": "assistant", "content": None, "audio": {"id": "a1", "transcript": " Hello. "}},
        {"role": "user", "content": [{"type": "audio", "audio": {"path": "t/2.wav", "transcript": "Hi."}}]},
        {"role": "user", "content": [{"type": "audio_url", "audio_url": {"url": "https://x.org/a.wav"}}]},
    )
    assert [turn.text for turn in dialogue.turns] == [None, "Hello.", "Hi.", None]
    assert [turn.audio.path if turn.audio else None for turn in dialogue.turns] == [
        None,
        None,
        "t/2.wav",
        None,
    ]
    assert dialogue.meta["skipped"] == {"audio": 2}


@pytest.mark.parametrize(
    ("rest", "name"),
    [({"id": 7}, "7"), ({"thread_id": "t"}, "t"), ({"id": "", "conversation_id": "c"}, "c"), ({}, "chat")],
)
def test_chat_ids(tmp_path: Path, rest: dict[str, Any], name: str) -> None:
    assert chat(tmp_path, {"role": "user", "content": "x"}, **rest).id == name


def test_sharegpt_rows_of_other_forms(tmp_path: Path) -> None:
    rows = [
        {"from": "system", "value": "Be kind."},
        {"from": "gpt", "value": "Hello?"},
        {"role": "prompter", "text": "Yes."},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "{}"},
        {"from": "bing", "value": None},
    ]
    (dialogue,) = read(write(tmp_path, "s.json", [{"conversations": rows, "lang": "en"}]))
    assert said(dialogue) == [("agent", "Hello?"), ("user", "Yes."), ("bing", None)]
    assert dialogue.roles == {"agent": "agent", "user": "user"}
    assert dialogue.meta == {"lang": "en", "system": ["Be kind."], "skipped": {"tool": 2}}


# --- tables -------------------------------------------------------------------------------------


def test_columns_can_be_named(tmp_path: Path) -> None:
    text = "call_nr,who,line,t0,language,mood\n1,Ada,Hi,0.5,en,up\n1,Bob,Yes,1.5,en,down\n2,Ada,Ho,0,en,up\n"
    report = logs.Report()
    first, second = read(
        write(tmp_path, "a.csv", text), report=report,
        columns={"dialogue": "call_nr", "speaker": "WHO", "text": "line", "start": "t0"},
    )  # fmt: skip
    assert (first.id, second.id) == ("1", "2")
    assert [turn.start_s for turn in first.turns] == [0.5, 1.5]
    assert (first.meta, second.meta) == ({"language": "en"}, {"language": "en", "mood": "up"})
    assert first.language == "en"
    assert dict(report.notes) == {"column 'mood' varies within a dialogue and was left out": 1}


def test_milliseconds_order_and_roles(tmp_path: Path) -> None:
    text = "speaker,role,utterance,index,start_ms,end_ms\nB,assistant,two,10,,\nA,customer,one,9,500,1250\n"
    (dialogue,) = read(write(tmp_path, "a.csv", text))
    assert [(t.speaker, t.text, t.start_s, t.end_s) for t in dialogue.turns] == [
        ("A", "one", 0.5, 1.25), ("B", "two", None, None),
    ]  # fmt: skip
    assert dialogue.roles == {"B": "agent", "A": "user"}


def test_a_role_column_names_the_role(tmp_path: Path) -> None:
    (dialogue,) = read(write(tmp_path, "a.csv", "role,content\nhuman,Hi\nassistant,Ho\nsystem,Hu\n"))
    assert [turn.speaker for turn in dialogue.turns] == ["user", "agent", "agent"]


def test_quoted_cells_keep_line_ends_and_delimiters(tmp_path: Path) -> None:
    text = 'speaker,text\nA,"one,\ntwo ""three"" "\n\nB,\u2028x\u2028y\n'
    (dialogue,) = read(write(tmp_path, "a.csv", text))
    assert said(dialogue) == [("A", 'one,\ntwo "three"'), ("B", "x\u2028y")]


def test_align_does_not_quote(tmp_path: Path) -> None:
    path = write(tmp_path, "dyad12-cond3.txt", 'participant\tcontent\nA\t"so"\nB\t"open\n')
    (dialogue,) = read(path)
    assert said(dialogue) == [("A", '"so"'), ("B", '"open')]
    assert dialogue.meta == {"dyad": "12", "condition": "3"}


def test_dialign_takes_a_third_name(tmp_path: Path) -> None:
    (dialogue,) = read(write(tmp_path, "a.tsv", "A:\tone\nB:\ttwo\nkid.:\tthree\n"))
    assert dialogue.speakers == ("A", "B", "kid.")


# --- what holds for every format ----------------------------------------------------------------


def test_turns_are_ordered_by_start_only_when_all_have_one(tmp_path: Path) -> None:
    turns = [{"speaker": "a", "text": str(i), "start_s": s} for i, s in enumerate((3, 1, 1, 2))]
    partly = [*turns, {"speaker": "a", "text": "4"}]
    path = write(tmp_path, "a.json", [{"id": "x", "turns": turns}, {"id": "y", "turns": partly}])
    first, second = read(path)
    assert [turn.text for turn in first.turns] == ["1", "2", "3", "0"]
    assert [turn.text for turn in second.turns] == ["0", "1", "2", "3", "4"]


def test_roles_of_the_caller_go_over_the_log(tmp_path: Path) -> None:
    report = logs.Report()
    path = write(tmp_path, "a.json", {**CANONICAL, "roles": {"user": "agent"}})
    (dialogue,) = read(path, report=report, roles={"user": "user", "agent": "agent", "Eve": "user"})
    assert dialogue.roles == {"user": "user", "agent": "agent"}
    assert dict(report.notes) == {"--roles names 'Eve', who has no turn anywhere": 1}


def test_merge_joins_turns_of_one_speaker(tmp_path: Path) -> None:
    turns = [
        {"speaker": "a", "text": "one", "start_s": 0, "end_s": 3},
        {"speaker": "a", "text": "two", "start_s": 1, "end_s": 2},
        {"speaker": "a", "text": None, "start_s": 4},
        {"speaker": "b", "text": None, "start_s": 5},
        {"speaker": "b", "text": None, "start_s": 6, "end_s": 7},
    ]
    report = logs.Report()
    (dialogue,) = read(write(tmp_path, "a.json", {"id": "x", "turns": turns}), merge=True, report=report)
    assert dialogue.turns == (Turn("a", "one two", 0.0, None), Turn("b", None, 5.0, 7.0))
    assert dict(report.notes) == {"consecutive turns of one speaker were joined": 3}


def test_merge_keeps_sound_together(tmp_path: Path) -> None:
    def turn(path: str, start: float) -> dict[str, Any]:
        return {"speaker": "a", "text": "x", "audio": {"path": path, "start_s": start, "end_s": start + 1}}

    report = logs.Report()
    record = {"id": "x", "turns": [turn("a.wav", 0), turn("a.wav", 4), turn("b.wav", 0)]}
    (dialogue,) = read(write(tmp_path, "a.json", record), merge=True, report=report)
    assert [(t.text, t.audio and (t.audio.path, t.audio.start_s, t.audio.end_s)) for t in dialogue.turns] == [
        ("x x", ("a.wav", 0.0, 5.0)), ("x", ("b.wav", 0.0, 1.0)),
    ]  # fmt: skip
    assert dict(report.notes)["turns with their own sound files were not joined"] == 1


def test_ids_by_place(tmp_path: Path) -> None:
    bare = {"messages": [{"role": "user", "content": "x"}]}
    write(tmp_path, "deep/er/one.jsonl.gz", gzip.compress(json.dumps(bare).encode()))
    write(tmp_path, "many.jsonl", "\n".join(json.dumps(bare) for _ in range(3)))
    write(tmp_path, "many.list.json", [bare, {**bare, "id": "own"}])
    assert [one.id for one in read(tmp_path)] == [
        "deep/er/one", "many#1", "many#2", "many#3", "many.list#1", "own",
    ]  # fmt: skip
    assert [one.id for one in read(tmp_path / "deep/er/one.jsonl.gz")] == ["one"]


def test_a_folder_is_walked_in_order_and_not_left(tmp_path: Path) -> None:
    logs_at, outside = tmp_path / "logs", tmp_path / "outside"
    write(logs_at, "b/1.csv", "speaker,text\nA,x\n")
    write(logs_at, "a.csv", "speaker,text\nA,x\n")
    write(logs_at, "B.csv", "speaker,text\nA,x\n")
    for name in (".hidden.csv", "_private.csv", "b/_x/y.csv", ".git/z.csv"):
        write(logs_at, name, "speaker,text\nA,x\n")
    for name, content in (("README.md", "# Read me\n"), ("c.wav", b"RIFF\x10\0\0\0WAVEfmt "), ("e.txt", "")):
        write(logs_at, name, content)
    write(outside, "secret.csv", "speaker,text\nA,x\n")
    (logs_at / "leaves").symlink_to(outside)
    (logs_at / "leaves.csv").symlink_to(outside / "secret.csv")
    (logs_at / "loop").symlink_to(logs_at)
    (logs_at / "inner.csv").symlink_to(logs_at / "b" / "1.csv")
    report = logs.Report()
    assert [one.id for one in read(logs_at, report=report)] == ["B", "a", "b/1", "inner"]
    assert dict(report.notes) == {
        "files of a folder that are no log were left out": 3,
        "links that leave the folder were not followed": 2,
    }
    assert [Path(name).name for name in report.not_logs] == ["README.md", "c.wav", "e.txt"]
    assert [one.root for one in read(logs_at)][2] == str(logs_at / "b")


def test_a_forced_format_takes_its_files_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "speaker,text\nA,x\n")
    write(tmp_path, "a.json", CANONICAL)
    assert [one.id for one in read(tmp_path, format="canonical")] == ["lamp"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    stored = pack(json.dumps(CHAT["messages"]).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stored)))
    report = logs.Report()
    (dialogue,) = read("-", report=report)
    assert (dialogue.id, dialogue.source, dialogue.root) == ("stdin", "stdin:1", ".")
    assert report.sources[0].sha256 == hashlib.sha256(stored).hexdigest()


def test_limit_stops_and_still_hashes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(
        json.dumps({**CANONICAL, "id": str(i), "meta": {"x": "y" * 500}}) + "\n" for i in range(999)
    )
    path, report = write(tmp_path, "a.jsonl", lines), logs.Report()
    assert [one.id for one in read(path, tmp_path / "a.jsonl", limit=2, report=report)] == ["0", "1"]
    assert report.sources == [
        logs.SourceRecord(str(path), "canonical", hashlib.sha256(lines.encode()).hexdigest(), len(lines), 2)
    ]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    report = logs.Report()
    assert len(read("-", limit=2, report=report)) == 2
    assert (report.sources[0].sha256, report.sources[0].bytes) == (None, None)


def test_equal_ids_name_both_places(tmp_path: Path) -> None:
    a, b = write(tmp_path, "a.json", [CANONICAL]), write(tmp_path, "b.jsonl", json.dumps(CHAT))
    with pytest.raises(LogError) as caught:
        read(a, b)
    assert str(caught.value) == f"{b}:1: $.id: 'lamp' stands at {a}:1 already; give each dialogue its own id"
    report = logs.Report()
    assert [one.source for one in read(a, b, report=report, on_error="skip")] == [f"{a}:1"]
    assert (report.read, report.skipped_count, len(report.skipped)) == (1, 1, 1)


def test_skipping_leaves_whole_dialogues_out(tmp_path: Path) -> None:
    good = [json.dumps({**CANONICAL, "id": str(i)}) for i in range(3)]
    bad = json.dumps({"id": "bad", "turns": [{"speaker": "a", "text": "x"}, {"speaker": "a", "text": 1}]})
    path = write(tmp_path, "a.jsonl", "\n".join([good[0], bad, '{"id": "cut', good[1], "7", good[2]]))
    report = logs.Report()
    assert [one.id for one in read(path, on_error="skip", report=report)] == ["0", "1", "2"]
    assert report.skipped_count == 3
    assert (
        report.skipped[0]
        == f"{path}:2: $.turns[1].text: 1 is no text; write a string, or null without transcript"
    )
    assert report.skipped[2] == f"{path}:5: $: 7 is no object; one dialogue is an object with id and turns"
    with pytest.raises(LogError, match=r"a\.jsonl:2: \$\.turns\[1\]\.text"):
        read(path)


def test_skipping_in_a_table_leaves_the_whole_dialogue_out(tmp_path: Path) -> None:
    text = "dialogue,speaker,text,start\n1,A,x,0\n2,A,x,0\n2,B,y,soon\n2,A,z,\n3,A,x,0\n3,A\n4,A,x,0\n"
    path, report = write(tmp_path, "a.csv", text), logs.Report()
    assert [one.id for one in read(path, on_error="skip", report=report)] == ["1", "4"]
    assert report.skipped == [
        f"{path}:4: column 'start': 'soon' is no number; write seconds as a number, or leave the cell empty",
        f"{path}:7: the row has 2 cells, the header 4; quote cells that hold ','",
    ]


def test_skipping_counts_a_file_that_ends_badly(tmp_path: Path) -> None:
    first, second = (json.dumps({**CANONICAL, "id": name}).encode() + b"\n" for name in "ab")
    write(tmp_path, "1.jsonl", first + b'{"id": "x\xff"}\n')
    write(tmp_path, "2.jsonl", second)
    report = logs.Report()
    assert [one.id for one in read(tmp_path, on_error="skip", report=report)] == ["a", "b"]
    assert report.skipped_count == 1
    assert report.skipped[0].startswith(f"{tmp_path / '1.jsonl'}:2: byte 0xff at offset")


def test_a_returning_dialogue_ends_even_a_skipping_run(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "dialogue,speaker,text\n1,A,x\n2,A,x\n1,B,y\n")
    with pytest.raises(LogError) as caught:
        read(path, on_error="skip")
    assert str(caught.value) == (
        f"{path}:4: column 'dialogue': '1' stood at lines 2-2 already; rows of a dialogue stand together: "
        "sort -s -t , -k 1,1 (all but the header)"
    )


def test_messages_of_skipped_dialogues_are_capped(tmp_path: Path) -> None:
    report = logs.Report()
    path = write(tmp_path, "a.jsonl", json.dumps(CANONICAL) + "\n" + "0\n" * 150)
    assert len(read(path, report=report, on_error="skip")) == 1
    assert (report.skipped_count, len(report.skipped)) == (150, 100)


def test_notes_count_what_was_moved(tmp_path: Path) -> None:
    record = {"id": "x", "topic": "t", "turns": [{"speaker": "a", "text": "x", "end": 1}]}
    notes = Notes()
    (dialogue,) = logs.read(write(tmp_path, "a.json", record), notes=notes)
    assert dialogue.meta == {"topic": "t"}
    assert dict(notes) == {
        "unknown key 'end' of a turn was dropped (did you mean 'end_s'?)": 1,
        "unknown key 'topic' of a dialogue was moved to meta": 1,
    }


def test_lone_surrogates_become_the_replacement_character(tmp_path: Path) -> None:
    text = (
        '{"id": "x", "meta": {"\\udc00": 1}, "turns": [{"speaker": "a", "text": "b\\ud800 \\ud83d\\ude00"}]}'
    )
    notes, out = Notes(), io.StringIO()
    (dialogue,) = logs.read(write(tmp_path, "a.json", text), notes=notes)
    assert (dialogue.turns[0].text, dict(dialogue.meta)) == ("b\ufffd \U0001f600", {"\ufffd": 1})
    assert dict(notes) == {"lone surrogates were replaced by U+FFFD": 2}
    assert logs.write_canonical([dialogue], out) == 1
    assert out.getvalue().encode("utf-8")


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_line_ends_end_lines(tmp_path: Path, mark: str) -> None:
    records = [{"id": str(i), "turns": [{"speaker": "a", "text": f"x{mark}y"}]} for i in range(2)]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in records)
    assert [one.turns[0].text for one in read(write(tmp_path, "a.jsonl", text))] == [f"x{mark}y"] * 2


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "speaker,text\nA,Caf\u00e9\n".encode("cp1252"))
    (dialogue,) = read(path, encoding="cp1252")
    assert dialogue.turns[0].text == "Caf\u00e9"


@pytest.mark.parametrize("text", ["x" * 5_000_000, '[{\\"' * 1_000_000])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_long_line_is_one_record(tmp_path: Path, text: str, indent: int | None) -> None:
    record = {"id": "x", "turns": [{"speaker": "a", "text": text}]}
    (dialogue,) = read(write(tmp_path, "a.json", json.dumps(record, indent=indent)))
    assert dialogue.turns[0].text == text


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_a_value_ends_where_its_brackets_do_however_it_comes(size: int) -> None:
    values = [{"a": ['x"{', "\\\\", '\\"'] * 1500, "b": {"c": [[], "}]"]}}, ["y" * 3000, {}]]
    written = [json.dumps(one, indent=indent) for one in values for indent in (None, 1)]
    whole = "\n".join(written)
    pieces = (whole[at : at + size] for at in range(0, len(whole), size))
    text = Text(pieces, "log", 10**6)
    found = []
    while text.peek():
        found.append(text.value()[0])
    assert found == written


def test_fifty_megabytes_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = "w" * 52_000_000
    path.write_text(f'{{"id": "x", "turns": [{{"speaker": "a", "text": "{text}"}}]}}\n', encoding="utf-8")
    (dialogue,) = read(path)
    assert len(dialogue.turns[0].text or "") == len(text)


class Slow(io.RawIOBase):
    """A stream that makes a record only when it is asked for one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = next(self._pieces, b"")
        self.given += bool(piece)
        buffer[: len(piece)] = piece
        return len(piece)


ROWS = [f"{i},user,hello {i}\n" for i in range(50)]


@pytest.mark.parametrize(
    ("pieces", "ahead"),
    [
        ([json.dumps({**CANONICAL, "id": str(i)}) + "\n" for i in range(50)], 0),
        ([json.dumps({**CHAT, "id": str(i)}) + "\n" for i in range(50)], 0),
        (["["] + [json.dumps({**SHAREGPT, "id": str(i)}) + ",\n" for i in range(50)], 1),
        (["dialogue,speaker,text\n", *ROWS], 2),  # a row of the next dialogue ends the one before
    ],
)
def test_a_dialogue_is_given_before_the_next_one_is_read(
    monkeypatch: pytest.MonkeyPatch, pieces: list[str], ahead: int
) -> None:
    stream = Slow(piece.encode() for piece in pieces)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(stream)))
    reading = logs.read("-")
    for count in range(1, 6):
        next(reading)
        assert stream.given <= count + ahead


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    turns = [{"speaker": s, "text": "a word or two " * 8} for s in ("user", "agent")] * 5
    with path.open("w", encoding="utf-8") as stream:
        for i in range(20_000):
            stream.write(json.dumps({"id": f"d{i}", "turns": turns}) + "\n")
    tracemalloc.start()
    try:
        assert sum(1 for _ in logs.read(path)) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 5


def test_a_gzip_file_of_several_members_and_padding(tmp_path: Path) -> None:
    parts = [gzip.compress(json.dumps({**CANONICAL, "id": str(i)}).encode() + b"\n") for i in range(3)]
    path = write(tmp_path, "a.jsonl", b"".join(parts) + b"\0" * 600)
    assert [one.id for one in read(path)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "no encoding 'utf-9' of files; utf-8, cp1252 and latin-1 are common"),
        ({"encoding": "idna"}, "no encoding 'idna' of files"),
        ({"encoding": "base64"}, "no encoding 'base64' of files"),
        (
            {"columns": {"who": "x"}},
            "columns: no field 'who'; there are: dialogue, speaker, text, start, end",
        ),
        ({"channels": {"a": -1}}, "channels: a=-1 is no channel; the first is 0, the second 1"),
        ({"channels": {"a": True}}, "channels: a=True is no channel"),
        ({"on_error": "ignore"}, "on_error is 'ignore'; there are: stop, skip"),
        ({"limit": 0}, "limit is 0; read at least 1 dialogue"),
        ({"record_limit": 0}, "record_limit is 0; give a number of bytes"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        logs.ReadOptions(**options)


def test_wrong_calls_are_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", CANONICAL)
    with pytest.raises(UsageError, match="no format 'jsonl'; there are: align, canonical, chat, chatgpt"):
        logs.read(path, logs.ReadOptions(format="jsonl"))
    with pytest.raises(UsageError, match="no log; name a file, a folder, or - for standard input"):
        logs.read([])
    with pytest.raises(UsageError, match="- stands twice"):
        logs.read(["-", "-"])
    with pytest.raises(LogError, match=r"nowhere\.json: no such file or folder; name a log"):
        logs.read([path, tmp_path / "nowhere.json"])


def test_what_json_cannot_hold_is_not_written() -> None:
    dialogue = Dialogue("d", (Turn("a", "x"),), meta={"x": float("nan")})
    with pytest.raises(LogError, match=r"d: \$\.meta: .*; keep to what JSON can hold"):
        logs.write_canonical([dialogue], io.StringIO())
