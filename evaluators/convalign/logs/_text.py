"""Text of a log: decoded strictly, line ends alike, one line or one JSON value at a time."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import NoReturn

from convalign.errors import LogError

HEAD = 64 * 1024
"""Characters by which a format is known."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Atomic and counted: a possessive repeat of such a group is wrong before Python 3.11.5 (gh-106052), and an
# endless one remembers every string.
_PLAIN = re.compile(r'[^"{}\[\]]*+(?>(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+){0,1000})', re.DOTALL)
_REST = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}]*")
_BLANK = re.compile(r"[ \t\n]*")


def decoded(pieces: Iterator[bytes], place: str, encoding: str) -> Iterator[str]:
    r"""Decode as bytes come; ``\r\n`` and ``\r`` become ``\n``, a byte order mark is dropped.

    Raises
    ------
    LogError
        A byte that the encoding does not have, or a NUL; with line and byte offset. What stands
        before it has been given out by then.
    """
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= 3:
            break
    bom = next(((mark, name) for mark, name in _BOMS if first.startswith(mark)), None)
    mark, name = bom if bom is not None else (b"", encoding)
    decoder = codecs.getincrementaldecoder(name)()
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    offset, lines = len(mark), 0

    def step(piece: bytes, *, final: bool = False) -> tuple[str, str | None]:
        nonlocal offset
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final)
            bad = None
        except UnicodeDecodeError as error:
            text = bytes(error.object[: error.start]).decode(name, "replace")
            at = offset - pending + error.start
            cure = "save it again" if bom is not None else "say --encoding with what it was written in"
            if bom is None and name == "utf-8":
                cure = "say --encoding cp1252 (or what it was written in)"
            value = error.object[error.start]
            bad = f"byte {value:#04x} at offset {at} is not {name}; {cure}"
        if "\0" in text:
            text = text[: text.index("\0")]
            bad = "holds a NUL character; save it as UTF-8, or as UTF-16 with its byte order mark"
        offset += len(piece)
        return ends.decode(text, final), bad

    piece, last = first[len(mark) :], not first
    while True:
        text, bad = step(piece, final=last)
        if text:
            yield text
        lines += text.count("\n")
        if bad is not None:
            raise LogError(f"{place}:{lines + 1}: {bad}")
        if last:
            return
        following = next(pieces, None)
        piece, last = (following, False) if following is not None else (b"", True)


class Text:
    """Decoded text with a place in it; holds no more than one record.

    Parameters
    ----------
    pieces : decoded text as it comes
    place : file name for messages
    limit : bytes that one line, row or value may have

    Attributes
    ----------
    line : number of the line at which the next character stands, from 1
    """

    def __init__(self, pieces: Iterator[str], place: str, limit: int) -> None:
        self.place = place
        self.limit = limit
        self.line = 1
        self._pieces = pieces
        self._buffer = ""
        self._at = 0
        self._failure: LogError | None = None
        self._ended = False

    def fail(self, message: str, *, line: int | None = None) -> NoReturn:
        """Raise what is wrong at a line (default: the present one)."""
        raise LogError(f"{self.place}:{self.line if line is None else line}: {message}")

    def head(self, *, wait: bool = True) -> str:
        """The next `HEAD` characters, left in place; fewer at the end, or before one that is bad.

        Parameters
        ----------
        wait : False = what has come so far, so that a pipe is not waited for
        """
        while len(self._buffer) - self._at < (HEAD if wait else 1) and self._failure is None and self._pull():
            pass
        return self._buffer[self._at : self._at + HEAD]

    @property
    def failure(self) -> LogError | None:
        """What went wrong while looking ahead; raised when the reading gets there."""
        return self._failure

    def next_line(self) -> str | None:
        r"""The next line without its end, or None at the end of the text. Only ``\n`` ends a line."""
        parts: list[str] = []
        size, first = 0, self.line
        while True:
            end = self._buffer.find("\n", self._at)
            stop = len(self._buffer) if end < 0 else end
            parts.append(self._buffer[self._at : stop])
            size = self._grown(size, parts[-1], first)
            if end >= 0:
                self._at = end + 1
                self.line += 1
                return "".join(parts)
            self._at = stop
            if not self._more():
                return "".join(parts) if size else None

    def peek(self) -> str:
        """Pass over blanks and line ends; the character after them, "" at the end of the text."""
        while True:
            match = _BLANK.match(self._buffer, self._at)
            end = match.end() if match else self._at
            self._pass(end)
            if end < len(self._buffer):
                return self._buffer[end]
            if not self._more():
                return ""

    def take(self) -> None:
        """Pass over the character that `peek` showed."""
        self._pass(self._at + 1)

    def value(self) -> tuple[str, int]:
        """The next JSON value as written, by its brackets alone, and the line on which it begins.

        Raises
        ------
        LogError
            The text ends inside the value, or the value is over the limit.
        """
        opening, first = self.peek(), self.line
        if opening not in ("{", "["):
            match = _SCALAR.match(self._buffer, self._at)
            end = max(match.end() if match else 0, self._at + 1)
            text = self._buffer[self._at : end]
            self._pass(end)
            return text, first
        parts: list[str] = []
        depth, size, quoted, escaped = 0, 0, False, False
        while True:
            at = self._at + 1 if escaped else self._at
            done, at, depth, quoted, escaped = _scan(self._buffer, at, depth, quoted)
            parts.append(self._buffer[self._at : at])
            size = self._grown(size, parts[-1], first)
            self._pass(at)
            if done:
                return "".join(parts), first
            if not self._more():
                self.fail("the text ends inside this record; the file was cut off, copy it again", line=first)

    def _grown(self, size: int, part: str, first: int) -> int:
        """Bytes of a record with one more part, refused over the limit."""
        size += len(part) if part.isascii() else len(part.encode("utf-8"))
        if size > self.limit:
            self.fail(
                f"one record has over {self.limit:,} bytes; split it, or read it with a higher limit",
                line=first,
            )
        return size

    def _pass(self, end: int) -> None:
        self.line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Bring in the next piece, or raise what looking ahead has met."""
        if self._pull():
            return True
        if self._failure is not None:
            raise self._failure
        return False

    def _pull(self) -> bool:
        """Append one piece to what is not read yet."""
        if self._ended:
            return False
        try:
            piece = next(self._pieces, None)
        except LogError as error:
            self._failure, piece = error, None
        if piece is None:
            self._ended = True
            return False
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return True


def _scan(text: str, at: int, depth: int, quoted: bool) -> tuple[bool, int, int, bool, bool]:
    """Follow the brackets from `at`: (value complete, place, depth, inside a string, after a backslash)."""
    size = len(text)
    if quoted:
        match = _REST.match(text, at)
        if match is None:
            return False, max(size, at), depth, True, _odd_backslashes(text, at)
        at = match.end()
    while at < size:
        start, match = at, _PLAIN.match(text, at)
        at = match.end() if match else at
        if at >= size:
            break
        if text[at] == '"':
            if at > start:
                continue
            return False, size, depth, True, _odd_backslashes(text, at)
        depth += 1 if text[at] in "{[" else -1
        at += 1
        if depth <= 0:
            return True, at, 0, False, False
    return False, max(size, at), depth, False, False


def _odd_backslashes(text: str, start: int) -> bool:
    """Whether the text ends in a backslash that is not itself escaped."""
    tail = text[start:]
    return (len(tail) - len(tail.rstrip("\\"))) % 2 == 1
