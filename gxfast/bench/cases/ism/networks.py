"""Published architectures with random weights, as ONNX: the sizes are those of the papers, the weights a seed's.

Weights are drawn so that activations keep their size from layer to layer; outputs are of order 1 and every base
near the middle has an effect that float32 resolves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....models.card import METADATA_KEY, ModelCard

__all__ = ["basenji2", "basset", "bpnet", "save", "xpresso"]

_OPSET: Final = 17
Array = NDArray[Any]


class _Network:
    """Nodes and weights that pile up from input to output; tensors are channels first, (N, C, L)."""

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.top, self.channels = length, "sequence", 4
        self._rng = np.random.default_rng(seed)
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def constant(self, values: Array) -> str:
        """Store an array."""
        from onnx import numpy_helper

        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def drawn(self, shape: Sequence[int], std: float, mean: float = 0.0) -> str:
        """Store normal numbers."""
        values = self._rng.standard_normal(tuple(shape), dtype=np.float32)
        return self.constant(np.float32(mean) + np.float32(std) * values)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; its first input is the top unless inputs are given."""
        from onnx import helper

        self.top, inputs = f"t{len(self._nodes)}", inputs or (self.top,)
        self._nodes.append(helper.make_node(operator, list(inputs), [self.top], name=self.top, **attributes))
        return self.top

    def conv(self, filters: int, width: int, *, dilation: int = 1, bias: bool = True) -> None:
        """Append a convolution that keeps the length."""
        # Of the four channels of a one-hot sequence a single one is not zero.
        fan_in = width * (1 if self.top == "sequence" else self.channels)
        weights = [self.drawn((filters, self.channels, width), np.sqrt(2 / fan_in))]
        if bias:
            weights.append(self.drawn((filters,), 0.1))
        reach = dilation * (width - 1)
        pads = [reach // 2, reach - reach // 2]
        self.add("Conv", self.top, *weights, kernel_shape=[width], dilations=[dilation], pads=pads)
        self.channels = filters

    def batch_norm(self, scale: float = 1.0) -> None:
        """Append a normalisation near the identity."""
        n = (self.channels,)
        made = [self.drawn(n, 0.1 * scale, scale), self.drawn(n, 0.1 * scale), self.drawn(n, 0.1)]
        variance = self.constant(self._rng.uniform(0.8, 1.25, n).astype(np.float32))
        self.add("BatchNormalization", self.top, *made, variance)

    def max_pool(self, width: int) -> None:
        """Append a pooling whose stride is its width."""
        self.add("MaxPool", kernel_shape=[width], strides=[width])
        self.length //= width

    def gelu(self) -> None:
        """Append x * sigmoid(1.702 x), the approximation of the Basenji family."""
        source = self.top
        self.add("Mul", source, self.constant(np.array(1.702, np.float32)))
        self.add("Mul", source, self.add("Sigmoid"))

    def flatten(self) -> None:
        """Append the change to (N, C * L)."""
        self.add("Flatten", axis=1)
        self.channels, self.length = self.channels * self.length, 1

    def dense(self, units: int, gain: float = 2.0) -> None:
        """Append a dense layer."""
        weights = self.drawn((units, self.channels), np.sqrt(gain / self.channels)), self.drawn((units,), 0.1)
        self.add("Gemm", self.top, *weights, transB=1)
        self.channels = units

    def finished(self, card: ModelCard, output_shape: Sequence[int]) -> Any:
        """Return the model, with its card in the metadata."""
        from onnx import TensorProto, helper

        shape: list[str | int] = ["n", 4, card.length]
        graph = helper.make_graph(
            [*self._nodes, helper.make_node("Identity", [self.top], ["prediction"], name="prediction")], card.name,
            [helper.make_tensor_value_info("sequence", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["n", *output_shape])],
            self._weights,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
        helper.set_model_props(model, {METADATA_KEY: card.to_json()})
        return model


def _card(name: str, length: int, **more: Any) -> ModelCard:
    middle = {"+": length // 2, "-": length // 2}
    return ModelCard(name=name, layout="NCL", length=length, tss_index=middle, **more)


def save(model: Any, path: Path) -> Path:
    """Write a model in one step; a reader never sees half a file."""
    import onnx

    partial = path.with_suffix(".part")
    onnx.save(model, partial)
    partial.replace(path)
    return path


def basset(
    length: int, filters: Sequence[int] = (300, 200, 200), dense: int = 1000, tracks: int = 164, *, seed: int = 1
) -> Any:
    """Return Basset (Kelley, Snoek and Rinn 2016): three convolutions with pooling, then dense layers.

    Parameters
    ----------
    length : int
    filters : sequence of int
        Of the three convolutions, of widths 19, 11 and 7.
    dense, tracks : int
        Units of the two hidden layers, and of the output.
    seed : int

    Returns
    -------
    onnx.ModelProto
        Input (n, 4, length), output (n, tracks).
    """
    net = _Network(length, seed)
    for n, width, pool in zip(filters, (19, 11, 7), (3, 4, 4), strict=True):
        net.conv(n, width)
        net.batch_norm()
        net.add("Relu")
        net.max_pool(pool)
    net.flatten()
    for units in (dense, dense):
        net.dense(units)
        net.add("Relu")
    net.dense(tracks, gain=1.0)
    net.add("Sigmoid")
    return net.finished(_card("basset", length), [tracks])


def bpnet(length: int, filters: int = 64, layers: int = 8, *, seed: int = 2) -> Any:
    """Return the trunk and counts head of BPNet (Avsec et al. 2021): dilated residual layers, mean, dense.

    Parameters
    ----------
    length, filters : int
    layers : int
        Dilated layers; the dilations are 2, 4, and so on.
    seed : int

    Returns
    -------
    onnx.ModelProto
        Input (n, 4, length), output (n, 1).
    """
    net = _Network(length, seed)
    net.conv(filters, 21)
    net.add("Relu")
    # Each layer adds to its input: without this factor the variance would grow with the depth.
    shrink = net.constant(np.array(0.4, np.float32))
    for i in range(1, layers + 1):
        source = net.top
        net.conv(filters, 3, dilation=2**i)
        net.add("Relu")
        net.add("Add", source, net.add("Mul", net.top, shrink))
    net.add("GlobalAveragePool")
    net.length = 1
    net.flatten()
    net.dense(1, gain=1.0)
    return net.finished(_card("bpnet", length), [1])


def basenji2(
    length: int = 131_072, *, first: int = 288, tower: Sequence[int] = (339, 399, 470, 554, 652, 768),
    inner: int = 384, layers: int = 11, last: int = 1536, tracks: int = 5313, crop: int = 64, seed: int = 3,
) -> Any:  # fmt: skip
    """Return Basenji2 (Kelley 2020): convolution tower, dilated residual layers, crop, one dense layer per bin.

    The block is activation, convolution, normalisation, pooling. Dropout does nothing in a trained model.

    Parameters
    ----------
    length, first : int
        Bases; filters of the first convolution.
    tower : sequence of int
        Filters of the blocks of the tower; the last number is the width of the residual stream.
    inner, layers : int
        Filters inside the dilated layers, and how many of these; dilations grow by 1.5.
    last, tracks, crop : int
        Filters of the last convolution; outputs per bin; bins dropped at each end.
    seed : int

    Returns
    -------
    onnx.ModelProto
        Input (n, 4, length), output (n, bins, tracks).
    """
    net = _Network(length, seed)
    for filters, width in ((first, 15), *((n, 5) for n in tower)):
        if net.top != "sequence":
            net.gelu()
        net.conv(filters, width, bias=False)
        net.batch_norm()
        net.max_pool(2)
    stream = net.channels
    for i in range(layers):
        source = net.top
        net.gelu()
        net.conv(inner, 3, dilation=round(1.5**i), bias=False)
        net.batch_norm()
        net.gelu()
        net.conv(stream, 1, bias=False)
        net.batch_norm(scale=0.3)
        net.add("Add", source, net.top)
    ends = [net.constant(np.array([n], np.int64)) for n in (crop, net.length - crop, 2)]
    net.add("Slice", net.top, *ends)
    net.length -= 2 * crop
    net.gelu()
    net.conv(last, 1, bias=False)
    net.batch_norm()
    net.gelu()
    net.add("Transpose", perm=[0, 2, 1])
    net.add("MatMul", net.top, net.drawn((last, tracks), np.sqrt(1 / last)))
    net.add("Add", net.top, net.drawn((tracks,), 0.1))
    net.add("Softplus")
    n_bins = net.length
    card = _card("basenji2", length, output_layout="NBT", reduce="mean")
    return net.finished(card, [n_bins, tracks])


def xpresso(length: int, filters: Sequence[int] = (128, 32), *, seed: int = 7) -> Any:
    """Return Xpresso (Agarwal and Shendure 2020) with random weights and without half-life inputs.

    Parameters
    ----------
    length : int
    filters : sequence of int
        Of its two convolutions.
    seed : int

    Returns
    -------
    onnx.ModelProto
        Input (n, 4, length), output (n, 1).
    """
    net = _Network(length, seed)
    for n, width, pool in zip(filters, (6, 9), (30, 10), strict=True):
        net.conv(n, width)
        net.add("Relu")
        net.max_pool(pool)
    net.flatten()
    for units in (64, 2):
        net.dense(units)
        net.add("Relu")
    net.dense(1, gain=1.0)
    return net.finished(_card("xpresso", length), [1])
