"""The sequence kernels, compiled or as their readable NumPy twin, behind one set of names.

``backend()`` returns a module with the functions of ``gxfast/_kernels.pyi``. Arguments are checked by the
callers (`gxfast.encode`, `gxfast.personal`, `gxfast.mutagenesis`), which are the public interface.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from ..errors import InputError

__all__ = ["backend"]

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
    return importlib.import_module(_MODULES[chosen])
