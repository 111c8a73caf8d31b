"""The reverse pass of a graph, written as ONNX nodes behind its forward pass: one gradient per operator."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ModelError
from ..ops import Emitter, Gradients, Reverse, operator_of
from ..ops.emitter import MIN_OPSET
from .view import Graph

__all__ = ["GRADIENT", "SEED", "gradient_model"]

GRADIENT: Final = "gradient/input"
SEED: Final = "gradient/seed"


def gradient_model(graph: Graph, seed: NDArray[Any] | None = None) -> bytes:
    """Return an ONNX model that computes the gradient of a weighted sum of a graph's output.

    Its input is the graph's (and, without ``seed``, ``gradient/seed``). Its outputs are the graph's and
    ``gradient/input``: the sum over all elements o of the output of ``seed[o] * d output[o] / d input``, of the
    input's shape and type. Rows of a batch do not mix as long as they do not mix in the model.

    Parameters
    ----------
    graph : Graph
        From `load_graph` or `build_graph`; the result is for its batch size. Weights in external data stay there.
    seed : array of the output's shape, optional
        Constant weights.

    Raises
    ------
    ModelError
        If an operator has no gradient (it is named with its node), no gradient reaches the input, or the opset is
        below 11.
    InputError
        If the seed has another shape than the output.
    """
    import onnx

    shape, dtype = graph.shape(graph.output_name), graph.dtype(graph.output_name)
    if seed is not None and np.shape(seed) != shape:
        raise InputError(f"the seed has shape {np.shape(seed)}, the output {shape}")
    if graph.opset < MIN_OPSET:
        raise ModelError(
            f"opset {graph.opset} is too old for gradients, which need {MIN_OPSET}",
            path=graph.path,
            remedy="export the model for a newer opset",
        )
    model = onnx.ModelProto.FromString(graph.subgraph([graph.input_name], [graph.output_name]))
    result, emit = _reversed(graph)
    emit.append("Identity", [result], [GRADIENT], name=GRADIENT)
    emit.output(GRADIENT, graph.shape(graph.input_name), graph.dtype(graph.input_name))
    if seed is None:
        emit.input(SEED, shape, dtype)
    else:
        emit.constant(seed, dtype, name=SEED)
    stored = {tensor.name for tensor in (*model.graph.initializer, *emit.constants)}
    needed = {name for node in emit.nodes for name in node.input} - stored
    model.graph.initializer.extend(graph.stored(needed))
    emit.put_into(model)
    return bytes(model.SerializeToString())


def _reversed(graph: Graph) -> tuple[str, Emitter]:
    """Return the gradient of the input and the nodes that compute it from the seed."""
    taken = (name for node in graph.nodes for name in (*node.inputs, *node.made))
    emit = Emitter(opset=graph.opset, prefix="gradient/", taken=taken)
    parts: dict[str, list[str]] = {graph.output_name: [SEED]}
    seeds: dict[str, str] = {}

    def collect(tensor: str) -> None:
        if tensor in parts and tensor not in seeds:
            found = parts[tensor]
            seeds[tensor] = found[0] if len(found) == 1 else emit.add("Sum", *found)

    for node in reversed(graph.nodes):
        for name in node.made:
            collect(name)
        if not any(name in seeds for name in node.made):
            continue
        for name, gradient in zip(node.inputs, _gradients(Reverse(graph, node, emit, seeds)), strict=False):
            if gradient is not None and name and not graph.is_constant(name):
                parts.setdefault(name, []).append(gradient)
    collect(graph.input_name)
    if graph.input_name not in seeds:
        raise ModelError(
            f"no gradient reaches the input {graph.input_name!r} from {graph.output_name!r}: every path goes "
            "through an operator that is constant almost everywhere",
            path=graph.path,
        )
    return seeds[graph.input_name], emit


def _gradients(reverse: Reverse) -> Gradients:
    """Gradients of a node's inputs."""
    gradient = operator_of(reverse.node.op_type).gradient
    if gradient is None:
        raise reverse.refusal("there is no rule for it")
    return gradient(reverse)
