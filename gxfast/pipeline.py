"""The steps of a run, each from a run directory to a run directory: predict, evaluate, report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .comparison import write_comparison
from .further_steps import (
    FurtherOptions,
    baseline_step,
    driver_step,
    eqtl_step,
    explain_step,
    heads_step,
    linear_cohort,
)
from .inputs import Inputs
from .io.tables import write_phenotype_bed, write_table
from .prediction import BlockPrediction, join_blocks, predict_block
from .rundir import RunDirectory, sha256_of
from .types import ExpressionTable, PredictionSet

if TYPE_CHECKING:
    from .evaluation import Evaluation, Observed
    from .models.session import Model

__all__ = ["STEPS", "EvaluateOptions", "RunResult", "make_plan", "run_steps", "write_observed"]

STEPS = ("check", "predict", "evaluate", "baseline", "eqtl", "ism", "drivers", "heads", "report")
# Genes per shard. Fixed, so that shards mean the same whatever the memory and the threads.
_BLOCK = 32

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """Options of the evaluate step; see `gxfast.evaluate`."""

    transform: Literal["none", "log2p1", "inverse_normal"] = "none"
    residualise: Literal["expression", "both"] = "expression"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run found.

    Attributes
    ----------
    predictions : tuple of PredictionSet
        One per model.
    evaluations : tuple of Evaluation
        One per model; empty without expression.
    summary : dict
        The key numbers, as in ``manifest.json``.
    failed : tuple of str
        Genes that could not be predicted, with the reason.
    """

    predictions: tuple[PredictionSet, ...]
    evaluations: tuple[Evaluation, ...]
    summary: dict[str, Any]
    failed: tuple[str, ...]


def make_plan(
    inputs: Inputs, options: EvaluateOptions, steps: tuple[str, ...], further: FurtherOptions | None = None
) -> dict[str, Any]:
    """Return everything that changes numbers, for the manifest and to guard a resumed run."""
    import scipy

    from . import __version__
    from .models.session import runtime_facts

    return {
        "gxfast": __version__,
        "versions": {
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "onnxruntime": runtime_facts()["version"],
        },
        "inputs": inputs.hashes,
        "options": {
            **asdict(inputs.policy),
            **asdict(options),
            "samples": list(inputs.genotypes.samples),
            "genes": hashlib.sha256("\n".join(inputs.genes.gene_id).encode()).hexdigest(),
            "providers": {model.card.name: model.provider for model in inputs.models},
            "steps": list(steps),
            "n_covariates": len(inputs.covariates.name) if inputs.covariates else 0,
            **({} if further is None else _further_plan(further, steps)),
        },
    }


def _further_plan(further: FurtherOptions, steps: tuple[str, ...]) -> dict[str, Any]:
    """Options of the later steps that are done; mutagenesis around drivers depends on how these are chosen."""
    used = {"baseline": "baseline", "eqtl": "eqtl", "ism": "drivers", "drivers": "drivers"}
    plan: dict[str, Any] = {
        name: asdict(getattr(further, name)) for name in sorted({used[step] for step in steps if step in used})
    }
    if further.finemapped and "drivers" in plan:
        plan["finemapped"] = sha256_of(further.finemapped)
    return plan


def run_steps(
    run: RunDirectory,
    inputs: Inputs,
    options: EvaluateOptions,
    steps: tuple[str, ...],
    *,
    n_threads: int = 1,
    progress: Progress | None = None,
    further: FurtherOptions | None = None,
    report_genes: tuple[str, ...] = (),
    before_report: Callable[[Path], None] | None = None,
) -> RunResult:
    """Run the steps into a run directory and finish it with its manifest.

    ``before_report`` is called with the directory once ``genes.tsv`` is written, to add to it.

    Raises
    ------
    GxfastError
        From the step that failed; finished shards stay for ``--resume``.
    """
    predictions = tuple(_predict(run, model, inputs, n_threads, progress) for model in inputs.models)
    evaluations: tuple[Evaluation, ...] = ()
    observed = None
    if "evaluate" in steps and inputs.expression is not None:
        evaluations, observed = _evaluate(run, predictions, inputs, inputs.expression, options, n_threads)
    found, counts, evaluations = _further(
        run, inputs, predictions, evaluations, observed, further or FurtherOptions(), steps, n_threads, progress
    )
    _write_genes(run, predictions, evaluations)
    write_comparison(run.path, predictions, evaluations)
    summary = {**_summary(inputs, predictions, evaluations, inputs.expression, options), **found}
    manifest = {"summary": summary, "counts": {**_counts(predictions), **counts}}
    if before_report:
        before_report(run.path)
    if "report" in steps:
        from .reporting import write_report

        run.write_provisional_manifest(manifest)
        write_report(run.path, genes=report_genes)
    run.finish(manifest)
    failed = tuple(
        f"{gene}: {why}"
        for gene, why in zip(predictions[0].genes.gene_id, predictions[0].status, strict=True)
        if why != "ok"
    )
    return RunResult(predictions, evaluations, summary, failed)


def _further(
    run: RunDirectory, inputs: Inputs, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...],
    observed: Observed | None, options: FurtherOptions, steps: tuple[str, ...], n_threads: int,
    progress: Progress | None,
) -> tuple[dict[str, Any], dict[str, Any], tuple[Evaluation, ...]]:  # fmt: skip
    """Do the steps behind the evaluation; return their summaries, their counts, and the evaluations filled in."""
    found: dict[str, Any] = {}
    counts: dict[str, Any] = {}
    failed = {g for g, why in zip(predictions[0].genes.gene_id, predictions[0].status, strict=True) if why != "ok"}
    cohort, why_not = linear_cohort(options, steps, failed)
    if why_not:
        found["left_out"] = [why_not]
    if cohort is not None and "baseline" in steps:
        found["baseline"], counts["baseline"], evaluations = baseline_step(
            run, cohort, options, evaluations, n_threads, progress
        )
    if cohort is not None and "eqtl" in steps:
        found["eqtl"], counts["eqtl"] = eqtl_step(run, cohort, options, n_threads, progress)
    if {"ism", "drivers"} & set(steps):
        found["drivers"] = driver_step(run, inputs, predictions, evaluations, observed, options, progress)
    if evaluations and observed is not None and "heads" in steps:
        learned = heads_step(run.path, predictions, evaluations, observed, options.baseline.seed)
        found |= {"heads": learned} if learned else {}
    if evaluations and observed is not None and cohort is not None:
        explain_step(run.path, predictions, evaluations, observed)
    return found, counts, evaluations


def _predict(
    run: RunDirectory, model: Model, inputs: Inputs, n_threads: int, progress: Progress | None
) -> PredictionSet:
    genes, name = inputs.genes, model.card.name
    blocks = []
    for first in range(0, len(genes), _BLOCK):
        shard = f"{name}/block-{first // _BLOCK:05d}.npz"
        part = genes.take(range(first, min(first + _BLOCK, len(genes))))
        if not run.has_shard(shard):
            block = predict_block(
                model,
                inputs.genome,
                inputs.genotypes,
                part,
                policy=inputs.policy,
                max_mem=inputs.max_mem,
                n_threads=n_threads,
            )
            run.write_shard(shard, _block_arrays(block))
        # What was computed is read back like what was resumed: one way only for results to be used.
        blocks.append(_block_from(run.read_shard(shard)))
        if progress:
            progress(f"predict {name}", min(first + _BLOCK, len(genes)), len(genes))
    predictions = join_blocks(name, genes, inputs.genotypes.samples, model.tracks, blocks)
    _write_predictions(run, predictions, blocks)
    return predictions


def _block_arrays(block: BlockPrediction) -> dict[str, NDArray[Any]]:
    return {
        "values": block.values,
        "haplotype_values": block.haplotype_values,
        "haplotype_gene": block.haplotype_gene,
        "carriers": block.carriers,
        "n_variants": block.n_variants,
        "n_haplotypes": block.n_haplotypes,
        "status": np.array(block.status, np.str_),
        "count_names": np.array(list(block.counts), np.str_),
        "count_values": np.array(list(block.counts.values()), np.int64),
    }


def _block_from(arrays: dict[str, NDArray[Any]]) -> BlockPrediction:
    names, counts = arrays.pop("count_names"), arrays.pop("count_values")
    status = tuple(str(why) for why in arrays.pop("status"))
    return BlockPrediction(status=status, counts=dict(zip(names.tolist(), counts.tolist(), strict=True)), **arrays)


def _write_predictions(run: RunDirectory, predictions: PredictionSet, blocks: list[BlockPrediction]) -> None:
    folder = run.subdirectory("predictions")
    n_tracks = len(predictions.tracks)
    rows = [(g, t) for g in range(len(predictions.genes)) for t in range(n_tracks)]
    ids = [
        f"{predictions.genes.gene_id[g]}:{predictions.tracks[t]}" if n_tracks > 1 else predictions.genes.gene_id[g]
        for g, t in rows
    ]
    write_phenotype_bed(
        folder / f"{predictions.model}.bed.gz",
        predictions.genes,
        predictions.samples,
        ids,
        predictions.values.transpose(0, 2, 1).reshape(len(rows), -1),
        [g for g, _ in rows],
    )
    _write_haplotypes(run, predictions, blocks)


def _write_haplotypes(run: RunDirectory, predictions: PredictionSet, blocks: list[BlockPrediction]) -> None:
    """``predictions/MODEL.haplotypes.npz``: the value of each distinct haplotype, and who carries it."""
    import io

    from .rundir import atomic_write

    first_row = np.cumsum([0, *(len(block.haplotype_values) for block in blocks)])
    first_gene = np.cumsum([0, *(len(block.status) for block in blocks)])
    carriers = [
        np.where(block.carriers >= 0, block.carriers + first, -1).astype(np.int32)
        for block, first in zip(blocks, first_row, strict=False)
    ]
    genes = [block.haplotype_gene + first for block, first in zip(blocks, first_gene, strict=False)]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        values=np.concatenate([block.haplotype_values for block in blocks]),
        gene=np.concatenate(genes).astype(np.int32),
        carriers=np.concatenate(carriers),
        gene_id=np.array(predictions.genes.gene_id, np.str_),
        samples=np.array(predictions.samples, np.str_),
        tracks=np.array(predictions.tracks, np.str_),
    )
    atomic_write(run.path / "predictions" / f"{predictions.model}.haplotypes.npz", buffer.getvalue())


def _evaluate(
    run: RunDirectory,
    predictions: tuple[PredictionSet, ...],
    inputs: Inputs,
    expression: ExpressionTable,
    options: EvaluateOptions,
    n_threads: int,
) -> tuple[tuple[Evaluation, ...], Observed]:
    from .evaluation import evaluate, observed_values

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


def _counts(predictions: tuple[PredictionSet, ...]) -> dict[str, dict[str, int]]:
    return {item.model: item.counts for item in predictions}


def _summary(
    inputs: Inputs,
    predictions: tuple[PredictionSet, ...],
    evaluations: tuple[Evaluation, ...],
    expression: ExpressionTable | None,
    options: EvaluateOptions,
) -> dict[str, Any]:
    """The key numbers of a run, per model."""
    from .evaluation import cross_gene, summary

    models: dict[str, Any] = {}
    for i, item in enumerate(predictions):
        naive = item.counts["people_x_genes_x_2"]
        calls = item.counts["model_sequences"]
        carried = int(item.n_haplotypes.sum())
        entry: dict[str, Any] = {
            "sequences_without_sharing": naive,
            "unique_haplotypes": carried,
            "model_calls": calls,
            "fold_fewer": round(naive / carried, 2) if carried else None,
        }
        if evaluations and expression is not None:
            entry["across_people"] = summary(evaluations[i])
            transform: Any = "log2p1" if options.transform == "log2p1" else "none"
            entry["across_genes"] = [asdict(c) for c in cross_gene(item, expression, transform=transform)]
        models[item.model] = entry
    return {"n_people": len(inputs.genotypes.samples), "n_genes": len(inputs.genes), "models": models}
