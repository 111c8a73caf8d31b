"""Packages that may not be installed: what to install, and the import."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import Any

from .measure import UnavailableError

__all__ = ["load", "missing", "need_programs"]


def missing(package: str, *modules: str) -> str | None:
    """Return the remedy if a package is not installed, else None."""
    if all(importlib.util.find_spec(name) is not None for name in modules):
        return None
    return f"pip install {package}"


def load(module: str, package: str) -> Any:
    """Import a module.

    Raises
    ------
    UnavailableError
        With the remedy, where it is not installed.
    """
    remedy = missing(package, module.split(".")[0])
    if remedy:
        raise UnavailableError(remedy)
    return importlib.import_module(module)


def need_programs(remedy: str, *programs: str) -> None:
    """Look for programs on the PATH.

    Raises
    ------
    UnavailableError
        With the remedy, where one is not there.
    """
    if not all(shutil.which(program) for program in programs):
        raise UnavailableError(remedy)
