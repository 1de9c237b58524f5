"""Tables with a header row, one turn a row: CSV, TSV, or parted by ``;`` or ``|``."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import (
    Cast,
    Head,
    Log,
    UnskippableError,
    check_times,
    fail,
    in_time,
    role_of,
    seconds,
    show,
)  # fmt: skip

NAME = "csv"
EXTENSIONS = (".csv", ".tsv", ".tab", ".txt")
READS = (
    "columns for dialogue, speaker (or role), text, start, end or duration (also *_ms), turn; "
    "other names by --columns; remarks (# ...) may stand before the header"
)
IGNORES = "further columns that vary within a dialogue (counted); constant ones go to meta"

DELIMITERS = (",", ";", "\t", "|")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "dialogue": (
        "dialogue", "dialogue_id", "dialog_id", "conversation_id", "conversation", "call_id", "session_id",
    ),
    "speaker": ("speaker", "participant", "role", "from", "author", "sender"),
    "text": (
        "text", "content", "utterance", "message", "human_transcript", "transcript", "value", "sentence",
    ),
    "start": ("start", "start_s", "start_time", "begin", "onset"),
    "end": ("end", "end_s", "end_time", "offset"),
    "duration": ("duration", "duration_s", "dur"),
    "turn": ("turn", "index"),
    "role": ("role",),
}  # fmt: skip
"""Names by which a column is known, in any case, the first ones before the others."""

TIMED = ("start", "end", "duration")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table keeps what.

    Attributes
    ----------
    delimiter : between cells
    header : names of the columns
    at : field -> index of its column
    """

    delimiter: str
    header: tuple[str, ...]
    at: Mapping[str, int]

    def milliseconds(self, name: str) -> bool:
        """Whether the column of a time counts milliseconds."""
        return self.header[self.at[name]].strip().lower().endswith("_ms")


@dataclass(slots=True)
class _Open:
    """The dialogue whose rows are being read."""

    name: str
    line: int
    turns: list[Turn] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    cast: Cast = field(default_factory=Cast)
    extra: dict[int, str | None] = field(default_factory=dict)
    size: int = 0
    trouble: LogError | None = None


def sniff(head: Head) -> bool:
    """Whether the first line, parted somehow, names a speaker and a text column."""
    first = next((line for line in head.text.split("\n") if not _is_comment(line, head.columns)), "")
    if first.lstrip()[:1] in ("{", "[", "<") or first.strip().lower() in _ALIGN:
        return False
    return layout_of(first, head.columns) is not None


def _is_comment(line: str, columns: Mapping[str, str]) -> bool:
    """Whether a line before the header is blank or a remark (``# ...``), not the header itself."""
    return not line.strip() or (line.startswith("#") and layout_of(line, columns) is None)


_ALIGN = ("participant\tcontent", "content\tparticipant")


def layout_of(first: str, given: Mapping[str, str]) -> Layout | None:
    """Find the delimiter under which a header has a speaker and a text column.

    Parameters
    ----------
    first : the first line
    given : field -> column name, over the known names

    Returns
    -------
    Layout, or None when no delimiter gives both columns
    """
    for delimiter in DELIMITERS:
        try:
            header = next(csv.reader([first], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        at = _columns(header, given)
        if "speaker" in at and "text" in at:
            return Layout(delimiter, tuple(name.strip() for name in header), at)
    return None


def layout_of_names(names: Sequence[str], given: Mapping[str, str]) -> Layout | None:
    """Where records with these fields keep what; None without a speaker or a text."""
    at = _columns(list(names), given)
    return Layout(",", tuple(names), at) if "speaker" in at and "text" in at else None


def _columns(header: list[str], given: Mapping[str, str]) -> dict[str, int]:
    """Field -> index, for the fields that the header has."""
    names = [name.strip().lower() for name in header]
    at: dict[str, int] = {}
    for name, known in KNOWN.items():
        wanted = (given[name].strip().lower(),) if name in given else known
        if name in TIMED and name not in given:
            wanted += tuple(f"{one.removesuffix('_s')}_ms" for one in known)
        found = next((one for one in wanted if one in names), None)
        if found is not None:
            at[name] = names.index(found)
    if at.get("role") == at.get("speaker"):
        at.pop("role", None)
    return at


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of a table, one at a time; rows of a dialogue stand together."""
    csv.field_size_limit(max(csv.field_size_limit(), min(log.options.record_limit, 2**31 - 1)))
    layout = _header(log)
    yield from dialogues(_rows(log, layout), layout, log)


def dialogues(
    rows: Iterator[tuple[int, int, list[str | None]]], layout: Layout, log: Log
) -> Iterator[Dialogue]:
    """Dialogues of rows, one at a time.

    Parameters
    ----------
    rows : (line or number, bytes, cells) in the order of the file; a cell is None where a format has null
    layout : where the cells are
    """
    now: _Open | None = None
    ended: dict[str, tuple[int, int]] = {}
    for line, size, cells in rows:
        name, trouble = _name_of(cells, layout, now, log, line)
        if now is None or name != now.name:
            if now is not None:
                ended[now.name] = (now.line, line - 1)
                yield from _close(now, layout, log)
            if name in ended:
                _returned(name, ended[name], layout, log, line)
            now = _Open(name, line)
        now.size += size
        if now.size > log.options.record_limit:
            raise LogError(
                f"{log.place(now.line)}: one dialogue has over {log.options.record_limit:,} bytes; "
                "split it, or read it with a higher limit"
            )
        try:
            if trouble is not None:
                raise trouble
            _enter(cells, now, layout, log, line)
        except LogError as error:
            now.trouble = now.trouble or error
            if log.options.on_error == "stop":
                raise
    if now is None:
        raise LogError(f"{log.place(1)}: has a header and no rows; add one row per turn")
    yield from _close(now, layout, log)


def _header(log: Log) -> Layout:
    """Read the header row, or say which columns are missing."""
    line, first = log.text.line, log.text.next_line()
    while first is not None and _is_comment(first, log.options.columns):
        line, first = log.text.line, log.text.next_line()
    first = first or ""
    layout = layout_of(first, log.options.columns)
    if layout is None:
        delimiter = max(DELIMITERS, key=first.count)
        header = [name.strip() for name in first.split(delimiter)]
        at = _columns(header, log.options.columns)
        missing = " and ".join(name for name in ("speaker", "text") if name not in at)
        named = ", ".join(show(name) for name in header[:8])
        raise LogError(
            f"{log.place(line)}: no column for {missing}; there are: {named}; "
            "say --columns speaker=NAME,text=NAME"
        )
    for name, column in log.options.columns.items():
        if name not in layout.at:
            raise LogError(
                f"{log.place(line)}: no column {column!r} for {name}; "
                f"there are: {', '.join(layout.header[:12])}"
            )
    names = [name.lower() for name in layout.header if name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise LogError(f"{log.place(line)}: two columns are called {twice!r}; rename one")
    return layout


def _rows(log: Log, layout: Layout) -> Iterator[tuple[int, int, list[str | None]]]:
    """Rows as (line, bytes, cells); rows without any cell are passed over."""
    size, first = 0, log.text.line

    def lines() -> Iterator[str]:
        nonlocal size
        while (written := log.text.next_line()) is not None:
            size += len(written) + 1
            if size > log.options.record_limit:
                raise LogError(
                    f"{log.place(first)}: one row has over {log.options.record_limit:,} bytes; "
                    "a quote may lack its end, or read it with a higher limit"
                )
            yield written + "\n"

    reader = csv.reader(lines(), delimiter=layout.delimiter, strict=True)
    while True:
        size, first = 0, log.text.line
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise LogError(f"{log.place(first)}: {_quotes(error)}") from None
        if cells is None:
            return
        if cells:
            yield first, size, list[str | None](cells)


def _quotes(error: csv.Error) -> str:
    """What the table reader met, in words."""
    if "unexpected end of data" in str(error):
        return "a quote opens here and does not close; close it, or double the quotes inside a cell"
    return f"a quoted cell is broken ({error}); double the quotes inside a cell"


def _name_of(
    cells: list[str | None], layout: Layout, now: _Open | None, log: Log, line: int
) -> tuple[str, LogError | None]:
    """The dialogue of a row, and what is wrong with the row as a whole."""
    trouble = None
    width = len(layout.header)
    if len(cells) > width and not any((cell or "").strip() for cell in cells[width:]):
        del cells[width:]
    if len(cells) != width:
        trouble = LogError(
            f"{log.place(line)}: the row has {len(cells)} cells, the header {width}; "
            f"quote cells that hold {show(layout.delimiter)}"
        )
    at = layout.at.get("dialogue")
    if at is None:
        return log.name, trouble
    name = (cells[at] or "").strip() if at < len(cells) else ""
    if not name:
        before = "" if now is None else now.name
        column = f"column {layout.header[at]!r}"
        return before, trouble or LogError(
            f"{log.place(line)}: {column}: is empty; name the dialogue of each row"
        )
    return name, trouble


def _returned(name: str, lines: tuple[int, int], layout: Layout, log: Log, line: int) -> NoReturn:
    """Refuse a dialogue that goes on after another one; its beginning has been given out."""
    at = layout.at["dialogue"] + 1
    sign = {"\t": "$'\\t'", ",": ","}.get(layout.delimiter, f"'{layout.delimiter}'")
    raise UnskippableError(
        f"{log.place(line)}: column {layout.header[at - 1]!r}: {name!r} stood at lines "
        f"{lines[0]}-{lines[1]} already; rows of a dialogue stand together: "
        f"sort -s -t {sign} -k {at},{at} (all but the header)"
    )


def _enter(cells: list[str | None], now: _Open, layout: Layout, log: Log, line: int) -> None:
    """Add one row to the dialogue as a turn."""
    place = log.place(line)

    def column(name: str) -> str:
        return f"column {layout.header[layout.at[name]]!r}"

    def time(name: str) -> float | None:
        if name not in layout.at:
            return None
        cell = cells[layout.at[name]] or ""
        return seconds(cell, milliseconds=layout.milliseconds(name), place=place, path=column(name))

    label = (cells[layout.at["speaker"]] or "").strip()
    if not label:
        fail(place, column("speaker"), "is empty; say who speaks")
    role = role_of(label, corpus=True)
    if layout.header[layout.at["speaker"]].lower() == "role":
        label = role or label
    if "role" in layout.at:
        word = (cells[layout.at["role"]] or "").strip()
        role = role_of(word, corpus=True) or word or role
    speaker = now.cast.speaker(label, role, place=place, path=column("speaker"))
    start, end, length = time("start"), time("end"), time("duration")
    if end is None and start is not None and length is not None:
        end = round(start + length, 6)  # a sum of decimals is not one
    if "turn" in layout.at:
        cell = (cells[layout.at["turn"]] or "").strip()
        if not (cell.isascii() and cell.isdigit() and len(cell) < 16):
            fail(place, column("turn"), f"{show(cell)} is no whole number; number the turns 0, 1, 2, ...")
        now.order.append(int(cell))
    text = cells[layout.at["text"]]
    now.turns.append(Turn(speaker, None if text is None else text.strip(), start, end))
    now.places.append(place)
    used = set(layout.at.values())
    for index, extra in enumerate(cells):
        if index not in used and now.extra.setdefault(index, extra or "") != (extra or ""):
            now.extra[index] = None


def _close(now: _Open, layout: Layout, log: Log) -> Iterator[Dialogue]:
    """The dialogue of the rows read, or what is wrong with it."""
    try:
        if now.trouble is not None:
            raise now.trouble
        turns = tuple(now.turns)
        check_times(turns, now.places, "times")
    except LogError as error:
        log.refuse(error)
        return
    if now.order:
        turns = tuple(
            turn for _, turn in sorted(zip(now.order, turns, strict=True), key=lambda pair: pair[0])
        )
    meta: dict[str, Any] = {}
    for index, cell in now.extra.items():
        if cell is None:
            log.notes.add(f"column {layout.header[index]!r} varies within a dialogue and was left out")
        elif cell.strip() and layout.header[index]:
            meta[layout.header[index]] = cell.strip()
    yield Dialogue(now.name, in_time(turns), now.cast.roles, meta=meta, source=log.place(now.line))
