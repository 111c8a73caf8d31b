"""`gxfast baseline`: all genes of a cohort into a run directory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._threads import worker_pool
from ...errors import InputError
from ...io.predictdb import write_covariances, write_predictdb
from ...io.tables import read_table, write_phenotype_bed, write_rows, write_table
from ...personal.dosage_sources import open_dosages
from ...stats import fdr, split_people
from ...types import Progress
from ..cohort import LinearCohort
from ..inputs import NO_CONTIG
from ..options import InputPaths, TrainingOptions
from ..rows import BaselineRow
from ..rundir import RunDirectory
from ..step import Job, Step
from .gene_models import GeneBaseline, train_gene
from .linear import counted, linear_job

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation

__all__ = [
    "BASELINE",
    "Baselines",
    "EvaluatedModel",
    "beside_columns",
    "read_evaluated",
    "train",
    "train_genes",
]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Baselines:
    """What was trained: one row per gene and model."""

    rows: list[BaselineRow]
    summary: dict[str, Any]
    counts: dict[str, int]


def train(
    paths: InputPaths,
    output: str,
    options: TrainingOptions,
    *,
    transform: str = "none",
    beside: Sequence[str] = (),
    n_threads: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train and cross-validate the baselines of every gene; write ``baseline/`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. ``beside``: tables of evaluated models
    (``genes.tsv``) to be put beside the baselines in ``beside.tsv``.

    Raises
    ------
    InputError
    """
    evaluated = [model for path in beside for model in read_evaluated(path)]
    with linear_job(
        paths, output, "baseline", options, transform=transform, resume=resume, beside=beside
    ) as (run, cohort):  # fmt: skip
        found = train_genes(run, cohort, options, n_threads=n_threads, progress=progress)
        summary = found.summary
        if evaluated:
            table, others = beside_columns(found.rows, evaluated)
            write_table(run.path / "baseline" / "beside.tsv", table)
            summary = summary | {"beside": others}
        run.finish({"summary": summary, "counts": {"baseline": found.counts}})
    return summary


def train_genes(
    run: RunDirectory, cohort: LinearCohort, options: TrainingOptions, *, n_threads: int = 1,
    progress: Progress | None = None,
) -> Baselines:  # fmt: skip
    """Train the baselines of every gene; write ``baseline/``."""
    folds = split_people(cohort.people, options.folds, options.seed)
    source = open_dosages(cohort.genotypes, options.dosage)
    left_out: list[int] = []

    def one(g: int) -> GeneBaseline:
        if cohort.genes.chrom[g] not in cohort.genotypes.contigs:
            return GeneBaseline(NO_CONTIG, int(np.isfinite(cohort.values[g]).sum()), 0)
        tss = int(cohort.genes.tss[g])
        region = max(0, tss - options.window), int(cohort.genes.last[g]) + options.window + 1
        dosages = source.window(cohort.genes.chrom[g], *region)
        left_out.append(dosages.n_skipped)
        return train_gene(
            cohort.genes.gene_id[g], cohort.genes.name[g], tss, dosages, cohort.values[g], cohort.covariates,
            folds, options,
        )  # fmt: skip

    found: list[GeneBaseline] = []
    with worker_pool(n_threads) as pool:
        for result in pool.map(one, range(len(cohort.genes))):
            found.append(result)
            if progress:
                progress("baseline", len(found), len(cohort.genes))
    rows = _rows(cohort, found, options)
    _write(run, cohort, folds, found, rows, options)
    counts = counted([result.status for result in found], left_out)
    return Baselines(rows, _summary(rows, found, options), counts)


def _write(
    run: RunDirectory, cohort: LinearCohort, folds: NDArray[np.int64], found: list[GeneBaseline],
    rows: list[BaselineRow], options: TrainingOptions,
) -> None:  # fmt: skip
    folder = run.subdirectory("baseline")
    write_table(folder / "folds.tsv", {"sample": cohort.people, "fold": folds.tolist()})
    write_rows(folder / "elastic_net.tsv", BaselineRow, rows)
    there = [g for g, result in enumerate(found) if result.held_out]
    ids = [cohort.genes.gene_id[g] for g in there]
    for model in options.models if there else ():
        values = np.array([_spread(cohort.values[g], found[g], model) for g in there])
        name = "predictions" if model == "elastic_net" else f"predictions.{model}"
        write_phenotype_bed(folder / f"{name}.bed.gz", cohort.genes, cohort.people, ids, values, there)
    weights = [result.weights for result in found if result.weights]
    write_predictdb(folder / "weights.db", weights, _q([gene.cv_p for gene in weights]).tolist())
    write_covariances(folder / "weights.covariances.txt.gz", weights)


def _q(p: Sequence[float] | Float64Array) -> Float64Array:
    return fdr(np.asarray(p, np.float64)) if len(p) else np.empty(0)


def _spread(y: Float64Array, result: GeneBaseline, model: str) -> Float64Array:
    """Held-out predictions of all people; NaN for those without expression."""
    out = np.full(y.size, np.nan)
    if result.held_out:
        out[np.isfinite(y)] = result.held_out.predictions[model]
    return out


def _rows(cohort: LinearCohort, found: list[GeneBaseline], options: TrainingOptions) -> list[BaselineRow]:
    """One row per gene and model, with the q values of each model's genes."""
    rows = []
    for model in options.models:
        mine = [_row(cohort, g, result, model, options) for g, result in enumerate(found)]
        cv_q, pearson_q = (_q(_numbers(mine, name)).tolist() for name in ("cv_p", "pearson_p"))
        rows += [replace(row, cv_q=a, pearson_q=b) for row, a, b in zip(mine, cv_q, pearson_q, strict=True)]
    return rows


def _row(cohort: LinearCohort, g: int, result: GeneBaseline, model: str, options: TrainingOptions) -> BaselineRow:
    genes, net, h = cohort.genes, model == "elastic_net", result.heritability
    cv_r, cv_p = result.held_out.fold_correlation(model) if result.held_out else (None, None)
    pooled = result.pooled.get(model)
    return BaselineRow(
        gene_id=genes.gene_id[g],
        name=genes.name[g],
        chrom=genes.chrom[g],
        tss=int(genes.tss[g]) + 1,
        model=model,
        n_people=result.n_people,
        n_variants=result.n_variants,
        n_nonzero=result.weights.weight.size if net and result.weights else None,
        lambda_=result.lambda_ if net else None,
        cv_r=cv_r,
        cv_p=cv_p,
        pearson_r=float(pooled.r) if pooled else None,
        pearson_p=float(pooled.p) if pooled else None,
        h2=h.h2 if h else None,
        h2_se=h.se if h else None,
        h2_p=h.p if h else None,
        folds=options.folds,
        inner_folds=options.inner_folds,
        seed=options.seed,
        status=result.status,
    )


def _numbers(rows: Sequence[BaselineRow], name: str) -> Float64Array:
    values = [getattr(row, name) for row in rows]
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _summary(rows: list[BaselineRow], found: list[GeneBaseline], options: TrainingOptions) -> dict[str, Any]:
    models = {}
    for model in options.models:
        mine = [row for row in rows if row.model == model]
        r, q = _numbers(mine, "cv_r"), _numbers(mine, "cv_q")
        models[model] = {
            "mean_cv_r": float(np.nanmean(r)) if np.isfinite(r).any() else None,
            "n_significant": int(np.count_nonzero(q <= 0.05)),
        }
    return {"n_genes": len(found), "n_done": sum(result.status == "ok" for result in found), "models": models}


_NEEDED = ("gene_id", "model", "pearson_r", "pearson_p", "pearson_q")


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """Correlation across people, p and FDR of each gene; None where undefined."""

    name: str
    genes: dict[str, tuple[float | None, float | None, float | None]]


def read_evaluated(path: str) -> list[EvaluatedModel]:
    """Read the models of a ``genes.tsv`` that `gxfast evaluate` or `gxfast run` wrote.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, has a gene twice, or a value is no number.
    """
    columns = read_table(path)
    absent = [name for name in _NEEDED if name not in columns]
    if absent:
        raise InputError(
            f"column {absent[0]} is missing", path=path, remedy="name a genes.tsv of gxfast evaluate or gxfast run"
        )
    models: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    for number, (gene, model, *texts) in enumerate(zip(*(columns[name] for name in _NEEDED), strict=True), start=2):
        genes = models.setdefault(model, {})
        if gene in genes:
            raise InputError(
                f"gene {gene} is there twice",
                path=path,
                record=f"line {number}",
                remedy="keep one row per gene and model",
            )
        r, p, q = (_share(text, low, path, number) for text, low in zip(texts, (-1, 0, 0), strict=True))
        genes[gene] = r, p, q
    return [EvaluatedModel(name, genes) for name, genes in models.items()]


def _share(text: str, low: int, path: str, number: int) -> float | None:
    """Read a correlation (from -1) or a p (from 0); None where there is none."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if low <= value <= 1:
        return value
    raise InputError(
        f"expected a number from {low} to 1, or nothing, found {text!r}", path=path, record=f"line {number}",
        remedy="name a genes.tsv of gxfast evaluate or gxfast run",
    )  # fmt: skip


def beside_columns(
    trained: Sequence[BaselineRow], evaluated: Sequence[EvaluatedModel]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    """Return the table, one row per gene with ``<model>_r``, ``_p`` and ``_q``, and each evaluated model's summary.

    ``trained``: one row per gene and model; their r is that of held-out people.

    Raises
    ------
    InputError
        If a model has the name of another, or none of its genes is among those of the baselines.
    """
    models = dict.fromkeys(row.model for row in trained)
    of = {model: [row for row in trained if row.model == model] for model in models}
    first = next(iter(of.values()))
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in first] for name in ("gene_id", "name")}
    for model, rows in of.items():
        columns |= {f"{model}_{ending}": [getattr(row, f"cv_{ending}") for row in rows] for ending in "rpq"}
    summary = {}
    for one in evaluated:
        if f"{one.name}_r" in columns:
            raise InputError(f"two models are called {one.name!r}", remedy="evaluate one under another --name")
        found = [one.genes.get(gene, (None, None, None)) for gene in columns["gene_id"]]
        if not any(gene in one.genes for gene in columns["gene_id"]):
            raise InputError(
                f"no gene of model {one.name!r} is among the genes of the baselines",
                remedy="evaluate and train with the same gene ids",
            )
        columns |= {f"{one.name}_{ending}": [values[at] for values in found] for at, ending in enumerate("rpq")}
        r, q = (np.array([np.nan if v[at] is None else v[at] for v in found], np.float64) for at in (0, 2))
        mean = float(np.nanmean(r)) if np.isfinite(r).any() else None
        summary[one.name] = {"mean_r": mean, "n_significant": int(np.count_nonzero(q <= 0.05))}
    return columns, summary


def train_people(job: Job) -> None:
    """Train the baselines on the people of a run; put the elastic net's held-out r beside every gene."""
    cohort = job.linear_cohort()
    if cohort is None:
        return
    results = job.results
    found = train_genes(job.directory, cohort, job.options.baseline, n_threads=job.n_threads, progress=job.tell)
    results.baseline = found.rows
    results.summary["baseline"], results.counts["baseline"] = found.summary, found.counts
    net = [row for row in found.rows if row.model == "elastic_net"]
    held_out = dict(zip((row.gene_id for row in net), _numbers(net, "cv_r").tolist(), strict=True))
    results.evaluations = tuple(replace(one, baseline_r=_by_gene(one, held_out)) for one in results.evaluations)


def _by_gene(evaluation: Evaluation, values: dict[str, float]) -> Float64Array:
    pairs = zip(evaluation.gene_id, evaluation.track, strict=True)
    return np.array([values.get(gene, values.get(gene.removesuffix(f":{track}"), np.nan)) for gene, track in pairs])


BASELINE = Step("baseline", train_people, needs=("predictions",), writes=("baseline/", "genes.tsv"))
