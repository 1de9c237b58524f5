"""What a text feels like, as numbers: the affect models, behind one interface.

`load` gives a model with ``labels`` and ``predict(texts) -> float32 [n_texts, n_labels]``, and a `Scheme`
that says what the labels mean.

``default`` ships in the package (onnxruntime, no torch, no network), and so do ``fast``, its student, and
the head of ``multilingual`` (extra ``convalign[multilingual]``); ``lexicon`` is VADER. A model of your
own is named by its declaration, ``affect.json``, which says what each label means: a folder with ONNX
weights (onnxruntime), a folder with safetensors weights, or a model of the hub at a pinned revision
(both with transformers and torch, the extra ``convalign[torch]``).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convalign.affect.scheme import EKMAN, Affect, Scheme
from convalign.errors import UsageError

__all__ = ["EKMAN", "Affect", "Model", "Scheme", "available", "load", "providers"]


class Model(Protocol):
    """An affect model, ready to predict."""

    name: str
    """``lexicon``, or the name that ``affect.json`` gives."""
    labels: list[str]
    """What the columns of `predict` are."""
    scheme: Scheme
    """What the labels mean."""
    thresholds: Mapping[str, float]
    """Label -> the probability from which it holds, where the author chose one."""
    signature: str
    """Name, version and hash: models with different signatures are never compared."""
    canary: Mapping[str, Any] | None
    """What it says of the texts of `convalign.affect.canary` where it is right; None = not known."""

    def predict(self, texts: list[str]) -> NDArray[np.float32]:
        """[n_texts, n_labels]; equal texts are predicted once."""
        ...

    def unknown(self, texts: list[str]) -> list[float]:
        """The share of the pieces of each text that the model has no vocabulary for, 0..1."""
        ...

    def truncated(self, texts: list[str]) -> list[bool]:
        """Whether the model sees only the beginning of a text."""
        ...


def load(name: str = "default", *, provider: str = "cpu") -> Model:
    """Make an affect model ready.

    Parameters
    ----------
    name : ``default``; ``fast``; ``multilingual``; ``lexicon``; the path of a model folder; or of a
        declaration that names a model of the hub
    provider : where ONNX models run: ``cpu``, or ``cuda`` with the onnxruntime-gpu build

    Raises
    ------
    UsageError
        There is no such model, or what is named is not one.
    MissingExtraError
        The model needs torch, which is not installed.

    Examples
    --------
    >>> model = load()
    >>> model.name, model.labels[:3], len(model.labels)
    ('minilm-goemotions', ['admiration', 'amusement', 'anger'], 39)
    >>> model.scheme.affect(model.predict(["how lovely", "how awful"]), model.labels).valence.round()
    array([ 1., -1.])
    """
    if name == "lexicon":
        from convalign.affect.lexicon import Lexicon

        return Lexicon()
    if name == "multilingual":
        from convalign.affect.sentences import open_head

        return open_head(folder(name))
    if name in SHIPPED:
        from convalign.affect.onnx import open_folder

        return open_folder(folder(name), provider)
    path = Path(name)
    if path.is_dir() and not (path / "model.onnx").exists() and (path / "model.safetensors").exists():
        from convalign.affect.hub import open_declared

        return open_declared(path)
    if path.is_dir():
        from convalign.affect.onnx import open_folder

        return open_folder(path, provider)
    if path.is_file():
        from convalign.affect.hub import open_declared

        return open_declared(path)
    raise UsageError(
        f"no affect model {name!r}; there are: default, fast, multilingual, lexicon, a folder with "
        "model.onnx, tokenizer.json and affect.json, or an affect.json that names a model of the hub"
    )


SHIPPED = {"default": "model", "fast": "fast", "multilingual": "multilingual"}
"""Name -> folder of the models that come with the package."""


def folder(name: str = "default") -> Path:
    """Where a model that comes with the package lies."""
    return Path(str(resources.files("convalign.affect"))) / SHIPPED[name]


def available() -> list[dict[str, str]]:
    """The models that can be loaded by name, with what they are."""
    return [
        {"name": "default", "about": "MiniLM trained on GoEmotions, English; ships with the package"},
        {"name": "fast", "about": "the default's student, a sixth of its arithmetic, a little worse"},
        {
            "name": "multilingual",
            "about": "English, Russian; a head on USE v3, extra convalign[multilingual]",
        },
        {"name": "lexicon", "about": "VADER, English, MIT; valence only, no classes"},
        {"name": "FOLDER", "about": "affect.json with model.onnx and tokenizer.json, or with safetensors"},
        {"name": "FILE.json", "about": "an affect.json that names a model of the hub and its revision"},
    ]


def providers() -> list[str]:
    """Where ONNX models can run on this machine: ``cpu``, and ``cuda`` if this onnxruntime has it."""
    from convalign.affect import onnx

    return onnx.providers()
