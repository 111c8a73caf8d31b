"""How the difference between a sequence and its references goes back through an operator: multipliers of DeepLIFT.

Row 0 of every tensor is the sequence, the others are references. A multiplier m of an input says that its difference dx
contributes m * dx to that of the output; over all inputs that is the output's difference, exactly:

- linear operators: the gradient;
- functions of one number: the rescale rule, df / dx; the derivative at the sequence where ``|dx| < NEAR``
  (Shrikumar, Greenside, Kundaje 2017; the threshold is tangermeme's);
- products of two tensors, squares: the gradient at the middle between sequence and reference, so that either gets half
  of what both do together;
- maxima, quotients, softmax and normalizations have rules of their own beside their gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from ...errors import ModelError
from .context import Gradients, NodeContext, Reverse

__all__ = ["NEAR", "Multiplier", "Rescale", "at_middle", "rescaled"]

NEAR: Final = 1e-6
_BOOL: Final = 9  # of ONNX's types


@dataclass(frozen=True, slots=True)
class Rescale(Reverse):
    """One node on the way back of contributions.

    Attributes
    ----------
    rows : mapping of str to int
        Tensor of the forward pass to the axis of its rows; -1 where none has them alone.
    seen : str
        What `name` and `output` give of a tensor that depends on the sequence: ``"all"`` of its rows; ``"sequence"``,
        row 0 alone; or ``"middle"``, every row's middle with row 0.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    seen: str = "all"

    def name(self, index: int = 0) -> str:
        """Return an input as it is ``seen``; constants as they are."""
        name = NodeContext.name(self, index)
        return self._view(name) if self.wanted(index) else name

    def output(self, index: int = 0) -> str:
        """Return an output as it is ``seen``."""
        return self._view(NodeContext.output(self, index))

    def _view(self, tensor: str) -> str:
        if self.seen == "all":
            return tensor
        return self.first(tensor) if self.seen == "sequence" else self.middle(tensor)

    def first(self, tensor: str) -> str:
        """Return row 0 of a tensor, that of the sequence; what rules made has its rows on the first axis.

        Raises
        ------
        ModelError
            If the rows lie elsewhere.
        """
        axis = self.rows.get(tensor)
        if axis is None:
            inputs = [self.rows[name] for i, name in enumerate(self.node.inputs) if self.wanted(i)]
            axis = 0 if set(inputs) == {0} else -1
        if axis < 0:
            raise self.refusal("the batch is not its first axis, or is joined with another one")
        return self.emit.slice(tensor, axis, 0, 1)

    def middle(self, tensor: str) -> str:
        """Return the mean of every row and row 0."""
        return self.emit.add("Mul", self.emit.add("Add", tensor, self.first(tensor)), self.scalar(0.5))

    def change(self, tensor: str) -> str:
        """Return every row minus row 0."""
        return self.emit.add("Sub", tensor, self.first(tensor))

    def ratio(self, above: str, below: str, otherwise: str, *, near: float = NEAR) -> str:
        """Return above / below; where below is nearer to 0 than ``near`` (or 0, for 0) what is there otherwise."""
        e = self.emit
        if near:
            there = e.add("Less", e.add("Abs", below), self.scalar(near))
            return e.add("Where", there, otherwise, e.add("Div", above, below))
        return e.add("Where", e.add("Cast", below, to=_BOOL), e.add("Div", above, below), otherwise)

    def refusal(self, reason: str) -> ModelError:
        """Return the error that says why differences cannot be taken through this node."""
        return ModelError(
            f"no contributions through operator {self.node.op_type}: {reason}",
            path=self.graph.path,
            record=f"node {self.node.name!r}",
            remedy="use gxfast.ism.saturate, which needs no rule, or gxfast.ism.input_gradient; or register the "
            "operator with a multiplier (gxfast.ism.ops)",
        )


Multiplier: TypeAlias = Callable[[Rescale], Gradients]


def rescaled(gradient: Callable[[Reverse], Gradients]) -> Multiplier:
    """Return the rescale rule of a function of single numbers, of its gradient; its other inputs are constants."""

    def multiplier(r: Rescale) -> Gradients:
        wanted = [index for index in range(len(r.node.inputs)) if r.wanted(index)]
        if len(wanted) != 1 or r.shape(wanted[0]) != r.output_shape():
            raise r.refusal("it combines several tensors that depend on the sequence, or repeats one")
        (index,) = wanted
        slope = gradient(replace(r, seen="sequence"))[index]
        if slope is None:
            raise r.refusal("it has no slope")
        change = r.change(r.name(index))
        moved = r.emit.add("Mul", r.dy, r.change(r.output()))
        return [r.ratio(moved, change, slope) if i == index else None for i in range(len(r.node.inputs))]

    return multiplier


def at_middle(gradient: Callable[[Reverse], Gradients]) -> Multiplier:
    """Return the rule of products and squares: the gradient in the middle, or of all but one constants the gradient."""
    return lambda r: gradient(replace(r, seen="middle"))
