"""``gxfast ism attribute``: contributions of bases, as TF-MoDISco reads them."""

from __future__ import annotations

import json
from typing import Any

import click

from ..errors import InputError
from .command import command
from .ism import PLACES, choice_of, engine_of, paths_of, reach_of
from .kinds import FILE, OneOf
from .naming import as_options
from .numbers import Whole
from .options import common_options, contigs_option, set_verbosity
from .outputs import refuse_overwriting
from .progress import ProgressLine, talk

__all__ = ["attribute"]

_METHODS = ["deeplift", "ism", "gradient"]


@command()
@click.option("--model", "models", type=FILE, required=True, metavar="M", help="ONNX.")
@click.option("--card", "cards", type=FILE, metavar="C", help="Model card (JSON).")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:i]")
@click.option("--length", type=Whole(1), help="Bases to read, if neither model nor card says.")
@click.option("--track", "tracks", metavar="T", help="Track (index or name) instead of the card's.")
@click.option("--bins", metavar="A-B,C", help="Bins of the output (0-based, ends included) instead of the card's.")
@click.option("--reduce", type=OneOf(["mean", "sum", "none"]), help="Over the bins, instead of the card's.")
@click.option("--method", type=OneOf(_METHODS), default="deeplift", show_default=True, help="What is computed.")
@click.option(
    "--shuffles", "n_references", type=Whole(1), default=20, show_default=True,
    help="With deeplift: shuffles that keep dinucleotides, which each sequence is compared with.",
)  # fmt: skip
@click.option("--seed", type=Whole(0), default=0, show_default=True, help="Of the shuffles.")
@click.option("--fasta", type=FILE, metavar="F", help="Reference FASTA with .fai (bgzip: and .gzi).")
@click.option("--genes", type=FILE, metavar="G", help="TSS of the genes: BED6, TSV (gene_id chrom tss strand) or GTF.")
@click.option(
    "--window", metavar="N", help="Bases on either side of the TSS, or of the middle of a region.  [default: all]"
)
@PLACES
@contigs_option
@click.option(
    "-o", "--output", required=True, metavar="PREFIX", help="Writes PREFIX.ohe.npz, PREFIX.shap.npz and PREFIX.tsv."
)
@common_options
def attribute(output: str, **options: Any) -> int:
    """Write what every base of windows contributes to a prediction, for TF-MoDISco.

    Then: modisco motifs -s PREFIX.ohe.npz -a PREFIX.shap.npz -n 2000 -o motifs.h5. Windows come from --fasta with
    --genes, from --fasta with -r, or from --sequences; arrays are of the forward strand.
    """
    from ..workflow.scans.attribution import Attribution, attribution_paths, write_attribution
    from ..workflow.scans.opening import open_saturation

    set_verbosity(options["verbose"], options["quiet"])
    paths = [str(path) for path in attribution_paths(output)]
    refuse_overwriting(paths, options)  # wrong ones are refused before any work
    options = {**options, "models": (options["models"],), "cards": (options["cards"],) if options["cards"] else ()}
    options |= {"tracks": () if options["tracks"] is None else (options["tracks"],), "mode": "auto", "vcf": ()}
    window = options.pop("window")
    if window is not None and options["sequences"]:
        raise InputError("--window belongs to --genes and -r", remedy="choose a part of the sequences with --positions")
    reach = reach_of("all" if window is None else window)
    of_genes = choice_of({**options, "window": "all" if options["genes"] else None})
    engine = engine_of(options, check=options["method"] == "ism")
    inputs = open_saturation(paths_of(options, restrict=of_genes.genes), of_genes, None, engine, hashes=False)
    how = Attribution(options["method"], reach, options["n_references"], options["seed"], engine.n_threads)
    with ProgressLine(quiet=options["quiet"], unit="windows") as progress:
        rows, failed = write_attribution(inputs, how, output, progress)
    track, n = inputs.plans[0].tracks[0], rows[0].last_pos - rows[0].first_pos + 1
    if options["as_json"]:
        facts = {"track": track, "method": how.method, "n_windows": len(rows), "n_positions": n, "failed": failed}
        click.echo(json.dumps({**facts, "files": paths}, indent=1))
    elif not options["quiet"]:
        click.echo(f"{track}: {how.method} of {len(rows)} windows of {n} bases; wrote {', '.join(paths)}")
    for line in failed:
        talk(f"gxfast: not scanned: {as_options(line)}")
    return 3 if failed else 0
