"""What arms of a study have shown already, in a file that every worker of this machine reads and adds to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from convalign.errors import RunError
from convalign.scale import shards

WAIT_S = 60.0
"""For another worker that is writing."""


class Memory:
    """Observations by key, apart from this process.

    Parameters
    ----------
    base : open database; two workers that add the same key leave one of two equal observations
    """

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        base.execute("PRAGMA synchronous = OFF")  # nobody reads it after a crash
        base.execute("CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, observation BLOB NOT NULL)")

    def recall(self, keys: Sequence[str]) -> dict[str, Any]:
        """Observations of those keys that are known."""
        found = {}
        for key in keys:
            row = self._base.execute("SELECT observation FROM seen WHERE key = ?", (key,)).fetchone()
            if row is not None:
                found[key] = shards.loads(row[0])
        return found

    def keep(self, found: Mapping[str, Any]) -> None:
        """Add observations."""
        rows = [(key, shards.dumps(observation)) for key, observation in found.items()]
        with self._base:
            self._base.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)


@contextmanager
def opened(path: str | None) -> Iterator[Memory | None]:
    """The memory that lies there; None remembers nothing.

    Raises
    ------
    RunError
        The file cannot be read or written.
    """
    if path is None:
        yield None
        return
    try:
        with closing(sqlite3.connect(Path(path), timeout=WAIT_S)) as base:
            yield Memory(base)
    except sqlite3.Error as error:
        raise RunError(f"{path}: {error}; is there room on this disk?") from None
