"""In-silico mutagenesis batches: which single-base edits there are, and the sequences that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._threads import resolve_threads
from .encode import as_sequences
from .errors import InputError
from .kernels import backend

__all__ = ["apply_edits", "saturation_edits", "saturation_mutants"]

UInt8Array = NDArray[np.uint8]
Int64Array = NDArray[np.int64]
Text = str | bytes | UInt8Array

_UPPER_ACGT = np.arange(256, dtype=np.uint8)
_UPPER_ACGT[97:123] -= 32
_UPPER_ACGT[:4] = np.frombuffer(b"ACGT", np.uint8)
_UPPER_ACGT[[ord("U"), ord("u")]] = ord("T")


def _one_sequence(sequence: Text) -> UInt8Array:
    rows, single = as_sequences(sequence)
    if not single:
        raise InputError(f"one sequence is needed, found {len(rows)}")
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
    stop = len(letters) if end is None else end
    if not 0 <= start <= stop <= len(letters):
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
    """
    letters = _one_sequence(sequence)
    at = np.asarray(positions)
    if at.ndim != 1 or (at.size and at.dtype.kind not in "iu"):
        raise InputError(f"positions must be whole numbers, shape (M,), found {at.dtype} {at.shape}")
    written = _one_sequence(bases) if len(bases) else np.empty(0, np.uint8)
    if written.size != at.size:
        raise InputError(f"{at.size} positions but {written.size} bases")
    outside = np.flatnonzero((at < 0) | (at >= letters.size))
    if outside.size:
        k = int(outside[0])
        raise InputError(f"position {at[k]} of edit {k} lies outside the sequence (length {letters.size})")
    shape = (at.size, letters.size)
    if out is None:
        out = np.empty(shape, np.uint8)
    elif out.dtype != np.uint8 or out.shape != shape or not (out.flags.c_contiguous and out.flags.writeable):
        raise InputError(f"out must be a C-contiguous writeable uint8 array of shape {shape}")
    positions64 = np.ascontiguousarray(at, np.int64)
    backend().write_mutants(letters, positions64, written, out, resolve_threads(n_threads))
    return out


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
