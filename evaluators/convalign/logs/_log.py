"""What every reader shares: its view of one file, the role words, times and the order of turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, Protocol

from convalign.dialogue import LONGEST_S, Dialogue, Notes, Turn
from convalign.errors import LogError
from convalign.logs._beside import Companions
from convalign.logs._bytes import PACKED_NAME
from convalign.logs._json import Record, keys, records
from convalign.logs._options import ReadOptions
from convalign.logs._text import Text

ROLES: Mapping[str, str] = {
    word: role
    for role, words in (
        ("user", ("user", "human", "customer", "caller", "client", "prompter", "student", "patient")),
        ("agent", ("assistant", "agent", "ai", "gpt", "bot", "chatbot", "model")),
        ("agent", ("operator", "tutor", "teacher")),
    )
    for word in words
}
"""Words that name a role wherever they stand, in lower case."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class UnskippableError(LogError):
    """What ends the reading even with ``on_error="skip"``: part of a bad dialogue was given out."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file, by which its format is known.

    Attributes
    ----------
    text : the first characters, decoded
    name : of the file, without ``.gz`` or ``.zst``
    magic : its first bytes as stored, for what is no text
    keys : paths of the keys of the first JSON record, see `convalign.logs._json.keys`
    columns : what the caller said about columns
    """

    text: str
    name: str
    keys: frozenset[str]
    columns: Mapping[str, str]
    magic: bytes = b""

    @classmethod
    def of(cls, text: str, name: str, columns: Mapping[str, str], magic: bytes = b"") -> Head:
        """Look at the beginning of a file."""
        return cls(text, PACKED_NAME.sub("", name), keys(text), columns, magic)

    def whole_lines(self, most: int = 200) -> list[str]:
        """The lines that are complete and not blank, at most `most`."""
        lines = self.text.split("\n")
        cut = lines[:-1] if len(lines) > 1 else lines
        return [line for line in cut if line.strip()][:most]

    def has(self, *paths: str) -> bool:
        """Whether the first record, alone or in a list, has all these keys."""
        return any(all(f"{prefix}{path}" in self.keys for path in paths) for prefix in ("", "[]."))


@dataclass(frozen=True, slots=True)
class Log:
    """One file, as a reader gets it.

    Attributes
    ----------
    text : where to read
    head : its beginning, still unread in `text`
    name : what ids are made of: the relative path without suffixes
    options : what the caller asked for
    notes : counts what is dropped or moved
    refuse : told of a bad dialogue; raises, or counts it and returns
    beside : files that may lie beside this one and belong to it
    open : the file as bytes in which one can seek, for formats that are no text; the reader closes it
    """

    text: Text
    head: Head
    name: str
    options: ReadOptions
    notes: Notes
    refuse: Callable[[LogError], None]
    beside: Companions
    open: Callable[[], BinaryIO]

    def place(self, line: int) -> str:
        """``file:line``, as messages begin."""
        return f"{self.text.place}:{line}"

    def records(self, make: Callable[[Record, str], Dialogue], *, whole: bool = False) -> Iterator[Dialogue]:
        """Dialogues of JSON records; a bad one is refused by itself."""
        for record in records(self.text, self.notes, self.refuse, whole=whole):
            try:
                dialogue = make(record, self.place(record.line))
            except LogError as error:
                self.refuse(error)
                continue
            yield dialogue

    def name_of(self, record: Record) -> str:
        """The id of a record that has none of its own."""
        return self.name if record.only() else f"{self.name}#{record.number}"


class Reader(Protocol):
    """What a module of this folder offers.

    A module may also say ``BINARY = True`` (it reads `Log.open`, not `Log.text`) and ``LAST = True``
    (a general form, asked only when no other reader knows the file).
    """

    NAME: str
    EXTENSIONS: tuple[str, ...]
    READS: str
    IGNORES: str

    def sniff(self, head: Head) -> bool:
        """Whether the file looks like this format."""
        ...

    def read(self, log: Log) -> Iterator[Dialogue]:
        """Its dialogues, one at a time."""
        ...


def role_of(label: str, *, corpus: bool = False) -> str | None:
    """The role that a word names, or None; `system` counts only as a speaker label of a corpus."""
    word = label.strip().lower()
    return "agent" if corpus and word == "system" else ROLES.get(word)


def fail(place: str, path: str, message: str) -> NoReturn:
    """Raise what is wrong with a field."""
    raise LogError(f"{place}: {path}: {message}")


def show(value: Any) -> str:
    """A value for a message, short, as JSON would name it."""
    names = {dict: "an object", list: "a list", bool: "a truth value", type(None): "null"}
    return names.get(type(value)) or (repr(value) if len(repr(value)) <= 40 else repr(value)[:37] + "...")


def seconds(cell: str, *, milliseconds: bool, place: str, path: str) -> float | None:
    """A time written as text; None for an empty cell."""
    cell = cell.strip()
    if not cell:
        return None
    unit = "milliseconds" if milliseconds else "seconds"
    if not _NUMBER.fullmatch(cell):
        comma = cell.replace(",", ".", 1)
        cure = f" ({comma})" if _NUMBER.fullmatch(comma) else ", or leave the cell empty"
        fail(place, path, f"{show(cell)} is no number; write {unit} as a number{cure}")
    number = float(cell) / (1000 if milliseconds else 1)
    if number < 0 or number == float("inf"):
        fail(place, path, f"{show(cell)} is no time; write {unit} from the start of the recording, 0 or more")
    return number


def check_times(turns: tuple[Turn, ...], places: list[str], path: str) -> None:
    """Refuse negative times, turns that end before they start, and dialogues longer than a day.

    Parameters
    ----------
    turns, places : the turns and where each was written
    path : how a turn's times are called in messages
    """
    times = [(t, i) for i, turn in enumerate(turns) for t in (turn.start_s, turn.end_s) if t is not None]
    for place, turn in zip(places, turns, strict=True):
        if min((at for at in (turn.start_s, turn.end_s) if at is not None), default=0.0) < 0:
            fail(place, path, "a time is negative; times count from the start of the recording")
        if turn.start_s is not None and turn.end_s is not None and turn.end_s < turn.start_s:
            fail(
                place,
                path,
                f"end {turn.end_s:g} is before start {turn.start_s:g}; "
                "both count from the start of the recording",
            )
    if times and max(times)[0] - min(times)[0] > LONGEST_S:
        last, index = max(times)
        fail(
            places[index],
            path,
            f"{last:g} s is over a day into the dialogue; write seconds, or name the column *_ms",
        )


def in_time(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Turns by start when every one has a start; equal times, and times unknown, keep the order."""
    starts = [turn.start_s for turn in turns if turn.start_s is not None]
    if len(starts) < len(turns):
        return turns
    return tuple(turn for _, turn in sorted(zip(starts, turns, strict=True), key=lambda pair: pair[0]))


def chosen_tiers(log: Log, there: Sequence[str]) -> dict[str, str]:
    """Tier -> speaker as ``--tiers`` says; empty when it says nothing.

    Raises
    ------
    LogError
        A tier that the file does not have.
    """
    for speaker, tier in log.options.tiers.items():
        if tier not in there:
            named = ", ".join(repr(name) for name in there[:12])
            raise LogError(f"{log.place(1)}: --tiers {speaker}={tier}: no such tier; there are: {named}")
    return {tier: speaker for speaker, tier in log.options.tiers.items()}


class Cast:
    """Speakers of one dialogue and their roles, as they appear."""

    def __init__(self) -> None:
        self.roles: dict[str, str] = {}
        self._seen: dict[str, str | None] = {}

    def speaker(self, label: str, role: str | None, *, place: str, path: str) -> str:
        """Enter a speaker; refuse a second role for the same name."""
        known = self._seen.setdefault(label, role)
        if known != role:
            fail(
                place,
                path,
                f"{label!r} is {role or 'without role'} here and {known or 'without role'} before; "
                "give each speaker a name",
            )
        if role is not None:
            self.roles[label] = role
        return label


def meta_of(rest: Mapping[str, Any], system: list[str], skipped: Counter[str]) -> dict[str, Any]:
    """Meta of a dialogue: what the log says, system messages, and counts of what is no turn."""
    meta = dict(rest)
    if system:
        meta["system"] = system
    if skipped:
        meta["skipped"] = dict(sorted(skipped.items()))
    return meta


def own_id(rest: dict[str, Any], names: tuple[str, ...], place: str) -> str | None:
    """Take the id that the record itself has out of `rest`; None when there is none."""
    for key in names:
        value = rest.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
            fail(place, f"$.{key}", f"{show(value)} is no id; write a text, or leave it out")
        return str(rest.pop(key))
    return None
