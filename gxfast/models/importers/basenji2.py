"""Basenji2 (Kelley 2020) from the published Keras file, or from the PyTorch port's parameters, without either package.

Activation, convolution, normalisation and pooling in this order; a tower of these, dilated residual layers, a crop,
one pointwise convolution and a dense layer per bin. Normalisations are folded into the convolutions before them, all
paddings are written out, and bins and tracks are cut where nothing after it looks sideways.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..._objects import options_of
from ...errors import InputError
from ...io.numbers import natural_key
from ..card import ModelCard
from ..onnx_writer import GraphWriter
from ..saving import save_model
from ._keras_file import KerasFile, read_keras
from ._state_dict import read_state_dict
from .outputs import OutputOptions, Readout, choose_outputs

__all__ = ["BIN", "CROP", "LENGTH", "Network", "import_basenji2", "read_network"]

LENGTH: Final = 131_072
BIN: Final = 128
CROP: Final = 64  # bins dropped at each end
_EPSILON: Final = 1e-3  # of the normalisations, in both packages
_RATE: Final = 1.5  # by which dilations grow; rounded at every step
_SOURCE: Final = (
    "Basenji2, Kelley DR, PLOS Computational Biology 2020, doi:10.1371/journal.pcbi.1008050; the user's copy"
)
_FORMATS: Final = (".h5", ".hdf5")

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """Convolutions with their normalisation folded in, as (weight (out, in, width), bias (out,)), and the head.

    ``exact_gelu`` tells x Phi(x), as the PyTorch port has it, from x sigmoid(1.702 x) of the original.
    """

    convolutions: tuple[tuple[Array, Array], ...]
    dilations: tuple[int, ...]
    head: tuple[Array, Array]
    exact_gelu: bool


def import_basenji2(
    weights: str | Path, output: str | Path, *, name: str | None = None, outputs: OutputOptions | None = None,
    length: int = LENGTH, crop: int = CROP,
) -> Path:  # fmt: skip
    """Convert Basenji2's parameters to ONNX, with the window and the ensemble of Huang et al. 2023 in the card.

    Parameters
    ----------
    weights : str or Path
        Keras ``.h5``; or the PyTorch port's parameters (``.pth``, ``.safetensors``, ``.npz``).
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    name : str, optional
        ``basenji2`` by default.
    outputs : OutputOptions
        Tracks must be named; bins 443-452 (the ten around the TSS) and their mean by default.
    length, crop : int
        Bases, and bins dropped at each end, of a network that is not the published one.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the file holds another network, an output does not exist, or the file cannot be written.
    """
    outputs = options_of(OutputOptions, outputs, "outputs")
    network = read_network(weights)
    pooled = sum(weight.shape[2] in (15, 5) for weight, _ in network.convolutions)
    n_bins = (length >> pooled) - 2 * crop
    if length % (1 << pooled) or n_bins < 1:
        raise InputError(f"{length} bases and a crop of {crop} do not fit the network: bins have {1 << pooled} bases")
    middle = range(max(n_bins // 2 - 5, 0), min(n_bins // 2 + 5, n_bins))
    readout = choose_outputs(
        outputs, n_bins=n_bins, n_tracks=len(network.head[1]), default_bins=middle, flipped=True,
        bin_size=1 << pooled, bin_start=crop << pooled,
    )  # fmt: skip
    card = ModelCard(
        name=name or "basenji2", layout="NCL", length=length, tss_index={"+": length // 2 - 1, "-": length // 2},
        reverse_complement_minus=False, input_name="sequence", unknown=0.25, ensemble_reverse_complement=True,
        shifts=(-1, 0, 1), output_name="prediction", output_layout="NBT", reduce="mean", source=_SOURCE,
    )  # fmt: skip
    card = readout.on(card, outputs)
    return save_model(_build(network, card, readout, crop), card, output)


def read_network(path: str | Path) -> Network:
    """Read the parameters.

    Raises
    ------
    InputError
        If they are those of another network.
    """
    keras = Path(path).suffix.lower() in _FORMATS
    try:
        parts = _from_keras(read_keras(path)) if keras else _from_torch(read_state_dict(path))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not the Basenji2 network: {error}", path=path, remedy="download the weights again") from None
    convolutions, norms, dense, dilations = parts
    widths = [weight.shape[2] for weight in convolutions]
    layers = widths.count(3)
    expected = [15] + [5] * widths.count(5) + [3, 1] * layers + [1]
    fit = len(convolutions) == len(norms) and widths == expected and dense is not None
    fit = fit and all(b.shape[1] == a.shape[0] for a, b in itertools.pairwise(convolutions))
    fit = fit and all(n.shape == (4, w.shape[0]) for w, n in zip(convolutions, norms, strict=True))
    if not fit or dense is None or dense[0].shape[1] != convolutions[-1].shape[0] or convolutions[0].shape[1] != 4:
        raise InputError(
            f"not the Basenji2 network: convolutions of widths {widths}, {len(norms)} normalisations", path=path,
            remedy="widths 15, 5 (tower), 3 and 1 (residual layers), 1, each with its normalisation, and a dense layer",
        )  # fmt: skip
    if not all((norm[3] + _EPSILON > 0).all() for norm in norms):
        raise InputError("a variance of a normalisation is negative", path=path, remedy="download the weights again")
    rounded = tuple(_published_dilations(layers)) if dilations is None else dilations
    return Network(tuple(map(_folded, convolutions, norms)), rounded, dense, exact_gelu=not keras)


def _published_dilations(layers: int) -> list[int]:
    rates = [1]
    while len(rates) < layers:
        rates.append(int(np.round(rates[-1] * _RATE)))
    return rates[:layers]


def _folded(weight: Array, norm: Array) -> tuple[Array, Array]:
    """One convolution that does what a convolution without bias and its normalisation do."""
    gamma, beta, mean, variance = norm.astype(np.float64)
    scale = gamma / np.sqrt(variance + _EPSILON)
    return (weight * scale[:, None, None]).astype(np.float32), (beta - mean * scale).astype(np.float32)


_Parts = tuple[list[Array], list[Array], tuple[Array, Array] | None, tuple[int, ...] | None]


def _from_keras(file: KerasFile) -> _Parts:
    """Layers in the order of the numbers behind their names: ``conv1d``, ``conv1d_1``, ..."""

    def number(layer: str) -> str:
        found = re.search("_([0-9]+)$", layer)
        return natural_key(found[1] if found else "0")

    convolutions, norms, heads = [], [], []
    for layer in sorted(file.weights, key=number):
        parts = file.weights[layer]
        kernel = parts.get("kernel")
        if {"gamma", "beta", "moving_mean", "moving_variance"} <= parts.keys():
            norms.append(np.stack([parts[p] for p in ("gamma", "beta", "moving_mean", "moving_variance")]))
        elif kernel is not None and kernel.ndim == 3:
            convolutions.append(np.ascontiguousarray(kernel.transpose(2, 1, 0)))
        elif kernel is not None and kernel.ndim == 2 and "bias" in parts:
            heads.append((np.ascontiguousarray(kernel.T), parts["bias"]))
    return convolutions, norms, heads[0] if heads else None, _stated_dilations(file.config, number)


def _stated_dilations(config: dict[str, Any] | None, number: Any) -> tuple[int, ...] | None:
    layers = config["config"].get("layers", []) if config and isinstance(config["config"], dict) else []
    found = [layer["config"] for layer in layers if layer.get("class_name") == "Conv1D"]
    found = [c for c in found if list(c.get("kernel_size", [])) == [3]]
    if not found:
        return None
    rates = tuple(c["dilation_rate"][0] for c in sorted(found, key=lambda c: number(c["name"])))
    if not all(type(rate) is int and 1 <= rate <= LENGTH for rate in rates):
        raise ValueError(f"dilations {rates}")
    return rates


def _from_torch(state: dict[str, Array]) -> _Parts:
    """Parameters in the order of the numbers in their names."""
    names = sorted(state, key=natural_key)
    convolutions = [state[name] for name in names if state[name].ndim == 3]
    norms = []
    for name in names:
        if name.endswith("running_mean"):
            prefix = name.removesuffix("running_mean")
            parts = [state.get(prefix + part) for part in ("weight", "bias", "running_mean", "running_var")]
            norms.append(np.stack([part for part in parts if part is not None]))
    heads = [name for name in names if state[name].ndim == 2 and name.endswith("weight")]
    head = None
    if heads and (bias := state.get(heads[0].removesuffix("weight") + "bias")) is not None:
        head = state[heads[0]], bias
    return convolutions, norms, head, None


class _Graph(GraphWriter):
    """What Basenji2 is made of; tensors are (N, C, L)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self._next = network, 0

    def gelu(self, x: str) -> str:
        if self.network.exact_gelu:
            scaled = self.add("Mul", x, self._scalar("gelu_root", 0.5**0.5))
            distribution = self.add("Add", self.add("Erf", scaled), self._scalar("gelu_one", 1.0))
            return self.add("Mul", self.add("Mul", x, distribution), self._scalar("gelu_half", 0.5))
        return self.add("Mul", x, self.add("Sigmoid", self.add("Mul", x, self._scalar("gelu_slope", 1.702))))

    def _scalar(self, name: str, value: float) -> str:
        return self.constant(value, np.float32, name=name)

    def convolution(self, x: str, dilation: int = 1) -> str:
        """The next convolution, as long as what it reads. All widths are odd."""
        weight, bias = self.network.convolutions[self._next]
        name = f"conv{self._next}"
        self._next += 1
        pad, width = dilation * (weight.shape[2] // 2), weight.shape[2]
        operands = [self.constant(weight, name=f"{name}_weight"), self.constant(bias, name=f"{name}_bias")]
        return self.add("Conv", x, *operands, name=name, kernel_shape=[width], dilations=[dilation], pads=[pad, pad])


def _build(network: Network, card: ModelCard, readout: Readout, crop: int) -> Any:
    graph = _Graph(network)
    flow = graph.input("sequence", ["batch", 4, card.length])
    for weight, _ in network.convolutions:
        if weight.shape[2] not in (15, 5):
            break
        # The first block is activated too: a one-hot sequence is not what its convolution reads.
        flow = graph.add("MaxPool", graph.convolution(graph.gelu(flow)), kernel_shape=[2], strides=[2])
    for dilation in network.dilations:
        inner = graph.convolution(graph.gelu(flow), dilation)
        flow = graph.add("Add", flow, graph.convolution(graph.gelu(inner)))
    flow = graph.slice(flow, 2, crop + readout.first, crop + readout.last)
    flow = graph.gelu(graph.convolution(graph.gelu(flow)))
    by_bin = graph.transpose(flow, [0, 2, 1])
    tracks = list(readout.tracks)
    weight, bias = network.head
    total = graph.add("MatMul", by_bin, graph.constant(weight[tracks].T, name="head_weight"))
    total = graph.add("Add", total, graph.constant(bias[tracks], name="head_bias"))
    shape = ["batch", readout.last - readout.first, len(tracks)]
    graph.output(graph.add("Softplus", total, name="prediction"), shape)
    return graph.model(card.name)
