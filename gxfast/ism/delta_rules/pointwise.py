"""Operators on single elements: as they are, on values; sums and scalings on deltas."""

from __future__ import annotations

import numpy as np

from ..delta_graph import Emitter
from ..graph.view import Node
from ..ops.errors import UnsupportedError
from ..rules.pointwise import MERGE, UNARY
from ._registry import register
from .movement import aligned

__all__: list[str] = []

_UNCHANGED = ("Identity", "Dropout")


@register(*(op for op in UNARY if op not in _UNCHANGED and op != "Cast" and "::" not in op))
def unary(emitter: Emitter, node: Node) -> None:
    """f(mutant), in value form; the delta is taken where a linear operator needs it."""
    inputs = [emitter.value(node.inputs[0])]
    for name in node.inputs[1:]:
        if name and np.size(emitter.graph.constant(name)) != 1:
            raise UnsupportedError(f"{node.op_type} with settings per element")
        inputs.append(emitter.constant(emitter.graph.constant(name)) if name else "")
    emitter.set_value(node.outputs[0], emitter.add(node.op_type, *inputs, **dict(node.attributes)))


@register(*_UNCHANGED)
def unchanged(emitter: Emitter, node: Node) -> None:
    """Nothing happens to the values."""
    emitter.rename(node.inputs[0], node.outputs[0])


@register("BatchNormalization")
def batch_normalization(emitter: Emitter, node: Node) -> None:
    """Linear per channel: deltas are scaled, the shift drops out."""
    tensor = node.inputs[0]
    if emitter.window(tensor).axis == 1:
        raise UnsupportedError("BatchNormalization over positions")
    scale, variance = (np.asarray(emitter.graph.constant(node.inputs[i]), np.float64) for i in (1, 4))
    factor = (scale / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))).astype(np.float32)
    rank = len(emitter.graph.shape(tensor))
    made = emitter.per_channel(factor.reshape(1, -1, *[1] * (rank - 2)), tensor)
    emitter.set_delta(node.outputs[0], emitter.add("Mul", emitter.delta(tensor), emitter.constant(made)))


@register("Add", "Sub", "Sum")
def add(emitter: Emitter, node: Node) -> None:
    """Linear: deltas add up, constants drop out."""
    output = node.outputs[0]
    parts = [
        (i, aligned(emitter, name, output, "delta"))
        for i, name in enumerate(node.inputs)
        if not emitter.graph.is_constant(name)
    ]
    signed = [emitter.add("Neg", rows) if node.op_type == "Sub" and i == 1 else rows for i, rows in parts]
    emitter.set_delta(output, emitter.add("Sum", *signed) if len(signed) > 1 else signed[0])


@register(*(op for op in MERGE if op not in ("Add", "Sub", "Sum") and "::" not in op))
def merge(emitter: Emitter, node: Node) -> None:
    """Several tensors element by element, on values; constants have to be the same at all positions."""
    output, inputs = node.outputs[0], []
    for name in node.inputs:
        if emitter.graph.is_constant(name):
            inputs.append(emitter.constant(emitter.per_channel(emitter.graph.constant(name), output)))
        else:
            inputs.append(aligned(emitter, name, output, "value"))
    if node.op_type not in ("Mul", "Div", "Pow", "Max", "Min", "PRelu", "Mean"):
        raise UnsupportedError(f"no delta rule for operator {node.op_type}")
    emitter.set_value(output, emitter.add(node.op_type, *inputs, **dict(node.attributes)))
