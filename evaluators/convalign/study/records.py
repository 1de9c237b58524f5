"""A study as the rest of the package sees it, and whether it was declared before its data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from convalign.errors import StudyError

KNOWLEDGE = "knowledge"
"""Name of the bound on what may be forgotten, a share of questions."""
RELATION = "relation"
"""Name of the bound on correlations between dimensions."""

ARMS_WORDS = "the study was built from --baseline and --arm, after the data"


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison.

    Attributes
    ----------
    name : unique in the study
    run, log : where its scores or its dialogues are, made absolute by the study's folder; exactly one
    targets : the dimension that it should move; None for the baseline
    control : a placebo: nothing should move
    about : for the reader
    role : what it is in its design (``before``, ``clean``, ``real``, ..); None where the design needs none
    strength : of steering (dose)
    wrapper : ``irrelevant`` or ``relevant`` (consistency)
    """

    name: str
    run: Path | None = None
    log: Path | None = None
    targets: str | None = None
    control: bool = False
    about: str | None = None
    role: str | None = None
    strength: float | None = None
    wrapper: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """How large a change still counts as none, and why.

    Attributes
    ----------
    bound : raw score units; D for (-D, D), or (low, high)
    kind : of the reason: ``verdict_band``, ``retest``, ``half_gap``, ``small_telescopes``,
        ``r_convention`` or ``other``
    number : the number behind the reason, or None
    text : the reason in words
    """

    bound: float | tuple[float, float]
    kind: str
    number: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Study:
    """A study, checked.

    Attributes
    ----------
    name, design : as written
    arms : in the order written, the baseline among them
    baseline : name of the arm that the others are compared with
    direction : who adapts to whom
    quantity : ``excess`` (above what a stranger would get) or ``value``
    bounds : dimension -> Bound; of knowledge and of relations under `KNOWLEDGE` and `RELATION`
    probe : file with answers to questions, or None
    cluster : meta field whose values are the independent units; None: every dialogue is one
    alpha, seed, bootstrap : of the statistics
    rubric : names or files, as written
    score : scoring options that change a number
    declared_at : with time zone; None when built from arms
    folder : against which relative paths were read
    document : the study as JSON has it
    from_arms : built from ``--baseline`` and ``--arm``, so never declared
    """

    name: str
    design: str
    arms: tuple[Arm, ...]
    baseline: str
    direction: str
    quantity: Literal["excess", "value"]
    bounds: Mapping[str, Bound]
    cluster: str | None
    alpha: float
    seed: int
    bootstrap: int
    rubric: tuple[str, ...]
    score: Mapping[str, Any]
    declared_at: datetime | None
    folder: Path
    document: Mapping[str, Any]
    from_arms: bool = False
    probe: Path | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of `canonical`, 64 hexadecimal digits."""
        return hashlib.sha256(canonical(self.document)).hexdigest()

    @property
    def compared(self) -> tuple[Arm, ...]:
        """Every arm but the baseline."""
        return tuple(arm for arm in self.arms if arm.name != self.baseline)

    def of_role(self, role: str) -> tuple[Arm, ...]:
        """The arms that have a role in the design, in the order written."""
        return tuple(arm for arm in self.arms if arm.role == role)

    def arm(self, name: str) -> Arm:
        """Find an arm by its name; StudyError names those there are."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise StudyError(f"no arm {name!r}; there are: {', '.join(arm.name for arm in self.arms)}")


def canonical(document: Mapping[str, Any]) -> bytes:
    """Write a study in the one form that is hashed.

    Parameters
    ----------
    document : the study as JSON has it

    Returns
    -------
    JSON with sorted keys, no blanks, UTF-8, without ``declared_at``: the time enters a run beside the hash.

    Examples
    --------
    >>> canonical({"name": "a", "alpha": 0.05, "declared_at": "2026-01-31T12:00:00Z"})
    b'{"alpha":0.05,"name":"a"}'
    """
    kept = {key: value for key, value in document.items() if key != "declared_at"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def exploratory_reasons(
    study: Study, runs: Mapping[str, Mapping[str, Any]] | Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Say why a review may print numbers and no claim.

    Parameters
    ----------
    study : from `load` or `from_arms`
    runs : arm -> its ``run.json``, or these alone; ``study_sha256`` is null for a run scored without study

    Returns
    -------
    Reasons in words; empty when the bounds were declared before every run.

    Source
    ------
    methods/statistics.md, section 4.
    """
    reasons = [ARMS_WORDS] if study.from_arms else []
    named = (
        runs.items() if isinstance(runs, Mapping) else ((f"run {k}", run) for k, run in enumerate(runs, 1))
    )
    for name, run in named:
        reasons += [f"{name}: {reason}" for reason in _run_reasons(study, run)]
    return tuple(reasons)


def _run_reasons(study: Study, run: Mapping[str, Any]) -> list[str]:
    """Say what keeps one run from counting as scored under the study."""
    stamped = run.get("study_sha256")
    if stamped is None:
        return [] if study.from_arms else ["scored without a study"]
    reasons = []
    if stamped != study.hash:
        reasons.append(f"scored under another study ({stamped[:12]}, this one is {study.hash[:12]})")
    started, declared = read_time(run.get("started_at")), read_time(run.get("study_declared_at"))
    if started is None:
        reasons.append("the run does not say when it started")
    if study.declared_at is not None and declared != study.declared_at:
        reasons.append("the run has another time of declaration than the study")
    late = [time for time in (study.declared_at, declared) if time and started and time > started]
    if late and started is not None:
        reasons.append(f"declared {late[0].isoformat()}, after the run started ({started.isoformat()})")
    return reasons


def read_time(value: Any) -> datetime | None:
    """Read a time that can be compared with another one.

    Parameters
    ----------
    value : ISO 8601 text with a time zone

    Returns
    -------
    datetime; None for anything else.

    Examples
    --------
    >>> read_time("2026-01-31T12:00:00Z").isoformat()
    '2026-01-31T12:00:00+00:00'
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
