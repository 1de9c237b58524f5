"""The command: one verb, one function, six exit codes.

Nothing but the standard library is imported before the arguments are parsed; each verb then
imports what it needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from convalign.cli.config import configured
from convalign.cli.parser import parser
from convalign.errors import (
    AudioError,
    ConvalignError,
    LogError,
    MissingExtraError,
    RubricError,
    RunError,
    StudyError,
    UsageError,
)

DONE, GATE_FAILED, USAGE, UNREADABLE, SOME_UNSCORED, NOTHING_SCORED = range(6)

EXIT_CODES: dict[type[ConvalignError], int] = {
    UsageError: USAGE,
    MissingExtraError: USAGE,
    LogError: UNREADABLE,
    AudioError: UNREADABLE,
    RubricError: UNREADABLE,
    StudyError: UNREADABLE,
    RunError: UNREADABLE,
    ConvalignError: UNREADABLE,
}
"""What an error that reaches the user ends with."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : arguments; None = those of the process

    Returns
    -------
    0 done, 1 gate failed, 2 usage, 3 unreadable input, 4 some dialogues could not be scored,
    5 nothing could be scored; 130 after Ctrl-C.
    """
    top = parser()
    try:
        found = configured(top, argv)
    except UsageError as error:
        print(f"convalign: {error}", file=sys.stderr)
        return USAGE
    arguments = top.parse_args(argv)
    arguments.configured = found
    try:
        verb = import_module(f"convalign.cli.{arguments.module}")
        return int(getattr(verb, arguments.verb)(arguments))
    except ConvalignError as error:
        print(f"convalign: {error}", file=sys.stderr)
        return EXIT_CODES[type(error)]
    except BrokenPipeError:
        # The reader (head) has gone: not an error. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print(f"convalign: stopped; {_left(arguments)}", file=sys.stderr)
        return 130


def _left(arguments: argparse.Namespace) -> str:
    """What Ctrl-C leaves."""
    if getattr(arguments, "resume", None) is None or arguments.output == "-":
        return "nothing was written"
    return "the same command with --resume goes on; nothing else was written"
