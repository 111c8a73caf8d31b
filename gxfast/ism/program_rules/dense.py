"""The step from windows to features of the whole sequence."""

from __future__ import annotations

from ..delta_rules.flatten import dense_weight
from ..graph.view import Node
from ..ops.builder import Builder

__all__ = ["flatten"]


def flatten(builder: Builder, node: Node) -> None:
    """Flatten before a dense layer: only what belongs to changed positions is multiplied.

    Raises
    ------
    UnsupportedError
        If something else than one dense layer reads it.
    """
    output, weight, passed = dense_weight(builder.graph, builder.window(node.inputs[0]), node)
    builder.executor.dense(builder.number(node.inputs[0]), weight)
    builder.give_change(output)
    builder.skipped |= passed
