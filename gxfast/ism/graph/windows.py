"""Windows of positions that a change of one base can reach, tensor by tensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .view import Node

__all__ = ["Analysis", "Window"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a change at each input position can alter in one tensor.

    Attributes
    ----------
    axis : int
        Sequence axis of the tensor.
    length : int
        Its size.
    lo, hi : int64 arrays, shape (L,)
        Inclusive, clipped to the tensor; ``hi == lo - 1`` where nothing changes.
    free_lo, free_hi : int64 arrays, shape (L,)
        Not clipped.
    """

    axis: int
    length: int
    lo: Int64Array
    hi: Int64Array
    free_lo: Int64Array
    free_hi: Int64Array

    @property
    def width(self) -> int:
        """Largest number of positions that one change can alter, ends of the tensor aside."""
        return max(0, int((self.free_hi - self.free_lo).max()) + 1)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Result of `analyse`.

    Attributes
    ----------
    windows : dict of str to Window
    dense : set of str
    barriers : dict of Node to str
        Node to why everything after it depends on everything.
    """

    windows: dict[str, Window] = field(default_factory=dict)
    dense: set[str] = field(default_factory=set)
    barriers: dict[Node, str] = field(default_factory=dict)
