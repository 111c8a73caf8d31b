"""The one place for the flags of Numba and for choosing between compiled kernels, Numba and their NumPy twins."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Literal

from ..errors import GxfastError, InputError

__all__ = ["Backend", "jit_flags", "load_kernels"]

Backend = Literal["compiled", "numba", "numpy"]


def jit_flags() -> dict[str, Any]:
    """Return the flags every kernel is compiled with.

    No fastmath: sums keep their order and NaN stays NaN. ``GXFAST_NUMBA_CACHE=0`` switches the on-disk
    cache off (read-only or zipped installations have no place for it).
    """
    return {"nopython": True, "nogil": True, "cache": os.environ.get("GXFAST_NUMBA_CACHE", "1") != "0"}


def load_kernels(backend: str) -> ModuleType:
    """Return the module with the kernels of ``backend``.

    Raises
    ------
    InputError
        If the backend is none of them.
    GxfastError
        If Numba finds no folder for its cache.
    """
    if backend == "compiled":
        from . import _compiled

        return _compiled
    if backend == "numpy":
        from . import _numpy

        return _numpy
    if backend != "numba":
        raise InputError(f"backend must be 'compiled', 'numba' or 'numpy', found {backend!r}")
    try:
        from . import _numba_fns
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        raise GxfastError(
            f"Numba has no folder for its compiled code: {error}",
            remedy="set GXFAST_NUMBA_CACHE=0, or NUMBA_CACHE_DIR to a folder that can be written",
        ) from error
    return _numba_fns
