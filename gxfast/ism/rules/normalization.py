"""Normalizations and reductions: local as long as they leave the sequence axis alone."""

from __future__ import annotations

from ._context import Context, Span
from ._registry import register

__all__: list[str] = []

_REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare",
)  # fmt: skip


@register("BatchNormalization")
def batch_normalization(context: Context) -> Span | str:
    """BatchNormalization: fixed statistics per channel."""
    span = context.alone()
    if isinstance(span, Span) and (context.attribute("training_mode", 0) or len(context.node.outputs) > 1):
        return "BatchNormalization in training mode"
    return span


@register("Softmax", "LogSoftmax", "Hardmax")
def softmax(context: Context) -> Span | str:
    """Softmax over one axis; before opset 13 over all axes from that one on."""
    span = context.alone()
    if isinstance(span, str):
        return span
    old = context.graph.opset < 13
    rank, axis = len(context.shape()), context.attribute("axis", 1 if old else -1)
    axis += rank if axis < 0 else 0
    mixed = span.axis >= axis if old else span.axis == axis
    return f"{context.node.op_type} is over the sequence axis" if mixed else span


@register("LayerNormalization", "RMSNormalization", "com.microsoft::SimplifiedLayerNormalization")
def layer_normalization(context: Context) -> Span | str:
    """LayerNormalization over all axes from ``axis`` on."""
    span = context.alone()
    if isinstance(span, str):
        return span
    axis = context.attribute("axis", -1)
    axis += len(context.shape()) if axis < 0 else 0
    if span.axis >= axis or sum(1 for name in context.node.outputs if name) > 1:
        return f"{context.node.op_type} is over the sequence axis"
    return span


@register("LpNormalization")
def lp_normalization(context: Context) -> Span | str:
    """LpNormalization over one axis."""
    span = context.alone()
    if isinstance(span, str):
        return span
    axis = context.attribute("axis", -1) % len(context.shape())
    return "LpNormalization is over the sequence axis" if axis == span.axis else span


@register("InstanceNormalization", "GroupNormalization")
def whole_tensor(context: Context) -> Span | str:
    """Statistics over all positions."""
    return f"{context.node.op_type} is over the sequence axis"


@register(*_REDUCTIONS)
def reduction(context: Context) -> Span | str:
    """Reductions over axes other than the sequence."""
    span = context.alone()
    if isinstance(span, str):
        return span
    rank, axes = len(context.shape()), context.listed("axes", 1)
    if not axes:
        if context.attribute("noop_with_empty_axes", 0):
            return span
        return f"{context.node.op_type} is over all axes"
    over = {axis % rank for axis in axes}
    if span.axis in over or 0 in over:
        return f"{context.node.op_type} is over the sequence axis"
    gone = 0 if context.attribute("keepdims", 1) else sum(axis < span.axis for axis in over)
    return Span(span.axis - gone, span.lo, span.hi)


@register("ArgMax", "ArgMin")
def arg(context: Context) -> Span | str:
    """ArgMax and ArgMin over one axis."""
    span = context.alone()
    if isinstance(span, str):
        return span
    axis = context.attribute("axis", 0) % len(context.shape())
    if axis in (0, span.axis):
        return f"{context.node.op_type} is over the sequence axis"
    gone = int(not context.attribute("keepdims", 1) and axis < span.axis)
    return Span(span.axis - gone, span.lo, span.hi)
