"""What a model says of a few fixed texts: the same everywhere, or numbers cannot be compared."""

from __future__ import annotations

from typing import Any

from convalign import affect

TEXTS = (
    "Thank you so much, that is wonderful news!",
    "So sorry for your loss, my friend.",
    "This is the third time that you charge me for nothing. I am furious.",
    "The shop opens at nine and closes at six.",
    "I cannot sleep because I am so afraid of tomorrow.",
    "Yes.",
    "Well, that was not quite what we had hoped for, but it will do, and the second part of it was even "
    "better than the one that we saw in the spring.",
    "That is disgusting, take it away.",
)
"""Of every model that ships their outputs lie 5e-6 or more from where rounding turns (tested)."""
COLUMNS = ("valence", "graded", "intensity", "compassion", "regulation", "distress", "hostility")


def canary(model: affect.Model) -> dict[str, list[float | None]]:
    """Read the fixed texts.

    Returns
    -------
    text -> `COLUMNS`, on the model's grid; None for what it has no labels for.
    """
    found = model.scheme.affect(model.predict(list(TEXTS)), model.labels)
    columns: list[Any] = [getattr(found, name) for name in COLUMNS]
    return {
        text: [None if column is None else round(float(column[k]), 4) for column in columns]
        for k, text in enumerate(TEXTS)
    }
