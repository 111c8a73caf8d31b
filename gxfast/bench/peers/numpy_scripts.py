"""What users write with NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .interface import Format, OneHotPeer, Sequences
from .numba_lut import table

__all__ = ["one_hot_peers"]

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


def one_hot_peers() -> list[OneHotPeer]:
    """Return both ways; NumPy is always there."""
    return [
        OneHotPeer("numpy take, out= reused", lambda: None, _take),
        OneHotPeer("numpy table[letters]", lambda: None, _fancy),
    ]
