"""``gxfast ism``: mutagenesis scans of many windows, and their merging and plotting."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from ..errors import InputError, did_you_mean
from ..io.numbers import whole_number
from .config import config_option
from .kinds import FILE, File, OneOf
from .lazy_group import LazyGroup
from .naming import as_options
from .numbers import Whole
from .options import (
    common_options,
    contigs_option,
    exons_option,
    input_paths,
    people_options,
    policy_from,
    policy_options,
    set_verbosity,
    sites_option,
    stacked,
)
from .progress import ProgressLine, say, talk

__all__ = ["choice_of", "engine_of", "ism", "merge", "paths_of", "reach_of", "saturate", "variants"]

_MOST_BINS = 1_000_000

_COMMANDS = {
    "saturate": ("ism", "saturate", "Every single-base change around TSSs, in regions, sequences or haplotypes."),
    "variants": ("ism", "variants", "Every observed variant in the windows of genes."),
    "merge": ("ism", "merge", "Put the parts of a scan (--shard) together."),
    "attribute": ("ism_attribute", "attribute", "Contributions of every base (DeepLIFT and others), for TF-MoDISco."),
    "pairs": ("ism_pairs", "pairs", "Every pair of changes in one stretch: interactions, dependency map."),
    "plot": ("ism_plot", "plot", "Logo and heat map of one window."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def ism() -> None:
    """In-silico mutagenesis: what changes of single bases do to a model's output."""


_MODELS = stacked(
    config_option,
    click.option("--model", "models", type=FILE, multiple=True, required=True, metavar="M", help="ONNX; repeatable."),
    click.option("--card", "cards", type=FILE, multiple=True, metavar="C", help="Model card (JSON), one per model."),
    click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:i]"),
    click.option("--length", type=Whole(1), help="Bases to read, if neither model nor card says."),
    click.option("--batch-size", type=Whole(2), help="Sequences per run where alleles are predicted."),
    click.option("--max-mem", metavar="8G", help="Refuse a scan whose blocks take more; bounds reading too."),
    click.option("--track", "tracks", multiple=True, metavar="T", help="Track (index or name) instead of the card's."),
    click.option("--bins", metavar="A-B,C", help="Bins of the output (0-based, ends included) instead of the card's."),
    click.option(
        "--reduce", type=OneOf(["mean", "sum", "none", "lfc", "logsed"]), help="Over the bins, instead of the card's."
    ),
    click.option(
        "--mode", type=OneOf(["auto", "naive", "packed", "delta"]), default="auto", show_default=True,
        help="How mutants are computed; the numbers are the same.",
    ),
)  # fmt: skip
PLACES = stacked(
    click.option(
        "-r", "--regions", "regions", type=File(or_text=True), multiple=True, metavar="R",
        help="chr:beg-end (1-based inclusive) or a BED file; repeatable. With --genes: genes with their TSS in it.",
    ),
    click.option("--sequences", type=FILE, metavar="S", help="FASTA of sequences as long as the model's input."),
    click.option("--positions", metavar="A-B", help="Part of the sequences, 1-based inclusive; all by default."),
)  # fmt: skip
_RUN = stacked(
    click.option("-o", "--output", type=FILE, metavar="DIR", help="Run directory to write."),
    click.option("--resume", is_flag=True, help="Go on with an interrupted scan in DIR."),
    click.option("--shard", metavar="i/N", help="Do part i of N of the windows; see gxfast ism merge."),
)


@ism.command()
@_MODELS
@click.option("--fasta", type=FILE, metavar="F", help="Reference FASTA with .fai (bgzip: and .gzi).")
@click.option("--genes", type=FILE, metavar="G", help="TSS of the genes: BED6, TSV (gene_id chrom tss strand) or GTF.")
@click.option("--window", metavar="N", help="Bases on either side of the TSS, or all.  [default: 1000]")
@PLACES
@click.option(
    "--vcf",
    type=FILE,
    multiple=True,
    metavar="V",
    help="Scan the haplotypes of the people of -s in this VCF/BCF/PGEN/Zarr.",
)
@contigs_option
@people_options
@policy_options
@click.option("--format", "formats", default="tsv,zarr", show_default=True, metavar="A,B", help="What to write.")
@click.option("--dry-run", is_flag=True, help="Say what it costs, and write nothing.")
@_RUN
@common_options
def saturate(**options: Any) -> int:
    """Scan every single-base change; write ism/MODEL.saturation.tsv.gz and ism/MODEL.zarr.

    Windows come from --fasta with --genes, from --fasta with -r, or from --sequences.
    """
    from ..workflow.scans.costing import check_memory, cost_lines, scan_costs
    from ..workflow.scans.cubes import require_zarr
    from ..workflow.scans.opening import open_saturation, scan_plan
    from ..workflow.scans.running import run_scan, saturation_scan
    from ..workflow.shard import parse_shard

    set_verbosity(options["verbose"], options["quiet"])
    shard, formats = parse_shard(options["shard"]), _formats(options["formats"])
    dry = options["dry_run"]
    choice = choice_of(options)
    _need_output(options, dry)
    if "zarr" in formats and not dry:
        require_zarr()
    engine = engine_of(options, check=not dry)
    paths = paths_of(options, restrict=choice.genes)
    inputs = open_saturation(paths, choice, policy_from(options), engine, hashes=not dry)
    scan = saturation_scan(inputs, formats)
    _check_shard(shard, scan)
    if dry:
        costs = scan_costs(inputs, formats, shard)
        _tell_costs(costs, cost_lines, options)
        return 0
    check_memory(inputs, scan, shard, paths.max_mem)
    plan = scan_plan(inputs.plans, engine, inputs.hashes, scan)
    return _in_directory(
        options, plan, shard, lambda run, progress: run_scan(run, inputs.computing, shard, progress), "mutants"
    )


@ism.command()
@_MODELS
@click.option("--fasta", type=FILE, required=True, metavar="F", help="Reference FASTA with .fai (bgzip: and .gzi).")
@click.option("--genes", type=FILE, metavar="G", help="TSS of the genes: BED6, TSV or GTF.")
@sites_option
@click.option(
    "-r",
    "--regions",
    "regions",
    type=File(or_text=True),
    multiple=True,
    metavar="R",
    help="Genes with their TSS in chr:beg-end.",
)
@click.option(
    "--vcf", type=FILE, multiple=True, required=True, metavar="V",
    help="VCF/BCF with index, with or without genotypes, PGEN or VCF Zarr; repeatable, or a pattern with {chrom}.",
)  # fmt: skip
@exons_option
@contigs_option
@people_options
@policy_options
@click.option(
    "--on", type=OneOf(["reference", "haplotypes"]), default="reference", show_default=True,
    help="Put alleles into the reference window, or swap them on the haplotypes of the people of -s.",
)  # fmt: skip
@click.option(
    "--indels", type=OneOf(["naive", "skip"]), default="naive", show_default=True,
    help="Predict indels one by one, or leave them out.",
)  # fmt: skip
@click.option(
    "--align", type=OneOf(["reference", "haplotype", "shift"]), default="reference", show_default=True,
    help="How indels are compared on the exons of a gene: docs/model_cards.md.",
)  # fmt: skip
@click.option(
    "--allele", type=OneOf(["each", "most-common"]), default="each", show_default=True,
    help="A row per alternative allele, or the most common alternative base of a position.",
)  # fmt: skip
@click.option("--background", type=Whole(100), metavar="N", help="Rank each SNV among N random ones: its quantiles.")
@click.option("--background-cache", type=FILE, metavar="DIR", help="Keep the random SNVs' effects for later runs.")
@click.option("--dry-run", is_flag=True, help="Say what it costs, and write nothing.")
@_RUN
@common_options
def variants(**options: Any) -> int:
    """Effect of every observed variant in the windows of genes or --sites; write ism/MODEL.variants.tsv.gz."""
    from ..workflow.scans.observed import VariantOptions
    from ..workflow.scans.opening import scan_plan
    from ..workflow.scans.running import run_scan
    from ..workflow.scans.variant_costing import variant_cost_lines, variant_costs
    from ..workflow.scans.variant_runs import open_variants, variant_scan
    from ..workflow.shard import parse_shard

    set_verbosity(options["verbose"], options["quiet"])
    shard, dry = parse_shard(options["shard"]), options["dry_run"]
    _need_output(options, dry)
    if options["on"] == "haplotypes" and not (options["samples"] or options["samples_file"]):
        raise InputError("--on haplotypes needs people", remedy="name them with -s NAME,... or -S FILE")
    if options["background_cache"] and not options["background"]:
        raise InputError("--background-cache belongs to --background", remedy="give --background N, or leave it out")
    policy = policy_from(options)
    indels = "skip" if policy.variants == "snv" else options["indels"]
    engine = engine_of(options, check=not dry)
    chosen = VariantOptions(
        options["on"], indels, options["allele"], options["background"] or 0, options["align"]
    )  # fmt: skip
    paths, cache = paths_of(options, restrict=True), options["background_cache"]
    inputs = open_variants(paths, policy, chosen, engine, hashes=not dry, background_cache=cache)
    scan = variant_scan(inputs)
    _check_shard(shard, scan)
    if dry:
        costs = variant_costs(inputs, shard)
        _tell_costs(costs, variant_cost_lines, options)
        return 0
    plan = scan_plan([one.plan for one in inputs.scans], engine, inputs.hashes, scan)
    return _in_directory(
        options, plan, shard,
        lambda run, progress: run_scan(run, inputs.computing, shard, progress, inputs.backgrounds), "mutants",
    )  # fmt: skip


@ism.command()
@click.argument("parts", type=FILE, nargs=-1, required=True, metavar="PART_DIR...")
@click.option("-o", "--output", type=FILE, required=True, metavar="DIR", help="Run directory to write.")
@click.option("--resume", is_flag=True, help="Write into the same directory again.")
@common_options
def merge(parts: tuple[str, ...], **options: Any) -> int:
    """Put the parts of a scan together: the same bytes as without parts."""
    from ..workflow.scans.running import merge as merge_parts

    set_verbosity(options["verbose"], options["quiet"])
    started = time.monotonic()
    result = merge_parts(options["output"], parts, resume=options["resume"])
    return _tell(result, options, time.monotonic() - started)


def _tell_costs(
    costs: dict[str, Any], lines: Callable[[dict[str, Any]], Sequence[str]], options: dict[str, Any]
) -> None:
    if options["as_json"]:
        click.echo(json.dumps(costs, indent=1))
    else:
        say("\n".join(lines(costs)))


def _need_output(options: dict[str, Any], dry: bool) -> None:
    if not options["output"] and not dry:
        raise InputError("no directory to write", remedy="name one with -o DIR")


def _formats(text: str) -> tuple[str, ...]:
    from ..workflow.scans.running import FORMATS

    formats = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(
            f"--format {text!r}: {unknown[0] if unknown else 'nothing'} is no format"
            + (did_you_mean(unknown[0], FORMATS) if unknown else ""),
            remedy=f"choose from {', '.join(FORMATS)}",
        )
    return formats


def choice_of(options: dict[str, Any]) -> Any:
    """Find out which source of windows was named: exactly one."""
    from ..workflow.options import WindowChoice

    sequences, genes, regions = options["sequences"], options["genes"], options["regions"]
    if sequences and (genes or regions or options["fasta"] or options["vcf"]):
        raise InputError("--sequences stands alone", remedy="leave --fasta, --genes, -r and --vcf out")
    if not sequences and not (options["fasta"] and (genes or regions)):
        raise InputError(
            "no windows to scan", remedy="give --fasta with --genes, --fasta with -r, or --sequences"
        )  # fmt: skip
    if options["window"] and not genes:
        raise InputError("--window belongs to --genes", remedy="leave it out")
    if options["positions"] and not sequences:
        raise InputError("--positions belongs to --sequences", remedy="leave it out, or give regions with -r")
    named = options.get("samples") or options.get("samples_file")
    if bool(options["vcf"]) != bool(named) or (options["vcf"] and not genes):
        raise InputError(
            "haplotypes need --genes, --vcf and the people to scan",
            remedy="give --vcf V -s NAME,... with --genes, or none of them",
        )
    if sequences:
        return WindowChoice(genes=False, sequences=sequences, positions=_positions(options["positions"]))
    if not genes:
        return WindowChoice(genes=False, regions=tuple(regions))
    return WindowChoice(reach=reach_of(options["window"]))


def reach_of(text: str | None) -> int | None:
    from ..workflow.scans.targets import DEFAULT_REACH

    if text is None:
        return DEFAULT_REACH
    if text == "all":
        return None
    reach = whole_number(text)
    if reach is None:
        raise InputError(f"--window {text[:40]!r} is no number of bases", remedy="write a number such as 1000, or all")
    return reach


def _positions(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, last = _span(text, "--positions", "write a-b, 1-based inclusive")
    if first < 1:
        raise InputError(f"--positions {text!r} begins before the sequence", remedy="positions are 1-based")
    return first - 1, last


def _span(text: str, option: str, remedy: str) -> tuple[int, int]:
    begin, dash, end = text.strip().partition("-")
    first, last = whole_number(begin), whole_number(end if dash else begin)
    if first is None or last is None or last < first:
        raise InputError(f"{option} {text[:40]!r} is no interval", remedy=remedy)
    return first, last


def engine_of(options: dict[str, Any], *, check: bool) -> Any:
    from .._threads import resolve_threads
    from ..ism import Outputs
    from ..workflow.options import EngineOptions

    indices = [(whole_number(track), track) for track in options["tracks"]]
    tracks = [name if index is None else index for index, name in indices] or None
    bins = None
    if options["bins"]:
        spans = [_span(part, "--bins", "write bins as A-B,C, 0-based") for part in options["bins"].split(",")]
        if sum(last - first for first, last in spans) > _MOST_BINS:
            raise InputError(f"--bins names more than {_MOST_BINS} bins", remedy="write bins as A-B,C, 0-based")
        bins = [b for first, last in spans for b in range(first, last + 1)]
    outputs = Outputs(tracks, bins, options["reduce"])
    return EngineOptions(outputs, options["mode"], resolve_threads(options["threads"]), check)


def paths_of(options: dict[str, Any], *, restrict: bool) -> Any:
    """The paths; regions choose genes only where windows are those of genes."""
    regions = ",".join(options["regions"]) if restrict and options["regions"] else None
    return input_paths({**options, "fasta": options["fasta"] or "", "regions": regions})


def _check_shard(shard: Any, scan: dict[str, Any]) -> None:
    n = scan["models"][0]["windows"]
    if shard.total > max(1, n):
        raise InputError(f"--shard {shard.index}/{shard.total}: there are {n} windows", remedy=f"use at most {n} parts")


def _in_directory(options: dict[str, Any], plan: dict[str, Any], shard: Any, work: Any, unit: str) -> int:
    """Do the work in the run directory, with progress; return the exit code."""
    from ..workflow.rundir import RunDirectory
    from ..workflow.shard import WHOLE

    started = time.monotonic()
    if shard.total > 1 or options["shard"]:
        plan = {**plan, "shard": f"{shard.index}/{shard.total}"}
    part = options.get("part", WHOLE)
    with RunDirectory(options["output"], plan, resume=options["resume"], part=part) as run:
        if part.planning:
            return 0
        if part.whole:
            run.note_run({"command": sys.argv[1:], "resumed_blocks": run.resumed})
        with ProgressLine(quiet=options["quiet"], unit=unit) as progress:
            result = work(run, progress)
    if result is None:
        return 0
    return _tell(result, options, time.monotonic() - started)


def _tell(result: Any, options: dict[str, Any], seconds: float) -> int:
    if options["as_json"]:
        click.echo(json.dumps({**result.summary, "failed": list(result.failed)}, indent=1))
    elif not options["quiet"]:
        for name, entry in result.summary["models"].items():
            say(f"{name}: " + ", ".join(f"{what.removeprefix('n_')} {n}" for what, n in entry.items()))
        say(f"wrote {options['output']} in {seconds:.1f} s")
    for line in result.failed:
        talk(f"gxfast: not scanned: {as_options(line)}")
    return 3 if result.failed else 0
