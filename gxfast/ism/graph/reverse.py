"""The reverse pass of a graph, as ONNX nodes behind its forward pass: one gradient or multiplier per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ModelError
from ..ops import Emitter, Gradients, Rescale, Reverse, operator_of
from ..ops.emitter import MIN_OPSET
from .view import Graph

__all__ = ["GRADIENT", "SEED", "gradient_model", "row_axes"]

GRADIENT: Final = "gradient/input"
SEED: Final = "gradient/seed"


def gradient_model(graph: Graph, seed: NDArray[Any] | None = None, *, rows: Mapping[str, int] | None = None) -> bytes:
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
    rows : mapping of str to int, optional
        Of `row_axes`: instead of the gradient the multipliers of DeepLIFT, between the sequence in row 0 and the
        reference in each row; in row 0 they are the gradient.

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
    result, emit = _reversed(graph, Reverse if rows is None else partial(Rescale, rows=rows))
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


def row_axes(graph: Graph, other: Graph | None) -> dict[str, int]:
    """Return which axis of each tensor has the rows of the batch; -1 where none has them alone.

    Parameters
    ----------
    graph : Graph
    other : Graph or None
        The same at another batch size; None where there is no other, and rows lie on the first axis or nowhere.
    """
    found = {}
    for name in (graph.input_name, *(name for node in graph.nodes for name in node.made)):
        shape = graph.shape(name)
        sizes = other.shape(name) if other else (0, *shape[1:])
        differ = [axis for axis, (a, b) in enumerate(zip(shape, sizes, strict=True)) if a != b]
        alone = len(differ) == 1 and shape[differ[0] : differ[0] + 1] == (graph.batch,)
        found[name] = differ[0] if alone else -1
    return found


def _reversed(graph: Graph, kind: Callable[..., Reverse]) -> tuple[str, Emitter]:
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
        for name, gradient in zip(node.inputs, _gradients(kind(graph, node, emit, seeds)), strict=False):
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
    operator = operator_of(reverse.node.op_type)
    if isinstance(reverse, Rescale):
        if operator.multiplier is not None:
            return operator.multiplier(reverse)
    elif operator.gradient is not None:
        return operator.gradient(reverse)
    raise reverse.refusal("there is no rule for it")
