"""Operators that treat every element by itself, with broadcasting."""

from __future__ import annotations

from typing import Final

from ._context import Context, Span, union
from ._registry import register

__all__ = ["MERGE", "UNARY"]

UNARY: Final = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Dropout",
    "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log",
    "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "com.microsoft::FastGelu",
    "com.microsoft::Gelu", "com.microsoft::QuickGelu",
)  # fmt: skip
MERGE: Final = (
    "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod",
    "Mul", "Or", "Pow", "PRelu", "Sub", "Sum", "Where", "Xor", "com.microsoft::BiasGelu",
)  # fmt: skip


@register(*UNARY)
def unary(context: Context) -> Span | str:
    """One tensor in, each element by itself; settings are constants."""
    return context.alone()


@register(*MERGE)
def merge(context: Context) -> Span | str:
    """Several tensors, aligned at their last axes as NumPy does: what changes in one of them changes."""
    shape, spans = context.output_shape(), []
    for i in range(len(context.node.inputs)):
        span = context.span(i)
        if span is None:
            continue
        axis = span.axis + len(shape) - len(context.shape(i))
        if context.shape(i)[span.axis] != shape[axis]:
            return f"{context.node.op_type} stretches the sequence axis"
        spans.append(Span(axis, span.lo, span.hi))
    if len({span.axis for span in spans}) != 1:
        return f"{context.node.op_type} combines tensors whose sequence axes differ"
    return union(spans)
