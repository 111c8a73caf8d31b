"""Do something right after a module is imported: so `gxfast.patch` need not import what a program may never use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["forget", "waiting_tools", "when_imported"]

# module: tool, and what is to be done
_WAITING: dict[str, tuple[str, Callable[[], None]]] = {}


def when_imported(module: str, tool: str, then: Callable[[], None]) -> None:
    """Call ``then`` once, right after ``module`` is imported; ``tool`` is a name for `forget`."""
    _WAITING[module] = (tool, then)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def forget(tools: Iterable[str]) -> None:
    """Wait no longer for the modules of these tools."""
    chosen = set(tools)
    for module, (tool, _) in list(_WAITING.items()):
        if tool in chosen:
            _WAITING.pop(module, None)
    if not _WAITING and _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)


def waiting_tools() -> set[str]:
    """Return the tools of which a module is waited for."""
    return {tool for tool, _ in _WAITING.values()}


class _Finder(MetaPathFinder):
    """Finds a module as the others would, with a loader that tells when it is there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _WAITING:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None and finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Telling(spec.loader)
                return spec  # type: ignore[no-any-return]
        return None


class _Telling(Loader):
    """The module's own loader, which it gets back before anything of it runs."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        waiting = _WAITING.pop(module.__name__, None)
        if waiting is not None:
            waiting[1]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


_FINDER = _Finder()
