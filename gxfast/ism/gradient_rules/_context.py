"""What a reverse rule sees: the node, the gradients of its outputs, and what appends nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ._emitter import Emitter

if TYPE_CHECKING:
    from ..graph.view import Graph, Node

__all__ = ["Gradients", "Reverse", "Rule"]

Gradients: TypeAlias = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Reverse:
    """One node on the way back.

    Attributes
    ----------
    graph : Graph
        Of the forward pass; every size in it is known.
    node : Node
    emit : Emitter
    seeds : mapping of str to str
        Tensor of the forward pass to its gradient.
    """

    graph: Graph
    node: Node
    emit: Emitter
    seeds: Mapping[str, str]

    @property
    def dy(self) -> str:
        """Gradient of the first output.

        Raises
        ------
        ModelError
            If another output is used (running statistics, indices), which has no rule.
        """
        first = self.node.outputs[0]
        if any(name in self.seeds for name in self.node.outputs[1:]) or first not in self.seeds:
            raise self.refusal("one of its further outputs is used")
        return self.seeds[first]

    def name(self, index: int = 0) -> str:
        """Return an input, "" where it is left out."""
        return self.node.inputs[index] if index < len(self.node.inputs) else ""

    def output(self, index: int = 0) -> str:
        """Return an output."""
        return self.node.outputs[index]

    def wanted(self, index: int) -> bool:
        """Return whether an input depends on the sequence."""
        return bool(self.name(index)) and not self.graph.is_constant(self.name(index))

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Return the sizes of an input."""
        return self.graph.shape(self.name(index))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Sizes of the first output."""
        return self.graph.shape(self.output())

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the first output."""
        return self.graph.dtype(self.output())

    def constant(self, index: int) -> NDArray[Any] | None:
        """Return the value of a constant input; None where it is left out.

        Raises
        ------
        ModelError
            If it depends on the sequence.
        """
        if not self.name(index):
            return None
        if not self.graph.is_constant(self.name(index)):
            raise self.refusal(f"input {index} depends on the sequence")
        return self.graph.constant(self.name(index))

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute of the node."""
        return self.node.attributes.get(name, default)

    def scalar(self, value: float) -> str:
        """Return a constant of the node's type."""
        return self.emit.const(value, self.dtype)

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
            remedy="register a rule in gxfast.ism.gradient_rules, or use gxfast.ism.saturate, which needs none",
        )


Rule: TypeAlias = Callable[[Reverse], Gradients]
