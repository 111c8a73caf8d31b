"""`gxfast baseline`: all genes of a cohort into a run directory; weights of others on a VCF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._threads import worker_pool
from ...errors import InputError
from ...io.files import sha256_of
from ...io.predictdb import GeneWeights, place_of, read_predictdb, write_covariances, write_predictdb
from ...io.tables import read_gene_values, read_table, write_phenotype_bed, write_table
from ...io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ...personal.dosages import count_alternative
from ...stats import fdr, split_people
from ..inputs import LinearCohort, open_cohort
from ..options import CohortFiles, TrainingOptions, _teller
from ..provenance import plan_of
from ..rundir import RunDirectory
from .gene_models import GeneBaseline, apply_weights, train_gene

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation
    from ..options import FurtherOptions, Progress

__all__ = ["EvaluatedModel", "baseline_step", "beside_columns", "predict_with", "read_evaluated", "train", "train_into"]


def baseline_step(
    run: RunDirectory, cohort: LinearCohort, options: FurtherOptions, evaluations: tuple[Evaluation, ...],
    n_threads: int, progress: Progress | None,
) -> tuple[dict[str, Any], dict[str, int], tuple[Evaluation, ...]]:  # fmt: skip
    """Train the baselines; put the elastic net's held-out r beside every gene."""

    summary, counts = train_into(run, cohort, options.baseline, n_threads=n_threads, tell=_teller(progress, "baseline"))
    held_out = read_gene_values(run.path / "baseline" / "elastic_net.tsv", "cv_r", where=("model", "elastic_net"))
    filled = tuple(replace(one, baseline_r=_by_gene(one, held_out)) for one in evaluations)
    return summary, counts, filled


def _by_gene(evaluation: Evaluation, values: dict[str, float]) -> Any:
    return np.array([
        values.get(gene, values.get(gene.removesuffix(f":{track}"), np.nan))
        for gene, track in zip(evaluation.gene_id, evaluation.track, strict=True)
    ])  # fmt: skip


Float64Array = NDArray[np.float64]


def train(
    files: CohortFiles,
    output: str,
    options: TrainingOptions,
    *,
    beside: Sequence[str] = (),
    n_threads: int = 1,
    resume: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Train and cross-validate the baselines of every gene; write ``baseline/`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. ``beside``: tables of evaluated models
    (``genes.tsv``) to be put beside the baselines in ``beside.tsv``.

    Raises
    ------
    InputError
    """
    evaluated = [model for path in beside for model in read_evaluated(path)]
    cohort = open_cohort(files)
    with RunDirectory(output, _plan(files, options, beside), resume=resume) as run:
        summary, found = train_into(run, cohort, options, evaluated=evaluated, n_threads=n_threads, tell=tell)
        run.finish({"summary": summary, "counts": {"baseline": found}})
    return summary


def train_into(
    run: RunDirectory, cohort: LinearCohort, options: TrainingOptions, *, evaluated: Sequence[EvaluatedModel] = (),
    n_threads: int = 1, tell: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], dict[str, int]]:  # fmt: skip
    """Train as a part of a run; write ``baseline/`` and return the summary and how many genes ended how."""
    folds = split_people(cohort.people, options.folds, options.seed)

    def one(g: int) -> GeneBaseline:
        tss = int(cohort.genes.tss[g])
        region = max(0, tss - options.window), tss + options.window + 1
        dosages = count_alternative(cohort.genotypes.region(cohort.genes.chrom[g], *region))
        return train_gene(
            cohort.genes.gene_id[g], cohort.genes.name[g], tss, dosages, cohort.values[g], cohort.covariates,
            folds, options,
        )  # fmt: skip

    found: list[GeneBaseline] = []
    with worker_pool(n_threads) as pool:
        for result in pool.map(one, range(len(cohort.genes))):
            found.append(result)
            if tell:
                tell(len(found), len(cohort.genes))
    return _write(run, cohort, folds, found, options, evaluated), _count(found)


def _count(found: Sequence[GeneBaseline]) -> dict[str, int]:
    return dict(sorted(Counter(result.status for result in found).items()))


def _write(
    run: RunDirectory,
    cohort: LinearCohort,
    folds: NDArray[np.int64],
    found: list[GeneBaseline],
    options: TrainingOptions,
    evaluated: Sequence[EvaluatedModel],
) -> dict[str, Any]:
    folder = run.subdirectory("baseline")
    write_table(folder / "folds.tsv", {"sample": cohort.people, "fold": folds.tolist()})
    columns = _columns(cohort, found, options)
    write_table(folder / "elastic_net.tsv", columns)
    for model in options.models:
        rows = [g for g, result in enumerate(found) if result.held_out]
        values = [_spread(cohort.values[g], found[g], model) for g in rows]
        name = "predictions" if model == "elastic_net" else f"predictions.{model}"
        if rows:
            write_phenotype_bed(
                folder / f"{name}.bed.gz", cohort.genes, cohort.people, [cohort.genes.gene_id[g] for g in rows],
                np.array(values), rows,
            )  # fmt: skip
    weights = [result.weights for result in found if result.weights]
    write_predictdb(folder / "weights.db", weights, _q([gene.cv_p for gene in weights]).tolist())
    write_covariances(folder / "weights.covariances.txt.gz", weights)
    summary = _summary(columns, found, options)
    if evaluated:
        table, summary["beside"] = beside_columns(columns, evaluated)
        write_table(folder / "beside.tsv", table)
    return summary


def _plan(files: CohortFiles, options: TrainingOptions, beside: Sequence[str]) -> dict[str, Any]:
    plan = plan_of(files, "baseline", options)
    if beside:
        plan["inputs"]["beside"] = [{"file": Path(path).name, "sha256": sha256_of(path)} for path in beside]
    return plan


def _q(p: Sequence[float]) -> Float64Array:
    return fdr(np.asarray(p, np.float64)) if len(p) else np.empty(0)


def _spread(y: Float64Array, result: GeneBaseline, model: str) -> Float64Array:
    """Held-out predictions of all people; NaN for those without expression."""
    out = np.full(y.size, np.nan)
    if result.held_out:
        out[np.isfinite(y)] = result.held_out.predictions[model]
    return out


def _columns(cohort: LinearCohort, found: list[GeneBaseline], options: TrainingOptions) -> dict[str, list[Any]]:
    """One row per gene and model."""
    names = ("gene_id", "name", "chrom", "tss", "model", "n_people", "n_variants", "n_nonzero", "lambda", "cv_r",
             "cv_p", "cv_q", "pearson_r", "pearson_p", "pearson_q", "h2", "h2_se", "h2_p", "folds", "inner_folds",
             "seed", "status")  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for model in options.models:
        for g, result in enumerate(found):
            cv = result.held_out.fold_correlation(model) if result.held_out else (None, None)
            pooled = result.pooled.get(model)
            h = result.heritability
            net = model == "elastic_net"
            row = (
                cohort.genes.gene_id[g], cohort.genes.name[g], cohort.genes.chrom[g], int(cohort.genes.tss[g]) + 1,
                model, result.n_people, result.n_variants,
                result.weights.weight.size if net and result.weights else None, result.lambda_ if net else None,
                *cv, None, float(pooled.r) if pooled else None, float(pooled.p) if pooled else None, None,
                *((h.h2, h.se, h.p) if h else (None,) * 3), options.folds, options.inner_folds, options.seed,
                result.status,
            )  # fmt: skip
            for name, value in zip(names, row, strict=True):
                columns[name].append(value)
    size = len(found)
    for p, q in (("cv_p", "cv_q"), ("pearson_p", "pearson_q")):
        for m in range(len(options.models)):
            part = slice(m * size, (m + 1) * size)
            values = np.array([np.nan if v is None else v for v in columns[p][part]], np.float64)
            columns[q][part] = _q(values.tolist()).tolist()
    return columns


def _summary(columns: dict[str, list[Any]], found: list[GeneBaseline], options: TrainingOptions) -> dict[str, Any]:
    size, models = len(found), {}
    for m, model in enumerate(options.models):
        part = slice(m * size, (m + 1) * size)
        r = np.array([np.nan if v is None else v for v in columns["cv_r"][part]], np.float64)
        q = np.array([np.nan if v is None else v for v in columns["cv_q"][part]], np.float64)
        models[model] = {
            "mean_cv_r": float(np.nanmean(r)) if np.isfinite(r).any() else None,
            "n_significant": int(np.count_nonzero(q <= 0.05)),
        }
    return {"n_genes": size, "n_done": sum(result.status == "ok" for result in found), "models": models}


def predict_with(database: str, vcf: Sequence[str], output: str, *, samples: Sequence[str] = ()) -> dict[str, Any]:
    """Apply a PredictDB file to genotypes (PrediXcan); write a genes x people TSV and return counts.

    Weights find their variants by ``varID`` (``chrom_pos_ref_alt``), with alleles exchanged or on the other
    strand where need be. A gene of which no variant is there has no prediction.

    Raises
    ------
    InputError
        If a file cannot be read, or ids do not name places.
    """
    genes = read_predictdb(database)
    loci = [_locus(gene, database) for gene in genes]
    cohort = VariantFileSet(expand_patterns(vcf, list(dict.fromkeys(chrom for chrom, _, _ in loci))))
    people = choose_samples(cohort.all_samples, list(samples), source=vcf[0])
    genotypes = cohort.subset(people)
    values = np.full((len(genes), len(people)), np.nan)
    used = []
    for g, (gene, (chrom, start, end)) in enumerate(zip(genes, loci, strict=True)):
        dosages = count_alternative(genotypes.region(chrom, start, end))
        known = {
            (place_of(name), ref, alt): dosages.values[v]
            for v, (name, ref, alt) in enumerate(zip(dosages.variant_id, dosages.ref, dosages.alt, strict=True))
        }
        found, n = apply_weights(gene, known, len(people))
        used.append(n)
        if n:
            values[g] = found
    columns: dict[str, Sequence[Any]] = {"gene_id": [gene.gene for gene in genes]}
    write_table(output, {**columns, **{name: values[:, i].tolist() for i, name in enumerate(people)}})
    return {
        "n_genes": len(genes),
        "n_predicted": int(np.count_nonzero(used)),
        "n_weights": sum(gene.weight.size for gene in genes),
        "n_weights_used": sum(used),
        "n_people": len(people),
    }


def _locus(gene: GeneWeights, path: str) -> tuple[str, int, int]:
    try:
        parts = [name.split("_") for name in gene.variant_id]
        positions = [int(part[1]) for part in parts]
    except (IndexError, ValueError):
        raise InputError(
            f"variant ids such as {gene.variant_id[0]!r} do not name a place",
            path=path, record=gene.gene, remedy="give a file whose varID is chrom_pos_ref_alt",
        ) from None  # fmt: skip
    return parts[0][0], min(positions) - 1, max(positions)


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
            raise InputError(f"gene {gene} is there twice", path=path, record=f"line {number}")
        try:
            r, p, q = (float(text) if text else None for text in texts)
        except ValueError as error:
            raise InputError(f"no number: {error}", path=path, record=f"line {number}") from error
        genes[gene] = r, p, q
    return [EvaluatedModel(name, genes) for name, genes in models.items()]


def beside_columns(
    trained: dict[str, list[Any]], evaluated: Sequence[EvaluatedModel]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    """Return the table, one row per gene with ``<model>_r``, ``_p`` and ``_q``, and each evaluated model's summary.

    ``trained`` is the table of the baselines, one row per gene and model: their r is that of held-out people.

    Raises
    ------
    InputError
        If a model has the name of another, or none of its genes is among those of the baselines.
    """
    first = trained["model"].count(trained["model"][0])
    columns: dict[str, list[Any]] = {name: trained[name][:first] for name in ("gene_id", "name")}
    for start in range(0, len(trained["model"]), first):
        model = trained["model"][start]
        for ending in "rpq":
            columns[f"{model}_{ending}"] = trained[f"cv_{ending}"][start : start + first]
    summary = {}
    for one in evaluated:
        if f"{one.name}_r" in columns:
            raise InputError(f"two models are called {one.name!r}", remedy="evaluate one under another --name")
        found = [one.genes.get(gene, (None, None, None)) for gene in columns["gene_id"]]
        if not any(gene in one.genes for gene in columns["gene_id"]):
            raise InputError(f"no gene of model {one.name!r} is among the genes of the baselines")
        for at, ending in enumerate("rpq"):
            columns[f"{one.name}_{ending}"] = [values[at] for values in found]
        r, q = (np.array([np.nan if v[at] is None else v[at] for v in found], np.float64) for at in (0, 2))
        mean = float(np.nanmean(r)) if np.isfinite(r).any() else None
        summary[one.name] = {"mean_r": mean, "n_significant": int(np.count_nonzero(q <= 0.05))}
    return columns, summary
