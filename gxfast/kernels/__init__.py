"""The sequence kernels, compiled or as their readable NumPy twin, behind one set of names.

``backend()`` returns a module with the functions of ``gxfast/_kernels.pyi``. Arguments are checked by the
callers (`gxfast.encode`, `gxfast.personal`), which are the public interface.
"""

from __future__ import annotations

import importlib
import os
import platform
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from ..errors import GxfastError, InputError

__all__ = ["Backend", "backend", "cpu_name", "load_kernels"]

_MODULES = {"cpp": "gxfast._kernels", "numpy": "gxfast.kernels._numpy"}


def backend(name: str | None = None) -> ModuleType:
    """Return the kernel module: ``name``, else ``GXFAST_BACKEND``, else the compiled one.

    Raises
    ------
    InputError
        For a name other than ``"cpp"`` or ``"numpy"``.
    """
    chosen = name or os.environ.get("GXFAST_BACKEND") or "cpp"
    if chosen not in _MODULES:
        raise InputError(f"unknown kernel backend {chosen!r}", remedy="set GXFAST_BACKEND to cpp or numpy, or unset it")
    return _module(chosen)


@cache
def _module(chosen: str) -> ModuleType:
    return importlib.import_module(_MODULES[chosen])


def cpu_name() -> str:
    """Return the processor's name, as the kernel of the operating system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


Backend = Literal["compiled", "numba", "numpy"]


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
        from . import compiled

        return compiled
    if backend == "numpy":
        from . import numpy_stats

        return numpy_stats
    if backend != "numba":
        raise InputError(f"backend must be 'compiled', 'numba' or 'numpy', found {backend!r}")
    try:
        from . import _numba
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        raise GxfastError(
            f"Numba has no folder for its compiled code: {error}",
            remedy="set GXFAST_NUMBA_CACHE=0, or NUMBA_CACHE_DIR to a folder that can be written",
        ) from error
    return _numba
