"""A run is whole or not there, the same to the byte however it was made, whatever happens on the way."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import example
import pytest
from faults import content, records, unfinished

from convalign import logs, scoring
from convalign.cli import main
from convalign.dialogue import Dialogue, Turn, from_record
from convalign.errors import RunError, UsageError
from convalign.scale import Processes, Work, open_run, score_to_run, shards
from convalign.scale.kernel import Task
from convalign.scoring import Scorer, scorers
from convalign.surrogates import Pool, Side, side


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


def run(log: Path, out: Path, how: Work | None = None, *, memory: Path | None = None, **options: Any) -> Path:
    score_to_run(
        [str(log)], out, chosen(**options), read=logs.ReadOptions(), report=logs.Report(), how=how or Work(),
        memory=memory,
    )  # fmt: skip
    return out


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


# --- arms of a study


def known(memory: Path) -> int:
    """Observations that are remembered."""
    with closing(sqlite3.connect(memory)) as base:
        (count,) = base.execute("SELECT count(*) FROM seen").fetchone()
    return int(count)


@pytest.mark.usefixtures("small")
def test_workers_serve_several_runs_and_share_what_they_saw(log: Path, tmp_path: Path) -> None:
    memory, arm = tmp_path / "memory", tmp_path / "arm.jsonl"
    edited = records()
    edited[3]["turns"][0]["text"] += " again"
    example.write(arm, edited)
    expected = [content(run(one, tmp_path / f"{one.stem} alone")) for one in (log, arm)]
    with closing(Processes(2)) as workers:
        how = Work(jobs=2, workers=workers)
        first = run(log, tmp_path / "first", how, memory=memory)
        pool = workers._pool
        assert pool is not None
        assert known(memory) == len(edited)
        second = run(arm, tmp_path / "second", how, memory=memory)
        assert workers._pool is pool
    assert known(memory) == len(edited) + 1
    assert [content(one) for one in (first, second)] == expected


def test_what_was_seen_is_not_looked_at_again(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    expected = content(run(log, tmp_path / "first", memory=memory))

    def refuse(halves: list[Dialogue], *_: object) -> list[Any]:
        assert not halves, "looked at again"
        return []

    monkeypatch.setattr(scoring, "_observe", refuse)
    assert content(run(log, tmp_path / "second", memory=memory)) == expected
    with pytest.raises(AssertionError, match="looked at again"):
        run(log, tmp_path / "other", memory=memory, pattern="[a-z]+")


@pytest.mark.parametrize("other", [{"engine": "dask"}, {"worker_memory_mb": 500}])
def test_workers_that_would_not_heed_an_option_are_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="workers: processes of this machine"):
        Work(workers=Processes(2), **other)


def test_a_memory_that_cannot_be_read_is_said(log: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.write_text("no database" * 100, encoding="utf-8")
    with pytest.raises(RunError, match="memory: file is not a database"):
        run(log, tmp_path / "run", memory=memory)
    assert not (tmp_path / "run").exists()


# --- stopped and resumed


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
        path = next(unfinished(tmp_path / "run").glob("shards-*")) / name
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
    next(unfinished(tmp_path / "run").rglob("000004.seen")).unlink()
    assert content(run(log, tmp_path / "run", Work(resume=True))) == expected


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


def test_an_option_that_an_engine_would_not_heed_is_refused(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["score", str(log), "-o", str(tmp_path / "run"), "--scheduler", "tcp://127.0.0.1:1"]
    assert main(command) == 2
    assert "--scheduler: only a Dask cluster has one; add --engine dask" in capsys.readouterr().err
    assert main([*command, "--engine", "dask", "--worker-memory", "500"]) == 2
    assert "--worker-memory: workers of a --scheduler have limits of their own" in capsys.readouterr().err


def test_any_engine_will_do(log: Path, tmp_path: Path) -> None:
    from collections.abc import Iterable

    from convalign.scale import versions, work_alike

    class Backwards:
        ended = 0

        def run(self, tasks: Iterable[Task]) -> Iterator[int]:
            for task in reversed(list(tasks)):
                yield work_alike(task, versions())

        def close(self) -> None:
            self.ended += 1

    engine = Backwards()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "MOST", 5)
        found = content(run(log, tmp_path / "other", Work(engine=engine)))
    assert found == content(run(log, tmp_path / "one"))
    assert engine.ended == 1
    with pytest.raises(RunError, match=r"a worker of the cluster has numpy .*, not 0\.1; install the same"):
        work_alike(Task("nowhere", 0, 1, (), (), None), versions() | {"numpy": "0.1"})
