"""A run: the folder of scores, what it says of itself, and how it is opened."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from convalign import logs
from convalign.errors import RunError, UsageError
from convalign.files import loads, readable
from convalign.scores import SCHEMA_VERSION, Score, TurnScore, read_rows
from convalign.scoring import Outcome, Scorer
from convalign.tables import Row, read_parquet

LIBRARIES = (
    "numpy", "spacy", "spacy-lookups-data", "vaderSentiment", "onnxruntime", "tokenizers", "emoji",
    "py3langid", "soundfile", "soxr", "librosa", "swift-f0",
)  # fmt: skip
"""Packages whose version can change a score; named in every run."""


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
        """Rows of ``dialogues.jsonl`` (or ``.parquet``)."""
        return self._rows("dialogues", Score)

    def turns(self) -> Iterator[TurnScore]:
        """Rows of ``turns.jsonl`` (or ``.parquet``)."""
        return self._rows("turns", TurnScore)

    def _rows(self, name: str, kind: type[Row]) -> Iterator[Row]:
        columns = self.path / f"{name}.parquet"
        if columns.is_file():
            return read_parquet(columns, kind)
        return read_rows(self.path / f"{name}.jsonl", kind)

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
        info = loads(readable(path / "run.json", most=None).read_text(encoding="utf-8"))
        timing = loads(readable(path / "timing.json").read_text(encoding="utf-8"))
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


@cache
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


def asked(
    chosen: Sequence[Scorer],
    read: logs.ReadOptions,
    stamp: Stamp | None,
    references: Mapping[str, Mapping[str, Any]] | None,
    timeout_s: float | None,
) -> dict[str, Any]:
    """What a number depends on besides the input, as JSON: a resumed run must have the same."""
    made = {
        "schema_version": SCHEMA_VERSION,
        "signature": {s.name: s.signature for s in chosen},
        "canary": {s.name: dict(s.canary.found) for s in chosen},
        "headline": {s.name: s.module.METRICS[0].name for s in chosen},
        "settings": {s.name: plain(s.settings) for s in chosen},
        "reading": _reading(read),
        "timeout_s": timeout_s,
        "versions": versions(),
        "study_sha256": stamp.sha256 if stamp else None,
        "study_declared_at": stamp.declared_at if stamp else None,
        "given_reference": None if references is None else {k: dict(v) for k, v in references.items()},
    }
    as_json: dict[str, Any] = json.loads(json.dumps(made))
    return as_json


def _reading(read: logs.ReadOptions) -> dict[str, Any]:
    """Options of reading that are not as they would be anyway."""
    usual = logs.ReadOptions()
    return {
        f.name: value if isinstance(value, (str, int, float, bool)) else _written(value)
        for f in fields(read)
        if (value := getattr(read, f.name)) != getattr(usual, f.name)
    }


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, (tuple, list)) else str(value)


def describe(
    asked: Mapping[str, Any], chosen: Sequence[Scorer], dialogues: int, outcome: Outcome, report: logs.Report
) -> dict[str, Any]:
    """The text of ``run.json``: everything that a number depends on, nothing that changes by itself."""
    return {
        **{key: value for key, value in asked.items() if key != "given_reference"},
        "reference": outcome.references,
        "inputs": [plain(source) for source in report.sources],
        "counts": {
            "dialogues": dialogues,
            "turns": outcome.turns,
            "skipped": report.skipped_count,
            "scored": dict(sorted(outcome.scored.items())),
            "unscored": {s.name: dict(sorted(outcome.unscored[s.name].items())) for s in chosen},
            "without_input": dict(sorted(outcome.without_input.items())),
            "languages": dict(outcome.languages.most_common()),
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


def counted(info: Mapping[str, Any]) -> Outcome:
    """What a finished run counted, without its tallies: means stand in ``run.json``."""
    counts = info["counts"]
    unscored = {name: Counter(reasons) for name, reasons in counts["unscored"].items()}
    return Outcome(
        counts["turns"], info["reference"], Counter(counts["scored"]), unscored,
        Counter(counts["without_input"]), list(info["messages"]), languages=Counter(counts["languages"]),
    )  # fmt: skip


def refuse_other(out: Path, what: str, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse to take for done what was asked for otherwise, naming the first difference.

    Raises
    ------
    RunError
        An option, a version, a model or the input is another one.
    """
    for key, value in wanted.items():
        if before.get(key) != value:
            found = _difference(key, before.get(key), value)
            raise RunError(f"{out}: {what} had {found}; ask for the same, or use --force")


def _difference(key: str, before: Any, now: Any) -> str:
    """What differs, in a few words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in (*before, *now):
            if before.get(name) != now.get(name):
                return _difference(f"{key}.{name}", before.get(name), now.get(name))
    if key.startswith("canary."):
        return f"{_short(before)} for {key}, this machine gives {_short(now)} (convalign doctor says more)"
    return f"{key} {_short(before)}, not {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def plain(record: Any) -> dict[str, Any]:
    """A flat dataclass as an object."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def check_free(out: Path, *, force: bool) -> None:
    """Refuse to write over anything that is not ours to replace."""
    refuse_link(out)
    if not out.exists():
        return
    if out.is_dir() and not any(out.iterdir()):
        return
    if not (out / "run.json").is_file():
        raise UsageError(f"{out}: exists and is no run; choose another folder")
    if not force:
        raise UsageError(f"{out}: holds a run already; choose another folder, or replace it with --force")


def refuse_link(out: Path) -> None:
    """Say at once what would fail at the end: a link is neither emptied nor replaced."""
    if out.is_symlink():
        raise UsageError(f"{out}: is a link; name the folder that it leads to, or a new one")


@contextmanager
def building(out: Path, within: Path | None = None) -> Iterator[Path]:
    """A folder that takes the place of `out` when all went well.

    Parameters
    ----------
    within : where it is built, under a temporary name; None = beside `out`
    """
    refuse_link(out)
    prefix, parent = f".{out.name}.", within or out.parent
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    old: Path | None = None
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            # Aside at once: whoever is killed here leaves no half of a run.
            old = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            out.replace(old)
        folder.replace(out)
    finally:
        for one in (folder, old):
            if one is not None:
                shutil.rmtree(one, ignore_errors=True)
