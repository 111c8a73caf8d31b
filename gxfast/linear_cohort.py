"""Genotypes, expression and covariates of the same people, for linear models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cohort import transformed
from .errors import InputError
from .io.regions import parse_region
from .io.tables import read_covariates, read_expression, read_genes, read_sites
from .io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from .rundir import sha256_of
from .types import CovariateTable, ExpressionTable, GeneTable

__all__ = ["CohortFiles", "LinearCohort", "open_cohort", "plan_of"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CohortFiles:
    """What the command line names; see `open_cohort`."""

    vcf: tuple[str, ...]
    expression: str
    covariates: str | None = None
    n_covariates: int | None = None
    genes: str | None = None
    samples: tuple[str, ...] = ()
    transform: str = "none"
    regions: tuple[str, ...] = ()
    sites: str | None = None


@dataclass(frozen=True, slots=True)
class LinearCohort:
    """People who have genotypes, expression and covariates, in the order of the VCF."""

    people: tuple[str, ...]
    genes: GeneTable
    values: Float64Array  # genes x people
    covariates: Float64Array | None
    genotypes: VariantFileSet


def _hashes(files: CohortFiles) -> dict[str, Any]:
    named = {"expression": files.expression, "covariates": files.covariates, "genes": files.genes, "sites": files.sites}
    entries = {what: [{"file": Path(path).name, "sha256": sha256_of(path)}] for what, path in named.items() if path}
    genotypes = [Path(path) for path in files.vcf if "{chrom}" not in path]
    return {**entries, "vcf": [{"file": p.name, "sha256": sha256_of(p)} for p in genotypes] or list(files.vcf)}


def plan_of(files: CohortFiles, step: str, options: Any) -> dict[str, Any]:
    """Return what a run directory compares before it is written into again."""
    from . import __version__

    chosen = {
        "n_covariates": files.n_covariates,
        "samples": list(files.samples),
        "transform": files.transform,
        "regions": list(files.regions),
    }
    return {
        "gxfast": __version__,
        "inputs": _hashes(files),
        "options": {**asdict(options), **chosen, "steps": [step]},
    }


def open_cohort(files: CohortFiles) -> LinearCohort:
    """Open everything and bring people and genes together.

    Raises
    ------
    InputError
        If a file is wrong, nobody or no gene is in all of them, or a covariate of somebody is missing.
    """
    expression = read_expression(files.expression)
    named = read_sites(files.sites) if files.sites else read_genes(files.genes) if files.genes else None
    located = named or expression.genes or expression.places
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
    return LinearCohort(tuple(people), genes, values, _design(covariates, people), cohort.subset(people))


def _people(
    cohort: VariantFileSet, files: CohortFiles, expression: ExpressionTable, covariates: CovariateTable | None
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
