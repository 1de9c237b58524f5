"""Plain JSON: rows with a speaker and a text under the names that tables use; asked last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._json import records
from convalign.logs._log import Cast, Head, Log, check_times, fail, in_time, own_id, role_of, show
from convalign.logs._words import time_of
from convalign.logs.table import KNOWN, dialogues, layout_of_names

NAME = "json"
EXTENSIONS = (".json", ".jsonl", ".ndjson")
READS = (
    "dialogues with a list of rows (turns, dialog, dialogue, utterances, conversation, log), an object of "
    "such lists by id, or one row a line; a row has a speaker, a text and times by the names of CSV columns"
)
IGNORES = "other fields of a row"
LAST = True

LISTS = ("turns", "dialog", "dialogue", "utterances", "conversation", "log")
CURE = "write rows with speaker and text"

Row = Mapping[str, Any]


def sniff(head: Head) -> bool:
    """Whether rows with a speaker and a text stand somewhere in the first record."""
    return _is_flat(head) or any(
        f"{path[: path.rindex('.') + 1]}{text}" in head.keys
        for path in head.keys
        for speaker in KNOWN["speaker"]
        if path.endswith(f"[].{speaker}")
        for text in KNOWN["text"]
    )


def _is_flat(head: Head) -> bool:
    """Whether each record is one row."""
    top = {key.removeprefix("[].").lower() for key in head.keys if "." not in key.removeprefix("[].")}
    return layout_of_names(sorted(top), head.columns) is not None and "dialogue" in {
        name for name, known in KNOWN.items() if top & set(known)
    }


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one at a time."""
    if _is_flat(log.head):
        yield from _flat(log)
        return
    bare = any(f"[].{name}" in log.head.keys for name in KNOWN["speaker"])
    for record in records(log.text, log.notes, log.refuse, whole=bare):
        place = log.place(record.line)
        for name, rows, rest, path in _listed(record.value, place):
            try:
                own = own_id(rest, ("id", *KNOWN["dialogue"]), place) if name is None else name
                made = dialogue_of(rows, rest, own or log.name_of(record), place, path)
            except LogError as error:
                log.refuse(error)
                continue
            yield made


def _listed(value: Any, place: str) -> Iterator[tuple[str | None, list[Any], dict[str, Any], str]]:
    """Lists of rows in a record: (id when the record says it, rows, what stands beside them, path)."""
    if isinstance(value, list):
        yield None, value, {}, "$"
        return
    if not isinstance(value, dict):
        fail(place, "$", f"{show(value)} is no dialogue; {CURE}")
    key = next((name for name in LISTS if isinstance(value.get(name), list)), None)
    if key is not None:
        yield None, value[key], {name: one for name, one in value.items() if name != key}, f"$.{key}"
        return
    lists = {name: one for name, one in value.items() if isinstance(one, list)}
    if not lists or len(lists) < len(value):
        fail(place, "$", f"has no list of rows; {CURE}, in {', '.join(LISTS)}")
    for name, rows in lists.items():
        inner = rows[0] if len(rows) == 1 and isinstance(rows[0], list) else rows
        yield name, inner, {}, f"$.{name}"


def dialogue_of(rows: list[Any], rest: dict[str, Any], name: str, place: str, path: str) -> Dialogue:
    """The dialogue of a list of rows with a speaker and a text.

    Parameters
    ----------
    rows : objects, under the names that tables use
    rest : what else the log says of the dialogue
    name : its id
    place, path : for messages
    """
    cast, turns = Cast(), []
    for n, row in enumerate(rows):
        where = f"{path}[{n}]"
        if not isinstance(row, dict):
            fail(place, where, f"{show(row)} is no row; {CURE}")
        label, text = _field(row, "speaker"), _field(row, "text")
        if isinstance(label, bool) or not isinstance(label, (str, int)) or not str(label).strip():
            fail(place, f"{where}.speaker", f"{show(label)} is no speaker; say who speaks")
        if text is not None and not isinstance(text, str):
            fail(place, f"{where}.text", f"{show(text)} is no text; write what was said, or null")
        role = role_of(str(label), corpus=True)
        speaker = cast.speaker(str(label).strip(), role, place=place, path=f"{where}.speaker")
        start, end = (time_of(_field(row, key), place, f"{where}.{key}") for key in ("start", "end"))
        turns.append(Turn(speaker, None if text is None else text.strip(), start, end))
    check_times(tuple(turns), [place] * len(turns), path)
    return Dialogue(name, in_time(tuple(turns)), cast.roles, meta=rest, source=place)


def _field(row: Row, name: str) -> Any:
    """The value of a field by any of its names; None without one."""
    return next((row[known] for known in KNOWN[name] if known in row), None)


def _flat(log: Log) -> Iterator[Dialogue]:
    """Dialogues of rows, one a record, by the rules of tables."""
    found = records(log.text, log.notes, log.refuse)
    first = next(found, None)
    if first is None or not isinstance(first.value, dict):
        raise LogError(f"{log.place(1)}: $: is no row; {CURE}")
    names = list(first.value)
    layout = layout_of_names(names, log.options.columns)
    if layout is None:
        raise LogError(f"{log.place(1)}: $: has no speaker or no text; {CURE}")

    def cells() -> Iterator[tuple[int, int, list[str | None]]]:
        for record in chain((first,), found):
            if not isinstance(record.value, dict):
                fail(log.place(record.line), "$", f"{show(record.value)} is no row; {CURE}")
            made = [as_cell(record.value.get(name)) for name in names]
            yield record.line, sum(len(cell or "") + 1 for cell in made), made

    yield from dialogues(cells(), layout, log)


def as_cell(value: Any) -> str | None:
    """A value as a table would hold it."""
    if value is None or isinstance(value, str):
        return value
    return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
