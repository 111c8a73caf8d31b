"""Twins of ``basenji.dna_io``: bool one-hot, unknown bases as zero rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._decode import codes_of_one_hot, text_of_codes
from ._encode import encode_text, letter_table
from ._hosts import host_original

__all__ = ["dna_1hot", "hot1_dna"]


def dna_1hot(
    seq: str, seq_len: int | None = None, n_uniform: bool = False, n_sample: bool = False
) -> NDArray[np.bool_] | NDArray[np.float16]:
    """One-hot encode DNA as ``basenji.dna_io.dna_1hot`` does.

    Parameters
    ----------
    seq : str
        Any case.
    seq_len : int, optional
        Trim to, or extend to, this length around the centre; the added rows are zero.
    n_uniform : bool
        Unknown bases as 0.25 in float16 instead of zero rows in bool.
    n_sample : bool
        Draw unknown bases at random: handed to basenji if there are any.

    Returns
    -------
    array, shape (seq_len, 4), bool or float16

    Raises
    ------
    NotImplementedError
        With ``n_sample`` or a ``seq`` that is no str, if basenji is not installed.
    """
    return centred_1hot(seq, seq_len, n_uniform, n_sample, ("basenji", "basenji.dna_io"))


def hot1_dna(seqs_1hot: Any) -> Any:
    """Spell one-hot sequences as ``basenji.dna_io.hot1_dna`` does.

    Parameters
    ----------
    seqs_1hot : array, shape (L, 4) or (N, L, 4)
        The first 1 of a row counts; rows without one are N, and columns after the fourth are not looked at.

    Returns
    -------
    str, or list of str
    """
    rows = seqs_1hot[np.newaxis] if seqs_1hot.ndim == 2 else seqs_1hot
    codes = codes_of_one_hot(rows)
    if codes is None:
        codes = np.full(rows.shape[:2], 4, np.uint8)
        for channel in (3, 2, 1, 0):
            np.putmask(codes, rows[:, :, channel] == 1, np.uint8(channel))
    texts = [text_of_codes(row, b"ACGTN") for row in codes]
    return texts[0] if seqs_1hot.ndim == 2 else texts


def dna_1hot_sampling(
    seq: str, seq_len: int | None = None, n_uniform: bool = False
) -> NDArray[np.bool_] | NDArray[np.float16]:
    """`dna_1hot` of basenji 0.5: unknown bases are drawn at random unless ``n_uniform``."""
    return centred_1hot(seq, seq_len, n_uniform, not n_uniform, ("basenji", "basenji.dna_io"), older=True)


def centred_1hot(
    seq: str, seq_len: int | None, n_uniform: bool, n_sample: bool, host: tuple[str, str], *, older: bool = False
) -> NDArray[Any]:
    """Body of `dna_1hot`, which basenji and baskerville share; the older one has no ``n_sample``."""
    given = (seq, seq_len, n_uniform) if older else (seq, seq_len, n_uniform, n_sample)
    if not isinstance(seq, str):
        original = host_original(*host, "dna_1hot", f"a sequence of type {type(seq).__name__}")  # type: ignore[unreachable]
        return np.asarray(original(*given))
    if n_sample and not n_uniform and seq.upper().strip("ACGT"):
        # strip() leaves nothing exactly if every letter is known, and then there is nothing to draw.
        original = host_original(*host, "dna_1hot", "n_sample=True (random bases for unknown ones)")
        return np.asarray(original(*given))
    length = len(seq) if seq_len is None else seq_len
    if seq_len is not None and seq_len <= len(seq):
        trim = (len(seq) - seq_len) // 2
        seq = seq[trim : trim + seq_len]
    first = max((length - len(seq)) // 2, 0)
    # Upper-casing can lengthen text that is not ASCII (one sharp s, two S); the tail then falls off the end.
    text = seq if seq.isascii() else seq.upper().encode("ascii", "replace").decode()
    table = letter_table("float16" if n_uniform else "bool", fold_case=True, unknown=0.25 if n_uniform else 0.0)
    if len(text) == length:
        return encode_text(text, table)
    text = text[: max(length - first, 0)]
    out = np.zeros((length, 4), table.dtype)
    encode_text(text, table, out=out[first : first + len(text)])
    return out
