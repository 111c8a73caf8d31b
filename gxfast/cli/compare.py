"""``gxfast compare``: models against each other."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError
from .command import command
from .kinds import FILE
from .numbers import Whole
from .progress import say

if TYPE_CHECKING:
    from ..evaluation.agreement import ModelGenes

__all__ = ["compare"]


@command()
@click.argument("sources", type=FILE, nargs=-1, required=True, metavar="A B [C ...]")
@click.option("-o", "--output", type=FILE, metavar="T.tsv", help="Table to write.")
@click.option("--side-by-side", "wide", type=FILE, metavar="T.tsv", help="Table of every gene to write.")
@click.option("--bootstrap", default=2000, show_default=True, type=Whole(0), help="Samples for the test.")
@click.option("--seed", default=0, show_default=True, type=Whole(0, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on stdout.")
def compare(
    sources: tuple[str, ...], output: str | None, wide: str | None, bootstrap: int, seed: int, as_json: bool
) -> int:
    """Do models agree in direction, and in magnitude?

    Each of A, B, ... is a run directory or its genes.tsv (every model in it), or FILE#COLUMN: correlations across
    people by gene in a column of any table.
    """
    from ..evaluation.agreement import PairAgreement, agreement, side_by_side
    from ..io.tables import write_rows, write_table

    models = [model for source in sources for model in _models(source)]
    for one, other in combinations(models, 2):
        _refuse_strangers(one, other)
    pairs = agreement(models, n_bootstrap=bootstrap, seed=seed)
    if output:
        write_rows(output, PairAgreement, pairs)
    if wide:
        write_table(wide, side_by_side(models))
    if as_json:
        rows = [{k: None if v != v else v for k, v in asdict(pair).items()} for pair in pairs]
        click.echo(json.dumps(rows, indent=1))
        return 0
    for pair in pairs:
        say(
            f"{pair.model_a} against {pair.model_b}: {pair.n_genes} genes: r of their correlations across people "
            f"{pair.direction_r:.3f} (direction), of the absolute values {pair.magnitude_r:.3f} (magnitude; "
            f"difference {pair.difference:.3f}, 95 % {pair.difference_low:.3f} to {pair.difference_high:.3f}, "
            f"p {pair.difference_p:.2g}); equal signs {100 * pair.equal_sign:.1f} % of {pair.n_signed} "
            f"(p {pair.equal_sign_p:.2g}), where both |r| > 0.2 {100 * pair.strong_equal_sign:.1f} % of {pair.n_strong}"
            + (f"; reference predictions r {pair.reference_pearson:.3f}, rho {pair.reference_spearman:.3f}"
               if pair.n_reference > 1 else "")
        )  # fmt: skip
    return 0


def _refuse_strangers(one: ModelGenes, other: ModelGenes) -> None:
    if not (one.r.keys() & other.r.keys() or one.reference.keys() & other.reference.keys()):
        raise InputError(
            f"no gene has values of both {one.name!r} ({', '.join(list(one.r)[:3]) or 'none'}, ...) and {other.name!r} "
            f"({', '.join(list(other.r)[:3]) or 'none'}, ...)",
            remedy="name tables with the same gene ids",
        )


def _table_of_run(folder: Path) -> Path:
    """The genes of a run, as the run wrote them."""
    from ..io.files import refuse_changed
    from ..workflow.rundir import read_manifest

    if (folder / "manifest.json").is_file():
        results = read_manifest(folder)["results"]
        refuse_changed(folder, {name: digest for name, digest in results.items() if name == "genes.tsv"})
    return folder / "genes.tsv"


def _models(source: str) -> list[ModelGenes]:
    from ..evaluation.agreement import ModelGenes
    from ..io.tables import read_gene_values, read_table

    file, mark, column = source.rpartition("#")
    if mark:
        return [ModelGenes(column, _correlations(read_gene_values(file, column), file))]
    path = Path(source)
    path = _table_of_run(path) if path.is_dir() else path
    columns = read_table(path)
    for wanted in ("model", "pearson_r"):
        if wanted not in columns and not (wanted == "pearson_r" and "reference_prediction" in columns):
            raise InputError(
                f"the table has no column {wanted!r}", path=path,
                remedy="name a run directory, or FILE#COLUMN for a column of another table",
            )  # fmt: skip
    if not columns["model"]:
        raise InputError("the table has no row", path=path, remedy="name a run directory, or its genes.tsv")

    def values(column: str, model: str) -> dict[str, float]:
        return read_gene_values(path, column, where=("model", model)) if column in columns else {}

    return [
        ModelGenes(model, _correlations(values("pearson_r", model), path), values("reference_prediction", model))
        for model in dict.fromkeys(columns["model"])
    ]


def _correlations(values: dict[str, float], path: object) -> dict[str, float]:
    for gene, value in values.items():
        if not -1 <= value <= 1:
            raise InputError(
                f"{value:g} is no correlation", path=path, record=f"gene {gene}",
                remedy="give numbers from -1 to 1, and NA or nothing where there is none",
            )  # fmt: skip
    return values
