"""Everything a job reads, opened once: what the command line names, as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..evaluation.cohort import transformed
from ..io.contigs import ContigNames, Renamed
from ..io.fasta import Genome
from ..io.genotype_cache import GenotypeCache
from ..io.regions import parse_region
from ..io.tables import read_covariates, read_expression, read_finemapped, read_genes, read_sites
from ..io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ..personal.policy import HaplotypePolicy
from ..types import CovariateTable, ExpressionTable, GeneTable
from .naming import contig_names, tell_vcf
from .options import InputPaths

if TYPE_CHECKING:
    from ..ism import Plan
    from ..models.session import Model
    from .options import EngineOptions

__all__ = [
    "NO_CONTIG",
    "Inputs",
    "LinearCohort",
    "People",
    "chosen_genes",
    "linear_cohort",
    "named_genes",
    "open_genotypes",
    "open_inputs",
    "open_models",
    "open_people",
    "open_plans",
    "too_few_people",
]

Float64Array = NDArray[np.float64]
NO_CONTIG = "contig not in the VCF"
# A fold must leave so many people beside the covariates, and have some to predict.
_PEOPLE_BESIDE_COVARIATES = 3


@dataclass(frozen=True, slots=True)
class People:
    """Genotypes, expression and covariates of people, and the genes that are asked about.

    Attributes
    ----------
    genotypes : GenotypeCache
        Of the people that were chosen: those that have expression, where there is any.
    genes : GeneTable
    expression : ExpressionTable or None
    covariates : CovariateTable or None
    renamed : tuple of Renamed
        Contigs that are spelled in another way in a file than from here on.
    """

    genotypes: GenotypeCache
    genes: GeneTable
    expression: ExpressionTable | None
    covariates: CovariateTable | None
    renamed: tuple[Renamed, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Inputs(People):
    """Opened inputs of a run: people, a genome and models.

    Attributes
    ----------
    genome : Genome
    models : tuple of Model
    policy : HaplotypePolicy
    max_mem : int or None
    finemapped : mapping of (gene, variant) to float, or None
        Posterior inclusion probabilities.
    names : ContigNames
        Of the genome.
    """

    genome: Genome
    models: tuple[Model, ...]
    policy: HaplotypePolicy
    max_mem: int | None = None
    finemapped: Mapping[tuple[str, str], float] | None = None
    names: ContigNames = field(kw_only=True)


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
    """

    people: tuple[str, ...]
    genes: GeneTable
    values: Float64Array
    covariates: Float64Array | None
    genotypes: GenotypeCache

    def take(self, rows: Sequence[int]) -> LinearCohort:
        """Return the same people with the genes ``rows`` only."""
        return replace(self, genes=self.genes.take(rows), values=self.values[list(rows)])


def open_inputs(
    paths: InputPaths, policy: HaplotypePolicy, *, finemapped: str | None = None, strands: bool = True
) -> Inputs:
    """Open everything that a run reads; the first thing that is wrong is raised.

    Without ``strands``, genes may have none: enough to look at the inputs, not to predict.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    genome = Genome(paths.fasta)
    names = contig_names(paths, genome)
    people = open_people(paths, names=names, strands=strands)
    models = open_models(paths)
    pips = read_finemapped(finemapped) if finemapped else None
    if pips is not None:
        pips = {(gene, names.variant_id(variant)): value for (gene, variant), value in pips.items()}
    return Inputs(
        people.genotypes, people.genes, people.expression, people.covariates, genome, models, policy, paths.max_mem,
        pips, renamed=people.renamed, names=names,
    )  # fmt: skip


def open_people(paths: InputPaths, *, names: ContigNames | None = None, strands: bool = True) -> People:
    """Open genotypes, genes, expression and covariates.

    Without an explicit sample selection, the people are those that have genotypes and, if expression is
    given, expression: nobody is predicted who cannot be evaluated.

    Parameters
    ----------
    paths : InputPaths
    names : ContigNames, optional
        Of the genome; without one, contigs go by the names that the genes have.
    strands : bool
        Whether genes need one: a sequence does, a linear model does not.

    Raises
    ------
    InputError
    """
    expression = read_expression(paths.expression) if paths.expression else None
    genes, told = named_genes(paths, expression, names, strands)
    cohort = open_genotypes(paths, genes.chrom, names)
    told += tell_vcf(cohort)
    if expression is not None:
        cohort = cohort.subset(_shared(cohort.samples, expression, [file.path for file in cohort.files]))
    covariates = None
    if paths.covariates:
        covariates = read_covariates(paths.covariates, first=paths.n_covariates, people=cohort.samples)
    return People(GenotypeCache(cohort, paths.max_mem), genes, expression, covariates, renamed=told)


def open_genotypes(paths: InputPaths, chroms: Sequence[str], names: ContigNames | None = None) -> VariantFileSet:
    """Open the VCF files with the people that were chosen, and the contigs by the names of the genome, or ``chroms``.

    Raises
    ------
    InputError
    """
    wanted = list(dict.fromkeys(chroms))
    files = expand_patterns(paths.vcf, wanted, names or ContigNames(dict.fromkeys(wanted), paths.contigs))
    cohort = VariantFileSet(files)
    cohort = cohort.named_for(wanted, paths.contigs) if names is None else cohort.named_by(names)
    return cohort.subset(
        choose_samples(cohort.all_samples, paths.samples, source=", ".join(str(file) for file in files))
    )


def open_models(paths: InputPaths, n_threads: int = 1) -> tuple[Model, ...]:
    """Open the models, each with its card; half of ``max_mem`` is for their batches.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..models.session import Model

    if len(paths.cards) not in (0, len(paths.models)):
        raise InputError(
            f"{len(paths.cards)} cards for {len(paths.models)} models", remedy="give one --card per --model"
        )
    models = tuple(
        Model(
            path,
            card=card,
            device=paths.device,
            batch_size=paths.batch_size,
            n_threads=n_threads,
            max_bytes=None if paths.max_mem is None else max(1, paths.max_mem // 2),
            length=paths.length,
        )
        for path, card in zip(paths.models, paths.cards or (None,) * len(paths.models), strict=True)
    )
    names = [model.card.name for model in models]
    if len(set(names)) != len(names):
        raise InputError(f"two models have one name ({', '.join(names)})", remedy="change the name in one of the cards")
    return models


def open_plans(paths: InputPaths, engine: EngineOptions) -> tuple[Plan, ...]:
    """Open the models and plan their scans.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..ism import plan

    models = open_models(paths, engine.n_threads)
    return tuple(plan(model, engine.outputs, engine.mode, check=64 if engine.check else 0) for model in models)


def chosen_genes(
    paths: InputPaths, expression: ExpressionTable | None = None, *, names: ContigNames | None = None,
    strands: bool = True,
) -> GeneTable:  # fmt: skip
    """Return the genes with their TSS in the regions asked for; of all files, the one that names genes.

    Raises
    ------
    InputError
        If no file places genes, or none lies in the regions.
    """
    return named_genes(paths, expression, names, strands)[0]


def named_genes(
    paths: InputPaths, expression: ExpressionTable | None = None, names: ContigNames | None = None,
    strands: bool = True,
) -> tuple[GeneTable, tuple[Renamed, ...]]:  # fmt: skip
    """Return the genes as `chosen_genes` does, and what was translated of their contigs."""
    genes = _all_genes(paths, expression, strands)
    spelled = genes
    names = names or ContigNames(dict.fromkeys(genes.chrom), paths.contigs)
    genes = names.genes(genes)
    rows = _in_regions(paths, genes, names) if paths.regions else range(len(genes))
    chosen = genes.take(rows) if paths.regions else genes
    return chosen, names.renamed("genes", [spelled.chrom[g] for g in rows])


def _in_regions(paths: InputPaths, genes: GeneTable, names: ContigNames) -> list[int]:
    spans = [(names.find(chrom) or chrom, start, end) for chrom, start, end in map(parse_region, paths.regions)]
    inside = [
        g
        for g in range(len(genes))
        if any(genes.chrom[g] == chrom and start <= genes.tss[g] < end for chrom, start, end in spans)
    ]
    if not inside:
        raise InputError(
            f"no gene has its TSS in {', '.join(paths.regions)}",
            path=paths.genes or paths.expression,
            remedy="write regions as chr:beg-end with the contig names of the genes",
        )
    return inside


def _all_genes(paths: InputPaths, expression: ExpressionTable | None, strands: bool) -> GeneTable:
    if paths.genes and paths.sites:
        raise InputError("genes and regions are both given", remedy="use either --genes or --sites")
    if paths.sites:
        return read_sites(paths.sites)
    if paths.genes:
        return read_genes(paths.genes)
    if expression is None:
        raise InputError("no genes given", remedy="name them with --genes, or an expression BED with strands")
    located = expression.genes or (None if strands else expression.places)
    if located is None:
        raise InputError(
            f"the expression file does not give {'TSS and strand' if strands else 'coordinates'} of its genes",
            path=expression.source,
            remedy="name the genes with --genes (BED6, TSV with gene_id chrom tss strand, or GTF)",
        )
    return located


def _shared(samples: Sequence[str], expression: ExpressionTable, files: Sequence[Path]) -> list[str]:
    have = set(expression.samples)
    shared = [name for name in samples if name in have]
    if not shared:
        raise InputError(
            f"no sample is in both the VCF ({', '.join(samples[:3])}, ...) and the expression "
            f"({', '.join(expression.samples[:3])}, ...)",
            path=expression.source,
            remedy=f"rename samples with: bcftools reheader -s MAP {files[0]}",
        )
    return shared


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
        raise InputError("linear models need expression", remedy="name it with --expression")
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
            remedy="name the contigs that are one in a table, and give it with --contigs; or bcftools annotate "
            "--rename-chrs",
        )
    if len(names) < 3:
        raise InputError(
            f"{len(names)} people are in the VCF, the expression and the covariates together",
            path=expression.source,
            remedy="use the same sample names in all files",
        )
    place = {name: i for i, name in enumerate(expression.samples)}
    values = expression.values[np.ix_([row[gene] for gene in genes.gene_id], [place[name] for name in names])]
    genotypes = people.genotypes if names == people.genotypes.samples else people.genotypes.subset(names)
    values[_absent(genotypes, genes)] = np.nan
    values, _ = transformed(values, transform, expression.source)
    return LinearCohort(names, genes, values, _design(covariates, names), genotypes)


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


def _design(covariates: CovariateTable | None, people: Sequence[str]) -> Float64Array | None:
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
