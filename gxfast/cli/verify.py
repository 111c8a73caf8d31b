"""``gxfast verify DIR``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .command import command
from .kinds import FILE
from .options import set_verbosity

__all__ = ["verify"]


@command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option("-q", "--quiet", is_flag=True)
@click.option("--json", "as_json", is_flag=True, help="What differs, on stdout, by file.")
def verify(directory: str, quiet: bool, as_json: bool) -> int:
    """Re-hash everything in a finished run directory and name what is not as the run wrote it.

    Exit code 1 where a file is missing or changed; a file that the run did not write is named only.
    """
    from ..workflow.rundir import EXTRA, read_manifest
    from ..workflow.rundir import verify as differing

    set_verbosity(0, quiet)
    path = Path(directory)
    found = differing(path)
    damaged = [name for name, how in found.items() if how != EXTRA]
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        for name, how in found.items():
            click.echo(f"{path / name}: {how}", err=True)
    if damaged:
        click.echo("gxfast: make it again: the command of the run with --resume", err=True)
        return 1
    if not (quiet or as_json):
        click.echo(f"{len(read_manifest(path)['results'])} results, the plan and every block are as the run wrote them")
    return 0
