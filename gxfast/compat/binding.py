"""Put the twins in a tool's place, wherever its functions are bound by name, and take them out again."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, did_you_mean
from ._compare import outcome, same_outcome
from .targets import TOOLS, Target, Tool

__all__ = ["PatchWarning", "accelerate", "patch", "unpatch"]


class PatchWarning(UserWarning):
    """A tool was left alone, or a twin was withdrawn."""


@dataclass
class _Patched:
    """A target in force: the objects, and every (owner, name) that was rewritten."""

    tool: str
    original: Any
    installed: Any
    sites: list[tuple[Any, str]] = field(default_factory=list)


_IN_FORCE: dict[str, _Patched] = {}
_WARNED: set[str] = set()


def patch(*names: str, verbose: bool = False) -> None:
    """Replace functions of the named tools by their gxfast twins, wherever they are bound.

    Parameters
    ----------
    *names : str
        Tools, see ``docs/drop_in.md``; none means every tool that is installed (all are imported then).
    verbose : bool
        Print one line per function on stderr.

    Raises
    ------
    InputError
        For an unknown tool, or one that is named but not installed.

    Warns
    -----
    PatchWarning
        Once per tool whose version or signatures are not the tested ones; it is left alone.
    """
    for name in _known(names) or [tool for tool in TOOLS if _is_installed(TOOLS[tool])]:
        for target in TOOLS[name].targets if _is_supported(name) else ():
            if target.name not in _IN_FORCE:
                _IN_FORCE[target.name] = _install(name, target)
                if verbose:
                    places = len(_IN_FORCE[target.name].sites)
                    print(f"gxfast: {target.name} replaced in {places} place(s)", file=sys.stderr)


def unpatch(*names: str) -> None:
    """Put the original functions of the named tools back; of all tools without names.

    Raises
    ------
    InputError
        For an unknown tool.
    """
    chosen = _known(names) or list(TOOLS)
    _withdraw([key for key, patched in _IN_FORCE.items() if patched.tool in chosen])


@contextmanager
def accelerate(*names: str, verbose: bool = False) -> Iterator[None]:
    """Patch the named tools inside a ``with`` block; what was patched before stays patched after it.

    Raises
    ------
    InputError
        As in `patch`.
    """
    before = set(_IN_FORCE)
    try:
        patch(*names, verbose=verbose)
        yield
    finally:
        _withdraw([key for key in _IN_FORCE if key not in before])


def _known(names: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in TOOLS:
            raise InputError(
                f"unknown tool {name!r}{did_you_mean(name, TOOLS)}", remedy=f"choose from {', '.join(TOOLS)}"
            )
        if not _is_installed(TOOLS[name]):
            raise InputError(f"{name} is not installed", remedy=f"install {TOOLS[name].distribution}")
    return list(names)


def _is_installed(tool: Tool) -> bool:
    package = tool.targets[0].module.split(".")[0]
    return package in sys.modules or importlib.util.find_spec(package) is not None


def _is_supported(name: str) -> bool:
    """Import the tool's modules and check its version and signatures; warn once where they differ."""
    tool = TOOLS[name]
    try:
        version = importlib.metadata.version(tool.distribution)
        if not _numbers(tool.first) <= _numbers(version) < _numbers(tool.end):
            reason = f"version {version} is outside the tested range [{tool.first}, {tool.end})"
        else:
            reason = "; ".join(filter(None, (_signature_change(target) for target in tool.targets)))
    except importlib.metadata.PackageNotFoundError:
        reason = "its version is not known"
    except (ImportError, AttributeError) as error:
        reason = f"it cannot be used: {error}"
    if reason and name not in _WARNED:
        _WARNED.add(name)
        warnings.warn(f"{name} is left as it is: {reason}", PatchWarning, stacklevel=4)
    return not reason


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0]))


def _signature_change(target: Target) -> str:
    """Say how the tool's function differs in parameters from the twin; empty if it does not."""
    owner, attribute = _owner(target)
    expected = list(inspect.signature(_twin(target)).parameters)
    found = list(inspect.signature(getattr(owner, attribute)).parameters)
    # Of a method, the twin's first parameter is the object.
    if found[:1] == ["self"]:
        expected[:1] = ["self"]
    # The tool's function may be without a **kwargs that the twin accepts on top.
    return "" if found in (expected, expected[:-1]) else f"{target.name} has other parameters ({', '.join(found)})"


def _owner(target: Target) -> tuple[Any, str]:
    """Return the module or class that holds the target, and the name in it."""
    owner: Any = importlib.import_module(target.module)
    *path, attribute = target.attribute.split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, attribute


def _twin(target: Target) -> Callable[..., Any]:
    module, function = target.replacement.split(":")
    twin: Callable[..., Any] = getattr(importlib.import_module(f"gxfast.compat.{module}"), function)
    return twin


def _install(tool: str, target: Target) -> _Patched:
    owner, attribute = _owner(target)
    original = vars(owner)[attribute]
    installed = _stand_in(target, original)
    patched = _Patched(tool, original, installed)
    if isinstance(owner, type):
        patched.sites.append((owner, attribute))
    else:
        patched.sites += _bindings(original)
    for where, name in patched.sites:
        setattr(where, name, installed)
    return patched


def _stand_in(target: Target, original: Any) -> Callable[..., Any]:
    """Wrap the twin in an object of its own, so that taking it out again cannot touch gxfast.compat itself."""
    twin = _twin(target)
    chosen: list[Callable[..., Any]] = [twin]
    unverified = [os.environ.get("GXFAST_VERIFY") == "1"]

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if unverified[0]:
            unverified[0] = False
            args, expected = tuple(map(_reusable, args)), None
            kwargs = {key: _reusable(value) for key, value in kwargs.items()}
            expected = outcome(original, args, kwargs)
            if not same_outcome(expected, outcome(twin, args, kwargs)):
                chosen[0] = original
                warnings.warn(f"{target.name}: gxfast differs; the original is kept", PatchWarning, stacklevel=2)
            return expected.result()
        return chosen[0](*args, **kwargs)

    call.__gxfast_original__ = original  # type: ignore[attr-defined]
    return call


def _reusable(value: Any) -> Any:
    """An iterator can be read once only; verification reads it twice."""
    return list(value) if hasattr(value, "__next__") else value


def _bindings(wanted: Any) -> list[tuple[Any, str]]:
    """Every (module, name) in the process that is bound to this very object."""
    found = []
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            found += [(module, name) for name, value in list(vars(module).items()) if value is wanted]
    return found


def _withdraw(keys: list[str]) -> None:
    for key in keys:
        patched = _IN_FORCE.pop(key)
        # The sites rewritten then, and the modules that have imported the twin by name since.
        for where, name in dict.fromkeys(patched.sites + _bindings(patched.installed)):
            if vars(where).get(name) is patched.installed:
                setattr(where, name, patched.original)
