"""Do turns speak of the same things in other words? ALIGN's third level, with an encoder of yours.

A sentence encoder places turns by topic, so this is neither lexical alignment nor affect: it is
reported apart, it is in no row of a run, and the user names the encoder.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.dialogue import Dialogue
from convalign.errors import MissingExtraError, UsageError
from convalign.files import loads

BATCH = 32
MAX_TOKENS = 256
MODELS = ("model.onnx", "onnx/model.onnx")
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """A sentence encoder that is ready.

    Attributes
    ----------
    signature : its name and what identifies its weights
    embed : texts -> [n_texts, width]
    known : vectors of the texts met so far
    """

    signature: str
    embed: Callable[[list[str]], Vectors]
    known: dict[str, Vectors] = field(default_factory=dict)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, [n_texts, width]; equal texts are read once."""
        fresh = sorted({text for text in texts if text not in self.known}, key=lambda one: (len(one), one))
        for start in range(0, len(fresh), BATCH):
            batch = fresh[start : start + BATCH]
            vectors = self.embed(batch)
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            self.known.update(zip(batch, vectors / np.maximum(length, 1e-12), strict=True))
        return np.stack([self.known[text] for text in texts])


@dataclass(frozen=True, slots=True)
class ConceptPair:
    """A turn and the one that stands `lag` turns before it; value -1..1, or None with a reason."""

    direction: str
    prime: int
    reply: int
    value: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ConceptualSimilarity:
    """What `conceptual_similarity` finds.

    Attributes
    ----------
    pairs : in order of the replies
    directions : ``agent->user`` -> (mean cosine or None, scored pairs)
    encoder : signature
    """

    pairs: tuple[ConceptPair, ...]
    directions: dict[str, tuple[float | None, int]]
    encoder: str


def conceptual_similarity(dialogue: Dialogue, encoder: Encoder, *, lag: int = 1) -> ConceptualSimilarity:
    """Compare the topics of every turn and the one `lag` turns before it.

    Parameters
    ----------
    encoder : from `load_encoder`
    lag : turns between prime and reply, >= 1

    Returns
    -------
    ConceptualSimilarity; cosines -1..1, higher is nearer in topic. Above what a stranger's turn of the
    same topic gets it says nothing about adaptation.

    Raises
    ------
    UsageError
        A lag under 1.

    Source
    ------
    Duran, Paxton & Fusaroli 2019, conceptual level.
    """
    if lag < 1:
        raise UsageError(f"lag {lag}: give a whole number from 1")
    places = [number for number, turn in enumerate(dialogue.turns) if turn.text and turn.text.strip()]
    texts = [dialogue.turns[place].text or "" for place in places]
    vectors = dict(zip(places, encoder.encode(texts), strict=True)) if texts else {}
    names = [dialogue.label(turn.speaker) for turn in dialogue.turns]
    pairs = []
    for prime in range(len(names) - lag):
        reply = prime + lag
        both = prime in vectors and reply in vectors
        value = float(vectors[prime] @ vectors[reply]) if both else None
        pairs.append(
            ConceptPair(f"{names[reply]}->{names[prime]}", prime, reply, value, None if both else "no words")
        )
    found: dict[str, list[float]] = {pair.direction: [] for pair in pairs}
    for pair in pairs:
        if pair.value is not None:
            found[pair.direction].append(pair.value)
    means = {way: (math.fsum(some) / len(some) if some else None, len(some)) for way, some in found.items()}
    return ConceptualSimilarity(tuple(pairs), means, encoder.signature)


def load_encoder(name: str | Path) -> Encoder:
    """Open the sentence encoder that the user names.

    Parameters
    ----------
    name : a folder with ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``, read offline; a
        folder with ``model.safetensors``, or the id of a model on the Hugging Face hub, which is
        downloaded: both need the torch extra, and no code of the model is run

    Raises
    ------
    UsageError
        The folder lacks a file, or it is no encoder.
    MissingExtraError
        A hub id without the extra.
    """
    folder = Path(name)
    if folder.is_dir():
        weights = (folder / "model.safetensors").is_file()
        return _hub(str(folder)) if weights and _model(folder) is None else _folder(folder)
    # A mistyped path must not reach the network: where its first part is a folder, it is a path.
    if folder.suffix or str(name).count("/") != 1 or folder.parent.is_dir() or folder.is_absolute():
        raise UsageError(
            f"encoder {str(name)!r}: no such folder; name one with model.onnx and tokenizer.json"
        )
    return _hub(str(name))


def _model(folder: Path) -> Path | None:
    return next((folder / one for one in MODELS if (folder / one).is_file()), None)


def _folder(folder: Path) -> Encoder:
    """An ONNX encoder: its own sentence vector, or the mean of its token vectors."""
    import onnxruntime
    from tokenizers import Tokenizer

    model = _model(folder)
    if model is None or not (folder / "tokenizer.json").is_file():
        raise UsageError(f"{folder}: an encoder folder holds {' or '.join(MODELS)}, and tokenizer.json")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:
        raise UsageError(f"{folder}: cannot be opened ({error}); give an ONNX sentence encoder") from None
    inputs = {one.name for one in session.get_inputs()}
    if not {"input_ids", "attention_mask"} <= inputs <= {"input_ids", "attention_mask", "token_type_ids"}:
        raise UsageError(
            f"{model}: its inputs are {', '.join(sorted(inputs))}; there must be input_ids and attention_mask"
        )
    outputs = [one.name for one in session.get_outputs()]
    wanted = next((one for one in ("sentence_embedding", "last_hidden_state") if one in outputs), outputs[0])
    first = _first_token(folder)
    tokenizer.enable_padding()
    tokenizer.enable_truncation(MAX_TOKENS)

    def embed(texts: list[str]) -> Vectors:
        encoded = tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        feed = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([one.type_ids for one in encoded], np.int64),
        }
        found = session.run([wanted], {key: value for key, value in feed.items() if key in inputs})[0]
        return _pooled(np.asarray(found, np.float32), mask, model, first=first)

    digest = hashlib.sha256(model.read_bytes() + (folder / "tokenizer.json").read_bytes()).hexdigest()
    return Encoder(f"{folder.resolve().name}-sha256:{digest[:16]}", embed)


def _first_token(folder: Path) -> bool:
    """Whether the first token stands for the text; else the mean of all does."""
    path = folder / "1_Pooling" / "config.json"
    try:
        record = loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise UsageError(f"{path}: {error}; write JSON, or leave it out") from None
    modes = [key for key, value in record.items() if key.startswith("pooling_mode_") and value is True]
    if modes and modes not in (["pooling_mode_cls_token"], ["pooling_mode_mean_tokens"]):
        raise UsageError(f"{path}: {', '.join(modes)}; here are the mean of the tokens, or the first one")
    return modes == ["pooling_mode_cls_token"]


def _pooled(found: Vectors, mask: NDArray[np.int64], model: Path, *, first: bool) -> Vectors:
    """One vector a text: as it is, its first token's, or the mean over its tokens."""
    if found.ndim == 2:
        return found
    if found.ndim == 3 and first:
        return found[:, 0]
    if found.ndim != 3 or found.shape[:2] != mask.shape:
        raise UsageError(f"{model}: gives an output of shape {found.shape}; give a sentence encoder")
    weight = mask[:, :, None].astype(np.float32)
    pooled: Vectors = (found * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
    return pooled


def _hub(name: str) -> Encoder:
    """An encoder of the hub, by torch; only because the user named it."""
    try:
        torch, transformers = import_module("torch"), import_module("transformers")
    except ImportError:
        raise MissingExtraError(
            f"encoder {name!r} has no model.onnx, and needs torch without it: pip install 'convalign[torch]'"
        ) from None
    safe: dict[str, Any] = {"trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **safe)
        model = transformers.AutoModel.from_pretrained(name, use_safetensors=True, **safe).eval()
    except (OSError, ValueError) as error:
        first = str(error).split("\n", maxsplit=1)[0]
        raise UsageError(f"encoder {name!r}: {first}; name a folder, or a hub id with safetensors") from None

    leading = _first_token(Path(name))

    def embed(texts: list[str]) -> Vectors:
        feed = tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.no_grad():
            found = model(**feed).last_hidden_state.numpy()
        return _pooled(found, feed["attention_mask"].numpy(), Path(name), first=leading)

    revision = getattr(model.config, "_commit_hash", None) or "unknown"
    return Encoder(f"{name}@{revision[:12]}", embed)
