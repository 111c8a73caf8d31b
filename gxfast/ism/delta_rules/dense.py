"""The step from windows to features of the whole sequence: only what changed is added up."""

from __future__ import annotations

import numpy as np

from ..delta_graph import Emitter
from ..graph.view import Node
from ..ops.errors import UnsupportedError
from ._registry import register

__all__: list[str] = []


@register("MatMul")
def matmul(emitter: Emitter, node: Node) -> None:
    """MatMul of the features of each position with a constant."""
    tensor, output = node.inputs[0], node.outputs[0]
    if emitter.graph.is_constant(tensor) or not emitter.graph.is_constant(node.inputs[1]):
        raise UnsupportedError("MatMul of two tensors that depend on the sequence")
    weight, own = np.asarray(emitter.graph.constant(node.inputs[1]), np.float32), emitter.window(tensor)
    shape = emitter.graph.shape(tensor)
    if weight.ndim != 2 or own.axis == len(shape) - 1 or emitter.channels(tensor) != weight.shape[0]:
        raise UnsupportedError("MatMul over positions, or of nested features")
    if output not in emitter.analysis.windows:
        raise UnsupportedError("MatMul over positions")
    emitter.set_delta(output, emitter.add("MatMul", emitter.delta(tensor), emitter.constant(weight)))


@register("GlobalAveragePool", "ReduceMean", "ReduceSum")
def mean_over_positions(emitter: Emitter, node: Node) -> None:
    """Mean or sum over all positions: the reference's, plus the sum of the delta."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, shape = emitter.window(tensor), emitter.graph.shape(tensor)
    if node.op_type != "GlobalAveragePool":
        axes = node.attributes.get("axes")
        if axes is None and len(node.inputs) > 1 and node.inputs[1]:
            axes = emitter.graph.constant(node.inputs[1]).tolist()
        if axes is None or {axis % len(shape) for axis in axes} != {own.axis}:
            raise UnsupportedError(f"{node.op_type} over other axes than the sequence")
    elif own.axis < 2:
        raise UnsupportedError("GlobalAveragePool over features")
    total = emitter.reduce_sum(emitter.delta(tensor), 1)  # (M, C)
    if node.op_type != "ReduceSum":
        total = emitter.add("Mul", total, emitter.constant(np.array([1 / own.length], np.float32)))
    shaped = emitter.add("Reshape", total, emitter.sizes(*emitter.graph.shape(output)))
    emitter.set_dense(output, shaped)
