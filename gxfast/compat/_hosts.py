"""The other tools themselves: imported late, and only to be given what gxfast does not do."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

__all__ = ["host_original", "pandas_module", "torch_module"]


def host_original(tool: str, module: str, attribute: str, reason: str) -> Any:
    """Return the tool's own function, the original also while it is patched.

    Raises
    ------
    NotImplementedError
        If the tool is not installed.
    """
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        raise NotImplementedError(
            f"{attribute}: {reason} is not done by gxfast, and {tool} is not installed to do it\n"
            f"  remedy: install {tool}, or leave that argument at its default"
        ) from None
    for part in attribute.split("."):
        found = getattr(found, part)
    return getattr(found, "__gxfast_original__", found)


def pandas_module() -> Any:
    """Import pandas, which only the functions that return its tables need.

    Raises
    ------
    ImportError
        With the remedy, if it is not installed.
    """
    return _for_result("pandas", "DataFrame")


@cache
def torch_module() -> Any:
    """Import PyTorch, which only the functions that return tensors need.

    Raises
    ------
    ImportError
        With the remedy, if it is not installed.
    """
    return _for_result("torch", "tensor")


def _for_result(package: str, what: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise ImportError(f"this function returns a {package} {what}; remedy: install {package}") from None
