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

import hashlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Tally:
    """What was edited; filled while the edited dialogues are consumed.

    Attributes
    ----------
    dialogues, replies, edited : how many there were, and how many replies changed
    without : dialogues that do not have the direction
    labels : the directions that those have instead
    """

    dialogues: int = 0
    replies: int = 0
    edited: int = 0
    without: int = 0
    labels: Counter[str] = field(default_factory=Counter)


def apply(
    dialogues: Iterable[Dialogue],
    module: Intervention,
    settings: Any,
    direction: str,
    *,
    folder: Path | None = None,
    tally: Tally | None = None,
) -> Iterator[Dialogue]:
    """Edit every dialogue of a log that has the direction.

    Parameters
    ----------
    dialogues : streamed, except for a placebo, whose material comes from other dialogues of the log
    direction : label such as ``agent->user``: who is moved towards whom
    folder : where new sound files go
    tally : receives the counts

    Yields
    ------
    Dialogues in their order; those without the direction unchanged.

    Raises
    ------
    UsageError
        No dialogue has the direction.
    """
    tally = tally if tally is not None else Tally()
    donors: dict[str, Dialogue] = {}
    if settings.placebo:
        dialogues = list(dialogues)
        donors = _donors(dialogues, settings.seed)
    for dialogue in dialogues:
        tally.dialogues += 1
        found = [d for d in dialogue.directions() if d.label == direction]
        if not found:
            tally.without += 1
            tally.labels.update(d.label for d in dialogue.directions())
            yield dialogue
            continue
        edited = module.edit(dialogue, found[0], settings, donor=donors.get(dialogue.id), folder=folder)
        done = edited.meta["intervention"]
        tally.replies += done["replies"]
        tally.edited += done["edited_turns"]
        yield edited
    if tally.dialogues and tally.without == tally.dialogues:
        labels = ", ".join(label for label, _ in tally.labels.most_common(4)) or "none"
        cure = "--roles SPEAKER=user,SPEAKER=agent names them"
        raise UsageError(f"no dialogue has the direction {direction!r}; there are: {labels} ({cure})")


def _donors(dialogues: list[Dialogue], seed: int) -> dict[str, Dialogue]:
    """For each dialogue another one, by seeded hash of the ids, whatever their order."""
    ranked = sorted(dialogues, key=lambda d: (_hash(seed, "donor", d.id), d.id))
    return {one.id: ranked[i - 1] for i, one in enumerate(ranked)} if len(ranked) > 1 else {}


def _hash(*parts: object) -> int:
    text = "\x00".join(map(str, parts))
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )
