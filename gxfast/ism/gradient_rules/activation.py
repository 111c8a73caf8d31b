"""Functions of one number, and what has no derivative."""

from __future__ import annotations

import math
from collections.abc import Callable

from ._context import Gradients, Reverse
from ._registry import register

__all__: list[str] = []


def _mask(r: Reverse, condition: str) -> str:
    from onnx import helper

    return r.emit.op("Cast", condition, to=helper.np_dtype_to_tensor_dtype(r.dtype))


def _positive(r: Reverse, x: str) -> str:
    return _mask(r, r.emit.op("Greater", x, r.scalar(0.0)))


def _either(r: Reverse, mask: str, yes: str, no: str) -> str:
    """mask * yes + (1 - mask) * no."""
    e = r.emit
    other = e.op("Sub", r.scalar(1.0), mask)
    return e.op("Add", e.op("Mul", mask, yes), e.op("Mul", other, no))


def _relu(r: Reverse) -> str:
    return _positive(r, r.output())


def _leaky(r: Reverse) -> str:
    return _either(r, _positive(r, r.name()), r.scalar(1.0), r.scalar(r.attribute("alpha", 0.01)))


def _elu(r: Reverse) -> str:
    alpha = r.scalar(r.attribute("alpha", 1.0))
    return _either(r, _positive(r, r.name()), r.scalar(1.0), r.emit.op("Add", r.output(), alpha))


def _selu(r: Reverse) -> str:
    alpha = r.attribute("alpha", 1.6732632423543772)
    gamma = r.attribute("gamma", 1.0507009873554805)
    below = r.emit.op("Add", r.output(), r.scalar(alpha * gamma))
    return _either(r, _positive(r, r.name()), r.scalar(gamma), below)


def _sigmoid(r: Reverse) -> str:
    return r.emit.op("Mul", r.output(), r.emit.op("Sub", r.scalar(1.0), r.output()))


def _tanh(r: Reverse) -> str:
    return r.emit.op("Sub", r.scalar(1.0), r.emit.op("Mul", r.output(), r.output()))


def _softplus(r: Reverse) -> str:
    return r.emit.op("Sigmoid", r.name())


def _softsign(r: Reverse) -> str:
    e = r.emit
    below = e.op("Add", r.scalar(1.0), e.op("Abs", r.name()))
    return e.op("Reciprocal", e.op("Mul", below, below))


def _hard_sigmoid(r: Reverse) -> str:
    # y (1 - y) > 0 between the two bounds
    inside = _positive(r, r.emit.op("Mul", r.output(), r.emit.op("Sub", r.scalar(1.0), r.output())))
    return r.emit.op("Mul", inside, r.scalar(r.attribute("alpha", 0.2)))


def _exp(r: Reverse) -> str:
    return r.output()


def _log(r: Reverse) -> str:
    return r.emit.op("Reciprocal", r.name())


def _sqrt(r: Reverse) -> str:
    return r.emit.op("Div", r.scalar(0.5), r.output())


def _reciprocal(r: Reverse) -> str:
    return r.emit.op("Neg", r.emit.op("Mul", r.output(), r.output()))


def _abs(r: Reverse) -> str:
    return r.emit.op("Sign", r.name())


def _neg(r: Reverse) -> str:
    return r.scalar(-1.0)


def _sin(r: Reverse) -> str:
    return r.emit.op("Cos", r.name())


def _cos(r: Reverse) -> str:
    return r.emit.op("Neg", r.emit.op("Sin", r.name()))


def _normal(r: Reverse, x: str, power: float, factor: float) -> str:
    """factor * exp(-power * x^2)."""
    e = r.emit
    square = e.op("Mul", e.op("Mul", x, x), r.scalar(-power))
    return e.op("Mul", e.op("Exp", square), r.scalar(factor))


def _erf(r: Reverse) -> str:
    return _normal(r, r.name(), 1.0, 2.0 / math.sqrt(math.pi))


def _gelu(r: Reverse) -> str:
    e, x = r.emit, r.name()
    if r.attribute("approximate", "none") == "tanh":
        return _gelu_tanh(r)
    scaled = e.op("Erf", e.op("Mul", x, r.scalar(math.sqrt(0.5))))
    below = e.op("Mul", e.op("Add", scaled, r.scalar(1.0)), r.scalar(0.5))
    return e.op("Add", below, e.op("Mul", x, _normal(r, x, 0.5, 1.0 / math.sqrt(2.0 * math.pi))))


def _gelu_tanh(r: Reverse) -> str:
    """With u = c (x + k x^3): (1 + tanh u) / 2 + x (1 - tanh^2 u) c (1 + 3 k x^2) / 2."""
    e, x, c, k = r.emit, r.name(), math.sqrt(2.0 / math.pi), 0.044715
    square = e.op("Mul", x, x)
    inner = e.op("Add", r.scalar(c), e.op("Mul", square, r.scalar(c * k)))
    t = e.op("Tanh", e.op("Mul", x, inner))
    slope = e.op("Add", r.scalar(0.5 * c), e.op("Mul", square, r.scalar(1.5 * c * k)))
    bent = e.op("Mul", e.op("Mul", x, e.op("Sub", r.scalar(1.0), e.op("Mul", t, t))), slope)
    return e.op("Add", e.op("Mul", e.op("Add", t, r.scalar(1.0)), r.scalar(0.5)), bent)


def _sigmoid_times_x(alpha_default: float) -> Callable[[Reverse], str]:
    """Derivative of x * sigmoid(alpha x) (Swish, QuickGelu): s + alpha y (1 - s)."""

    def slope(r: Reverse) -> str:
        e, alpha = r.emit, r.scalar(r.attribute("alpha", alpha_default))
        s = e.op("Sigmoid", e.op("Mul", r.name(), alpha))
        bent = e.op("Mul", e.op("Mul", r.output(), alpha), e.op("Sub", r.scalar(1.0), s))
        return e.op("Add", s, bent)

    return slope


_SLOPES: dict[str, Callable[[Reverse], str]] = {
    "Relu": _relu,
    "LeakyRelu": _leaky,
    "Elu": _elu,
    "Selu": _selu,
    "Sigmoid": _sigmoid,
    "Tanh": _tanh,
    "Softplus": _softplus,
    "Softsign": _softsign,
    "HardSigmoid": _hard_sigmoid,
    "Exp": _exp,
    "Log": _log,
    "Sqrt": _sqrt,
    "Reciprocal": _reciprocal,
    "Abs": _abs,
    "Neg": _neg,
    "Sin": _sin,
    "Cos": _cos,
    "Erf": _erf,
    "Gelu": _gelu,
    "com.microsoft::Gelu": _gelu,
    "com.microsoft::QuickGelu": _sigmoid_times_x(1.702),
    "Swish": _sigmoid_times_x(1.0),
}


@register(*_SLOPES)
def slope_times_gradient(r: Reverse) -> Gradients:
    """Return the derivative at every number times the gradient there."""
    return [r.emit.op("Mul", r.dy, _SLOPES[r.node.op_type](r))]


@register("PRelu")
def leaky_with_weights(r: Reverse) -> Gradients:
    """PRelu; its slopes have to be constants."""
    r.constant(1)
    slope = _either(r, _positive(r, r.name()), r.scalar(1.0), r.name(1))
    return [r.emit.op("Mul", r.dy, slope)]


@register("Clip")
def clip(r: Reverse) -> Gradients:
    """Pass the gradient where the input lies within the bounds, both included."""
    e, gradient = r.emit, r.dy
    for index, outside in ((1, "Less"), (2, "Greater")):
        bound = r.constant(index)
        if bound is not None:
            beyond = _mask(r, e.op(outside, r.name(), r.name(index)))
            gradient = e.op("Mul", gradient, e.op("Sub", r.scalar(1.0), beyond))
    return r.only_first(gradient)


@register("Sign", "Floor", "Ceil", "Round", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal", "Not")
@register("And", "Or", "Xor", "ArgMax", "ArgMin", "IsNaN", "IsInf", "OneHot", "NonZero", "Shape", "Size")
def no_gradient(r: Reverse) -> Gradients:
    """Constant almost everywhere: no gradient flows."""
    return [None for _ in r.node.inputs]
