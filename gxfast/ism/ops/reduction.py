"""Reductions over axes, and pools over all positions."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..graph.view import Graph, Node
from .activation import no_gradient
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, of_one
from .errors import UnsupportedError
from .registry import Operator, register
from .rescale import Rescale, at_middle

__all__ = ["first_maximum", "log_sum", "over_positions", "routed"]

_OTHERS: Final = ("ReduceL1", "ReduceLogSum", "ReduceProd")


@of_one
def reduction(context: Context, span: Span) -> Span | str:
    """Reductions over axes other than the sequence."""
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


@of_one
def arg(context: Context, span: Span) -> Span | str:
    """ArgMax and ArgMin over one axis."""
    axis = context.attribute("axis", 0) % len(context.shape())
    if axis in (0, span.axis):
        return f"{context.node.op_type} is over the sequence axis"
    gone = int(not context.attribute("keepdims", 1) and axis < span.axis)
    return Span(span.axis - gone, span.lo, span.hi)


def global_reach(context: Context) -> str:
    """Global pools: over all positions."""
    return f"{context.node.op_type} is over all positions"


def mean_over_positions(builder: Builder, node: Node) -> None:
    """Mean or sum over all positions."""
    _over_all_positions(builder, node)
    length = builder.window(node.inputs[0]).length
    builder.executor.sum(builder.number(node.inputs[0]), 1.0 if node.op_type == "ReduceSum" else 1.0 / length)
    builder.give_change(node.outputs[0])


def largest_over_positions(builder: Builder, node: Node) -> None:
    """The largest value of all positions."""
    _over_all_positions(builder, node)
    builder.executor.largest(builder.number(node.inputs[0]))
    builder.give_change(node.outputs[0])


def _over_all_positions(builder: Builder, node: Node) -> None:
    """Refuse any other axis than the sequence's."""
    if not over_positions(builder.graph, node, builder.window(node.inputs[0]).axis):
        raise UnsupportedError(f"{node.op_type} over other axes than the sequence")


def over_positions(graph: Graph, node: Node, axis: int) -> bool:
    """Return whether a reduction is over the sequence axis alone; axes of size 1 do not count."""
    shape = graph.shape(node.inputs[0])
    if node.op_type.startswith("Global"):
        axes: Any = range(2, len(shape))
    else:
        axes = node.attributes.get("axes")
        if axes is None and len(node.inputs) > 1 and graph.is_constant(node.inputs[1]):
            axes = graph.constant(node.inputs[1]).tolist()
    over = {each % len(shape) for each in axes or ()}
    return axis in over and 0 not in over and all(shape[each] == 1 for each in over - {axis})


def first_maximum(r: Reverse, x: str, axis: int, shape: tuple[int, ...]) -> str:
    """Return 1 at the first maximum of ``x`` (of ``shape``) along ``axis`` and 0 elsewhere."""
    e, n = r.emit, len(shape)
    winner = e.add("ArgMax", x, axis=axis, keepdims=1)
    # Comparing int32, which every opset's Equal has on every device.
    winner = e.add("Cast", winner, to=6)
    along = np.arange(shape[axis], dtype=np.int32).reshape([-1 if a == axis else 1 for a in range(n)])
    return r.mask(e.add("Equal", winner, e.constant(along)))


def _axes(r: Reverse) -> list[int]:
    """Return the reduced axes, from the attribute or, in newer opsets, the second input."""
    r.constant(1)
    rank, given = len(r.shape()), r.listed("axes", 1)
    if not given:
        return [] if r.attribute("noop_with_empty_axes", 0) else list(range(rank))
    return sorted(int(axis) % rank for axis in given)


def _kept(r: Reverse, tensor: str, axes: list[int]) -> str:
    """Return a tensor of the output's shape with the reduced axes put back as 1."""
    sizes = [1 if axis in axes else size for axis, size in enumerate(r.shape())]
    return tensor if tuple(sizes) == r.output_shape() else r.emit.reshape(tensor, sizes)


def summing_gradient(r: Reverse) -> Gradients:
    """Sums and what is made of them: the gradient times the slope at every element."""
    e, axes, shape = r.emit, _axes(r), r.shape()
    gradient, op_type = _kept(r, r.dy, axes), r.node.op_type
    if op_type == "ReduceMean":
        gradient = e.add("Mul", gradient, r.scalar(1.0 / math.prod(shape[axis] for axis in axes)))
    elif op_type == "ReduceSumSquare":
        return [e.add("Mul", e.add("Mul", gradient, r.scalar(2.0)), r.name())]
    elif op_type == "ReduceL2":
        return [e.add("Mul", e.add("Div", gradient, _kept(r, r.output(), axes)), r.name())]
    elif op_type == "ReduceLogSumExp":
        return [e.add("Mul", gradient, e.add("Exp", e.add("Sub", r.name(), _kept(r, r.output(), axes))))]
    return [e.add("Expand", gradient, e.sizes(shape))]


def extreme_gradient(r: Reverse) -> Gradients:
    """The first of the largest (smallest) elements gets the gradient."""
    e, axes, shape = r.emit, _axes(r), r.shape()
    if not axes:
        return [r.dy]
    others = [axis for axis in range(len(shape)) if axis not in axes]
    order, number = [*others, *axes], math.prod(shape[axis] for axis in axes)
    lead = tuple(shape[axis] for axis in others)
    x = e.reshape(e.transpose(r.name(), order), (*lead, number))
    if r.node.op_type == "ReduceMin":
        x = e.add("Neg", x)
    chosen = first_maximum(r, x, len(lead), (*lead, number))
    routed = e.add("Mul", chosen, e.reshape(r.dy, (*lead, 1)))
    moved = e.reshape(routed, [shape[axis] for axis in order])
    return [e.transpose(moved, [order.index(axis) for axis in range(len(shape))])]


def routed(r: Rescale, x: str, y: str, dy: str, axis: int, shape: tuple[int, ...]) -> tuple[str, str]:
    """Give the change of maxima to whichever was the larger: the winner of that row, or of the sequence.

    Parameters
    ----------
    r : Rescale
    x, y, dy : str
        What is compared along ``axis``, of ``shape``; the maxima, and their multipliers, with 1 there.

    Returns
    -------
    change : str
        Of x's shape: the change of the maximum times its multiplier, at the winner.
    otherwise : str
        The gradient at the sequence, for winners that do not change.
    """
    e, own, change = r.emit, first_maximum(r, x, axis, shape), r.change(y)
    there, zero = r.first(own), r.scalar(0.0)
    up, down = (e.add("Mul", dy, e.add(side, change, zero)) for side in ("Max", "Min"))
    return e.add("Add", e.add("Mul", own, up), e.add("Mul", there, down)), e.add("Mul", there, dy)


def extreme_multiplier(r: Rescale) -> Gradients:
    """The change of the largest (smallest) element goes to the winner of the larger side."""
    axes, shape = _axes(r), r.shape()
    if not axes:
        return [r.dy]
    if 0 in axes:
        raise r.refusal("it reduces the batch axis")
    e, others = r.emit, [axis for axis in range(len(shape)) if axis not in axes]
    order, number = [*others, *axes], math.prod(shape[axis] for axis in axes)
    lead = tuple(shape[axis] for axis in others)
    x, y = e.reshape(e.transpose(r.name(), order), (*lead, number)), e.reshape(r.output(), (*lead, 1))
    if r.node.op_type == "ReduceMin":
        x, y = e.add("Neg", x), e.add("Neg", y)
    found = routed(r, x, y, e.reshape(r.dy, (*lead, 1)), len(lead), (*lead, number))
    moved = e.reshape(r.ratio(found[0], r.change(x), found[1], near=0.0), [shape[axis] for axis in order])
    return [e.transpose(moved, [order.index(axis) for axis in range(len(shape))])]


def global_max_multiplier(r: Rescale) -> Gradients:
    """As `extreme_multiplier`, over all positions."""
    e, shape = r.emit, r.shape()
    flat, one = (*shape[:2], math.prod(shape[2:])), (*shape[:2], 1)
    x = e.reshape(r.name(), flat)
    found = routed(r, x, e.reshape(r.output(), one), e.reshape(r.dy, one), 2, flat)
    return [e.reshape(r.ratio(found[0], r.change(x), found[1], near=0.0), shape)]


def log_sum(r: Rescale, axes: list[int]) -> tuple[str, str]:
    """Return how the log of the sum of exponentials over axes (kept as 1) changes, and the multiplier of each x."""
    e, x, change = r.emit, r.name(), r.change(r.name())
    both = e.add("Max", x, r.first(x))
    largest = e.largest(both, axes)  # of both rows, so that no exponential overflows
    powers, at_first = (e.add("Exp", e.add("Sub", each, largest)) for each in (x, r.first(x)))
    total, total_first = e.sum(powers, axes), e.sum(at_first, axes)
    each = r.ratio(e.add("Sub", powers, at_first), change, at_first)
    made = e.add("Sub", e.add("Log", total), e.add("Log", total_first))
    slope = r.ratio(made, e.add("Sub", total, total_first), e.add("Reciprocal", total_first))
    return made, e.add("Mul", each, slope)


def log_sum_multiplier(r: Rescale) -> Gradients:
    """Exponential, sum and logarithm one after the other."""
    axes = _axes(r)
    return [r.emit.add("Mul", _kept(r, r.dy, axes), log_sum(r, axes)[1])]


def global_average_gradient(r: Reverse) -> Gradients:
    """Every position gets the same share."""
    e, shape = r.emit, r.shape()
    share = e.add("Mul", r.dy, r.scalar(1.0 / math.prod(shape[2:])))
    return [e.add("Expand", share, e.sizes(shape))]


def global_max_gradient(r: Reverse) -> Gradients:
    """The first maximum gets the gradient."""
    e, shape = r.emit, r.shape()
    flat = (*shape[:2], math.prod(shape[2:]))
    chosen = first_maximum(r, e.reshape(r.name(), flat), 2, flat)
    routed = e.add("Mul", chosen, e.reshape(r.dy, (*shape[:2], 1)))
    return [e.reshape(routed, shape)]


register(
    Operator(
        "ReduceSum", reach=reduction, step=mean_over_positions, gradient=summing_gradient, multiplier=summing_gradient
    ),
    Operator(
        "ReduceMean", reach=reduction, step=mean_over_positions, gradient=summing_gradient, multiplier=summing_gradient
    ),
    Operator(
        "ReduceMax",
        reach=reduction,
        step=largest_over_positions,
        gradient=extreme_gradient,
        multiplier=extreme_multiplier,
    ),
    Operator("ReduceMin", reach=reduction, gradient=extreme_gradient, multiplier=extreme_multiplier),
    Operator(
        ("ReduceSumSquare", "ReduceL2"),
        reach=reduction,
        gradient=summing_gradient,
        multiplier=at_middle(summing_gradient),
    ),
    Operator("ReduceLogSumExp", reach=reduction, gradient=summing_gradient, multiplier=log_sum_multiplier),
    Operator(_OTHERS, reach=reduction),
    Operator(("ArgMax", "ArgMin"), reach=arg, gradient=no_gradient),
    Operator(
        "GlobalAveragePool",
        reach=global_reach,
        step=mean_over_positions,
        gradient=global_average_gradient,
        multiplier=global_average_gradient,
    ),
    Operator(
        "GlobalMaxPool",
        reach=global_reach,
        step=largest_over_positions,
        gradient=global_max_gradient,
        multiplier=global_max_multiplier,
    ),
    Operator("GlobalLpPool", reach=global_reach),
)
