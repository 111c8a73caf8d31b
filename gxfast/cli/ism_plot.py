"""``gxfast ism plot``: logo and heat map of one window."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from ..errors import InputError
from ..io.numbers import whole_number
from .command import command
from .kinds import FILE
from .numbers import Whole
from .options import common_options, set_verbosity, stacked
from .outputs import refuse_overwriting

__all__ = ["DEFAULT_REACH", "OF_ANOTHER", "OF_A_GENE", "one_window", "plot"]

_SOURCES = {
    "gene": "--fasta F --genes G --gene ID",
    "region": "--fasta F -r chr:beg-end",
    "record": "--sequences S --record NAME",
    "scan": "--scan DIR --gene ID",
}
# What belongs to each source, beside -o, --track and what is common to all commands.
_BELONG = {
    "gene": {"model", "card", "length", "fasta", "genes", "gene", "window"},
    "region": {"model", "card", "length", "fasta", "region"},
    "record": {"model", "card", "length", "sequences", "record", "positions"},
    "scan": {"model", "scan", "gene", "haplotype", "window", "positions"},
}
_NEEDED = {
    "gene": ("model", "fasta", "genes", "gene"),
    "region": ("model", "fasta", "region"),
    "record": ("model", "sequences", "record"),
    "scan": ("scan", "gene"),
}
_FLAGS = {"region": "-r"}
DEFAULT_REACH = 50
# What names the one window that is drawn, or whose pairs are scanned.
OF_A_GENE = stacked(
    click.option("--card", type=FILE, metavar="C", help="Model card (JSON)."),
    click.option("--length", type=Whole(1), help="Bases to read, if neither model nor card says."),
    click.option("--fasta", type=FILE, metavar="F", help="Reference FASTA with .fai (bgzip: and .gzi)."),
    click.option(
        "--genes", type=FILE, metavar="G", help="TSS of the genes: BED6, TSV (gene_id chrom tss strand) or GTF."
    ),
)
OF_ANOTHER = stacked(
    click.option(
        "-r", "--region", metavar="R", help="chr:beg-end, 1-based inclusive, in the middle of the model's input."
    ),
    click.option("--sequences", type=FILE, metavar="S", help="FASTA of sequences as long as the model's input."),
)


@command()
@click.option("--model", type=FILE, metavar="M", help="ONNX; with --scan the name of a model in it.")
@OF_A_GENE
@click.option("--gene", metavar="ID", help="Gene to draw (id or name); with --scan any name in it.")
@click.option("--window", metavar="N", help=f"Bases on either side of the TSS, or all.  [default: {DEFAULT_REACH}]")
@OF_ANOTHER
@click.option("--record", metavar="NAME", help="Sequence to draw.")
@click.option("--positions", metavar="A-B", help="Part of it (with --scan: reference positions), 1-based inclusive.")
@click.option(
    "--scan", type=FILE, metavar="DIR", help="Draw from what gxfast ism saturate wrote; --window: around its middle."
)
@click.option("--haplotype", metavar="NAME|1", help="With --scan: which of several sequences of a gene.")
@click.option("--track", metavar="T", help="Name or index of the track, where there are several.")
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="PREFIX", help="Writes PREFIX.svg, PREFIX.png, PREFIX.tsv."
)
@common_options
def plot(output: str, **options: Any) -> int:
    """Draw what every base of a window does: logo, heat map, coordinates, and the table they show.

    Letters are as tall as minus the mean effect of the three other bases. Bases and positions are those of the
    forward strand.
    """
    from ..workflow.scans.stretch import figure_paths, write_stretch

    set_verbosity(options["verbose"], options["quiet"])
    refuse_overwriting(figure_paths(output), options)  # wrong ones are refused before any work
    stretch = _stretch(_source(options), options)
    paths = [str(path) for path in write_stretch(stretch, output)]
    if options["as_json"]:
        there = stretch.positions[stretch.positions >= 0]
        facts = {
            "name": stretch.name, "chrom": stretch.chrom, "strand": stretch.strand, "haplotype": stretch.haplotype,
            "track": stretch.track, "first_pos": int(there[0]) + 1 if there.size else None,
            "last_pos": int(there[-1]) + 1 if there.size else None, "n_positions": len(stretch.positions),
            "files": paths,
        }  # fmt: skip
        click.echo(json.dumps(facts, indent=1))
    elif not options["quiet"]:
        click.echo(f"{stretch.title}: {len(stretch.positions)} positions; wrote {', '.join(paths)}")
    return 0


def _source(options: dict[str, Any]) -> str:
    """Which of the sources of windows was named; nothing that belongs to another."""
    signs = {"scan": ("scan",), "record": ("sequences", "record"), "region": ("region",), "gene": ("genes", "gene")}
    named = [source for source, keys in signs.items() if any(options[key] is not None for key in keys)]
    if "scan" in named and options["genes"] is None:
        named = [source for source in named if source != "gene"]
    usage = "; or ".join(_SOURCES.values())
    if len(named) != 1:
        found = " and ".join(_SOURCES[source] for source in named) or "none"
        raise InputError(f"one window is needed, found {found}", remedy=f"use {usage}")
    source = named[0]
    every = {key for keys in _BELONG.values() for key in keys}
    foreign = sorted(key for key in every - _BELONG[source] if options[key] is not None)
    missing = [key for key in _NEEDED[source] if options[key] is None]
    for keys, problem in ((missing, "is missing"), (foreign, "does not go with the rest")):
        if keys:
            flags = ", ".join(_FLAGS.get(key, f"--{key}") for key in keys)
            remedy = f"use {'' if source == 'scan' else '--model M '}{_SOURCES[source]}"
            raise InputError(f"{flags} {problem}", remedy=remedy)
    if options["window"] is not None and options["positions"] is not None:
        raise InputError("a stretch is chosen twice", remedy="use either --window or --positions")
    return source


def _stretch(source: str, options: dict[str, Any]) -> Any:
    from ..workflow.scans.stretch import read_stretch, scan_stretch

    span = _span(options["positions"])
    if source == "scan":
        reach = _reach(options["window"], None)
        return read_stretch(
            options["scan"], options["gene"], model=options["model"], track=options["track"],
            haplotype=options["haplotype"], reach=reach, positions=span,
        )  # fmt: skip
    plan, track, layout, rows, window = _computed(source, options, span)
    return scan_stretch(plan, track, layout, rows, window=window)


def one_window(options: dict[str, Any]) -> tuple[Any, int, Any, Any, int]:
    """Return the plan, the index of the track, the layout, where its rows come from and the window that were named."""
    return _computed(_source(options), options, _span(options["positions"]))


def _computed(source: str, options: dict[str, Any], span: tuple[int, int] | None) -> tuple[Any, int, Any, Any, int]:
    from .._threads import resolve_threads
    from ..models.session import Model
    from ..workflow.scans.stretch import plan_track

    threads = resolve_threads(options["threads"])
    model = Model(
        options["model"], card=options["card"], length=options["length"], n_threads=threads, device="cpu"
    )  # fmt: skip
    layout, rows, window = {"gene": _gene, "region": _region, "record": _record}[source](model.card, options, span)
    plan, track = plan_track(model, options["track"])
    return plan, track, layout, rows, window


def _gene(card: Any, options: dict[str, Any], _: Any) -> tuple[Any, Any, int]:
    from ..io.contigs import ContigNames
    from ..io.fasta import Genome
    from ..io.tables import read_genes
    from ..workflow.scans.sources import ReferenceSource
    from ..workflow.scans.targets import gene_layout

    genome = Genome(options["fasta"])
    genes = ContigNames(genome.contigs).genes(read_genes(options["genes"]))
    wanted = options["gene"]
    found = [g for g in range(len(genes)) if genes.gene_id[g] == wanted]
    found = found or [g for g in range(len(genes)) if genes.name[g] == wanted]
    if len(found) != 1:
        some = ", ".join(genes.gene_id[g] for g in (found or range(min(3, len(genes)))))
        raise InputError(
            f"{len(found) or 'no'} genes are called {wanted!r}",
            path=options["genes"], remedy=f"name one by its id, such as {some}",
        )  # fmt: skip
    layout = gene_layout(card, genes.take(found), genome, window=_reach(options["window"], DEFAULT_REACH))
    return layout, ReferenceSource(genome), 0


def _region(card: Any, options: dict[str, Any], _: Any) -> tuple[Any, Any, int]:
    from ..io.contigs import ContigNames
    from ..io.fasta import Genome
    from ..io.regions import parse_region
    from ..workflow.scans.sources import ReferenceSource
    from ..workflow.scans.targets import Region, named_regions, region_layout

    text = options["region"]
    if not re.fullmatch(r".+:[0-9,]+-[0-9,]+", text):
        raise InputError(f"region {text!r} names no interval", remedy="write -r chr:beg-end, 1-based inclusive")
    genome = Genome(options["fasta"])
    regions = named_regions([Region(text, *parse_region(text))], ContigNames(genome.contigs))
    return region_layout(card, regions, genome), ReferenceSource(genome), 0


def _record(card: Any, options: dict[str, Any], span: tuple[int, int] | None) -> tuple[Any, Any, int]:
    from ..workflow.scans.sources import SequenceSource, read_sequences
    from ..workflow.scans.targets import sequence_layout

    names, letters = read_sequences(options["sequences"], card.read_length)
    if options["record"] not in names:
        raise InputError(
            f"no record is named {options['record']!r}",
            path=options["sequences"], remedy=f"choose one of: {', '.join(names[:5])}",
        )  # fmt: skip
    return sequence_layout(card, names, span), SequenceSource(letters), names.index(options["record"])


def _reach(text: str | None, default: int | None) -> int | None:
    if text is None or text == "all":
        return default if text is None else None
    reach = whole_number(text)
    if reach is None:
        raise InputError(f"--window: not a number of bases: {text[:40]!r}", remedy="write --window 50, or --window all")
    return reach


def _span(text: str | None) -> tuple[int, int] | None:
    """Translate ``a-b``, 1-based inclusive, to 0-based half-open."""
    if text is None:
        return None
    begin, _, end = text.replace(",", "").partition("-")
    first, last = whole_number(begin, 1), whole_number(end, 1)
    if first is None or last is None or last < first:
        raise InputError(f"--positions: not a range: {text[:40]!r}", remedy="write --positions a-b, 1-based inclusive")
    return first - 1, last
