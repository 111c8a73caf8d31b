"""Variants and texts as whole numbers: what is compared, sorted or looked up a million times is no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...types import VariantTable
from ..contigs import ContigNames
from .orient import turned_table

__all__ = ["ELSEWHERE", "coded", "combined", "in_one_spelling", "one_name_per_contig"]

Codes = tuple[NDArray[np.int64], int]
ELSEWHERE: Final = "at no position of the labels, on "  # of a contig: counts of scores that are left out unread
_MOST: Final = 1 << 62


def coded(values: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the sorted distinct entries of an array of texts or numbers, and the place of each entry among them."""
    if values.dtype == "U1" and values.size:
        points = np.ascontiguousarray(values).view(np.uint32)
        if points.max() < 256:
            there = np.bincount(points, minlength=256) > 0
            return [chr(c) if c else "" for c in np.flatnonzero(there)], (np.cumsum(there) - 1)[points]
    entries = values.tolist()
    names = sorted(set(entries))
    place = {name: i for i, name in enumerate(names)}
    return names, np.fromiter(map(place.__getitem__, entries), np.int64, len(entries))


def combined(parts: Sequence[Codes]) -> NDArray[np.int64]:
    """Return one number per row from numbers 0 to n - 1 of several columns: equal where all are equal."""
    key, size = parts[0]
    for code, n in parts[1:]:
        if size * n > _MOST:
            names, key = np.unique(key, return_inverse=True)
            size, key = names.size, key.reshape(-1)
        if size * n > _MOST:
            names, code = np.unique(code, return_inverse=True)
            n, code = names.size, code.reshape(-1)
        key, size = key * n + code, size * n
    return key


def one_name_per_contig(chrom: NDArray[np.str_]) -> NDArray[np.str_]:
    """Spell each contig in one way, the first in the alphabet: ``1`` beside ``chr1`` is one contig."""
    names, code = coded(chrom)
    known = ContigNames(dict.fromkeys(names))
    spelled = [known.same(name) for name in names]
    return chrom if spelled == names else np.array(spelled, np.str_)[code]


def in_one_spelling(table: VariantTable) -> VariantTable:
    """Spell variants that are one in one way: names of contigs, and two alleles of one length that stand in both orders
    at a place. Of an insertion and a deletion at one place only the reference tells whether they are one.
    """
    table = replace(table, chrom=one_name_per_contig(table.chrom))
    n = len(table)
    letters, allele = coded(np.concatenate([table.ref, table.alt]))
    ref, alt = allele[:n], allele[n:]
    length = np.array([len(one) for one in letters], np.int64)
    swapped = (ref > alt) & (length[ref] == length[alt])
    if not swapped.any() or swapped.all():
        return table
    contigs, chrom = coded(table.chrom)
    sizes = (len(contigs), int(table.position.max()) + 1, len(letters), len(letters))
    parts = (chrom, table.position, np.minimum(ref, alt), np.maximum(ref, alt))
    place = combined(list(zip(parts, sizes, strict=True)))
    others = np.sort(place[(ref < alt) & (length[ref] == length[alt])])
    found = others[np.searchsorted(others, place).clip(max=others.size - 1)] == place if others.size else False
    return turned_table(table, swapped & found)
