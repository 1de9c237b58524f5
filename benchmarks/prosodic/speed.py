"""Whole calls against real time, and the first result of a fresh process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from convalign.dialogue import Dialogue, from_record
from convalign.dimensions import prosodic

FIRST = """
import sys
from convalign import read, score
rows = score(read(sys.argv[1]), ["prosodic"])
assert any(row.value is not None for row in rows)
"""


def calls(data: Path) -> list[Dialogue]:
    """The generated stereo calls."""
    folder = data / "stereo_dialogues"
    lines = (folder / "stereo.jsonl").read_text().splitlines()
    return [from_record(json.loads(line), root=str(folder)) for line in lines]


def speed_table(data: Path, rounds: int) -> Iterator[tuple[str, ...]]:
    """Rows: what, figure with its spread, bound. Everything on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    dialogues = calls(data)
    length = sum(max(turn.end_s or 0 for turn in one.turns) for one in dialogues)
    ours, pyin = prosodic.Settings(), prosodic.Settings(pitch_engine="pyin")
    prosodic.observe(dialogues[:1], ours)
    prosodic.observe(dialogues[:1], pyin)  # compiles
    times = [(_seconds(dialogues, ours), _seconds(dialogues, pyin)) for _ in range(rounds)]
    real = sorted(length / a for a, _ in times)
    against = sorted(b / a for a, b in times)
    yield _row("both channels of a call decoded, pitch, rate and level, against real time", real, 80)
    yield _row("the same with pyin / with swift-f0", against, 10)
    cold = sorted(_cold(data / "stereo_dialogues" / "stereo.jsonl") for _ in range(rounds))
    middle = statistics.median(cold)
    held = "met" if cold[-1] <= 6 else "MISSED"
    spread = f"{middle:.2f} s ({cold[0]:.2f} to {cold[-1]:.2f})"
    yield "first rows of four calls in a fresh process, empty compile cache", spread, f"at most 6 s: {held}"


def _row(what: str, found: list[float], least: float) -> tuple[str, ...]:
    held = "met" if found[0] >= least else "MISSED"
    spread = f"{statistics.median(found):.1f}x ({found[0]:.1f} to {found[-1]:.1f})"
    return what, spread, f"at least {least:g}x: {held}"


def _seconds(dialogues: list[Dialogue], settings: prosodic.Settings) -> float:
    started = time.perf_counter()
    prosodic.observe(dialogues, settings)
    return time.perf_counter() - started


def _cold(log: Path) -> float:
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        environment = os.environ | {"NUMBA_CACHE_DIR": cache, "XDG_CACHE_HOME": cache}
        subprocess.run([sys.executable, "-c", FIRST, str(log)], check=True, env=environment)
        return time.perf_counter() - started
