"""Makers of letters composed with an encoder: the table loop that Numba compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.scripts.one_hot import encoder, table

__all__ = ["table_encoder"]


def table_encoder(rows: int, length: int, out: NDArray[Any] | None) -> Callable[[NDArray[Any], slice], NDArray[Any]]:
    """Return an encoder with a compiled table loop: into rows of ``out``, or into a reused buffer of ``rows``."""
    loop, lut = encoder("NLC"), table("float32", False)
    buffer = np.zeros((rows, length, 4), np.float32) if out is None else out

    def encode(letters: NDArray[Any], part: slice) -> NDArray[Any]:
        batch = buffer[: len(letters)] if out is None else buffer[part]
        loop(letters.view(np.uint8), lut, False, batch.view(lut.dtype))
        return batch

    return encode
