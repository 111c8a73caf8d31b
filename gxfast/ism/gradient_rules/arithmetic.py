"""Operators of two or more tensors that broadcast."""

from __future__ import annotations

import numpy as np

from ._context import Gradients, Reverse
from ._registry import register
from .activation import _mask

__all__: list[str] = []


def _back(r: Reverse, index: int, gradient: str) -> str:
    """Sum a gradient of the output's shape to the shape of an input."""
    return r.emit.unbroadcast(gradient, r.output_shape, r.shape(index))


@register("Add", "Sum")
def add(r: Reverse) -> Gradients:
    """Every summand gets the gradient."""
    return [_back(r, i, r.dy) if r.wanted(i) else None for i in range(len(r.node.inputs))]


@register("Mean")
def mean(r: Reverse) -> Gradients:
    """Every summand gets its share."""
    share = r.emit.op("Mul", r.dy, r.scalar(1.0 / len(r.node.inputs)))
    return [_back(r, i, share) if r.wanted(i) else None for i in range(len(r.node.inputs))]


@register("Sub")
def subtract(r: Reverse) -> Gradients:
    """a - b."""
    first = _back(r, 0, r.dy) if r.wanted(0) else None
    return [first, _back(r, 1, r.emit.op("Neg", r.dy)) if r.wanted(1) else None]


@register("Mul")
def multiply(r: Reverse) -> Gradients:
    """a * b: each gets the gradient times the other."""
    return [_back(r, i, r.emit.op("Mul", r.dy, r.name(1 - i))) if r.wanted(i) else None for i in range(2)]


@register("Div")
def divide(r: Reverse) -> Gradients:
    """a / b: 1 / b and -(a / b) / b."""
    share = r.emit.op("Div", r.dy, r.name(1))
    first = _back(r, 0, share) if r.wanted(0) else None
    if not r.wanted(1):
        return [first, None]
    return [first, _back(r, 1, r.emit.op("Neg", r.emit.op("Mul", share, r.output())))]


@register("Pow")
def power(r: Reverse) -> Gradients:
    """x ** p with one of the two constant."""
    e = r.emit
    if r.wanted(1):
        base = r.constant(0)
        assert base is not None
        logs = e.const(np.log(base.astype(np.float64)), r.dtype)
        return [None, _back(r, 1, e.op("Mul", e.op("Mul", r.dy, r.output()), logs))]
    found = r.constant(1)
    assert found is not None
    exponent = found.astype(np.float64)
    # An exponent of 0 has no slope anywhere; x ** -1 would make NaN of that at 0.
    lower = e.const(np.where(exponent == 0.0, 1.0, exponent - 1.0), r.dtype)
    slope = e.op("Mul", e.op("Pow", r.name(), lower), e.const(exponent, r.dtype))
    return [_back(r, 0, e.op("Mul", r.dy, slope))]


@register("Max", "Min")
def larger_or_smaller(r: Reverse) -> Gradients:
    """The larger (smaller) of one or two tensors gets the gradient; equal ones get half of it each."""
    e, n = r.emit, len(r.node.inputs)
    if n == 1:
        return [r.dy]
    if n > 2:
        raise r.refusal("more than two inputs")
    compare, gradients = ("Greater" if r.node.op_type == "Max" else "Less"), list[str | None]()
    for i in range(2):
        a, b = r.name(i), r.name(1 - i)
        won, lost = _mask(r, e.op(compare, a, b)), _mask(r, e.op(compare, b, a))
        share = e.op("Mul", e.op("Add", e.op("Sub", won, lost), r.scalar(1.0)), r.scalar(0.5))
        gradients.append(_back(r, i, e.op("Mul", r.dy, share)) if r.wanted(i) else None)
    return gradients


@register("Where")
def where(r: Reverse) -> Gradients:
    """The tensor that was chosen gets the gradient; the condition none."""
    e, zero = r.emit, r.scalar(0.0)
    yes = _back(r, 1, e.op("Where", r.name(0), r.dy, zero)) if r.wanted(1) else None
    no = _back(r, 2, e.op("Where", r.name(0), zero, r.dy)) if r.wanted(2) else None
    return [None, yes, no]
