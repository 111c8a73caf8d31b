"""Operators that move elements: windows have no ends and one order of axes, so most of them cost nothing."""

from __future__ import annotations

import numpy as np

from ..delta_graph import Emitter
from ..graph.view import Node, features
from ..ops.errors import UnsupportedError
from ._registry import register
from .flatten import flatten

__all__ = ["aligned"]


def aligned(emitter: Emitter, tensor: str, output: str, form: str) -> str:
    """Rows of a tensor brought to the window of an output that has the same positions.

    Raises
    ------
    UnsupportedError
        If the features broadcast.
    """
    own, target = emitter.window(tensor), emitter.window(output)
    if features(emitter.graph, tensor, own.axis) != features(emitter.graph, output, target.axis):
        raise UnsupportedError("tensors with other features are combined")
    rows = emitter.delta(tensor) if form == "delta" else emitter.value(tensor)
    if own.width == target.width and np.array_equal(own.free_lo, target.free_lo):
        return rows
    offsets = np.unique(own.free_lo - target.free_lo)
    if form == "delta" and len(offsets) == 1:
        left = int(offsets[0])
        return emitter.add("Pad", rows, emitter.sizes(0, left, 0, 0, target.width - own.width - left, 0))
    at = emitter.index("align", (tensor, output, form), (emitter.n, target.width))
    outside = (
        emitter.constant(np.zeros((1, emitter.channels(tensor)), np.float32))
        if form == "delta"
        else emitter.reference_rows(tensor)
    )
    table = emitter.flat_table(rows, tensor, outside)
    return emitter.add("Gather", table, at, axis=0)


@register("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten")
def same_rows(emitter: Emitter, node: Node) -> None:
    """The features of a position stay in order: the rows stay as they are."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = emitter.window(tensor), emitter.analysis.windows.get(output)
    if (
        window is not None
        and own.length == window.length
        and features(emitter.graph, tensor, own.axis) == features(emitter.graph, output, window.axis)
    ):
        emitter.rename(tensor, output)
    else:
        flatten(emitter, node)


@register("Slice", "Pad")
def shift(emitter: Emitter, node: Node) -> None:
    """Positions are renamed: the delta is the same, masked where it falls off."""
    tensor, output = node.inputs[0], node.outputs[0]
    own, window = emitter.window(tensor), emitter.window(output)
    same = features(emitter.graph, tensor, own.axis) == features(emitter.graph, output, window.axis)
    if not same or own.width != window.width or len(np.unique(own.free_lo - window.free_lo)) != 1:
        raise UnsupportedError(f"{node.op_type} with steps, or over features")
    emitter.forms[output, "delta"] = emitter.mask_always(output, emitter.delta(tensor))


@register("Concat")
def concat(emitter: Emitter, node: Node) -> None:
    """Along the features: side by side, on deltas; constants have delta 0."""
    output = node.outputs[0]
    window, rank = emitter.window(output), len(emitter.graph.shape(output))
    axis = node.attributes.get("axis", 0) % rank
    others = [i for i in range(1, rank) if i not in (window.axis, axis) and emitter.graph.shape(output)[i] != 1]
    if axis == window.axis or others:
        raise UnsupportedError("Concat along the sequence, or of nested features")
    parts = []
    for name in node.inputs:
        if emitter.graph.is_constant(name):
            channels = emitter.graph.shape(name)[axis]
            parts.append(emitter.constant(np.zeros((emitter.n, window.width, channels), np.float32)))
            continue
        parts.append(emitter.moved(name, output))
    emitter.set_delta(output, emitter.add("Concat", *parts, axis=2))
