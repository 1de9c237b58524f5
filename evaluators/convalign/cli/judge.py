"""``convalign judge``."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from pathlib import Path
from typing import Any

from convalign import dimensions, rubric
from convalign.cli import DONE, GATE_FAILED, NOTHING_SCORED, terminal
from convalign.errors import UsageError
from convalign.rubric import Judgement, Rubric, Verdict
from convalign.scale import Run, open_run
from convalign.scores import dumps_pretty, write_text

WIDTH = 100
SHOWN = 3
"""How many turns are named to be looked at."""


def judge(arguments: Namespace) -> int:
    """Print one verdict per dimension of a run, or calibrate a rubric on it."""
    run = open_run(Path(arguments.run))
    metrics = {name: [m.name for m in dimensions.load(name).METRICS] for name in dimensions.names()}
    loaded = rubric.load(arguments.rubric, metrics=metrics)
    if arguments.calibrate:
        return calibrate(loaded, run, Path(arguments.calibrate))
    judged = rubric.judge(
        loaded,
        run.scores(),
        signatures=run.info["signature"],
        turns=run.turns(),
        cluster=clusters(run, arguments.cluster),
    )
    if arguments.json:
        print(json.dumps(judged.record(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(told(judged))
    if all(verdict.n == 0 for verdict in judged.verdicts):
        return NOTHING_SCORED
    stopped = judged.gate(strict=arguments.gate == "strict") if arguments.gate else ()
    return GATE_FAILED if stopped else DONE


def calibrate(loaded: Rubric, run: Run, path: Path) -> int:
    """Write a copy of the rubric with bands from a run of human dialogues."""
    if path.exists():
        raise UsageError(f"{path}: exists; choose another name for the calibrated rubric")
    inputs = run.info["inputs"]
    record = rubric.calibrate(
        loaded,
        run.scores(),
        source=str(run.path),
        signatures=run.info["signature"],
        sha256=inputs[0]["sha256"] if len(inputs) == 1 else None,
        date=run.info["started_at"][:10],
    )
    write_text(path, dumps_pretty(record))
    terminal.say(f"{path} written; judge with --rubric {path}")
    return DONE


def clusters(run: Run, field: str | None) -> dict[str, str] | None:
    """Dialogue -> value of a meta field."""
    if field is None:
        return None
    found = {one["dialogue"]: one["meta"].get(field) for one in run.index()}
    named = {dialogue: str(value) for dialogue, value in found.items() if value is not None}
    if not named:
        raise UsageError(f"--cluster {field}: no dialogue has meta.{field}")
    return named


def told(judged: Judgement) -> str:
    """A judgement as text: a block per entry, the evidence against it always with it."""
    lines = [f"{judged.rubric} ({judged.population})", f"signature {judged.signature}"]
    for verdict in judged.verdicts:
        lines += ["", *_block(verdict)]
    return "\n".join(lines)


def _block(verdict: Verdict) -> list[str]:
    """One entry."""
    word = verdict.verdict or "monitored"
    lines = [f"{verdict.dimension} {verdict.metric} {verdict.direction}: {word.upper()} ({verdict.need})"]
    lines += _wrapped(verdict.reason)
    if verdict.n:
        low, high = verdict.interval or (None, None)
        interval = (
            f", 90 % interval {low:+.3f} to {high:+.3f}" if low is not None and high is not None else ""
        )
        chance = f"strangers {_number(verdict.baseline)}, excess {_number(verdict.excess)}"
        lines += _wrapped(f"value {_number(verdict.value)}, {chance}{interval}, n {verdict.n:,}")
    lines += _wrapped(f"target: {verdict.target} ({verdict.target_source})")
    weak = ", weak ground" if verdict.weak_ground else ""
    lines += _wrapped(f"serves: {verdict.serves} (evidence: {verdict.grade}{weak})")
    for one in verdict.contrary:
        lines += _wrapped(f"against: {one.finding} ({one.grade}; {one.source})")
    for floor in verdict.contraindications:
        lines += _wrapped(f"must not: {floor.when}: {floor.reason}")
        if floor.turns:
            shown = ", ".join(f"{one.dialogue} turn {one.turn}" for one in floor.turns[:SHOWN])
            more = f" and {len(floor.turns) - SHOWN} more" if len(floor.turns) > SHOWN else ""
            lines += _wrapped(f"look at this, it is no verdict: {shown}{more}")
    for caution in verdict.cautions:
        lines += _wrapped(f"caution: {caution}")
    return lines


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
