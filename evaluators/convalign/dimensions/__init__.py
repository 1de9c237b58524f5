"""The dimensions that there are: one file or folder each, found by listing, loaded by name.

A dimension is a module with

- ``NEEDS``: ``"text"`` or ``"audio"``, what a dialogue must have;
- ``METRICS``: tuple of `convalign.scores.Metric`, the headline first;
- ``Settings``: frozen dataclass; its fields are the options that change a number;
- ``signature(settings) -> str``: one line that says how a number was made;
- ``canary(settings) -> Canary``: what it makes of an input that never changes; its stamp ends the signature;
- ``observe(dialogues, settings) -> list``: what each dialogue shows by itself (the costly part);
  an observation has ``dialogue`` (its id) and ``sides``, the strangers it can lend to others;
- ``reference(observations, pool, settings) -> dict``: what must be frozen over a whole run (JSON);
- ``score(observation, pool, reference, settings) -> Scored``: rows for every direction.

and nothing else knows how many dimensions there are.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from convalign.dialogue import Dialogue
from convalign.errors import UsageError
from convalign.scores import Canary, Metric, Scored
from convalign.surrogates import Pool, Side


class Observation(Protocol):
    """What one dialogue shows by itself."""

    @property
    def dialogue(self) -> str:
        """Id of the dialogue."""
        ...

    @property
    def sides(self) -> tuple[Side[Any], ...]:
        """What it lends to others as strangers."""
        ...


class Dimension(Protocol):
    """The shape of a dimension's module."""

    NEEDS: Literal["text", "audio"]
    METRICS: tuple[Metric, ...]
    Settings: type[Any]

    def signature(self, settings: Any) -> str:
        """One line that says how a number was made."""
        ...

    def canary(self, settings: Any) -> Canary:
        """What is made of an input that never changes."""
        ...

    def observe(self, dialogues: Sequence[Dialogue], settings: Any) -> list[Any]:
        """What each dialogue shows by itself."""
        ...

    def reference(self, observations: Iterable[Any], pool: Pool[Any], settings: Any) -> dict[str, Any]:
        """What must be frozen over a whole run."""
        ...

    def score(self, observation: Any, pool: Pool[Any], reference: Mapping[str, Any], settings: Any) -> Scored:
        """Rows for every metric and direction."""
        ...


def names() -> tuple[str, ...]:
    """The dimensions that there are, sorted; imports none of them."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> Dimension:
    """Import one dimension, and with it its library.

    Raises
    ------
    UsageError
        There is no such dimension.
    """
    if name not in names():
        raise UsageError(f"no dimension {name!r}; there are: {', '.join(names())}")
    return cast(Dimension, import_module(f"{__name__}.{name}"))
