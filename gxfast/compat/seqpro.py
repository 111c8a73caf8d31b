"""Twin of ``seqpro.ohe``: uint8 one-hot on a new last axis, every other byte as a zero row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._encode import encode, encode_text, letter_table
from ._hosts import host_original

__all__ = ["ohe"]


def ohe(seqs: Any, alphabet: Any) -> Any:
    """One-hot encode as ``seqpro.ohe`` does.

    Parameters
    ----------
    seqs : str, bytes, nested list of them, or array of strings, S1 or uint8
        Letters; exact, so lower case is unknown. A seqpro Ragged is handed to seqpro.
    alphabet : seqpro.NucleotideAlphabet
        Any object whose ``array`` holds four S1 letters (``seqpro.DNA``, ``seqpro.RNA``); others are handed on.

    Returns
    -------
    uint8 array, shape (..., L, 4)

    Raises
    ------
    ValueError
        For an empty str.
    UnicodeEncodeError
        For text that is not ASCII.
    NotImplementedError
        For what is handed on, if seqpro is not installed.
    """
    letters: Any = getattr(alphabet, "array", None)
    four = isinstance(letters, np.ndarray) and letters.dtype == "S1" and letters.shape == (4,)
    if not four or type(seqs).__name__ == "Ragged":
        what = "a Ragged" if four else "an alphabet that is not of four letters"
        return host_original("seqpro", "seqpro._encoders", "ohe", what)(seqs, alphabet)
    table = _table(letters.tobytes())
    if isinstance(seqs, str) and seqs:
        return encode_text(seqs, table)
    flat = _letters(seqs).view(np.uint8)
    rows = encode(np.ascontiguousarray(flat).reshape(1, -1), table)
    return rows.reshape(*flat.shape, 4)


@lru_cache(maxsize=16)
def _table(letters: bytes) -> NDArray[np.uint8]:
    return letter_table("uint8", letters=letters.decode("latin-1"))


def _letters(seqs: Any) -> NDArray[Any]:
    """Spread strings over a last axis of single bytes, by the rules of ``seqpro.cast_seqs``."""
    if isinstance(seqs, str):
        if not seqs:
            raise ValueError("an empty str cannot be cast to an array of letters")
        return np.array([seqs], "S").view("S1")
    if isinstance(seqs, bytes):
        return np.array([seqs]).view("S1")
    if isinstance(seqs, Sequence):
        return np.array(seqs, "S")[..., None].view("S1")
    array: NDArray[Any] = seqs
    return array.astype("S")[..., None].view("S1") if array.dtype.itemsize > 1 else array
