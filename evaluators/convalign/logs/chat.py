"""CHAT: transcripts of the CHILDES and TalkBank families, by pylangacq."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError, MissingExtraError
from convalign.logs._log import Cast, Head, Log, check_times, in_time, role_of

NAME = "chat"
EXTENSIONS = (".cha",)
READS = "utterances, words and times; the participant's name where it is unique, else the code; language"
IGNORES = "dependent tiers, fillers and codes of words; xxx and yyy (nothing else: no transcript)"

UNINTELLIGIBLE = ("xxx", "yyy", "www")
_BEGIN = re.compile(r"(@UTF8\s*\n)?(@Window:.*\n|@PID:.*\n|@Font:.*\n)*@Begin\b")
_BARE = re.compile(r"\*[^:]*:\s*\](\s*\x15[\d_]*\x15)?\s*$")
_SPACE = re.compile(r" ([,.?!;:])")


def sniff(head: Head) -> bool:
    """Whether it begins as CHAT does."""
    return _BEGIN.match(head.text) is not None


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file.

    Raises
    ------
    MissingExtraError
        pylangacq is not installed.
    """
    try:
        import pylangacq
    except ModuleNotFoundError:
        raise MissingExtraError("CHAT takes pylangacq; pip install 'convalign[formats]'") from None
    lines, size = [], 0
    while (line := log.text.next_line()) is not None:
        size += len(line)
        if size > log.options.record_limit:
            raise LogError(f"{log.place(1)}: over {log.options.record_limit:,} bytes; split it")
        lines.append(line)
    _check(log, lines)
    try:
        transcript = pylangacq.CHAT.from_strs(["\n".join(lines) + "\n"], ids=[log.name], parallel=False)
        header = transcript.headers()[0]
        utterances = list(transcript.utterances())
    except BaseException as error:  # its own errors have no common class, its panics are no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        first = " ".join(str(error).removeprefix(f"{log.name}: ").split())[:120]
        found = f"pylangacq cannot read it ({first})"
        raise LogError(f"{log.place(1)}: {found}; check it with CLAN's CHECK") from None
    known = {one.code: one for one in header.participants}
    named = Counter(one.name for one in known.values() if one.name)
    cast, turns, places = Cast(), list[Turn](), list[str]()
    for one in utterances:
        code = str(one.participant)
        about = known.get(code)
        own = about.name if about is not None else None
        label = own if own and named[own] == 1 else code
        words = [token.word for token in one.tokens or () if token.word]
        said = [word for word in words if word not in UNINTELLIGIBLE]
        heard = any(re.search(r"\w", word) for word in said)
        text = _SPACE.sub(r"\1", " ".join(said)) if heard or len(said) == len(words) else None
        marks = one.time_marks
        start, end = (None, None) if marks is None else (marks[0] / 1000, marks[1] / 1000)
        cast.speaker(label, role_of(label), place=log.place(1), path=f"*{code}")
        turns.append(Turn(label, text, start, end))
        places.append(log.place(1))
    if not turns:
        raise LogError(f"{log.place(1)}: holds no utterance; write *CODE:<tab>words .")
    check_times(tuple(turns), places, "time marks")
    roles = {code: one.role for code, one in known.items() if one.role}
    meta: dict[str, Any] = {"participants": roles} if roles else {}
    # A transcript in two languages lists the main one first.
    meta |= {"language": header.languages[0]} if header.languages else {}
    yield Dialogue(log.name, in_time(tuple(turns)), cast.roles, meta=meta, source=log.place(1))


def _check(log: Log, lines: list[str]) -> None:
    """What pylangacq passes over, or panics on (which writes to stderr before we hear of it)."""
    if not any(line.strip() == "@End" for line in lines):
        raise LogError(f"{log.place(len(lines))}: has no @End; the file is cut off")
    casts = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("@ID:") and "|" not in line:
            raise LogError(f"{log.place(number)}: @ID has no fields; write language|corpus|code|||||role|||")
        casts += line.startswith("@Participants:")
        if casts > 1:
            raise LogError(f"{log.place(number)}: a second @Participants; write one transcript a file")
        if _BARE.match(line):
            raise LogError(f"{log.place(number)}: an utterance of no word; write *CODE:<tab>words .")
