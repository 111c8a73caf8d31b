"""A group that lists its commands without importing them, so that ``--help`` stays fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from .._threads import require_address_space
from .command import CommandGroup
from .outputs import guarded

__all__ = ["LazyGroup"]


class LazyGroup(CommandGroup):
    """A group of commands that are imported when they are called.

    Parameters
    ----------
    lazy : mapping of str to (str, str, str)
        Name: module of `gxfast.cli`, function in it, and what the command does.
    """

    def __init__(self, *arguments: Any, lazy: Mapping[str, tuple[str, str, str]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are shown."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; it will not write over what it reads."""
        if cmd_name not in self._lazy:
            return None
        require_address_space()
        module, attribute, _ = self._lazy[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"gxfast.cli.{module}"), attribute)
        return guarded(command, f"{ctx.command_path} {cmd_name}".partition(" ")[2])

    def texts(self, ctx: click.Context) -> dict[str, str]:
        """Return what each command does, without importing it."""
        return {name: text for name, (_, _, text) in self._lazy.items()}
