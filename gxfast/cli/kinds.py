"""Kinds of option values beside numbers: words of a list, and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..errors import did_you_mean

__all__ = ["FILE", "NAMED_FILE", "File", "NamedFile", "OneOf", "Words", "split_name"]


class OneOf(click.Choice):  # type: ignore[type-arg,unused-ignore]
    """One of some words; near misses are told which word is near."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = did_you_mean(str(value), [str(choice) for choice in self.choices])
            raise click.BadParameter(error.message.rstrip(".") + (near or "."), ctx=ctx, param=param) from None


class Words(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A word, or words between commas, that shells complete and that the library checks.

    Parameters
    ----------
    known : callable
        Returns the words; called where a shell asks.
    listed : bool
        Whether there may be several.
    """

    name = "text"

    def __init__(self, known: Callable[[], Iterable[str]], *, listed: bool = False) -> None:
        self._known, self._listed = known, listed

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete the last word by those that are not there yet."""
        before, comma, begun = incomplete.rpartition(",") if self._listed else ("", "", incomplete)
        there = before.split(",")
        words = [word for word in self._known() if word.startswith(begun) and word not in there]
        return [CompletionItem(f"{before}{comma}{word}") for word in words]


class File(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The name of a file or folder, as it was given; shells complete it.

    Parameters
    ----------
    words : str
        Values that name no file.
    mark : str
        What may stand before the name.
    or_text : bool
        Whether it is something else where there is no such file.
    """

    name = "file"

    def __init__(self, *words: str, mark: str = "", or_text: bool = False) -> None:
        self._words, self._mark, self._or_text = words, mark, or_text

    def absolute(self, value: str, folder: str | os.PathLike[str] = "") -> str:
        """Return the value with the file's name as seen from everywhere; a relative one begins in the folder."""
        if not value or value in self._words:
            return value
        mark = self._mark if self._mark and value.startswith(self._mark) else ""
        path = os.path.abspath(os.path.join(folder, value.removeprefix(mark)))
        return value if self._or_text and not os.path.isfile(path) else mark + path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete the names of files."""
        return [CompletionItem(incomplete, type="file")]


class NamedFile(File):
    """``NAME=FILE``, or a file alone."""

    def absolute(self, value: str, folder: str | os.PathLike[str] = "") -> str:
        """Return the value with the file's name as seen from everywhere; the name before it stays."""
        name, file = split_name(value)
        return f"{name}={super().absolute(file, folder)}" if name else super().absolute(file, folder)


def split_name(value: str) -> tuple[str, str]:
    """Return the name, if any, and the file of ``NAME=FILE``; a slash before ``=`` belongs to a file."""
    name, mark, file = value.partition("=")
    return (name, file) if mark and name and "/" not in name else ("", value)


FILE = File()
NAMED_FILE = NamedFile()
