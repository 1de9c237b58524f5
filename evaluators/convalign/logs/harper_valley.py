"""HarperValleyBank: transcripts of calls, with the ratings and the sound that lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convalign.dialogue import AudioSegment, Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._json import Record, loads
from convalign.logs._log import Cast, Head, Log, check_times, fail, in_time, role_of, show
from convalign.logs._words import field

NAME = "harper_valley"
EXTENSIONS = (".json",)
READS = (
    "transcript/ID.json: speaker_role, human_transcript, start_ms, duration_ms; metadata/ID.json to meta; "
    "audio/agent/ID.wav and audio/caller/ID.wav as the turns' sound (offset_ms is their clock)"
)
IGNORES = "the machine's words and their times, emotion and dialogue acts (never a score)"

CURE = "give HarperValleyBank's folder of transcripts"


def sniff(head: Head) -> bool:
    """Whether the first record is a segment of a call."""
    return head.has("speaker_role", "start_ms")


def read(log: Log) -> Iterator[Dialogue]:
    """The one call of the file."""

    def make(record: Record, place: str) -> Dialogue:
        if not isinstance(record.value, list):
            fail(place, "$", f"{show(record.value)} is no list of segments; {CURE}")
        name = Path(log.name).name
        sounds = {role: _sound(log, f"{role}/{name}.wav") for role in ("agent", "caller")}
        cast, turns = Cast(), []
        for n, row in enumerate(record.value):
            path = f"$[{n}]"
            label = field(row, "speaker_role", str, place, path, CURE).strip()
            start, length = (_ms(row, key, place, path) for key in ("start_ms", "duration_ms"))
            speaker = cast.speaker(label, role_of(label), place=place, path=f"{path}.speaker_role")
            text = row.get("human_transcript")
            if text is not None and not isinstance(text, str):
                fail(place, f"{path}.human_transcript", f"{show(text)} is no text; {CURE}")
            audio, sound = None, sounds.get(label)
            if sound is not None and "offset_ms" in row:
                begin = _ms(row, "offset_ms", place, path)
                audio = AudioSegment(sound, None, begin, round(begin + length, 6))
            said = None if text is None else text.strip()
            turns.append(Turn(speaker, said, start, round(start + length, 6), audio))
        check_times(tuple(turns), [place] * len(turns), "$.start_ms")
        meta = _ratings(log, f"../metadata/{name}.json")
        return Dialogue(
            name, in_time(tuple(turns)), cast.roles, meta=meta, root=log.beside.root, source=place
        )

    return log.records(make, whole=True)


def _ms(row: Any, key: str, place: str, path: str) -> float:
    """Milliseconds as seconds."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        fail(place, f"{path}.{key}", f"{show(value)} is no time; write milliseconds")
    return float(value) / 1000


def _sound(log: Log, name: str) -> str | None:
    """The path of a speaker's recording from the given folder, or None."""
    found = log.beside.find(f"../audio/{name}")
    if found is None:
        log.notes.add("calls without the sound of a speaker; give the folder that holds transcript and audio")
        return None
    return found.resolve().relative_to(Path(log.beside.root).resolve()).as_posix()


def _ratings(log: Log, relative: str) -> dict[str, Any]:
    """What the corpus says about the call."""
    path = log.beside.find(relative)
    if path is None:
        return {}
    text = log.beside.text(path, NAME)
    written, line = text.value()
    found = loads(written, text.place, line, log.notes)
    if not isinstance(found, dict):
        raise LogError(f"{path}: $: {show(found)} is no object; {CURE}")
    return found
