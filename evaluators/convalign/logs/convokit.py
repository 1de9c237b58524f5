"""ConvoKit: the utterances of a corpus; nothing is unpickled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import loads, records
from convalign.logs._log import Cast, Head, Log, fail, role_of, show

NAME = "convokit"
EXTENSIONS = (".jsonl", ".json")
READS = (
    "utterances.jsonl (old: .json): conversation_id, speaker, text, reply-to; start_s, end_s in meta; "
    "beside it speakers.json (role) and conversations.json (to meta)"
)
IGNORES = "vectors, timestamps (only for the order of threads), other meta of speakers, pickled objects"

_PICKLED = re.compile(r"<##bin\{?\d+\}?&&@\*{1,2}>")
CURE = "give ConvoKit's utterances.jsonl"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is kept of one utterance."""

    id: str
    answered: str | None
    turn: Turn
    timestamp: float
    place: str


def sniff(head: Head) -> bool:
    """Whether the first record is an utterance."""
    return any(
        head.has(speaker, conversation, reply)
        for speaker in ("speaker", "user")
        for conversation in ("conversation_id", "root")
        for reply in ("reply-to", "reply_to")
    )


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the corpus; its utterances are held together, since a conversation may be scattered."""
    found: dict[str, list[Utterance]] = {}
    for record in records(log.text, log.notes, log.refuse):
        place, row = log.place(record.line), record.value
        if not isinstance(row, dict):
            fail(place, "$", f"{show(row)} is no utterance; {CURE}")
        conversation = _text(row, ("conversation_id", "root"), place)
        speaker = _text(row, ("speaker", "user"), place)
        said = row.get("text")
        if said is not None and not isinstance(said, str):
            fail(place, "$.text", f"{show(said)} is no text; write what was said, or null")
        answered = row.get("reply-to", row.get("reply_to"))
        if answered is not None and not isinstance(answered, (str, int)):
            fail(place, "$.reply-to", f"{show(answered)} is no id; write the id of an utterance, or null")
        meta = _plain(row.get("meta"), log)
        times = times_of(meta, place)
        turn = Turn(speaker, None if said is None else said.strip(), times[0], times[1])
        stamp = row.get("timestamp")
        when = float(stamp) if isinstance(stamp, (int, float)) and not isinstance(stamp, bool) else 0.0
        name = str(row.get("id", record.number))
        told = None if answered is None else str(answered)
        found.setdefault(conversation, []).append(Utterance(name, told, turn, when, place))
    people = _beside(log, ("speakers.json", "users.json"))
    about = _beside(log, ("conversations.json",))
    for conversation, rows in found.items():
        dialogue, _ = dialogue_of(conversation, rows, people, about.get(conversation))
        if dialogue.meta.get("threaded"):
            log.notes.add("threads: an utterance has several answers, so that turns stand by time")
        yield dialogue


def dialogue_of(
    name: str,
    rows: Sequence[Utterance],
    people: Mapping[str, Mapping[str, Any]] | None = None,
    about: Mapping[str, Any] | None = None,
) -> tuple[Dialogue, list[Utterance]]:
    """The dialogue of a conversation, and its utterances in the order of the turns.

    Parameters
    ----------
    name : id of the conversation
    rows : its utterances, in any order
    people : meta by speaker, of which ``role`` is read
    about : meta of the conversation

    Returns
    -------
    Dialogue with ``meta.threaded`` where an utterance has several answers, and [n_turns] utterances.
    """
    ordered, threaded = _ordered(rows)
    cast = Cast()
    for row in ordered:
        said = (people or {}).get(row.turn.speaker, {}).get("role")
        role = (role_of(said) or said) if isinstance(said, str) and said else None
        role = role or role_of(row.turn.speaker, corpus=True)
        cast.speaker(row.turn.speaker, role, place=row.place, path="$.speaker")
    turns = tuple(row.turn for row in ordered)
    meta = {**(about or {}), **({"threaded": True} if threaded else {})}
    source = rows[0].place if rows else None
    return Dialogue(name, turns, cast.roles, meta=meta, source=source), ordered


def _plain(meta: Any, log: Log) -> dict[str, Any]:
    """Meta without the objects that stand in pickle files."""
    if not isinstance(meta, dict):
        return {}
    kept = {
        key: value
        for key, value in meta.items()
        if not (isinstance(value, str) and _PICKLED.fullmatch(value))
    }
    if len(kept) < len(meta):
        log.notes.add("objects that stand in pickle files were left out; such files are never opened")
    return kept


def _beside(log: Log, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Meta by id, of a file that lies beside the utterances; ConvoKit wrote it flat, then under ``meta``."""
    path = next((one for name in names if (one := log.beside.find(name)) is not None), None)
    if path is None:
        return {}
    text = log.beside.text(path, NAME)
    written, line = text.value()
    listed = loads(written, text.place, line, log.notes)
    if not isinstance(listed, dict):
        fail(f"{text.place}:{line}", "$", f"{show(listed)} is no object by id; save the corpus again")
    return {key: _plain(one.get("meta", one), log) for key, one in listed.items() if isinstance(one, dict)}


def _text(row: Mapping[str, Any], keys: tuple[str, ...], place: str) -> str:
    """The first of these fields, as text."""
    value = next((row[key] for key in keys if row.get(key) not in (None, "")), None)
    if isinstance(value, dict):  # old corpora wrote the speaker as an object
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        fail(place, f"$.{keys[0]}", f"{show(value)} is no name; {CURE}")
    return str(value).strip()


def times_of(meta: Mapping[str, Any], place: str) -> tuple[float | None, float | None]:
    """Start and end of an utterance, s, where its meta has them."""
    return _number(meta, "start_s", place), _number(meta, "end_s", place)


def _number(meta: Mapping[str, Any], key: str, place: str) -> float | None:
    """A time that `convalign convert` keeps in the meta of an utterance."""
    value = meta.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        fail(place, f"$.meta.{key}", f"{show(value)} is no time; write seconds")
    return float(value)


def _ordered(rows: Sequence[Utterance]) -> tuple[list[Utterance], bool]:
    """Along the replies, where every utterance has one answer at most; else by time, and threaded."""
    ids = {row.id for row in rows}
    answers = Counter(row.answered for row in rows if row.answered in ids)
    starts = [row for row in rows if row.answered not in ids]
    if any(count > 1 for count in answers.values()):
        return sorted(rows, key=lambda row: row.timestamp), True
    following = {row.answered: row for row in rows if row.answered in ids}
    chain: list[Utterance] = []
    for start in starts:
        step: Utterance | None = start
        while step is not None and len(chain) < len(rows):
            chain.append(step)
            step = following.get(step.id)
    return (chain, False) if len(chain) == len(rows) else (list(rows), True)
