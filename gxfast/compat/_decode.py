"""From one-hot rows, codes and letters back: the one place where the twins' decoders are computed."""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._encode import bytes_of

__all__ = ["codes_of_one_hot", "codes_of_text", "text_of_codes"]

UInt8Array = NDArray[np.uint8]

# The product's highest byte tells the four patterns with a single 1, and none, from each other.
_PRODUCT: Final = np.uint32(0x04030201)
_PATTERNS: Final = np.array([0, 1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
_CODES: Final = np.array([4, 3, 2, 1, 0], np.uint8)


def codes_of_one_hot(rows: NDArray[Any]) -> UInt8Array | None:
    """Return 0 to 3 for rows with a single 1 and zeros, 4 for zeros, shape (...); None if there are other rows.

    ``rows``: (..., 4), of bool or integers of one byte.
    """
    if rows.dtype.itemsize != 1 or rows.dtype.kind not in "biu" or rows.shape[-1:] != (4,) or sys.byteorder != "little":
        return None
    packed = np.ascontiguousarray(rows).view(np.uint32)[..., 0]
    which = (packed * _PRODUCT) >> np.uint32(24)
    if packed.size and (which.max() > 4 or not np.array_equal(_PATTERNS[which], packed)):
        return None
    codes: UInt8Array = _CODES[which]
    return codes


def codes_of_text(raw: bytes, table: bytes) -> UInt8Array:
    """Look up every byte of ``raw`` in a table of 256; a new array (L,)."""
    return bytes_of(raw.translate(table)).copy()


def text_of_codes(codes: UInt8Array, letters: bytes) -> str:
    """Letters of codes (L,), which must be below ``len(letters)``."""
    return codes.tobytes().translate(letters.ljust(256, b"?")).decode("ascii")
