"""NIST STM: file, channel, speaker, begin, end, label, text, divided by blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, in_time, role_of, seconds

NAME = "stm"
EXTENSIONS = (".stm",)
READS = "one dialogue per file column, its lines together; speaker, begin, end, text"
IGNORES = "comments (;;), channels, <labels>, lines that are not to be scored"

NO_TURN = ("ignore_time_segment_in_scoring", "inter_segment_gap")
_LINE = re.compile(r"(?:;;.*\n|\s*\n)*\S+ +\S+ +\S+ +\d+(?:\.\d+)? +\d+(?:\.\d+)?(?: +\S.*)?(?:\n|$)")


def sniff(head: Head) -> bool:
    """Whether the first line that is no comment has a name, a channel, a speaker and two times."""
    match = _LINE.match(head.text)
    if match is None:
        return False
    cells = match[0].strip().split("\n")[-1].split(None, 5)
    # CTM has a time in the third place; RTTM names the kind of line first and has no words.
    return re.fullmatch(r"\d+\.\d+", cells[2]) is None and "<NA>" not in match[0]


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per name in the first column."""
    name: str | None = None
    first, cast, size = "", Cast(), 0
    turns: list[Turn] = []
    places: list[str] = []

    def done() -> Dialogue:
        check_times(tuple(turns), places, "columns 4 and 5")
        return Dialogue(str(name), in_time(tuple(turns)), cast.roles, source=first)

    line = log.text.line
    while (written := log.text.next_line()) is not None:
        place, line = log.place(line), log.text.line
        if not written.strip() or written.startswith(";;"):
            continue
        cells = written.strip().split(None, 5)
        if len(cells) < 5:
            raise LogError(
                f"{place}: has {len(cells)} columns; write file, channel, speaker, begin, end, text"
            )
        who, (begin, end) = (
            cells[2],
            (seconds(cells[k], milliseconds=False, place=place, path=f"column {k + 1}") for k in (3, 4)),
        )
        text = re.sub(r"^<[^>]*>\s*", "", cells[5]) if len(cells) == 6 else ""
        if who in NO_TURN or text.strip().lower() in NO_TURN:
            continue
        size = size + len(written) if cells[0] == name else len(written)
        if size > log.options.record_limit:
            raise LogError(f"{place}: one dialogue has over {log.options.record_limit:,} bytes; split it")
        if name is not None and cells[0] != name and turns:
            yield done()
            cast, turns, places = Cast(), [], []
        if not turns:
            name, first = cells[0], place
        speaker = cast.speaker(who, role_of(who, corpus=True), place=place, path="column 3")
        turns.append(Turn(speaker, text.strip(), begin, end))
        places.append(place)
    if not turns:
        raise LogError(f"{log.place(1)}: has no turns; write file, channel, speaker, begin, end, text")
    yield done()
