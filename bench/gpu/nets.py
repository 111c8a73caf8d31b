"""Networks of a known size with random weights: what they predict means nothing, what they cost does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from gxfast.models.card import ModelCard

# Basenji2 (Kelley 2020, PLoS Comput Biol 16:e1008050): a stem of 288 filters, a tower that grows to 768, eleven
# dilated residual blocks, a pointwise layer of 1536, 5,313 tracks in bins of 128 bases.
STEM, TOWER_END, TOWER_BLOCKS, DILATED_BLOCKS, DILATED, HEAD, TRACKS, BIN = 288, 768, 6, 11, 384, 1536, 5313, 128


class _Net:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._rng = np.random.default_rng(0)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def conv(self, x: str, n_in: int, n_out: int, width: int, dilation: int = 1) -> str:
        weight = self._rng.standard_normal((n_out, n_in, width), np.float32) / np.float32(np.sqrt(n_in * width))
        names = [f"w{len(self.weights)}", f"b{len(self.weights)}"]
        self.weights.append(numpy_helper.from_array(weight, names[0]))
        self.weights.append(numpy_helper.from_array(np.zeros(n_out, np.float32), names[1]))
        pad = dilation * (width - 1) // 2
        return self.add("Conv", x, *names, pads=[pad, pad], dilations=[dilation])

    def gelu(self, x: str) -> str:
        """The sigmoid form of GELU that Basenji2 uses."""
        scale = "gelu_scale"
        if all(tensor.name != scale for tensor in self.weights):
            self.weights.append(numpy_helper.from_array(np.float32(1.702), scale))
        return self.add("Mul", x, self.add("Sigmoid", self.add("Mul", x, scale)))


def basenji2_sized(path: Path, length: int, *, shrink: int = 1) -> ModelCard:
    """Write a network with the layers of Basenji2 and random weights; return its card.

    Parameters
    ----------
    path : Path
    length : int
        Bases, a multiple of 128.
    shrink : int
        Divide every number of filters and tracks by this (to rehearse without a GPU).
    """
    net, tracks = _Net(), max(1, TRACKS // shrink)
    x, n = net.add("Transpose", "sequence", perm=[0, 2, 1]), STEM // shrink
    x = net.add("MaxPool", net.conv(x, 4, n, 15), kernel_shape=[2], strides=[2])
    for block in range(1, TOWER_BLOCKS + 1):
        wider = round(STEM * (TOWER_END / STEM) ** (block / TOWER_BLOCKS)) // shrink
        x = net.add("MaxPool", net.conv(net.gelu(x), n, wider, 5), kernel_shape=[2], strides=[2])
        n = wider
    for block in range(DILATED_BLOCKS):
        inner = net.conv(net.gelu(x), n, DILATED // shrink, 3, round(1.5**block))
        x = net.add("Add", x, net.conv(net.gelu(inner), DILATED // shrink, n, 1))
    x = net.conv(net.gelu(x), n, HEAD // shrink, 1)
    x = net.conv(net.gelu(x), HEAD // shrink, tracks, 1)
    net.nodes.append(helper.make_node("Softplus", [x], ["tracks"]))
    graph = helper.make_graph(
        net.nodes,
        "basenji2_sized",
        [helper.make_tensor_value_info("sequence", TensorProto.FLOAT, ["batch", length, 4])],
        [helper.make_tensor_value_info("tracks", TensorProto.FLOAT, ["batch", tracks, length // BIN])],
        net.weights,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    middle = length // BIN // 2
    return ModelCard(
        name=f"basenji2-sized-{length}",
        layout="NLC",
        length=length,
        tss_index={"+": length // 2, "-": length // 2},
        output_layout="NTB",
        bins=tuple(range(middle - 2, middle + 2)),
        reduce="mean",
    )
