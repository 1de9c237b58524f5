"""From logs to a run: a folder that is whole or not there, the same for any engine and worker count."""

from __future__ import annotations

from convalign.scale.engines import Engine, Processes, work_alike
from convalign.scale.kernel import Task
from convalign.scale.progress import Progress, silent
from convalign.scale.runs import Run, Stamp, building, open_run, versions
from convalign.scale.scored import Work, able, rows, score_to_run

__all__ = [
    "Engine",
    "Processes",
    "Progress",
    "Run",
    "Stamp",
    "Task",
    "Work",
    "able",
    "building",
    "open_run",
    "rows",
    "score_to_run",
    "silent",
    "versions",
    "work_alike",
]
