"""Sequences as edits of one sequence: the batch stays where it is, and only the edited bases are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from .._threads import resolve_threads
from ..errors import InputError
from ..kernels import backend
from ..kernels.arguments import array_of, checked_size, whole_number, whole_numbers
from ..kernels.streaming import aligned_array
from .alphabet import as_sequences
from .one_hot import channels_first, complement_bases, one_hot, one_hot_table, output_array

__all__ = ["EditedBatches", "Edits", "apply_edits", "checked_edits", "saturation_edits", "saturation_mutants"]

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
        at = whole_numbers(positions, "positions", ("M",))
        letters, one = as_sequences(bases, "bases")
        if not one or letters.size != at.size:
            raise InputError(f"bases must be one letter per position, found {letters.size} for {at.size} positions")
        return cls(np.arange(at.size + 1), at, letters[0])

    def __repr__(self) -> str:
        return f"Edits({len(self.offset) - 1} rows, {len(self.position)} edits)"

    def reverse_complement(self, length: int) -> Edits:
        """Return the same edits of the reverse complement of a sequence of ``length`` bases."""
        return Edits(self.offset, length - 1 - self.position, complement_bases(self.base))


class EditedBatches(Brief):
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
        rows, single = as_sequences(sequence, "sequence")
        if not single or not rows.size:
            raise InputError(f"sequence must be one row of letters, found shape {rows.shape}")
        batch_size = whole_number(batch_size, "batch_size", 1)
        length = rows.shape[1]
        offset, position, base = checked_edits(edits, length)
        self._table, shape = one_hot_table(batch_size, length, layout, dtype, unknown, channels, False)
        self._sequence = rows[0].copy()
        self._edits = Edits(offset, position, base)
        self._channels_first = channels_first(layout)
        self._rows: Any = None
        checked_size(shape, np.dtype(dtype).itemsize, "a batch of batch_size rows")
        self.buffer = aligned_array(shape, dtype)
        self.buffer[:] = one_hot(rows, layout=layout, dtype=dtype, unknown=unknown, channels=channels)

    def _facts(self) -> str:
        return f"{plural(len(self._edits.offset) - 1, 'row')} in batches of {list(self.buffer.shape)}"

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


def checked_edits(edits: Edits, length: int) -> Edits:
    """Return edits as the arrays that loops take; InputError where they do not fit together, or the sequence."""
    if not isinstance(edits, Edits):
        raise InputError(f"edits must be Edits, found {type(edits).__name__}")
    offset = whole_numbers(edits.offset, "offset", ("H + 1",))
    position = whole_numbers(edits.position, "position", ("K",))
    base = array_of(edits.base, "base", position.shape, "iu")
    if base.dtype != np.uint8:
        raise InputError(f"base must be letters as uint8, found {base.dtype}")
    # no differences, which wrap around
    if not offset.size or offset[0] != 0 or offset[-1] != position.size or (offset[1:] < offset[:-1]).any():
        raise InputError(f"offset must ascend from 0 to the {position.size} edits")
    outside = np.flatnonzero((position < 0) | (position >= length))
    if outside.size:
        k = int(outside[0])
        raise InputError(f"position {position[k]} of edit {k} lies outside the sequence (length {length})")
    return Edits(offset, position, base)


Text = str | bytes | UInt8Array

_UPPER_ACGT = np.arange(256, dtype=np.uint8)
_UPPER_ACGT[:4] = np.frombuffer(b"ACGT", np.uint8)
_UPPER_ACGT[[ord("U"), ord("u")]] = ord("T")
_UPPER_ACGT[97:123] -= 32


def _one_sequence(sequence: Text, name: str = "sequence") -> UInt8Array:
    rows, single = as_sequences(sequence, name)
    if not single:
        raise InputError(f"{name} must be one row of letters, found {len(rows)}")
    letters: UInt8Array = np.empty(rows.shape[1], np.uint8)
    backend().translate(rows, _UPPER_ACGT, False, letters[np.newaxis], 1)
    return letters


def saturation_edits(sequence: Text, *, start: int = 0, end: int | None = None) -> tuple[Int64Array, UInt8Array]:
    """List every single-base change of positions [start, end).

    Three edits per known base (the base that is already there is skipped), in the order A, C, G, T; four where
    the base is unknown.

    Parameters
    ----------
    sequence : str, bytes, or uint8 array (L,)
    start, end : int
        0-based half-open; ``end`` defaults to L.

    Returns
    -------
    positions : int64 array, shape (M,)
    bases : uint8 array, shape (M,)
        Letters.

    Raises
    ------
    InputError
        Unless ``0 <= start <= end <= L``.
    """
    letters = _one_sequence(sequence)
    start, stop = whole_number(start, "start", 0), whole_number(len(letters) if end is None else end, "end", 0)
    if not start <= stop <= len(letters):
        raise InputError(f"need 0 <= start <= end <= {len(letters)}, found start {start}, end {stop}")
    positions, bases = np.empty(4 * (stop - start), np.int64), np.empty(4 * (stop - start), np.uint8)
    n = backend().list_saturation_edits(letters, start, stop, positions, bases)
    return positions[:n].copy(), bases[:n].copy()


def apply_edits(
    sequence: Text,
    positions: Sequence[int] | Int64Array,
    bases: str | bytes | UInt8Array,
    *,
    out: UInt8Array | None = None,
    n_threads: int = 1,
) -> UInt8Array:
    """Return one mutated copy of a sequence per edit.

    Parameters
    ----------
    sequence : str, bytes, or uint8 array (L,)
    positions : int array, shape (M,)
        0-based.
    bases : str, bytes, or uint8 array, shape (M,)
        The letter to write at each position.
    out : uint8 array, shape (M, L), optional
    n_threads : int
        0 = all that this process may use.

    Returns
    -------
    uint8 array, shape (M, L)

    Raises
    ------
    InputError
        For positions outside the sequence, or arrays that do not fit together.

    Examples
    --------
    >>> import gxfast as gx
    >>> [row.tobytes() for row in gx.apply_edits("ACGT", [0, 3], "GG")]
    [b'GCGT', b'ACGG']
    """
    letters = _one_sequence(sequence)
    at = whole_numbers(positions, "positions", ("M",))
    written = _one_sequence(bases, "bases")
    if written.size != at.size:
        raise InputError(f"positions and bases must be as many, found {at.size} and {written.size}")
    outside = np.flatnonzero((at < 0) | (at >= letters.size))
    if outside.size:
        k = int(outside[0])
        raise InputError(f"positions: {at[k]} of edit {k} lies outside the sequence (length {letters.size})")
    result: UInt8Array = output_array(out, (at.size, letters.size), "uint8")
    if np.may_share_memory(at, result):
        at = at.copy()
    backend().write_mutants(letters, at, written, result, resolve_threads(n_threads))
    return result


def saturation_mutants(
    sequence: Text, *, start: int = 0, end: int | None = None, n_threads: int = 1
) -> tuple[UInt8Array, Int64Array, UInt8Array]:
    """Return all single-base mutants of positions [start, end), with their edits.

    Returns
    -------
    mutants : uint8 array, shape (M, L)
    positions : int64 array, shape (M,)
    bases : uint8 array, shape (M,)
    """
    positions, bases = saturation_edits(sequence, start=start, end=end)
    edited: Any = apply_edits(sequence, positions, bases, n_threads=n_threads)
    return edited, positions, bases
