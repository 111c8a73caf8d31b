"""``gxfast report DIR``."""

from __future__ import annotations

from pathlib import Path

import click

from .command import command
from .kinds import FILE
from .options import set_verbosity

__all__ = ["report"]


@command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option(
    "--gene", "genes", multiple=True, metavar="ID[,ID...]", help="Genes (id or name) to draw person by person."
)
@click.option("-q", "--quiet", is_flag=True)
def report(directory: str, genes: tuple[str, ...], quiet: bool) -> int:
    """Draw the figures of a run directory and write its report.html (one file, no network).

    The page has every gene in its tables; figures of single genes are drawn of the best and the worst, and of those
    named by --gene, which may be repeated. The page of a benchmark of variants is of its metrics.
    """
    from ..reporting import write_report
    from ..workflow.rundir import noted_results

    set_verbosity(0, quiet)
    with noted_results(Path(directory)):
        path = write_report(directory, genes=genes)
    if not quiet:
        click.echo(f"wrote {path}")
    return 0
