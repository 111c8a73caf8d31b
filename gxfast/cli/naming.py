"""Names of arguments, as the library's messages have them, told as options of the command line.

The library writes an argument between backticks, as Python has it: ```device="cpu"```, ```resume=True```, ```card=```,
and a field of an argument as ```policy=gx.HaplotypePolicy(ref_mismatch="skip")```. That is what a caller from Python
reads, and may type; here it becomes ``--device cpu``, ``--resume``, ``--card``, ``--ref-mismatch skip``.
"""

from __future__ import annotations

import re
from typing import Final

import click

__all__ = ["as_options", "long_option"]

_ARGUMENT: Final = re.compile(
    r"`(?P<object>[a-z_]+=[\w.]+\()?(?P<name>[a-z_]+)=(?:\"(?P<text>[^\"`]*)\"|(?P<other>[^\"`]*?))(?(object)\))`"
)
# Arguments of the library whose options have other names.
_OTHERS: Final = {"n_threads": "--threads", "transform": "--expression-transform", "field": "--dosage"}


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
        name, value = found["name"], found["text"] if found["text"] is not None else found["other"]
        param = known.get(name) or known.get(f"{name}s")
        shown = long_option(param) if param else _OTHERS.get(name, "--" + name.replace("_", "-"))
        if name == "max_mem" and value.isdecimal():
            value = f"{int(value) >> 20}M"
        if value == "False":
            return next(iter(getattr(param, "secondary_opts", ())), f"--no-{shown[2:]}")
        if value.startswith("("):
            value = value.strip("()").replace(" ", "")
        return shown if value in ("", "...", "True") else f"{shown} {value}"

    return _ARGUMENT.sub(option, text)
