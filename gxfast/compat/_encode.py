"""One-hot conventions of other tools as tables of 256 rows: the one place where their encoders are computed."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..kernels import backend
from ..kernels.fresh import fresh
from ..kernels.streaming import stream_from

__all__ = [
    "bytes_of", "encode", "encode_checked", "encode_text", "first_letter_outside", "kernels", "letter_table",
    "supported_dtype",
]  # fmt: skip

UInt8Array = NDArray[np.uint8]

# Below it, the environment is not asked from which size on outputs are streamed.
_SMALLEST_STREAM: Final = 1 << 18
_FEW: Final = 1 << 20  # bytes; from there on pages cost more


@lru_cache(maxsize=128)
def letter_table(
    dtype: str,
    *,
    letters: str = "ACGT",
    fold_case: bool = False,
    unknown: float = 0.0,
    special: tuple[tuple[str, float], ...] = (),
) -> NDArray[Any]:
    """Return the row of every byte value, shape (256, 4).

    Parameters
    ----------
    dtype : str
        NumPy name of the output's dtype; values are cast to it as NumPy casts on assignment.
    letters : str
        The letters of channels 0 to 3; ``"\\0"`` leaves a channel without a letter.
    fold_case : bool
        Give lower-case letters the rows of the upper-case ones.
    unknown : float
        Value of all four channels for any other byte.
    special : tuple of (str, float)
        Letters that have one value in all four channels; they win over ``letters``.
    """
    table = np.zeros((256, 4), dtype)
    table[:] = unknown
    for channel, letter in enumerate(letters):
        for spelling in {letter, letter.lower()} if fold_case else {letter}:
            if spelling != "\0":
                table[ord(spelling)] = 0
                table[ord(spelling), channel] = 1
    for names, value in special:
        for letter in names:
            table[ord(letter)] = value
    table.setflags(write=False)
    return table


@cache
def kernels() -> Any:
    """Return `backend()`, asked for once: reading the environment takes longer than encoding a short sequence."""
    return backend()


def _new_rows(shape: tuple[int, ...], n_letters: int, dtype: Any) -> NDArray[Any]:
    """Rows that are not filled; few of them in plain memory, whose alignment would cost more than it is worth."""
    return np.empty(shape, dtype) if 4 * n_letters * dtype.itemsize < _FEW else fresh(shape, dtype)


def encode(sequences: UInt8Array, table: NDArray[Any], *, n_threads: int = 1) -> NDArray[Any]:
    """Look up the bytes of ``sequences`` (N, L) in ``table`` (256, 4); the result is (N, L, 4)."""
    out = _new_rows((*sequences.shape, 4), sequences.size, table.dtype)
    if out.size:
        width = f"u{table.dtype.itemsize}"
        stream = out.nbytes >= _SMALLEST_STREAM and out.nbytes >= stream_from()
        kernels().one_hot(sequences, table.view(width), False, False, stream, out.view(width), n_threads)
    return out


def encode_text(text: str, table: NDArray[Any], *, out: NDArray[Any] | None = None, n_threads: int = 1) -> NDArray[Any]:
    """Encode one text; the result is (L, 4), or ``out``.

    Raises
    ------
    UnicodeEncodeError
        For text that is not ASCII.
    """
    rows = encode_checked(text, table, b"", out=out, n_threads=n_threads)
    if rows is None:
        rows = encode_checked(text.encode("ascii").decode(), table, b"", out=out)
    return rows  # type: ignore[return-value]


def encode_checked(
    text: str, table: NDArray[Any], letters: bytes, out: NDArray[Any] | None = None, n_threads: int = 1
) -> NDArray[Any] | None:
    """Encode one text of certain letters (any, if none are given); None if it has another one, or is not ASCII.

    One call of the kernel looks at the letters and writes them: for short texts the calls are what costs.
    """
    rows = _new_rows((len(text), 4), len(text), table.dtype) if out is None else out
    stream = rows.nbytes >= _SMALLEST_STREAM and rows.nbytes >= stream_from()
    outside = kernels().one_hot_text(text, letters, table, stream, rows, n_threads)
    return rows if outside == -1 else None


def bytes_of(raw: bytes) -> UInt8Array:
    """Return the bytes as an array (L,), without a copy."""
    return np.frombuffer(raw, np.uint8)


def first_letter_outside(text: str, letters: bytes) -> str | None:
    """Return the first character of ``text`` that is not one of ``letters``, or None."""
    # bytes.translate deletes at memory speed; the slow search runs only when there is something to report.
    if text.isascii() and not text.encode("ascii").translate(None, letters):
        return None
    return next(letter for letter in text if ord(letter) > 127 or ord(letter) not in letters)


def supported_dtype(dtype: Any) -> str | None:
    """Return the NumPy name of a dtype the kernels can write (1, 2, 4 or 8 bytes, native numbers), else None."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        return None
    plain = found.kind in "biuf" and found.isnative and found.itemsize in (1, 2, 4, 8)
    return found.name if plain else None
