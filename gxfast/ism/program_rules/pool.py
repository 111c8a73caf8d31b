"""Pools along the sequence, and over all of it."""

from __future__ import annotations

from ..delta_rules.convolution import settings_on_axis
from ..graph.view import Node
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError
from ._registry import register

__all__: list[str] = []


@register("MaxPool")
def max_pool(builder: Builder, node: Node) -> None:
    """MaxPool: what lies outside the tensor can never win."""
    settings = settings_on_axis(builder, node)
    source = builder.number(node.inputs[0])
    builder.executor.max_pool(source, builder.declare(node.outputs[0]), *settings)


@register("AveragePool")
def average_pool(builder: Builder, node: Node) -> None:
    """AveragePool: the divisor is the kernel, or the part of it that lies in the tensor."""
    if node.attributes.get("ceil_mode", 0):
        raise UnsupportedError("AveragePool with ceil_mode")
    settings = settings_on_axis(builder, node)
    by_kernel = bool(node.attributes.get("count_include_pad", 0))
    source = builder.number(node.inputs[0])
    builder.executor.average_pool(source, builder.declare(node.outputs[0]), *settings, by_kernel)


@register("GlobalAveragePool", "ReduceMean", "ReduceSum")
def mean_over_positions(builder: Builder, node: Node) -> None:
    """Mean or sum over all positions."""
    _over_all_positions(builder, node)
    length = builder.window(node.inputs[0]).length
    builder.executor.sum(builder.number(node.inputs[0]), 1.0 if node.op_type == "ReduceSum" else 1.0 / length)
    builder.give_change(node.outputs[0])


@register("GlobalMaxPool", "ReduceMax")
def largest_over_positions(builder: Builder, node: Node) -> None:
    """The largest value of all positions."""
    _over_all_positions(builder, node)
    builder.executor.largest(builder.number(node.inputs[0]))
    builder.give_change(node.outputs[0])


def _over_all_positions(builder: Builder, node: Node) -> None:
    """Refuse any other axis than the sequence's."""
    tensor = node.inputs[0]
    axis, rank = builder.window(tensor).axis, len(builder.graph.shape(tensor))
    if node.op_type.startswith("Global"):
        if axis < 2:
            raise UnsupportedError(f"{node.op_type} over features")
        return
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        axes = builder.graph.constant(node.inputs[1]).tolist()
    if axes is None or {each % rank for each in axes} != {axis}:
        raise UnsupportedError(f"{node.op_type} over other axes than the sequence")
