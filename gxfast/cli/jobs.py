"""Commands that may be planned, and parts of them done from what was planned."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import InputError, did_you_mean
from .outputs import guarded

if TYPE_CHECKING:
    from ..workflow.shard import Part, Shard

__all__ = ["PLANNED", "do_part", "make_shard", "perform", "planned_command", "steps_of"]

# What may be planned: module of `gxfast.cli`, and the command in it.
PLANNED: Final = {
    "run": ("run", "run"),
    "predict": ("run", "predict"),
    "drivers": ("run", "drivers"),
    "eqtl": ("eqtl", "eqtl"),
    "baseline": ("baseline", "baseline"),
    "ism saturate": ("ism", "saturate"),
    "ism variants": ("ism", "variants"),
}


def planned_command(name: str) -> click.Command:
    """Return a command by its name.

    Raises
    ------
    InputError
        If it cannot be planned.
    """
    if name not in PLANNED:
        raise InputError(
            f"no command {name[:40]!r} can be planned{did_you_mean(name, PLANNED)}",
            remedy=f"choose from {', '.join(PLANNED)}",
        )
    module, attribute = PLANNED[name]
    return guarded(getattr(importlib.import_module(f"gxfast.cli.{module}"), attribute), name)


def steps_of(command: str, options: dict[str, Any]) -> tuple[str, ...]:
    """Return the steps that ``predict``, ``drivers`` or ``run`` does."""
    from ..workflow.run import STEPS

    if command == "predict":
        return "check", "predict"
    if command == "drivers":
        return "check", "predict", "evaluate", "ism", "drivers"
    return tuple(name.strip() for name in options["steps"].split(",")) if options["steps"] else STEPS


def perform(command: click.Command, parameters: Mapping[str, Any], part: Part) -> int:
    """Do a part of a command with parsed parameters; return the exit code."""
    callback: Any = command.callback
    return int(callback(**parameters, part=part))


def do_part(directory: str, options: Mapping[str, Any], part: Part) -> int:
    """Do a part of a planned job; ``options`` are those of this call, as the number of threads."""
    from ..workflow.planned import read_job, tell_cpus

    path = Path(directory)
    job = read_job(path)
    if part.whole:
        tell_cpus(path)
    return perform(
        planned_command(job.command), {**job.parameters, **options, "output": directory, "resume": True}, part
    )


def make_shard(directory: str, shard: Shard, options: Mapping[str, Any]) -> int:
    """Make a shard of a planned job, see `do_part`, and note that it is done."""
    from ..workflow.planned import note_shard
    from ..workflow.shard import Part

    code = do_part(directory, options, Part(shard))
    note_shard(Path(directory), shard, {"host": os.uname().nodename})
    return code
