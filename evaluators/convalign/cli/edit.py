"""``convalign intervene`` and ``convalign convert``: a log in, a log out."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from convalign import interventions, logs
from convalign.cli import DONE, SOME_UNSCORED, terminal
from convalign.cli.score import reading
from convalign.dialogue import Dialogue, Notes, rebase
from convalign.errors import UsageError
from convalign.files import cleared
from convalign.scale import Progress, building

Writer = Callable[[Iterable[Dialogue], TextIO], int]


def convert(arguments: Namespace) -> int:
    """Read any known format, write one of `logs.TARGETS`."""
    if arguments.excel_safe and arguments.to != "csv":
        raise UsageError("--excel-safe belongs to --to csv")
    report = logs.Report()
    dialogues = logs.read(arguments.log, reading(arguments), report=report)
    notes = report.notes
    if arguments.to == "convokit":
        _corpus(dialogues, arguments.output, force=arguments.force, notes=notes)
    else:
        writers: dict[str, Writer] = {
            "canonical": logs.write_canonical,
            "csv": partial(logs.write_csv, notes=notes, excel_safe=arguments.excel_safe),
            "openai": partial(logs.write_openai, notes=notes),
        }
        write(dialogues, arguments.output, force=arguments.force, notes=notes, writer=writers[arguments.to])
    terminal.say(f"{report.read:,} dialogues written to {arguments.output}", quiet=arguments.quiet)
    _notes(report, arguments)
    return SOME_UNSCORED if report.skipped_count else DONE


def _notes(report: logs.Report, arguments: Namespace) -> None:
    """What was dropped or moved, told once."""
    for note, count in report.notes:
        terminal.say(f"note: {note} ({count:,} times)", quiet=arguments.quiet)


def intervene(arguments: Namespace) -> int:
    """Edit one speaker's turns on one dimension, write the edited log."""
    output = Path(arguments.output)
    if arguments.output == "-":
        raise UsageError("-o -: sound files need a folder; name a file to write")
    module = interventions.load(arguments.dimension)
    options = {"strength": arguments.strength, "seed": arguments.seed, "placebo": arguments.placebo}
    if arguments.terms is not None:
        options["terms"] = arguments.terms
    try:
        settings = module.Settings(**options)
    except TypeError:
        raise UsageError(f"--terms: the {arguments.dimension} intervention has no such option") from None
    report = logs.Report()
    stream = logs.read([arguments.log], reading(arguments), report=report)
    tally = interventions.Tally()
    folder = output.parent / f"{output.stem}-audio" if module.NEEDS == "audio" else None
    with terminal.progress(quiet=arguments.quiet) as progress:
        edited = interventions.apply(
            stream, module, settings, arguments.direction, folder=folder, tally=tally
        )
        edited = _counted(edited, progress)
        write(edited, arguments.output, force=arguments.force, notes=report.notes)
    terminal.say(
        f"{tally.dialogues:,} dialogues, {tally.edited:,} of {tally.replies:,} replies edited, "
        f"written to {arguments.output}",
        quiet=arguments.quiet,
    )
    if tally.without:
        labels = ", ".join(label for label, _ in tally.labels.most_common(4))
        terminal.say(
            f"note: {tally.without:,} dialogues without {arguments.direction} left alone; theirs: {labels}",
            quiet=arguments.quiet,
        )
    _notes(report, arguments)
    return SOME_UNSCORED if report.skipped_count else DONE


def _counted(dialogues: Iterator[Dialogue], progress: Progress) -> Iterator[Dialogue]:
    """The same dialogues; the progress bar hears of each."""
    for done, dialogue in enumerate(dialogues, 1):
        yield dialogue
        progress("edited", done, None)


def _corpus(dialogues: Iterable[Dialogue], output: str, *, force: bool, notes: Notes) -> None:
    """Write a ConvoKit folder whole or not at all."""
    if output == "-":
        raise UsageError("-o -: a ConvoKit corpus is a folder; name one")
    path = Path(output)
    if (
        path.exists()
        and not (path / "utterances.jsonl").is_file()
        and (path.is_file() or any(path.iterdir()))
    ):
        raise UsageError(f"{path}: exists and is no ConvoKit corpus; choose another folder")
    if (path / "utterances.jsonl").is_file() and not force:
        raise UsageError(f"{path}: exists; choose another name, or replace it with --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    with building(path) as folder:
        logs.write_convokit(dialogues, folder, notes)


def write(
    dialogues: Iterable[Dialogue],
    output: str,
    *,
    force: bool,
    notes: Notes,
    writer: Writer = logs.write_canonical,
) -> None:
    """Write a log whole or not at all, or stream it to stdout; sound is named from the log's folder."""
    folder = "." if output == "-" else str(Path(output).parent)
    dialogues = (rebase(dialogue, folder, notes) for dialogue in dialogues)
    if output == "-":
        writer(dialogues, sys.stdout)
        return
    path = Path(output)
    if path.exists() and not force:
        raise UsageError(f"{path}: exists; choose another name, or replace it with --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with cleared(part).open("x", encoding="utf-8", newline="\n") as stream:
            writer(dialogues, stream)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
