"""Ragged rows of allele indices: what each haplotype carries, one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows"]

Int64Array = NDArray[np.int64]


class Rows(NamedTuple):
    """Row ``i`` is ``values[offset[i]:offset[i + 1]]``, ascending.

    Attributes
    ----------
    offset : int64 array, shape (N + 1,)
    values : int32 array, shape (K,)
        Indices into the alleles of a variant table.
    """

    offset: Int64Array
    values: NDArray[np.int32]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.offset) - 1

    def row_of_each(self) -> Int64Array:
        """Return the row that each value belongs to, shape (K,)."""
        return np.repeat(np.arange(self.n), np.diff(self.offset))

    def take(self, chosen: NDArray[Any]) -> Rows:
        """Return some rows, in the order given."""
        lengths = np.diff(self.offset)[chosen]
        offset = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offset[1:])
        within = np.arange(offset[-1]) - np.repeat(offset[:-1], lengths)
        return Rows(offset, self.values[np.repeat(self.offset[:-1][chosen], lengths) + within])

    def where(self, keep: NDArray[np.bool_]) -> Rows:
        """Return the same rows with only the values for which ``keep`` (K,) holds."""
        kept = np.zeros(len(keep) + 1, np.int64)
        np.cumsum(keep, out=kept[1:])
        return Rows(kept[self.offset], self.values[keep])

    def after_empty(self) -> Rows:
        """Return the rows with an empty one (the reference) before them."""
        return Rows(np.concatenate([[0], self.offset]), self.values)
