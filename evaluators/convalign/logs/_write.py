"""Writing dialogues for other tools: whatever a format cannot hold is counted, never dropped in silence."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from convalign.dialogue import Dialogue, Notes, to_record
from convalign.errors import LogError

TARGETS = ("canonical", "csv", "convokit", "openai")
"""What `convalign convert` writes."""

CHAT_ROLES = {"user": "user", "agent": "assistant"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings that a spreadsheet takes for a formula; the last four are full-width signs."""


def write_canonical(dialogues: Iterable[Dialogue], stream: TextIO) -> int:
    r"""Write dialogues as canonical JSON lines, keys in the order of the schema, ``\n`` as line end.

    Parameters
    ----------
    dialogues : taken one at a time
    stream : open for text in UTF-8, without translation of line ends

    Returns
    -------
    how many were written

    Raises
    ------
    LogError
        A dialogue whose `meta` JSON cannot hold (NaN, or an object that is no JSON).
    """
    count = 0
    for dialogue in dialogues:
        stream.write(_line(to_record(dialogue), dialogue))
        count += 1
    return count


def write_csv(
    dialogues: Iterable[Dialogue], stream: TextIO, notes: Notes, *, excel_safe: bool = False
) -> int:
    r"""Write one row per turn: dialogue, speaker, role, text, start_s, end_s.

    Parameters
    ----------
    dialogues : taken one at a time
    stream : as in `write_canonical`
    notes : counts what a table cannot hold
    excel_safe : put ``'`` before an id, a name, a role or a text that a spreadsheet would run as a formula;
        such a file does not read back to the same words

    Returns
    -------
    how many dialogues were written
    """
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["dialogue", "speaker", "role", "text", "start_s", "end_s"])
    count = 0
    for dialogue in dialogues:
        _lost(dialogue, notes, ("meta", "audio"), "a table")
        for turn in dialogue.turns:
            text = turn.text
            if text is None:
                notes.add(
                    "turns without transcript became turns in which nothing is said: a table has no null"
                )
                text = ""
            cells = [dialogue.id, turn.speaker, dialogue.roles.get(turn.speaker) or "", text]
            if excel_safe:
                cells = [_quoted(cell, notes) for cell in cells]
            times = ["" if value is None else repr(value) for value in (turn.start_s, turn.end_s)]
            rows.writerow([*cells, *times])
        count += 1
    return count


def write_openai(dialogues: Iterable[Dialogue], stream: TextIO, notes: Notes) -> int:
    """Write one chat per line: user and agent as user and assistant, system messages first.

    Parameters
    ----------
    dialogues : every speaker a user or an agent
    stream : as in `write_canonical`
    notes : counts what a chat cannot hold

    Returns
    -------
    how many were written

    Raises
    ------
    LogError
        A speaker without such a role.
    """
    count = 0
    for dialogue in dialogues:
        _lost(dialogue, notes, ("times", "audio"), "a chat")
        system = dialogue.meta.get("system", [])
        if set(dialogue.meta) - {"system"}:
            notes.add("meta has no place in a chat")
        messages: list[dict[str, Any]] = [{"role": "system", "content": text} for text in system]
        for turn in dialogue.turns:
            role = CHAT_ROLES.get(dialogue.roles.get(turn.speaker) or "")
            if role is None:
                raise LogError(
                    f"{dialogue.source or dialogue.id}: {turn.speaker!r} is neither user nor agent, which "
                    f"a chat "
                    f"needs; say --roles {turn.speaker}=user"
                )
            name = {} if turn.speaker in CHAT_ROLES else {"name": turn.speaker}
            messages.append({"role": role, "content": turn.text, **name})
        stream.write(_line({"id": dialogue.id, "messages": messages}, dialogue))
        count += 1
    return count


def _quoted(cell: str, notes: Notes) -> str:
    """A cell that no spreadsheet runs."""
    if not cell.startswith(FORMULA):
        return cell
    notes.add("cells that begin like a formula got a quote before them")
    return f"'{cell}"


def write_convokit(dialogues: Iterable[Dialogue], folder: Path, notes: Notes) -> int:
    """Write a ConvoKit corpus: replies as a chain, roles and times in ``meta``.

    Parameters
    ----------
    dialogues : taken one at a time
    folder : that exists and is empty
    notes : counts what ConvoKit has no place for

    Returns
    -------
    how many were written

    Source
    ------
    ConvoKit 5.0: a conversation is named by its first utterance.
    """
    speakers: dict[str, dict[str, Any]] = {}
    conversations: dict[str, dict[str, Any]] = {}
    count = 0
    with (folder / "utterances.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        for dialogue in dialogues:
            _lost(dialogue, notes, ("audio",), "a ConvoKit corpus")
            before = None
            for k, turn in enumerate(dialogue.turns):
                name = dialogue.id if k == 0 else f"{dialogue.id}-{k}"
                times = {"start_s": turn.start_s, "end_s": turn.end_s}
                row: dict[str, Any] = {
                    "id": name,
                    "conversation_id": dialogue.id,
                    "text": turn.text,
                    "speaker": turn.speaker,
                    "meta": {key: value for key, value in times.items() if value is not None},
                    "reply-to": before,
                    "timestamp": k,
                    "vectors": [],
                }
                stream.write(_line(row, dialogue))
                before = name
                role = dialogue.roles.get(turn.speaker)
                known = speakers.setdefault(
                    turn.speaker, {"meta": {} if role is None else {"role": role}, "vectors": []}
                )
                if role is not None and known["meta"].get("role", role) != role:
                    notes.add("speakers with another role in another dialogue: ConvoKit has one per speaker")
            conversations[dialogue.id] = {"meta": dict(dialogue.meta), "vectors": []}
            count += 1
    index: dict[str, Any] = {
        "utterances-index": {"start_s": ["<class 'float'>"], "end_s": ["<class 'float'>"]},
        "speakers-index": {"role": ["<class 'str'>"]},
        "conversations-index": {},
        "overall-index": {},
        "version": 1,
        "vectors": [],
    }
    for name, value in (
        ("speakers.json", speakers),
        ("conversations.json", conversations),
        ("corpus.json", {}),
        ("index.json", index),
    ):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
    return count


def _line(record: Mapping[str, Any], dialogue: Dialogue) -> str:
    """A record as a line of JSON."""
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise LogError(f"{dialogue.id}: $.meta: {error}; keep to what JSON can hold") from None


def _lost(dialogue: Dialogue, notes: Notes, kinds: tuple[str, ...], where: str) -> None:
    """Count what a dialogue has and the target has no place for."""
    turns = dialogue.turns
    has = {
        "meta": bool(dialogue.meta),
        "audio": dialogue.audio is not None or any(turn.audio is not None for turn in turns),
        "times": any(turn.start_s is not None or turn.end_s is not None for turn in turns),
    }
    for kind in kinds:
        if has[kind]:
            notes.add(f"{kind} of dialogues: no place in {where}")
