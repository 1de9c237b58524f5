"""From logs to a run: a folder of scores that is whole or not there, the same for any number of workers."""

from __future__ import annotations

import json
import multiprocessing
import platform
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from convalign import logs
from convalign.dialogue import Dialogue
from convalign.errors import RunError, UsageError
from convalign.scores import (
    SCHEMA_VERSION,
    Score,
    Scored,
    TurnScore,
    dumps,
    dumps_pretty,
    line,
    read_rows,
    write_text,
)
from convalign.scoring import IN_MEMORY, Gathered, Memory, Outcome, Scorer, Seen, batches, finish, observe

LIBRARIES = (
    "numpy", "spacy", "spacy-lookups-data", "vaderSentiment", "onnxruntime", "tokenizers",
    "soundfile", "soxr", "librosa", "swift-f0",
)  # fmt: skip
"""Packages whose version can change a score; named in every run."""


class Progress(Protocol):
    """Told how far the work is; a terminal draws it."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` (None = not known) of `what` are done."""
        ...


def silent(what: str, done: int, total: int | None) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The study under which a run was scored.

    Attributes
    ----------
    sha256 : of the canonical study
    declared_at : as the study says, ISO 8601
    """

    sha256: str
    declared_at: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes
    ----------
    path : its folder
    info : ``run.json`` with ``timing.json``'s ``started_at`` and ``ended_at``
    """

    path: Path
    info: dict[str, Any]

    def scores(self) -> Iterator[Score]:
        """Rows of ``dialogues.jsonl``."""
        return read_rows(self.path / "dialogues.jsonl", Score)

    def turns(self) -> Iterator[TurnScore]:
        """Rows of ``turns.jsonl``."""
        return read_rows(self.path / "turns.jsonl", TurnScore)

    def index(self) -> list[dict[str, Any]]:
        """Rows of ``index.jsonl``: what was read, without its words."""
        text = (self.path / "index.jsonl").read_text(encoding="utf-8")
        return [json.loads(item) for item in text.split("\n") if item]


def open_run(path: Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        Not a run, or of another schema version.
    """
    try:
        info = json.loads((path / "run.json").read_text(encoding="utf-8"))
        timing = json.loads((path / "timing.json").read_text(encoding="utf-8"))
    except OSError:
        raise RunError(f"{path}: holds no run.json; name a folder made by convalign score -o") from None
    except ValueError as error:
        raise RunError(f"{path}/run.json: {error}; score the log again") from None
    version = info.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path}: schema_version {version!r}; this convalign reads {SCHEMA_VERSION}, score the log again"
        )
    return Run(path, info | {key: timing[key] for key in ("started_at", "ended_at")})


def first_pass(
    dialogues: Iterator[Dialogue],
    chosen: Sequence[Scorer],
    *,
    jobs: int = 1,
    memory: Memory | None = None,
    on_batch: Callable[[Sequence[Seen], int], None] = lambda batch, done: None,
) -> Gathered:
    """Observe a stream, in this process or in several.

    Parameters
    ----------
    jobs : worker processes; 1 = none
    memory : what other arms of a study have shown already; used when `jobs` is 1
    on_batch : given some dialogues in order, and how many are done

    Returns
    -------
    In the order of the stream, whatever the number of workers.
    """
    gathered = Gathered(chosen)

    def keep(batch: Sequence[Seen]) -> None:
        on_batch(batch, len(gathered) + len(batch))
        gathered.add(batch)

    if jobs == 1:
        for batch in batches(dialogues):
            keep(observe(batch, chosen, memory))
        return gathered
    # A forked child of a process with threads (onnxruntime) can hang; a spawned one cannot.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[list[Seen]]] = deque()
        for batch in batches(dialogues, 8):
            waiting.append(pool.submit(observe, batch, tuple(chosen)))
            while len(waiting) > 2 * jobs:
                keep(waiting.popleft().result())
        while waiting:
            keep(waiting.popleft().result())
    return gathered


def score_to_run(
    sources: Sequence[str],
    out: Path,
    chosen: Sequence[Scorer],
    *,
    read: logs.ReadOptions,
    report: logs.Report,
    jobs: int = 1,
    memory: Memory | None = None,
    stamp: Stamp | None = None,
    references: Mapping[str, Mapping[str, Any]] | None = None,
    named: tuple[str, str] | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> tuple[Run, Outcome]:
    """Read logs, score them, and leave a run folder.

    Parameters
    ----------
    sources : files, folders, or ``-``
    out : folder to make; it appears whole, at the end
    report : receives what the readers counted
    references : dimension -> what another run froze (arms of a study share the baseline's)
    named : (path, name): what the run calls a source instead of its path
    force : replace an existing run

    Raises
    ------
    UsageError
        `out` exists and `force` is not given, or is not a run.
    LogError
        As the readers raise it; nothing has been written then.
    """
    _check_free(out, force=force)
    started = datetime.now(UTC)
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8") as index:

        def keep(batch: Sequence[Seen], done: int) -> None:
            index.writelines(dumps(_renamed(one.index, named)) + "\n" for one in batch)
            progress("read", done, None)

        stream = logs.read(sources, read, report=report)
        gathered = first_pass(stream, chosen, jobs=jobs, memory=memory, on_batch=keep)
        if named is not None:
            path, name = named
            report.sources[:] = [replace(s, path=s.path.replace(path, name, 1)) for s in report.sources]
        outcome = Outcome()
        out.parent.mkdir(parents=True, exist_ok=True)
        with building(out) as folder:
            with (
                (folder / "dialogues.jsonl").open("w", encoding="utf-8", newline="\n") as dialogues,
                (folder / "turns.jsonl").open("w", encoding="utf-8", newline="\n") as turns,
            ):
                for done, scored in enumerate(finish(gathered, outcome, references=references), 1):
                    dialogues.writelines(line(r) + "\n" for r in scored.dialogues)
                    turns.writelines(line(r) + "\n" for r in scored.turns)
                    progress("scored", done, len(gathered))
            index.seek(0)
            with (folder / "index.jsonl").open("w", encoding="utf-8", newline="\n") as listed:
                shutil.copyfileobj(index, listed)
            write_text(folder / "run.json", dumps_pretty(_describe(gathered, outcome, report, stamp)))
            ended = datetime.now(UTC)
            timing = {"started_at": started.isoformat(), "ended_at": ended.isoformat()}
            write_text(folder / "timing.json", dumps_pretty(timing))
    return open_run(out), outcome


def rows(
    sources: Sequence[str],
    chosen: Sequence[Scorer],
    *,
    read: logs.ReadOptions,
    report: logs.Report,
    jobs: int = 1,
    outcome: Outcome,
    progress: Progress = silent,
) -> Iterator[Scored]:
    """Read logs and score them without leaving a run (``-o -``)."""
    stream = logs.read(sources, read, report=report)
    gathered = first_pass(stream, chosen, jobs=jobs, on_batch=lambda _, done: progress("read", done, None))
    return finish(gathered, outcome)


def versions() -> dict[str, str | None]:
    """Versions of Python, convalign and whatever can change a score; None = not installed."""
    found: dict[str, str | None] = {
        "python": platform.python_version(),
        "convalign": metadata.version("convalign"),
    }
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _renamed(index: dict[str, Any], named: tuple[str, str] | None) -> dict[str, Any]:
    """The index row, its source called by a name that holds wherever the run is carried."""
    if named is None or index["source"] is None:
        return index
    return {**index, "source": index["source"].replace(*named, 1)}


def _describe(
    gathered: Gathered, outcome: Outcome, report: logs.Report, stamp: Stamp | None
) -> dict[str, Any]:
    """The text of ``run.json``: everything that a number depends on, nothing that changes by itself."""
    chosen = gathered.chosen
    return {
        "schema_version": SCHEMA_VERSION,
        "signature": {s.name: s.signature for s in chosen},
        "headline": {s.name: s.module.METRICS[0].name for s in chosen},
        "settings": {s.name: _plain(s.settings) for s in chosen},
        "reference": outcome.references,
        "versions": versions(),
        "study_sha256": stamp.sha256 if stamp else None,
        "study_declared_at": stamp.declared_at if stamp else None,
        "inputs": [_plain(source) for source in report.sources],
        "counts": {
            "dialogues": len(gathered),
            "turns": gathered.turns,
            "skipped": report.skipped_count,
            "scored": dict(sorted(outcome.scored.items())),
            "unscored": {name: dict(sorted(c.items())) for name, c in outcome.unscored.items()},
            "without_input": dict(sorted(outcome.without_input.items())),
        },
        "means": [
            {"dimension": dimension, "metric": metric, "direction": direction}
            | tally.record(next(s.settings.seed for s in chosen if s.name == dimension))
            for (dimension, metric, direction), tally in outcome.headlines.items()
        ],
        "notes": dict(report.notes),
        "messages": outcome.messages[:100],
        "messages_count": len(outcome.messages),
    }


def _plain(record: Any) -> dict[str, Any]:
    """A flat dataclass as an object."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def _check_free(out: Path, *, force: bool) -> None:
    """Refuse to write over anything that is not ours to replace."""
    if not out.exists():
        return
    if out.is_dir() and not any(out.iterdir()):
        return
    if not (out / "run.json").is_file():
        raise UsageError(f"{out}: exists and is no run; choose another folder")
    if not force:
        raise UsageError(f"{out}: holds a run already; choose another folder, or replace it with --force")


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """A folder under a temporary name beside `out`, that takes its place when all went well."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
