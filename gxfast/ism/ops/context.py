"""What the functions of an operator see of one node: inputs, sizes, constants, attributes, and what each needs more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..graph.view import Graph, Node
from .emitter import Emitter

__all__ = ["Context", "Gradients", "NodeContext", "Reverse", "Span", "of_one", "union"]

Int64Array = NDArray[np.int64]
Gradients: TypeAlias = Sequence[str | None]
Reached = TypeVar("Reached")


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Intervals ``[lo, hi]`` (inclusive; arrays of any one shape) on ``axis``; empty where ``hi < lo``."""

    axis: int
    lo: Int64Array
    hi: Int64Array

    def moved(self, lo: Int64Array, hi: Int64Array, axis: int | None = None) -> Span:
        """Return new intervals that are empty wherever these are."""
        return Span(self.axis if axis is None else axis, lo, np.where(self.hi < self.lo, lo - 1, hi))


def union(spans: Sequence[Span]) -> Span:
    """Return the smallest intervals that hold those of all spans (all on one axis)."""
    result = spans[0]
    for other in spans[1:]:
        here, there = result.lo <= result.hi, other.lo <= other.hi
        lo = np.where(here & there, np.minimum(result.lo, other.lo), np.where(here, result.lo, other.lo))
        hi = np.where(here & there, np.maximum(result.hi, other.hi), np.where(here, result.hi, other.hi))
        result = Span(result.axis, lo, hi)
    return result


@dataclass(frozen=True, slots=True)
class NodeContext:
    """One node of a graph in which every size is known."""

    graph: Graph
    node: Node

    def name(self, index: int = 0) -> str:
        """Return the name of an input, "" where it is left out."""
        return self._input(index)

    def _input(self, index: int) -> str:
        return self.node.inputs[index] if index < len(self.node.inputs) else ""

    def output(self, index: int = 0) -> str:
        """Return the name of an output."""
        return self.node.outputs[index]

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Return the sizes of an input."""
        return self.graph.shape(self._input(index))

    def output_shape(self, index: int = 0) -> tuple[int, ...]:
        """Return the sizes of an output."""
        return self.graph.shape(self.node.outputs[index])

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute of the node."""
        return self.node.attributes.get(name, default)

    def known(self, index: int) -> NDArray[Any] | None:
        """Return the value of a constant input; None where it is none or left out."""
        name = self._input(index)
        return self.graph.constant(name) if name and self.graph.is_constant(name) else None

    def listed(self, name: str, index: int) -> list[int] | None:
        """Return whole numbers that are an attribute in old opsets and a constant input in new ones."""
        value = self.attribute(name)
        if value is None:
            value = self.known(index)
        return None if value is None else [int(number) for number in np.atleast_1d(value)]


@dataclass(frozen=True, slots=True)
class Context(NodeContext):
    """One node with the intervals of those of its inputs that depend on the sequence.

    Attributes
    ----------
    graph : Graph
    node : Node
    spans : mapping of str to Span
        Inputs that are not in it are constants.
    """

    spans: Mapping[str, Span]

    def span(self, index: int = 0) -> Span | None:
        """Return the intervals of an input; None for a constant or one that is left out."""
        return self.spans.get(self.name(index))

    def alone(self) -> Span | str:
        """Return the intervals of the first input, where all others are constants."""
        span = self.span(0)
        if span is None or len(self.spans) != 1:
            return f"{self.node.op_type} reads more than one tensor that depends on the sequence"
        return span


def of_one(reach: Callable[[Context, Span], Reached]) -> Callable[[Context], Reached | str]:
    """Give a reach the intervals of the one tensor that depends on the sequence; several are a barrier."""

    @wraps(reach)
    def checked(context: Context) -> Reached | str:
        span = context.alone()
        return span if isinstance(span, str) else reach(context, span)

    return checked


@dataclass(frozen=True, slots=True)
class Reverse(NodeContext):
    """One node on the way back.

    Where a derivative is not unique the gradient is what PyTorch takes: 0 for Relu at 0, the FIRST of several equal
    maxima of a pool gets all of the gradient, and two equal inputs of Max or Min share it. ReduceMax and ReduceMin
    also give all of it to the first (as ``torch.max`` over an axis; ``torch.amax`` would share).

    Attributes
    ----------
    graph : Graph
        Of the forward pass.
    node : Node
    emit : Emitter
        Appends nodes.
    seeds : mapping of str to str
        Tensor of the forward pass to its gradient.
    """

    emit: Emitter
    seeds: Mapping[str, str]

    @property
    def dy(self) -> str:
        """Gradient of the first output.

        Raises
        ------
        ModelError
            If another output is used (running statistics, indices), which has no gradient.
        """
        first = self.node.outputs[0]
        if any(name in self.seeds for name in self.node.outputs[1:]) or first not in self.seeds:
            raise self.refusal("one of its further outputs is used")
        return self.seeds[first]

    def wanted(self, index: int) -> bool:
        """Return whether an input depends on the sequence."""
        name = self._input(index)
        return bool(name) and not self.graph.is_constant(name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the first output that is not left out."""
        return self.graph.dtype(self.node.made[0])

    def constant(self, index: int) -> NDArray[Any] | None:
        """Return the value of a constant input; None where it is left out.

        Raises
        ------
        ModelError
            If it depends on the sequence.
        """
        if self.wanted(index):
            raise self.refusal(f"input {index} depends on the sequence")
        return self.known(index)

    def required(self, index: int) -> NDArray[Any]:
        """As `constant`, of an input that no such node lacks."""
        found = self.constant(index)
        assert found is not None
        return found

    def scalar(self, value: float) -> str:
        """Return a constant of the node's type."""
        return self.emit.constant(value, self.dtype)

    def mask(self, condition: str) -> str:
        """Return 1 where a condition holds and 0 elsewhere, in the node's type."""
        from onnx import helper

        return self.emit.add("Cast", condition, to=helper.np_dtype_to_tensor_dtype(self.dtype))

    def only_first(self, gradient: str) -> Gradients:
        """Return ``gradient`` for the first input, and make sure that no other wants one."""
        for index in range(1, len(self.node.inputs)):
            self.constant(index)
        return [gradient]

    def refusal(self, reason: str) -> ModelError:
        """Return the error that says why this node cannot be differentiated."""
        return ModelError(
            f"no gradient through operator {self.node.op_type}: {reason}",
            path=self.graph.path,
            record=f"node {self.node.name!r}",
            remedy="register it with a gradient (gxfast.ism.ops), or use gxfast.ism.saturate, which needs none",
        )
