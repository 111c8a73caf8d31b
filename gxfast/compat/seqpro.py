"""Twins of ``seqpro.ohe`` and ``gc_content``: uint8 one-hot on a new last axis, every other byte as a zero row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._encode import encode, encode_text, letter_table
from ._hosts import host_original

__all__ = ["gc_content", "ohe"]


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


def gc_content(
    seqs: Any,
    normalize: bool = True,
    length_axis: int | None = None,
    alphabet: Any = None,
    ohe_axis: int | None = None,
) -> Any:
    """Count G and C as ``seqpro.gc_content`` does.

    Parameters
    ----------
    seqs : str, bytes or list of them
        Arrays, one-hot ones too, are handed to seqpro.
    normalize : bool
        Shares instead of counts.
    length_axis, alphabet, ohe_axis
        Of arrays; handed on where they are given.

    Returns
    -------
    float64 or int64 number, or array, shape (N,)

    Raises
    ------
    ValueError, UnicodeEncodeError
        As in `ohe`.
    NotImplementedError
        For what is handed on, if seqpro is not installed.
    """
    text = type(seqs) in (str, bytes) or (type(seqs) is list and seqs and all(type(each) is str for each in seqs))
    if not text or length_axis is not None or ohe_axis is not None:
        original = host_original("seqpro", "seqpro._analyzers", "gc_content", "such an array")
        return original(seqs, normalize, length_axis, alphabet, ohe_axis)
    letters = _letters(seqs).view(np.uint8)
    # C and G differ in one bit, 4, and in it alone
    counts = ((letters & 0xFB) == ord("C")).sum(axis=-1)
    return counts / letters.shape[-1] if normalize else counts


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
