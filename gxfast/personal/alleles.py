"""Allele texts packed into the arrays that the kernels read, and back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "Table", "allele_texts", "concatenate_tables", "make_table", "with_alleles"]

Int64Array = NDArray[np.int64]
# position, ref_length, first_allele, allele_offset, bases: the arguments of ``Variants``
Table = tuple[Int64Array, Int64Array, Int64Array, Int64Array, NDArray[np.uint8]]


def with_alleles(table: Table, replaced: dict[int, bytes], added: dict[int, list[bytes]]) -> Table:
    """Rebuild the allele texts with some replaced (by allele index) and some added (by record)."""
    if not replaced and not added:
        return table
    texts = allele_texts(table)
    for allele, text in replaced.items():
        v = int(np.searchsorted(table[2], allele, side="right")) - 1
        texts[v][allele - int(table[2][v])] = text
    for v, extra in added.items():
        texts[v] += extra
    return make_table(table[0], table[1], texts)


def allele_texts(table: Table) -> list[list[bytes]]:
    """Letters of the alleles of every record, REF first."""
    _, _, first_allele, offset, bases = table
    texts = [bases[begin:end].tobytes() for begin, end in pairwise(offset.tolist())]
    return [texts[begin:end] for begin, end in pairwise(first_allele.tolist())]


def make_table(position: Int64Array, ref_length: Int64Array, texts: list[list[bytes]]) -> Table:
    """The inverse of `allele_texts`."""
    flat = [text for alleles in texts for text in alleles]
    firsts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    offsets = np.cumsum([0, *map(len, flat)], dtype=np.int64)
    return position, ref_length, firsts, offsets, np.frombuffer(b"".join(flat), np.uint8)


def concatenate_tables(tables: list[Table]) -> Table:
    """The table of consecutive stretches of one contig."""

    def joined(index: int) -> Int64Array:
        shifts = np.cumsum([0, *(int(table[index][-1]) for table in tables)])
        parts = [table[index][:-1] + shift for table, shift in zip(tables, shifts[:-1], strict=True)]
        return np.concatenate([*parts, shifts[-1:]]).astype(np.int64)

    position, ref_length, bases = (np.concatenate([table[i] for table in tables]) for i in (0, 1, 4))
    return position, ref_length, joined(2), joined(3), bases


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

    def with_empty(self) -> Rows:
        """Return the rows with an empty one after them."""
        return Rows(np.append(self.offset, self.offset[-1]), self.values)

    def after_empty(self) -> Rows:
        """Return the rows with an empty one (the reference) before them."""
        return Rows(np.concatenate([[0], self.offset]), self.values)
