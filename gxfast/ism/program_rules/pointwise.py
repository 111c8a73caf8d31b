"""Operators on single elements."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Node
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError
from ._registry import register

__all__ = ["normalization_factors"]

# Operator: name in the executor, and its settings as (attribute, default).
_FUNCTIONS: Final[dict[str, tuple[str, tuple[tuple[str, float], ...]]]] = {
    "Relu": ("relu", ()),
    "LeakyRelu": ("leaky_relu", (("alpha", 0.01),)),
    "Sigmoid": ("sigmoid", ()),
    "Tanh": ("tanh", ()),
    "Exp": ("exp", ()),
    "Elu": ("elu", (("alpha", 1.0),)),
    "Softplus": ("softplus", ()),
    "Erf": ("erf", ()),
    "Swish": ("swish", (("alpha", 1.0),)),
    "com.microsoft::QuickGelu": ("swish", (("alpha", 1.702),)),
    "com.microsoft::Gelu": ("gelu", ()),
}


@register(*_FUNCTIONS)
def function(builder: Builder, node: Node) -> None:
    """f(mutant) - f(reference)."""
    if node.op_type == "Sigmoid" and _swish(builder, node.inputs[0], node, 1.0):
        return
    name, settings = _FUNCTIONS[node.op_type]
    _activate(builder, node, name, *(node.attributes.get(key, default) for key, default in settings))


@register("Gelu")
def gelu(builder: Builder, node: Node) -> None:
    """Gelu, with erf or with tanh."""
    _activate(builder, node, "gelu_tanh" if node.attributes.get("approximate", "none") == "tanh" else "gelu")


@register("Clip")
def clip(builder: Builder, node: Node) -> None:
    """Clip between constants."""
    bounds = []
    for i, (key, default) in enumerate((("min", -np.inf), ("max", np.inf)), start=1):
        name = node.inputs[i] if i < len(node.inputs) else ""
        bounds.append(float(builder.graph.constant(name)) if name else float(node.attributes.get(key, default)))
    _activate(builder, node, "clip", *bounds)


def _activate(builder: Builder, node: Node, name: str, *settings: float) -> None:
    source = builder.number(node.inputs[0])
    builder.executor.activate(source, builder.declare(node.outputs[0]), name, *map(float, settings))


@register("Identity", "Dropout", "Cast")
def unchanged(builder: Builder, node: Node) -> None:
    """Nothing happens to the values."""
    if builder.graph.dtype(node.inputs[0]) != builder.graph.dtype(node.outputs[0]):
        raise UnsupportedError("Cast to another type")
    builder.rename(node.inputs[0], node.outputs[0])


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
    scale, variance = (np.asarray(builder.graph.constant(node.inputs[i]), np.float64) for i in (1, 4))
    factors = (scale / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))).astype(np.float32)
    rank = len(builder.graph.shape(tensor))
    return builder.per_channel(factors.reshape(1, -1, *[1] * (rank - 2)), tensor)


@register("BatchNormalization")
def batch_normalization(builder: Builder, node: Node) -> None:
    """Linear per channel: the shift drops out."""
    _scale(builder, node.inputs[0], node.outputs[0], normalization_factors(builder, node))


@register("Neg")
def negative(builder: Builder, node: Node) -> None:
    """The change is turned round, too."""
    _scale(builder, node.inputs[0], node.outputs[0], np.full(builder.channels(node.inputs[0]), -1, np.float32))


def _scale(builder: Builder, tensor: str, output: str, factors: NDArray[np.float32]) -> None:
    builder.executor.scale(builder.number(tensor), builder.declare(output), np.ascontiguousarray(factors))


def _split(builder: Builder, node: Node) -> tuple[list[str], list[NDArray[np.float32]]]:
    """Inputs that depend on the sequence, and constants as one value per channel of the output."""
    output = node.outputs[0]
    tensors = [name for name in node.inputs if not builder.graph.is_constant(name)]
    if any(builder.features(name) != builder.features(output) for name in tensors):
        raise UnsupportedError("tensors with other features are combined")
    constants = [
        builder.per_channel(builder.graph.constant(name), output)
        for name in node.inputs
        if builder.graph.is_constant(name)
    ]
    return tensors, constants


@register("Add", "Sub", "Sum")
def add(builder: Builder, node: Node) -> None:
    """Changes add up; constants drop out, whatever they are."""
    output = node.outputs[0]
    tensors = [name for name in node.inputs if not builder.graph.is_constant(name)]
    if any(builder.features(name) != builder.features(output) for name in tensors) or len(tensors) > 2:
        raise UnsupportedError("tensors with other features are combined")
    if len(tensors) == 2:
        first, second = (builder.number(name) for name in tensors)
        sign = -1.0 if node.op_type == "Sub" else 1.0
        builder.executor.add(first, second, builder.declare(output), sign)
        return
    minus = node.op_type == "Sub" and node.inputs[1] == tensors[0]
    _scale(builder, tensors[0], output, np.full(builder.channels(output), -1 if minus else 1, np.float32))


@register("Mul")
def multiply(builder: Builder, node: Node) -> None:
    """With a constant: scaled; of two tensors: the product of what they become."""
    tensors, constants = _split(builder, node)
    if constants:
        factors = constants[0]
        readers = builder.graph.consumers(node.outputs[0])
        gate = readers[0] if len(readers) == 1 and readers[0].op_type == "Sigmoid" else None
        same = bool((factors == factors[0]).all())
        if not (gate and same and _swish(builder, tensors[0], gate, float(factors[0]))):
            _scale(builder, tensors[0], node.outputs[0], factors)
        return
    first, second = (builder.number(name) for name in tensors)
    builder.executor.multiply(first, second, builder.declare(node.outputs[0]))


def _swish(builder: Builder, tensor: str, gate: Node, factor: float) -> bool:
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


@register("Div")
def divide(builder: Builder, node: Node) -> None:
    """By a constant only."""
    tensors, constants = _split(builder, node)
    if not constants or node.inputs[0] != tensors[0]:
        raise UnsupportedError("Div by what depends on the sequence")
    _scale(builder, tensors[0], node.outputs[0], (1 / constants[0].astype(np.float64)).astype(np.float32))


@register("Pow")
def power(builder: Builder, node: Node) -> None:
    """Squares only."""
    tensors, constants = _split(builder, node)
    if not constants or node.inputs[0] != tensors[0] or (constants[0] != 2).any():
        raise UnsupportedError("Pow with another exponent than 2")
    number = builder.number(tensors[0])
    builder.executor.multiply(number, number, builder.declare(node.outputs[0]))
