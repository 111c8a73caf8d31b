"""`gxfast baseline`: all genes of a cohort into a run directory; weights of others on a VCF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._cohort import transformed
from ..dosages import count_alternative
from ..errors import InputError
from ..io.regions import parse_region
from ..io.tables import read_covariates, read_expression, read_genes, write_phenotype_bed, write_table
from ..io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ..rundir import RunDirectory, sha256_of
from ..stats import fdr, split_people
from ..types import CovariateTable, ExpressionTable, GeneTable
from .predictdb import GeneWeights, apply_weights, place_of, read_predictdb, write_covariances, write_predictdb
from .training import GeneBaseline, TrainingOptions, train_gene

__all__ = ["BaselineFiles", "predict_with", "train"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BaselineFiles:
    """What the command line names."""

    vcf: tuple[str, ...]
    expression: str
    covariates: str | None = None
    n_covariates: int | None = None
    genes: str | None = None
    samples: tuple[str, ...] = ()
    transform: str = "none"
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cohort:
    people: tuple[str, ...]
    genes: GeneTable
    values: Float64Array  # genes x people
    covariates: Float64Array | None
    genotypes: VariantFileSet


def train(
    files: BaselineFiles,
    output: str,
    options: TrainingOptions,
    *,
    n_threads: int = 1,
    resume: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Train and cross-validate the baselines of every gene; write ``baseline/`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``.

    Raises
    ------
    InputError
    """
    cohort = _open(files)
    folds = split_people(cohort.people, options.folds, options.seed)
    chosen = {"n_covariates": files.n_covariates, "samples": list(files.samples), "transform": files.transform,
              "regions": list(files.regions)}  # fmt: skip
    plan = {"inputs": _hashes(files), "options": {**asdict(options), **chosen, "steps": ["baseline"]}}
    from .. import __version__

    with RunDirectory(output, {"gxfast": __version__, **plan}, resume=resume) as run:

        def one(g: int) -> GeneBaseline:
            tss = int(cohort.genes.tss[g])
            region = max(0, tss - options.window), tss + options.window + 1
            dosages = count_alternative(cohort.genotypes.region(cohort.genes.chrom[g], *region))
            return train_gene(
                cohort.genes.gene_id[g], cohort.genes.name[g], tss, dosages, cohort.values[g], cohort.covariates,
                folds, options,
            )  # fmt: skip

        found: list[GeneBaseline] = []
        with ThreadPoolExecutor(max(1, n_threads)) as pool:
            for result in pool.map(one, range(len(cohort.genes))):
                found.append(result)
                if tell:
                    tell(len(found), len(cohort.genes))
        summary = _write(run, cohort, folds, found, options)
        run.finish({"summary": summary, "counts": {"baseline": _count(found)}})
    return summary


def _count(found: Sequence[GeneBaseline]) -> dict[str, int]:
    statuses = [result.status for result in found]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def _hashes(files: BaselineFiles) -> dict[str, Any]:
    named = {"expression": files.expression, "covariates": files.covariates, "genes": files.genes}
    entries = {what: [{"file": Path(path).name, "sha256": sha256_of(path)}] for what, path in named.items() if path}
    genotypes = [Path(path) for path in files.vcf if "{chrom}" not in path]
    return {**entries, "vcf": [{"file": p.name, "sha256": sha256_of(p)} for p in genotypes] or list(files.vcf)}


def _open(files: BaselineFiles) -> _Cohort:
    expression = read_expression(files.expression)
    located = read_genes(files.genes) if files.genes else expression.genes
    if located is None:
        raise InputError(
            "the expression has no coordinates of genes", path=files.expression, remedy="name them with --genes"
        )
    covariates = read_covariates(files.covariates, first=files.n_covariates) if files.covariates else None
    row = {gene: g for g, gene in enumerate(expression.gene_id)}
    spans = [parse_region(text) for text in files.regions]
    genes = located.take(
        g
        for g, gene in enumerate(located.gene_id)
        if gene in row and (not spans or any(c == located.chrom[g] and s <= located.tss[g] < e for c, s, e in spans))
    )
    if not len(genes):
        raise InputError(
            "no gene has a place (in the regions) and expression", path=files.genes, remedy="use the same gene ids"
        )
    paths = expand_patterns(files.vcf, list(dict.fromkeys(genes.chrom)))
    cohort = VariantFileSet(paths)
    people = _people(cohort, files, expression, covariates)
    place = {name: i for i, name in enumerate(expression.samples)}
    values = expression.values[np.ix_([row[gene] for gene in genes.gene_id], [place[name] for name in people])]
    values, _ = transformed(values, files.transform, files.expression)
    return _Cohort(tuple(people), genes, values, _design(covariates, people), cohort.subset(people))


def _people(
    cohort: VariantFileSet, files: BaselineFiles, expression: ExpressionTable, covariates: CovariateTable | None
) -> list[str]:
    chosen = choose_samples(cohort.all_samples, files.samples, source=files.vcf[0])
    have = set(expression.samples) & (set(covariates.samples) if covariates else set(expression.samples))
    people = [name for name in chosen if name in have]
    if len(people) < 3:
        raise InputError(
            f"{len(people)} people are in the VCF, the expression and the covariates together",
            path=files.expression,
            remedy="use the same sample names in all files",
        )
    return people


def _design(covariates: CovariateTable | None, people: list[str]) -> Float64Array | None:
    if covariates is None:
        return None
    place = {name: i for i, name in enumerate(covariates.samples)}
    values = covariates.values[:, [place[name] for name in people]]
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        k, i = (int(j) for j in bad[0])
        raise InputError(
            f"covariate {covariates.name[k]!r} has no finite value for {people[i]}",
            path=covariates.source or None,
            remedy="leave the person or the covariate out",
        )
    return np.ascontiguousarray(values, np.float64)


def _write(
    run: RunDirectory,
    cohort: _Cohort,
    folds: NDArray[np.int64],
    found: list[GeneBaseline],
    options: TrainingOptions,
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
    return _summary(columns, found, options)


def _q(p: Sequence[float]) -> Float64Array:
    return fdr(np.asarray(p, np.float64)) if len(p) else np.empty(0)


def _spread(y: Float64Array, result: GeneBaseline, model: str) -> Float64Array:
    """Held-out predictions of all people; NaN for those without expression."""
    out = np.full(y.size, np.nan)
    if result.held_out:
        out[np.isfinite(y)] = result.held_out.predictions[model]
    return out


def _columns(cohort: _Cohort, found: list[GeneBaseline], options: TrainingOptions) -> dict[str, list[Any]]:
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
