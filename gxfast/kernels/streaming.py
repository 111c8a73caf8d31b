"""Where large arrays lie, and how they are written: past the caches from a size on."""

from __future__ import annotations

import math
import os
import re
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["aligned_array", "stream_from"]

# Half of a common last-level cache (32 MiB). Smaller outputs are likely to be read while they are still in
# it, and stores that go past the cache into lines it holds are slow.
_DEFAULT: Final = 16 << 20


# Bytes that the address of an output is a multiple of: a cache line. JAX takes no other memory without copying it.
_ALIGNMENT: Final = 64


def aligned_array(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array that is not filled, whose memory PyTorch and JAX take over as it is.

    Large ones lie on huge pages: NumPy asks the kernel for them from 4 MiB on.
    """
    kind = np.dtype(dtype)
    n_bytes = math.prod(shape) * kind.itemsize
    letters = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    first = -letters.__array_interface__["data"][0] % _ALIGNMENT
    aligned: NDArray[Any] = letters[first : first + n_bytes].view(kind).reshape(shape)
    return aligned


def stream_from() -> int:
    """Return the size in bytes from which an output is written with non-temporal stores.

    ``GXFAST_STREAM_FROM`` overrides the default of 16 MiB; 0 streams always.
    """
    return _parsed(os.environ.get("GXFAST_STREAM_FROM"))


@lru_cache(maxsize=4)
def _parsed(text: str | None) -> int:
    if not text:
        return _DEFAULT
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InputError(
            f"GXFAST_STREAM_FROM must be a number of bytes, found {text!r}",
            remedy="unset it, or give a number such as 16777216",
        )
    return int(text)
