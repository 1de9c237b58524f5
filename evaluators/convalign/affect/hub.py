"""A classifier of the transformers library, from a hub at a pinned revision or from a local folder."""

from __future__ import annotations

import hashlib
import re
from importlib import import_module, util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.affect.classifier import Classifier
from convalign.affect.declaration import declaration
from convalign.affect.onnx import TOLD
from convalign.affect.tokenizer import library
from convalign.errors import MissingExtraError, UsageError
from convalign.files import readable

WEIGHTS = "model.safetensors"
REVISION = re.compile(r"[0-9a-f]{40}")


def open_declared(path: Path) -> Classifier:
    """Open the model that a declaration names.

    Parameters
    ----------
    path : a declaration (`convalign.affect.declaration`) that also has ``model`` and ``revision``, the name
        of a model on the hub and the 40 hexadecimal digits of a commit; or a folder with such a file as
        ``affect.json``, ``model.safetensors``, ``config.json`` and the tokenizer's files

    Raises
    ------
    UsageError
        No pinned revision, weights that are not safetensors, labels that the model does not have.
    MissingExtraError
        torch is not installed.

    Notes
    -----
    Weights are read from safetensors only, and code that comes with a model is never run.
    """
    local = path.is_dir()
    place = path / "affect.json" if local else path
    declared = declaration(place)
    source: Any
    revision: Any
    if local:
        source, revision = str(path), None
        whole = hashlib.sha256(readable(path / WEIGHTS, most=None).read_bytes())
        for name in sorted(one.name for one in path.iterdir() if one.suffix in TOLD):
            whole.update(name.encode() + b"\0" + readable(path / name, most=None).read_bytes())
        digest = whole.hexdigest()
    else:
        source, revision = declared.record.get("model"), declared.record.get("revision")
        if not isinstance(source, str) or not source:
            raise UsageError(f"{place}: $.model: {source!r}; name a model of the hub, such as org/name")
        if not isinstance(revision, str) or not REVISION.fullmatch(revision):
            cure = "pin the model by the 40 hexadecimal digits of a commit"
            raise UsageError(f"{place}: $.revision: {revision!r}; {cure}")
        digest = hashlib.sha256(f"{source}@{revision}".encode() + place.read_bytes()).hexdigest()
    check_extra(declared.name)
    engine = TorchEngine(source, revision, declared.labels, declared.scheme.max_tokens, str(place))
    version = revision[:12] if revision else "local"
    return Classifier(declared, engine, f"{declared.name}@{version}-sha256:{digest[:16]}")


def check_extra(name: str) -> None:
    """Say what is missing before transformers fails in its own way."""
    if util.find_spec("torch") is None:
        raise MissingExtraError(
            f"affect model {name!r} needs torch, which is not installed; "
            "pip install 'convalign[torch]', or use the default model"
        )


class TorchEngine:
    """A sequence classifier of transformers on the CPU, with its own tokenizer.

    Parameters
    ----------
    source, revision : as ``from_pretrained`` takes them
    labels : in the order in which columns come back, whatever the model's own order is
    longest : tokens that the model takes; None = 256
    place : of the declaration, for messages
    """

    def __init__(
        self, source: str, revision: str | None, labels: tuple[str, ...], longest: int | None, place: str
    ) -> None:
        # By name: neither is there for who checks or runs convalign without the extra.
        self._torch: Any = import_module("torch")
        transformers = library()
        options: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(source, **options)
            self._model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(
                source, use_safetensors=True, **options
            ).eval()
        except Exception as error:
            raise UsageError(
                f"{source}: cannot be opened ({error}); give a sequence classifier with safetensors weights"
            ) from None
        theirs = {name: place for place, name in self._model.config.id2label.items()}
        if set(theirs) != set(labels):
            raise UsageError(
                f"{place}: $.order: names {', '.join(labels)}; the model has {', '.join(map(str, theirs))}"
            )
        self._columns = [int(theirs[label]) for label in labels]
        self._vocabulary = self._tokenizer.get_vocab()
        self._longest = longest or 256

    def knows(self, sign: str) -> bool:
        """Whether an emoji is a piece of the vocabulary."""
        return sign in self._vocabulary

    def pieces(self, texts: list[str]) -> list[tuple[int, float]]:
        """Tokens of each text, nothing cut off, and the share of its own that are unknown, 0..1."""
        lacking, special = self._tokenizer.unk_token_id, set(self._tokenizer.all_special_ids)
        found = []
        for ids in self._tokenizer(texts, truncation=False)["input_ids"]:
            missed = 0 if lacking is None else ids.count(lacking)
            own = missed + sum(one not in special for one in ids)
            found.append((len(ids), missed / own if own else 0.0))
        return found

    def logits(self, texts: list[str]) -> NDArray[np.float64]:
        """[n_texts, n_labels]."""
        given = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        with self._torch.inference_mode():
            found = self._model(**given).logits
        return np.asarray(found.double().numpy()[:, self._columns], dtype=np.float64)
