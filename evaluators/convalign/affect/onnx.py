"""A classifier in a local folder, run by onnxruntime; neither torch nor the network is touched."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from convalign.affect.scheme import Scheme, read_scheme
from convalign.errors import UsageError

FILES = ("model.onnx", "tokenizer.json", "affect.json")
BATCH = 32
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def open_folder(path: Path) -> OnnxModel:
    """Open a model folder.

    Parameters
    ----------
    path : with ``model.onnx`` (inputs ``input_ids``, ``attention_mask`` and perhaps ``token_type_ids``;
        first output logits [n, n_labels]), ``tokenizer.json`` and ``affect.json`` (``name``; ``order``, the
        labels in the model's order; the declaration of `convalign.affect.scheme.read_scheme`; a
        ``sha256`` of the model must fit if it is given)

    Raises
    ------
    UsageError
        A file is missing or is not what it should be.
    """
    for name in FILES:
        if not (path / name).is_file():
            raise UsageError(f"{path}: has no {name}; a model folder holds {', '.join(FILES)}")
    place = f"{path / 'affect.json'}"
    try:
        record = json.loads((path / "affect.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{place}: {error}; write JSON") from None
    if not isinstance(record, Mapping):
        raise UsageError(f"{place}: is no object; write name, order, kind, labels, licence, languages")
    order = record.get("order")
    named = isinstance(order, list) and len(order) >= 2 and all(isinstance(one, str) for one in order)
    if not isinstance(order, list) or not named or len(set(order)) < len(order):
        raise UsageError(f"{place}: $.order: {order!r}; list the labels in the model's order, each once")
    digest = hashlib.sha256((path / "model.onnx").read_bytes()).hexdigest()
    if record.get("sha256") not in (None, digest):
        raise UsageError(f"{place}: $.sha256: model.onnx has {digest}; it is not the declared model")
    scheme = read_scheme(record, order, place)
    # The same weights with other signs, another order or another tokenizer give other numbers.
    together = hashlib.sha256(b"".join(hashlib.sha256((path / name).read_bytes()).digest() for name in FILES))
    return OnnxModel(path, str(record.get("name") or path.name), list(order), scheme, together.hexdigest())


class OnnxModel:
    """The folder backend.

    Parameters
    ----------
    path : of the folder
    name, labels, scheme : as declared
    sha256 : of the three files together
    """

    def __init__(self, path: Path, name: str, labels: list[str], scheme: Scheme, sha256: str) -> None:
        self.name = name
        self.labels = labels
        self.scheme = scheme
        self.sha256 = sha256
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Spinning threads make timings erratic where cores are shared.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        except Exception as error:
            raise UsageError(
                f"{path}: cannot be opened ({error}); give an ONNX classifier with its tokenizer"
            ) from None
        self._inputs = [one.name for one in self._session.get_inputs()]
        if not set(INPUTS[:2]) <= set(self._inputs) <= set(INPUTS):
            found = f"its inputs are {', '.join(self._inputs)}"
            wanted = f"{INPUTS[0]} and {INPUTS[1]}, and perhaps {INPUTS[2]}"
            raise UsageError(f"{path / 'model.onnx'}: {found}; there must be {wanted}")
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(scheme.max_tokens or 256)

    @property
    def signature(self) -> str:
        """Name and hash of the folder's files: weights, tokenizer and declaration."""
        return f"{self.name}-sha256:{self.sha256[:16]}"

    def predict(self, texts: list[str]) -> NDArray[np.float32]:
        """[n_texts, n_labels], 0..1, columns in the order of `labels`.

        Equal texts are predicted once. A text longer than the model's limit is cut in sentences, and a
        sentence that is still too long in halves; their predictions are averaged by words.
        """
        pieces: dict[str, list[str]] = {text: self._pieces(text) for text in dict.fromkeys(texts)}
        single = list(dict.fromkeys(piece for parts in pieces.values() for piece in parts))
        # Texts of like length share a batch, so that little is padded.
        single.sort(key=lambda piece: (len(piece), piece))
        found: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(single), BATCH):
            batch = single[start : start + BATCH]
            found |= dict(zip(batch, self._run(batch), strict=True))
        whole = {text: self._joined(parts, found) for text, parts in pieces.items()}
        return np.array([whole[text] for text in texts], dtype=np.float32).reshape(
            len(texts), len(self.labels)
        )

    def _pieces(self, text: str) -> list[str]:
        """The text, or its parts when it is too long for the model; only one endless word is truncated."""
        self._tokenizer.no_truncation()
        try:
            length = len(self._tokenizer.encode(text).ids)
        finally:
            self._tokenizer.enable_truncation(self.scheme.max_tokens or 256)
        words = text.split()
        if length <= (self.scheme.max_tokens or 256) or len(words) < 2:
            return [text]
        parts = SENTENCE.split(text.strip())
        if len(parts) == 1:
            parts = [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
        return [piece for part in parts for piece in self._pieces(part)]

    def _joined(self, parts: list[str], found: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """One prediction of several sentences."""
        if len(parts) == 1:
            return found[parts[0]]
        weights = [max(1, len(part.split())) for part in parts]
        joined: NDArray[np.float32] = np.average([found[part] for part in parts], axis=0, weights=weights)
        return joined

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        """Probabilities of one batch."""
        encoded = self._tokenizer.encode_batch(texts)
        given: dict[str, Any] = {
            INPUTS[0]: np.array([one.ids for one in encoded], dtype=np.int64),
            INPUTS[1]: np.array([one.attention_mask for one in encoded], dtype=np.int64),
            INPUTS[2]: np.array([one.type_ids for one in encoded], dtype=np.int64),
        }
        try:
            found = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        except Exception as error:
            cure = "tokenizer.json and max_tokens must be the model's own"
            raise UsageError(f"{self.name}: the model fails ({error}); {cure}") from None
        logits = np.asarray(found, dtype=np.float64)
        if logits.ndim != 2 or logits.shape[1] != len(self.labels):
            shape = f"gives {logits.shape[1:]} numbers a text"
            raise UsageError(f"{self.name}: {shape}, affect.json names {len(self.labels)} labels")
        if not np.isfinite(logits).all():
            worst = texts[int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])]
            raise UsageError(f"{self.name}: no finite numbers for {worst[:40]!r}; export the model again")
        if self.scheme.kind == "multi":
            return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
