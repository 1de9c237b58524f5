"""Controlled edits of one speaker's turns: one file per dimension, found by listing.

An intervention is a module with

- ``NEEDS``: ``"text"`` or ``"audio"``;
- ``SUMMARY``: one line for help and docs;
- ``Settings``: frozen dataclass with at least ``strength`` (0..1), ``seed`` and ``placebo``;
- ``edit(dialogue, direction, settings, *, donor, folder) -> Dialogue``: the same dialogue with the
  replier's turns moved towards the prime (or, as placebo, edited as much without moving). `donor` is
  another dialogue for placebo material or None; `folder` takes new sound files.

They may import neither a dimension nor the affect model: an edit must not know its judge.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from convalign.dialogue import Dialogue, Direction
from convalign.errors import UsageError


class Intervention(Protocol):
    """The shape of an intervention's module."""

    NEEDS: Literal["text", "audio"]
    SUMMARY: str
    Settings: type[Any]

    def edit(
        self,
        dialogue: Dialogue,
        direction: Direction,
        settings: Any,
        *,
        donor: Dialogue | None = None,
        folder: Path | None = None,
    ) -> Dialogue:
        """The dialogue with the replier's turns edited."""
        ...


def names() -> tuple[str, ...]:
    """The interventions that there are, sorted; imports none of them."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def load(name: str) -> Intervention:
    """Import one intervention by the name of the dimension that it targets.

    Raises
    ------
    UsageError
        There is no such intervention.
    """
    if name not in names():
        raise UsageError(f"no intervention {name!r}; there are: {', '.join(names())}")
    return cast(Intervention, import_module(f"{__name__}.{name}"))
