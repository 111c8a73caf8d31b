"""ExPecto as one ONNX model: Beluga in 200 windows and on both strands, spatial features and the linear head.

The windows of 2,000 bp overlap by 1,800. Beluga has no padding, so that its convolutions over the whole stretch hold
those of every window: they are made once per strand. Windows are 200 bp apart and the two pools together take 16, so
even windows lie on one grid of the second pool and odd ones on the grid two columns on; what follows it is made on
both. Beluga in each window is its definition, and what the tests compare with.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.numbers import natural_key
from ..card import ModelCard
from ..onnx_writer import GraphWriter
from ..saving import save_model
from ._state_dict import read_state_dict
from .expecto import SHIFTS, ExpectoHead, read_gblinear

__all__ = ["LENGTH", "WINDOW", "import_expecto"]

WINDOW: Final = 2000
STEP: Final = 200
LENGTH: Final = STEP * (len(SHIFTS) - 1) + WINDOW
# Base 999 of a window is TSS + shift on the forward strand, also for genes on the other one.
TSS_INDEX: Final = {"+": -SHIFTS[0] + 999, "-": -SHIFTS[0] + 1000}
_KERNEL, _POOL = 8, 4
_SOURCE: Final = "ExPecto, Zhou J et al., Nature Genetics 2018, doi:10.1038/s41588-018-0160-6; the user's copy"

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def import_expecto(
    weights: str | Path, output: str | Path, *, head: str | Path | None = None, name: str | None = None
) -> Path:
    """Convert Beluga and one of ExPecto's boosters to one ONNX model of a gene's expression, with its card.

    Parameters
    ----------
    weights : str or Path
        Beluga's parameters: ``deepsea.beluga.pth`` (needs torch), ``.safetensors`` or ``.npz``.
    output : str or Path
        File to write, or a folder to write ``NAME.onnx`` into.
    head : str or Path
        Linear booster (``.save``) of a tissue.
    name : str, optional
        By default ``expecto-`` and the name of the booster's file.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If a file is none of these, the two do not fit together, or the output cannot be written.
    """
    if head is None:
        raise InputError("ExPecto needs the booster of a tissue beside Beluga", remedy="give it with `head=`")
    layers = beluga_layers(read_state_dict(weights), weights)
    booster = read_gblinear(head)
    if booster.weight.size != 10 * (1 + len(layers[-1][1])):
        raise InputError(
            f"the booster has {booster.weight.size} features, Beluga {len(layers[-1][1])} outputs", path=head,
            remedy="10 x (1 + outputs) features are expected",
        )  # fmt: skip
    stem = re.sub(r"[^a-z0-9]+", "-", Path(head).stem.lower()).strip("-") or "model"
    card = ModelCard(
        name=name or f"expecto-{stem}", layout="NC1L", length=LENGTH, tss_index=TSS_INDEX, channels="AGCT",
        input_name="sequence", output_name="expression", track_names=("expression",), source=_SOURCE,
    )  # fmt: skip
    return save_model(_build(layers, booster, card), card, output)


def beluga_layers(state: dict[str, NDArray[np.float32]], path: str | Path) -> list[Layer]:
    """Return six convolutions, (out, in, 1, 8), and two dense layers, (out, in), each with its bias.

    Raises
    ------
    InputError
        If the parameters are those of another network.
    """
    order = sorted((name for name in state if name.endswith("weight")), key=natural_key)
    layers = [(state[name], state.get(name.removesuffix("weight") + "bias")) for name in order]
    shapes = [weight.shape for weight, _ in layers]
    columns = WINDOW
    for k in range(6):
        columns = (columns - _KERNEL + 1) // (_POOL if k in (1, 3) else 1)
    right = len(layers) == 8 and all(len(shape) == 4 and shape[2:] == (1, _KERNEL) for shape in shapes[:6])
    right = right and all(len(shape) == 2 for shape in shapes[6:]) and shapes[0][1] == 4
    right = right and all(shapes[k + 1][1] == shapes[k][0] for k in (0, 1, 2, 3, 4, 6))
    right = right and shapes[6][1] == shapes[5][0] * columns
    right = right and all(bias is not None and bias.shape == weight.shape[:1] for weight, bias in layers)
    if not right:
        raise InputError(
            f"not the Beluga network: parameters of shapes {', '.join(map(str, shapes)) or 'none'}", path=path,
            remedy="six convolutions of width 8 and two dense layers are expected",
        )  # fmt: skip
    return [(weight, bias) for weight, bias in layers if bias is not None]


class _Graph(GraphWriter):
    """What Beluga is made of."""

    def split(self, x: str, names: list[str]) -> None:
        """Equal parts of the batch."""
        self.append("Split", [x], names, name="_".join(names), axis=0)

    def pool(self, x: str, name: str) -> str:
        return self.add("MaxPool", x, name=name, kernel_shape=[1, _POOL], strides=[1, _POOL])

    def convolution(self, x: str, layer: str, where: str = "") -> str:
        """A layer's constants may serve several places of the graph, told apart by ``where``."""
        total = self.add("Conv", x, f"{layer}_weight", f"{layer}_bias", name=f"{where}{layer}_sum")
        return self.add("Relu", total, name=f"{where}{layer}")


def _build(layers: list[Layer], head: ExpectoHead, card: ModelCard) -> Any:
    graph = _Graph()
    names = [f"conv{k}" for k in range(1, 7)] + ["dense1", "dense2"]
    for name, (weight, bias) in zip(names, layers, strict=True):
        graph.constant(weight, name=f"{name}_weight")
        graph.constant(bias, name=f"{name}_bias")
    sequence = graph.input("sequence", ["batch", 4, 1, LENGTH])
    # A, G, C, T backwards is T, C, G, A: the complement
    complement = graph.slice(sequence, 1, -1, -5, -1, name="complement")
    reverse = graph.slice(complement, 3, -1, -LENGTH - 1, -1, name="reverse")
    both = graph.add("Concat", sequence, reverse, name="strands", axis=0)
    outputs = _windows(graph, both, layers)
    graph.split(outputs, ["forward", "backward"])
    weights = head.folded()
    values = []
    # backwards, the first window is the last
    for strand, part in (("forward", weights), ("backward", weights[::-1])):
        constant = graph.constant((0.5 * part).reshape(-1, 1), np.float32, name=f"{strand}_head")
        values.append(graph.add("MatMul", strand, constant, name=f"{strand}_value"))
    total = graph.add("Add", *values, name="both_strands")
    offset = graph.constant([head.base_score + head.bias], np.float32, name="offset")
    graph.output(graph.add("Add", total, offset, name="expression"), ["batch", 1])
    return graph.model(card.name)


def _windows(graph: _Graph, sequences: str, layers: list[Layer]) -> str:
    """Beluga's outputs in every window, one after the other in a row per sequence."""
    channels, outputs = layers[5][0].shape[0], len(layers[-1][1])
    columns = layers[6][0].shape[1] // channels
    half = len(SHIFTS) // 2
    x = graph.pool(graph.convolution(graph.convolution(sequences, "conv1"), "conv2"), "pool1")
    x = graph.convolution(graph.convolution(x, "conv3"), "conv4")
    window = STEP // _POOL  # columns between two windows before the second pool
    grids = []
    for grid, parity in (("even", 0), ("odd", 1)):
        offset = parity * window % _POOL
        pooled = graph.pool(graph.slice(x, 3, offset, name=f"{grid}_columns"), f"{grid}_pool")
        last = graph.convolution(graph.convolution(pooled, "conv5", f"{grid}_"), "conv6", f"{grid}_")
        starts = (np.arange(parity, len(SHIFTS), 2) * window - offset) // _POOL
        index = graph.constant(starts[:, None] + np.arange(columns), name=f"{grid}_index")
        taken = graph.add("Gather", last, index, name=f"{grid}_taken", axis=3)
        ordered = graph.add("Transpose", taken, name=f"{grid}_ordered", perm=[0, 3, 1, 2, 4])
        flat = graph.reshape(ordered, [-1, channels * columns], name=f"{grid}_flat")
        hidden = graph.add("Gemm", flat, "dense1_weight", "dense1_bias", name=f"{grid}_dense1", transB=1)
        hidden = graph.add("Relu", hidden, name=f"{grid}_hidden")
        logits = graph.add("Gemm", hidden, "dense2_weight", "dense2_bias", name=f"{grid}_dense2", transB=1)
        sigmoid = graph.add("Sigmoid", logits, name=f"{grid}_outputs")
        grids.append(graph.reshape(sigmoid, [-1, half, 1, outputs], name=grid))
    in_turn = graph.add("Concat", *grids, name="in_turn", axis=2)
    return graph.reshape(in_turn, [-1, 2 * half * outputs], name="windows")
