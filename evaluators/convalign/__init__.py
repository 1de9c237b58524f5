"""convalign scores a dialogue log on lexical, emotional and prosodic alignment, each apart.

The names below are loaded when they are first used, so that importing this costs nothing.

Examples
--------
>>> import convalign
>>> turns = [("user", "a cheap red lamp please"), ("agent", "this red lamp is cheap")]
>>> log = [convalign.dialogue.Dialogue("d1", tuple(convalign.dialogue.Turn(s, t) for s, t in turns))]
>>> [r.value for r in convalign.score(log, ["lexical"]) if r.metric == "entrainment"]
[None, 1.0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # affect is missing here on purpose: an import contract names everybody who may import it.
    from convalign import dialogue, dimensions, independence, interventions
    from convalign.errors import ConvalignError
    from convalign.logs import read
    from convalign.logs.openai import from_messages
    from convalign.rubric import judge
    from convalign.scoring import score
    from convalign.strangers import Strangers

__version__ = "0.1.0"

_MODULES = ("affect", "dialogue", "dimensions", "independence", "interventions")
_NAMES = {
    "ConvalignError": "convalign.errors",
    "Strangers": "convalign.strangers",
    "from_messages": "convalign.logs.openai",
    "judge": "convalign.rubric",
    "read": "convalign.logs",
    "score": "convalign.scoring",
}

__all__ = [
    "ConvalignError",
    "Strangers",
    "dialogue",
    "dimensions",
    "from_messages",
    "independence",
    "interventions",
    "judge",
    "read",
    "score",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use; a failing import is raised as it is."""
    if name in _MODULES:
        return import_module(f"convalign.{name}")
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'convalign' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
