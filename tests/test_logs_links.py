"""Archives, links, pipes, devices: nothing outside what was named is read or written, and nothing waits."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example
import numpy as np
import pytest

import convalign
from convalign import audio, files, logs, rubric, study
from convalign.affect import load
from convalign.cli import main
from convalign.dialogue import AudioSegment, Dialogue, Turn
from convalign.dimensions.lexical import terms
from convalign.errors import ConvalignError, LogError, UsageError
from convalign.limits import time_limit
from convalign.review import probes
from convalign.scores import Score, read_rows, write_text

SAMPLE = json.dumps(
    {
        "id": "call",
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
    }
).encode()
HEADER = json.dumps({"version": 2, "status": "success", "eval": {"task": "t"}}).encode()
SECRET = "the secret of another folder"


def log(path: Path, name: str = "d") -> Path:
    """A small log."""
    turns = [{"speaker": "a", "text": "hello"}, {"speaker": "b", "text": "hello there"}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"id": name, "turns": turns}) + "\n", encoding="utf-8")
    return path


def refused(do: Callable[[], Any]) -> str:
    """The message of what is refused; it must come by itself, so an alarm tells a wait from an answer."""
    with time_limit(30), pytest.raises(ConvalignError) as caught:
        do()
    return str(caught.value)


def read(*paths: Path, **options: Any) -> list[Dialogue]:
    return list(logs.read(list(paths), logs.ReadOptions(**options)))


def everything(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- archives


def packed(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An Inspect log with further members."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        for name, data in (("header.json", HEADER), ("samples/call_epoch_1.json", SAMPLE), *members):
            file.writestr(name, data)
    return sink.getvalue()


def linked(name: str, to: str) -> tuple[zipfile.ZipInfo, bytes]:
    """A member that is a symbolic link."""
    one = zipfile.ZipInfo(name)
    one.create_system = 3
    one.external_attr = (stat.S_IFLNK | 0o777) << 16
    return one, to.encode()


@pytest.mark.parametrize(
    "name",
    ["../../out.json", "/tmp/convalign-out.json", "samples/../../out.json", "samples/..\\..\\out.json"],
)
def test_members_with_a_way_out_write_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in" / "log.eval"
    path.parent.mkdir()
    path.write_bytes(packed((name, SAMPLE.replace(b'"call"', b'"other"'))))
    before = everything(tmp_path)
    try:
        ids = [one.id for one in read(path)]
    except LogError:
        ids = []
    assert set(ids) <= {"t/call#1", "t/other#1"}
    assert everything(tmp_path) == before
    assert not Path("/tmp/convalign-out.json").exists()


@pytest.mark.parametrize("place", ["samples/b_epoch_1.json", "header.json", "_journal/start.json"])
def test_a_member_that_is_a_link_is_bytes_and_leads_nowhere(tmp_path: Path, place: str) -> None:
    (tmp_path / "secret.json").write_text(json.dumps({"messages": SECRET}), encoding="utf-8")
    path = tmp_path / "in" / "log.eval"
    path.parent.mkdir()
    members = [("samples/call_epoch_1.json", SAMPLE), linked(place, "../secret.json")]
    if place != "header.json":
        members.insert(0, ("header.json", HEADER))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        for name, data in members:
            file.writestr(name, data)
    path.write_bytes(sink.getvalue())
    if place == "_journal/start.json":  # the header that is there is enough
        assert [one.id for one in read(path)] == ["t/call#1"]
        return
    message = refused(lambda: read(path))
    assert f"{place}:1: column 1: not JSON" in message
    assert SECRET not in message


# --- links


def test_links_that_turn_in_circles_end(tmp_path: Path) -> None:
    root = tmp_path / "logs"
    log(root / "a.jsonl")
    (root / "deep").mkdir()
    for name, to in {"self": ".", "deep/up": "..", "deep/round": "../deep", "x": "x"}.items():
        (root / name).symlink_to(to)
    with time_limit(30):
        assert [one.id for one in read(root)] == ["d"]
    assert "too many levels of symbolic links" in refused(lambda: read(root / "x"))


@pytest.mark.parametrize("name", ["speakers.json", "conversations.json"])
def test_a_companion_that_leads_out_is_not_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / "corpus"
    root.mkdir()
    rows = [
        {"id": str(k), "conversation_id": "0", "speaker": who, "text": "x", "reply-to": None, "timestamp": k}
        for k, who in enumerate("ab")
    ]
    (root / "utterances.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    said = {key: {"role": SECRET, "meta": {"role": SECRET, "note": SECRET}} for key in ("a", "b", "0")}
    (tmp_path / name).write_text(json.dumps(said), encoding="utf-8")
    (root / name).write_text(json.dumps(said), encoding="utf-8")
    assert SECRET in repr(read(root / "utterances.jsonl"))  # inside the folder it is read
    (root / name).unlink()
    (root / name).symlink_to(f"../{name}")
    for given in (root / "utterances.jsonl", root):
        assert SECRET not in repr(read(given))


@pytest.mark.parametrize("link", ["call.wav", "a/call.wav", "call.a.wav", "a"])
def test_found_sound_that_leads_out_is_refused(tmp_path: Path, link: str) -> None:
    sound = tmp_path / "sound"
    (sound / "a").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "call.wav").touch()
    if link == "a":
        (sound / "a").rmdir()
    (sound / link).symlink_to(tmp_path / "out" / ("" if link == "a" else "call.wav"))
    path = log(tmp_path / "logs" / "x.jsonl", "call")
    message = refused(lambda: read(path, audio_dir=sound))
    assert "is a link out of its folder" in message


def test_a_parquet_file_that_leads_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    table = pyarrow.table({"dialogue": ["p", "p"], "speaker": ["a", "b"], "text": [SECRET, "x"]})
    parquet.write_table(table, tmp_path / "out.parquet")
    log(tmp_path / "set" / "a.jsonl")
    (tmp_path / "set" / "b.parquet").symlink_to("../out.parquet")
    report = logs.Report()
    assert [one.id for one in logs.read(tmp_path / "set", report=report)] == ["d"]
    assert dict(report.notes) == {"links that leave the folder were not followed": 1}


def test_runs_and_logs_are_written_beside_a_link_and_never_through_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in example.records(3, turns=4)), encoding="utf-8")
    (tmp_path / "there").mkdir()
    (tmp_path / "run").symlink_to("there")
    verb = ["score", str(path), "--dimensions", "lexical", "--jobs", "1", "-o"]
    assert main([*verb, str(tmp_path / "run")]) == 2
    assert "run: is a link; name the folder that it leads to, or a new one" in capsys.readouterr().err
    # what an unpacked archive may have left at the names that writing goes through
    victim = tmp_path / "victim"
    victim.write_text(SECRET, encoding="utf-8")
    for name in (".b.jsonl.part", ".text.part", ".part.b.wav"):
        (tmp_path / name).symlink_to("victim")
    assert main(["convert", str(path), "-o", str(tmp_path / "b.jsonl")]) == 0
    write_text(tmp_path / "text", "x")
    audio.write(tmp_path / "b.wav", np.zeros(800, np.float32), 8000)
    assert victim.read_text(encoding="utf-8") == SECRET
    assert not (tmp_path / "b.jsonl").is_symlink()
    # the folder in which a run is made
    (tmp_path / ".new.unfinished").symlink_to("there")
    assert main([*verb, str(tmp_path / "new")]) == 3
    assert ".new.unfinished: is a link, or somebody else's; remove it" in capsys.readouterr().err
    (tmp_path / ".new.unfinished").unlink()
    (tmp_path / ".new.unfinished").mkdir()
    (tmp_path / ".new.unfinished" / "lock").symlink_to(victim)
    assert main([*verb, str(tmp_path / "new")]) == 3
    assert victim.read_text(encoding="utf-8") == SECRET
    assert not any((tmp_path / "there").iterdir())


# --- pipes and devices

PIPE = "is a pipe or a device"


def pipe(folder: Path, name: str) -> Path:
    """A pipe into which nobody writes: whoever opens it waits."""
    folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(folder / name)
    return folder / name


@pytest.mark.parametrize("form", [None, "csv", "canonical", "parquet", "inspect", "chat"])
def test_a_pipe_or_a_device_is_no_log(tmp_path: Path, form: str | None) -> None:
    for path in (pipe(tmp_path, "a.jsonl"), Path("/dev/zero")):
        message = refused(lambda path=path: read(path, format=form))
        assert message == f"{path}: {PIPE}; give what comes out of it as - (standard input)"


def test_pipes_and_devices_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "logs"
    log(root / "a.jsonl")
    pipe(root, "b.jsonl")
    (root / "c.jsonl").symlink_to("/dev/zero")
    with time_limit(30):
        assert [one.id for one in read(root)] == ["d"]


def test_companions_and_sound_that_are_pipes_are_not_opened(tmp_path: Path) -> None:
    root = tmp_path / "logs"
    path = log(root / "a.jsonl", "call")
    sound = tmp_path / "sound"
    pipe(sound, "call.wav")
    with time_limit(30):
        (dialogue,) = read(path, audio_dir=sound)
        said = [message for _, _, message in audio.turns(dialogue)]
    assert {message for message in said if message} <= {"call.wav is no plain file; name a sound file"}
    turn = Turn("a", "x", 0.0, 1.0, AudioSegment("zero.wav", None, 0.0, 1.0))
    (sound / "zero.wav").symlink_to("/dev/zero")
    (heard,) = audio.turns(Dialogue("d", (turn,), root=str(sound)))
    assert heard[0].reason == "audio unreadable"
    assert "leads out of" in str(heard[2])
    pipe(root, "b.ctm")
    (root / "b.rttm").write_text("SPEAKER b 1 0.5 1 <NA> <NA> A <NA> <NA>\n", encoding="utf-8")
    with time_limit(30):
        assert [turn.text for turn in read(root / "b.rttm")[0].turns] == [None]


SMALL: dict[str, Callable[[Path], Any]] = {
    "rubric.json": rubric.load,
    "study.json": study.load,
    "terms.txt": terms.read_terms,
    "probe.jsonl": lambda path: probes.read_probe(path, {"a": "a"}),
    "affect.json": lambda path: load(str(path)),
    "dialogues.jsonl": lambda path: list(read_rows(path, Score)),
    "convalign.toml": lambda path: main(["--config", str(path), "dimensions"]),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_files_are_plain_and_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        if name != "convalign.toml":
            return refused(lambda: SMALL[name](tmp_path / name))
        with time_limit(30):
            assert SMALL[name](tmp_path / name) in (2, 3)
        return capsys.readouterr().err

    expected = (
        f"{name}: {PIPE}, no plain file" if name != "affect.json" else "affect.json'; there are: default"
    )
    pipe(tmp_path, name)
    assert expected in said()
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert expected in said()
    if name in ("probe.jsonl", "dialogues.jsonl"):
        return  # read a line at a time
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(b"x" * 100)
    monkeypatch.setattr(files.readable, "__kwdefaults__", {"most": 99})
    assert f"{name}: has over 99 bytes" in said()


DEEP = "[" * 100_000


@pytest.mark.parametrize("name", [one for one in SMALL if one not in ("terms.txt", "convalign.toml")])
def test_brackets_in_brackets_are_said(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(DEEP, encoding="utf-8")
    assert "\n" not in refused(lambda: SMALL[name](tmp_path / name))


def test_a_folder_of_very_many_empty_files_is_walked_and_said(tmp_path: Path) -> None:
    for k in range(10_000):
        (tmp_path / f"{k}.txt").touch()
    assert refused(lambda: read(tmp_path)) == (
        f"{tmp_path}: holds no log (10000 files looked at); convalign formats lists what can be read"
    )
    (tmp_path / "5.jsonl").touch()
    assert refused(lambda: read(tmp_path)) == (
        f"{tmp_path / '5.jsonl'}: is empty; give a log with at least one dialogue"
    )


# --- models


@pytest.mark.parametrize("weights", ["pytorch_model.bin", "model.pt", "model.pkl", "tf_model.h5"])
def test_a_folder_with_pickled_weights_is_refused_unopened(tmp_path: Path, weights: str) -> None:
    # a pickle that would tell on itself
    (tmp_path / weights).write_bytes(b"cos\nmkdir\n(S'" + str(tmp_path / "ran").encode() + b"'\ntR.")
    for name, text in {"config.json": "{}", "tokenizer.json": "{}", "affect.json": "{}"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"has no model\.onnx; a model folder holds model\.onnx, tok"):
        load(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_weights_that_lie_outside_a_model_folder_are_not_read(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(b"\0" * 64)
    weight = onnx.TensorProto(name="w", data_type=1, dims=[16], data_location=1)
    for key, value in {"location": "../outside.bin", "offset": "0", "length": "64"}.items():
        weight.external_data.add(key=key, value=value)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["w"], ["logits"])],
        "g",
        [onnx.helper.make_tensor_value_info(n, 7, ["n", "t"]) for n in ("input_ids", "attention_mask")],
        [onnx.helper.make_tensor_value_info("logits", 1, [16])],
        [weight],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(made.SerializeToString())
    shipped = convalign.affect.folder()
    for name in ("tokenizer.json", "affect.json"):
        text = json.loads((shipped / name).read_text(encoding="utf-8"))
        text.pop("sha256", None)
        (folder / name).write_text(json.dumps(text), encoding="utf-8")
    assert "cannot be opened" in refused(lambda: load(str(folder)))
