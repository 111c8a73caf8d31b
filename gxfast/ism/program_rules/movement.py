"""Operators that move elements."""

from __future__ import annotations

import numpy as np

from ..graph.view import Node
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError
from ._registry import register
from .attention_pool import attention_pool
from .dense import flatten

__all__: list[str] = []


@register("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten")
def same_rows(builder: Builder, node: Node) -> None:
    """The features of a position stay in order: the rows stay as they are."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = builder.window(tensor), builder.analysis.windows.get(output)
    if window is None:
        flatten(builder, node)
        return
    # All of these but Transpose keep the order of elements, so a channel axis that is split stays in order, too.
    same = builder.features(tensor) == builder.features(output)
    same |= node.op_type != "Transpose" and builder.channels(tensor) == builder.channels(output)
    if own.length == window.length and same:
        builder.rename(tensor, output)
    elif own.length > window.length:
        attention_pool(builder, node)
    else:
        flatten(builder, node)


@register("Slice", "Pad")
def shift(builder: Builder, node: Node) -> None:
    """Positions are renamed."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = builder.window(tensor), builder.window(output)
    moved = np.unique(own.free_lo - window.free_lo)
    same = builder.features(tensor) == builder.features(output) and len(moved) == 1
    if not same or not np.array_equal(own.free_hi - window.free_hi, np.full(len(own.free_hi), moved[0])):
        raise UnsupportedError(f"{node.op_type} with steps, or over features")
    builder.executor.select(builder.number(tensor), builder.declare(output), int(moved[0]), 0)


@register("Concat")
def concat(builder: Builder, node: Node) -> None:
    """Along the features: side by side; constants never change."""
    output = node.outputs[0]
    window, shape = builder.window(output), builder.graph.shape(output)
    axis = node.attributes.get("axis", 0) % len(shape)
    others = [i for i in range(1, len(shape)) if i not in (window.axis, axis) and shape[i] != 1]
    if axis == window.axis or others:
        raise UnsupportedError("Concat along the sequence, or of nested features")
    parts = [
        -1 - builder.graph.shape(name)[axis] if builder.graph.is_constant(name) else builder.number(name)
        for name in node.inputs
    ]
    builder.executor.join(parts, builder.declare(output))


@register("Gather")
def gather(builder: Builder, node: Node) -> None:
    """Neighbouring positions: a crop."""
    tensor, output = node.inputs[0], node.outputs[0]
    axis = node.attributes.get("axis", 0) % len(builder.graph.shape(tensor))
    if axis != builder.window(tensor).axis or not builder.graph.is_constant(node.inputs[1]):
        raise UnsupportedError("Gather of features")
    picked = builder.graph.constant(node.inputs[1])
    picked = np.where(picked < 0, picked + builder.window(tensor).length, picked)
    if picked.ndim != 1 or (np.diff(picked) != 1).any():
        raise UnsupportedError("Gather of positions that are not neighbours")
    builder.executor.select(builder.number(tensor), builder.declare(output), int(picked[0]), 0)
