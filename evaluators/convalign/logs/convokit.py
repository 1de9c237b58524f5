"""ConvoKit: the utterances of a corpus; nothing is unpickled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import records
from convalign.logs._log import Cast, Head, Log, fail, role_of, show

NAME = "convokit"
EXTENSIONS = (".jsonl", ".json")
READS = "utterances.jsonl (old: .json): conversation_id, speaker, text, reply-to; start_s, end_s in meta"
IGNORES = (
    "speakers.json, conversations.json, vectors, timestamps (only for the order of threads), pickled objects"
)

_PICKLED = re.compile(r"<##bin\d+&&@\*>")
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
        meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
        if any(isinstance(value, str) and _PICKLED.fullmatch(value) for value in (meta or {}).values()):
            log.notes.add("objects that stand in pickle files were left out; such files are never opened")
        times = times_of(meta or {}, place)
        turn = Turn(speaker, None if said is None else said.strip(), times[0], times[1])
        stamp = row.get("timestamp")
        when = float(stamp) if isinstance(stamp, (int, float)) and not isinstance(stamp, bool) else 0.0
        name = str(row.get("id", record.number))
        told = None if answered is None else str(answered)
        found.setdefault(conversation, []).append(Utterance(name, told, turn, when, place))
    for conversation, rows in found.items():
        dialogue, _ = dialogue_of(conversation, rows)
        if dialogue.meta:
            log.notes.add("threads: an utterance has several answers, so that turns stand by time")
        yield dialogue


def dialogue_of(name: str, rows: Sequence[Utterance]) -> tuple[Dialogue, list[Utterance]]:
    """The dialogue of a conversation, and its utterances in the order of the turns.

    Parameters
    ----------
    name : id of the conversation
    rows : its utterances, in any order

    Returns
    -------
    Dialogue with ``meta.threaded`` where an utterance has several answers, and [n_turns] utterances.
    """
    ordered, threaded = _ordered(rows)
    cast = Cast()
    for row in ordered:
        cast.speaker(
            row.turn.speaker, role_of(row.turn.speaker, corpus=True), place=row.place, path="$.speaker"
        )
    turns = tuple(row.turn for row in ordered)
    source = rows[0].place if rows else None
    return Dialogue(
        name, turns, cast.roles, meta={"threaded": True} if threaded else {}, source=source
    ), ordered


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
