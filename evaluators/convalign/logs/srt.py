"""SubRip: numbered cues with times; the speaker stands before the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._cues import Cue, blocks, times, turns_of
from convalign.logs._log import Head, Log

NAME = "srt"
EXTENSIONS = (".srt",)
READS = "cues with times; Name: or [Name]: before the text, where half of the cues have it"
IGNORES = "numbers, formatting tags"

_BEGIN = re.compile(r"\s*\d+[ \t]*\n\d+:\d\d:\d\d[,.]\d{3} -->")
_TAG = re.compile(r"</?[bius]>|</?font[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)


def sniff(head: Head) -> bool:
    """Whether it begins with a number and a timing line."""
    return _BEGIN.match(head.text) is not None


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    cues = []
    for lines, line in blocks(log):
        at = 1 if lines[0].strip().isdecimal() and len(lines) > 1 else 0
        place = log.place(line + at)
        found = times(lines[at], place)
        if found is None:
            raise LogError(f"{place}: {lines[at][:60]!r} is no timing; write 00:00:00,500 --> 00:00:03,900")
        text = _TAG.sub("", " ".join(part.strip() for part in lines[at + 1 :])).strip()
        cues.append(Cue(None, text, *found, place))
    turns, roles = turns_of(cues, log.notes, log.text.place)
    yield Dialogue(log.name, turns, roles, source=log.place(1))
