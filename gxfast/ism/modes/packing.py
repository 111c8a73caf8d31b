"""Several mutations in one sequence: which ones are far enough apart, and who goes with whom."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Graph
from ..graph.windows import Analysis, Window

__all__ = ["Frontier", "assign_passes", "frontier"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Where a graph is cut, and what a change at each position of the input alters there.

    Attributes
    ----------
    tensors : tuple of str
        Tensors with a sequence axis that a node behind the barrier reads, or the output itself.
    axes : tuple of int
        Their sequence axes.
    lo, hi : int64 arrays, shape (n_tensors, L)
        Inclusive, and growing with the position (or falling, where the model reads the other strand), so maybe wider
        than the exact ones.
    live : bool array, shape (L,)
        Whether a change at the position can reach the output at all.
    free_from : int64 array, shape (L,)
        First position that shares nothing with this one on any of the tensors; L if there is none.
    """

    tensors: tuple[str, ...]
    axes: tuple[int, ...]
    lo: Int64Array
    hi: Int64Array
    live: NDArray[np.bool_]
    free_from: Int64Array

    @property
    def distance(self) -> int:
        """Largest distance at which two changes still touch the same position of a tensor, plus one."""
        return int((self.free_from - np.arange(self.free_from.size))[self.live].max(initial=1))


def frontier(graph: Graph, analysis: Analysis) -> Frontier:
    """Find the cut between the part that stays local and the part that mixes all positions."""
    mixing = [node for node in graph.nodes if any(name in analysis.dense for name in node.made)]
    read = [name for node in mixing for name in node.reads if name in analysis.windows]
    if graph.output_name in analysis.windows:
        read.append(graph.output_name)
    tensors = tuple(dict.fromkeys(read))
    windows = [analysis.windows[name] for name in tensors]
    turned = [bool((np.diff(window.free_lo) <= 0).all()) for window in windows]
    bounds = [_growing(_mirrored(one) if back else one) for one, back in zip(windows, turned, strict=True)]
    ends = [
        (one.length - 1 - high, one.length - 1 - low) if back else (low, high)
        for one, (low, high), back in zip(windows, bounds, turned, strict=True)
    ]
    lo, hi = (np.stack([end[i] for end in ends]) for i in (0, 1))
    live = (np.stack([window.hi - window.lo for window in windows]) >= 0).max(axis=0)
    after = [np.searchsorted(low, high, side="right") for low, high in bounds]
    here = np.arange(graph.length) + 1
    free_from = np.maximum.reduce([here, *after])
    return Frontier(tensors, tuple(window.axis for window in windows), lo, hi, live, free_from)


def _mirrored(window: Window) -> Window:
    """Count positions from the other end."""
    last = window.length - 1
    free = last - window.free_hi, last - window.free_lo
    return Window(window.axis, window.length, last - window.hi, last - window.lo, *free)


def _growing(window: Window) -> tuple[Int64Array, Int64Array]:
    """Widen the intervals until both ends grow with the position; empty ones take nothing from their neighbours."""
    empty = window.hi < window.lo
    lo = np.where(empty, window.length, window.lo)
    hi = np.where(empty, -1, window.hi)
    return np.minimum.accumulate(lo[::-1])[::-1].copy(), np.maximum.accumulate(hi)


def assign_passes(first: Int64Array, last: Int64Array, free_from: Sequence[int] | Int64Array) -> Int64Array:
    """Put rows of edits into as few passes as possible, none of whose rows touch each other.

    Parameters
    ----------
    first, last : int64 arrays, shape (H,)
        First and last edited position of each row.
    free_from : int64 array, shape (L,)
        See `Frontier`.

    Returns
    -------
    int64 array, shape (H,)
        Number of the pass of each row.
    """
    result = np.empty(len(first), np.int64)
    busy: list[tuple[int, int]] = []
    for row in np.argsort(first, kind="stable").tolist():
        until = int(free_from[last[row]])
        if busy and busy[0][0] <= first[row]:
            number = heapq.heapreplace(busy, (until, busy[0][1]))[1]
        else:
            number = len(busy)
            heapq.heappush(busy, (until, number))
        result[row] = number
    return result
