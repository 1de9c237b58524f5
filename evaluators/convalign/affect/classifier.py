"""What all classifiers share: equal texts once, long ones in pieces, batches, logits to probabilities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from convalign.affect.declaration import Declaration
from convalign.affect.emoticons import spelled
from convalign.errors import UsageError

GRID = 3
"""Decimals of a probability: what lies below hangs on the processor's order of sums, and decides nothing."""
REMEMBERED = 20_000
"""Texts whose numbers are kept: greetings and the arms of a study repeat the same ones."""
SENTENCE = re.compile(r"(?<=[.!?…])\s+")

Floats = NDArray[np.float32]


class Engine(Protocol):
    """Whatever runs a model."""

    def knows(self, sign: str) -> bool:
        """Whether an emoji is a piece of the vocabulary."""
        ...

    def pieces(self, texts: list[str]) -> list[tuple[int, float]]:
        """Tokens of each text, nothing cut off, and the share of its own that are unknown, 0..1."""
        ...

    def logits(self, texts: list[str]) -> NDArray[np.float64]:
        """[n_texts, n_labels], in the order of the declaration."""
        ...


class Classifier:
    """A declared model on an engine; the `Model` of `convalign.affect`.

    Parameters
    ----------
    declared : what its labels mean
    engine : what runs it
    signature : name, revision and hash; models with different signatures are never compared
    """

    def __init__(self, declared: Declaration, engine: Engine, signature: str) -> None:
        self.name = declared.name
        self.labels = list(declared.labels)
        self.scheme = declared.scheme
        self.thresholds = declared.thresholds
        self.signature = signature
        self.canary = declared.canary
        self._batch = declared.batch
        self._engine = engine
        self._known: dict[str, Floats] = {}
        self._pieces: dict[str, tuple[int, float]] = {}

    def predict(self, texts: list[str]) -> Floats:
        """[n_texts, n_labels], 0..1 in steps of .001, columns in the order of `labels`.

        Equal texts are predicted once; emoji that the vocabulary lacks are words (`emoticons.spelled`). A
        text longer than the model's limit is cut in sentences, and a sentence that is still too long in
        halves; their predictions are averaged by words.
        """
        if len(self._known) > REMEMBERED:
            self._known.clear()
            self._pieces.clear()
        texts = [self._spelled(text) for text in texts]
        different = [text for text in dict.fromkeys(texts) if text not in self._known]
        pieces = dict(zip(different, self._cut(different), strict=True))
        single = list(dict.fromkeys(piece for parts in pieces.values() for piece in parts))
        # Texts of like length share a batch, so that little is padded.
        single.sort(key=lambda piece: (len(piece), piece))
        found: dict[str, Floats] = {}
        for start in range(0, len(single), self._batch):
            batch = single[start : start + self._batch]
            found |= dict(zip(batch, self._run(batch), strict=True))
        self._known |= {text: _joined(parts, found) for text, parts in pieces.items()}
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(
            len(texts), len(self.labels)
        )

    def truncated(self, texts: list[str]) -> list[bool]:
        """Whether a text holds one word too long for the model, of which it sees only the beginning."""
        longest = self.scheme.max_tokens
        parts = self._cut([self._spelled(text) for text in texts])
        flat = [piece for one in parts for piece in one]
        long = iter([length > longest for length, _ in self._measured(flat)] if longest else [])
        return [sum(next(long, False) for _ in one) > 0 for one in parts]

    def unknown(self, texts: list[str]) -> list[float]:
        """The share of the pieces of each text that the model has no vocabulary for, 0..1."""
        return [share for _, share in self._measured([self._spelled(text) for text in texts])]

    def _spelled(self, text: str) -> str:
        return spelled(text, self._engine.knows)

    def _measured(self, texts: list[str]) -> list[tuple[int, float]]:
        """What the engine's tokenizer says, equal texts once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._pieces]
        if new:
            self._pieces |= dict(zip(new, self._engine.pieces(new), strict=True))
        return [self._pieces[text] for text in texts]

    def _cut(self, texts: list[str]) -> list[list[str]]:
        """Each text, or its parts when it is too long for the model; only one endless word is truncated."""
        longest = self.scheme.max_tokens
        if longest is None or not texts:
            return [[text] for text in texts]
        cut: list[list[str]] = []
        for text, (length, _) in zip(texts, self._measured(texts), strict=True):
            words = text.split()
            if length <= longest or len(words) < 2:
                cut.append([text])
                continue
            parts = SENTENCE.split(text.strip())
            if len(parts) == 1:
                parts = [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
            cut.append([piece for found in self._cut(parts) for piece in found])
        return cut

    def _run(self, texts: list[str]) -> Floats:
        """Probabilities of one batch."""
        try:
            logits = self._engine.logits(texts)
        except Exception as error:
            cure = "the tokenizer and max_tokens must be the model's own"
            raise UsageError(f"{self.name}: the model fails ({error}); {cure}") from None
        if logits.ndim != 2 or logits.shape[1] != len(self.labels):
            shape = f"gives {logits.shape[1:]} numbers a text"
            raise UsageError(f"{self.name}: {shape}, its declaration names {len(self.labels)} labels")
        if not np.isfinite(logits).all():
            worst = texts[int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])]
            raise UsageError(f"{self.name}: no finite numbers for {worst[:40]!r}; export the model again")
        if self.scheme.kind == "multi":
            return np.asarray(np.round(1.0 / (1.0 + np.exp(-logits)), GRID), dtype=np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(np.round(powers / powers.sum(axis=1, keepdims=True), GRID), dtype=np.float32)


def _joined(parts: list[str], found: Mapping[str, Floats]) -> Floats:
    """One prediction of several sentences."""
    if len(parts) == 1:
        return found[parts[0]]
    weights = [max(1, len(part.split())) for part in parts]
    joined = np.average([found[part] for part in parts], axis=0, weights=weights)
    return np.asarray(np.round(joined, GRID), dtype=np.float32)
