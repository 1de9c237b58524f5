"""What a text feels like, as numbers: the affect models, behind one interface.

`load` gives a model with ``labels`` and ``predict(texts) -> float32 [n_texts, n_labels]``, and a `Scheme`
that says what the labels mean. Nothing is downloaded; torch is never imported.

There are ``lexicon`` (VADER, English) and any local folder with ``model.onnx``, ``tokenizer.json`` and
``affect.json``. ``default`` is the model that ships in the package; while none does, it is the lexicon,
and every signature says so.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from convalign.affect.scheme import Scheme
from convalign.errors import UsageError

__all__ = ["Model", "Scheme", "available", "load"]


class Model(Protocol):
    """An affect model, ready to predict."""

    @property
    def name(self) -> str:
        """``lexicon``, or the name that ``affect.json`` gives."""
        ...

    @property
    def labels(self) -> list[str]:
        """What the columns of `predict` are."""
        ...

    @property
    def scheme(self) -> Scheme:
        """What the labels mean."""
        ...

    @property
    def signature(self) -> str:
        """Name, version and hash: models with different signatures are never compared."""
        ...

    def predict(self, texts: list[str]) -> NDArray[np.float32]:
        """[n_texts, n_labels]; equal texts are predicted once."""
        ...


def load(name: str = "default") -> Model:
    """Make an affect model ready.

    Parameters
    ----------
    name : ``default``, ``lexicon``, or the path of a model folder

    Returns
    -------
    Model. While no trained model ships, ``load("default").name`` is ``lexicon``.

    Raises
    ------
    UsageError
        There is no such model, or the folder is not one.

    Examples
    --------
    >>> model = load()
    >>> model.name, model.labels
    ('lexicon', ['negative', 'neutral', 'positive', 'compound'])
    >>> (model.predict(["how lovely", "how awful"])[:, 3] > 0).tolist()
    [True, False]
    """
    shipped = _shipped()
    if name == "default":
        name = str(shipped) if shipped is not None else "lexicon"
    if name == "lexicon":
        from convalign.affect.lexicon import Lexicon

        return Lexicon()
    path = Path(name)
    if path.is_dir():
        from convalign.affect.onnx import open_folder

        return open_folder(path)
    raise UsageError(
        f"no affect model {name!r}; there are: default, lexicon, or a folder with model.onnx, tokenizer.json "
        "and affect.json (models of a hub are not read)"
    )


def available() -> list[dict[str, str]]:
    """The models that can be loaded by name, with what they are."""
    trained = "the trained model of this package" if _shipped() else "the lexicon: no trained model ships yet"
    return [
        {"name": "default", "about": trained},
        {"name": "lexicon", "about": "VADER, English, MIT; valence only, no classes"},
        {"name": "FOLDER", "about": "model.onnx, tokenizer.json and affect.json of your own"},
    ]


def _shipped() -> Path | None:
    """The trained model inside the package, if this version has one."""
    folder = resources.files("convalign.affect") / "model"
    path = Path(str(folder))
    return path if (path / "model.onnx").is_file() else None
