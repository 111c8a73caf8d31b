"""No command writes over what it reads; and what it leaves beside its results."""

from __future__ import annotations

import functools
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from ..errors import InputError
from .config import config_text

__all__ = ["guarded", "refuse_overwriting"]

# Parameters that name what is written.
_OUTPUTS: Final = ("output", "wide", "weights_table")
_BESIDE: Final = ("", ".fai", ".gzi", ".tbi", ".csi", ".data", ".card.json")


def guarded(command: click.Command, name: str) -> click.Command:
    """Return the command of a name; before it runs, what it writes is compared with what it reads.

    A command that reads ``--config`` leaves one behind in the folder that it has finished.
    """
    if isinstance(command, click.Group):
        for one in getattr(command, "commands", {}).values():
            guarded(one, f"{name} {one.name}")
    elif command.callback is not None and not hasattr(command.callback, "compares_outputs"):
        command.callback = _comparing(command.callback, command, name)
    return command


def _comparing(callback: Callable[..., Any], command: click.Command, name: str) -> Callable[..., Any]:
    repeatable = any(param.name == "config" for param in command.params)

    @functools.wraps(callback)
    def compared(*arguments: Any, **parameters: Any) -> Any:
        outputs = [parameters[name] for name in _OUTPUTS if parameters.get(name)]
        refuse_overwriting(outputs, parameters, folders=command.name != "import")
        if not (repeatable and parameters.get("output")):
            return callback(*arguments, **parameters)
        from ..workflow.rundir import repeated_by

        with repeated_by(config_text(name, command.params, parameters)):
            return callback(*arguments, **parameters)

    compared.compares_outputs = True  # type: ignore[attr-defined]
    return compared


def refuse_overwriting(
    outputs: Iterable[str | Path], parameters: Mapping[str, Any], *, folders: bool = True
) -> None:  # fmt: skip
    """Refuse an output that is, or with ``folders`` holds, one of the files that the parameters of a command name.

    Raises
    ------
    InputError
    """
    from ..io.variants import is_zarr

    inputs = [file for name, value in parameters.items() if name not in _OUTPUTS for file in _files(value)]
    for output in map(Path, outputs):
        for file in inputs:
            if _same(output, file) or _result_of(output, file):
                raise InputError("this file is an input: it would be written over", path=output, remedy=_REMEDY)
            if folders and output.is_dir() and file.is_file() and output.resolve() in file.resolve().parents:
                raise InputError(f"the input {file} lies in the folder to be written", path=output, remedy=_REMEDY)
            if is_zarr(file) and file.is_dir():
                _refuse_store(output, file, folders=folders)


def _refuse_store(output: Path, store: Path, *, folders: bool) -> None:
    """Refuse an output that is, lies in or, with ``folders``, holds a folder that is read as one file."""
    written, read = output.resolve(), store.resolve()
    if read == written or read in written.parents:
        raise InputError(f"the input {store} would be written into", path=output, remedy=_REMEDY)
    if folders and output.is_dir() and written in read.parents:
        raise InputError(f"the input {store} lies in the folder to be written", path=output, remedy=_REMEDY)


_REMEDY: Final = "choose another name with -o"


def _files(value: Any) -> Iterator[Path]:
    """Files that a parameter may name, with those that lie beside them."""
    from ..io.variants import companions

    if isinstance(value, tuple | list):
        for one in value:
            yield from _files(one)
    elif isinstance(value, str | Path) and str(value):
        text = str(value)
        # FILE#COLUMN; NAME=FILE; a pattern with {chrom}
        names = {text, text.rpartition("#")[0], text.partition("=")[2]}
        if "{chrom}" in text:
            names |= {*glob.glob(glob.escape(text).replace("{chrom}", "*"))}
        names |= {str(file) for name in names - {""} for file in companions(name)}
        yield from (Path(name + beside) for name in sorted(names - {""}) for beside in _BESIDE if _there(name + beside))


def _result_of(output: Path, folder: Path) -> bool:
    """Whether a file is a result of the run in a folder that is read."""
    from ..workflow.rundir import read_manifest

    try:
        results = read_manifest(folder)["results"] if (folder / "manifest.json").is_file() else {}
    except InputError:
        return False
    return any(_same(output, folder / name) for name in results)


def _there(name: str) -> bool:
    try:
        return os.path.exists(name)
    except (OSError, ValueError):
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        return other.is_file() and os.path.samefile(one, other)
    except (OSError, ValueError):
        return False
