"""Alleles of one record that replace different numbers of reference bases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..io.genotypes import Genotypes
from .alleles import Table, allele_texts, make_table

__all__ = ["split_spans"]


def split_spans(
    genotypes: Genotypes, table: Table, calls: NDArray[np.int8]
) -> tuple[Table, NDArray[np.int8], NDArray[np.int64]]:
    """Give alleles of one record that replace different numbers of reference bases a record each.

    Also returns which of the records given each of the new ones is of.
    """
    if genotypes.spans is None:
        return table, calls, np.arange(len(calls))
    lengths = [_carried_spans(genotypes, v, calls[v]) for v in range(len(calls))]
    rows = np.repeat(np.arange(len(calls)), [len(found) for found in lengths])
    texts = allele_texts(table)
    calls, ref_length = calls[rows], table[1][rows]
    groups = [group for found in lengths for group in found.items()]
    for row, (span, numbers) in enumerate(groups):
        ref_length[row] = span
        calls[row][~np.isin(calls[row], numbers)] = 0
    return make_table(table[0][rows], ref_length, [texts[v] for v in rows]), calls, rows


def _carried_spans(genotypes: Genotypes, v: int, calls: NDArray[np.int8]) -> dict[int, list[int]]:
    """Numbers of the carried alleles of a record by how many reference bases they replace; at least one entry."""
    first, last = int(genotypes.first_allele[v]), int(genotypes.first_allele[v + 1])
    spans = genotypes.allele_spans()[first:last].tolist()
    found: dict[int, list[int]] = {}
    for number in np.unique(calls[calls > 0]).tolist():
        # Alleles that a policy added stand for REF.
        found.setdefault(spans[number] if number < last - first else spans[0], []).append(number)
    return found or {spans[0]: []}
