"""The steps of a run, each from a run directory to a run directory: predict, evaluate, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluation.agreement import write_comparison
from ..types import ExpressionTable, PredictionSet
from .inputs import Inputs, linear_cohort
from .options import FurtherOptions
from .rundir import RunDirectory
from .steps.baseline import baseline_step
from .steps.drivers import driver_step
from .steps.eqtl import eqtl_step
from .steps.evaluate import _evaluate, _write_genes
from .steps.explain import explain_step
from .steps.heads import heads_step
from .steps.predict import _predict

if TYPE_CHECKING:
    from ..evaluation.result import Evaluation, Observed
    from .options import EvaluateOptions, Progress

__all__ = ["STEPS", "RunResult", "run_steps"]


STEPS = ("check", "predict", "evaluate", "baseline", "eqtl", "ism", "drivers", "heads", "report")


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
        from ..reporting import write_report

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
    from ..evaluation.across_people import cross_gene
    from ..evaluation.result import summary

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
