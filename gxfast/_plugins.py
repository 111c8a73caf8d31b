"""What other distributions add: entry points by group and name, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from importlib import metadata
from typing import Any, Final

from .errors import GxfastError, InputError

__all__ = ["ISM_OPS", "MODELS", "READERS", "broken", "plugin", "plugin_function", "plugin_names"]

MODELS: Final = "gxfast.models"
READERS: Final = "gxfast.readers"
ISM_OPS: Final = "gxfast.ism_ops"


@lru_cache(maxsize=8)
def _entries(group: str) -> dict[str, list[metadata.EntryPoint]]:
    """The entry points of a group by name; a distribution that is found twice on the path counts once."""
    found: dict[str, dict[str, metadata.EntryPoint]] = {}
    for entry in metadata.entry_points(group=group):
        found.setdefault(entry.name, {}).setdefault(_distribution(entry), entry)
    return {name: list(entries.values()) for name, entries in sorted(found.items())}


def _distribution(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def plugin_names(group: str) -> tuple[str, ...]:
    """Return the names that other distributions add to a group; nothing of theirs is loaded."""
    return tuple(_entries(group))


def plugin(group: str, name: str) -> Any:
    """Load what a distribution adds under a name.

    Raises
    ------
    InputError
        Naming the distribution: it cannot be imported, or another one adds the same name.
    """
    entry, *others = _entries(group)[name]
    if others:
        both = " and ".join(map(_distribution, (entry, *others)))
        raise InputError(f"{both} both add {name!r} to {group}", remedy="uninstall one of them")
    with _named(group, name):
        return entry.load()


def plugin_function(group: str, name: str) -> Callable[..., Any]:
    """Load a function as `plugin` does; what goes wrong in it names the distribution, too."""
    function = plugin(group, name)
    if not callable(function):
        raise broken(group, name, f"expected a function, found {type(function).__name__}")

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        with _named(group, name):
            return function(*args, **options)

    return called


@contextmanager
def _named(group: str, name: str) -> Iterator[None]:
    try:
        yield
    except GxfastError:
        raise
    except Exception as error:
        raise broken(group, name, f"{type(error).__name__}: {error}") from error


def broken(group: str, name: str, why: str) -> InputError:
    """Return the error that names the distribution whose plug-in does not do what it should."""
    entry = _entries(group)[name][0]
    return InputError(
        f"the plug-in {name!r} of {_distribution(entry)} ({group}: {entry.value}) failed: {why}",
        remedy=f"update or uninstall {entry.dist.name if entry.dist else 'that distribution'}",
    )
