"""Which files the given sources are: standard input, files, and what lies in folders."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from convalign.dialogue import Notes
from convalign.errors import LogError, UsageError
from convalign.files import endless
from convalign.logs._bytes import PACKED_NAME
from convalign.logs._remote import is_address, listed, opened

Sources = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read.

    Attributes
    ----------
    path : None for standard input, and for what lies elsewhere
    place : how messages call it
    name : what ids are made of: the path under the given root, without suffixes
    root : its folder, to which audio paths are relative
    top : the folder that was given, or that of the file that was given; nothing outside is opened
    in_folder : whether it was found in a folder, where not every file is a log
    address : where it lies when it is not on this machine
    """

    path: Path | None
    place: str
    name: str
    root: str
    top: str
    in_folder: bool = False
    address: str | None = None

    def open(self) -> BinaryIO:
        """Open for reading bytes."""
        if self.address is not None:
            return opened(self.address)
        if self.path is None:
            return sys.stdin.buffer
        try:
            stream = None if endless(self.path) else self.path.open("rb")
        except (OSError, ValueError) as error:
            raise LogError(f"{self.place}: {_reason(error)}; name a log that can be read") from None
        if stream is None:
            raise LogError(
                f"{self.place}: is a pipe or a device; give what comes out of it as - (standard input)"
            )
        return stream


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def given(sources: Sources) -> list[str]:
    """The sources as paths, each of which is there.

    Raises
    ------
    UsageError
        No source at all, or standard input twice.
    LogError
        A path that does not exist.
    """
    listed = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    paths = [os.fspath(source) for source in listed]
    if not paths:
        raise UsageError("no log; name a file, a folder, or - for standard input")
    if paths.count(STDIN) > 1:
        raise UsageError("- stands twice; standard input can be read once")
    for path in paths:
        if path != STDIN and not is_address(path) and ("\0" in path or not os.path.lexists(path)):
            raise LogError(f"{path}: no such file or folder; name a log, or - for standard input")
    return paths


def files(path: str, notes: Notes) -> Iterator[Source]:
    """The files of one source: itself, or what lies in the folder, in order of their paths.

    Raises
    ------
    LogError
        A folder that cannot be listed.
    """
    if path == STDIN:
        yield Source(None, "stdin", "stdin", ".", ".")
        return
    if is_address(path):
        for address, below in listed(path):
            name = plain(below or address.rstrip("/").rpartition("/")[2])
            yield Source(None, address, name, ".", ".", in_folder=bool(below), address=address)
        return
    root = Path(path)
    if not root.is_dir():
        yield Source(root, path, plain(root.name), str(root.parent), str(root.parent))
        return
    for relative in sorted(_below(root, "", os.path.realpath(root), notes)):
        one = root / relative
        yield Source(one, str(one), plain(relative), str(one.parent), path, in_folder=True)


def _below(root: Path, under: str, real: str, notes: Notes) -> Iterator[str]:
    """Relative POSIX paths of the files below a folder; hidden and private names are passed over."""
    try:
        entries = list(os.scandir(root / under))
    except OSError as error:
        raise LogError(f"{root / under}: {_reason(error)}; name a folder that can be listed") from None
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        relative = f"{under}/{entry.name}" if under else entry.name
        inside = f"{os.path.realpath(entry.path)}{os.sep}".startswith(real.rstrip(os.sep) + os.sep)
        if entry.is_symlink() and not inside:
            notes.add("links that leave the folder were not followed")
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(root, relative, real, notes)
        elif os.path.isfile(entry.path):  # noqa: PTH113, a link to itself is no file and no error
            yield relative


def plain(relative: str) -> str:
    """A path without ``.gz`` or ``.zst`` and without the suffix before it."""
    stem = PACKED_NAME.sub("", relative)
    return re.sub(r"(?<=[^/])\.[^./]+$", "", stem)
