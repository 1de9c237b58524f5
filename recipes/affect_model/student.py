"""The narrow encoder of the model ``fast``, and how it begins as a part of the model that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn
from torch.nn.functional import gelu

WIDTH, HEAD = 384, 32
SHAPE = (3, 6, 384)
"""Layers, heads and inner width: 1.8 million products a token, a sixth of the teacher's 10.6 million."""
KEPT = (0, 3, 5)
"""The teacher's layers that the student begins with."""

Vector = NDArray[np.float32]


class Layer(nn.Module):
    """A layer of BERT (Devlin et al. 2019), with fewer heads and a narrower inner part."""

    def __init__(self, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(WIDTH, 3 * heads * HEAD)
        self.out = nn.Linear(heads * HEAD, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up, self.down = nn.Linear(WIDTH, inner), nn.Linear(inner, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[n, tokens, width] -> the same."""
        n, t, _ = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        shares = ((q * HEAD**-0.5) @ k.transpose(-1, -2) + mask).softmax(-1)
        seen = (shares @ v).transpose(1, 2).reshape(n, t, self.heads * HEAD)
        x = self.norm1(x + self.out(seen))
        return self.norm2(x + self.down(gelu(self.up(x))))


class Student(nn.Module):
    """Mean of the last layer over the text's tokens, then one linear map to all outputs."""

    def __init__(self, outputs: int, pieces: int, shape: tuple[int, int, int] = SHAPE) -> None:
        super().__init__()
        layers, heads, inner = shape
        self.word_embeddings, self.places = nn.Embedding(pieces, WIDTH), nn.Embedding(512, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer(heads, inner) for _ in range(layers))
        self.dropout, self.head = nn.Dropout(0.05), nn.Linear(WIDTH, outputs)

    def pooled(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """[n, width], what the head reads."""
        x = self.word_embeddings(input_ids) + self.places.weight[: input_ids.shape[1]]
        x = self.dropout(self.norm(x))
        far = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -1e4
        for layer in self.layers:
            x = layer(x, far)
        kept = attention_mask.unsqueeze(-1).to(x.dtype)
        return (x * kept).sum(1) / kept.sum(1).clamp(min=1.0)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """[n, tokens] twice -> logits [n, outputs]."""
        return self.head(self.pooled(input_ids, attention_mask))


@torch.no_grad()
def begin(student: Student, model: Path) -> None:
    """Give a student the teacher's embeddings, head, and of `KEPT` layers what weighs most.

    Heads are ranked by the norm of what they write, inner units by the norms of what they read and write.
    """
    held = weights(model)

    def put(parameter: nn.Parameter, values: Vector) -> None:
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)))

    put(student.word_embeddings.weight, held["embeddings.word_embeddings.weight"])
    kinds = held["embeddings.token_type_embeddings.weight"][0]
    put(student.places.weight, held["embeddings.position_embeddings.weight"] + kinds)
    put(student.norm.weight, held["embeddings.LayerNorm.weight"])
    put(student.norm.bias, held["embeddings.LayerNorm.bias"])
    put(student.head.weight, held["head.weight"].T)
    put(student.head.bias, held["head.bias"])
    for layer, number in zip(student.layers, KEPT, strict=True):
        own = {k.split(f"layer.{number}.")[1]: v for k, v in held.items() if f"layer.{number}." in k}
        value, out = own["attention.self.value.weight"], own["attention.output.dense.weight"]
        places = np.arange(WIDTH).reshape(-1, HEAD)
        size = [np.linalg.norm(value[:, one] @ out[one]) for one in places]
        columns = places[np.sort(np.argsort(size)[::-1][: layer.heads])].ravel()
        three = [f"attention.self.{name}" for name in ("query", "key", "value")]
        put(layer.qkv.weight, np.concatenate([own[f"{one}.weight"][:, columns] for one in three], 1).T)
        put(layer.qkv.bias, np.concatenate([own[f"{one}.bias"][columns] for one in three]))
        put(layer.out.weight, out[columns].T)
        put(layer.out.bias, own["attention.output.dense.bias"])
        up, down = own["intermediate.dense.weight"], own["output.dense.weight"]
        heavy = np.linalg.norm(up, axis=0) * np.linalg.norm(down, axis=1)
        units = np.sort(np.argsort(heavy)[::-1][: layer.up.out_features])
        put(layer.up.weight, up[:, units].T)
        put(layer.up.bias, own["intermediate.dense.bias"][units])
        put(layer.down.weight, down[units].T)
        put(layer.down.bias, own["output.dense.bias"])
        for norm, name in ((layer.norm1, "attention.output.LayerNorm"), (layer.norm2, "output.LayerNorm")):
            put(norm.weight, own[f"{name}.weight"])
            put(norm.bias, own[f"{name}.bias"])


def weights(path: Path) -> dict[str, Vector]:
    """The teacher's weights in fp32, by the names that transformers has for them; matrices are [in, out]."""
    graph = onnx.load(str(path)).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    made = {name: node for node in graph.node for name in node.output}
    known, found = dict(stored), dict[str, Vector]()
    for node in graph.node:
        first = node.input[0] if node.input else ""
        if node.op_type == "Cast" and first in stored:
            known[node.output[0]] = stored[first].astype(np.float32)
        elif node.op_type == "Mul" and all(one in known for one in node.input):
            known[node.output[0]] = known[first] * known[node.input[1]]
        elif node.op_type == "DequantizeLinear":
            source = made[first].input[0] if first in made else first
            zero = stored[node.input[2]].astype(np.float32) if len(node.input) > 2 else 0.0
            found[source.removesuffix("_quantized")] = (stored[source] - zero) * stored[node.input[1]]
    for node in graph.node:
        bias = [one for one in node.input if one.endswith(".bias")]
        product = [made[one] for one in node.input if one in made and made[one].op_type == "MatMul"]
        if node.op_type == "Add" and bias and product:
            found[f"{bias[0].removesuffix('.bias')}.weight"] = known[product[0].input[1]]
    found |= {name: one for name, one in stored.items() if name.endswith(".bias") or "LayerNorm" in name}
    return {name.removeprefix("network.").removeprefix("encoder."): one for name, one in found.items()}
