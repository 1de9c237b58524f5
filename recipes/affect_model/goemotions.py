"""GoEmotions, read as it is: comments, and what they are about in 28, 7 and 4 classes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """One part of the corpus.

    Attributes
    ----------
    texts : [n]
    targets : [n, 39], 0 or 1: 28 labels, 7 of Ekman, 4 of sentiment, in the order of `label_names`
    """

    texts: list[str]
    targets: NDArray[np.float32]


def label_names(folder: Path) -> list[str]:
    """The 39 outputs: labels by name, groups as ``ekman:joy`` and ``sentiment:positive``."""
    groups = [f"{head}:{group}" for head, members in _groups(folder).items() for group in members]
    return [*_labels(folder), *groups]


def heads(folder: Path) -> dict[str, slice]:
    """Where each head lies among the outputs."""
    names = label_names(folder)
    found = {"labels": slice(0, len(_labels(folder)))}
    for head in ("ekman", "sentiment"):
        places = [k for k, name in enumerate(names) if name.startswith(f"{head}:")]
        found[head] = slice(places[0], places[-1] + 1)
    return found


def read(folder: Path, split: str) -> Split:
    """Read a split; quotes and "NA" are text, labels a list joined by commas."""
    labels = _labels(folder)
    places = [
        [labels.index(one) for one in members]
        for group in _groups(folder).values()
        for members in group.values()
    ]
    texts, rows = [], []
    for line in (folder / f"{split}.tsv").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        text, marked, _ = line.split("\t")
        own = np.zeros(len(labels), dtype=np.float32)
        own[[int(one) for one in marked.split(",")]] = 1.0
        texts.append(text)
        rows.append(np.concatenate([own, [own[members].max() for members in places]]))
    return Split(texts, np.asarray(rows, dtype=np.float32))


def digest(folder: Path) -> str:
    """SHA-256 of the three files together: what the model was made from."""
    whole = hashlib.sha256()
    for split in SPLITS:
        whole.update((folder / f"{split}.tsv").read_bytes())
    return whole.hexdigest()


def _labels(folder: Path) -> list[str]:
    return (folder / "emotions.txt").read_text(encoding="utf-8").split()


def _groups(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Head -> group -> labels; the last group of both heads is the neutral label alone."""
    mappings = json.loads((folder / "mappings.json").read_text(encoding="utf-8"))
    return {head: {**mappings[head], "neutral": ["neutral"]} for head in ("ekman", "sentiment")}
