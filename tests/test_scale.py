"""A run is whole or not there, the same to the byte however it was made, whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import example
import pytest

from convalign import logs
from convalign.cli import main
from convalign.dialogue import Dialogue, Turn, from_record
from convalign.errors import RunError, UsageError
from convalign.limits import time_limit
from convalign.scale import Work, open_run, score_to_run, shards
from convalign.scale.engines import isolated
from convalign.scale.kernel import Task
from convalign.scoring import Scorer, scorers
from convalign.surrogates import Pool, Side, side

TABLES = ("dialogues.jsonl", "turns.jsonl", "index.jsonl", "run.json")


def records(count: int = 40) -> list[dict[str, Any]]:
    """Dialogues of which no two are alike."""
    words = "lamp table chair window door garden kettle parcel train ticket paper river bridge".split()
    draw = random.Random(7)
    made = []
    for k in range(count):
        turns = [
            {"speaker": ("ann", "bot")[n % 2], "text": " ".join(draw.choices(words, k=9)) + f" number {k}"}
            for n in range(6)
        ]
        made.append({"id": f"d{k:03d}", "turns": turns, "roles": {"ann": "user", "bot": "agent"}})
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    example.write(path, records())
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of five dialogues."""
    monkeypatch.setattr(shards, "MOST", 5)


def chosen(**options: Any) -> tuple[Scorer, ...]:
    return scorers(["lexical"], {"surrogates": 6, **options})


def run(log: Path, out: Path, how: Work | None = None, **options: Any) -> Path:
    score_to_run(
        [str(log)], out, chosen(**options), read=logs.ReadOptions(), report=logs.Report(), how=how or Work()
    )
    return out


def content(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in TABLES}


# --- the same bytes


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_the_size_of_shards_changes_no_byte(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    expected = content(run(log, tmp_path / "whole"))
    monkeypatch.setattr(shards, "MOST", most)
    assert content(run(log, tmp_path / "cut")) == expected


@pytest.mark.usefixtures("small")
def test_workers_change_no_byte(log: Path, tmp_path: Path) -> None:
    expected = content(run(log, tmp_path / "one"))
    assert content(run(log, tmp_path / "three", Work(jobs=3))) == expected


@pytest.mark.usefixtures("small")
def test_dask_changes_no_byte(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    expected = content(run(log, tmp_path / "one"))
    process = drive(log, tmp_path / "dask", engine="dask", jobs=2)
    assert process.wait(120) == 0, said(tmp_path / "dask")
    assert content(tmp_path / "dask") == expected


DRIVER = """
import json, sys
from pathlib import Path
from convalign import logs
from convalign.scale import Work, score_to_run, shards
from convalign.scoring import scorers

def go():
    shards.MOST = 5
    score_to_run([sys.argv[1]], Path(sys.argv[2]), scorers(["lexical"], {"surrogates": 6}),
                 read=logs.ReadOptions(), report=logs.Report(), how=Work(**json.loads(sys.argv[3])))

if __name__ == "__main__":
    go()
"""
"""A process of its own that makes a run in shards of five."""


def drive(log: Path, out: Path, **how: Any) -> subprocess.Popen[bytes]:
    script = out.parent / "driver.py"
    script.write_text(DRIVER, encoding="utf-8")
    command = [sys.executable, str(script), str(log), str(out), json.dumps(how)]
    with (out.parent / "stderr").open("wb") as stream:
        return subprocess.Popen(command, stderr=stream, start_new_session=True)


def said(out: Path) -> str:
    """What the last driver wrote on stderr."""
    return (out.parent / "stderr").read_text(encoding="utf-8")


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """Worker processes of a driver."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    except OSError:
        return []


def gone(pid: int) -> bool:
    """Whether a process ends within five seconds."""
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


def unfinished(out: Path) -> Path:
    return out.parent / f".{out.name}.unfinished"


# --- stopped and resumed


def test_the_parent_may_be_killed_at_any_moment(log: Path, tmp_path: Path) -> None:
    shards_before = shards.MOST
    shards.MOST = 5
    try:
        expected = content(run(log, tmp_path / "undisturbed"))
    finally:
        shards.MOST = shards_before
    out = tmp_path / "run"
    draw = random.Random(1)
    kills = 0
    for _ in range(10):
        process = drive(log, out, resume=True, jobs=draw.choice((1, 2)))
        # Killed after the first files are there, at a moment that differs from try to try.
        wanted = draw.randrange(1, 16)
        while process.poll() is None and len(list(unfinished(out).glob("0*"))) < wanted:
            time.sleep(0.002)
        left = workers(process)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        assert all(gone(one) for one in left), "a worker outlived its parent"
        if out.exists():
            break
    assert kills
    if not out.exists():
        assert drive(log, out, resume=True).wait(120) == 0, said(out)
    assert content(out) == expected
    assert not unfinished(out).exists()


@pytest.mark.usefixtures("small")
def test_resume_does_not_do_again_what_is_done(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(run(log, tmp_path / "undisturbed"))
    from convalign.scale import kernel

    real, calls = kernel._score, []

    def breaking(task: Task) -> None:
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(task.number)
        real(task)

    monkeypatch.setattr(kernel, "_score", breaking)
    with pytest.raises(KeyboardInterrupt):
        run(log, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    again: list[tuple[str, int]] = []
    monkeypatch.setattr(kernel, "_score", lambda task: (again.append(("score", task.number)), real(task))[1])
    observe = kernel._observe
    monkeypatch.setattr(
        kernel, "_observe", lambda task, *rest: (again.append(("observe", task.number)), observe(task, *rest))
    )
    assert content(run(log, tmp_path / "run", Work(resume=True))) == expected
    assert again == [("score", number) for number in range(3, 8)]


@pytest.mark.usefixtures("small")
def stopped(log: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an unfinished run."""
    from convalign.scale import kernel

    def breaking(task: Task) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_score", breaking)
        with pytest.raises(KeyboardInterrupt):
            run(log, out)


def test_an_unfinished_run_is_neither_taken_nor_dropped_by_itself(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(log, tmp_path / "run", monkeypatch)
    with pytest.raises(UsageError, match="an unfinished run lies beside it; go on with --resume, or drop it"):
        run(log, tmp_path / "run")
    assert run(log, tmp_path / "run", Work(force=True)).is_dir()


def test_another_option_is_refused_by_name(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(log, tmp_path / "run", monkeypatch)
    with pytest.raises(RunError, match=r"had signature\.lexical .*; ask for the same, or use --force"):
        run(log, tmp_path / "run", Work(resume=True), seed=5)
    with pytest.raises(RunError, match=r"had reading\.merge null, not true"):
        score_to_run(
            [str(log)], tmp_path / "run", chosen(), read=logs.ReadOptions(merge=True), report=logs.Report(),
            how=Work(resume=True),
        )  # fmt: skip


@pytest.mark.parametrize("change", ["word", "more", "fewer"])
def test_other_input_is_refused_by_name(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    stopped(log, tmp_path / "run", monkeypatch)
    changed = records(80 if change == "more" else 40)
    if change == "word":
        changed[17]["turns"][2]["text"] += " lamp"
    example.write(log, changed[:20] if change == "fewer" else changed)
    if change == "fewer":
        shards.MOST, before = 5, shards.MOST
        try:
            with pytest.raises(RunError, match=r"input changed|ends earlier"):
                run(log, tmp_path / "run", Work(resume=True))
        finally:
            shards.MOST = before
        return
    with pytest.raises(RunError, match=r"log\.jsonl:\d+: the input changed since the unfinished run began"):
        run(log, tmp_path / "run", Work(resume=True))


def test_sound_that_changed_is_other_input(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"one")
    record = {"id": "d", "turns": [{"speaker": "a", "text": "x"}], "audio": {"path": "a.wav"}}
    dialogue = from_record(record, root=str(tmp_path))
    before = shards.digest([dialogue])
    assert shards.digest([dialogue]) == before
    (tmp_path / "a.wav").write_bytes(b"other")
    assert shards.digest([dialogue]) != before


@pytest.mark.usefixtures("small")
def test_a_damaged_file_is_made_again(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = content(run(log, tmp_path / "undisturbed"))
    stopped(log, tmp_path / "run", monkeypatch)
    for name in ("000002.seen", "000003.in"):
        path = unfinished(tmp_path / "run") / name
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
    (unfinished(tmp_path / "run") / "000004.seen").unlink()
    assert content(run(log, tmp_path / "run", Work(resume=True))) == expected


# --- workers that die


@pytest.mark.usefixtures("small")
def test_workers_may_be_killed(log: Path, tmp_path: Path) -> None:
    example.write(log, records(400))
    expected = content(run(log, tmp_path / "undisturbed"))
    draw = random.Random(3)
    out = tmp_path / "run"
    process = drive(log, out, jobs=2)
    killed = 0
    while process.poll() is None:
        there = workers(process)
        if there and killed < 10 and list(unfinished(out).glob("*.seen")):
            with suppress(ProcessLookupError):
                os.kill(draw.choice(there), signal.SIGKILL)
                killed += 1
            time.sleep(draw.uniform(0.1, 1.5))
        time.sleep(0.01)
    assert process.wait() == 0, said(out)
    assert killed
    assert content(out) == expected


def test_dialogues_that_kill_are_found_by_halves() -> None:
    task = Task("nowhere", 0, 11, (), None)
    tried = []

    def survives(one: Task) -> bool:
        tried.append(one.only)
        return not {3, 8} & set(one.only or range(11))

    assert isolated(task, survives).dead == {3, 8}
    assert len(tried) < 22


KILLER = DRIVER.replace(
    "def go():",
    """
from convalign.dimensions import lexical
from convalign.dimensions.lexical import measure
import os

real = lexical.observe

def deadly(dialogues, settings):
    if any(WORD in (t.text or "") for d in dialogues for t in d.turns):
        DEED
    return real(dialogues, settings)

lexical.observe = deadly

def go():""",
)


def killing(path: Path, word: str, deed: str) -> None:
    path.write_text(KILLER.replace("WORD", repr(word)).replace("DEED", deed), encoding="utf-8")


def rows(run: Path) -> dict[str, set[str | None]]:
    """Reasons of each dialogue's rows."""
    found: dict[str, set[str | None]] = {}
    for row in open_run(run).scores():
        found.setdefault(row.dialogue, set()).add(row.reason if row.status == "unscored" else None)
    return found


def test_a_dialogue_that_kills_its_worker_is_left_out_by_name(log: Path, tmp_path: Path) -> None:
    killing(tmp_path / "kill.py", "number 17", "os.kill(os.getpid(), 9)")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "kill.py"), str(log), str(tmp_path / "run"), '{"jobs": 2}'],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "run")
    assert found["d017"] == {"worker died"}
    assert [name for name, reasons in found.items() if "worker died" in reasons] == ["d017"]
    assert len(found) == 40
    info = open_run(tmp_path / "run").info
    assert info["counts"]["unscored"]["lexical"] == {"worker died": 1}
    assert any("d017: lexical: the process that worked on it alone was killed" in m for m in info["messages"])


def test_a_dialogue_that_needs_too_much_memory_is_left_out(log: Path, tmp_path: Path) -> None:
    killing(tmp_path / "kill.py", "number 9", "b'x' * (8 << 30)")
    done = subprocess.run(
        [
            sys.executable, str(tmp_path / "kill.py"), str(log), str(tmp_path / "run"),
            '{"jobs": 1, "worker_memory_mb": 2000}',
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "run")["d009"] == {"failed"}
    assert any("d009: lexical: MemoryError" in m for m in open_run(tmp_path / "run").info["messages"])


def test_a_dialogue_that_takes_for_ever_is_left_out(log: Path, tmp_path: Path) -> None:
    killing(tmp_path / "slow.py", "number 23", "__import__('time').sleep(1000)")
    done = subprocess.run(
        [
            sys.executable, str(tmp_path / "slow.py"), str(log), str(tmp_path / "run"),
            '{"jobs": 1, "timeout_s": 0.2}',
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "run")
    assert [name for name, reasons in found.items() if "timed out" in reasons] == ["d023"]


def test_a_regular_expression_that_never_ends_is_timed_out(tmp_path: Path) -> None:
    words = {"ann": "hello lamp", "bot": "a" * 40}
    turns = [{"speaker": name, "text": words[name]} for name in ("ann", "bot") * 3]
    example.write(tmp_path / "log.jsonl", [{"id": "d", "turns": turns}])
    run(tmp_path / "log.jsonl", tmp_path / "run", Work(timeout_s=0.3), pattern="(a+)+b")
    assert rows(tmp_path / "run")["d"] == {"timed out"}


def test_the_limit_of_time_is_taken_back() -> None:
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    with pytest.raises(TimeoutError, match=r"took over 0\.05 s"), time_limit(0.05):
        time.sleep(5)


# --- disks, locks, clocks, links


def test_a_full_disk_is_said_and_resumed(log: Path, tmp_path: Path) -> None:
    shards.MOST, before = 5, shards.MOST
    try:
        expected = content(run(log, tmp_path / "undisturbed"))
    finally:
        shards.MOST = before
    (tmp_path / "driver.py").write_text(DRIVER, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "driver.py"), str(log), str(tmp_path / "run")]
    command.append('{"resume": true}')

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        command, preexec_fn=little, capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip
    assert done.returncode == 1
    assert "make room and go on with --resume" in done.stderr
    assert not (tmp_path / "run").exists()
    subprocess.run(command, check=True, timeout=120)
    assert content(tmp_path / "run") == expected


def test_a_full_disk_when_the_tables_are_put_together(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(run(log, tmp_path / "undisturbed"))

    def full(self: shards.File, name: str, target: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shards.File, "copy", full)
        with pytest.raises(RunError, match="no space left on device; make room and go on with --resume"):
            run(log, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert content(run(log, tmp_path / "run", Work(resume=True))) == expected


def test_an_unreadable_file_in_the_middle(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for k in range(3):
        example.write(folder / f"{k}.jsonl", records()[10 * k : 10 * k + 10])
    whole = (folder / "1.jsonl").read_bytes()
    expected = content(run(folder, tmp_path / "undisturbed"))
    (folder / "1.jsonl").write_bytes(whole[:-30])
    with pytest.raises(logs_error(), match=r"1\.jsonl:10: .*; "):
        run(folder, tmp_path / "run")
    assert not unfinished(tmp_path / "run").exists()
    (folder / "1.jsonl").write_bytes(whole)
    assert content(run(folder, tmp_path / "run", Work(resume=True))) == expected


def logs_error() -> type[Exception]:
    from convalign.errors import LogError

    return LogError


def test_two_runs_in_one_folder_are_refused(log: Path, tmp_path: Path) -> None:
    from convalign.scale.folder import Folder

    with (
        Folder(tmp_path / "run", resume=False, force=False),
        pytest.raises(RunError, match=rf"is being made by process {os.getpid()}; wait for it"),
    ):
        run(log, tmp_path / "run", Work(resume=True))
    assert run(log, tmp_path / "run").is_dir()


def test_a_clock_that_goes_backwards_leaves_a_run_that_took_time(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    from convalign.scale import scored

    class Clock(datetime):
        ticks = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.ticks += 1
            return datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=cls.ticks)

    monkeypatch.setattr(scored, "datetime", Clock)
    info = open_run(run(log, tmp_path / "run")).info
    assert info["started_at"] < info["ended_at"]


def test_a_shard_file_makes_nothing_but_records() -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, ("true",)

    for value in (Evil(), os.system, subprocess.Popen, Path("x")):
        with pytest.raises(RunError, match=r"a shard's file (wants|is broken)"):
            shards.loads(pickle.dumps(value))
    dialogue = Dialogue("d", (Turn("a", "x"),), {"a": "user"}, meta={"n": 1})
    assert shards.loads(shards.dumps([dialogue])) == [dialogue]


# --- strangers, whoever counts them


def sides() -> Iterator[Side[str]]:
    for record in records(60):
        dialogue = from_record(record)
        for speaker in dialogue.speakers:
            yield side(dialogue, speaker, dialogue.id + speaker, fingerprint=dialogue.id + speaker)


def test_a_pool_of_places_is_the_pool_of_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convalign.surrogates.MOST", 20)
    whole: Pool[str] = Pool(sides(), seed=3)
    offered: Pool[str] = Pool(seed=3)
    loaded = []
    for one in reversed(list(sides())):
        offered.count(int(one.order == 0), __import__("collections").Counter([one.speaker]))
        offered.offer(offered.place(one), lambda one=one: loaded.append(one) or one)
    assert len(loaded) < 120
    for target in sides():
        assert whole.strangers(target, 8) == offered.strangers(target, 8)


# --- a run that is whole already


def test_resuming_a_finished_run_does_nothing(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convalign.scale import kernel

    before = content(run(log, tmp_path / "run"))
    monkeypatch.setattr(kernel, "work", None)
    found, outcome = score_to_run(
        [str(log)], tmp_path / "run", chosen(), read=logs.ReadOptions(), report=logs.Report(),
        how=Work(resume=True),
    )  # fmt: skip
    assert content(found.path) == before
    assert (outcome.scored["lexical"], outcome.turns) == (40, 240)
    with pytest.raises(
        RunError, match=r"the run had signature\.lexical .*; ask for the same, or use --force"
    ):
        run(log, tmp_path / "run", Work(resume=True), seed=9)
    example.write(log, records(39))
    with pytest.raises(RunError, match=r"the run had inputs .*; ask for the same, or use --force"):
        run(log, tmp_path / "run", Work(resume=True))


# --- the command


def test_resume_on_the_command_line(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["score", str(log), "-o", str(tmp_path / "run"), "--dimensions", "lexical"]
    from convalign.scale import kernel

    def breaking(task: Task) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_score", breaking)
        assert main(command) == 130
    assert "the same command with --resume goes on; nothing else was written" in capsys.readouterr().err
    assert main(command) == 2
    assert main([*command, "--resume"]) == 0
    assert (tmp_path / "run" / "run.json").is_file()


# --- tables and schemas


def test_parquet_holds_the_same_rows(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    lines = open_run(run(log, tmp_path / "lines"))
    columns = open_run(run(log, tmp_path / "columns", Work(table="parquet")))
    assert list(columns.scores()) == list(lines.scores())
    assert list(columns.turns()) == list(lines.turns())
    assert not (tmp_path / "columns" / "dialogues.jsonl").exists()
    again = run(log, tmp_path / "again", Work(table="parquet", jobs=2))
    for name in ("dialogues.parquet", "turns.parquet"):
        assert (again / name).read_bytes() == (columns.path / name).read_bytes()
    (columns.path / "dialogues.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"dialogues\.parquet: .*; score the log again"):
        list(columns.scores())


def test_a_run_is_judged_from_parquet_as_from_lines(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    said = []
    for table in ("jsonl", "parquet"):
        out = run(log, tmp_path / table, Work(table=table))
        done = subprocess.run(
            [sys.executable, "-m", "convalign", "judge", str(out), "--rubric", "customer_service", "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said.append(done.stdout.replace(table, ""))
    assert said[0] == said[1] != ""


def test_every_file_of_a_run_is_as_its_schema_says(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import jsonschema

    out = run(log, tmp_path / "run")

    def schema(name: str) -> Any:
        assert main(["schema", name]) == 0
        return jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))

    schema("run").validate(json.loads((out / "run.json").read_text(encoding="utf-8")))
    for name in ("dialogues", "turns", "index"):
        checked, one = schema(name), None
        for line in (out / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            checked.validate(one)
        assert one is not None
        with pytest.raises(jsonschema.ValidationError):
            checked.validate({**one, "mean": 1.0})
    broken = {
        **json.loads((out / "dialogues.jsonl").read_text().splitlines()[0]),
        "status": "unscored",
        "reason": None,
    }
    with pytest.raises(jsonschema.ValidationError):
        schema("dialogues").validate(broken)
