"""The careful user's own loop: a table lookup compiled by Numba into a reused buffer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import load, missing
from .interface import Format, OneHotPeer, Sequences

__all__ = ["NAME", "available", "encoder", "one_hot_peers", "table"]

NAME = "numba table loop, out= reused"


def available() -> str | None:
    """Return the remedy where Numba is not installed."""
    return missing("numba", "numba")


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


def _build(sequences: Sequences, form: Format, out: NDArray[Any]) -> Callable[[], Any]:
    encode, rows = encoder(form.layout), table(form.dtype, form.reverse)
    target = out.view(rows.dtype)

    def call() -> Any:
        encode(sequences.letters, rows, form.reverse, target)
        return out

    return call


def one_hot_peers() -> list[OneHotPeer]:
    """Return the loop as a peer."""
    return [OneHotPeer(NAME, available, _build)]
