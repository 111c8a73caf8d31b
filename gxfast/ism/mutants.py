"""Every single-base change of sequences, as code arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..encode.alphabet import as_sequences
from ..encode.one_hot import codes
from ..errors import InputError

__all__ = ["all_mutants", "one_sequence"]

Sequences = str | bytes | NDArray[np.uint8]


def one_sequence(sequence: Sequences, length: int) -> NDArray[np.uint8]:
    """Return the codes of one sequence.

    Raises
    ------
    InputError
        If it is not one sequence of that length.
    """
    rows, single = as_sequences(sequence)
    if not single or rows.shape[1] != length:
        raise InputError(f"one sequence of {length} bases is needed, found shape {rows.shape}")
    return np.ascontiguousarray(codes(rows)[0])


def all_mutants(
    sequence: NDArray[np.uint8], positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """List the changes at some positions: three per known base, four per unknown one, in the order A, C, G, T."""
    other = sequence[positions][:, np.newaxis] != np.arange(4, dtype=np.uint8)
    at, base = np.nonzero(other)
    return np.ascontiguousarray(positions[at], np.int64), base.astype(np.uint8)
