"""The rate that a transcript gives, and the rate that its words let expect. Opt-in.

Short turns, long words and first or last turns have rates of their own, whoever speaks. Two
partners who answer in turns of like length seem to follow each other's rate; what is left when
the text's share is taken out does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from convalign import language
from convalign.audio.levels import Array
from convalign.dialogue import Dialogue
from convalign.dimensions.prosodic.features import PLACE
from convalign.dimensions.prosodic.syllables import LANGUAGES, spoken, syllable_count
from convalign.dimensions.prosodic.units import Reader

TURNS = 100
"""Turns of a role without which nothing is expected of a text."""

RATE_TEXT = PLACE["rate_text"]


def reader(dialogue: Dialogue, asked: str | None) -> Reader:
    """Count syllables and words of some turns of a dialogue; a reason where that cannot be done."""
    spoken_here = language.of(dialogue, asked)

    def read(turns: Sequence[int]) -> tuple[int, int] | str:
        if spoken_here == language.NOT_SURE:
            return "language not sure"
        if spoken_here not in LANGUAGES:
            return "no syllable rule"
        texts = [dialogue.turns[turn].text or "" for turn in turns]
        syllables = sum(syllable_count(text, language=spoken_here) or 0 for text in texts)
        words = sum(len(spoken(text)) for text in texts)
        return (syllables, words) if syllables and words else "no words"

    return read


def learn(rows: Iterable[tuple[str, Array, Array]]) -> dict[str, list[float]]:
    """Fit the rate that a text lets expect, per role.

    Parameters
    ----------
    rows : role, log2 rates [n_turns], and what the text says [n_turns, 4]; NaN = missing

    Returns
    -------
    role -> [constant, log2 syllables, syllables a word, first, last]; roles with under 100 turns
    are absent

    Source
    ------
    Least squares of log2 rate; the two positions because turns at the ends of a call are formulas.
    """
    found: dict[str, list[Array]] = defaultdict(list)
    for role, rates, texts in rows:
        both = np.column_stack([rates, texts])
        found[role].append(both[~np.isnan(both).any(axis=1)])
    model = {}
    for role, parts in sorted(found.items()):
        data = np.concatenate(parts)
        if len(data) < TURNS:
            continue
        design = np.column_stack([np.ones(len(data)), data[:, 1:]])
        model[role] = [float(b) for b in np.linalg.lstsq(design, data[:, 0], rcond=None)[0]]
    return model


def residual(model: Mapping[str, Any], role: str, rates: Array, texts: Array) -> Array:
    """Log2 rates less what the texts let expect; [n_turns], all NaN for a role without model."""
    if role not in model:
        return np.full(len(rates), np.nan)
    b = np.asarray(model[role], np.float64)
    return np.asarray(rates - b[0] - texts @ b[1:], np.float64)
