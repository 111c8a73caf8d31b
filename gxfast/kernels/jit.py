"""The one place for the flags of Numba."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["jit_flags"]


def jit_flags() -> dict[str, Any]:
    """Return the flags every kernel is compiled with.

    No fastmath: sums keep their order and NaN stays NaN. ``GXFAST_NUMBA_CACHE=0`` switches the on-disk
    cache off (read-only or zipped installations have no place for it).
    """
    return {"nopython": True, "nogil": True, "cache": os.environ.get("GXFAST_NUMBA_CACHE", "1") != "0"}
