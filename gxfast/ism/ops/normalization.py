"""Normalizations and softmax: local as long as they leave the sequence axis alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, of_one
from .errors import UnsupportedError
from .reduction import log_sum
from .registry import Operator, register
from .rescale import Rescale

__all__ = ["normalization_factors"]


def batch_reach(context: Context) -> Span | str:
    """BatchNormalization: fixed statistics per channel."""
    span = context.alone()
    if isinstance(span, Span) and (context.attribute("training_mode", 0) or len(context.node.made) > 1):
        return "BatchNormalization in training mode"
    return span


def normalization_factors(builder: Builder, node: Node) -> NDArray[np.float32]:
    """Return what a BatchNormalization multiplies each channel with.

    Raises
    ------
    UnsupportedError
        If its channels are positions.
    """
    tensor = node.inputs[0]
    if builder.window(tensor).axis == 1:
        raise UnsupportedError("BatchNormalization over positions")
    scale, variance = (np.asarray(builder.constant(node.inputs[i]), np.float64) for i in (1, 4))
    factors = (scale / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))).astype(np.float32)
    rank = len(builder.graph.shape(tensor))
    return builder.per_channel(factors.reshape(1, -1, *[1] * (rank - 2)), tensor)


def batch_step(builder: Builder, node: Node) -> None:
    """Linear per channel: the shift drops out."""
    builder.scale(node.inputs[0], node.outputs[0], normalization_factors(builder, node))


def batch_gradient(r: Reverse) -> Gradients:
    """Outside training it is a constant factor per channel."""
    if r.attribute("training_mode", 0):
        raise r.refusal("it is in training mode")
    scale, _, _, variance = (r.required(index) for index in range(1, 5))
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + r.attribute("epsilon", 1e-5))
    shape = [-1 if axis == 1 else 1 for axis in range(len(r.shape()))]
    return [r.emit.add("Mul", r.dy, r.emit.constant(factor.reshape(shape), r.dtype))]


@of_one
def layer_reach(context: Context, span: Span) -> Span | str:
    """LayerNormalization over all axes from ``axis`` on."""
    axis = context.attribute("axis", -1)
    axis += len(context.shape()) if axis < 0 else 0
    if span.axis >= axis or len(context.node.made) > 1:
        return f"{context.node.op_type} is over the sequence axis"
    return span


def _only_channels(builder: Builder, node: Node, axes: list[int]) -> None:
    """Refuse axes that are not all channels of a position and nothing else."""
    tensor = node.inputs[0]
    shape = builder.graph.shape(tensor)
    if builder.window(tensor).axis in axes or math.prod(shape[axis] for axis in axes) != builder.channels(tensor):
        raise UnsupportedError(f"{node.op_type} over other axes than the channels")


def layer_step(builder: Builder, node: Node) -> None:
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


def _centred(r: Reverse, axes: Sequence[int], shape: Sequence[int] | None) -> tuple[Callable[[str], str], str, str]:
    """What takes means over ``axes`` of x in ``shape``; x - mean, and sqrt(variance + epsilon)."""
    e, sizes = r.emit, r.shape() if shape is None else shape
    x = r.name() if shape is None else e.reshape(r.name(), shape)
    share = r.scalar(1.0 / math.prod(sizes[axis] for axis in axes))

    def mean(x: str) -> str:
        return e.add("Mul", e.sum(x, axes), share)

    centred = e.add("Sub", x, mean(x))
    variance = mean(e.add("Mul", centred, centred))
    return mean, centred, e.add("Sqrt", e.add("Add", variance, r.scalar(r.attribute("epsilon", 1e-5))))


def _standardized(r: Reverse, gradient: str, axes: Sequence[int], shape: Sequence[int] | None = None) -> str:
    """Carry the gradient of (x - mean) / sqrt(variance + epsilon), over ``axes`` of x in ``shape``, back to x."""
    e, (mean, centred, spread) = r.emit, _centred(r, axes, shape)
    values = e.add("Div", centred, spread)
    shared = e.add("Mul", values, mean(e.add("Mul", gradient, values)))
    return e.add("Div", e.add("Sub", e.add("Sub", gradient, mean(gradient)), shared), spread)


def _standardized_change(r: Rescale, m: str, axes: Sequence[int], shape: Sequence[int] | None = None) -> str:
    """As `_standardized`, of multipliers: centring is linear, the variance a square, and both are multiplied.

    With c = x - mean, v = 1 / sqrt(variance + epsilon), and c', v' of the sequence, the multiplier of x is
    (v + v') / 2 * (m - mean m) - v^2 v'^2 / (2 (v + v')) * (c + c') * mean(m (c + c')).
    """
    e, (mean, centred, spread) = r.emit, _centred(r, axes, shape)
    inverse = e.add("Reciprocal", spread)
    both, product = e.add("Add", centred, r.first(centred)), e.add("Mul", inverse, r.first(inverse))
    slope = e.add("Div", e.add("Mul", product, product), e.add("Add", inverse, r.first(inverse)))
    slope = e.add("Mul", slope, e.add("Mul", mean(e.add("Mul", m, both)), r.scalar(0.5)))
    straight = e.add("Mul", r.middle(inverse), e.add("Sub", m, mean(m)))
    return e.add("Sub", straight, e.add("Mul", slope, both))


Standardized: TypeAlias = Callable[..., str]


def layer_gradient(r: Reverse) -> Gradients:
    """Standardization over the last axes, with constant scale and bias."""
    return _layer(r, _standardized)


def layer_multiplier(r: Rescale) -> Gradients:
    """The same of multipliers."""
    return _layer(r, _standardized_change)


def _layer(r: Reverse, standardized: Standardized) -> Gradients:
    rank = len(r.shape())
    axes = list(range(int(r.attribute("axis", -1)) % rank, rank))
    return r.only_first(standardized(r, r.emit.add("Mul", r.dy, r.name(1)), axes))


@of_one
def softmax_reach(context: Context, span: Span) -> Span | str:
    """Softmax over one axis; before opset 13 over all axes from that one on."""
    old = context.graph.opset < 13
    rank, axis = len(context.shape()), context.attribute("axis", 1 if old else -1)
    axis += rank if axis < 0 else 0
    mixed = span.axis >= axis if old else span.axis == axis
    return f"{context.node.op_type} is over the sequence axis" if mixed else span


def softmax_step(builder: Builder, node: Node) -> None:
    """Every position by itself."""
    tensor = node.inputs[0]
    rank = len(builder.graph.shape(tensor))
    if builder.graph.opset < 13:
        raise UnsupportedError("Softmax before opset 13, which is over several axes")
    _only_channels(builder, node, [node.attributes.get("axis", -1) % rank])
    builder.executor.softmax(builder.number(tensor), builder.declare(node.outputs[0]))


def _softmax_axes(r: Reverse) -> list[int]:
    rank = len(r.shape())
    if r.graph.opset >= 13:
        return [int(r.attribute("axis", -1)) % rank]
    # Before opset 13 all axes from this one on were normalized together.
    return list(range(int(r.attribute("axis", 1)) % rank, rank))


def softmax_gradient(r: Reverse) -> Gradients:
    """y (dy - sum(y dy))."""
    e, y = r.emit, r.output()
    weighted = e.add("Mul", y, r.dy)
    return [e.add("Sub", weighted, e.add("Mul", y, e.sum(weighted, _softmax_axes(r))))]


def log_softmax_gradient(r: Reverse) -> Gradients:
    """dy - softmax sum(dy)."""
    e = r.emit
    total = e.sum(r.dy, _softmax_axes(r))
    return [e.add("Sub", r.dy, e.add("Mul", e.add("Exp", r.output()), total))]


def softmax_multiplier(r: Rescale) -> Gradients:
    """y = exp(x) / sum: the change of log y, x's minus that of the log of the sum, times dy / d log y."""
    e, axes = r.emit, _softmax_axes(r)
    made, share = log_sum(r, axes)
    logs = e.add("Sub", r.change(r.name()), made)
    own = e.add("Mul", r.dy, r.ratio(r.change(r.output()), logs, r.first(r.output())))
    return [e.add("Sub", own, e.add("Mul", share, e.sum(own, axes)))]


def log_softmax_multiplier(r: Rescale) -> Gradients:
    """x minus the log of the sum."""
    e, axes = r.emit, _softmax_axes(r)
    _, share = log_sum(r, axes)
    return [e.add("Sub", r.dy, e.add("Mul", share, e.sum(r.dy, axes)))]


@of_one
def lp_reach(context: Context, span: Span) -> Span | str:
    """LpNormalization over one axis."""
    axis = context.attribute("axis", -1) % len(context.shape())
    return "LpNormalization is over the sequence axis" if axis == span.axis else span


def whole_tensor(context: Context) -> Span | str:
    """Statistics over all positions."""
    return f"{context.node.op_type} is over the sequence axis"


def instance_gradient(r: Reverse) -> Gradients:
    """Standardization of each channel over the spatial axes, with constant scale and bias."""
    return _instance(r, _standardized)


def instance_multiplier(r: Rescale) -> Gradients:
    """The same of multipliers."""
    return _instance(r, _standardized_change)


def _instance(r: Reverse, standardized: Standardized) -> Gradients:
    rank = len(r.shape())
    scale = r.emit.reshape(r.name(1), [-1 if axis == 1 else 1 for axis in range(rank)])
    return r.only_first(standardized(r, r.emit.add("Mul", r.dy, scale), range(2, rank)))


def group_gradient(r: Reverse) -> Gradients:
    """Standardization of groups of channels, with a constant scale per channel or, before opset 21, per group."""
    return _group(r, _standardized)


def group_multiplier(r: Rescale) -> Gradients:
    """The same of multipliers."""
    return _group(r, _standardized_change)


def _group(r: Reverse, standardized: Standardized) -> Gradients:
    scale, shape, groups = r.constant(1), r.shape(), int(r.attribute("num_groups"))
    assert scale is not None
    each = np.repeat(scale, shape[1] // len(scale)).reshape(-1, *[1] * (len(shape) - 2))
    grouped = (shape[0], groups, math.prod(shape[1:]) // groups)
    scaled = r.emit.reshape(r.emit.add("Mul", r.dy, r.emit.constant(each, r.dtype)), grouped)
    return r.only_first(r.emit.reshape(standardized(r, scaled, [2], grouped), shape))


register(
    Operator(
        "BatchNormalization", reach=batch_reach, step=batch_step, gradient=batch_gradient, multiplier=batch_gradient
    ),
    Operator(
        "LayerNormalization", reach=layer_reach, step=layer_step, gradient=layer_gradient, multiplier=layer_multiplier
    ),
    Operator(("RMSNormalization", "com.microsoft::SimplifiedLayerNormalization"), reach=layer_reach),
    Operator(
        "Softmax", reach=softmax_reach, step=softmax_step, gradient=softmax_gradient, multiplier=softmax_multiplier
    ),
    Operator("LogSoftmax", reach=softmax_reach, gradient=log_softmax_gradient, multiplier=log_softmax_multiplier),
    Operator("Hardmax", reach=softmax_reach),
    Operator("LpNormalization", reach=lp_reach),
    Operator("InstanceNormalization", reach=whole_tensor, gradient=instance_gradient, multiplier=instance_multiplier),
    Operator("GroupNormalization", reach=whole_tensor, gradient=group_gradient, multiplier=group_multiplier),
)
