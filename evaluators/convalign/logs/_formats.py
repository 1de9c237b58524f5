"""Which readers there are: the modules of this folder, found by listing it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from convalign.errors import UsageError
from convalign.logs._log import Reader


@cache
def readers() -> dict[str, Reader]:
    """Name -> reader, in order of their names."""
    files = [one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [import_module(f"convalign.logs.{name}") for name in files if not name.startswith("_")]
    found = [cast(Reader, module) for module in modules]
    return {reader.NAME: reader for reader in sorted(found, key=lambda reader: reader.NAME)}


def named(name: str) -> Reader:
    """The reader of a format.

    Raises
    ------
    UsageError
        There is no such format.
    """
    known = readers()
    if name not in known:
        raise UsageError(f"no format {name!r}; there are: {', '.join(known)}")
    return known[name]


def formats() -> list[dict[str, Any]]:
    """One record per format that can be read.

    Returns
    -------
    list of ``{"name", "extensions", "reads", "ignores"}``, in order of the names
    """
    return [
        {
            "name": name,
            "extensions": list(reader.EXTENSIONS),
            "reads": reader.READS,
            "ignores": reader.IGNORES,
        }
        for name, reader in readers().items()
    ]
