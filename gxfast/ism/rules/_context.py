"""What a rule sees: the node, its constants and the intervals of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..graph.view import Graph, Node

__all__ = ["Context", "Rule", "Span", "union"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Intervals ``[lo, hi]`` (inclusive; arrays of any one shape) on ``axis``; empty where ``hi < lo``."""

    axis: int
    lo: Int64Array
    hi: Int64Array

    def moved(self, lo: Int64Array, hi: Int64Array, axis: int | None = None) -> Span:
        """Return new intervals that are empty wherever these are."""
        return Span(self.axis if axis is None else axis, lo, np.where(self.hi < self.lo, lo - 1, hi))


@dataclass(frozen=True, slots=True)
class Context:
    """One node with the intervals of those of its inputs that depend on the sequence.

    Attributes
    ----------
    graph : Graph
    node : Node
    spans : mapping of str to Span
        Inputs that are not in it are constants.
    """

    graph: Graph
    node: Node
    spans: Mapping[str, Span]

    def name(self, index: int) -> str:
        """Return the name of an input, "" where it is left out."""
        return self.node.inputs[index] if index < len(self.node.inputs) else ""

    def span(self, index: int = 0) -> Span | None:
        """Return the intervals of an input; None for a constant or one that is left out."""
        return self.spans.get(self.name(index))

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Return the sizes of an input."""
        return self.graph.shape(self.name(index))

    def output_shape(self, index: int = 0) -> tuple[int, ...]:
        """Return the sizes of an output."""
        return self.graph.shape(self.node.outputs[index])

    def constant(self, index: int) -> NDArray[Any] | None:
        """Return the value of a constant input; None where it is none or left out."""
        name = self.name(index)
        return self.graph.constant(name) if name and self.graph.is_constant(name) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute of the node."""
        return self.node.attributes.get(name, default)

    def listed(self, name: str, index: int) -> list[int] | None:
        """Return whole numbers that are an attribute in old opsets and a constant input in new ones."""
        value = self.attribute(name)
        if value is None:
            value = self.constant(index)
        return None if value is None else [int(number) for number in np.atleast_1d(value)]

    def alone(self) -> Span | str:
        """Return the intervals of the first input, where all others are constants."""
        span = self.span(0)
        if span is None or len(self.spans) != 1:
            return f"{self.node.op_type} reads more than one tensor that depends on the sequence"
        return span


Rule = Callable[[Context], "Span | Sequence[Span] | str"]


def union(spans: Sequence[Span]) -> Span:
    """Return the smallest intervals that hold those of all spans (all on one axis)."""
    result = spans[0]
    for other in spans[1:]:
        here, there = result.lo <= result.hi, other.lo <= other.hi
        lo = np.where(here & there, np.minimum(result.lo, other.lo), np.where(here, result.lo, other.lo))
        hi = np.where(here & there, np.maximum(result.hi, other.hi), np.where(here, result.hi, other.hi))
        result = Span(result.axis, lo, hi)
    return result
