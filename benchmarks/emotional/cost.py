"""What the emotional dimension costs, whole, against the engine that multiplied in int8."""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from convalign import affect, logs, scoring
from convalign.dialogue import Dialogue
from convalign.scoring import Outcome, finish, gather, scorers

BEFORE = "cdc47bd"
"""The last commit whose network multiplied in int8, one text at a time."""
FILES = ("model.onnx", "tokenizer.json", "affect.json")
SETS = {"SGD": ("sgd_10000.jsonl.gz", 120), "CaSiNo": ("casino.jsonl.gz", 120)}
ROUNDS = 3


def cost_table(data: Path) -> list[str]:
    """CPU seconds for 1,000 turns of the whole dimension, models in turn, and their ratio to before."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "before")
        folder.mkdir()
        for name in FILES:
            path = f"{BEFORE}:evaluators/convalign/affect/model/{name}"
            shown = subprocess.run(["git", "show", path], check=True, capture_output=True)
            (folder / name).write_bytes(shown.stdout)
        told = json.loads((folder / "affect.json").read_text(encoding="utf-8"))
        (folder / "affect.json").write_text(json.dumps(told | {"batch": 1}), encoding="utf-8")
        models = {f"before ({BEFORE}, int8, one by one)": str(folder)}
        models |= {name: name for name in ("default", "fast", "lexicon")}
        lines = [
            "| whole dimension, CPU s for 1,000 turns | " + " | ".join(SETS) + " |",
            "|---" * (len(SETS) + 1) + "|",
        ]
        cells: dict[str, list[str]] = {name: [] for name in models}
        for file, count in SETS.values():
            dialogues = list(itertools.islice(logs.read(data / file), count))
            turns = sum(len(one.turns) for one in dialogues)
            found: dict[str, list[float]] = {name: [] for name in models}
            for _ in range(ROUNDS):
                for name, model in models.items():
                    found[name].append(1000 * _spent(dialogues, model) / turns)
            first = next(iter(found.values()))
            for name, seconds in found.items():
                ratios = sorted(one / before for one, before in zip(seconds, first, strict=True))
                middle = sorted(seconds)[len(seconds) // 2]
                ratio = f", {ratios[len(ratios) // 2]:.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
                cells[name].append(f"{middle:.2f}{ratio if name not in list(models)[:1] else ''}")
    return [*lines, *(f"| {name} | {' | '.join(row)} |" for name, row in cells.items()), *_exact(data)]


def _spent(dialogues: Sequence[Dialogue], model: str) -> float:
    """CPU seconds of this process for both passes; the model's memory of texts is empty."""
    chosen = scorers(["emotional"], {"affect": model})
    scoring.gather(dialogues[:2], chosen)  # opens the model, which is not what is measured
    loaded = chosen[0].module.scoring._model(model, "cpu")
    for memory in ("_known", "_pieces"):
        getattr(loaded, memory, {}).clear()
    began = time.process_time()
    for _ in finish(gather(dialogues, chosen), Outcome()):
        pass
    return time.process_time() - began


def _exact(data: Path) -> list[str]:
    """Differences of what ships from fp32 arithmetic without any optimisation of the graph."""
    import numpy as np
    import onnxruntime

    dialogues = itertools.islice(logs.read(data / "casino.jsonl.gz"), 60)
    texts = list(dict.fromkeys(turn.text for one in dialogues for turn in one.turns if turn.text))
    lines = [
        "",
        f"Differences from fp32, graph as it is, one text at a time ({len(texts):,} texts of CaSiNo):",
    ]
    for name in ("default", "fast"):
        shipped = affect.load(name)
        plain = affect.load(name)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(affect.folder(name) / "model.onnx"), options)
        plain._engine._session, plain._batch = session, 1  # type: ignore[attr-defined]
        apart = np.abs(shipped.predict(texts) - plain.predict(texts))
        lines.append(
            f"{name}: {int((apart > 0.0005).sum())} of {apart.size:,} outputs, at most {apart.max():.3f}."
        )
    return lines
