"""Reductions over axes."""

from __future__ import annotations

import math

from ._context import Gradients, Reverse
from ._registry import register
from .pooling import first_maximum

__all__: list[str] = []


def _axes(r: Reverse) -> list[int]:
    """Return the reduced axes, from the attribute or, in newer opsets, the second input."""
    rank, given = len(r.shape()), r.attribute("axes")
    if given is None:
        found = r.constant(1)
        given = None if found is None else [int(axis) for axis in found.reshape(-1)]
    if not given:
        return [] if r.attribute("noop_with_empty_axes", 0) else list(range(rank))
    return sorted(int(axis) % rank for axis in given)


def _kept(r: Reverse, tensor: str, axes: list[int]) -> str:
    """Return a tensor of the output's shape with the reduced axes put back as 1."""
    sizes = [1 if axis in axes else size for axis, size in enumerate(r.shape())]
    return tensor if tuple(sizes) == r.output_shape else r.emit.reshape(tensor, sizes)


@register("ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceL2", "ReduceLogSumExp")
def summing(r: Reverse) -> Gradients:
    """Sums and what is made of them: the gradient times the slope at every element."""
    e, axes, shape = r.emit, _axes(r), r.shape()
    gradient, op_type = _kept(r, r.dy, axes), r.node.op_type
    if op_type == "ReduceMean":
        gradient = e.op("Mul", gradient, r.scalar(1.0 / math.prod(shape[axis] for axis in axes)))
    elif op_type == "ReduceSumSquare":
        return [e.op("Mul", e.op("Mul", gradient, r.scalar(2.0)), r.name())]
    elif op_type == "ReduceL2":
        return [e.op("Mul", e.op("Div", gradient, _kept(r, r.output(), axes)), r.name())]
    elif op_type == "ReduceLogSumExp":
        return [e.op("Mul", gradient, e.op("Exp", e.op("Sub", r.name(), _kept(r, r.output(), axes))))]
    return [e.op("Expand", gradient, e.sizes(shape))]


@register("ReduceMax", "ReduceMin")
def extreme(r: Reverse) -> Gradients:
    """The first of the largest (smallest) elements gets the gradient."""
    e, axes, shape = r.emit, _axes(r), r.shape()
    if not axes:
        return [r.dy]
    others = [axis for axis in range(len(shape)) if axis not in axes]
    order, number = [*others, *axes], math.prod(shape[axis] for axis in axes)
    lead = tuple(shape[axis] for axis in others)
    x = e.reshape(e.transpose(r.name(), order), (*lead, number))
    if r.node.op_type == "ReduceMin":
        x = e.op("Neg", x)
    chosen = first_maximum(r, x, len(lead), (*lead, number))
    routed = e.op("Mul", chosen, e.reshape(r.dy, (*lead, 1)))
    moved = e.reshape(routed, [shape[axis] for axis in order])
    return [e.transpose(moved, [order.index(axis) for axis in range(len(shape))])]
