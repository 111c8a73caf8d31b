"""``--config FILE``: options of a command in a TOML file; and the file that a run writes, to be done again with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from ..errors import GxfastError, InputError, did_you_mean
from .kinds import File
from .naming import long_option

__all__ = ["HERE", "absolute", "config_option", "config_text", "tell_origin"]

# What belongs to one call, not to what is computed.
HERE: Final = ("threads", "verbose", "quiet", "as_json", "resume", "output")
_FIRST: Final = "# gxfast {} --config THIS_FILE -o NEW_FOLDER"  # line of a file that a run leaves
_WRITTEN: Final = re.compile(_FIRST.format("([a-z ]+)"))
_READ: Final = "gxfast.config"  # the file that was read, in the context of a command
_NOT_KEPT: Final = (*HERE, "explain", "dry_run")


def _key(param: click.Parameter) -> str:
    return long_option(param).removeprefix("--")


def _read(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
    """Take what the command line does not say from a file."""
    if path is None or ctx.resilient_parsing:
        return
    ctx.default_map = {**(ctx.default_map or {}), **read_config(path, ctx)}
    ctx.meta[_READ] = path


def tell_origin(ctx: click.Context, error: GxfastError) -> None:
    """Let an error in an option's value name the file that the value is from."""
    for param in ctx.command.params if error.path is None and _READ in ctx.meta else ():
        source = ctx.get_parameter_source(param.name or "")
        if source is ParameterSource.DEFAULT_MAP and error.message.startswith(
            (f"{long_option(param)} ", f"{long_option(param)}:")
        ):
            error.path, error.record = ctx.meta[_READ], _key(param)


config_option = click.option(
    "--config", type=File(), metavar="TOML", is_eager=True, expose_value=False, callback=_read,
    help="Options by their long names; the command line wins. A run writes one: DIR/config.toml.",
)  # fmt: skip


def read_config(path: str, ctx: click.Context) -> dict[str, Any]:
    """Return the values in a file, by the name of the parameter; checked as those of the command line are.

    Raises
    ------
    InputError
        If the file is no TOML, or of another command, or has a key that is no option of the command, or a value that
        the option does not take.
    """
    import tomllib

    from ..io.tables.text import read_lines

    known = {_key(param): param for param in ctx.command.params if param.name != "config"}
    lines = [line for _, line in read_lines(Path(path), "configuration", streams=True)]
    try:
        content = tomllib.loads("\n".join(lines))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"this is no TOML: {error}", path=path, remedy="see docs/command_line.md") from None
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key not in known:
            _refuse_other_command(lines[0], path, ctx)
            near = did_you_mean(key, known) or f"; there are {', '.join(sorted(known))}"
            raise InputError(f"unknown key{near}", path=path, record=key, remedy="name options as on the command line")
        param = known[key]
        given = absolute(param, _value(param, value, path, key), Path(path).absolute().parent)
        try:
            param.type_cast_value(ctx, given)
        except click.BadParameter as error:
            raise InputError(error.message, path=path, record=key, remedy=f"write it as --{key} takes it") from None
        found[param.name or ""] = given
    return found


def _refuse_other_command(line: str, path: str, ctx: click.Context) -> None:
    """Refuse a file whose first line names another command than the one that runs."""
    written = _WRITTEN.match(line)
    own = ctx.command_path.removeprefix("gxfast ")
    if written and written[1] != own:
        raise InputError(
            f"this file is of gxfast {written[1]}, not of gxfast {own}", path=path,
            remedy=f"gxfast {written[1]} --config {path} -o NEW_FOLDER, or leave only keys that gxfast {own} has",
        )  # fmt: skip


def _value(param: click.Parameter, value: Any, path: str, key: str) -> Any:
    """A value as the command line would give it: text, a truth, or a list of texts."""
    if isinstance(param, click.Option) and param.count:
        kinds: tuple[type, ...] = (int,)
    elif isinstance(param, click.Option) and param.is_flag:
        kinds = (bool,)
    else:
        kinds = (str, int, float)
    several = param.multiple if isinstance(param, click.Option) else param.nargs != 1
    values = value if several and isinstance(value, list) else [value]
    if any(not isinstance(one, kinds) or (isinstance(one, bool) and bool not in kinds) for one in values):
        wanted = "true or false" if bool in kinds else "a number" if str not in kinds else "a text or a number"
        raise InputError(
            f"{json.dumps(value, default=str)[:80]} is not {wanted}{' or a list of them' if several else ''}",
            path=path, record=key, remedy=f"write it as --{key} takes it",
        )  # fmt: skip
    if bool not in kinds and str in kinds:
        values = [one if isinstance(one, str) else repr(one) for one in values]
    return tuple(values) if several else values[0]


def absolute(param: click.Parameter, value: Any, folder: str | Path = "") -> Any:
    """Return the value of a parameter, files by their absolute names; a relative one begins in the folder."""
    if isinstance(value, tuple | list):
        return tuple(absolute(param, one, folder) for one in value)
    return param.type.absolute(value, folder) if isinstance(param.type, File) and isinstance(value, str) else value


def config_text(name: str, params: list[click.Parameter], values: Mapping[str, Any]) -> str:
    """Return the file with which a command does again what it did with these values.

    Parameters
    ----------
    name : str
        Of the command, without ``gxfast``.
    params : list of Parameter
        Of the command.
    values : mapping
        Of the parameters, by name.
    """
    lines = [_FIRST.format(name), ""]
    for param in params:
        value = values.get(param.name or "")
        if param.name not in _NOT_KEPT and value not in (None, (), []):
            lines.append(f"{_key(param)} = {_toml(absolute(param, value))}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    # Strings of JSON are strings of TOML but for one character, that must be escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
