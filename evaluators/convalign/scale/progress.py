"""How far the work is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far the work is; a terminal draws it."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` (None = not known) of `what` are done."""
        ...


def silent(what: str, done: int, total: int | None) -> None:
    """No progress."""
