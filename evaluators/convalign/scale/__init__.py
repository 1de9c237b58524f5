"""From logs to a run: a folder that is whole or not there, the same for any engine and worker count."""

from __future__ import annotations

from convalign.scale.progress import Progress, silent
from convalign.scale.runs import Run, Stamp, building, open_run, versions
from convalign.scale.scored import Work, rows, score_to_run

__all__ = [
    "Progress",
    "Run",
    "Stamp",
    "Work",
    "building",
    "open_run",
    "rows",
    "score_to_run",
    "silent",
    "versions",
]
