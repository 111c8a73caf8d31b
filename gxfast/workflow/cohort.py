"""The people and genes that linear models are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..evaluation.cohort import covariate_design, transformed
from ..io.genotype_cache import GenotypeCache
from ..types import GeneTable
from .inputs import People

__all__ = ["LinearCohort", "linear_cohort", "too_few_people"]

Float64Array = NDArray[np.float64]
# A fold must leave so many people beside the covariates, and have some to predict.
_PEOPLE_BESIDE_COVARIATES = 3


@dataclass(frozen=True, slots=True)
class LinearCohort:
    """People who have genotypes, expression and covariates, in the order of the VCF, for linear models.

    Attributes
    ----------
    people : tuple of str, length S
    genes : GeneTable
        The G genes that have expression.
    values : float64 array, shape (G, S)
        Expression, transformed.
    covariates : float64 array, shape (K, S), or None
    genotypes : GenotypeCache
        Of these people.
    populations : tuple of str, length S, or None
        Where they are known; "" of somebody who is in none.
    """

    people: tuple[str, ...]
    genes: GeneTable
    values: Float64Array
    covariates: Float64Array | None
    genotypes: GenotypeCache
    populations: tuple[str, ...] | None = None

    def take(self, rows: Sequence[int]) -> LinearCohort:
        """Return the same people with the genes ``rows`` only."""
        return replace(self, genes=self.genes.take(rows), values=self.values[list(rows)])


def linear_cohort(people: People, transform: str) -> LinearCohort:
    """Bring the people and genes together that have everything a linear model needs.

    Parameters
    ----------
    people : People
        With expression.
    transform : str
        Of expression, over the people who are left.

    Raises
    ------
    InputError
        If nobody or no gene is in all files, or a covariate of somebody is missing.
    """
    expression, covariates = people.expression, people.covariates
    if expression is None:
        raise InputError("linear models need expression", remedy="name it with `expression=`")
    row = {gene: g for g, gene in enumerate(expression.gene_id)}
    genes = people.genes.take(g for g, gene in enumerate(people.genes.gene_id) if gene in row)
    if not len(genes):
        raise InputError(
            "no gene has a place (in the regions) and expression",
            path=expression.source,
            remedy="use the same gene ids",
        )
    have = set(expression.samples) & (set(covariates.samples) if covariates else set(expression.samples))
    names = tuple(name for name in people.genotypes.samples if name in have)
    if not any(chrom in people.genotypes.contigs for chrom in genes.chrom):
        raise InputError(
            f"no gene lies on a contig of the VCF: the genes are on {', '.join(list(dict.fromkeys(genes.chrom))[:3])}, "
            f"the VCF has {', '.join(people.genotypes.contigs[:3])}",
            path=people.genotypes.paths[0],
            remedy="name the contigs that are one in a table, and give it with `contigs=`; or bcftools annotate "
            "--rename-chrs",
        )
    if len(names) < 3:
        asked = f"{len(people.genotypes.samples)} in the VCF, {len(expression.samples)} in the expression" + (
            f", {len(covariates.samples)} in the covariates ({covariates.source})" if covariates else ""
        )
        raise InputError(
            f"{len(names)} people are in all files, where at least 3 are needed: {asked}",
            path=expression.source,
            remedy="use the same sample names in all files",
        )
    place = {name: i for i, name in enumerate(expression.samples)}
    values = expression.values[np.ix_([row[gene] for gene in genes.gene_id], [place[name] for name in names])]
    genotypes = people.genotypes if names == people.genotypes.samples else people.genotypes.subset(names)
    values[_absent(genotypes, genes)] = np.nan
    values, _ = transformed(values, transform, expression.source)
    design = None
    if covariates is not None:
        column = {name: i for i, name in enumerate(covariates.samples)}
        design = covariate_design(covariates, np.array([column[name] for name in names], np.int64))
    known = people.populations
    populations = None if known is None else tuple(known.get(name, "") for name in names)
    return LinearCohort(names, genes, values, design, genotypes, populations)


def _absent(genotypes: GenotypeCache, genes: GeneTable) -> NDArray[np.bool_]:
    """Who is in no file of a gene's contig, shape (G, S): a value there says nothing of a genotype."""
    of = {chrom: genotypes.absent(chrom) for chrom in set(genes.chrom) if chrom in genotypes.contigs}
    nobody = np.zeros(len(genotypes.samples), np.bool_)
    return np.array([of.get(chrom, nobody) for chrom in genes.chrom]).reshape(len(genes), -1)


def too_few_people(cohort: LinearCohort, folds: int) -> str:
    """Say why linear models cannot be cross-validated on a cohort; empty where they can."""
    n_covariates = 0 if cohort.covariates is None else len(cohort.covariates)
    if len(cohort.people) >= max(2 * folds, 2 * (n_covariates + _PEOPLE_BESIDE_COVARIATES)):
        return ""
    return f"baselines and eQTLs need more than {len(cohort.people)} people with {n_covariates} covariates"
