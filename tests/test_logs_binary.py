"""Logs that are no text (Parquet, Arrow, Inspect's zip files, zstd), and files that lie beside a log."""
# ruff: noqa: E501 - shapes and messages stand as they are written

from __future__ import annotations

import io
import json
import random
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from test_logs_formats import SAID, chat, ctm, inspected, rttm, stm

import convalign
from convalign import logs
from convalign.dialogue import Dialogue
from convalign.errors import LogError, MissingExtraError
from convalign.logs import _bytes

pyarrow = pytest.importorskip("pyarrow")
zstandard = pytest.importorskip("zstandard")
parquet = pytest.importorskip("pyarrow.parquet")

WORDS = [text for _, text, _, _ in SAID]
ROLES = [who for who, _, _, _ in SAID]


def read(path: Path, **options: Any) -> list[Dialogue]:
    return list(logs.read([str(path)], logs.ReadOptions(**options)))


def said(path: Path) -> str:
    """The message of a log that cannot be read; ";" when it can."""
    try:
        read(path)
    except LogError as error:
        return str(error)
    return ";"


def same(found: Dialogue) -> bool:
    """Whether a dialogue is the small call."""
    return [turn.text for turn in found.turns] == WORDS and [
        found.roles[t.speaker] for t in found.turns
    ] == ROLES


# --- Parquet and Arrow


def rows(form: str) -> list[dict[str, Any]]:
    """The call as rows of a data set."""
    shapes: dict[str, list[dict[str, Any]]] = {
        "messages": [
            {"prompt_id": "call", "messages": [one | {"name": None} for one in chat(3)], "score": 3}
        ],
        "conversations": [
            {"id": "call", "conversations": [{"from": {"user": "human", "agent": "gpt"}[w], "value": t}]}
            for w, t, _, _ in SAID
        ],
        "turns": [
            {
                "id": "call",
                "turns": [{"speaker": w, "text": t, "start_s": a} for w, t, a, _ in SAID],
                "f": 1.5,
            }
        ],
        "rows": [
            {"dialogue_id": "call", "speaker": w, "text": t, "start": a, "n": None} for w, t, a, _ in SAID
        ],
        "texts": [{"id": "call", "dialog": WORDS}],
    }
    if form == "conversations":
        return [{"id": "call", "conversations": [one["conversations"][0] for one in shapes[form]]}]
    return shapes[form]


def written(form: str, kind: str) -> bytes:
    table = pyarrow.Table.from_pylist(rows(form))
    sink = io.BytesIO()
    if kind == "parquet":
        parquet.write_table(table, sink)
    else:
        new = pyarrow.ipc.new_file if kind == "file" else pyarrow.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "file", "stream"])
@pytest.mark.parametrize("form", ["messages", "conversations", "turns", "rows", "texts"])
def test_the_call_as_a_data_set(tmp_path: Path, form: str, kind: str) -> None:
    path = tmp_path / ("set.parquet" if kind == "parquet" else "set.arrow")
    path.write_bytes(written(form, kind))
    report = logs.Report()
    options = logs.ReadOptions(speakers=("user", "agent") if form == "texts" else ())
    (found,) = logs.read([str(path)], options, report=report)
    assert (report.sources[0].format, found.id) == ("parquet", "call")
    assert same(found)
    assert found.meta.get("score", 3) == 3


def test_a_data_set_says_what_it_cannot_use(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    path.write_bytes(written("texts", "parquet"))
    with pytest.raises(
        LogError, match=r"set\.parquet:1: column 'dialog': has texts and no speakers; say --sp"
    ):
        read(path)
    parquet.write_table(pyarrow.table({"prompt": ["x"], "answer": ["y"]}), path)
    with pytest.raises(LogError, match=r"no list of turns .* there are: prompt, answer; say --columns"):
        read(path)
    assert [t.text for t in read(path, columns={"speaker": "prompt", "text": "answer"})[0].turns] == ["y"]
    parquet.write_table(pyarrow.table({"messages": [[1, 2]]}), path)
    with pytest.raises(LogError, match=r"column 'messages': 1 is no turn; write role and content"):
        read(path)


def test_values_that_json_cannot_hold_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    data = {"messages": [chat(3)], "raw": [b"\0"], "nan": [float("nan")], "n": [2]}
    parquet.write_table(pyarrow.table(data), path)
    report = logs.Report()
    (found,) = logs.read([str(path)], report=report)
    assert dict(found.meta) == {"n": 2}
    assert dict(report.notes) == {"values of type bytes have no place in meta": 1}


def test_a_saved_data_set_is_a_folder_of_arrow_files(tmp_path: Path) -> None:
    (tmp_path / "data-00000-of-00001.arrow").write_bytes(written("messages", "stream"))
    (tmp_path / "dataset_info.json").write_text('{"features": {"messages": []}}', encoding="utf-8")
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "x"}]}', encoding="utf-8")
    (found,) = read(tmp_path)
    assert same(found)


@pytest.mark.parametrize("kind", ["parquet", "file", "stream"])
def test_damaged_data_sets_are_said(tmp_path: Path, kind: str) -> None:
    whole = written("messages", kind)
    path = tmp_path / ("set.parquet" if kind == "parquet" else "set.arrow")
    draw = random.Random(1)
    spoilt = [whole[:cut] for cut in (1, 8, len(whole) // 2, len(whole) - 1)]
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        spoilt.append(bytes(data))
    for data in spoilt:
        path.write_bytes(data)
        assert ";" in said(path)


def test_a_data_set_that_unpacks_to_very_much_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    table = pyarrow.table({"speaker": ["a"] * 40, "text": ["x" * 4_000_000] * 40})
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)
    with pytest.raises(
        LogError, match=r"row group 0 unpacks to over 250 times the size of the file; no dialogue log does"
    ):
        read(path)


# --- Inspect


def zipped(method: int = zipfile.ZIP_DEFLATED, **changed: bytes) -> bytes:
    """An Inspect log as a zip file."""
    log = json.loads(inspected())
    (sample,) = log.pop("samples")
    members = {
        "_journal/start.json": b"{}",
        "samples/call_epoch_1.json": json.dumps(sample).encode(),
        "header.json": json.dumps(log).encode(),
        **{name.replace("__", "/"): data for name, data in changed.items()},
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED if method == 93 else method) as file:
        for name, data in members.items():
            file.writestr(name, zstandard.compress(data) if method == 93 else data)
    made = bytearray(sink.getvalue())
    if method == 93:
        _as_zstd(made, members)
    return bytes(made)


def _as_zstd(made: bytearray, members: dict[str, bytes]) -> None:
    """Turn stored members that hold zstd frames into members of method 93."""
    for sign, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = made.find(sign)
        while at >= 0:
            size = int.from_bytes(made[at + offset + 18 : at + offset + 20], "little")
            start = at + (30 if offset == 8 else 46)
            name = bytes(made[start : start + size]).decode()
            made[at + offset : at + offset + 2] = (93).to_bytes(2, "little")
            made[at + offset + 6 : at + offset + 10] = zlib.crc32(members[name]).to_bytes(4, "little")
            made[at + offset + 14 : at + offset + 18] = len(members[name]).to_bytes(4, "little")
            at = made.find(sign, at + 4)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 93])
def test_an_inspect_log_however_it_is_packed(tmp_path: Path, method: int) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(zipped(method))
    report = logs.Report()
    (found,) = logs.read([str(path)], report=report)
    assert (report.sources[0].format, found.id) == ("inspect", "t/call#1")
    assert same(found)
    assert found.meta["system"] == ["be brief"]
    assert found.meta["skipped"] == {"reasoning": 1}


def test_scores_of_inspect_are_no_scores_of_ours(tmp_path: Path) -> None:
    sample = json.loads(inspected())["samples"][0] | {"scores": {"accuracy": {"value": "C", "answer": "x"}}}
    path = tmp_path / "log.eval"
    path.write_bytes(zipped(**{"samples__call_epoch_1.json": json.dumps(sample).encode()}))
    (found,) = read(path)
    assert found.meta["scores"] == {"accuracy": "C"}


def flipped(data: bytes) -> bytes:
    at = data.index(b"be brief")
    return data[:at] + b"BE" + data[at + 2 :]


SPOILT: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut": (lambda: zipped()[:-30], "is no sound zip file"),
    "check sum": (lambda: flipped(zipped(zipfile.ZIP_STORED)), "does not have the check sum of the zip file"),
    "no header": (lambda: zipped().replace(b"header.json", b"HEADER.json").replace(b"start.json", b"START.json"), "has no header.json; give a log"),
    "method": (lambda: zipped(zipfile.ZIP_LZMA), "is packed by method 14; pack it by deflate or zstd"),
    "not JSON": (lambda: zipped(**{"samples__call_epoch_1.json": b"{"}), r"samples/call_epoch_1.json:1: column 2: not JSON"),
    "no messages": (lambda: zipped(**{"samples__call_epoch_1.json": b"{}"}), "$.messages: an object has no messages; give a log"),
    "not UTF-8": (lambda: zipped(**{"samples__call_epoch_1.json": b"\xff"}), "byte 0 is not UTF-8; give a log"),
    "bomb": (lambda: zipped(**{"samples__call_epoch_1.json": b" " * 70 * 1024**2}), "no sample should, split the log"),
    "header": (lambda: zipped(**{"header.json": b"[]"}), "$.eval: a list is no header; give a log"),
}  # fmt: skip


@pytest.mark.parametrize("way", SPOILT)
def test_spoilt_inspect_logs_are_said(tmp_path: Path, way: str) -> None:
    make, message = SPOILT[way]
    path = tmp_path / "log.eval"
    path.write_bytes(make())
    with pytest.raises(LogError) as caught:
        read(path)
    assert message in str(caught.value)
    assert ";" in str(caught.value)


def test_flipped_bytes_of_an_inspect_log_are_said(tmp_path: Path) -> None:
    draw = random.Random(2)
    path = tmp_path / "log.eval"
    for method in (zipfile.ZIP_DEFLATED, 93):
        whole = zipped(method)
        for _ in range(200):
            data = bytearray(whole)
            data[draw.randrange(40, len(data))] = draw.randrange(256)
            path.write_bytes(bytes(data))
            assert ";" in said(path)


def test_an_encrypted_member_and_a_log_that_failed(tmp_path: Path) -> None:
    data = bytearray(zipped())
    at = data.rfind(b"PK\x01\x02", 0, data.index(b"samples/call", data.index(b"PK\x01\x02")))
    data[at + 8] |= 1
    path = tmp_path / "log.eval"
    path.write_bytes(bytes(data))
    with pytest.raises(LogError, match="cannot be unpacked; copy the log again"):
        read(path)
    header = json.dumps({"version": 2, "status": "error", "eval": {"task": "t"}}).encode()
    path.write_bytes(zipped(**{"header.json": header}))
    report = logs.Report()
    assert len(list(logs.read([str(path)], report=report))) == 1
    assert dict(report.notes) == {"logs that ended as 'error': their finished samples were read": 1}


# --- zstd


def test_zstd_whole_in_frames_and_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = stm().encode()
    path = tmp_path / "call.stm.zst"
    half = text.index(b"\n", len(text) // 2) + 1
    for data in (
        zstandard.compress(text),
        zstandard.compress(text[:half]) + zstandard.compress(text[half:]),
        zstandard.ZstdCompressor(write_content_size=False).compress(text),
    ):
        path.write_bytes(data)
        assert same(read(path)[0])
    path.write_bytes(zstandard.compress(text)[:-9])
    with pytest.raises(LogError, match="the zstd file ends early; copy or pack it again"):
        read(path)
    path.write_bytes(zstandard.compress(text) + b"rest")
    with pytest.raises(LogError, match="is no sound zstd file"):
        read(path)
    path.write_bytes(zstandard.compress(text + b" " * 80 * 1024**2))
    with pytest.raises(LogError, match="unpacks to over 250 times its size; no dialogue log does"):
        read(path)
    monkeypatch.setattr(_bytes, "WINDOW", 1 << 10)
    path.write_bytes(zstandard.ZstdCompressor(level=19).compress(random.Random(1).randbytes(1 << 21)))
    with pytest.raises(LogError, match="is no sound zstd file"):
        read(path)


@pytest.mark.parametrize(
    ("module", "name", "data", "extra"),
    [
        ("zstandard", "a.zst", zstandard.compress(b"x"), "formats"),
        ("zstandard", "a.eval", zipped(93), "formats"),
        ("pyarrow", "a.parquet", b"PAR1....", "parquet"),
        ("pylangacq", "a.cha", b"@UTF8\n@Begin\n*A:\thi .\n@End\n", "formats"),
    ],
)
def test_a_library_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, data: bytes, extra: str
) -> None:
    (tmp_path / name).write_bytes(data)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'convalign\[{extra}\]'"):
        read(tmp_path / name)


def test_a_data_set_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written("messages", "parquet")

    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(whole))

    monkeypatch.setattr(sys, "stdin", Stdin)
    report = logs.Report()
    (found,) = logs.read("-", report=report)
    assert same(found)
    assert report.sources[0].bytes == len(whole)


# --- files beside a log


def test_words_of_a_ctm_file_go_into_the_turns_of_an_rttm_file(tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_text(rttm(), encoding="utf-8")
    assert [turn.text for turn in read(tmp_path / "call.rttm")[0].turns] == [None] * 3
    (tmp_path / "call.ctm").write_text(ctm().replace(" B ", " A "), encoding="utf-8")
    for given in ("call.rttm", "call.ctm", ""):
        report = logs.Report()
        (found,) = logs.read([str(tmp_path / given)], report=report)
        assert same(found)
        assert (
            sorted(Path(one.path).name for one in report.sources)
            == ["call.ctm", "call.rttm"] + (["call.ctm"] if not given else [])
            or not given
        )
    (tmp_path / "call.ctm").write_text(ctm() + "call A 90 .1 late .5\n", encoding="utf-8")
    report = logs.Report()
    list(logs.read([str(tmp_path / "call.rttm")], report=report))
    assert dict(report.notes) == {"words outside every turn were left out": 1}


def test_an_stm_file_is_the_fuller_log(tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_text(rttm(), encoding="utf-8")
    (tmp_path / "call.stm").write_text(stm(), encoding="utf-8")
    report = logs.Report()
    (found,) = logs.read([str(tmp_path)], report=report)
    assert same(found)
    assert dict(report.notes) == {"RTTM files beside an STM file of their name were left to it": 1}
    assert same(read(tmp_path / "call.rttm")[0])


def test_overlapping_turns_share_words_by_channel_then_by_the_last_that_began(tmp_path: Path) -> None:
    turns = ("a 1 0 4", "b {} 1 1")
    for channel, expected in ((1, ["one three", "two"]), (2, ["one two three", ""])):
        lines = [turn.format(channel).split() for turn in turns]
        (tmp_path / "x.rttm").write_text(
            "".join(
                f"SPEAKER x {ch} {start} {long} <NA> <NA> {who} <NA>\n" for who, ch, start, long in lines
            ),
            encoding="utf-8",
        )
        words = ((0.2, "one"), (1.4, "two"), (3.0, "three"))
        (tmp_path / "x.ctm").write_text("".join(f"x 1 {t} .2 {w}\n" for t, w in words), encoding="utf-8")
        assert [turn.text for turn in read(tmp_path / "x.rttm")[0].turns] == expected


def test_nothing_outside_the_given_folder_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "call.rttm").write_text(rttm(), encoding="utf-8")
    (tmp_path / "call.ctm").write_text(ctm(), encoding="utf-8")
    (inside / "call.ctm").symlink_to(tmp_path / "call.ctm")
    (found,) = read(inside / "call.rttm")
    assert [turn.text for turn in found.turns] == [None] * 3


def test_a_harper_valley_folder_with_ratings_and_sound(tmp_path: Path) -> None:
    from test_logs_formats import harper

    for name in ("data/transcript", "data/metadata", "data/audio/agent", "data/audio/caller"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "data/transcript/0a.json").write_text(harper(), encoding="utf-8")
    (tmp_path / "data/metadata/0a.json").write_text('{"sid": "0a", "nps": 4}', encoding="utf-8")
    tone = (0.3 * np.sin(2 * np.pi * 200 * np.arange(8_000 * 6) / 8_000)).astype(np.float32)
    for role in ("agent", "caller"):
        soundfile.write(tmp_path / "data/audio" / role / "0a.wav", tone, 8_000)
    (found,) = read(tmp_path)
    assert (found.id, found.meta["nps"], found.root) == ("0a", 4, str(tmp_path))
    assert [turn.audio.path for turn in found.turns if turn.audio] == [
        "data/audio/caller/0a.wav", "data/audio/agent/0a.wav", "data/audio/caller/0a.wav",
    ]  # fmt: skip
    heard = convalign.score([found], dimensions=["prosodic"], turns=True)
    assert any(row.metric == "pitch" and row.value is not None for row in heard)
    report = logs.Report()
    (alone,) = logs.read([str(tmp_path / "data/transcript/0a.json")], report=report)
    assert alone.meta == {}
    assert any("give the folder that holds transcript and audio" in note for note, _ in report.notes)


# --- options


def tiers() -> str:
    """A TextGrid with a tier of words per speaker and one of phrases."""

    def tier(name: str, rows: list[tuple[float, float, str]]) -> str:
        body = "".join(f'{a}\n{b}\n"{label}"\n' for a, b, label in rows)
        return f'"IntervalTier"\n"{name}"\n0\n9\n{len(rows)}\n{body}'

    ann = [(0.0, 0.4, "where"), (0.4, 0.8, "to"), (0.8, 3.5, ""), (3.5, 3.9, "home"), (6.4, 6.8, "now")]
    bob = [(1.0, 1.4, "to"), (1.4, 1.8, "the"), (1.8, 2.2, "bridge")]
    made = [tier("w1", ann), tier("w2", bob), tier("phrases", [(0.0, 3.9, "where to home and now")])]
    return f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n9\n<exists>\n3\n{"".join(made)}'


def test_tiers_of_words_become_turns_when_named(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(tiers(), encoding="utf-8")
    (found,) = read(path, tiers={"user": "w1", "agent": "w2"})
    assert [(t.speaker, t.text) for t in found.turns] == [
        ("user", "where to"), ("agent", "to the bridge"), ("user", "home"), ("user", "now"),
    ]  # fmt: skip
    assert found.roles == {"user": "user", "agent": "agent"}
    (joined,) = read(path, tiers={"user": "w1"}, turn_gap=10.0)
    assert [t.text for t in joined.turns] == ["where to home now"]
    with pytest.raises(LogError, match=r"--tiers user=w9: no such tier; there are: 'w1', 'w2', 'phrases'"):
        read(path, tiers={"user": "w9"})


def test_tiers_of_elan_that_refer_to_others_take_their_times(tmp_path: Path) -> None:
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="t{k}" TIME_VALUE="{1000 * k}"/>' for k in range(4))

    def aligned(name: str, k: int, text: str) -> str:
        return (
            f'<TIER TIER_ID="{name}"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}0" '
            f'TIME_SLOT_REF1="t{k}" TIME_SLOT_REF2="t{k + 1}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
            "</ALIGNABLE_ANNOTATION></ANNOTATION></TIER>"
        )

    gloss = (
        '<TIER TIER_ID="gloss" PARENT_REF="A"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="g" ANNOTATION_REF="A0">'
        "<ANNOTATION_VALUE>good day</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>"
    )
    head = '<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR RELATIVE_MEDIA_URL="./call.wav"/></HEADER>'
    path = tmp_path / "a.eaf"
    body = aligned("A", 0, "guten Tag") + aligned("B", 1, "hallo") + gloss
    path.write_text(f"{head}<TIME_ORDER>{slots}</TIME_ORDER>{body}</ANNOTATION_DOCUMENT>", encoding="utf-8")
    assert [t.text for t in read(path)[0].turns] == ["guten Tag", "hallo"]
    assert read(path)[0].audio is None
    (tmp_path / "call.wav").touch()
    (found,) = read(path, tiers={"user": "gloss", "agent": "B"})
    assert [(t.speaker, t.text, t.start_s) for t in found.turns] == [
        ("user", "good day", 0.0), ("agent", "hallo", 1.0),
    ]  # fmt: skip
    assert found.audio is not None
    assert found.audio.path == "call.wav"


def test_remarks_and_durations_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "# made by hand\n#\n\nspeaker,text,start_ms,duration_ms\nA,hi,500,1300\n", encoding="utf-8"
    )
    (found,) = read(path)
    assert [(t.start_s, t.end_s) for t in found.turns] == [(0.5, 1.8)]
    path.write_text("#,speaker,text\n1,A,hi\n", encoding="utf-8")
    assert [t.text for t in read(path)[0].turns] == ["hi"]


@pytest.mark.parametrize(
    "document",
    [
        [{"dialog": [{"speaker": w, "content": t, "annotation": {}} for w, t, _, _ in SAID], "topic": "x"}],
        {"call": [{"speaker": w, "utterance": t} for w, t, _, _ in SAID]},
        [{"who": None, "participant": w, "message": t} for w, t, _, _ in SAID],
        {"dialogue_id": "call", "turns": [{"speaker": w, "utterance": t} for w, t, _, _ in SAID]},
    ],
)
def test_plain_json_in_its_forms(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "call.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert same(read(path)[0])


def test_one_row_a_line_follows_the_rules_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    lines = [{"call_id": f"c{k}", "speaker": w, "text": t} for k in (1, 2) for w, t, _, _ in SAID]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    assert [(one.id, same(one)) for one in read(path)] == [("c1", True), ("c2", True)]
    path.write_text("".join(json.dumps(one) + "\n" for one in (*lines, lines[0])), encoding="utf-8")
    with pytest.raises(LogError, match=r"calls\.jsonl:7: column 'call_id': 'c1' stood at lines 1-3 already"):
        read(path)
