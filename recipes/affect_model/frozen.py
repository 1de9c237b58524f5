"""What the encoder knew before it was trained: readings of the frozen one, which it has to keep.

Fine-tuning on comments forgets what valence looks like elsewhere. The network therefore learns, beside the
labels, to say what a linear map on the frozen encoder says of every comment (Li & Hoiem 2018, learning
without forgetting, with readings in the place of an old task's classes).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from network import Network, Vector, batches, tokenizer
from numpy.typing import NDArray

LAYERS = (2, 3, 4, 5, 6)
"""Layers whose valence is kept, of six; the last one also keeps all labels."""
VALENCE = slice(2, 5)
"""The readings of valence that the shipped one is made of: those of the last three layers."""
PENALTY = 300.0
LONGEST = 96

Floats = NDArray[np.float64]


def readings(base: Path, texts: list[str], targets: Vector, polarity: Vector) -> Vector:
    """What ridge regressions on the frozen encoder say of the texts they were fitted on.

    Parameters
    ----------
    targets : [n, n_outputs], 0 or 1
    polarity : [n], 1, 0 or -1

    Returns
    -------
    [n, n_layers + n_outputs], mean 0, sd 1: polarity by layer, then the outputs by the last layer.
    """
    pooled = _pooled(base, texts)
    made = [_ridge(pooled[:, k], polarity[:, None]) for k in range(len(LAYERS))]
    made.append(_ridge(pooled[:, -1], targets))
    return np.concatenate(made, axis=1).astype(np.float32)


@torch.no_grad()
def _pooled(base: Path, texts: list[str]) -> Vector:
    """[n, n_layers, width] mean over each text's tokens, of length 1."""
    encoder = Network(base, 1).encoder.eval()
    found = np.zeros((len(texts), len(LAYERS), encoder.config.hidden_size), dtype=np.float32)
    order = np.argsort([len(text) for text in texts], kind="stable")
    for places, ids, mask in batches(texts, 64, tokenizer(base, LONGEST), order):
        with torch.autocast("cpu", torch.bfloat16):
            states = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        weight = mask.unsqueeze(-1).float()
        mean = [(states[layer].float() * weight).sum(1) / weight.sum(1) for layer in LAYERS]
        found[places] = torch.nn.functional.normalize(torch.stack(mean, 1), dim=-1).numpy()
    return found


def _ridge(features: Vector, wanted: Vector) -> Floats:
    """Predictions of a ridge regression on standardised features, standardised themselves."""
    x = features.astype(np.float64)
    spread = x.std(0)
    spread[spread < 1e-6] = 1.0  # one dimension of the base encoder is dead
    x = np.clip((x - x.mean(0)) / spread, -6.0, 6.0)
    y = wanted.astype(np.float64)
    weights = np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ (y - y.mean(0)))
    said = x @ weights
    return np.asarray((said - said.mean(0)) / said.std(0), dtype=np.float64)
