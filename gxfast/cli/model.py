"""``gxfast model import | inspect | list``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..errors import InputError

__all__ = ["model"]


@click.group()
def model() -> None:
    """Weights to ONNX with a card, and what a model expects."""


@model.command("import")
@click.argument("kind")
@click.argument("weights")
@click.option("-o", "--output", required=True, metavar="M.onnx", help="Model to write.")
@click.option("--name", help="Name of the model; from the file name by default.")
@click.option("--head", metavar="M.save", help="expecto: linear booster of a tissue.")
def import_model(kind: str, weights: str, output: str, name: str | None, head: str | None) -> int:
    """Turn the weights of a known model (KIND: expecto, xpresso) into an ONNX file with its card."""
    from ..models import importer

    only = {"head": head} if head is not None or kind == "expecto" else {}
    if only and kind != "expecto":
        raise InputError(f"--head is for expecto, not for {kind}")
    path = importer(kind)(weights, output, name=name, **only)
    click.echo(f"wrote {path}")
    return 0


@model.command()
@click.argument("path")
@click.option("--json", "as_json", is_flag=True)
def inspect(path: str, as_json: bool) -> int:
    """Say what a model reads and writes, and which card it has or would get."""
    from ..models.inspect import format_inspection, inspect_model

    found = inspect_model(path)
    click.echo(json.dumps(found, indent=1) if as_json else format_inspection(found))
    return 0


@model.command("list")
@click.argument("directory", default=".")
def list_models(directory: str) -> int:
    """List the ONNX models in a folder, and the kinds of weights that can be imported."""
    from ..models import IMPORTERS
    from ..models.inspect import inspect_model

    for path in sorted(Path(directory).glob("*.onnx")):
        card = inspect_model(path)["card"]
        click.echo(f"{path}\t{card['name']}\t{card['input']['length']} bases")
    click.echo(f"importers: {', '.join(IMPORTERS)}", err=True)
    return 0
