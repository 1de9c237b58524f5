"""Logs at addresses, and lines of progress."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import example
import pytest

from convalign import logs
from convalign.cli import main
from convalign.cli.terminal import Lines
from convalign.errors import LogError, MissingExtraError

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def text() -> bytes:
    return "".join(json.dumps(one) + "\n" for one in example.records()).encode()


def test_a_file_at_an_address_reads_as_a_file(tmp_path: Path, memory: Any) -> None:
    example.write(tmp_path / "calls.jsonl", example.records())
    memory.pipe("/bucket/calls.jsonl", text())
    report = logs.Report()
    assert list(logs.read("memory://bucket/calls.jsonl", report=report)) == list(
        logs.read(tmp_path / "calls.jsonl")
    )
    assert [(one.path, one.bytes) for one in report.sources] == [("memory://bucket/calls.jsonl", len(text()))]


def test_a_folder_at_an_address_is_walked(memory: Any) -> None:
    memory.pipe("/bucket/b/calls.jsonl.gz", gzip.compress(text()))
    memory.pipe("/bucket/.hidden/calls.jsonl", b"{")
    memory.pipe("/bucket/notes.md", b"# no log\n")
    report = logs.Report()
    assert len(list(logs.read("memory://bucket", report=report))) == len(example.records())
    assert dict(report.notes) == {"files of a folder that are no log were left out": 1}


def test_sound_elsewhere_is_not_fetched(memory: Any) -> None:
    record = {"id": "d", "turns": [{"speaker": "a", "text": "x"}], "audio": {"path": "calls/../d.wav"}}
    memory.pipe("/bucket/d.jsonl", json.dumps(record).encode())
    report = logs.Report()
    (dialogue,) = logs.read("memory://bucket/d.jsonl", report=report)
    assert dialogue.audio is None
    assert any("is not fetched; copy it here and say --audio" in note for note, _ in report.notes)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("memory://bucket/none.jsonl", "no such file or folder; name a log"),
        ("nowhere://bucket", "Protocol not known: nowhere; s3://, gs://, https:// and others are known"),
    ],
)
def test_what_is_not_there_is_said(address: str, message: str) -> None:
    with pytest.raises(LogError, match=re.escape(f"{address}: {message}")):
        list(logs.read(address))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"is an address; pip install 'convalign\[remote\]'"):
        list(logs.read("memory://bucket/calls.jsonl"))


def test_a_run_from_a_server_on_this_machine(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "www").mkdir()
    example.write(tmp_path / "www" / "calls.jsonl", example.records())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/calls.jsonl"
        out = tmp_path / "run"
        command = ["score", address, "-o", str(out), "--dimensions", "lexical", "--quiet"]
        assert main(command) in (0, 4)
        server.shutdown()
    assert json.loads((out / "run.json").read_text())["inputs"][0]["path"] == address


def test_progress_is_a_line_a_minute_with_rate_and_time_left() -> None:
    stream, now = io.StringIO(), [0.0]
    tell = Lines(stream, lambda: now[0])
    for second in range(0, 200, 10):
        now[0] = float(second)
        tell("scored", 50 * second, 90_000)
    now[0] = 300.0
    tell("drawing", 0, None)
    assert stream.getvalue().splitlines() == [
        "scored 3,000 of 90,000 dialogues, 50 a second, 29 min 00 s left",
        "scored 6,000 of 90,000 dialogues, 50 a second, 28 min 00 s left",
        "scored 9,000 of 90,000 dialogues, 50 a second, 27 min 00 s left",
        "drawing",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_verbs_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("intervene", "resume", "rubric"):
        assert word in script
    if shell == "bash":
        asked = "COMP_WORDS=(convalign sc); COMP_CWORD=1; _shtab_convalign; echo ${COMPREPLY[*]}"
        done = subprocess.run(
            ["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["score", "schema"]
