"""Twins of ``baskerville.dna``: bool one-hot, unknown bases as zero rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._decode import codes_of_text
from ._hosts import host_original
from .basenji import centred_1hot, hot1_dna

__all__ = ["dna_1hot", "dna_1hot_index", "hot1_dna"]

_CODES = bytes("ACGT".find(chr(letter).upper()) % 5 for letter in range(256))


def dna_1hot(
    seq: str, seq_len: int | None = None, n_uniform: bool = False, n_sample: bool = False
) -> NDArray[np.bool_] | NDArray[np.float16]:
    """One-hot encode DNA as ``baskerville.dna.dna_1hot`` does; see `gxfast.compat.basenji.dna_1hot`.

    Returns
    -------
    array, shape (seq_len, 4), bool, or float16 with ``n_uniform``
    """
    return centred_1hot(seq, seq_len, n_uniform, n_sample, ("baskerville", "baskerville.dna"))


def dna_1hot_index(seq: str, n_sample: bool = False) -> NDArray[np.uint8]:
    """Encode bases as 0 to 3, others as 4, as ``baskerville.dna.dna_1hot_index`` does.

    Parameters
    ----------
    seq : str
        Any case; what is no ASCII str is handed to baskerville.
    n_sample : bool
        Draw unknown bases at random: handed on if there are any.

    Returns
    -------
    uint8 array, shape (L,)

    Raises
    ------
    NotImplementedError
        For what is handed on, if baskerville is not installed.
    """
    codes = codes_of_text(seq.encode("ascii"), _CODES) if isinstance(seq, str) and seq.isascii() else None
    if codes is None or (n_sample and (codes == 4).any()):
        original = host_original("baskerville", "baskerville.dna", "dna_1hot_index", "such a sequence")
        return np.asarray(original(seq, n_sample))
    return codes
