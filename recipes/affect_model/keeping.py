"""Train the network again so that it keeps what the encoder knew of valence: tried, not shipped (README).

    python recipes/affect_model/keeping.py GOEMOTIONS --wheel WHEEL --output FOLDER

The same inputs as `make.py`. Writes a folder for ``--affect FOLDER`` whose valence is what the frozen encoder
would say (`frozen.py`), and prints macro-F1 on dev. The test split is not read.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import make
import numpy as np
import torch
from export import export
from frozen import LAYERS, VALENCE, readings
from goemotions import heads, label_names, read
from measures import expectation, expected_thresholds, macro_f1, polarity, temperature
from network import Network, Plan, predict, tokenizer, train

PLANS = (
    Plan(seed=1, keeping=0.5),
    Plan(seed=3, epochs=1, stop=1, encoder_rate=5e-5, head_rate=5e-4, keeping=0.5, labels=3.0, after=1),
)
"""The second goes on from the first; the mean of their weights is written."""
SIGNS = ("valence:positive", "valence:negative")
LEAN = 1.0
"""How far the positive and the negative sentiment lean on valence, in logits for a standard deviation."""


def main() -> None:
    """Train, fold, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("goemotions", type=Path)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=make.ROOT / "build" / "affect_keeping")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    base, data = make.unpack(given.wheel, given.work), given.goemotions
    states = [trained(plan, base, data, given.work) for plan in PLANS]
    network = Network(base, 2 * len(label_names(data)) + len(LAYERS), attention="eager")
    network.load_state_dict({key: make.mean([state[key] for state in states]) for key in states[0]})
    dev = read(data, "dev")
    outputs = predict(network, tokenizer(base, make.LONGEST), dev.texts).astype(np.float64)
    finish(network, outputs, dev.targets, data)
    logits = predict(network, tokenizer(base, make.LONGEST), dev.texts).astype(np.float64)
    p = make.sigmoid(logits[:, : dev.targets.shape[1]])
    chosen = expected_thresholds(p)
    for name, one in heads(data).items():
        print(f"dev, {name}: macro-F1 {macro_f1(p[:, one], dev.targets[:, one], chosen[one]):.4f}")
    model = export(network, base, given.output)
    declare(given.output, model, data, dict(zip(label_names(data), chosen.tolist(), strict=True)))


def trained(plan: Plan, base: Path, data: Path, work: Path) -> dict[str, Any]:
    """The weights of one plan; not trained again when they are there."""
    path = work / f"seed{plan.seed}.pt"
    if not path.is_file():
        split, names = read(data, "train"), label_names(data)
        signs = polarity(split.targets, names.index(make.POSITIVE), names.index(make.NEGATIVE))
        kept = readings(base, split.texts, split.targets, signs)
        torch.manual_seed(plan.seed)
        network = Network(base, split.targets.shape[1] + kept.shape[1])
        if plan.after:
            network.load_state_dict(torch.load(work / f"seed{plan.after}.pt")["state"])
        began, cut = time.monotonic(), tokenizer(base, plan.longest)
        train(network, cut, split.texts, split.targets, heads(data), plan, kept=kept)
        torch.save({"state": network.state_dict(), "seconds": time.monotonic() - began}, path)
    state: dict[str, Any] = torch.load(path)["state"]
    return state


@torch.no_grad()
def finish(network: Network, outputs: np.ndarray, truth: np.ndarray, data: Path) -> None:
    """Fold into the last layer what was kept, and what dev tells: scales and temperatures.

    Valence is what the frozen encoder would say, put on the scale of polarity (`measures.expectation`).
    """
    names = label_names(data)
    pos, neg, count = names.index(make.POSITIVE), names.index(make.NEGATIVE), len(names)
    every = np.eye(outputs.shape[1])
    valence = every[count:][VALENCE].mean(0)
    valence /= (outputs @ valence).std()
    neutral = (truth[:, names.index(make.NEUTRAL)] == 1) & (truth[:, pos] + truth[:, neg] == 0)
    intercept, slope = expectation(outputs @ valence, polarity(truth, pos, neg), neutral)
    print(f"valence on dev: {intercept:.3f} + {slope:.3f} x", flush=True)
    mixed = every[:count].copy()
    mixed[pos] += LEAN * valence
    mixed[neg] -= LEAN * valence
    for name, section in heads(data).items():
        found = temperature(outputs @ mixed[section].T, truth[:, section])
        print(f"temperature of {name}: {found:.3f}", flush=True)
        mixed[section] /= found
    rows = torch.tensor(np.concatenate([mixed, [slope * valence, -slope * valence]]), dtype=torch.float32)
    shift = torch.tensor([*[0.0] * count, intercept, -intercept])
    old, network.head = network.head, torch.nn.Linear(network.head.in_features, len(rows))
    network.head.weight.copy_(rows @ old.weight)
    network.head.bias.copy_(rows @ old.bias + shift)


def declare(folder: Path, model: Path, data: Path, thresholds: dict[str, float]) -> None:
    """`make.declare`, with signs on the outputs of valence in place of the sentiments."""
    make.declare(folder, model, data, {"chosen": "mean of 1 and 3", "plans": [vars(plan) for plan in PLANS]})
    path = folder / "affect.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for name in (make.POSITIVE, make.NEGATIVE):
        record["labels"][name]["sign"] = "none"
    record["labels"] |= {name: {"sign": name.partition(":")[2]} for name in SIGNS}
    record |= {"name": "minilm-goemotions-kept", "thresholds": thresholds}
    record["order"] += SIGNS
    path.write_text(f"{json.dumps(record, ensure_ascii=False, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
