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
from ._on_import import forget, waiting_tools, when_imported
from .targets import TOOLS, Target, Tool

__all__ = ["PatchWarning", "accelerate", "difference", "is_installed", "owner_of", "patch", "unpatch"]


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
        Tools, see ``docs/drop_in.md``; they are imported. None means those that encode or edit sequences, the ones not
        imported yet as soon as the program imports them. SciPy, scikit-learn, statsmodels and tensorQTL: by name alone.
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
    for name in _known(names):
        _replace(name, TOOLS[name].targets, verbose)
    if not names:
        for name, tool in ((name, tool) for name, tool in TOOLS.items() if not tool.by_name):
            imported = tuple(target for target in tool.targets if target.module in sys.modules)
            _replace(name, imported, verbose)
            later = [target for target in tool.targets if target not in imported]
            for module in dict.fromkeys(target.module for target in later):
                when_imported(module, name, functools.partial(_replace_of_module, name, module, verbose))


def _replace_of_module(name: str, module: str, verbose: bool) -> None:
    """Replace the functions of a module that has just been imported; nothing of it reaches the importing program."""
    try:
        _replace(name, tuple(target for target in TOOLS[name].targets if target.module == module), verbose)
    except Exception as error:
        warnings.warn(f"{name} is left as it is: {error}", PatchWarning, stacklevel=2)


def _replace(name: str, targets: tuple[Target, ...], verbose: bool) -> None:
    # Without versions, one clone has functions that another has not.
    absent = {target.name for target in targets if not TOOLS[name].first and _lacks(target)}
    waiting = tuple(target for target in targets if target.name not in {*_IN_FORCE, *absent})
    if not waiting or not _is_supported(name, waiting):
        return
    for target in waiting:
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
    forget(chosen)
    _withdraw([key for key, patched in _IN_FORCE.items() if patched.tool in chosen])


@contextmanager
def accelerate(*names: str, verbose: bool = False) -> Iterator[None]:
    """Patch the named tools inside a ``with`` block; what was patched before stays patched after it.

    Raises
    ------
    InputError
        As in `patch`.
    """
    before, waited_for = set(_IN_FORCE), waiting_tools()
    try:
        patch(*names, verbose=verbose)
        yield
    finally:
        forget(waiting_tools() - waited_for)
        _withdraw([key for key in _IN_FORCE if key not in before])


def _known(names: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in TOOLS:
            raise InputError(
                f"unknown tool {name!r}{did_you_mean(name, TOOLS)}", remedy=f"choose from {', '.join(TOOLS)}"
            )
        if not is_installed(TOOLS[name]):
            remedy = TOOLS[name].remedy or f"install {TOOLS[name].distribution}"
            raise InputError(f"{name} is not installed", remedy=remedy)
    return list(names)


def is_installed(tool: Tool) -> bool:
    return tool.package in sys.modules or importlib.util.find_spec(tool.package) is not None


def _is_supported(name: str, targets: tuple[Target, ...]) -> bool:
    """Import the modules of the targets, check version, signatures and examples; warn once where they differ."""
    try:
        reason = _other_version(TOOLS[name]) or "; ".join(filter(None, map(_other_contract, targets)))
    except importlib.metadata.PackageNotFoundError:
        reason = "its version is not known"
    except (ImportError, AttributeError) as error:
        reason = f"it cannot be used: {error}"
    if reason and name not in _WARNED:
        _WARNED.add(name)
        warnings.warn(f"{name} is left as it is: {reason}", PatchWarning, stacklevel=5)
    return not reason


def _lacks(target: Target) -> bool:
    """Whether the module is there, and the function is not."""
    try:
        owner, attribute = owner_of(target)
    except ImportError:
        return False
    except AttributeError:
        return True
    return not hasattr(owner, attribute)


def _other_version(tool: Tool) -> str:
    """Say why the installed version is not served; empty if it is, or if versions say nothing."""
    if not tool.first:
        return ""
    version = importlib.metadata.version(tool.distribution)
    served = _numbers(tool.first) <= _numbers(version) < _numbers(tool.end)
    return "" if served else f"version {version} is outside the tested range [{tool.first}, {tool.end})"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0]))


def _other_contract(target: Target) -> str:
    """Say how the tool's function differs from the twin in parameters or in what it does; empty if it does not."""
    owner, attribute = owner_of(target)
    original = getattr(owner, attribute)
    twin = _fitting_twin(target, original)
    if twin is None:
        return f"{target.name} has other parameters ({', '.join(inspect.signature(original).parameters)})"
    for example in target.examples:
        if not same_outcome(outcome(original, example, {}), outcome(twin, example, {})):
            return f"{target.name} does something else with {example!r}"
    return ""


def _fitting_twin(target: Target, original: Any) -> Callable[..., Any] | None:
    """The twin with the parameters of the tool's function; None if there is none."""
    found = list(inspect.signature(original).parameters)
    for name in (target.replacement, *target.older):
        twin = _twin(name)
        parameters = inspect.signature(twin).parameters
        expected = list(parameters)
        # Of a method, the twin's first parameter is the object.
        if found[:1] == ["self"]:
            expected[:1] = ["self"]
        # The tool's function may be without a **kwargs that the twin accepts on top.
        open_ended = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
        if found == expected or (open_ended and found == expected[:-1]):
            return twin
    return None


def difference(original: Callable[..., Any], ours: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """Say how two functions differ in what they do with the arguments, or that the original fails; empty if not."""
    expected = outcome(original, args, kwargs)
    if expected.error is not None:
        return f"the host fails: {expected.error!r}"
    return "" if same_outcome(expected, outcome(ours, args, kwargs)) else "DIFFERS"


def owner_of(target: Target) -> tuple[Any, str]:
    """Return the module or class that holds the target, and the name in it."""
    owner: Any = importlib.import_module(target.module)
    *path, attribute = target.attribute.split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, attribute


def _twin(name: str) -> Callable[..., Any]:
    module, function = name.split(":")
    twin: Callable[..., Any] = getattr(importlib.import_module(f"gxfast.compat.{module}"), function)
    return twin


def _install(tool: str, target: Target) -> _Patched:
    owner, attribute = owner_of(target)
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
    """Make an object of its own of the twin, so that taking it out again cannot touch gxfast.compat itself."""
    twin = _fitting_twin(target, original) or _twin(target.replacement)
    verify = os.environ.get("GXFAST_VERIFY") == "1"
    if isinstance(twin, types.FunctionType) and not verify:
        # A copy of the function: calls cost nothing on top.
        call: Any = types.FunctionType(
            twin.__code__, twin.__globals__, twin.__name__, twin.__defaults__, twin.__closure__
        )
        call.__kwdefaults__ = twin.__kwdefaults__
    else:
        call = _verified(target, original, twin) if verify else _forwarding(twin)
    functools.update_wrapper(call, original)
    call.__gxfast_original__ = original
    return call  # type: ignore[no-any-return]


def _forwarding(twin: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: twin(*args, **kwargs)


def _verified(target: Target, original: Any, twin: Callable[..., Any]) -> Callable[..., Any]:
    """Run both in the first call, and keep the original from then on if they differ."""
    chosen: list[Callable[..., Any]] = [twin]
    unverified = [True]

    def call(*args: Any, **kwargs: Any) -> Any:
        if unverified[0]:
            unverified[0] = False
            args = tuple(map(_reusable, args))
            kwargs = {key: _reusable(value) for key, value in kwargs.items()}
            expected = outcome(original, args, kwargs)
            if not same_outcome(expected, outcome(twin, args, kwargs)):
                chosen[0] = original
                warnings.warn(f"{target.name}: gxfast differs; the original is kept", PatchWarning, stacklevel=2)
            return expected.result()
        return chosen[0](*args, **kwargs)

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
