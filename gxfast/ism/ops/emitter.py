"""Append nodes to a graph under construction, in the forms that its opset knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_OPSET", "Emitter"]

MIN_OPSET: Final = 11  # Pad and Slice take their sizes as inputs since then
_REDUCE_SUM_INPUT: Final = 13  # ReduceSum took its axes as an attribute before


class Emitter:
    """Makes nodes and constants with names that the graph does not use yet.

    Parameters
    ----------
    opset : int
        Version of ONNX's own operators, at least `MIN_OPSET`.
    taken : set of str
        Names of tensors that exist.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    initializers : list of onnx.TensorProto
    """

    def __init__(self, opset: int, taken: set[str]) -> None:
        self.opset, self._taken = opset, set(taken)
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def fresh(self, stem: str) -> str:
        """Return a name that no tensor has."""
        name, i = f"gradient/{stem}", 0
        while name in self._taken:
            name, i = f"gradient/{stem}_{len(self._taken) + i}", i + 1
        self._taken.add(name)
        return name

    def op(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output; return the output. ``domain`` may be among the attributes."""
        from onnx import helper

        output = self.fresh(op_type)
        node = helper.make_node(op_type, list(inputs), [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def const(self, values: Any, dtype: Any = None) -> str:
        """Return the name of a constant; equal ones are stored once."""
        from onnx import numpy_helper

        array: NDArray[Any] = np.array(values, dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.fresh("constant")
            self.initializers.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def sizes(self, values: Sequence[int]) -> str:
        """Return the name of a constant int64 vector."""
        return self.const(list(values), np.int64)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """Return ``x`` with the same values in another shape."""
        return self.op("Reshape", x, self.sizes(shape))

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """Return ``x`` with its axes in this order."""
        order = [int(axis) for axis in order]
        return x if order == list(range(len(order))) else self.op("Transpose", x, perm=order)

    def sum(self, x: str, axes: Sequence[int], *, keepdims: bool = True) -> str:
        """Return the sum over ``axes``."""
        if not axes:
            return x
        if self.opset < _REDUCE_SUM_INPUT:
            return self.op("ReduceSum", x, axes=[int(a) for a in axes], keepdims=int(keepdims))
        return self.op("ReduceSum", x, self.sizes(axes), keepdims=int(keepdims))

    def unbroadcast(self, x: str, shape: Sequence[int], target: Sequence[int]) -> str:
        """Return ``x`` of ``shape`` summed to ``target``, which broadcasts to ``shape``."""
        shape, target = tuple(shape), tuple(target)
        if shape == target:
            return x
        lead = len(shape) - len(target)
        axes = [i for i, size in enumerate(shape) if i < lead or (target[i - lead] == 1 and size != 1)]
        summed = self.sum(x, axes)
        return summed if lead == 0 else self.reshape(summed, target)

    def pad(self, x: str, before: Sequence[int], after: Sequence[int]) -> str:
        """Return ``x`` with zeros around it; negative numbers cut."""
        for amount, cut in ((before, True), (after, False)):
            axes = [i for i, size in enumerate(amount) if size < 0]
            if axes and cut:
                starts, ends = [-before[i] for i in axes], [np.iinfo(np.int64).max] * len(axes)
            elif axes:
                starts, ends = [0] * len(axes), [after[i] for i in axes]
            if axes:
                x = self.op("Slice", x, self.sizes(starts), self.sizes(ends), self.sizes(axes))
        positive = [max(0, int(size)) for size in (*before, *after)]
        return self.op("Pad", x, self.sizes(positive)) if any(positive) else x

    def take(self, x: str, indices: NDArray[np.int64], axis: int) -> str:
        """Return ``x`` at constant indices of one axis."""
        return self.op("Gather", x, self.const(indices, np.int64), axis=axis)

    def scatter_add(self, x: str, rank: int, axis: int, positions: NDArray[np.int64], size: int) -> str:
        """Return zeros of length ``size`` on ``axis`` with slice i of ``x`` added at ``positions[i]``."""
        counts = np.bincount(positions, minlength=size)
        order = np.argsort(positions, kind="stable")
        # Row j lists what adds up to slice j; the rest of the row points at a slice of zeros behind the last one.
        table = np.full((size, max(1, int(counts.max(initial=0)))), len(positions), np.int64)
        rank_in_row = np.arange(len(positions)) - np.repeat(np.cumsum(counts) - counts, counts)
        table[positions[order], rank_in_row] = order
        if (counts != 1).any():
            x = self.pad(x, [0] * rank, [int(i == axis) for i in range(rank)])
        if table.shape[1] == 1:
            return self.take(x, table[:, 0], axis)
        return self.sum(self.take(x, table, axis), [axis + 1], keepdims=False)
