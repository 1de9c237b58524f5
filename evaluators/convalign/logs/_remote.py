"""Logs at addresses (``s3://``, ``gs://``, ``https://``), through fsspec, and only those that are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from convalign.errors import LogError, MissingExtraError

SIGN = "://"


def is_address(path: str) -> bool:
    """Whether a source is an address, not a path of this machine."""
    return SIGN in path


def listed(address: str) -> Iterator[tuple[str, str]]:
    """The files at an address: (address, path below the given one), itself when it is a file.

    Raises
    ------
    LogError
        Nothing is there, or nobody answers.
    MissingExtraError
        fsspec, or what it needs for this kind of address, is not installed.
    """
    system, root = _system(address)
    try:
        if system.isfile(root):
            yield address, ""
            return
        below = sorted(system.find(root))
    except Exception as error:
        raise LogError(f"{address}: {_said(error)}; name a file or folder that can be read") from None
    if not below:
        raise LogError(f"{address}: no such file or folder; name a log")
    for path in below:
        relative = path[len(root.rstrip("/")) :].lstrip("/")
        if not any(part.startswith((".", "_")) for part in relative.split("/")):
            yield system.unstrip_protocol(path), relative


def opened(address: str) -> BinaryIO:
    """A file at an address, open for reading bytes."""
    system, path = _system(address)
    try:
        return cast(BinaryIO, system.open(path, "rb"))
    except Exception as error:
        raise LogError(f"{address}: {_said(error)}; name a log that can be read") from None


def _system(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError(f"{address}: is an address; pip install 'convalign[remote]'") from None
    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise MissingExtraError(f"{address}: {error}; pip install what it names") from None
    except ValueError as error:
        raise LogError(f"{address}: {_said(error)}; s3://, gs://, https:// and others are known") from None
    return system, path


def _said(error: Exception) -> str:
    """What a file system says, on one line."""
    return " ".join(str(error).split())[:160].rstrip(".;") or type(error).__name__
