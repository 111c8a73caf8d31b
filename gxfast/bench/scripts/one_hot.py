"""One-hot encoding by hand: a table look-up that Numba compiles, and NumPy's own look-ups."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..packages import load, missing
from ..peers import Format, OneHotPeer, Sequences, always

__all__ = ["NUMBA_LOOP", "encoder", "peers", "table"]

NUMBA_LOOP = "numba table loop, out= reused"


def table(dtype: str, reverse: bool) -> NDArray[Any]:
    """Rows of all 256 bytes, (256, 4), as unsigned integers of the dtype's width (Numba knows no float16)."""
    rows = np.zeros((256, 4), dtype)
    for channel, base in enumerate("TGCA" if reverse else "ACGT"):
        rows[[ord(base), ord(base.lower())], channel] = 1
    return rows.view(f"u{rows.itemsize}")


@lru_cache(maxsize=2)
def encoder(layout: str) -> Any:
    """Return the compiled loop ``encode(letters, table, reverse, out)`` of one layout."""
    numba = load("numba", "numba")

    def channels_last(letters: Any, rows: Any, reverse: Any, out: Any) -> None:
        length = letters.shape[1]
        for i in range(letters.shape[0]):
            for j in range(length):
                letter = letters[i, length - 1 - j] if reverse else letters[i, j]
                for c in range(4):
                    out[i, j, c] = rows[letter, c]

    def channels_first(letters: Any, rows: Any, reverse: Any, out: Any) -> None:
        length = letters.shape[1]
        for i in range(letters.shape[0]):
            for j in range(length):
                letter = letters[i, length - 1 - j] if reverse else letters[i, j]
                for c in range(4):
                    out[i, c, j] = rows[letter, c]

    return numba.njit(channels_last if layout == "NLC" else channels_first, nogil=True)


def _numba_loop(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any]:
    encode, rows = encoder(form.layout), table(form.dtype, form.reverse)
    target = out.view(rows.dtype)

    def call() -> Any:
        encode(sequences.letters, rows, form.reverse, target)
        return out

    return call


# One item per row of four channels: complex128 is NumPy's 16-byte item, and only its bits are copied.
_ROW_TYPES: dict[str, Any] = {"float32": np.complex128, "float16": np.uint64, "uint8": np.uint32}


def _take(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC":
        return None
    kind = _ROW_TYPES[form.dtype]
    rows: NDArray[Any] = table(form.dtype, form.reverse).view(kind)[:, 0]
    target: NDArray[Any] = out.view(kind)[..., 0]
    letters = sequences.letters[:, ::-1] if form.reverse else sequences.letters

    def call() -> Any:
        # mode="clip" lets take write straight into out.
        np.take(rows, letters, out=target, mode="clip")
        return out

    return call


def _fancy(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any] | None:
    if form.layout != "NLC" or form.reverse:
        return None
    rows = table(form.dtype, False).view(form.dtype)
    return lambda: rows[sequences.letters]


def peers() -> list[OneHotPeer]:
    """Return the three ways."""
    return [
        OneHotPeer(NUMBA_LOOP, lambda: missing("numba", "numba"), _numba_loop),
        OneHotPeer("numpy take, out= reused", always, _take),
        OneHotPeer("numpy table[letters]", always, _fancy),
    ]
