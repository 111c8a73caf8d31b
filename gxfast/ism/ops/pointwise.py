"""Operators of two or more tensors, element by element, with broadcasting."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from .activation import either, no_gradient, positive, swish
from .builder import Builder
from .context import Context, Gradients, Reverse, Span, union
from .errors import UnsupportedError
from .registry import Operator, register
from .rescale import Rescale, at_middle, rescaled

__all__: list[str] = []


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


def _split(builder: Builder, node: Node) -> tuple[list[str], list[str]]:
    """Inputs that depend on the sequence, and constants.

    Raises
    ------
    UnsupportedError
        If tensors have to be stretched.
    """
    output = builder.features(node.outputs[0])
    tensors = [name for name in node.inputs if not builder.graph.is_constant(name)]
    if any(builder.features(name) != output for name in tensors):
        raise UnsupportedError("tensors with other features are combined")
    return tensors, [name for name in node.inputs if builder.graph.is_constant(name)]


def _per_channel(builder: Builder, node: Node, name: str) -> NDArray[np.float32]:
    return builder.per_channel(builder.graph.constant(name), node.outputs[0])


def _with(builder: Builder, node: Node, function: str, tensor: str, setting: str | NDArray[np.float32]) -> None:
    """Add a function of a tensor and a second one, which is a tensor, too, or has one value per channel."""
    source, output = builder.number(tensor), node.outputs[0]
    if isinstance(setting, str) and builder.graph.is_constant(setting):
        setting = _per_channel(builder, node, setting)
    if isinstance(setting, str):
        builder.executor.activate_by(source, builder.number(setting), builder.declare(output), function)
    elif (setting == setting[0]).all():
        builder.executor.activate(source, builder.declare(output), function, float(setting[0]))
    else:
        builder.executor.activate_channels(source, builder.declare(output), function, setting)


def add(builder: Builder, node: Node) -> None:
    """Changes add up; constants drop out, whatever they are."""
    output, (tensors, _) = node.outputs[0], _split(builder, node)
    if len(tensors) > 1:
        _sum(builder, node, tensors, output)
        return
    minus = node.op_type == "Sub" and node.inputs[1] == tensors[0]
    builder.scale(tensors[0], output, np.full(builder.channels(output), -1 if minus else 1, np.float32))


def _sum(builder: Builder, node: Node, tensors: list[str], output: str) -> None:
    """Add tensors one after the other; what is between two of them has the windows of the output."""
    sign, total = -1.0 if node.op_type == "Sub" else 1.0, builder.number(tensors[0])
    for i, tensor in enumerate(tensors[1:], start=2):
        name = output if i == len(tensors) else f"{output}/{i}"
        part = builder.number(tensor)
        made = builder.declare(name, like=node.outputs[0])
        builder.executor.add(total, part, made, sign)
        total = made


def mean_step(builder: Builder, node: Node) -> None:
    """A share of the sum of the changes."""
    output, (tensors, _) = node.outputs[0], _split(builder, node)
    total = tensors[0]
    if len(tensors) > 1:
        total = f"{output}/sum"
        _sum(builder, node, tensors, total)
    builder.scale(total, output, np.full(builder.channels(output), 1 / len(node.inputs), np.float32))


def multiply(builder: Builder, node: Node) -> None:
    """With a constant: scaled; of two tensors: the product of what they become."""
    tensors, constants = _split(builder, node)
    if constants:
        factors = _per_channel(builder, node, constants[0])
        readers = builder.graph.consumers(node.outputs[0])
        gate = readers[0] if len(readers) == 1 and readers[0].op_type == "Sigmoid" else None
        same = bool((factors == factors[0]).all())
        if not (gate and same and swish(builder, tensors[0], gate, float(factors[0]))):
            builder.scale(tensors[0], node.outputs[0], factors)
        return
    first, second = (builder.number(name) for name in tensors)
    builder.executor.multiply(first, second, builder.declare(node.outputs[0]))


def divide(builder: Builder, node: Node) -> None:
    """By a constant: scaled."""
    _, constants = _split(builder, node)
    above, below = node.inputs
    if below in constants:
        divisors = _per_channel(builder, node, below).astype(np.float64)
        builder.scale(above, node.outputs[0], (1 / divisors).astype(np.float32))
    else:
        _with(builder, node, "over", below, above)


def power(builder: Builder, node: Node) -> None:
    """Of a tensor, a constant or both; a square is a product."""
    _, constants = _split(builder, node)
    base, exponent = node.inputs
    if exponent in constants and (_per_channel(builder, node, exponent) == 2).all():
        number = builder.number(base)
        builder.executor.multiply(number, number, builder.declare(node.outputs[0]))
    elif base in constants:
        _with(builder, node, "raise", exponent, base)
    else:
        _with(builder, node, "power", base, exponent)


def extreme(builder: Builder, node: Node) -> None:
    """Max or Min of one tensor and constants, or of two tensors."""
    tensors, constants = _split(builder, node)
    if len(tensors) + bool(constants) > 2:
        raise UnsupportedError(f"{node.op_type} of more than two tensors")
    if len(node.inputs) == 1:
        builder.rename(tensors[0], node.outputs[0])
        return
    function, choose = ("max", np.maximum) if node.op_type == "Max" else ("min", np.minimum)
    values = [_per_channel(builder, node, name) for name in constants]
    _with(builder, node, function, tensors[0], reduce(choose, values) if values else tensors[1])


def prelu_step(builder: Builder, node: Node) -> None:
    """PRelu, with a slope per channel or per element."""
    _split(builder, node)
    if builder.graph.is_constant(node.inputs[0]):
        raise UnsupportedError("PRelu of a constant")
    _with(builder, node, "leaky_relu", *node.inputs)


def _back(r: Reverse, index: int, gradient: str) -> str:
    """Sum a gradient of the output's shape to the shape of an input."""
    return r.emit.unbroadcast(gradient, r.output_shape(), r.shape(index))


def add_gradient(r: Reverse) -> Gradients:
    """Every summand gets the gradient."""
    return [_back(r, i, r.dy) if r.wanted(i) else None for i in range(len(r.node.inputs))]


def mean_gradient(r: Reverse) -> Gradients:
    """Every summand gets its share."""
    share = r.emit.add("Mul", r.dy, r.scalar(1.0 / len(r.node.inputs)))
    return [_back(r, i, share) if r.wanted(i) else None for i in range(len(r.node.inputs))]


def subtract_gradient(r: Reverse) -> Gradients:
    """a - b."""
    first = _back(r, 0, r.dy) if r.wanted(0) else None
    return [first, _back(r, 1, r.emit.add("Neg", r.dy)) if r.wanted(1) else None]


def multiply_gradient(r: Reverse) -> Gradients:
    """a * b: each gets the gradient times the other."""
    return [_back(r, i, r.emit.add("Mul", r.dy, r.name(1 - i))) if r.wanted(i) else None for i in range(2)]


def divide_gradient(r: Reverse) -> Gradients:
    """a / b: 1 / b and -(a / b) / b."""
    share = r.emit.add("Div", r.dy, r.name(1))
    first = _back(r, 0, share) if r.wanted(0) else None
    if not r.wanted(1):
        return [first, None]
    return [first, _back(r, 1, r.emit.add("Neg", r.emit.add("Mul", share, r.output())))]


def divide_multiplier(r: Rescale) -> Gradients:
    """a / b: the middle of 1 / b, and the middle of a times the change of 1 / b, -1 / (b b')."""
    e = r.emit
    if not r.wanted(1):
        return divide_gradient(r)
    inverse, middle = e.add("Reciprocal", r.name(1)), replace(r, seen="middle")
    first = _back(r, 0, e.add("Mul", r.dy, r.middle(inverse))) if r.wanted(0) else None
    slope = e.add("Neg", e.add("Mul", inverse, r.first(inverse)))
    return [first, _back(r, 1, e.add("Mul", e.add("Mul", r.dy, middle.name(0)), slope))]


def power_gradient(r: Reverse) -> Gradients:
    """x ** p with one of the two constant."""
    e = r.emit
    if r.wanted(1):
        base = r.required(0)
        logs = e.constant(np.log(base.astype(np.float64)), r.dtype)
        return [None, _back(r, 1, e.add("Mul", e.add("Mul", r.dy, r.output()), logs))]
    found = r.required(1)
    exponent = found.astype(np.float64)
    # An exponent of 0 has no slope anywhere; x ** -1 would make NaN of that at 0.
    lower = e.constant(np.where(exponent == 0.0, 1.0, exponent - 1.0), r.dtype)
    slope = e.add("Mul", e.add("Pow", r.name(), lower), e.constant(exponent, r.dtype))
    return [_back(r, 0, e.add("Mul", r.dy, slope))]


def extreme_gradient(r: Reverse) -> Gradients:
    """The larger (smaller) of one or two tensors gets the gradient; equal ones get half of it each."""
    e, n = r.emit, len(r.node.inputs)
    if n == 1:
        return [r.dy]
    if n > 2:
        raise r.refusal("more than two inputs")
    compare, gradients = ("Greater" if r.node.op_type == "Max" else "Less"), list[str | None]()
    for i in range(2):
        a, b = r.name(i), r.name(1 - i)
        won, lost = r.mask(e.add(compare, a, b)), r.mask(e.add(compare, b, a))
        share = e.add("Mul", e.add("Add", e.add("Sub", won, lost), r.scalar(1.0)), r.scalar(0.5))
        gradients.append(_back(r, i, e.add("Mul", r.dy, share)) if r.wanted(i) else None)
    return gradients


def where_gradient(r: Reverse) -> Gradients:
    """The tensor that was chosen gets the gradient; the condition none."""
    e, zero = r.emit, r.scalar(0.0)
    yes = _back(r, 1, e.add("Where", r.name(0), r.dy, zero)) if r.wanted(1) else None
    no = _back(r, 2, e.add("Where", r.name(0), zero, r.dy)) if r.wanted(2) else None
    return [None, yes, no]


def where_multiplier(r: Rescale) -> Gradients:
    """Linear, where what is chosen does not depend on the sequence."""
    r.constant(0)
    return where_gradient(r)


def prelu_gradient(r: Reverse) -> Gradients:
    """PRelu; its slopes have to be constants."""
    r.constant(1)
    slope = either(r, positive(r, r.name()), r.scalar(1.0), r.name(1))
    return [r.emit.add("Mul", r.dy, slope)]


_COMPARISONS: Final = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor")

register(
    Operator(("Add", "Sum"), reach=merge, step=add, gradient=add_gradient, multiplier=add_gradient),
    Operator("Sub", reach=merge, step=add, gradient=subtract_gradient, multiplier=subtract_gradient),
    Operator("Mean", reach=merge, step=mean_step, gradient=mean_gradient, multiplier=mean_gradient),
    Operator("Mul", reach=merge, step=multiply, gradient=multiply_gradient, multiplier=at_middle(multiply_gradient)),
    Operator("Div", reach=merge, step=divide, gradient=divide_gradient, multiplier=divide_multiplier),
    Operator("Pow", reach=merge, step=power, gradient=power_gradient, multiplier=rescaled(power_gradient)),
    Operator(
        ("Max", "Min"), reach=merge, step=extreme, gradient=extreme_gradient, multiplier=rescaled(extreme_gradient)
    ),
    Operator("PRelu", reach=merge, step=prelu_step, gradient=prelu_gradient, multiplier=rescaled(prelu_gradient)),
    Operator("Where", reach=merge, gradient=where_gradient, multiplier=where_multiplier),
    Operator(_COMPARISONS, reach=merge, gradient=no_gradient),
    Operator(("Mod", "com.microsoft::BiasGelu"), reach=merge),
)
