"""Shards: some dialogues of a log in order, and what was made of them, each in a file that is whole.

A file has a first line of JSON that says what follows (parts with their lengths) and has its hash; the
hash is what a resumed run trusts. Parts that hold Python objects are opened by a loader that makes our own
records and plain containers only, so that a file from somewhere else cannot run anything.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from convalign.dialogue import Dialogue
from convalign.errors import RunError

MOST = 64
"""Dialogues of a shard at the beginning: small, so that workers end together on a small log."""
GROWTH = 64
"""Shards after which they hold four times as many, so that a large log is not a million files."""
SOUND = 16
"""As many times fewer dialogues are in a shard whose sound must be heard: that takes so much longer."""
MOST_TURNS = 16_384
"""Turns after which a shard ends with the dialogue that holds them."""

ALLOWED = {
    ("array", "_array_reconstructor"),
    ("array", "array"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("collections", "Counter"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""What a part may be made of, beside the dataclasses of this package."""


@dataclass(frozen=True, slots=True)
class File:
    """Where a shard's file lies, and what its first line says.

    Attributes
    ----------
    path : the file
    about : whatever its maker said of it
    parts : name -> (offset in the file, bytes)
    """

    path: Path
    about: dict[str, Any]
    parts: dict[str, tuple[int, int]]

    def read(self, name: str) -> bytes:
        """A part."""
        offset, size = self.parts[name]
        with self.path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(size)

    def load(self, name: str) -> Any:
        """The Python object of a part."""
        return loads(self.read(name))

    def copy(self, name: str, target: BinaryIO) -> None:
        """Append a part to an open file."""
        offset, left = self.parts[name]
        with self.path.open("rb") as stream:
            stream.seek(offset)
            while left and (piece := stream.read(min(left, 1 << 20))):
                target.write(piece)
                left -= len(piece)


def cut(dialogues: Iterable[Dialogue]) -> Iterator[list[Dialogue]]:
    """Cut a stream into shards; how they are cut has no influence on any number."""
    stream = iter(dialogues)
    for number, first in enumerate(stream):
        shard, turns = [], 0
        most = MOST * (1 if number < GROWTH else 4 if number < 16 * GROWTH else 16)
        for one in chain((first,), stream):
            shard.append(one)
            turns += len(one.turns)
            heard = one.audio is not None or any(turn.audio is not None for turn in one.turns)
            if turns >= MOST_TURNS or len(shard) >= (max(1, most // SOUND) if heard else most):
                break
        yield shard


def digest(dialogues: Iterable[Dialogue]) -> str:
    """Hash of what is said, by whom and when, and of the sound files as they lie there."""
    made = hashlib.blake2b(digest_size=16)

    def enter(*values: Any) -> None:
        made.update(repr(values).encode("utf-8", "surrogatepass"))

    for one in dialogues:
        enter(one.id, sorted(one.roles.items()), sorted((key, str(value)) for key, value in one.meta.items()))
        for turn in one.turns:
            enter(turn.speaker, turn.text, turn.start_s, turn.end_s, turn.audio)
        paths = {turn.audio.path for turn in one.turns if turn.audio}
        if one.audio is not None:
            enter(one.audio.path, sorted((one.audio.channels or {}).items()))
            paths.add(one.audio.path)
        for path in sorted(paths):
            try:
                stat = Path(one.root or ".", path).stat()
                enter(path, stat.st_size, stat.st_mtime_ns)
            except (OSError, ValueError):
                enter(path, None)
    return made.hexdigest()


def write(path: Path, about: Mapping[str, Any], parts: Mapping[str, bytes]) -> File:
    """Write a file whole or not at all.

    Raises
    ------
    RunError
        The disk is full, or the folder cannot be written.
    """
    body = hashlib.sha256()
    for part in parts.values():
        body.update(part)
    sizes = {name: len(part) for name, part in parts.items()}
    head = json.dumps({"about": dict(about), "parts": sizes, "sha256": body.hexdigest()}).encode() + b"\n"
    # Two workers of a cluster may do the same task at once, and two machines number processes alike.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with draft.open("wb") as stream:
            stream.write(head)
            for part in parts.values():
                stream.write(part)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise full(path, error) from None
    return _placed(path, dict(about), sizes, len(head))


def full(path: Path, error: OSError) -> RunError:
    """What to say when a file cannot be written."""
    return RunError(f"{path}: {str(error.strerror).lower()}; make room and go on with --resume")


def open_file(path: Path, *, check: bool = False) -> File | None:
    """A shard's file; None when there is none, or (with `check`) when it is not what was written."""
    try:
        with path.open("rb") as stream:
            head = stream.readline()
            said = json.loads(head)
            made = _placed(path, said["about"], said["parts"], len(head))
            if check:
                body = hashlib.sha256()
                while piece := stream.read(1 << 20):
                    body.update(piece)
                if body.hexdigest() != said["sha256"]:
                    return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made


def whole(path: Path) -> File:
    """A shard's file that must be there.

    Raises
    ------
    RunError
        It is not, or not whole.
    """
    found = open_file(path)
    if found is None:
        raise RunError(f"{path}: is gone; do workers reach this folder? go on with --resume when they do")
    return found


def _placed(path: Path, about: dict[str, Any], sizes: Mapping[str, int], start: int) -> File:
    parts = {}
    for name, size in sizes.items():
        parts[name] = (start, size)
        start += size
    return File(path, about, parts)


def dumps(value: Any) -> bytes:
    """A Python object as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def loads(data: bytes) -> Any:
    """A Python object made of our records and plain containers.

    Raises
    ------
    RunError
        The bytes want anything else, or are broken.
    """
    try:
        return _Loader(io.BytesIO(data)).load()
    except RunError:
        raise
    except Exception as error:
        raise RunError(f"a shard's file is broken ({error}); score the log again with --force") from None


class _Loader(pickle.Unpickler):
    """Makes nothing but what shards are made of."""

    def find_class(self, module: str, name: str) -> Any:
        """A class that a part may hold."""
        if (module, name) in ALLOWED:
            return super().find_class(module, name)
        if module.startswith("convalign."):
            found = super().find_class(module, name)
            # A dimension may pack an observation tighter than fields, by a function of this name.
            if (isinstance(found, type) and is_dataclass(found)) or name == "_unpacked":
                return found
        raise RunError(f"a shard's file wants {module}.{name}, which no shard holds; it is not opened")
