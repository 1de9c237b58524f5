"""From a trained network to the folder that ships: ONNX, int8 per channel, tokenizer."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from network import Network
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch import nn
from vocabulary import learnt


class Felt(nn.Module):
    """The network, with what its last two outputs say of valence weighed by how much is felt at all.

    They become logits of sqrt(1 - P(neutral)) P(sign): a sentence that tells when a shop opens is about
    pleasant or unpleasant things, and nobody's feeling. Without the root, slopes flatten (README).
    """

    def __init__(self, network: Network, neutral: int) -> None:
        super().__init__()
        self.network = network
        self.neutral = neutral

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """[n, tokens] twice -> logits [n, outputs]."""
        logits = self.network(input_ids, attention_mask)
        felt = torch.sigmoid(-logits[:, self.neutral : self.neutral + 1]).sqrt()
        p = (felt * torch.sigmoid(logits[:, -2:])).clamp(1e-6, 1.0 - 1e-6)
        return torch.cat([logits[:, :-2], torch.log(p) - torch.log(1.0 - p)], dim=1)


def export(network: nn.Module, base: Path, folder: Path, fp32: Path | None = None) -> Path:
    """Write ``model.onnx`` and ``tokenizer.json``, and the network before rounding to `fp32`.

    Weights are rounded to int8 with a scale per channel: one scale per tensor loses .013 to .023 F1 on
    this encoder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    ids = torch.ones(2, 7, dtype=torch.long)
    with tempfile.TemporaryDirectory() as scratch:
        plain, ready = Path(scratch) / "plain.onnx", Path(scratch) / "ready.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (ids, torch.ones_like(ids)),
                str(plain),
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_axes={name: {0: "n", 1: "t"} for name in ("input_ids", "attention_mask")}
                | {"logits": {0: "n"}},
                opset_version=17,
                dynamo=False,
            )
        logging.disable(logging.WARNING)
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        quantize_dynamic(
            str(ready), str(folder / "model.onnx"), per_channel=True, weight_type=QuantType.QInt8
        )
        logging.disable(logging.NOTSET)
        if fp32 is not None:
            shutil.copy(plain, fp32)
    model = onnx.load(str(folder / "model.onnx"))
    model.doc_string = ""
    multiply_in_fp32(model)
    onnx.save(model, str(folder / "model.onnx"))
    plain_tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    plain_tokenizer.no_padding()
    plain_tokenizer.no_truncation()
    plain_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    learnt(folder)
    return folder / "model.onnx"


def multiply_in_fp32(model: onnx.ModelProto) -> None:
    """Keep the int8 weights as storage: cast and scaled at load, activations as they are.

    Activations scaled to int8 by the batch make numbers hang on neighbours, and on processors: without VNNI
    onnxruntime adds products of int8 in saturating 16 bits.
    """
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    made = {name: node for node in graph.node for name in node.output}
    uses: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            uses.setdefault(name, []).append(node)
    scaled, products, dropped = [], {}, set()
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            # quantised activation, weight -> MatMulInteger -> Cast -> Mul by both scales
            activation, weight = node.input[:2]
            cast = uses[node.output[0]][0]
            rescale = uses[cast.output[0]][0]
            scales = made[next(name for name in rescale.input if name != cast.output[0])]
            scale = next(name for name in scales.input if name in stored)
            quantise = made[activation]
            wide, ready = f"{weight}_fp32", f"{weight}_scaled"
            scaled.append(onnx.helper.make_node("Cast", [weight], [wide], to=onnx.TensorProto.FLOAT))
            scaled.append(onnx.helper.make_node("Mul", [wide, scale], [ready]))
            factors = [quantise.input[0], ready]
            products[id(node)] = onnx.helper.make_node("MatMul", factors, list(rescale.output))
            dropped |= {id(one) for one in (cast, rescale, scales, quantise)}
    nodes = scaled + [products.get(id(n), n) for n in graph.node if id(n) not in dropped]
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
