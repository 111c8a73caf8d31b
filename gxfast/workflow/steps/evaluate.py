"""Predictions against expression, as a step of a run; and `gxfast evaluate`: a table of predictions of any origin."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import InputError
from ...evaluation.result import GeneRow
from ...io.tables import write_phenotype_bed, write_rows
from ...models.card import clean_name
from ...types import ExpressionTable, GeneTable, PredictionSet
from ..options import EvaluateOptions
from ..provenance import hash_files, plan_of
from ..rundir import RunDirectory
from ..step import Job, Step
from .certificate import write_certificates

if TYPE_CHECKING:
    from ...evaluation.result import Observed

__all__ = ["EVALUATE", "GENES", "evaluate_table", "write_observed"]

# What a row of genes.tsv has no value of where no sequence was predicted.
NO_SEQUENCE: Final[dict[str, Any]] = {"n_haplotypes": None, "reference_prediction": None}


def evaluate_people(job: Job) -> None:
    """Correlate every model's predictions with expression; write ``evaluation/``."""
    from ...evaluation.across_people import evaluate, observed_values

    results, options, expression = job.results, job.options.evaluation, job.inputs.expression
    if expression is None:
        return
    arguments: dict[str, Any] = {"covariates": job.inputs.covariates, "transform": options.transform}
    results.evaluations = tuple(
        evaluate(item, expression, residualise=options.residualise, n_threads=job.n_threads, **arguments)
        for item in results.predictions
    )
    results.observed = observed_values(results.predictions[0], expression, **arguments)
    write_observed(job.directory, results.predictions[0], results.observed)


def write_observed(run: RunDirectory, predictions: PredictionSet, observed: Observed) -> None:
    """Write the expression values that were correlated, for the report and for anybody's own plots."""
    folder, genes = run.subdirectory("evaluation"), predictions.genes
    for name, values in (("observed", observed.values), ("observed.residual", observed.residuals)):
        if values is not None:
            write_phenotype_bed(
                folder / f"{name}.bed.gz", genes, observed.samples, genes.gene_id, values, range(len(genes))
            )


def write_genes(job: Job) -> None:
    """Write ``genes.tsv``, and the key numbers of each model into the summary."""
    results = job.results
    parts = [one.rows() for one in results.evaluations] or [_unevaluated(item) for item in results.predictions]
    linear = {one.name for one in job.inputs.effects}
    results.genes += [replace(row, **NO_SEQUENCE) if row.model in linear else row for part in parts for row in part]
    write_rows(job.directory.path / "genes.tsv", GeneRow, results.genes)
    results.summary |= {
        "n_people": len(job.inputs.genotypes.samples),
        "n_genes": len(job.inputs.genes),
        "models": {item.model: _key_numbers(job, i) for i, item in enumerate(results.predictions)},
    }


def _unevaluated(predictions: PredictionSet) -> list[GeneRow]:
    """Rows of genes.tsv without expression."""
    genes, means = predictions.genes, predictions.values.mean(axis=1)
    return [
        GeneRow(
            gene_id=predictions.row_name(g, t),
            name=genes.name[g],
            chrom=genes.chrom[g],
            tss=int(genes.tss[g]) + 1,
            strand=genes.strand[g],
            model=predictions.model,
            n_people=len(predictions.samples),
            n_variants=int(predictions.n_variants[g]),
            n_haplotypes=int(predictions.n_haplotypes[g]),
            mean_predicted=float(means[g, t]),
            reference_prediction=float(predictions.reference[g, t]),
            status=predictions.status[g],
        )
        for g, t in predictions.rows
    ]


def _key_numbers(job: Job, i: int) -> dict[str, Any]:
    from ...evaluation.across_people import cross_gene, summary

    item, expression = job.results.predictions[i], job.inputs.expression
    entry = _work(item)
    if job.results.evaluations and expression is not None:
        entry["across_people"] = summary(job.results.evaluations[i])
        transform: Any = "log2p1" if job.options.evaluation.transform == "log2p1" else "none"
        entry["across_genes"] = [asdict(one) for one in cross_gene(item, expression, transform=transform)]
    return entry


def _work(item: PredictionSet) -> dict[str, Any]:
    """What was computed: sequences through a model, or effects of a table added up."""
    if "effects" in item.counts:
        return {name: item.counts[name] for name in ("effects", "effects_used")}
    naive, carried = item.counts["people_x_genes_x_2"], int(item.n_haplotypes.sum())
    return {
        "sequences_without_sharing": naive,
        "unique_haplotypes": carried,
        "model_calls": item.counts["model_sequences"],
        "fold_fewer": round(naive / carried, 2) if carried else None,
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
    from ...evaluation.across_people import evaluate, observed_values
    from ...evaluation.result import summary
    from ...io.tables import read_covariates, read_expression, read_genes

    if clean_name(name) != name:
        raise InputError(
            f"the name {name!r} would name a file; it may hold letters, digits, '.', '_' and '-', and begins with a "
            "letter or digit",
            remedy=f"give another `name=`, as {clean_name(name)}",
        )
    observed_table = read_expression(expression)
    table = read_expression(predictions)
    covariate_table = read_covariates(covariates, first=n_covariates, people=table.samples) if covariates else None
    located = read_genes(genes) if genes else observed_table.genes or table.genes
    prediction_set = _prediction_set(name, table, located)
    hashes = hash_files(
        {"predictions": predictions, "expression": expression, "covariates": covariates, "genes": genes}
    )
    plan = plan_of(hashes, options={**asdict(options), "n_covariates": n_covariates, "steps": ["evaluate"]})
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
        unknown = {**NO_SEQUENCE, "n_variants": None}
        write_rows(run.path / "genes.tsv", GeneRow, [replace(row, **unknown) for row in evaluation.rows()])
        found = {
            "n_people": len(prediction_set.samples),
            "n_genes": len(prediction_set.genes),
            "models": {name: {"across_people": summary(evaluation)}},
            "certificate": write_certificates(run, [evaluation])[1],
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


EVALUATE = Step("evaluate", evaluate_people, needs=("predictions",), writes=("evaluation/",))
GENES = Step("genes", write_genes, needs=("predictions",), writes=("genes.tsv",), asked_by=("*",))
