"""Whatever happens on the way, a resumed run is the run that nothing happened to: none lost, none twice.

Each fault strikes as often as time allows in the tests, and as long as one likes with `make soak`.
"""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import example
import faults
import pytest
from faults import content, drive, gone, made, one_line, resumed, said, undisturbed, unfinished, workers

from convalign import logs
from convalign.errors import LogError, RunError
from convalign.limits import time_limit
from convalign.scale import Work, open_run, score_to_run, scored, shards
from convalign.scale.engines import isolated
from convalign.scale.kernel import Task
from convalign.scoring import scorers

KILLS = 10


def run(log: Path, out: Path, how: Work | None = None, **options: Any) -> Path:
    chosen = scorers(["lexical"], {"surrogates": 6, **options})
    score_to_run([str(log)], out, chosen, read=logs.ReadOptions(), report=logs.Report(), how=how or Work())
    return out


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return example.write(tmp_path / "log.jsonl", faults.records())


# --- killed


def test_the_parent_may_be_killed_at_any_moment(tmp_path: Path, draw: random.Random) -> None:
    log, out = faults.written(tmp_path, draw), tmp_path / "run"
    expected = undisturbed(log)
    kills, stages = 0, Counter[str]()
    while kills < KILLS:
        process = drive(log, out, "--resume", "--jobs", str(draw.choice((1, 2))))
        # After so many more files, and a moment that may fall into anything.
        wanted = made(out) + draw.randrange(1, len(example.rows(log)) // 10)
        while process.poll() is None and made(out) < wanted:
            time.sleep(0.002)
        time.sleep(draw.uniform(0, 0.02))
        left = workers(process)
        process.kill()
        assert process.wait() in (0, -signal.SIGKILL), said(out)
        assert all(gone(one) for one in left), "a worker outlived its parent"
        if out.exists():
            # It was whole before the kill, which does not count.
            assert content(out) == expected
            shutil.rmtree(out)
        else:
            assert made(out), "killed before it began"
            kills += 1
            stages["scored" if made(out, "rows") else "observed" if made(out, "seen") else "read"] += 1
    assert len(stages) > 1, f"all kills fell into one stage: {stages}"
    assert resumed(log, out) == expected
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_workers_may_be_killed(tmp_path: Path, draw: random.Random) -> None:
    log, out = faults.written(tmp_path, draw), tmp_path / "run"
    expected = undisturbed(log)
    kills = 0
    while kills < KILLS:
        shutil.rmtree(out, ignore_errors=True)
        process = drive(log, out, "--jobs", "2")
        wanted = 1
        while process.poll() is None:
            there = workers(process)
            if there and kills < KILLS and made(out, "seen") + made(out, "rows") >= wanted:
                time.sleep(draw.uniform(0, 0.02))
                with suppress(ProcessLookupError):
                    os.kill(draw.choice(there), signal.SIGKILL)
                    kills += not out.exists()
                    wanted = made(out, "seen") + made(out, "rows") + draw.randrange(10)
            time.sleep(0.005)
        assert process.wait() == 0, said(out)
        assert content(out) == expected


def test_dialogues_that_kill_are_found_by_halves() -> None:
    task = Task("nowhere", 0, 11, (), (), None)
    tried = []

    def survives(one: Task) -> bool:
        tried.append(one.only)
        return not {3, 8} & set(one.only or range(11))

    assert isolated(task, survives).dead == {3, 8}
    assert len(tried) < 22


# --- dialogues that kill, swell or never end


DEADLY = """
import os, time
from convalign.dimensions import lexical

real = lexical.observe

def deadly(dialogues, settings):
    if any((t.text or "").endswith(WORD) for d in dialogues for t in d.turns):
        DEED
    return real(dialogues, settings)

lexical.observe = deadly
"""


def deadly(log: Path, place: int, deed: str, *options: str) -> tuple[Path, dict[str, set[str | None]]]:
    """A run in which one dialogue does something; the reasons of each dialogue's rows."""
    # Every turn ends with the number of its dialogue.
    program = DEADLY.replace("WORD", repr(f" number {place}")).replace("DEED", deed)
    # A worker that dies is tried again several times: small shards are soon found out.
    program += faults.COMMAND.replace("= 5, ", "= 2, ")
    script, out = log.parent / "deadly.py", log.parent / "run"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), "score", str(log), "-o", str(out), *faults.OPTIONS, *options],
        capture_output=True, text=True, check=False, timeout=faults.PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, set[str | None]] = {}
    for row in open_run(out).scores():
        found.setdefault(row.dialogue, set()).add(row.reason if row.status == "unscored" else None)
    assert len(found) == len(example.rows(log))
    return out, found


def test_a_dialogue_that_kills_its_worker_is_left_out_by_name(log: Path, draw: random.Random) -> None:
    place = draw.randrange(40)
    out, found = deadly(log, place, "os.kill(os.getpid(), 9)", "--jobs", "2")
    assert found[f"d{place:03d}"] == {"worker died"}
    assert [name for name, reasons in found.items() if "worker died" in reasons] == [f"d{place:03d}"]
    info = open_run(out).info
    assert info["counts"]["unscored"]["lexical"] == {"worker died": 1}
    wanted = f"d{place:03d}: lexical: the process that worked on it alone was killed"
    assert any(wanted in message for message in info["messages"])


def test_a_dialogue_that_needs_too_much_memory_is_left_out(log: Path, draw: random.Random) -> None:
    place = draw.randrange(40)
    out, found = deadly(log, place, "b'x' * (8 << 30)", "--jobs", "1", "--worker-memory", "2000")
    assert [name for name, reasons in found.items() if "failed" in reasons] == [f"d{place:03d}"]
    assert any(f"d{place:03d}: lexical: MemoryError" in m for m in open_run(out).info["messages"])


def test_a_dialogue_that_takes_for_ever_is_left_out(log: Path, draw: random.Random) -> None:
    place = draw.randrange(40)
    _, found = deadly(log, place, "time.sleep(1000)", "--jobs", str(draw.choice((1, 2))), "--timeout", "2")
    assert [name for name, reasons in found.items() if "timed out" in reasons] == [f"d{place:03d}"]


def test_a_regular_expression_that_never_ends_is_timed_out(tmp_path: Path) -> None:
    words = {"ann": "hello lamp", "bot": "a" * 40}
    turns = [{"speaker": name, "text": words[name]} for name in ("ann", "bot") * 3]
    example.write(tmp_path / "log.jsonl", [{"id": "d", "turns": turns, "meta": {"language": "en"}}])
    found = run(tmp_path / "log.jsonl", tmp_path / "run", Work(timeout_s=0.3), pattern="(a+)+b")
    assert {row.reason for row in open_run(found).scores()} == {"timed out"}


def test_the_limit_of_time_is_taken_back() -> None:
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    with pytest.raises(TimeoutError, match=r"took over 0\.05 s"), time_limit(0.05):
        time.sleep(5)


# --- disks


def test_a_full_disk_is_said_and_resumed(tmp_path: Path, draw: random.Random) -> None:
    """No file may grow beyond a size, which is larger each time: the run gets further, never to its end."""
    log, out = faults.written(tmp_path, draw, 60), tmp_path / "run"
    expected = undisturbed(log)
    largest = max(len(part) for part in expected.values())
    stopped = Counter[str]()
    # The lock, a shard that is read, whatever comes then, and the largest table.
    limits = (0, draw.randrange(20, 1000), draw.randrange(1000, largest), largest - 1)
    for limit in limits:

        def little(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        # What the process says goes through a pipe: a file would be cut off too.
        process = drive(
            log, out, "--resume", "--jobs", str(draw.choice((1, 2))),
            stderr=subprocess.PIPE, preexec_fn=little,
        )  # fmt: skip
        message = one_line(process.communicate(timeout=faults.PATIENCE_S)[1].decode())
        assert process.returncode == 3, (limit, message)
        assert message.endswith("; make room and go on with --resume\n"), (limit, message)
        assert not out.exists()
        stopped[message.partition(": file too large")[0].rpartition(".")[2]] += 1
    assert len(stopped) > 2, stopped
    assert resumed(log, out) == expected


def test_a_full_disk_when_the_tables_are_put_together(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(run(log, tmp_path / "undisturbed"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for owner, name in ((shards.File, "copy"), (scored, "write_text")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, full)
            with pytest.raises(RunError, match="no space left on device; make room and go on with --resume"):
                run(log, tmp_path / "run", Work(resume=True))
        assert not (tmp_path / "run").exists()
    assert content(run(log, tmp_path / "run", Work(resume=True))) == expected


def test_an_unreadable_file_in_the_middle(tmp_path: Path, draw: random.Random) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for k in range(3):
        example.write(folder / f"{k}.jsonl", faults.records()[10 * k : 10 * k + 10])
    whole = (folder / "1.jsonl").read_bytes()
    expected = content(run(folder, tmp_path / "undisturbed"))
    line = draw.randrange(10)
    start = sum(len(one) for one in whole.splitlines(keepends=True)[:line])
    (folder / "1.jsonl").write_bytes(whole[: start + draw.randrange(1, 300)])
    with pytest.raises(LogError, match=rf"1\.jsonl:{line + 1}: .*; "):
        run(folder, tmp_path / "run")
    assert not unfinished(tmp_path / "run").exists()
    (folder / "1.jsonl").write_bytes(whole)
    assert content(run(folder, tmp_path / "run", Work(resume=True))) == expected


# --- two writers, clocks


def test_two_writers_of_one_run(tmp_path: Path, draw: random.Random) -> None:
    log, out = faults.written(tmp_path, draw), tmp_path / "run"
    expected = undisturbed(log)
    first = drive(log, out, "--jobs", "2")
    wanted = draw.randrange(1, 60)
    while first.poll() is None and made(out) < wanted:
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGSTOP)
    assert first.poll() is None
    for option in ("--resume", "--force"):
        second = subprocess.run(
            [sys.executable, "-m", "convalign", "score", str(log), "-o", str(out), *faults.OPTIONS, option],
            capture_output=True, text=True, check=False, timeout=faults.PATIENCE_S,
        )  # fmt: skip
        assert second.returncode == 3
        assert f"is being made by process {first.pid}; wait for it" in second.stderr
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait(faults.PATIENCE_S) == 0, said(out)
    assert content(out) == expected


def test_a_lock_that_went_with_its_folder_is_no_lock(log: Path, tmp_path: Path) -> None:
    """The first writer ends, and removes the folder, while the second one already holds its lock open."""
    from convalign.scale.folder import Folder

    first = Folder(tmp_path / "run", resume=True, force=False)
    real = Folder._there

    def late(self: Folder) -> bool:
        if first.path.exists():
            shutil.rmtree(first.path)
        Folder._there = real  # type: ignore[method-assign]
        return real(self)

    Folder._there = late  # type: ignore[method-assign]
    with first, pytest.raises(RunError, match="is being made by process"):
        run(log, tmp_path / "run", Work(resume=True))
    assert run(log, tmp_path / "run").is_dir()


def test_a_clock_that_goes_backwards_leaves_a_run_that_took_time(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(run(log, tmp_path / "undisturbed"))

    class Clock(datetime):
        ticks = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.ticks += 1
            return datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=cls.ticks)

    monkeypatch.setattr(scored, "datetime", Clock)
    made = run(log, tmp_path / "run")
    info = open_run(made).info
    assert info["started_at"] < info["ended_at"]
    assert content(made) == expected


def test_what_a_kill_left_beside_a_whole_run_goes(log: Path, tmp_path: Path) -> None:
    out = run(log, tmp_path / "run")
    (unfinished(out) / "shards-left").mkdir(parents=True)
    run(log, out, Work(resume=True))
    assert not unfinished(out).exists()
