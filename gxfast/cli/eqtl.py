"""``gxfast eqtl``: cis-eQTL mapping."""

from __future__ import annotations

import json
from typing import Any

import click

from .command import command
from .kinds import FILE, OneOf
from .numbers import Whole
from .options import common_options, input_paths, linear_options, set_verbosity, signal_options

__all__ = ["eqtl", "mapping_options"]


def mapping_options(options: dict[str, Any]) -> Any:
    """Build the `MappingOptions` from parsed options."""
    from ..workflow.options import MappingOptions

    return MappingOptions(
        options["window"], options["min_maf"], options["permutations"], options["seed"],
        options["shared_permutations"], options["dosage"], options["format"], options["independent"],
        options["susie"],
    )  # fmt: skip


@command()
@linear_options(expression_required=True)
@click.option("--permutations", default=1000, show_default=True, type=Whole(0), help="Per gene; 0: none.")
@click.option(
    "--shared-permutations",
    is_flag=True,
    help="Permute once for all genes; for inverse normal transformed expression.",
)
@signal_options
@click.option(
    "--format",
    default="tsv",
    show_default=True,
    type=OneOf(["tsv", "parquet"]),
    help="Of the pairs: nominal.tsv.gz, or nominal.cis_qtl_pairs.CHROM.parquet as tensorQTL writes them.",
)
@click.option("-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory to write.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run in DIR.")
@common_options
def eqtl(**options: Any) -> int:
    """Test all variants in a window around every gene; tables with the columns of tensorQTL."""
    from .._threads import resolve_threads
    from ..workflow.shard import WHOLE
    from ..workflow.steps.eqtl import map_cis
    from .progress import ProgressLine, say
    from .summary import signal_lines

    part = options.get("part", WHOLE)
    set_verbosity(options["verbose"], options["quiet"])
    paths = input_paths({**options, "fasta": ""})
    with ProgressLine(quiet=options["quiet"]) as progress:
        summary = map_cis(
            paths,
            options["output"],
            mapping_options(options),
            transform=options["transform"],
            n_threads=resolve_threads(options["threads"]),
            resume=options["resume"],
            part=part,
            progress=progress,
        )
    if not part.whole:
        return 0
    if options["as_json"]:
        click.echo(json.dumps(summary, indent=1))
    elif not options["quiet"]:
        found = f"{summary['n_egenes']} genes with an eQTL at FDR 5 %; " if "n_egenes" in summary else ""
        say(f"{found}{summary['n_pairs']} pairs in {summary['n_done']} of {summary['n_genes']} genes")
        for line in signal_lines(summary):
            say(line)
        say(f"wrote {options['output']}")
    return 3 if summary["n_done"] < summary["n_genes"] or summary.get("n_not_fine_mapped") else 0
