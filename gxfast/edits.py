"""Sequences as edits of one sequence: the batch stays where it is, and only the edited bases are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .encode import as_sequences, complement_bases, one_hot, one_hot_table
from .errors import InputError
from .kernels import backend

__all__ = ["EditedBatches", "Edits"]

UInt8Array = NDArray[np.uint8]
Int64Array = NDArray[np.int64]


class Edits(NamedTuple):
    """Single-base edits of H sequences: row ``i`` has edits ``offset[i]`` to ``offset[i + 1]``.

    Attributes
    ----------
    offset : int64 array, shape (H + 1,)
    position : int64 array, shape (K,)
        0-based position in the sequence.
    base : uint8 array, shape (K,)
        Letter to write.
    """

    offset: Int64Array
    position: Int64Array
    base: UInt8Array

    @classmethod
    def single(cls, positions: Sequence[int] | Int64Array, bases: str | bytes | UInt8Array) -> Edits:
        """Return one edit per row, as `gxfast.saturation_edits` lists them."""
        letters, one = as_sequences(bases)
        at = _positions(positions)
        if not one or at.ndim != 1 or letters.size != at.size:
            raise InputError(f"need one letter per position, found {letters.size} letters for shape {at.shape}")
        return cls(np.arange(at.size + 1), at, np.ascontiguousarray(letters[0]))

    def __repr__(self) -> str:
        return f"Edits({len(self.offset) - 1} rows, {len(self.position)} edits)"

    def reverse_complement(self, length: int) -> Edits:
        """Return the same edits of the reverse complement of a sequence of ``length`` bases."""
        return Edits(self.offset, length - 1 - self.position, complement_bases(self.base))


class EditedBatches:
    """Iterate over edited copies of one sequence, one-hot encoded, without copying it.

    A buffer holds ``batch_size`` encoded copies of the sequence. Each step takes the last edits back and sets
    the next ones, so that a row costs a few nanoseconds per edit however long the sequence is.

    Parameters
    ----------
    sequence : str, bytes, or uint8 array, shape (L,)
    edits : Edits
        One row per sequence wanted: SNVs of haplotypes (`HaplotypeStore.edits`) or mutants (`Edits.single`).
    batch_size : int
    layout, dtype, unknown, channels
        As in `gxfast.one_hot`.

    Yields
    ------
    rows : slice
        Which rows of ``edits`` the batch holds.
    batch : array, shape (B, L, 4) or by layout
        A view of the buffer, to be read before the next step and not written to.

    Raises
    ------
    InputError
        For arguments that do not fit together.

    Attributes
    ----------
    buffer : array
        All ``batch_size`` rows; after the last step every row is the unedited sequence again.
    """

    def __init__(
        self,
        sequence: str | bytes | UInt8Array,
        edits: Edits,
        *,
        batch_size: int = 64,
        layout: str = "NLC",
        dtype: str = "float32",
        unknown: str = "zero",
        channels: str = "ACGT",
    ) -> None:
        rows, single = as_sequences(sequence)
        if not single or not rows.size:
            raise InputError(f"one sequence is needed, found shape {rows.shape}")
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, found {batch_size}")
        length = rows.shape[1]
        offset, position, base = _checked(edits, length)
        self._table, shape = one_hot_table(batch_size, length, layout, dtype, unknown, channels, False)
        self._sequence = rows[0].copy()
        self._edits = Edits(offset, position, base)
        self._channels_first = layout != "NLC"
        self._rows: Any = None
        self.buffer = np.empty(shape, dtype)
        self.buffer[:] = one_hot(rows, layout=layout, dtype=dtype, unknown=unknown, channels=channels)

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-(len(self._edits.offset) - 1) // len(self.buffer))

    def __iter__(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        if self._rows is not None:
            self._rows.reset()  # a loop that was left, or still waits: one is under way at a time
        rows = self._rows = backend().EditedRows(
            self._sequence, self._table.view(np.uint8).reshape(-1), self._channels_first, *self._edits,
            self.buffer.reshape(-1).view(np.uint8),
        )  # fmt: skip
        first = 0
        try:
            while self._rows is rows and (count := rows.step()):
                yield slice(first, first + count), self.buffer[:count]
                first += count
            if self._rows is not rows:
                raise RuntimeError("another loop over the same batches began; the buffer is now its")
        finally:
            # A loop left early must not leave its edits behind.
            if self._rows is rows:
                rows.reset()
                self._rows = None


def _positions(values: Any) -> Int64Array:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise InputError(f"positions must be whole numbers, found {array.dtype}")
    return np.ascontiguousarray(array, np.int64)


def _checked(edits: Edits, length: int) -> Edits:
    offset, position = _positions(edits.offset), _positions(edits.position)
    if np.asarray(edits.base).dtype != np.uint8:
        raise InputError(f"bases must be letters as uint8, found {np.asarray(edits.base).dtype}")
    base = np.ascontiguousarray(edits.base)
    fits = offset.ndim == position.ndim == base.ndim == 1 and offset.size > 0 and position.size == base.size
    if not fits or offset[0] != 0 or offset[-1] != position.size or (np.diff(offset) < 0).any():
        raise InputError(
            f"offset, position and base do not fit together: {offset.shape}, {position.shape}, {base.shape}"
        )
    outside = np.flatnonzero((position < 0) | (position >= length))
    if outside.size:
        k = int(outside[0])
        raise InputError(f"position {position[k]} of edit {k} lies outside the sequence (length {length})")
    return Edits(offset, position, base)
