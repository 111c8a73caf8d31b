"""Readable twins of the compiled kernels: the specification, and the oracle of the parity tests.

Same names and arguments as ``gxfast/_kernels.pyi``. Written to be obviously right, not fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
Int64Array = NDArray[np.int64]
Int8Array = NDArray[np.int8]
Int32Array = NDArray[np.int32]
# One base of a haplotype: (letter, reference position or -1)
Base = tuple[int, int]
# Reference interval [start, end) and the letters that replace it
Edit = tuple[int, int, bytes]


def one_hot(
    sequences: UInt8Array,
    table: NDArray[Any],
    channels_first: bool,
    reverse: bool,
    stream: bool,
    out: NDArray[Any],
    n_threads: int,
) -> None:
    """Look every byte up in ``table`` (256, 4); write (n, L, 4), or (n, 4, L) with ``channels_first``."""
    read = sequences[:, ::-1] if reverse else sequences
    rows = table.reshape(256, 4)[read]
    out[...] = (rows.transpose(0, 2, 1) if channels_first else rows).reshape(out.shape)


def translate(sequences: UInt8Array, table: UInt8Array, reverse: bool, out: UInt8Array, n_threads: int) -> None:
    """Replace every byte by ``table[byte]``, reversing each row if asked."""
    out[...] = table[sequences[:, ::-1] if reverse else sequences]


def one_hot_text(
    text: str, letters: bytes, table: NDArray[Any], stream: bool, out: NDArray[Any], n_threads: int
) -> int:
    """Encode a text as (L, 4) and return -1; or the place of its first letter outside ``letters``, -2 if not ASCII.

    Without ``letters`` all are allowed.
    """
    if not text.isascii():
        return -2
    raw = np.frombuffer(text.encode("ascii"), np.uint8)
    if letters:
        outside = np.flatnonzero(~np.isin(raw, np.frombuffer(letters, np.uint8)))
        if outside.size:
            return int(outside[0])
    out[...] = table[raw].reshape(out.shape)
    return -1


def one_hot_faults(x: NDArray[Any]) -> int:
    """Say why (N, C, L) is not one-hot: 1 other values than 0 and 1, + 2 several ones at a place, + 4 none at one."""
    ones = (x == 1).sum(axis=1, dtype=np.int64)
    faults = (bool(((x != 0) & (x != 1)).any()), bool((ones > 1).any()), bool((ones == 0).any()))
    return faults[0] + 2 * faults[1] + 4 * faults[2]


class Variants:
    """Variants with their alleles: see ``VariantTable`` in csrc/core/include/gxfast/haplotype.hpp."""

    def __init__(
        self,
        position: Int64Array,
        ref_length: Int64Array,
        first_allele: Int64Array,
        allele_offset: Int64Array,
        bases: UInt8Array,
    ) -> None:
        self.position = [int(p) for p in position]
        self.ref_length = [int(n) for n in ref_length]
        letters = [
            bytes(bases[allele_offset[i] : allele_offset[i + 1]].tobytes()) for i in range(int(first_allele[-1]))
        ]
        self.first_allele = [int(i) for i in first_allele]
        self.alleles = [letters[first_allele[v] : first_allele[v + 1]] for v in range(len(self.position))]

    def extends_after_anchor(self, variant: int, allele: int) -> bool:
        """Whether the allele keeps its first base and only adds or removes bases after it."""
        ref, alt = self.alleles[variant][0], self.alleles[variant][allele]
        return len(alt) != self.ref_length[variant] and ref[:1] == alt[:1] != b""

    def is_pure_indel(self, variant: int, allele: int) -> bool:
        """Whether the allele only adds or only removes bases, and not before its first one."""
        ref, alt = self.alleles[variant][0], self.alleles[variant][allele]
        if not self.extends_after_anchor(variant, allele) or len(ref) != self.ref_length[variant]:
            return self.extends_after_anchor(variant, allele) and len(alt) == 1
        shorter, longer = sorted((ref, alt), key=len)
        cut = len(longer) - len(shorter)
        return any(longer[:at] + longer[at + cut :] == shorter for at in range(1, len(shorter) + 1))

    def record_of(self, allele: int) -> tuple[int, int]:
        """Record and number within it of an allele index."""
        v = max(v for v in range(len(self.position)) if self.first_allele[v] <= allele)
        return v, allele - self.first_allele[v]

    def edits(self, alleles: Iterable[int]) -> list[Edit]:
        """Reference intervals [start, end) and the letters that replace them, left to right."""
        found = []
        for v, a in map(self.record_of, alleles):
            skip = int(self.extends_after_anchor(v, a))
            start, end = self.position[v] + skip, self.position[v] + self.ref_length[v]
            found.append((start, end, self.alleles[v][a][skip:]))
        return found


def _split(offset: Int64Array, alleles: Int32Array) -> list[list[int]]:
    return [alleles[begin:end].tolist() for begin, end in pairwise(offset.tolist())]


def _join(rows: list[list[int]]) -> tuple[Int64Array, Int32Array]:
    offset = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return offset, np.array([allele for row in rows for allele in row], np.int32)


def carried_alleles(calls: Int8Array, first_allele: Int64Array) -> tuple[Int64Array, Int32Array]:
    """Allele indices that each haplotype (column) carries."""
    rows = [
        [int(first_allele[v]) + int(calls[v, h]) for v in np.flatnonzero(calls[:, h])] for h in range(calls.shape[1])
    ]
    return _join(rows)


def unique_rows(offset: Int64Array, alleles: Int32Array) -> tuple[Int32Array, Int64Array]:
    """Distinct rows in order of first appearance: index per row, first row of each."""
    seen: dict[tuple[int, ...], int] = {}
    index, first = [], []
    for i, row in enumerate(map(tuple, _split(offset, alleles))):
        if row not in seen:
            seen[row] = len(seen)
            first.append(i)
        index.append(seen[row])
    return np.array(index, np.int32), np.array(first, np.int64)


def join_rows(parts: list[tuple[Int64Array, Int32Array]], shifts: Int64Array) -> tuple[Int64Array, Int32Array]:
    """Rows of several parts end to end, with ``shifts[p]`` added to the values of part ``p``."""
    split = [_split(offset, alleles + np.int32(shift)) for (offset, alleles), shift in zip(parts, shifts, strict=True)]
    return _join([[allele for row in rows for allele in row] for rows in zip(*split, strict=True)])


def rows_in_window(
    variants: Variants, offset: Int64Array, alleles: Int32Array, chosen: Int64Array, low: int, high: int
) -> tuple[Int64Array, Int32Array]:
    """The alleles of some rows whose records touch reference interval [low, high)."""

    def touches(allele: int) -> bool:
        v, _ = variants.record_of(allele)
        return variants.position[v] < high and variants.position[v] + variants.ref_length[v] > low

    rows = _split(offset, alleles)
    return _join([[allele for allele in rows[i] if touches(allele)] for i in chosen.tolist()])


def resolve_overlaps(variants: Variants, offset: Int64Array, alleles: Int32Array) -> tuple[Int64Array, Int32Array]:
    """First record wins: the alleles of each row that take effect."""
    return _join([_in_effect(variants, row) for row in _split(offset, alleles)])


def _in_effect(variants: Variants, row: list[int]) -> list[int]:
    kept: list[int] = []
    taken, after_insertion = None, False  # last reference base already taken
    for allele in row:
        v, a = variants.record_of(allele)
        position, ref_length = variants.position[v], variants.ref_length[v]
        free = taken is None or position > taken
        extends = position == taken and variants.is_pure_indel(v, a) and not after_insertion
        if free or extends:
            kept.append(allele)
            taken = position + ref_length - 1
            after_insertion = len(variants.alleles[v][a]) > ref_length
    return kept


def _reference_base(reference: UInt8Array, reference_start: int, position: int) -> Base:
    index = position - reference_start
    return (int(reference[index]) if 0 <= index < reference.size else ord("N"), position)


def _personal_bases(
    edits: list[Edit], reference: UInt8Array, reference_start: int, begin: int, end: int
) -> list[tuple[Base, Edit | None]]:
    """The haplotype from ``begin`` to ``end``: every base with the edit that wrote it, if any."""
    bases: list[tuple[Base, Edit | None]] = []
    cursor = begin
    for edit in edits:
        start, stop, letters = edit
        bases += [(_reference_base(reference, reference_start, p), None) for p in range(cursor, start)]
        for i, letter in enumerate(letters):
            bases.append(((letter, start + i if start + i < stop else -1), edit))
        cursor = stop
    return bases + [(_reference_base(reference, reference_start, p), None) for p in range(cursor, end)]


def _anchored(
    variants: Variants,
    alleles: list[int],
    reference: UInt8Array,
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
) -> tuple[list[Base], int, int, bool]:
    """Bases of the window, first and one past the last reference position needed, anchor deleted."""
    edits = variants.edits(alleles)
    reach = left + right + sum(stop - start for start, stop, _ in edits)
    lowest = min([anchor - reach] + [start for start, _, _ in edits])
    highest = max([anchor + reach] + [stop for _, stop, _ in edits])
    personal = _personal_bases(edits, reference, reference_start, lowest, highest)
    positions = [position for (_, position), _ in personal]
    covering = [edit for edit in edits if edit[0] <= anchor < edit[1]]
    deleted = anchor not in positions
    if deleted:
        # A deleted anchor hands over to whatever follows the edit that covers it.
        upto = edits[: edits.index(covering[0]) + 1]
        at = len(_personal_bases(upto, reference, reference_start, lowest, covering[0][1]))
    else:
        at = positions.index(anchor)
    window = personal[at - left : at + right]
    needed = [_needed(base, edit) for base, edit in window] + [_needed((0, anchor), edit) for edit in covering]
    first = min([anchor] + [start for start, _ in needed])
    last = max([anchor] + [stop for _, stop in needed])
    return [base for base, _ in window], first, last, deleted


def _needed(base: Base, edit: Edit | None) -> tuple[int, int]:
    """Reference interval a base depends on; an insertion stands between two bases and needs both."""
    if edit is None:
        return base[1], base[1] + 1
    start, stop, _ = edit
    return (start - 1, stop + 1) if start == stop else (start, stop)


def haplotype_extents(
    variants: Variants,
    offset: Int64Array,
    alleles: Int32Array,
    reference: UInt8Array,
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: Int64Array,
) -> None:
    """Per haplotype: first and one past the last reference position needed; 1 if the anchor is deleted."""
    for h, row in enumerate(_split(offset, alleles)):
        _, first, last, deleted = _anchored(variants, row, reference, reference_start, anchor, left, right)
        out[h] = first, last, int(deleted)


def haplotype_bases(
    variants: Variants,
    offset: Int64Array,
    alleles: Int32Array,
    reference: UInt8Array,
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: UInt8Array,
    n_threads: int,
) -> None:
    """Per haplotype: the ``left + right`` letters around the anchor, which lands on index ``left``."""
    for h, row in enumerate(_split(offset, alleles)):
        bases = _anchored(variants, row, reference, reference_start, anchor, left, right)[0]
        out[h] = [letter for letter, _ in bases]


def haplotype_one_hot(
    variants: Variants,
    offset: Int64Array,
    alleles: Int32Array,
    reference: UInt8Array,
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    table: NDArray[Any],
    channels_first: bool,
    reverse: bool,
    stream: bool,
    out: NDArray[Any],
    n_threads: int,
) -> None:
    """`haplotype_bases`, then `one_hot` of them."""
    letters = np.empty((len(offset) - 1, left + right), np.uint8)
    haplotype_bases(variants, offset, alleles, reference, reference_start, anchor, left, right, letters, n_threads)
    one_hot(letters, table, channels_first, reverse, stream, out, n_threads)


def haplotype_positions(
    variants: Variants,
    offset: Int64Array,
    alleles: Int32Array,
    reference: UInt8Array,
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: Int64Array,
    n_threads: int,
) -> None:
    """Per haplotype: the reference position of each base, -1 for inserted ones and before the contig."""
    for h, row in enumerate(_split(offset, alleles)):
        bases = _anchored(variants, row, reference, reference_start, anchor, left, right)[0]
        out[h] = [max(-1, position) for _, position in bases]


def consensus(
    variants: Variants,
    offset: Int64Array,
    alleles: Int32Array,
    reference: UInt8Array,
    reference_start: int,
    start: int,
    end: int,
) -> list[bytes]:
    """Per haplotype: the sequence of reference window [start, end) as ``bcftools consensus`` writes it."""
    found = []
    for row in _split(offset, alleles):
        letters = bytearray()
        cursor = start
        for begin, stop, alt in variants.edits(row):
            insertion = begin == stop
            # An insertion belongs to the base before it, a replacement to the bases it replaces.
            inside = start < begin <= end if insertion else begin < end and stop > start
            if inside:
                letters += bytes(_reference_base(reference, reference_start, p)[0] for p in range(cursor, begin))
                # A record that reaches past the window gives only the letters that replace bases inside it.
                letters += alt[max(0, start - begin) : end - begin if stop > end else len(alt)]
                cursor = max(cursor, stop)
        letters += bytes(_reference_base(reference, reference_start, p)[0] for p in range(cursor, end))
        found.append(bytes(letters))
    return found


def list_saturation_edits(sequence: UInt8Array, start: int, end: int, positions: Int64Array, bases: UInt8Array) -> int:
    """Write (position, base) of every single-base change in [start, end); return how many."""
    edits = [(i, base) for i in range(start, end) for base in b"ACGT" if sequence[i] != base]
    positions[: len(edits)] = [i for i, _ in edits]
    bases[: len(edits)] = [base for _, base in edits]
    return len(edits)


def write_mutants(
    sequence: UInt8Array, positions: Int64Array, bases: UInt8Array, out: UInt8Array, n_threads: int
) -> None:
    """Row k is ``sequence`` with ``positions[k]`` set to ``bases[k]``."""
    out[...] = sequence
    out[np.arange(len(positions)), positions] = bases


class EditedRows:
    """Set the edits of the next rows in a batch of equal one-hot rows, after taking the last ones back."""

    def __init__(
        self,
        sequence: UInt8Array,
        table: UInt8Array,
        channels_first: bool,
        offset: Int64Array,
        position: Int64Array,
        base: UInt8Array,
        batch: UInt8Array,
    ) -> None:
        dtype = f"u{table.size // 1024}"
        self._sequence, self._table = sequence, table.view(dtype).reshape(256, 4)
        rows = batch.view(dtype)
        self._batch = (
            rows.reshape(-1, 4, sequence.size).transpose(0, 2, 1)
            if channels_first
            else rows.reshape(-1, sequence.size, 4)
        )
        self._offset, self._position, self._base = offset, position, base
        self._first, self._count = 0, 0

    def reset(self) -> None:
        """Take everything back and start over."""
        for k in range(self._count):
            for e in range(self._offset[self._first + k], self._offset[self._first + k + 1]):
                self._batch[k, self._position[e]] = self._table[self._sequence[self._position[e]]]
        self._first = self._count = 0

    def step(self) -> int:
        """Set the next rows; return how many, 0 at the end."""
        first = self._first + self._count
        self.reset()
        self._first = first
        self._count = min(len(self._batch), len(self._offset) - 1 - first)
        for k in range(self._count):
            for e in range(self._offset[first + k], self._offset[first + k + 1]):
                self._batch[k, self._position[e]] = self._table[self._base[e]]
        return self._count
