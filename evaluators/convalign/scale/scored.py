"""Logs scored shard by shard: read, looked at, frozen, scored, put together."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from convalign import logs
from convalign.errors import UsageError
from convalign.scale import kernel, shards
from convalign.scale.engines import RARE, Engine, Here, Processes
from convalign.scale.folder import Folder, drop_leftover
from convalign.scale.kernel import Frozen, Task
from convalign.scale.progress import Progress, silent
from convalign.scale.runs import (
    Run,
    Stamp,
    asked,
    building,
    check_free,
    counted,
    describe,
    open_run,
    plain,
    refuse_other,
)
from convalign.scores import dumps_pretty, write_text
from convalign.scoring import Failure, Outcome, Scorer, freeze
from convalign.surrogates import Pool
from convalign.tables import KINDS, require_parquet, write_parquet

TIMEOUT_S = 3600.0
"""What one dialogue may take on one dimension."""
WORTH_IT = 8
"""Shards from which several processes are started without being asked for."""
WORKER_BYTES = 1 << 30
"""Memory that a worker with every model loaded is counted with."""


@dataclass(frozen=True, slots=True)
class Work:
    """How the work is done; nothing of it changes a byte of the run, except a timeout that strikes.

    Attributes
    ----------
    jobs : worker processes; None = as many as there are cores, memory and work for
    engine : processes of this machine, a Dask cluster, or whatever else does tasks
    scheduler : address of the cluster; None = one of this machine
    timeout_s : what one dialogue may take on one dimension; None = as long as it wants
    worker_memory_mb : what a worker may have; None = no limit
    table : how dialogues and turns are written, ``jsonl`` or ``parquet``
    resume : go on with an unfinished run
    force : replace a run, drop an unfinished one
    workers : processes that serve several runs, used where several are worth it; whoever made them ends them

    Raises
    ------
    UsageError
        An option that the engine would not heed.
    """

    jobs: int | None = 1
    engine: Literal["local", "dask"] | Engine = "local"
    scheduler: str | None = None
    timeout_s: float | None = TIMEOUT_S
    worker_memory_mb: int | None = None
    table: Literal["jsonl", "parquet"] = "jsonl"
    resume: bool = False
    force: bool = False
    workers: Processes | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and (self.engine != "local" or self.worker_memory_mb is not None):
            raise UsageError("workers: processes of this machine, with the memory that they were made with")
        if self.scheduler is None:
            return
        if self.engine != "dask":
            raise UsageError("--scheduler: only a Dask cluster has one; add --engine dask, or leave it out")
        if self.worker_memory_mb is not None:
            raise UsageError(
                "--worker-memory: workers of a --scheduler have limits of their own; "
                "start them with dask worker --memory-limit"
            )


@dataclass(frozen=True, slots=True)
class Made:
    """Shards that are scored, in the order of the log."""

    files: tuple[shards.File, ...]
    dialogues: int
    outcome: Outcome
    asked: dict[str, Any]


def score_to_run(
    sources: Sequence[str],
    out: Path,
    chosen: Sequence[Scorer],
    *,
    read: logs.ReadOptions,
    report: logs.Report,
    how: Work = Work(),
    memory: Path | None = None,
    stamp: Stamp | None = None,
    references: Mapping[str, Mapping[str, Any]] | None = None,
    named: tuple[str, str] | None = None,
    progress: Progress = silent,
) -> tuple[Run, Outcome]:
    """Read logs, score them, and leave a run folder.

    Parameters
    ----------
    sources : files, folders, or ``-``
    out : folder to make; it appears whole, at the end
    report : receives what the readers counted
    how : where the work is done, and whether an unfinished run goes on
    memory : file of what other arms of a study have shown already, made when it is not there; every worker
        must reach it
    references : dimension -> what another run froze (arms of a study share the baseline's)
    named : (path, name): what the run calls a source instead of its path

    Raises
    ------
    UsageError
        `out` exists or is unfinished, and neither `how.force` nor `how.resume` is given, or it is not a run.
    LogError
        As the readers raise it, before anything is scored.
    RunError
        The disk is full, another process makes this run, the workers die, or an unfinished run was asked
        for otherwise or of other input.
    """
    wanted = asked(chosen, read, stamp, references, how.timeout_s)
    if how.resume and not how.force and (out / "run.json").is_file():
        return _finished(sources, out, wanted, read, report, named)
    check_free(out, force=how.force)
    if how.table == "parquet":
        require_parquet()
    began, clock = datetime.now(UTC), time.monotonic()
    with Folder(out, resume=how.resume, force=how.force) as folder:
        folder.check(wanted)
        made = _make(sources, folder, chosen, wanted, read, report, how, memory, references, named, progress)
        _rename(report, named)
        with _whole(out), building(out, folder.path) as target:
            for name in ("dialogues", "turns", "index"):
                _put(target, name, made.files, how.table)
            info = describe(made.asked, chosen, made.dialogues, made.outcome, report)
            write_text(target / "run.json", dumps_pretty(info))
            ended = began + timedelta(seconds=time.monotonic() - clock)  # whatever the wall clock did
            times = {"started_at": began.isoformat(), "ended_at": ended.isoformat()}
            write_text(target / "timing.json", dumps_pretty(times))
    return open_run(out), made.outcome


def _finished(
    sources: Sequence[str], out: Path, wanted: Mapping[str, Any], read: logs.ReadOptions, report: logs.Report,
    named: tuple[str, str] | None,
) -> tuple[Run, Outcome]:  # fmt: skip
    """A run that is whole already: nothing to do, if it is the one that is asked for, of the same input."""
    run = open_run(out)
    drop_leftover(out)
    refuse_other(out, "the run", run.info, {k: v for k, v in wanted.items() if k in run.info})
    for _ in logs.read(sources, read, report=report):
        pass
    _rename(report, named)
    refuse_other(out, "the run", run.info, {"inputs": [plain(source) for source in report.sources]})
    return run, counted(run.info)


def _rename(report: logs.Report, named: tuple[str, str] | None) -> None:
    """Call a source by a name that holds wherever the run is carried."""
    if named is not None:
        path, called = named
        report.sources[:] = [replace(s, path=s.path.replace(path, called, 1)) for s in report.sources]


def _put(target: Path, name: str, files: Sequence[shards.File], table: str) -> None:
    """Write one table of the run."""
    if table == "parquet" and name in KINDS:
        path = target / f"{name}.parquet"
        with _whole(path):
            write_parquet(path, KINDS[name], (file.read(name) for file in files))
        return
    path = target / f"{name}.jsonl"
    with _whole(path), path.open("wb") as stream:
        for file in files:
            file.copy(name, stream)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Say what to do when a table cannot be written."""
    try:
        yield
    except OSError as error:
        raise shards.full(path, error) from None


def rows(
    sources: Sequence[str],
    chosen: Sequence[Scorer],
    *,
    read: logs.ReadOptions,
    report: logs.Report,
    how: Work = Work(),
    outcome: Outcome,
    progress: Progress = silent,
) -> Iterator[bytes]:
    """Read logs and score them without leaving a run (``-o -``).

    Parameters
    ----------
    outcome : receives counts and messages

    Yields
    ------
    Rows of ``dialogues.jsonl``, some dialogues at a time, in the order of the log.
    """
    with (
        tempfile.TemporaryDirectory(prefix="convalign-") as above,
        Folder(Path(above, "rows"), resume=False, force=True) as folder,
    ):
        wanted = asked(chosen, read, None, None, how.timeout_s)
        made = _make(sources, folder, chosen, wanted, read, report, how, None, None, None, progress)
        outcome.extend(made.outcome)
        outcome.turns, outcome.references = made.outcome.turns, made.outcome.references
        for file in made.files:
            yield file.read("dialogues")


def _make(
    sources: Sequence[str], folder: Folder, chosen: Sequence[Scorer], wanted: dict[str, Any],
    read: logs.ReadOptions, report: logs.Report, how: Work, memory: Path | None,
    references: Mapping[str, Mapping[str, Any]] | None, named: tuple[str, str] | None, progress: Progress,
) -> Made:  # fmt: skip
    """Every shard's rows, in files of the folder."""
    sizes = _read(sources, folder, wanted, read, report, progress)
    place = str(folder.shards.resolve())
    remembered = None if memory is None else str(memory.resolve())
    signatures = tuple(scorer.signature for scorer in chosen)
    tasks = [
        Task(place, number, size, tuple(chosen), signatures, how.timeout_s, named=named, memory=remembered)
        for number, size in enumerate(sizes)
    ]
    pools: dict[str, Pool[Any]] = {s.name: Pool(seed=s.settings.seed) for s in chosen}
    engine = _engine(how, len(tasks), pools)
    total = sum(sizes)
    often = gc.get_threshold()
    gc.set_threshold(*RARE)
    try:
        seen = _stage(engine, tasks, "seen", total, progress, pools)

        def observed(name: str) -> Iterator[Any]:
            for file in seen:
                found = (one.observations[name] for one in file.load("seen"))
                yield from (one for one in found if not isinstance(one, Failure))

        frozen = Frozen(pools, freeze(chosen, observed, pools, references))
        if isinstance(engine, Here):
            kernel.remember(place, frozen)
        else:
            kernel.freeze_file(folder.shards, frozen)
        files = _stage(engine, [replace(t, stage="score") for t in tasks], "rows", total, progress)
    finally:
        gc.set_threshold(*often)
        if engine is not how.workers:
            engine.close()
        kernel.remember(place, None)
    outcome = Outcome(references=frozen.references)
    for scorer in chosen:
        outcome.unscored[scorer.name] = Counter()
    for file in files:
        part = file.load("outcome")
        outcome.turns += part.turns
        outcome.extend(part)
    return Made(tuple(files), total, outcome, wanted)


def _read(
    sources: Sequence[str], folder: Folder, wanted: dict[str, Any], read: logs.ReadOptions,
    report: logs.Report, progress: Progress,
) -> list[int]:  # fmt: skip
    """Read the whole log, so that what is wrong with it is known before anything is scored.

    Returns
    -------
    dialogues of each shard
    """
    listed, done = [], 0
    for number, batch in enumerate(shards.cut(logs.read(sources, read, report=report))):
        listed.append(folder.keep(number, batch))
        done += len(batch)
        progress("read", done, None)
    folder.write_plan(wanted, listed)
    return [one["dialogues"] for one in listed]


def _stage(
    engine: Engine,
    tasks: Sequence[Task],
    kind: str,
    total: int,
    progress: Progress,
    pools: kernel.Pools | None = None,
) -> list[shards.File]:
    """Do what is not done yet of a stage; the files of all shards, in order."""
    what = {"seen": "observed", "rows": "scored"}[kind]
    found = (shards.open_file(task.path(kind), check=True) for task in tasks)
    there = {task.number: file for task, file in zip(tasks, found, strict=True) if file is not None}
    for file in there.values() if pools is not None else ():
        kernel.gather(pools or {}, file)
    done = sum(t.size for t in tasks if t.number in there)
    if done:
        progress(what, done, total)
    for number in engine.run(t for t in tasks if t.number not in there):
        done += tasks[number].size
        progress(what, done, total)
        if pools is not None and not isinstance(engine, Here):
            kernel.gather(pools, shards.whole(tasks[number].path(kind)))
    return [shards.whole(task.path(kind)) for task in tasks]


def _engine(how: Work, count: int, pools: kernel.Pools) -> Engine:
    """Where the work is done."""
    if not isinstance(how.engine, str):
        return how.engine
    jobs = how.jobs if how.jobs is not None else _fitting(count)
    if how.engine == "dask":
        from convalign.scale.cluster import Dask

        return Dask(how.scheduler, jobs, how.worker_memory_mb)
    if min(jobs, count) <= 1 and how.worker_memory_mb is None:
        return Here(pools)
    return how.workers or Processes(max(1, min(jobs, count)), how.worker_memory_mb)


def _fitting(count: int) -> int:
    """Processes for so many shards on this machine."""
    return 1 if count < WORTH_IT else min(able(), count // 2)


def able() -> int:
    """Processes that this machine has cores and memory for."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)), free // WORKER_BYTES))
