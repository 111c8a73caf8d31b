"""Published architectures with random weights, as ONNX: the sizes are those of the papers, the weights a seed's.

Weights are drawn so that activations keep their size from layer to layer; outputs are of order 1 and every base
near the middle has an effect that float32 resolves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....models.card import ModelCard
from ....models.onnx_writer import GraphWriter

__all__ = ["Network", "basenji2", "basset", "bpnet", "xpresso"]

Array = NDArray[Any]


class Network(NamedTuple):
    """What `gxfast.models.saving.save_model` writes."""

    model: Any
    card: ModelCard


class _Builder(GraphWriter):
    """Nodes and weights that pile up from input to output; tensors are channels first, (N, C, L)."""

    def __init__(self, length: int, seed: int) -> None:
        super().__init__()
        self.length, self.channels = length, 4
        self.top = self.input("sequence", ["n", 4, length])
        self._rng = np.random.default_rng(seed)

    def weight(self, values: Array) -> str:
        """Store an array."""
        return self.constant(values, name=f"w{len(self.constants)}")

    def drawn(self, shape: Sequence[int], std: float, mean: float = 0.0) -> str:
        """Store normal numbers."""
        values = self._rng.standard_normal(tuple(shape), dtype=np.float32)
        return self.weight(np.float32(mean) + np.float32(std) * values)

    def then(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; its first input is the top unless inputs are given."""
        self.top = self.add(kind, *(inputs or (self.top,)), name=f"t{len(self.nodes)}", **attributes)
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
        self.then("Conv", self.top, *weights, kernel_shape=[width], dilations=[dilation], pads=pads)
        self.channels = filters

    def batch_norm(self, scale: float = 1.0) -> None:
        """Append a normalisation near the identity."""
        n = (self.channels,)
        made = [self.drawn(n, 0.1 * scale, scale), self.drawn(n, 0.1 * scale), self.drawn(n, 0.1)]
        variance = self.weight(self._rng.uniform(0.8, 1.25, n).astype(np.float32))
        self.then("BatchNormalization", self.top, *made, variance)

    def max_pool(self, width: int) -> None:
        """Append a pooling whose stride is its width."""
        self.then("MaxPool", kernel_shape=[width], strides=[width])
        self.length //= width

    def gelu(self) -> None:
        """Append x * sigmoid(1.702 x), the approximation of the Basenji family."""
        source = self.top
        self.then("Mul", source, self.weight(np.array(1.702, np.float32)))
        self.then("Mul", source, self.then("Sigmoid"))

    def flatten(self) -> None:
        """Append the change to (N, C * L)."""
        self.then("Flatten", axis=1)
        self.channels, self.length = self.channels * self.length, 1

    def dense(self, units: int, gain: float = 2.0) -> None:
        """Append a dense layer."""
        weights = self.drawn((units, self.channels), np.sqrt(gain / self.channels)), self.drawn((units,), 0.1)
        self.then("Gemm", self.top, *weights, transB=1)
        self.channels = units

    def finished(self, card: ModelCard, output_shape: Sequence[int]) -> Network:
        """Return the model with its card."""
        self.add("Identity", self.top, name=self.output("prediction", ["n", *output_shape]))
        return Network(self.model(card.name), card)


def _card(name: str, length: int, **more: Any) -> ModelCard:
    middle = {"+": length // 2, "-": length // 2}
    return ModelCard(name=name, layout="NCL", length=length, tss_index=middle, **more)


def basset(
    length: int, filters: Sequence[int] = (300, 200, 200), dense: int = 1000, tracks: int = 164, *, seed: int = 1
) -> Network:
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
    Network
        Input (n, 4, length), output (n, tracks).
    """
    net = _Builder(length, seed)
    for n, width, pool in zip(filters, (19, 11, 7), (3, 4, 4), strict=True):
        net.conv(n, width)
        net.batch_norm()
        net.then("Relu")
        net.max_pool(pool)
    net.flatten()
    for units in (dense, dense):
        net.dense(units)
        net.then("Relu")
    net.dense(tracks, gain=1.0)
    net.then("Sigmoid")
    return net.finished(_card("basset", length), [tracks])


def bpnet(length: int, filters: int = 64, layers: int = 8, *, seed: int = 2) -> Network:
    """Return the trunk and counts head of BPNet (Avsec et al. 2021): dilated residual layers, mean, dense.

    Parameters
    ----------
    length, filters : int
    layers : int
        Dilated layers; the dilations are 2, 4, and so on.
    seed : int

    Returns
    -------
    Network
        Input (n, 4, length), output (n, 1).
    """
    net = _Builder(length, seed)
    net.conv(filters, 21)
    net.then("Relu")
    # Each layer adds to its input: without this factor the variance would grow with the depth.
    shrink = net.weight(np.array(0.4, np.float32))
    for i in range(1, layers + 1):
        source = net.top
        net.conv(filters, 3, dilation=2**i)
        net.then("Relu")
        net.then("Add", source, net.then("Mul", net.top, shrink))
    net.then("GlobalAveragePool")
    net.length = 1
    net.flatten()
    net.dense(1, gain=1.0)
    return net.finished(_card("bpnet", length), [1])


def basenji2(
    length: int = 131_072, *, first: int = 288, tower: Sequence[int] = (339, 399, 470, 554, 652, 768),
    inner: int = 384, layers: int = 11, last: int = 1536, tracks: int = 5313, crop: int = 64, seed: int = 3,
) -> Network:  # fmt: skip
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
    Network
        Input (n, 4, length), output (n, bins, tracks).
    """
    net = _Builder(length, seed)
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
        net.then("Add", source, net.top)
    ends = [net.weight(np.array([n], np.int64)) for n in (crop, net.length - crop, 2)]
    net.then("Slice", net.top, *ends)
    net.length -= 2 * crop
    net.gelu()
    net.conv(last, 1, bias=False)
    net.batch_norm()
    net.gelu()
    net.then("Transpose", perm=[0, 2, 1])
    net.then("MatMul", net.top, net.drawn((last, tracks), np.sqrt(1 / last)))
    net.then("Add", net.top, net.drawn((tracks,), 0.1))
    net.then("Softplus")
    n_bins = net.length
    card = _card("basenji2", length, output_layout="NBT", reduce="mean")
    return net.finished(card, [n_bins, tracks])


def xpresso(length: int, filters: Sequence[int] = (128, 32), *, seed: int = 7) -> Network:
    """Return Xpresso (Agarwal and Shendure 2020) with random weights and without half-life inputs.

    Parameters
    ----------
    length : int
    filters : sequence of int
        Of its two convolutions.
    seed : int

    Returns
    -------
    Network
        Input (n, 4, length), output (n, 1).
    """
    net = _Builder(length, seed)
    for n, width, pool in zip(filters, (6, 9), (30, 10), strict=True):
        net.conv(n, width)
        net.then("Relu")
        net.max_pool(pool)
    net.flatten()
    for units in (64, 2):
        net.dense(units)
        net.then("Relu")
    net.dense(1, gain=1.0)
    return net.finished(_card("xpresso", length), [1])
