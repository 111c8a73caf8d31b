"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        ``__name__`` of the package, which lists all of the names in its ``__all__``.
    homes : mapping
        Module below the package: names to take from it, ``"name as other"`` where they are called otherwise.
    modules : sequence of str
        Modules below the package that are names themselves.
    """
    found = {}
    for module, names in homes.items():
        for entry in names:
            name, _, other = entry.partition(" as ")
            found[other or name] = module, name

    def get(name: str) -> Any:
        if name in modules:
            return import_module(f".{name}", package)
        if name not in found:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = found[name]
        value = getattr(import_module(f".{module}", package), attribute)
        # A submodule of the same name must not hide the function once it is imported.
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted(sys.modules[package].__all__)
