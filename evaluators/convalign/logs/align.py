"""ALIGN's two columns, ``participant`` and ``content``, parted by a tab; one dialogue a file, no quoting."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, role_of

NAME = "align"
EXTENSIONS = (".txt", ".tsv")
READS = "participant, content; a file name DYAD-condN gives meta.dyad and meta.condition"
IGNORES = "nothing"

COLUMNS = ("participant", "content")


def sniff(head: Head) -> bool:
    """Whether the header is exactly these two columns."""
    return _header(head.text.lstrip("\n").split("\n", 1)[0]) is not None


def _header(line: str) -> list[str] | None:
    """The two column names in their order, or None."""
    names = [name.strip().lower() for name in line.split("\t")]
    return names if sorted(names) == sorted(COLUMNS) else None


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    log.text.peek()
    line, header = log.text.line, _header(log.text.next_line() or "")
    if header is None:
        raise LogError(f"{log.place(line)}: the header is not participant, tab, content; say --format csv")
    who = header.index("participant")
    cast, turns = Cast(), []
    size, line = 0, log.text.line
    while (written := log.text.next_line()) is not None:
        place, line = log.place(line), log.text.line
        size += len(written)
        if size > log.options.record_limit:
            raise LogError(f"{place}: one dialogue has over {log.options.record_limit:,} bytes; split it")
        if not written.strip():
            continue
        cells = written.split("\t")
        if len(cells) != 2:
            raise LogError(f"{place}: the row has {len(cells)} cells; write participant, one tab, content")
        label = cells[who].strip()
        if not label:
            raise LogError(f"{place}: column 'participant': is empty; say who speaks")
        speaker = cast.speaker(label, role_of(label, corpus=True), place=place, path="participant")
        turns.append(Turn(speaker, cells[1 - who].strip()))
    if not turns:
        raise LogError(f"{log.place(1)}: has a header and no rows; add one row per turn")
    named = re.fullmatch(r"(?:.*/)?(?:dyad)?([^/]+)-cond([^/]+)", log.name)
    meta = {"dyad": named[1], "condition": named[2]} if named else {}
    yield Dialogue(log.name, tuple(turns), cast.roles, meta=meta, source=log.place(1))
