"""Letters, codes, and tables between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["as_sequences"]

UInt8Array = NDArray[np.uint8]
Sequences = str | bytes | Sequence[str] | Sequence[bytes] | UInt8Array

UNKNOWN_CODE: Final = 4
# IUPAC-IUB nucleotide codes (NC-IUB 1984): the bases each letter may stand for.
IUPAC: Final = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG",
}  # fmt: skip
_COMPLEMENT: Final = dict(zip("ACGTURYSWKMBDHVN", "TGCAAYRSWMKVHDBN", strict=True))


@lru_cache(maxsize=2)
def _code_table(complement: bool) -> UInt8Array:
    table = np.full(256, UNKNOWN_CODE, np.uint8)
    for code, base in enumerate("ACGT"):
        byte_code = 3 - code if complement else code
        table[[ord(base), ord(base.lower()), code]] = byte_code
    table[[ord("U"), ord("u")]] = 0 if complement else 3
    return table


@lru_cache(maxsize=1)
def _complement_table() -> UInt8Array:
    """Letters to letters (case kept), codes to codes; anything else to itself."""
    table = np.arange(256, dtype=np.uint8)
    for letter, partner in _COMPLEMENT.items():
        table[ord(letter)] = ord(partner)
        table[ord(letter.lower())] = ord(partner.lower())
    table[:UNKNOWN_CODE] = [3, 2, 1, 0]
    return table


def as_sequences(seqs: Sequences, name: str = "sequences") -> tuple[UInt8Array, bool]:
    """Turn anything accepted as sequences into a C-contiguous uint8 array (N, L).

    Parameters
    ----------
    seqs : str, bytes, list of str or bytes of one length, or uint8 array (L,) or (N, L)
        Letters or codes.
    name : str
        Of the argument, for messages.

    Returns
    -------
    sequences : uint8 array, shape (N, L)
    single : bool
        True where one sequence was given, not a batch.

    Raises
    ------
    InputError
        For another type or dtype, non-ASCII text, or sequences of unequal length.
    """
    if isinstance(seqs, str | bytes):
        return np.frombuffer(_to_bytes(seqs, 0, name), np.uint8)[np.newaxis], True
    if isinstance(seqs, np.ndarray):
        if seqs.dtype != np.uint8:
            raise InputError(
                f"{name} given as an array must be uint8 (letters or codes 0-4), found {seqs.dtype}",
                remedy="convert on purpose, e.g. seqs.astype('uint8')",
            )
        if seqs.ndim not in (1, 2) or isinstance(seqs, np.ma.MaskedArray):
            raise InputError(f"{name} must be a plain array (L,) or (N, L), found shape {seqs.shape}")
        return np.ascontiguousarray(np.atleast_2d(seqs)), seqs.ndim == 1
    if not isinstance(seqs, Iterable) or isinstance(seqs, Mapping | Set):
        kind = type(seqs).__name__
        raise InputError(f"{name} must be str, bytes, a list of them or an array, found {kind}")
    rows = [_to_bytes(seq, i, name) for i, seq in enumerate(seqs)]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise InputError(f"{name} must have one length, found {min(lengths)} to {max(lengths)}")
    length = lengths.pop() if lengths else 0
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), length), False


def _to_bytes(seq: object, index: int, name: str) -> bytes:
    if isinstance(seq, bytes):
        return seq
    if isinstance(seq, str):
        try:
            return seq.encode("ascii")
        except UnicodeEncodeError as error:
            raise InputError(f"{name}: sequence {index} holds non-ASCII text at position {error.start}") from None
    raise InputError(f"{name}: sequence {index} must be str or bytes, found {type(seq).__name__}")
