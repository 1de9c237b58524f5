"""Reading dialogue logs: any known format in, one `Dialogue` at a time out.

One module per format, found by listing this folder; a module whose name begins with ``_`` is
shared by them. A reader opens no network address, unpickles nothing and decodes no sound.
"""

from __future__ import annotations

from collections.abc import Iterator

from convalign.dialogue import Dialogue, Notes
from convalign.logs._drive import Reading
from convalign.logs._formats import formats
from convalign.logs._options import ReadOptions, Report, SourceRecord
from convalign.logs._walk import Sources, given
from convalign.logs._write import TARGETS, write_canonical, write_convokit, write_csv, write_openai

__all__ = [
    "TARGETS",
    "ReadOptions",
    "Report",
    "SourceRecord",
    "formats",
    "read",
    "write_canonical",
    "write_convokit",
    "write_csv",
    "write_openai",
]


def read(
    sources: Sources,
    options: ReadOptions | None = None,
    *,
    notes: Notes | None = None,
    report: Report | None = None,
) -> Iterator[Dialogue]:
    """Read the dialogues of logs, whatever their format.

    Parameters
    ----------
    sources : one path or several; a folder is walked, ``-`` is standard input
    options : how to read; None = `ReadOptions()`
    notes : counts what was dropped or moved; default: those of `report`
    report : filled while the dialogues are taken

    Returns
    -------
    iterator over dialogues in the order of the sources; it holds one dialogue at a time

    Raises
    ------
    UsageError
        No source, or no such format; at once.
    LogError
        A source that is not there, at once; a file or dialogue that cannot be read, when the
        iterator gets there: ``file:line: $.path: found; what would work``.

    Source
    ------
    docs/formats.md.
    """
    report = Report() if report is None else report
    if notes is not None:
        report.notes = notes
    return Reading(given(sources), options or ReadOptions(), report).dialogues()
