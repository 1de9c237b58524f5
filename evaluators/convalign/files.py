"""Files that somebody names: plain, of a believable size, JSON that ends, and no link where we write."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

SMALL = 64 * 1024 * 1024
"""Bytes of a file that is read whole: a rubric, a study, a list of terms, a declaration."""


def readable(path: Path, *, most: int | None = SMALL) -> Path:
    """The path, if reading it ends.

    Parameters
    ----------
    path : as given; links are followed, because whoever named the path may use them
    most : bytes; None = any number

    Raises
    ------
    OSError
        Nothing is there; a pipe, a device or a socket, which may never end; over `most` bytes. Its
        ``strerror`` is what messages say.
    """
    if endless(path):
        raise OSError(errno.EINVAL, "is a pipe or a device, no plain file", str(path))
    if most is not None and path.stat().st_size > most:
        raise OSError(errno.EFBIG, f"has over {most:,} bytes", str(path))
    return path


def loads(text: str | bytes) -> Any:
    """JSON.

    Raises
    ------
    ValueError
        No JSON, or brackets in brackets beyond what Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("brackets stand in brackets too deep") from None


def endless(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a pipe, a device or a socket: opening it may wait, and reading may never end."""
    mode = Path(path).stat().st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def cleared(path: Path) -> Path:
    """A name to write to, at which nothing stands any more: a link there would lead the writing elsewhere."""
    path.unlink(missing_ok=True)
    return path
