"""Matrix products: local where they mix channels, a barrier where they mix positions."""

from __future__ import annotations

from ._context import Context, Span
from ._registry import register

__all__: list[str] = []


@register("MatMul")
def matmul(context: Context) -> Span | str:
    """MatMul with a constant: the last axis of the left side (or the last but one of the right) is mixed."""
    if len(context.spans) != 1 or context.name(0) == context.name(1):
        return "MatMul of two tensors that depend on the sequence"
    index = 0 if context.span(0) is not None else 1
    span = context.span(index)
    shape, out = context.shape(index), context.output_shape()
    if span is None or len(shape) < 2 or len(context.shape(1 - index)) < 2:
        return "MatMul with a vector"
    mixed = len(shape) - 1 if index == 0 else len(shape) - 2
    if span.axis == mixed:
        return "MatMul mixes all positions"
    axis = span.axis + len(out) - len(shape)
    if out[axis] != shape[span.axis]:
        return "MatMul stretches the sequence axis"
    return Span(axis, span.lo, span.hi)


@register("Gemm")
def gemm(context: Context) -> Span | str:
    """Gemm reads rows of features: the sequence axis can only be the one that is summed over."""
    return "Gemm mixes all positions"
