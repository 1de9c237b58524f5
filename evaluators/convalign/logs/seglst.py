"""SegLST: a list of segments with session, speaker, words and times."""

from __future__ import annotations

from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import records
from convalign.logs._log import Cast, Head, Log, check_times, fail, in_time, role_of, show
from convalign.logs._words import field, time_of

NAME = "seglst"
EXTENSIONS = (".json", ".jsonl")
READS = "session_id, speaker, words, start_time, end_time; rows of a session stand together"
IGNORES = "other fields of a segment"

CURE = "write session_id, speaker, words, start_time, end_time"


def sniff(head: Head) -> bool:
    """Whether the first record is a segment."""
    return head.has("session_id", "words", "speaker")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per session."""
    session: str | None = None
    first, cast = "", Cast()
    turns: list[Turn] = []
    places: list[str] = []

    def done() -> Dialogue:
        check_times(tuple(turns), places, "$.end_time")
        return Dialogue(str(session), in_time(tuple(turns)), cast.roles, source=first)

    for record in records(log.text, log.notes, log.refuse):
        place = log.place(record.line)
        row, path = record.value, f"$[{record.number - 1}]"
        name = row.get("session_id") if isinstance(row, dict) else None
        if isinstance(name, bool) or not isinstance(name, (str, int)) or not str(name).strip():
            fail(place, f"{path}.session_id", f"{show(name)} is no session; {CURE}")
        label = row.get("speaker")
        if isinstance(label, bool) or not isinstance(label, (str, int)) or not str(label).strip():
            fail(place, f"{path}.speaker", f"{show(label)} is no speaker; {CURE}")
        text = field(row, "words", str, place, path, CURE)
        start, end = (time_of(row.get(key), place, f"{path}.{key}") for key in ("start_time", "end_time"))
        if session is not None and str(name) != session:
            yield done()
            cast, turns, places = Cast(), [], []
        if not turns:
            session, first = str(name), place
        speaker = cast.speaker(
            str(label), role_of(str(label), corpus=True), place=place, path=f"{path}.speaker"
        )
        turns.append(Turn(speaker, text.strip(), start, end))
        places.append(place)
    if turns:
        yield done()
