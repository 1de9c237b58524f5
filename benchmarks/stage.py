"""Where the time of the longest stage goes, and what reading texts in batches would give."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 3
TOGETHER = 32
"""Texts of a batch; `affect.json` says why the shipped model reads them one by one."""


def stage(dialogues: list[Any]) -> list[str]:
    """Profile the look at each dialogue on the emotional dimension, in this process.

    Parameters
    ----------
    dialogues : `convalign.dialogue.Dialogue`
    """
    from convalign.affect.onnx import OnnxEngine
    from convalign.dimensions import emotional

    spent: Counter[str] = Counter()
    seen: list[str] = []
    engines: list[Any] = []
    lengths, logits = OnnxEngine.lengths, OnnxEngine.logits

    def timed(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def run(engine: Any, texts: list[str]) -> Any:
            began = time.perf_counter()
            found = real(engine, texts)
            spent[name] += time.perf_counter() - began
            if name == "network":
                seen.extend(texts)
                engines[:] = [engine]
            return found

        return run

    OnnxEngine.lengths, OnnxEngine.logits = timed("tokens", lengths), timed("network", logits)  # type: ignore[method-assign]
    began = time.perf_counter()
    emotional.observe(dialogues, emotional.Settings())
    whole = time.perf_counter() - began
    OnnxEngine.lengths, OnnxEngine.logits = lengths, logits  # type: ignore[method-assign]
    kernels = _kernels(seen[:300])
    heavy = sum(share for name, share in kernels.items() if "MatMul" in name)
    named = ", ".join(f"{name} {100 * share:.0f} %" for name, share in kernels.most_common(4))
    turns = sum(len(one.turns) for one in dialogues)
    sample = sorted(seen[:600], key=len)
    gains = [_rate(engines[0], sample, TOGETHER) / _rate(engines[0], sample, 1) for _ in range(ROUNDS)]
    twice = len(seen) - len(set(seen))
    network, counting = (round(100 * spent[name] / whole) for name in ("network", "tokens"))
    return [
        f"Of the look at {turns:,} turns (emotional, one process) {network} % is "
        f"the network and {counting} % counting tokens: {len(seen):,} texts, {twice} of "
        f"them twice. Within the network: {named}; products of matrices are {100 * heavy:.0f} %. Batches "
        f"of {TOGETHER} texts of like length give {statistics.median(gains):.2f} times as many texts "
        f"a second ({min(gains):.2f} to {max(gains):.2f}) as one text a run.",
    ]


def _rate(engine: Any, texts: list[str], size: int) -> float:
    """Texts a second."""
    began = time.perf_counter()
    for start in range(0, len(texts), size):
        engine.logits(texts[start : start + size])
    return len(texts) / (time.perf_counter() - began)


def _kernels(texts: list[str]) -> Counter[str]:
    """Kernel of onnxruntime -> its share of the time of all kernels."""
    import onnxruntime
    from tokenizers import Tokenizer

    from convalign import affect

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(
            str(affect.folder() / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(affect.folder() / "tokenizer.json"))
        for text in texts:
            encoded = tokenizer.encode(text)
            session.run(None, {"input_ids": [encoded.ids], "attention_mask": [encoded.attention_mask]})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    spent: Counter[str] = Counter()
    for one in events:
        if one.get("cat") == "Node" and one["name"].endswith("_kernel_time"):
            spent[one["args"]["op_name"]] += one["dur"]
    whole = sum(spent.values())
    return Counter({name: dur / whole for name, dur in spent.items()})
