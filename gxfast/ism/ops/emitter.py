"""What the gradients of operators append beside what every graph can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...models.onnx_writer import GraphWriter

__all__ = ["MIN_OPSET", "Emitter"]

_MAX_AXES_AS_INPUT: Final = 18
MIN_OPSET: Final = 11  # Pad and Slice take their sizes as inputs since then


class Emitter(GraphWriter):
    """A writer with the sums and maxima that reverse passes need."""

    def largest(self, x: str, axes: Sequence[int]) -> str:
        """Return the maximum over axes, kept as 1."""
        if self.opset < _MAX_AXES_AS_INPUT:
            return self.add("ReduceMax", x, axes=[int(axis) for axis in axes], keepdims=1)
        return self.add("ReduceMax", x, self.sizes(axes), keepdims=1)

    def unbroadcast(self, x: str, shape: Sequence[int], target: Sequence[int]) -> str:
        """Return ``x`` of ``shape`` summed to ``target``, which broadcasts to ``shape``."""
        shape, target = tuple(shape), tuple(target)
        if shape == target:
            return x
        lead = len(shape) - len(target)
        axes = [i for i, size in enumerate(shape) if i < lead or (target[i - lead] == 1 and size != 1)]
        summed = self.sum(x, axes)
        return summed if lead == 0 else self.reshape(summed, target)

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
