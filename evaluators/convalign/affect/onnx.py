"""A classifier in a local folder, run by onnxruntime; neither torch nor the network is touched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from convalign.affect import tokenizer
from convalign.affect.classifier import Classifier
from convalign.affect.declaration import declaration
from convalign.errors import UsageError
from convalign.files import readable

FILES = ("model.onnx", "tokenizer.json", "affect.json")
TOLD = (".json", ".txt", ".model")
"""Files beside the weights that change numbers: declaration, config, tokenizer, vocabulary."""
DYNAMIC = b"DynamicQuantizeLinear"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
"""Where a model may run; ``cuda`` needs the onnxruntime-gpu build of onnxruntime."""


def open_folder(path: Path, provider: str = "cpu") -> Classifier:
    """Open a model folder.

    Parameters
    ----------
    path : with ``model.onnx`` (inputs ``input_ids``, ``attention_mask`` and perhaps ``token_type_ids``;
        first output logits [n, n_labels]), ``tokenizer.json`` and ``affect.json``
        (`convalign.affect.declaration`; a ``sha256`` of the model must fit if it is given)
    provider : ``cpu`` or ``cuda``

    Raises
    ------
    UsageError
        A file is missing or is not what it should be, or this onnxruntime has no such provider.
    """
    for name in FILES:
        if not (path / name).is_file():
            raise UsageError(f"{path}: has no {name}; a model folder holds {', '.join(FILES)}")
    declared = declaration(path / "affect.json")
    digests = [hashlib.sha256((path / name).read_bytes()) for name in FILES]
    others = sorted(one for one in path.iterdir() if one.suffix in TOLD and one.name not in FILES)
    digests += [hashlib.sha256(one.name.encode() + b"\0" + one.read_bytes()) for one in others]
    if declared.record.get("sha256") not in (None, digests[0].hexdigest()):
        found = f"model.onnx has {digests[0].hexdigest()}; it is not the declared model"
        raise UsageError(f"{path / 'affect.json'}: $.sha256: {found}")
    tokenizer.check_order(path, declared.labels)
    engine = OnnxEngine(path, declared.scheme.max_tokens, provider)
    # The same weights with other signs, another order or another tokenizer give other numbers.
    together = hashlib.sha256(b"".join(one.digest() for one in digests)).hexdigest()
    where = "" if provider == "cpu" else f"-{provider}"
    where += "-dynamic" if engine.dynamic else ""
    return Classifier(declared, engine, f"{declared.name}-sha256:{together[:16]}{where}")


def providers() -> list[str]:
    """The providers that this onnxruntime has, in our names."""
    there = onnxruntime.get_available_providers()
    return [name for name, theirs in PROVIDERS.items() if theirs in there]


class OnnxEngine:
    """A session and its tokenizer.

    Parameters
    ----------
    path : of the folder
    longest : tokens that the model takes; None = 256
    provider : as in `open_folder`
    """

    def __init__(self, path: Path, longest: int | None, provider: str) -> None:
        if provider not in PROVIDERS:
            raise UsageError(f"no provider {provider!r}; there are: {', '.join(PROVIDERS)}")
        if provider not in providers():
            raise UsageError(
                f"provider {provider!r}: this onnxruntime has only {', '.join(providers())}; "
                "pip install onnxruntime-gpu in place of onnxruntime"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Spinning threads make timings erratic where cores are shared.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path / "model.onnx"), options, providers=[PROVIDERS[provider]]
            )
            # One that ships needs no configuration, and no second to import what reads it.
            shipped = path.parent == Path(__file__).parent
            self._tokenizer = Tokenizer.from_file(str(path / FILES[1])) if shipped else tokenizer.own(path)
        except Exception as error:
            raise UsageError(
                f"{path}: cannot be opened ({error}); give an ONNX classifier with its tokenizer"
            ) from None
        # The operator's name stands in the file as it is.
        self.dynamic = DYNAMIC in readable(path / "model.onnx", most=None).read_bytes()
        """Whether activations are scaled per batch: numbers then hang on neighbours and on the processor."""
        self._inputs = [one.name for one in self._session.get_inputs()]
        if not set(INPUTS[:2]) <= set(self._inputs) <= set(INPUTS):
            found = f"its inputs are {', '.join(self._inputs)}"
            wanted = f"{INPUTS[0]} and {INPUTS[1]}, and perhaps {INPUTS[2]}"
            raise UsageError(f"{path / 'model.onnx'}: {found}; there must be {wanted}")
        self._unknown = tokenizer.unknown(self._tokenizer)
        self._longest = longest or 256

    def knows(self, sign: str) -> bool:
        """Whether an emoji is a piece of the vocabulary."""
        return self._tokenizer.token_to_id(sign) is not None

    def pieces(self, texts: list[str]) -> list[tuple[int, float]]:
        """Tokens of each text, nothing cut off, and the share of its own that are unknown, 0..1."""
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        found = []
        for one in self._tokenizer.encode_batch(texts):
            own = len(one.ids) - sum(one.special_tokens_mask)
            lacking = 0 if self._unknown is None else one.ids.count(self._unknown)
            found.append((len(one.ids), lacking / own if own else 0.0))
        return found

    def logits(self, texts: list[str]) -> NDArray[np.float64]:
        """[n_texts, n_labels]."""
        self._tokenizer.enable_truncation(self._longest)
        self._tokenizer.enable_padding()
        encoded = self._tokenizer.encode_batch(texts)
        given: dict[str, Any] = {
            INPUTS[0]: np.array([one.ids for one in encoded], dtype=np.int64),
            INPUTS[1]: np.array([one.attention_mask for one in encoded], dtype=np.int64),
            INPUTS[2]: np.array([one.type_ids for one in encoded], dtype=np.int64),
        }
        found = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        return np.asarray(found, dtype=np.float64)
