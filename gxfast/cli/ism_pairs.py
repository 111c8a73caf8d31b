"""``gxfast ism pairs``: every pair of changes in one stretch."""

from __future__ import annotations

import json
from typing import Any

import click

from .command import command
from .ism_plot import DEFAULT_REACH, OF_A_GENE, OF_ANOTHER, one_window
from .kinds import FILE
from .options import common_options, set_verbosity
from .outputs import refuse_overwriting

__all__ = ["pairs"]


@command()
@click.option("--model", type=FILE, required=True, metavar="M", help="ONNX.")
@OF_A_GENE
@click.option("--gene", metavar="ID", help="Gene to scan around (id or name).")
@click.option("--window", metavar="N", help=f"Bases on either side of the TSS.  [default: {DEFAULT_REACH}]")
@OF_ANOTHER
@click.option("--record", metavar="NAME", help="Sequence to scan.")
@click.option("--positions", metavar="A-B", help="Part of it, 1-based inclusive.")
@click.option("--track", metavar="T", help="Name or index of the track, where there are several.")
@click.option("-o", "--output", required=True, metavar="PREFIX", help="Writes PREFIX.svg, .png, .tsv and .zarr.")
@common_options
def pairs(output: str, **options: Any) -> int:
    """Scan every pair of single-base changes of a stretch, and draw how strongly positions depend on each other.

    The interaction of two changes is the effect of both minus the effects of each. Bases and positions are those of
    the forward strand.
    """
    from ..workflow.scans.cubes import require_zarr
    from ..workflow.scans.dependency import pair_paths, scan_pairs_of, write_pairs

    set_verbosity(options["verbose"], options["quiet"])
    refuse_overwriting(pair_paths(output), options)  # wrong ones are refused before any work
    require_zarr(or_text=False)
    stretch = scan_pairs_of(*one_window({**options, "scan": None, "haplotype": None}))
    paths = [str(path) for path in write_pairs(stretch, output)]
    strength = stretch.pairs.strength[..., 0]
    at = divmod(int(strength.argmax()), len(strength))
    first, second = (int(stretch.positions[i]) + 1 for i in sorted(at))
    if options["as_json"]:
        facts = {
            "name": stretch.name, "chrom": stretch.chrom, "strand": stretch.strand, "track": stretch.track,
            "n_positions": len(strength), "strongest": [first, second], "interaction": float(strength.max()),
            "files": paths,
        }  # fmt: skip
        click.echo(json.dumps(facts, indent=1))
    elif not options["quiet"]:
        click.echo(
            f"{stretch.name}: {stretch.track}: {len(strength)} positions; strongest interaction "
            f"{strength.max():.3g}, of {first} and {second}; wrote {', '.join(paths)}"
        )
    return 0
