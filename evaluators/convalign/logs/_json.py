"""JSON as a log may hold it: strict, one record at a time, told apart by its keys."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from convalign.dialogue import Notes
from convalign.errors import LogError
from convalign.logs._text import Text

DEEPEST = 200
"""Levels of brackets; what json reads beyond differs from one Python to the next."""

LEVELS = 5
"""How deep `keys` looks."""

_MARKS = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"\s*(:?)|[{}\[\]]|"', re.DOTALL)
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record:
    """One parsed value of a log.

    Attributes
    ----------
    value : as json made it
    line : where it begins
    number : its place in the file, from 1, broken ones counted
    only : tells whether it is the first record and nothing follows (by reading on)
    """

    value: Any
    line: int
    number: int
    only: Callable[[], bool]


class _Parser:
    """Strict json.loads; what the hooks meet is found again by its path.

    Parameters
    ----------
    endless : a note = numbers that are not finite become null, and are counted under it
    """

    def __init__(self, notes: Notes, endless: str | None) -> None:
        self._notes, self._endless = notes, endless
        self.twice: list[tuple[dict[str, Any], str]] = []
        self.endless: list[tuple[float, str]] = []

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.twice.append((made, key))
                    break
                seen.add(key)
        return made

    def constant(self, name: str) -> float | None:
        return self.keep(float(name.replace("Infinity", "inf")), name)

    def number(self, text: str) -> float | None:
        value = float(text)
        return value if math.isfinite(value) else self.keep(value, text)

    def keep(self, value: float, text: str) -> float | None:
        if self._endless is not None:
            self._notes.add(self._endless)
            return None
        self.endless.append((value, text))
        return value


def loads(text: str, place: str, line: int, notes: Notes, *, endless: str | None = None) -> Any:
    r"""Parse one JSON text, or say what is wrong with it and where.

    Parameters
    ----------
    text : one value
    place, line : file, and the line on which `text` begins
    notes : counts lone surrogates (``\ud800``), which become U+FFFD because UTF-8 cannot hold them
    endless : for a format in which numbers that are not finite mean something: the note under which they are
        counted; they become null

    Raises
    ------
    LogError
        Not JSON; a key twice in one object; without `endless`, a number that is not finite; more than
        `DEEPEST` levels; an integer of thousands of digits.
    """
    parser = _Parser(notes, endless)
    try:
        value = json.loads(
            text, object_pairs_hook=parser.pairs, parse_constant=parser.constant, parse_float=parser.number
        )
    except json.JSONDecodeError as error:
        where = f"{place}:{line + error.lineno - 1}: column {error.colno}"
        raise LogError(
            f"{where}: not JSON ({_lower(error.msg)}); write one JSON object per dialogue"
        ) from None
    except RecursionError:
        raise LogError(f"{place}:{line}: {_too_deep('$')}") from None
    except ValueError:
        raise LogError(f"{place}:{line}: $: a number of thousands of digits; write it as text") from None
    where = f"{place}:{line}"
    if text.count("{") + text.count("[") > DEEPEST:
        _check_depth(value, where)
    if parser.twice or parser.endless or _ESCAPED.search(text):
        return _clean(value, parser, where, notes)
    return value


def _check_depth(value: Any, where: str) -> None:
    """Refuse what has more levels of brackets than `DEEPEST`."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        if depth > DEEPEST:
            raise LogError(f"{where}: {_too_deep('$')}")
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]


def _clean(value: Any, parser: _Parser, where: str, notes: Notes) -> Any:
    """Walk a parsed value: refuse what the hooks met, replace lone surrogates."""
    top = [value]
    todo: list[tuple[Any, Any, str]] = [(top, 0, "$")]
    while todo:
        holder, key, path = todo.pop()
        item = holder[key]
        if isinstance(item, str):
            if _SURROGATE.search(item):
                holder[key] = _replaced(item, notes)
        elif isinstance(item, dict):
            for made, twice in parser.twice:
                if made is item:
                    raise LogError(f"{where}: {path}: {_twice(twice)}")
            if any(_SURROGATE.search(name) for name in item):
                item = holder[key] = _renamed(item, f"{where}: {path}", notes)
            todo.extend((item, name, f"{path}.{name}") for name in reversed(item))
        elif isinstance(item, list):
            todo.extend((item, i, f"{path}[{i}]") for i in range(len(item) - 1, -1, -1))
        elif isinstance(item, float) and not math.isfinite(item):
            found = next((text for number, text in parser.endless if number is item), str(item))
            raise LogError(
                f"{where}: {path}: {found[:40]} is no finite number; leave the field out when it is unknown"
            )
    if parser.twice:
        raise LogError(f"{where}: $: {_twice(parser.twice[0][1])}")
    return top[0]


def _twice(key: str) -> str:
    return f"key {_SURROGATE.sub('?', key)[:40]!r} stands twice in one object; keep one of them"


def _replaced(text: str, notes: Notes) -> str:
    notes.add("lone surrogates were replaced by U+FFFD")
    return _SURROGATE.sub("\ufffd", text)


def _renamed(item: dict[str, Any], where: str, notes: Notes) -> dict[str, Any]:
    """The object with keys that UTF-8 can hold."""
    renamed = {_replaced(key, notes) if _SURROGATE.search(key) else key: item[key] for key in item}
    if len(renamed) < len(item):
        raise LogError(f"{where}: two keys differ in lone surrogates only; rename one")
    return renamed


def _too_deep(path: str) -> str:
    return f"{path}: over {DEEPEST} levels of brackets; flatten what is not the dialogue"


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def records(
    text: Text, notes: Notes, refuse: Callable[[LogError], None], *, whole: bool = False
) -> Iterator[Record]:
    """Records of JSON lines, of one list, or of objects printed over several lines.

    Parameters
    ----------
    text : where to read
    notes : counts what was replaced
    refuse : told of a record that is not JSON; returns when the reading shall go on
    whole : a list is one record (a bare list of messages), not a list of records

    Raises
    ------
    LogError
        What makes the rest of the file unreadable.
    """
    opening = text.peek()
    if opening == "[" and not (whole and _not_nested(text)):
        parts = _of_list(text)
    elif _lines(text):
        parts = _of_lines(text)
    else:
        parts = _of_values(text)
    for number, (written, line) in enumerate(parts, 1):
        try:
            value = loads(written, text.place, line, notes)
        except LogError as error:
            refuse(error)
            continue
        yield Record(value, line, number, partial(_alone, text, number))


def _alone(text: Text, number: int) -> bool:
    """Whether nothing stands before and nothing follows."""
    return number == 1 and text.peek() in ("", "]")


def _not_nested(text: Text) -> bool:
    """Whether the list that begins here holds no lists."""
    return re.match(r"\s*\[\s*\[", text.head(wait=False)) is None


def _lines(text: Text) -> bool:
    """Whether each line is a record: the first one closes its brackets, or the name says so."""
    head = text.head(wait=False)
    if "\n" not in head:
        head = text.head()
    first = head.split("\n", 1)[0].strip()
    if re.search(r"\.(jsonl|ndjson)(\.gz)?$", text.place, re.IGNORECASE):
        return first not in ("{", "[")
    depth = 0
    for match in _MARKS.finditer(first):
        if match[0] == '"':
            break  # a string that goes on behind the head; each quote in it would search to the end
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
    return depth <= 0 or "\n" not in head


def _of_lines(text: Text) -> Iterator[tuple[str, int]]:
    while text.peek():
        line = text.line
        written = text.next_line()
        if written is not None:
            yield written, line


def _of_values(text: Text) -> Iterator[tuple[str, int]]:
    while text.peek():
        yield text.value()


def _of_list(text: Text) -> Iterator[tuple[str, int]]:
    text.take()
    following = text.peek()
    while following != "]":
        yield text.value()
        following = text.peek()
        if following == ",":
            text.take()
            following = text.peek()
            if following == "]":
                text.fail("a ',' before the closing ']'; take it out")
        elif following == "":
            text.fail("the list does not end; the file was cut off, copy it again")
        elif following != "]":
            text.fail(f"{following!r} after a record; put ',' between the records of a list")
    text.take()
    if text.peek():
        text.fail("text after the list; write one list, or one record a line")


def keys(head: str) -> frozenset[str]:
    """Paths of the keys that the beginning of a JSON text shows, lists marked with ``[]``.

    Parameters
    ----------
    head : the first characters, possibly cut off

    Returns
    -------
    set of paths of the first record; empty when the text does not begin like JSON

    Examples
    --------
    >>> sorted(keys('[{"turns": [{"speaker": "Ada", "te'))
    ['[].turns', '[].turns[].speaker']
    """
    if not head.lstrip().startswith(("{", "[")):
        return frozenset()
    found: set[str] = set()
    stack: list[str] = []
    key = ""
    for match in _MARKS.finditer(head):
        mark = match[0]
        if mark in "{[":
            below = stack[-1] if stack else ""
            here = f"{below}.{key}" if key and below else below or key
            shown = len(stack) < LEVELS  # longer paths are not kept: brackets may go on for ever
            stack.append((here + "[]" if mark == "[" else here) if shown else "")
            key = ""
        elif mark in "}]":
            if stack:
                stack.pop()
            key = ""
            if not stack and found:
                break
        elif match[2] and stack:
            key = match[1]
            if len(stack) <= LEVELS:  # of deeper keys the path is not known
                found.add(f"{stack[-1]}.{key}" if stack[-1] else key)
        elif mark == '"':
            break
        else:
            key = ""
    return frozenset(found)
