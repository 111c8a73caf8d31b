"""``gxfast man``: manual pages, written from what ``--help`` shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from ..errors import InputError, did_you_mean
from .command import command, sections
from .examples import EXAMPLES
from .kinds import FILE

__all__ = ["contexts", "man", "page"]


@command()
@click.argument("names", nargs=-1, metavar="[COMMAND]")
@click.option("-o", "--output", type=FILE, metavar="DIR", help="Write the pages of all commands into this folder.")
@click.pass_context
def man(ctx: click.Context, names: tuple[str, ...], output: str | None) -> int:
    """Print the manual page of a command in roff, or write those of all commands."""
    from ..io.files import atomic_write

    root = ctx.find_root()
    if output:
        if names:
            raise InputError("a command is named and all are written", remedy="leave one of COMMAND and -o out")
        folder = Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        pages = dict(contexts(root))
        for name, context in pages.items():
            atomic_write(folder / f"{'-'.join(['gxfast', *name.split()])}.1", page(context).encode())
        click.echo(f"wrote {len(pages)} pages into {output}")
        return 0
    found: click.Context | None = root
    for one in names:
        found = _below(found, one) if found else None
    if found is None:
        wanted, known = " ".join(names), dict(contexts(root))
        raise InputError(f"no command {wanted[:60]!r}{did_you_mean(wanted, known)}", remedy="gxfast --help lists them")
    click.echo(page(found), nl=False)
    return 0


def _below(ctx: click.Context, name: str) -> click.Context | None:
    found = ctx.command.get_command(ctx, name) if isinstance(ctx.command, click.Group) else None
    return click.Context(found, ctx, name) if found else None


def contexts(ctx: click.Context, name: str = "") -> Iterator[tuple[str, click.Context]]:
    """Yield every command below one, with its name, as when it is called."""
    yield name, ctx
    if isinstance(ctx.command, click.Group):
        for one in ctx.command.list_commands(ctx):
            below = _below(ctx, one)
            if below is not None:
                yield from contexts(below, f"{name} {one}".strip())


def page(ctx: click.Context) -> str:
    """Return the manual page of a command, in roff with the ``man`` macros.

    Parameters
    ----------
    ctx : click.Context
    """
    from .. import __version__

    name, shown = ctx.command, ctx.command_path
    key = shown.partition(" ")[2]
    lines = [
        f'.TH "{shown.replace(" ", "-").upper()}" 1 "" "gxfast {__version__}" "gxfast"',
        ".SH NAME",
        f"{_text(shown.replace(' ', '-'))} \\- {_text(name.get_short_help_str(200))}",
        ".SH SYNOPSIS",
        f".B {_text(shown)}",
        _text(" ".join(name.collect_usage_pieces(ctx))),
        ".SH DESCRIPTION",
    ]
    for paragraph in re.split(r"\n\s*\n", name.help or ""):
        lines += [".PP", _text(" ".join(paragraph.split()))]
    for title, rows in sections(name, ctx).items():
        lines += _listed(title, rows)
    if isinstance(name, click.Group):
        lines += _listed("Commands", list(getattr(name, "texts")(ctx).items()))  # noqa: B009
    lines += [".SH EXAMPLES"]
    for example in EXAMPLES.get(key, ()):
        lines += [".PP", ".nf", *(_text(line) for line in example.splitlines()), ".fi"]
    lines += [".SH SEE ALSO", _text("gxfast COMMAND --help")]
    return "\n".join(lines) + "\n"


def _listed(title: str, rows: list[tuple[str, str]]) -> list[str]:
    lines = [f".SH {title.upper()}"]
    for term, text in rows:
        lines += [".TP", f".B {_text(term)}", _text(text or "See above.")]
    return lines


def _text(text: str) -> str:
    """A line of roff that shows this text."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"^\.", "\\\\&.", text)
