"""WebVTT: cues with times and voices."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._cues import Cue, blocks, times, turns_of
from convalign.logs._log import Head, Log

NAME = "vtt"
EXTENSIONS = (".vtt",)
READS = (
    "cues with times; <v Name> voices, else Name: or [Name]: before the text, where half of cues have it; "
    "the language of the header"
)
IGNORES = "settings, styles, notes, regions, formatting tags"

_BEGIN = re.compile(r"WEBVTT(?:[ \t].*)?(?:\n|$)")
_LANGUAGE = re.compile(r"^Language:\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_VOICE = re.compile(r"<v(?:\.[^ \t<>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"</?[^<>]*>")
_SKIPPED = ("NOTE", "STYLE", "REGION")


def sniff(head: Head) -> bool:
    """Whether the first line says so."""
    return _BEGIN.match(head.text) is not None


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    cues: list[Cue] = []
    meta: dict[str, str] = {}
    for number, (block, line) in enumerate(blocks(log)):
        lines = block
        if number == 0:
            if not block[0].startswith("WEBVTT"):
                raise LogError(f"{log.place(line)}: does not begin with WEBVTT; say --format srt")
            if said := _LANGUAGE.search("\n".join(block[1:])):
                meta["language"] = said[1]
            lines = block[1:] if any("-->" in one for one in block) else []
        if not lines or lines[0].split(" ")[0].split("\t")[0] in _SKIPPED:
            continue
        at = 0 if "-->" in lines[0] else 1
        place = log.place(line + at)
        found = times(lines[at], place) if len(lines) > at else None
        if found is None:
            raise LogError(f"{place}: {lines[0][:60]!r} is no cue; write 00:00:00.500 --> 00:00:03.900 first")
        cues += _voices("\n".join(lines[at + 1 :]), *found, place)
    turns, roles = turns_of(cues, log.notes, log.text.place)
    yield Dialogue(log.name, turns, roles, meta=meta, source=log.place(1))


def _voices(text: str, start: float, end: float, place: str) -> Iterator[Cue]:
    """The cue, or one per voice in it."""
    parts = _VOICE.split(text)
    if _plain(parts[0]) or len(parts) == 1:
        yield Cue(None, _plain(parts[0]), start, end, place)
    for name, said in zip(parts[1::2], parts[2::2], strict=True):
        yield Cue(html.unescape(name).strip() or None, _plain(said), start, end, place)


def _plain(text: str) -> str:
    """Without tags, entities decoded, on one line."""
    return " ".join(html.unescape(_TAG.sub("", text)).split())
