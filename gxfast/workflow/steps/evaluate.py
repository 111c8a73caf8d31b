"""`gxfast evaluate`: a table of predictions of any origin, into a run directory."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...io.tables import write_phenotype_bed, write_table
from ...types import ExpressionTable, GeneTable, PredictionSet
from ..inputs import Inputs
from ..options import EvaluateOptions
from ..rundir import RunDirectory

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation, Observed

__all__ = ["evaluate_table", "write_observed"]


def _evaluate(
    run: RunDirectory,
    predictions: tuple[PredictionSet, ...],
    inputs: Inputs,
    expression: ExpressionTable,
    options: EvaluateOptions,
    n_threads: int,
) -> tuple[tuple[Evaluation, ...], Observed]:
    from ...evaluation.across_people import evaluate, observed_values

    arguments: dict[str, Any] = {"covariates": inputs.covariates, "transform": options.transform}
    evaluations = tuple(
        evaluate(item, expression, residualise=options.residualise, n_threads=n_threads, **arguments)
        for item in predictions
    )
    observed = observed_values(predictions[0], expression, **arguments)
    write_observed(run, predictions[0], observed)
    return evaluations, observed


def write_observed(run: RunDirectory, predictions: PredictionSet, observed: Observed) -> None:
    """Write the expression values that were correlated, for the report and for anybody's own plots."""
    folder, genes = run.subdirectory("evaluation"), predictions.genes
    for name, values in (("observed", observed.values), ("observed.residual", observed.residuals)):
        if values is not None:
            write_phenotype_bed(
                folder / f"{name}.bed.gz", genes, observed.samples, genes.gene_id, values, range(len(genes))
            )


def _write_genes(
    run: RunDirectory, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...]
) -> None:
    tables = [e.columns() for e in evaluations] or [_prediction_columns(item) for item in predictions]
    write_table(
        run.path / "genes.tsv",
        {name: [value for table in tables for value in table[name]] for name in tables[0]},
    )


def _prediction_columns(predictions: PredictionSet) -> dict[str, list[Any]]:
    """The columns of genes.tsv that need no expression."""
    genes, several = predictions.genes, len(predictions.tracks) > 1
    rows = [(g, t) for g in range(len(genes)) for t in range(len(predictions.tracks))]
    means = predictions.values.mean(axis=1)
    return {
        "gene_id": [f"{genes.gene_id[g]}:{predictions.tracks[t]}" if several else genes.gene_id[g] for g, t in rows],
        "name": [genes.name[g] for g, _ in rows],
        "chrom": [genes.chrom[g] for g, _ in rows],
        "tss": [int(genes.tss[g]) + 1 for g, _ in rows],
        "strand": [genes.strand[g] for g, _ in rows],
        "model": [predictions.model] * len(rows),
        "n_people": [len(predictions.samples)] * len(rows),
        "n_variants": [int(predictions.n_variants[g]) for g, _ in rows],
        "n_haplotypes": [int(predictions.n_haplotypes[g]) for g, _ in rows],
        "mean_predicted": [float(means[g, t]) for g, t in rows],
        "reference_prediction": [float(predictions.reference[g, t]) for g, t in rows],
        "status": [predictions.status[g] for g, _ in rows],
    }


def evaluate_table(
    predictions: str,
    expression: str,
    output: str,
    *,
    covariates: str | None,
    n_covariates: int | None,
    genes: str | None,
    name: str,
    options: EvaluateOptions,
    n_threads: int,
    resume: bool,
) -> dict[str, Any]:
    """Evaluate a table of predictions against expression into a run directory; return the summary.

    The table may come from any tool. It is taken as it is: a person's value per gene.
    """
    from ... import __version__
    from ...evaluation.across_people import evaluate, observed_values
    from ...evaluation.result import summary
    from ...io.files import sha256_of
    from ...io.tables import read_covariates, read_expression, read_genes

    observed_table = read_expression(expression)
    table = read_expression(predictions)
    covariate_table = read_covariates(covariates, first=n_covariates) if covariates else None
    located = read_genes(genes) if genes else observed_table.genes or table.genes
    prediction_set = _prediction_set(name, table, located)
    files = {"predictions": predictions, "expression": expression, "covariates": covariates, "genes": genes}
    plan = {
        "gxfast": __version__,
        "inputs": {
            what: [{"file": Path(path).name, "sha256": sha256_of(path)}] for what, path in files.items() if path
        },
        "options": {**asdict(options), "n_covariates": n_covariates, "steps": ["evaluate"]},
    }
    arguments: dict[str, Any] = {"covariates": covariate_table, "transform": options.transform}
    with RunDirectory(output, plan, resume=resume) as run:
        evaluation = evaluate(
            prediction_set,
            observed_table,
            residualise=options.residualise,
            n_threads=n_threads,
            **arguments,
        )
        observed = observed_values(prediction_set, observed_table, **arguments)
        write_observed(run, prediction_set, observed)
        rows = range(len(prediction_set.genes))
        write_phenotype_bed(
            run.subdirectory("predictions") / f"{name}.bed.gz", prediction_set.genes, prediction_set.samples,
            prediction_set.genes.gene_id, prediction_set.values[:, :, 0], rows,
        )  # fmt: skip
        columns = evaluation.columns()
        for unknown in ("n_variants", "n_haplotypes", "reference_prediction"):
            del columns[unknown]
        write_table(run.path / "genes.tsv", columns)
        found = {
            "n_people": len(prediction_set.samples),
            "n_genes": len(prediction_set.genes),
            "models": {name: {"across_people": summary(evaluation)}},
        }
        run.finish({"summary": found, "counts": {name: evaluation.counts}})
    return found


def _prediction_set(name: str, table: ExpressionTable, located: GeneTable | None) -> PredictionSet:
    """Take a table of values as predictions of one track; the model behind it is not known."""
    n = len(table.gene_id)
    where = {gene: g for g, gene in enumerate(located.gene_id)} if located else {}
    rows = [where.get(gene) for gene in table.gene_id]
    genes = GeneTable(
        table.gene_id,
        tuple(
            located.name[g] if located and g is not None else gene for g, gene in zip(rows, table.gene_id, strict=True)
        ),
        tuple(located.chrom[g] if located and g is not None else "." for g in rows),
        np.array([int(located.tss[g]) if located and g is not None else 0 for g in rows], np.int64),
        tuple(located.strand[g] if located and g is not None else "." for g in rows),
    )
    # How many haplotypes are behind the values is unknown; equal values are found out by the evaluation.
    several = np.full(n, 2, np.int64)
    return PredictionSet(
        name, genes, table.samples, (name,), table.values[:, :, np.newaxis], np.full((n, 1), np.nan),
        np.zeros(n, np.int64), several, ("ok",) * n,
    )  # fmt: skip
