"""``convalign score``."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any

from convalign import logs
from convalign.cli import DONE, NOTHING_SCORED, SOME_UNSCORED, terminal
from convalign.cli.parser import given
from convalign.scale import Stamp, Work, open_run, rows, score_to_run
from convalign.scoring import Outcome, Scorer, scorers

SETTINGS = (
    "surrogates", "within", "seed", "language", "spacy", "history", "uptake_turns", "pattern", "terms",
    "numbers", "affect", "provider", "pitch_engine", "lags", "fixed_gain", "rate_text",
)  # fmt: skip


def reading(arguments: Namespace) -> logs.ReadOptions:
    """The reading options of a verb."""
    renamed = {"audio": "audio_dir"}
    known = {f.name for f in fields(logs.ReadOptions)}
    options = {renamed.get(key, key): value for key, value in vars(arguments).items()}
    return logs.ReadOptions(
        **{key: value for key, value in options.items() if key in known and value is not None}
    )


def settings(arguments: Namespace) -> dict[str, Any]:
    """The options of a verb that change a number."""
    options = given(arguments, SETTINGS)
    if arguments.terms_file is not None:
        from convalign.dimensions.lexical.terms import read_terms

        options["terms"] = (*(options.get("terms") or ()), *read_terms(arguments.terms_file))
    return options


def score(arguments: Namespace) -> int:
    """Score logs into a run folder, or print the rows."""
    started = time.monotonic()
    chosen = scorers(arguments.dimensions, settings(arguments))
    read, report = reading(arguments), logs.Report()
    how = Work(
        arguments.jobs, arguments.engine, arguments.scheduler, arguments.timeout or None,
        arguments.worker_memory, arguments.table, arguments.resume, arguments.force,
    )  # fmt: skip
    with terminal.progress(quiet=arguments.quiet) as progress:
        if arguments.output == "-":
            outcome = Outcome()
            found = rows(
                arguments.log, chosen, read=read, report=report, how=how, outcome=outcome, progress=progress
            )
            for some in found:
                sys.stdout.write(some.decode("utf-8"))
                sys.stdout.flush()
        else:
            stamp = None
            if arguments.study:
                from convalign import study

                declared = study.load(Path(arguments.study))
                time_declared = declared.declared_at.isoformat() if declared.declared_at else None
                stamp = Stamp(declared.hash, time_declared)
            references = (
                open_run(Path(arguments.reference)).info["reference"] if arguments.reference else None
            )
            _, outcome = score_to_run(
                arguments.log, Path(arguments.output), chosen, read=read, report=report, how=how,
                stamp=stamp, references=references, progress=progress,
            )  # fmt: skip
    seconds = time.monotonic() - started
    terminal.say(terminal.summary(report, outcome, chosen, seconds=seconds), quiet=arguments.quiet)
    if arguments.output != "-":
        terminal.say(f"run in {arguments.output}", quiet=arguments.quiet)
    return exit_code(outcome, chosen, named=arguments.dimensions is not None, skipped=report.skipped_count)


def exit_code(outcome: Outcome, chosen: tuple[Scorer, ...], *, named: bool, skipped: int) -> int:
    """How a scoring verb ends.

    Parameters
    ----------
    named : the dimensions were asked for by name, so that missing input counts against them
    skipped : records that could not be read and were left out
    """
    if not sum(outcome.scored.values()):
        return NOTHING_SCORED
    lacking = sum(outcome.without_input[s.name] for s in chosen) if named else 0
    if skipped or lacking or any(outcome.unscored[s.name] for s in chosen):
        return SOME_UNSCORED
    return DONE
