"""Operators over the channels of a position."""

from __future__ import annotations

from math import prod

import numpy as np

from ..graph.view import Node
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError
from ._registry import register

__all__: list[str] = []


def _only_channels(builder: Builder, node: Node, axes: list[int]) -> None:
    """Refuse axes that are not all channels of a position and nothing else."""
    tensor = node.inputs[0]
    shape = builder.graph.shape(tensor)
    if builder.window(tensor).axis in axes or prod(shape[axis] for axis in axes) != builder.channels(tensor):
        raise UnsupportedError(f"{node.op_type} over other axes than the channels")


@register("LayerNormalization")
def layer_normalization(builder: Builder, node: Node) -> None:
    """Every position by itself."""
    graph, tensor = builder.graph, node.inputs[0]
    rank = len(graph.shape(tensor))
    _only_channels(builder, node, list(range(node.attributes.get("axis", -1) % rank, rank)))
    others = [name for name in node.inputs[1:3] if name]
    if not all(graph.is_constant(name) for name in others) or any(node.outputs[1:]):
        raise UnsupportedError("LayerNormalization with more than constants and one output")
    size = builder.channels(tensor)
    settings = [np.asarray(graph.constant(name), np.float32) for name in others]
    factors, offsets = [*settings, np.zeros(size, np.float32)][:2]
    builder.executor.layer_norm(
        builder.number(tensor),
        builder.declare(node.outputs[0]),
        np.ascontiguousarray(np.broadcast_to(factors.reshape(-1), size)),
        np.ascontiguousarray(np.broadcast_to(offsets.reshape(-1), size)),
        float(node.attributes.get("epsilon", 1e-5)),
    )


@register("Softmax")
def softmax(builder: Builder, node: Node) -> None:
    """Every position by itself."""
    tensor = node.inputs[0]
    rank = len(builder.graph.shape(tensor))
    if builder.graph.opset < 13:
        raise UnsupportedError("Softmax before opset 13, which is over several axes")
    _only_channels(builder, node, [node.attributes.get("axis", -1) % rank])
    builder.executor.softmax(builder.number(tensor), builder.declare(node.outputs[0]))
