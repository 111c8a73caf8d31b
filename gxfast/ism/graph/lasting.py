"""Constants that do not depend on how many bases a model reads, nor on where in them a position is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .view import Graph, Node

__all__ = ["same_constants"]

# Operators whose constants of whole numbers say which positions are taken: what a base reaches tells those.
_PLACES: Final = {
    "Compress", "ConstantOfShape", "Expand", "Gather", "GatherElements", "GatherND", "Pad", "Reshape", "Resize",
    "ScatterElements", "ScatterND", "Slice", "Split", "Tile", "Upsample",
}  # fmt: skip


def same_constants(one: Graph, other: Graph, nodes: Iterable[Node]) -> bool:
    """Return whether some nodes of a graph read the values that they read in the same graph for another length.

    Position features, or a scale that a model makes of its length, are other constants then. A constant that is the
    same at all positions is the same for any number of them.
    """
    return all(
        other.is_constant(name) and _same(one, other, name)
        for node in nodes
        for name in node.reads
        if one.is_constant(name) and not (node.op_type in _PLACES and one.dtype(name).kind in "iu")
    )


def _same(one: Graph, other: Graph, name: str) -> bool:
    (mine,), (theirs,) = one.stored([name]), other.stored([name])
    if mine == theirs:  # as stored, in the file or in memory: large ones are not read
        return True
    if len(mine.dims) != len(theirs.dims):
        return False
    axes = [i for i, (a, b) in enumerate(zip(mine.dims, theirs.dims, strict=True)) if a != b]
    first = tuple(slice(0, 1) if i in axes else slice(None) for i in range(len(mine.dims)))
    values = one.constant(name), other.constant(name)
    return all(_constant_along(value, value[first]) for value in values) and _equal(values[0][first], values[1][first])


def _constant_along(value: NDArray[Any], first: NDArray[Any]) -> bool:
    return _equal(value, np.broadcast_to(first, value.shape))


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
