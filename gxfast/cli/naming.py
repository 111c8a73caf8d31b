"""Names of arguments, as the library's messages have them, told as options of the command line.

The library writes an argument between backticks, as Python has it: ```ref_mismatch="skip"```, ```resume=True```,
```card=```. That is what a caller from Python reads; here it becomes ``--ref-mismatch skip``, ``--resume``, ``--card``.
"""

from __future__ import annotations

import re
from typing import Final

import click

__all__ = ["as_options", "long_option"]

_ARGUMENT: Final = re.compile(r"`([a-z_]+)=(?:\"([^\"`]*)\"|([^\"`]*))`")
# Arguments of the library whose options have other names.
_OTHERS: Final = {"n_threads": "--threads", "transform": "--expression-transform"}


def long_option(param: click.Parameter) -> str:
    """Return the name of a parameter on the command line: its long option, or the name of an argument."""
    return next((opt for opt in param.opts if opt.startswith("--")), param.name or "")


def as_options(text: str) -> str:
    """Return a message with options of the command that runs in place of arguments; others are told by their names."""
    context = click.get_current_context(silent=True)
    params = context.command.params if context else []
    known = {param.name: param for param in params if isinstance(param, click.Option)}
    # An argument may have the option's name: `window=`, where the parameter is called length.
    known |= {long_option(param)[2:].replace("-", "_"): param for param in known.values()}

    def option(found: re.Match[str]) -> str:
        name, value = found[1], found[2] if found[2] is not None else found[3]
        param = known.get(name) or known.get(f"{name}s")
        shown = long_option(param) if param else _OTHERS.get(name, "--" + name.replace("_", "-"))
        if name == "max_mem" and value.isdecimal():
            value = f"{int(value) >> 20}M"
        if value == "False":
            return next(iter(getattr(param, "secondary_opts", ())), f"--no-{shown[2:]}")
        return shown if value in ("", "True") else f"{shown} {value}"

    return _ARGUMENT.sub(option, text)
