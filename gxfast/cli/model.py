"""``gxfast model import | inspect | list | tracks | verify``."""

from __future__ import annotations

import inspect as python_inspect
import json
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from .command import CommandGroup
from .kinds import FILE, OneOf, Words
from .numbers import Number, Whole
from .outputs import refuse_overwriting

__all__ = ["model"]

_OUTPUT_CHOICES = ("tracks", "tracks_table", "bins", "reduce", "transform", "haplotypes", "over")


def _kinds() -> tuple[str, ...]:
    from ..models import importer_kinds

    return importer_kinds()


@click.group(cls=CommandGroup)
def model() -> None:
    """Weights to ONNX with a card, and what a model expects."""


@model.command("import")
@click.argument("kind", type=Words(_kinds))
@click.argument("source", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, metavar="M.onnx", help="Model to write.")
@click.option("--name", help="Name of the model; from the file name by default.")
@click.option("--track", "tracks", multiple=True, metavar="T", help="Index or description of a track; or all.")
@click.option("--tracks-table", type=FILE, metavar="FILE", help="Targets file in which --track is looked up.")
@click.option("--bins", metavar="447-449", help="Bins to keep, from 0; or all.")
@click.option("--over", type=OneOf(["exons", "gene_body"]), help="Read out the bins of each gene: see --exons.")
@click.option("--reduce", type=OneOf(["mean", "sum", "none", "lfc", "logsed"]), help="Over the bins.")
@click.option("--transform", type=OneOf(["none", "log2", "log10p1", "ln1p", "log2p1"]), help="Of each value.")
@click.option("--haplotypes", type=OneOf(["mean", "sum"]), help="A person's value from two haplotypes.")
@click.option("--head", type=FILE, metavar="M.save", help="expecto: linear booster of a tissue.")
@click.option("--weights", type=FILE, metavar="F", help="torch: parameters (.pth, .safetensors, .npz).")
@click.option("--length", type=Whole(1), help="torch, keras, enformer: bases of the input.")
@click.option("--layout", type=OneOf(["NLC", "NCL", "NC1L"]), help="torch: axes of the input; NCL by default.")
@click.option("--output-layout", type=OneOf(["NT", "NBT", "NTB"]), help="torch: axes of the output.")
@click.option("--no-check", is_flag=True, help="Do not compare the export with PyTorch.")
def import_model(kind: str, source: str, output: str, tracks: tuple[str, ...], no_check: bool, **given: Any) -> int:
    """Turn the weights of a known model into an ONNX file with its card.

    KIND is basenji2, borzoi, enformer, expecto or xpresso, with its weights as SOURCE; or keras with an .h5 of common
    layers; or torch with module:function; or a kind that an installed plug-in adds (gxfast model list names all).
    """
    from ..models import OutputOptions, importer

    refuse_overwriting([f"{output}.data"], {"source": source, **given})
    function = importer(kind)
    options: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    chosen = {k: options.pop(k) for k in _OUTPUT_CHOICES if k in options} | ({"tracks": tracks} if tracks else {})
    if chosen:
        options["outputs"] = OutputOptions(**chosen)
    if no_check:
        options["check"] = False
    taken = python_inspect.signature(function).parameters
    for option in options:
        if option not in taken:
            shown = {"outputs": next(iter(chosen), ""), "check": "no-check"}.get(option, option)
            shown = {"tracks": "track"}.get(shown, shown).replace("_", "-")
            raise InputError(f"--{shown} is not for {kind}", remedy="leave it out; see docs/model_cards.md")
    click.echo(f"wrote {function(source, output, **options)}")
    return 0


@model.command()
@click.argument("path", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def inspect(path: str, as_json: bool) -> int:
    """Say what a model reads and writes, and which card it has or would get."""
    from ..models.inspect import format_inspection, inspect_model

    found = inspect_model(path)
    click.echo(json.dumps(found, indent=1) if as_json else format_inspection(found))
    return 0


@model.command("list")
@click.argument("directory", type=FILE, default=".")
def list_models(directory: str) -> int:
    """List the ONNX models in a folder, and the kinds of weights that can be imported."""
    from ..models import importer_kinds
    from ..models.inspect import inspect_model

    for path in sorted(Path(directory).glob("*.onnx")):
        found = inspect_model(path, opened=False)
        card = found["card"] or found["draft"]
        left = f"\tto be chosen: {'; '.join(found['choices'])}" if found["choices"] else ""
        click.echo(f"{path}\t{card['name']}\t{card['input']['length'] or '?'} bases{left}")
    click.echo(f"importers: {', '.join(importer_kinds())}", err=True)
    return 0


@model.command()
@click.argument("table", type=FILE)
@click.argument("text", default="")
def tracks(table: str, text: str) -> int:
    """List the tracks of a targets file (TABLE) whose description holds TEXT."""
    from ..models import read_tracks

    found = read_tracks(table)
    for track in found.search(text) if text.strip() else found.tracks:
        click.echo(f"{track.index}\t{track.identifier}\t{track.description}")
    return 0


@model.command()
@click.argument("path", type=FILE)
@click.option("--card", type=FILE, metavar="C", help="Model card (JSON).")
@click.option("--fasta", type=FILE, multiple=True, required=True, metavar="F", help="Reference FASTA; repeatable.")
@click.option("--genes", type=FILE, required=True, metavar="G", help="Genes of the publication.")
@click.option("--published", type=FILE, required=True, metavar="T", help="Table of published predictions.")
@click.option("--column", required=True, metavar="C", help="Its column for this model.")
@click.option("--tolerance", type=Number(0), default=1e-5, show_default=True, help="Largest difference that passes.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:i]")
@click.option("--json", "as_json", is_flag=True)
def verify(
    path: str, card: str | None, fasta: tuple[str, ...], genes: str, published: str, column: str, tolerance: float,
    device: str, as_json: bool,
) -> int:  # fmt: skip
    """Compare a model's predictions for the reference with published ones.

    Exit code 1 if the largest difference is above the tolerance.
    """
    from ..io.fasta import Genome
    from ..io.tables import read_gene_values, read_genes
    from ..models import Model
    from ..models.verification import join_verifications, verify_model

    values, table = read_gene_values(published, column), read_genes(genes)
    opened = Model(path, card=card, device=device)
    found = join_verifications([verify_model(opened, genome, table, values) for genome in map(Genome, fasta)], values)
    passed = found.largest_difference <= tolerance
    facts = {
        "genes": len(found.gene_id), "elsewhere": found.n_elsewhere, "largest_difference": found.largest_difference,
        "worst": found.worst, "pearson": found.pearson, "tolerance": tolerance, "passed": passed,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(facts, indent=1))
    else:
        click.echo(
            f"{facts['genes']} genes ({facts['elsewhere']} published ones are not on this reference): largest "
            f"difference {found.largest_difference:.2g} ({found.worst}), Pearson {found.pearson:.6f}: "
            + ("verified" if passed else f"NOT verified (tolerance {tolerance:g})")
        )
    return 0 if passed else 1
