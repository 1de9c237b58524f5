"""The encoder with three heads, and its training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss
from transformers import AutoModel

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """How one network is trained.

    `epochs` sets the pace at which rates fall, `stop` ends it sooner. `keeping` weighs the squared error of
    what it has to keep (`frozen.readings`), `labels` the cross-entropy of the 28 labels, against that of the
    other heads. `after` is the seed of a plan whose network it goes on from; 0 = the base encoder.
    """

    seed: int = 1
    epochs: int = 2
    stop: int = 2
    batch: int = 32
    encoder_rate: float = 1e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.01
    warm_up: int = 100
    last_rate: float = 0.02
    longest: int = 48
    averaging: float = 0.998
    keeping: float = 0.5
    labels: float = 1.0
    after: int = 0


class Network(nn.Module):
    """Mean of the last layer over the text's tokens, then one linear map to all outputs."""

    def __init__(self, base: Path, outputs: int, attention: str = "sdpa") -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(base, attn_implementation=attention)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(self.encoder.config.hidden_size, outputs)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """[n, tokens] twice -> logits [n, outputs]."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return self.head(self.dropout(pooled))


def tokenizer(base: Path, longest: int) -> Tokenizer:
    """The base model's own, cutting and padding."""
    found = Tokenizer.from_file(str(base / "tokenizer.json"))
    found.enable_truncation(longest)
    found.enable_padding()
    return found


def batches(
    texts: list[str], size: int, cut: Tokenizer, order: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], torch.Tensor, torch.Tensor]]:
    """Places, ids and mask of one batch after another."""
    for start in range(0, len(order), size):
        places = order[start : start + size]
        encoded = cut.encode_batch([texts[k] for k in places])
        ids = torch.tensor([one.ids for one in encoded])
        yield places, ids, torch.tensor([one.attention_mask for one in encoded])


def train(
    network: Network,
    cut: Tokenizer,
    texts: list[str],
    targets: Vector,
    kept: Vector,
    sections: dict[str, slice],
    plan: Plan,
) -> None:
    """Fine-tune on targets [n, n_outputs] and on what is kept [n, n_kept], the network's last outputs.

    The weights at the end are a running average over the last steps. Word embeddings stay frozen: half of
    the parameters, and rare words would only be pulled about.
    """
    torch.manual_seed(plan.seed)
    chance = np.random.default_rng(plan.seed)
    network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    if not plan.after:
        _start(network.head, torch.tensor(targets.mean(0)))
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": encoder, "lr": plan.encoder_rate},
            {"params": network.head.parameters(), "lr": plan.head_rate},
        ],
        weight_decay=plan.weight_decay,
        fused=True,
    )
    trained = [*encoder, *network.head.parameters()]
    average = [one.detach().clone() for one in trained]
    steps = plan.epochs * ((len(texts) + plan.batch - 1) // plan.batch)

    def rate(step: int) -> float:
        rising = min(1.0, (step + 1) / plan.warm_up)
        return rising * (1.0 - (1.0 - plan.last_rate) * step / steps)

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    lengths = np.array([len(text) for text in texts])
    began, done, running = time.monotonic(), 0, 0.0
    for _ in range(plan.stop):
        network.train()
        for places, ids, mask in batches(texts, plan.batch, cut, shuffled(lengths, plan.batch, chance)):
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(ids, mask).float()
            truth = torch.from_numpy(targets[places])
            loss = sum(
                (plan.labels if name == "labels" else 1.0)
                * binary_cross_entropy_with_logits(logits[:, one], truth[:, one])
                for name, one in sections.items()
            ) + plan.keeping * mse_loss(logits[:, targets.shape[1] :], torch.from_numpy(kept[places]))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                share = min(plan.averaging, (done + 1) / (done + 10))
                torch._foreach_lerp_(average, [one.detach() for one in trained], 1.0 - share)
            done += 1
            running += 0.01 * (float(loss.detach()) - running)
            if done % 100 == 0:
                pace = (time.monotonic() - began) / done
                print(f"{done}/{steps} steps, loss {running:.4f}, {pace:.3f} s/step", flush=True)
    with torch.no_grad():
        for one, other in zip(trained, average, strict=True):
            one.copy_(other)


@torch.no_grad()
def _start(head: nn.Linear, share: torch.Tensor) -> None:
    """Every output at the share of texts that have it, and nearly the same for all texts."""
    share = share.clamp(1e-4, 1 - 1e-4)
    head.bias.zero_()
    head.bias[: len(share)] = torch.log(share / (1 - share))
    head.weight.mul_(0.1)


def shuffled(lengths: NDArray[np.int64], size: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """A random order in which texts of like length share a batch: little padding, still random batches."""
    order = chance.permutation(len(lengths))
    pools = [order[k : k + 50 * size] for k in range(0, len(order), 50 * size)]
    sorted_pools = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    single = [pool[k : k + size] for pool in sorted_pools for k in range(0, len(pool), size)]
    chance.shuffle(single)
    return np.concatenate(single)


@torch.no_grad()
def predict(network: Network, cut: Tokenizer, texts: list[str], size: int = 64) -> Vector:
    """All outputs, [n, n_outputs + n_kept]."""
    network.eval()
    order = np.argsort([len(text) for text in texts], kind="stable")
    found = np.zeros((len(texts), network.head.out_features), dtype=np.float32)
    for places, ids, mask in batches(texts, size, cut, order):
        found[places] = network(ids, mask).numpy()
    return found
