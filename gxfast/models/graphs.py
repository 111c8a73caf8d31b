"""What every look at an onnx.GraphProto needs: its subgraphs, what a node reads, and its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

__all__ = ["RANDOM_OPERATORS", "attributes_of", "node_text", "normalises_by_batch", "subgraphs", "tensors_read"]

RANDOM_OPERATORS: Final = frozenset(
    {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
_TRAINING_MODE: Final = 14  # BatchNormalization has the attribute since; before, further outputs meant training


def subgraphs(node: Any) -> Iterator[Any]:
    """Yield the graphs that a node holds (If, Loop, Scan)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def tensors_read(node: Any) -> Iterator[str]:
    """Yield all tensors a node reads, also those that its subgraphs take from outside."""
    yield from (name for name in node.input if name)
    for graph in subgraphs(node):
        for inner in graph.node:
            yield from tensors_read(inner)
        yield from (value.name for value in graph.output)


def attributes_of(node: Any) -> dict[str, Any]:
    """Return the attributes of a node as Python values; texts as str."""
    from onnx import helper

    found = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def node_text(node: Any) -> str:
    """Return how a message names a node."""
    named = node.name or next((name for name in node.output if name), "")
    return f"node {named!r} ({node.op_type})"


def normalises_by_batch(node: Any, opset: int) -> bool:
    """Whether a node is a BatchNormalization in training mode: mean and variance are those of the batch."""
    if node.op_type != "BatchNormalization":
        return False
    mode = any(attribute.name == "training_mode" and attribute.i for attribute in node.attribute)
    return mode or (opset < _TRAINING_MODE and any(list(node.output)[1:]))
