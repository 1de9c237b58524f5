"""``convalign review`` and ``convalign demo``."""

from __future__ import annotations

import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convalign import dimensions, study
from convalign.cli import DONE, GATE_FAILED, NOTHING_SCORED, SOME_UNSCORED, terminal
from convalign.errors import StudyError, UsageError
from convalign.independence.finding import bound_words
from convalign.review import Review, plan
from convalign.review import review as make
from convalign.review.arms import gather
from convalign.review.demo import demo as make_demo
from convalign.review.separability import refuse_small, supported
from convalign.scores import dumps_pretty, write_text

MEASURING = ("format", "attribution")
"""Designs that answer how much or which, so that nothing can fail."""


def review(arguments: Namespace) -> int:
    """Run a study, or compare runs without one (exploratory)."""
    if arguments.plan is not None:
        return _plan(arguments)
    started = time.monotonic()
    declared = _study(arguments)
    if arguments.gate and declared.design in MEASURING:
        raise UsageError(
            f"--gate: a study of the design {declared.design} measures and claims nothing to gate on"
        )
    command = shlex.join(["convalign", *sys.argv[1:]])
    with terminal.progress(quiet=arguments.quiet) as progress:
        made = make(
            declared,
            Path(arguments.output),
            command=command,
            against=Path(arguments.against) if arguments.against else None,
            force=arguments.force,
            jobs=arguments.jobs,
            progress=progress,
        )
    told(made, quiet=arguments.quiet, seconds=time.monotonic() - started)
    if arguments.gate and not made.results["answer"]["holds"]:
        return GATE_FAILED
    return exit_code(made.results)


def demo(arguments: Namespace) -> int:
    """The main job on the bundled corpus."""
    started = time.monotonic()
    with terminal.progress(quiet=arguments.quiet) as progress:
        made = make_demo(
            Path(arguments.output), force=arguments.force, jobs=arguments.jobs, progress=progress
        )
    told(made, quiet=arguments.quiet, seconds=time.monotonic() - started)
    return exit_code(made.results)


def _study(arguments: Namespace) -> study.Study:
    """The declared study, or an exploratory one built from the arms on the command line."""
    if arguments.study and (arguments.baseline or arguments.arm):
        raise UsageError("a study and --baseline/--arm were given; the study names its own arms")
    if arguments.study:
        return study.load(Path(arguments.study), dimensions=dimensions.names())
    if not arguments.baseline or not arguments.arm:
        raise UsageError("no study; name STUDY.json, or --baseline RUN and --arm DIMENSION=RUN")
    return study.from_arms(
        baseline=Path(arguments.baseline),
        arms={name: Path(run) for name, run in arguments.arm},
        bounds=dict(arguments.bound),
        rubric=arguments.rubric,
        direction=arguments.direction,
        dimensions=dimensions.names(),
    )


def _plan(arguments: Namespace) -> int:
    """Say what a study could show, and write its file."""
    if arguments.study or not arguments.baseline:
        raise UsageError(
            "--plan works from a pilot; name --baseline RUN, and --arm DIMENSION=RUN if there is one"
        )
    out = Path(arguments.output)
    if out.exists() and not arguments.force:
        raise UsageError(f"{out}: exists already; choose another file, or replace it with --force")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder; make it first")
    # A study has two arms: without an edited one, the pilot stands beside itself and is looked at alone.
    pilot = study.from_arms(
        baseline=Path(arguments.baseline),
        arms=[(name, Path(run)) for name, run in arguments.arm] or [("pilot", Path(arguments.baseline))],
        bounds=dict(arguments.bound),
        rubric=arguments.rubric,
        direction=arguments.direction,
        dimensions=dimensions.names() if arguments.arm else None,
    )
    arms = gather(pilot, out.parent)
    planned = plan.plan(pilot, arms if arguments.arm else arms[:1], arguments.plan)
    if all(one.sd is None for one in planned):
        raise StudyError(f"{arguments.baseline}: {planned[0].sd_from}; score a pilot of 3 dialogues or more")
    smallest = supported(pilot, arms[0])
    refuse_small(pilot, smallest)
    write_text(out, dumps_pretty(plan.study_file(planned, pilot, arguments.plan, smallest)))
    print("\n".join(_plan_table(planned)))
    for line in plan.sentences(planned, arguments.plan):
        print(line)
    if not arguments.quiet:
        terminal.say(f"{out} written: name its logs, say why each bound, and score them under it (--study)")
    return DONE


def _plan_table(planned: Sequence[plan.Planned]) -> list[str]:
    """Bounds and dialogues per dimension, as lines of text."""
    lines = [
        ["", "pilot", "sd", "smallest bound 80 / 90 %", "all cells", "bound", "needs 80 / 90 %", "all cells"]
    ]
    for one in planned:
        if one.sd is None:
            lines.append([one.dimension, str(one.pilot), "-", "-", "-", "-", "-", "-"])
            continue
        small = [
            " / ".join(f"±{v:.2g}" for v in kind.values()) for kind in (one.smallest, one.smallest_joint)
        ]
        needs = [" / ".join(f"{v:,}" for v in kind.values()) for kind in (one.needed, one.needed_joint)]
        bound = "-" if one.bound is None else bound_words(one.bound)
        row = [one.dimension, str(one.pilot), f"{one.sd:.3g}", *small, bound]
        lines.append([*row, *(text or "-" for text in needs)])
    return _columns(lines)


def told(made: Review, *, quiet: bool, seconds: float) -> None:
    """Print what was found: the answer, and the matrix in words."""
    if quiet:
        return
    answer = made.results["answer"]
    print(answer["sentence"])
    for line in answer["detail"]:
        print(f"  {line}")
    print()
    print("\n".join(table(made.results)))
    if made.results["against"]:
        print("\n" + "\n".join(differences(made.results["against"])))
    terminal.say(f"\n{made.path / 'index.html'} written in {seconds:.0f} s")


def differences(against: dict[str, Any]) -> list[str]:
    """What differs from the earlier review, as lines of text."""
    head = f"Against {against['path']} ({against['created_at']}):"
    lines = [
        f"  {one['arm']}, {one['dimension']}: {one['before'] or 'unscored'} -> {one['after'] or 'unscored'}"
        for one in against["cells"]
        if one["before"] != one["after"]
    ]
    lines += [
        f"  {one['rubric']}, {one['arm']}, {one['dimension']}: {one['before']} -> {one['after']}"
        for one in against["verdicts"]
        if one["before"] != one["after"]
    ]
    return [head, *(lines or ["  every conclusion and verdict is the same"])]


def table(results: dict[str, Any]) -> list[str]:
    """The transfer matrix as lines of text; a star marks the dimension that an edit targets."""
    lines = [["", *(one["name"] for one in results["columns"])]]
    lines += [[row["arm"], *(_cell(cell) for cell in row["cells"])] for row in results["matrix"]["rows"]]
    return _columns(lines)


def _columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Cells under each other."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(cell: dict[str, Any]) -> str:
    """One cell: conclusion and mean change, or why there is none."""
    finding = cell["finding"]
    mark = "* " if cell["target"] else ""
    if finding["conclusion"] is None:
        return f"{mark}{finding['reason']}"
    return f"{mark}{finding['conclusion']} ({finding['mean_difference']:+.3f})"


def exit_code(results: dict[str, Any]) -> int:
    """0, or 4 and 5 when pairs were lost although they had the input."""
    scored = [n for arm in results["arms"] for n in arm["scored"].values()]
    if not any(scored):
        return NOTHING_SCORED
    lost = [
        reason
        for arm in results["arms"]
        for reasons in arm["dropped"].values()
        for reason in reasons
        if reason not in ("no audio", "no words")
    ]
    return SOME_UNSCORED if lost else DONE
