"""A case of the catalogue: one thing that is spoiled, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .project import Project

__all__ = ["Case", "Spoil", "empty_metrics", "finite", "listed", "refused", "same", "undefined"]

Spoil = Callable[[Project], Any]
# Parts of a message; what a spoiling function returns (a place that it chose, or several) must be in it too.
Parts = str | Sequence[str]


@dataclass(frozen=True)
class Case:
    """What is spoiled in a project of its own, and the outcome.

    Attributes
    ----------
    outcome : {"refused", "same", "listed", "undefined", "finite", "empty"}
        Refused with a message; the same files as the clean twin; the same but for genes that are listed with exit code
        3, or whose statistics are undefined; or values that are numbers. Of a benchmark of scores "empty": metrics have
        no value, and say why.
    says : tuple of str
        Parts of what is printed.
    counted : tuple of str
        Parts of the manifest.
    twin : callable, optional
        What makes the twin of a clean project; without one it is the clean project.
    only : str
        Pattern of the files that are compared.
    genes : tuple of str
        Those that are listed, or undefined.
    metrics : tuple of str
        Those of a benchmark that are empty; all others are as those of the twin.
    code : int
        Exit code, where it is not that of the outcome.
    checked : bool
        Whether ``gxfast check`` must refuse too, where the command is a run that is refused.
    child : bool
        The command runs in a process of its own.
    environment : dict
        Of that process.
    """

    name: str
    spoil: Spoil
    outcome: str
    says: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    command: str = "run"
    twin: Spoil | None = None
    only: str = "**/*"
    genes: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    code: int = 0
    checked: bool = True
    child: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def of(self, *commands: str, **changes: Any) -> list[Case]:
        """The same with other commands."""
        return [replace(self, command=command, **changes) for command in commands]


def refused(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "refused", says, **rest)


def same(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "same", says, **rest)


def listed(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "listed", says, **rest)


def undefined(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "undefined", says, **rest)


def finite(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "finite", says, **rest)


def empty_metrics(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return Case(name, spoil, "empty", says, command="benchmark", **rest)
