"""Functions of one number, and what has no derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from ..graph.view import Node
from .builder import Builder
from .context import Context, Gradients, Reverse
from .errors import UnsupportedError
from .registry import Operator, Step, register
from .rescale import Rescale, rescaled

__all__ = ["UNARY", "either", "no_gradient", "positive", "swish"]

Slope: TypeAlias = Callable[[Reverse], str]
ALPHA, GAMMA = 1.6732632423543772, 1.0507009873554805  # of Selu
Settings: TypeAlias = tuple[tuple[str, float], ...]  # attributes and their defaults


def _applied(function: str, settings: Settings, builder: Builder, node: Node) -> None:
    """f(mutant) - f(reference), for a function of the executor."""
    activate(builder, node, function, *(node.attributes.get(key, default) for key, default in settings))


def activate(builder: Builder, node: Node, function: str, *settings: float) -> None:
    """Add a function of a node's one tensor.

    Raises
    ------
    UnsupportedError
        If it has a second one.
    """
    if any(node.inputs[1:]) and node.op_type != "Clip":
        raise UnsupportedError(f"{node.op_type} of more than one tensor")
    source = builder.number(node.inputs[0])
    builder.executor.activate(source, builder.declare(node.outputs[0]), function, *map(float, settings))


def _times(slope: Slope, r: Reverse) -> Gradients:
    """The derivative at every number times the gradient there."""
    return [r.emit.add("Mul", r.dy, slope(r))]


def element(
    name: str, function: str = "", *settings: tuple[str, float], slope: Slope | None = None, step: Step | None = None
) -> Operator:
    """Return the operator that is a function of the executor, or has a ``step``, and a derivative, if it has one."""
    if function:
        step = partial(_applied, function, settings)
    if slope is None:
        return Operator(name, reach=Context.alone, step=step)
    gradient = partial(_times, slope)
    return Operator(name, reach=Context.alone, step=step, gradient=gradient, multiplier=rescaled(gradient))


def clip_step(builder: Builder, node: Node) -> None:
    """Clip between constants."""
    bounds = []
    for i, (key, default) in enumerate((("min", -np.inf), ("max", np.inf)), start=1):
        name = node.inputs[i] if i < len(node.inputs) else ""
        bounds.append(float(builder.constant(name)) if name else float(node.attributes.get(key, default)))
    activate(builder, node, "clip", *bounds)


def sigmoid_step(builder: Builder, node: Node) -> None:
    """Sigmoid, or all of x * sigmoid(x)."""
    if not swish(builder, node.inputs[0], node, 1.0):
        activate(builder, node, "sigmoid")


def swish(builder: Builder, tensor: str, gate: Node, factor: float) -> bool:
    """Take x * sigmoid(factor * x), written as two or three operators, as one function; False where it is not that."""
    graph, opened = builder.graph, gate.outputs[0]
    readers = graph.consumers(opened)
    if len(readers) != 1 or readers[0].op_type != "Mul" or sorted(readers[0].inputs) != sorted((tensor, opened)):
        return False
    if graph.output_name in (*gate.inputs, opened) or (factor != 1 and len(graph.consumers(gate.inputs[0])) != 1):
        return False
    output = readers[0].outputs[0]
    builder.executor.activate(builder.number(tensor), builder.declare(output), "swish", factor)
    builder.skipped |= {opened, output}
    return True


def gelu_step(builder: Builder, node: Node) -> None:
    """Gelu, with erf or with tanh."""
    activate(builder, node, "gelu_tanh" if node.attributes.get("approximate", "none") == "tanh" else "gelu")


def reciprocal_step(builder: Builder, node: Node) -> None:
    """1 / x."""
    activate(builder, node, "over", 1.0)


def negative_step(builder: Builder, node: Node) -> None:
    """The change is turned round, too."""
    builder.scale(node.inputs[0], node.outputs[0], np.full(builder.channels(node.inputs[0]), -1, np.float32))


def unchanged(builder: Builder, node: Node) -> None:
    """Nothing happens to the values."""
    if builder.graph.dtype(node.inputs[0]) != builder.graph.dtype(node.outputs[0]):
        raise UnsupportedError("Cast to another type")
    builder.rename(node.inputs[0], node.outputs[0])


def positive(r: Reverse, x: str) -> str:
    return r.mask(r.emit.add("Greater", x, r.scalar(0.0)))


def one_minus(r: Reverse, x: str) -> str:
    return r.emit.add("Sub", r.scalar(1.0), x)


def squared(r: Reverse) -> str:
    """The square of the output."""
    return r.emit.add("Mul", r.output(), r.output())


def either(r: Reverse, mask: str, yes: str, no: str) -> str:
    """mask * yes + (1 - mask) * no."""
    e = r.emit
    return e.add("Add", e.add("Mul", mask, yes), e.add("Mul", one_minus(r, mask), no))


def _leaky(r: Reverse) -> str:
    return either(r, positive(r, r.name()), r.scalar(1.0), r.scalar(r.attribute("alpha", 0.01)))


def _elu(r: Reverse) -> str:
    alpha = r.scalar(r.attribute("alpha", 1.0))
    return either(r, positive(r, r.name()), r.scalar(1.0), r.emit.add("Add", r.output(), alpha))


def _selu(r: Reverse) -> str:
    alpha, gamma = r.attribute("alpha", ALPHA), r.attribute("gamma", GAMMA)
    below = r.emit.add("Add", r.output(), r.scalar(alpha * gamma))
    return either(r, positive(r, r.name()), r.scalar(gamma), below)


def _softsign(r: Reverse) -> str:
    e = r.emit
    below = e.add("Add", r.scalar(1.0), e.add("Abs", r.name()))
    return e.add("Reciprocal", e.add("Mul", below, below))


def _hard_sigmoid(r: Reverse) -> str:
    # y (1 - y) > 0 between the two bounds
    inside = positive(r, r.emit.add("Mul", r.output(), one_minus(r, r.output())))
    return r.emit.add("Mul", inside, r.scalar(r.attribute("alpha", 0.2)))


def _normal(r: Reverse, x: str, power: float, factor: float) -> str:
    """factor * exp(-power * x^2)."""
    e = r.emit
    square = e.add("Mul", e.add("Mul", x, x), r.scalar(-power))
    return e.add("Mul", e.add("Exp", square), r.scalar(factor))


def _gelu(r: Reverse) -> str:
    e, x = r.emit, r.name()
    if r.attribute("approximate", "none") == "tanh":
        return _gelu_tanh(r)
    scaled = e.add("Erf", e.add("Mul", x, r.scalar(math.sqrt(0.5))))
    below = e.add("Mul", e.add("Add", scaled, r.scalar(1.0)), r.scalar(0.5))
    return e.add("Add", below, e.add("Mul", x, _normal(r, x, 0.5, 1.0 / math.sqrt(2.0 * math.pi))))


def _gelu_tanh(r: Reverse) -> str:
    """With u = c (x + k x^3): (1 + tanh u) / 2 + x (1 - tanh^2 u) c (1 + 3 k x^2) / 2."""
    e, x, c, k = r.emit, r.name(), math.sqrt(2.0 / math.pi), 0.044715
    square = e.add("Mul", x, x)
    inner = e.add("Add", r.scalar(c), e.add("Mul", square, r.scalar(c * k)))
    t = e.add("Tanh", e.add("Mul", x, inner))
    slope = e.add("Add", r.scalar(0.5 * c), e.add("Mul", square, r.scalar(1.5 * c * k)))
    bent = e.add("Mul", e.add("Mul", x, one_minus(r, e.add("Mul", t, t))), slope)
    return e.add("Add", e.add("Mul", e.add("Add", t, r.scalar(1.0)), r.scalar(0.5)), bent)


def _sigmoid_times_x(alpha_default: float) -> Callable[[Reverse], str]:
    """Derivative of x * sigmoid(alpha x) (Swish, QuickGelu): s + alpha y (1 - s)."""

    def slope(r: Reverse) -> str:
        e, alpha = r.emit, r.scalar(r.attribute("alpha", alpha_default))
        s = e.add("Sigmoid", e.add("Mul", r.name(), alpha))
        bent = e.add("Mul", e.add("Mul", r.output(), alpha), one_minus(r, s))
        return e.add("Add", s, bent)

    return slope


def _mish(r: Reverse) -> str:
    """With t = tanh(softplus(x)): t + x sigmoid(x) (1 - t^2)."""
    e, x = r.emit, r.name()
    t = e.add("Tanh", e.add("Softplus", x))
    bent = e.add("Mul", e.add("Mul", x, e.add("Sigmoid", x)), e.add("Sub", r.scalar(1.0), e.add("Mul", t, t)))
    return e.add("Add", t, bent)


def _hard_swish(r: Reverse) -> str:
    """0 below -3, 1 above 3, x / 3 + 1 / 2 between."""
    e, x = r.emit, r.name()
    inside = r.mask(e.add("Less", e.add("Abs", x), r.scalar(3.0)))
    line = e.add("Add", e.add("Mul", x, r.scalar(1.0 / 3.0)), r.scalar(0.5))
    return e.add("Add", positive(r, e.add("Sub", x, r.scalar(3.0))), e.add("Mul", inside, line))


def _celu(r: Reverse) -> str:
    alpha = float(r.attribute("alpha", 1.0))
    below = r.emit.add("Exp", r.emit.add("Mul", r.emit.add("Min", r.name(), r.scalar(0.0)), r.scalar(1.0 / alpha)))
    return either(r, positive(r, r.name()), r.scalar(1.0), below)


def _thresholded(r: Reverse) -> str:
    return r.mask(r.emit.add("Greater", r.name(), r.scalar(r.attribute("alpha", 1.0))))


def _shrink(r: Reverse) -> str:
    return r.mask(r.emit.add("Greater", r.emit.add("Abs", r.name()), r.scalar(r.attribute("lambd", 0.5))))


def _fast_gelu(r: Reverse) -> str:
    if r.name(1):
        raise r.refusal("it has a bias")
    return _gelu_tanh(r)


def _one_and(square: float, power: float, factor: float, of: str = "x") -> Slope:
    """Return the slope factor * (1 + square * x^2) ^ power, or of the output y instead of x."""

    def slope(r: Reverse) -> str:
        e, x = r.emit, r.name() if of == "x" else r.output()
        inside = e.add("Add", r.scalar(1.0), e.add("Mul", e.add("Mul", x, x), r.scalar(square)))
        inside = inside if power == 1 else e.add("Pow", inside, r.scalar(power))
        return inside if factor == 1 else e.add("Mul", inside, r.scalar(factor))

    return slope


def _acosh(r: Reverse) -> str:
    e = r.emit
    return e.add("Pow", e.add("Sub", e.add("Mul", r.name(), r.name()), r.scalar(1.0)), r.scalar(-0.5))


def _of(operator: str) -> Slope:
    """Return the slope that is another operator of the input."""
    return lambda r: r.emit.add(operator, r.name())


def clip_gradient(r: Reverse) -> Gradients:
    """Pass the gradient where the input lies within the bounds, both included."""
    e, gradient = r.emit, r.dy
    for index, outside in ((1, "Less"), (2, "Greater")):
        bound = r.constant(index)
        if bound is not None:
            beyond = r.mask(e.add(outside, r.name(), r.name(index)))
            gradient = e.add("Mul", gradient, one_minus(r, beyond))
    return r.only_first(gradient)


def no_gradient(r: Reverse) -> Gradients:
    """Constant almost everywhere: no gradient flows."""
    return [None for _ in r.node.inputs]


def negative(r: Reverse) -> Gradients:
    """Turn the gradient round."""
    return [r.emit.add("Neg", r.dy)]


def identity_gradient(r: Reverse) -> Gradients:
    """Return the gradient as it is; Dropout does nothing outside training."""
    if r.node.op_type == "Dropout" and (mode := r.constant(2)) is not None and bool(mode.any()):
        raise r.refusal("it is in training mode")
    return [r.dy]


def cast_gradient(r: Reverse) -> Gradients:
    """Cast back; through integers nothing flows."""
    from onnx import helper

    source = r.graph.dtype(r.name())
    if source.kind in "iub" or r.dtype.kind in "iub":
        return [None]
    if source.kind != "f" or r.dtype.kind != "f":
        raise r.refusal(f"from {source} to {r.dtype}")
    return [r.emit.add("Cast", r.dy, to=helper.np_dtype_to_tensor_dtype(source))]


def cast_multiplier(r: Rescale) -> Gradients:
    """Cast back; whole numbers are steps of which no difference is known."""
    found = cast_gradient(r)
    if found[0] is None:
        raise r.refusal("it casts to or from whole numbers")
    return found


_CURVES: Final[dict[str, Slope]] = {
    "Tan": _one_and(1.0, 1.0, 1.0, of="y"),
    "Asin": _one_and(-1.0, -0.5, 1.0),
    "Acos": _one_and(-1.0, -0.5, -1.0),
    "Atan": _one_and(1.0, -1.0, 1.0),
    "Sinh": _of("Cosh"),
    "Cosh": _of("Sinh"),
    "Asinh": _one_and(1.0, -0.5, 1.0),
    "Acosh": _acosh,
    "Atanh": _one_and(-1.0, -1.0, 1.0),
    "Mish": _mish,
}
_STEPS: Final = ("Sign", "Floor", "Ceil", "Round")
_ELEMENTS: Final = (
    element("Relu", "relu", slope=lambda r: positive(r, r.output())),
    element("LeakyRelu", "leaky_relu", ("alpha", 0.01), slope=_leaky),
    element("Elu", "elu", ("alpha", 1.0), slope=_elu),
    element("Celu", "celu", ("alpha", 1.0), slope=_celu),
    element("Selu", "selu", ("alpha", ALPHA), ("gamma", GAMMA), slope=_selu),
    element("ThresholdedRelu", "thresholded_relu", ("alpha", 1.0), slope=_thresholded),
    element("Shrink", "shrink", ("lambd", 0.5), ("bias", 0.0), slope=_shrink),
    element("Sigmoid", step=sigmoid_step, slope=lambda r: r.emit.add("Mul", r.output(), one_minus(r, r.output()))),
    element("HardSigmoid", "hard_sigmoid", ("alpha", 0.2), ("beta", 0.5), slope=_hard_sigmoid),
    element("HardSwish", "hard_swish", slope=_hard_swish),
    element("Tanh", "tanh", slope=lambda r: one_minus(r, squared(r))),
    element("Softplus", "softplus", slope=lambda r: r.emit.add("Sigmoid", r.name())),
    element("Softsign", "softsign", slope=_softsign),
    element("Exp", "exp", slope=lambda r: r.output()),
    element("Log", "log", slope=lambda r: r.emit.add("Reciprocal", r.name())),
    element("Sqrt", "sqrt", slope=lambda r: r.emit.add("Div", r.scalar(0.5), r.output())),
    element("Reciprocal", step=reciprocal_step, slope=lambda r: r.emit.add("Neg", squared(r))),
    element("Abs", "abs", slope=lambda r: r.emit.add("Sign", r.name())),
    Operator("Neg", reach=Context.alone, step=negative_step, gradient=negative, multiplier=negative),
    element("Sin", "sin", slope=lambda r: r.emit.add("Cos", r.name())),
    element("Cos", "cos", slope=lambda r: r.emit.add("Neg", r.emit.add("Sin", r.name()))),
    element("Erf", "erf", slope=lambda r: _normal(r, r.name(), 1.0, 2.0 / math.sqrt(math.pi))),
    element("Gelu", step=gelu_step, slope=_gelu),
    element("com.microsoft::Gelu", "gelu", slope=_gelu),
    element("com.microsoft::FastGelu", "gelu_tanh", slope=_fast_gelu),
    element("Swish", "swish", ("alpha", 1.0), slope=_sigmoid_times_x(1.0)),
    element("com.microsoft::QuickGelu", "swish", ("alpha", 1.702), slope=_sigmoid_times_x(1.702)),
    *(element(name, name.lower(), slope=slope) for name, slope in _CURVES.items()),
    *(
        Operator(name, reach=Context.alone, step=partial(_applied, name.lower(), ()), gradient=no_gradient)
        for name in _STEPS
    ),
    Operator("Clip", reach=Context.alone, step=clip_step, gradient=clip_gradient, multiplier=rescaled(clip_gradient)),
    Operator(
        ("Identity", "Dropout"),
        reach=Context.alone,
        step=unchanged,
        gradient=identity_gradient,
        multiplier=identity_gradient,
    ),
    Operator("Cast", reach=Context.alone, step=unchanged, gradient=cast_gradient, multiplier=cast_multiplier),
    Operator(("IsInf", "IsNaN", "Not"), reach=Context.alone, gradient=no_gradient),
)
UNARY: Final = frozenset(name for operator in _ELEMENTS for name in operator.each())
"""Operators that treat every element of one tensor by itself."""
register(
    *_ELEMENTS,
    Operator("CastLike", gradient=cast_gradient, multiplier=cast_multiplier),
    Operator(("OneHot", "NonZero", "Shape", "Size"), gradient=no_gradient),
)
