"""VADER: a lexicon with rules for negation and degree. Fast, English, valence only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from convalign.affect.emoticons import spelled
from convalign.affect.scheme import Scheme


class Lexicon:
    """The ``lexicon`` backend: ``compound`` of VADER is the valence, -1..1.

    Source
    ------
    Hutto & Gilbert 2014; vaderSentiment (MIT). Correlates .458 with human valence (EmoBank) and .004
    with arousal; it has no classes, so nothing is said of caring, distress or neutrality.
    """

    def __init__(self) -> None:
        self.name = "lexicon"
        # VADER's four outputs; the first three are shares of the text, not probabilities.
        self.labels = ["negative", "neutral", "positive", "compound"]
        signs = dict.fromkeys(self.labels, "none") | {"compound": "valence"}
        self.scheme = Scheme("score", signs, None, "MIT", ("en",))
        self.thresholds: Mapping[str, float] = {}
        self.canary: Mapping[str, Any] | None = None
        self.signature = f"lexicon-vader-{version('vaderSentiment')}"
        self._analyser = SentimentIntensityAnalyzer()

    def predict(self, texts: list[str]) -> NDArray[np.float32]:
        """[n_texts, 4]; equal texts are looked up once."""
        known: dict[str, tuple[float, ...]] = {}
        for text in texts:
            if text not in known:
                found = self._analyser.polarity_scores(spelled(text))
                known[text] = (found["neg"], found["neu"], found["pos"], found["compound"])
        return np.array([known[text] for text in texts], dtype=np.float32).reshape(len(texts), 4)

    def unknown(self, texts: list[str]) -> list[float]:
        """None: a lexicon takes every word that it does not list as neutral."""
        return [0.0] * len(texts)

    def truncated(self, texts: list[str]) -> list[bool]:
        """Never: a lexicon reads every word."""
        return [False] * len(texts)
