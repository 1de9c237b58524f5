"""dialign's input: every line ``NAME:``, a tab, and tokens; one dialogue a file, no header."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, role_of

NAME = "dialign"
EXTENSIONS = (".tsv", ".txt")
READS = "NAME:<tab>TOKENS, kept as written; a third name is a third speaker"
IGNORES = "nothing"

_LINE = re.compile(r"([^\t:]{1,64}):\t(.*)", re.DOTALL)


def sniff(head: Head) -> bool:
    """Whether every line that shows is a name, a colon and a tab."""
    lines = head.whole_lines()
    return bool(lines) and all(_LINE.fullmatch(line) for line in lines)


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    cast, turns = Cast(), []
    size, line = 0, log.text.line
    while (written := log.text.next_line()) is not None:
        place, line = log.place(line), log.text.line
        size += len(written)
        if size > log.options.record_limit:
            raise LogError(f"{place}: one dialogue has over {log.options.record_limit:,} bytes; split it")
        if not written.strip():
            continue
        match = _LINE.fullmatch(written)
        if match is None or not match[1].strip():
            raise LogError(f"{place}: column 1: no name, colon and tab; write NAME:<tab>what was said")
        label = match[1].strip()
        speaker = cast.speaker(label, role_of(label, corpus=True), place=place, path="column 1")
        turns.append(Turn(speaker, match[2].strip()))
    if not turns:
        raise LogError(f"{log.place(1)}: has no lines; write NAME:<tab>what was said, a turn a line")
    yield Dialogue(log.name, tuple(turns), cast.roles, source=log.place(1))
