"""Twin of ``crested.utils``: float32 one-hot of either case, unknown bases as zero rows."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._encode import encode_text, letter_table

__all__ = ["generate_mutagenesis", "one_hot_encode_sequence"]


def one_hot_encode_sequence(sequence: str, expand_dim: bool = True) -> NDArray[np.float32]:
    """One-hot encode DNA as ``crested.utils.one_hot_encode_sequence`` does.

    Parameters
    ----------
    sequence : str
        ASCII, any case.
    expand_dim : bool
        Return (1, L, 4) instead of (L, 4).

    Returns
    -------
    float32 array

    Raises
    ------
    UnicodeEncodeError
        For text that is not ASCII.
    AttributeError
        For anything that is no str.
    """
    if not isinstance(sequence, str):
        raise AttributeError(f"sequence must be a str, found {type(sequence).__name__}")
    rows: NDArray[np.float32] = encode_text(sequence, letter_table("float32", fold_case=True))
    return rows[np.newaxis] if expand_dim else rows


def generate_mutagenesis(
    x: NDArray[Any],
    include_original: bool = True,
    flanks: tuple[int, int] = (0, 0),
    protected_positions: Container[int] | None = None,
) -> NDArray[Any]:
    """Return every single-position change of a one-hot sequence as ``crested.utils`` does.

    Parameters
    ----------
    x : array, shape (1, L, A)
    include_original : bool
        Also return, per position, the copy that sets the base that is there.
    flanks : (int, int)
        Positions to leave alone at the start and at the end.
    protected_positions : container of int, optional
        More positions to leave alone.

    Returns
    -------
    array, shape (M, L, A), dtype of ``x``
        By position, then by channel.

    Raises
    ------
    ValueError
        If no position is left.
    IndexError
        For flanks that leave the sequence.
    """
    n, length, channels = x.shape
    kept = [
        position
        for position in range(flanks[0], length - flanks[1])
        if protected_positions is None or position not in protected_positions
    ]
    positions = np.repeat(np.array(kept, np.intp), channels)
    bases = np.tile(np.arange(channels), len(kept))
    if not include_original and kept:
        changed = x[0, positions, bases] != 1
        positions, bases = positions[changed], bases[changed]
    if not positions.size:
        raise ValueError("there is no mutation to make: no position is left, or all are known and protected")
    mutants = np.repeat(x[np.newaxis], positions.size, axis=0)
    which = np.arange(positions.size)
    mutants[which, 0, positions] = 0
    mutants[which, 0, positions, bases] = 1
    return mutants.reshape(positions.size * n, length, channels)
