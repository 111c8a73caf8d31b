"""Strata of the distance from the TSS: SNVs are compared with those of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .targets import Layout

__all__ = ["reach_of", "strata_edges", "stratum_of", "tss_distance"]

Int64Array = NDArray[np.int64]
# Bases from the TSS to the end of the first stratum; each further one is as long as what lies before it.
NEAREST: Final = 250


def strata_edges(upstream: int, downstream: int) -> tuple[int, ...]:
    """Return the distances from the TSS at which strata begin: 0, 250, 500, 1000, ... on either side of it.

    The outermost stratum of a side is at least half as long as it would be if the window went on.

    Parameters
    ----------
    upstream, downstream : int
        Bases of the window before the TSS, and from the TSS on.
    """
    sides = []
    for reach in (upstream, downstream):
        ends, end = list[int](), NEAREST
        while 2 * reach >= 3 * end:
            ends.append(end)
            end *= 2
        sides.append(ends)
    before = [0] if upstream > 0 else []
    return (*(-end for end in reversed(sides[0])), *before, *sides[1])


def stratum_of(edges: Sequence[int], distance: Int64Array) -> NDArray[np.int16]:
    """Return the stratum of each distance: the number of edges at or below it."""
    return np.searchsorted(np.asarray(edges, np.int64), distance, side="right").astype(np.int16)


def tss_distance(layout: Layout, w: int, position: Int64Array) -> Int64Array:
    """Return the distance of 0-based positions from the TSS of a window, negative before it along the gene's strand."""
    distance = np.asarray(position, np.int64) - int(layout.anchor[w])
    return -distance if layout.strand[w] == "-" else distance


def reach_of(layout: Layout, w: int) -> tuple[int, int]:
    """Return the bases of a window before the TSS, and from it on."""
    before = int(layout.anchor[w] - layout.start[w])
    if layout.strand[w] == "-":
        before = layout.length - 1 - before
    return before, layout.length - before
