"""Everything a run reads, opened once: what the command line names, as objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..evaluation.cohort import transformed
from ..io.fasta import Genome
from ..io.regions import parse_region
from ..io.tables import read_covariates, read_expression, read_genes, read_sites
from ..io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ..ism import Plan, plan
from ..personal.policy import HaplotypePolicy
from ..types import CovariateTable, ExpressionTable, GeneTable
from .options import InputPaths
from .provenance import _hash_all

if TYPE_CHECKING:
    from ..models.session import Model
    from .options import CohortFiles, EngineOptions, FurtherOptions

__all__ = ["Inputs", "LinearCohort", "linear_cohort", "open_cohort", "open_genotypes", "open_inputs", "open_plans"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Opened inputs of a run."""

    genome: Genome
    genotypes: VariantFileSet
    genes: GeneTable
    models: tuple[Model, ...]
    expression: ExpressionTable | None
    covariates: CovariateTable | None
    policy: HaplotypePolicy
    max_mem: int | None = None
    hashes: dict[str, Any] = field(default_factory=dict)


def open_inputs(paths: InputPaths, policy: HaplotypePolicy, *, hashes: bool = True) -> Inputs:
    """Open everything; the first thing that is wrong is raised.

    Without an explicit sample selection, the people are those that have genotypes and, if expression is
    given, expression: nobody is predicted who cannot be evaluated.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..models.session import Model

    genome = Genome(paths.fasta)
    expression = read_expression(paths.expression) if paths.expression else None
    genes = _genes(paths, expression)
    files = expand_patterns(paths.vcf, list(dict.fromkeys(genes.chrom)))
    cohort = VariantFileSet(files)
    samples = choose_samples(cohort.all_samples, paths.samples, source=", ".join(str(f) for f in files))
    if expression is not None:
        samples = _shared(samples, expression, files)
    genotypes = cohort.subset(samples)
    covariates = read_covariates(paths.covariates, first=paths.n_covariates) if paths.covariates else None
    if len(paths.cards) not in (0, len(paths.models)):
        raise InputError(
            f"{len(paths.cards)} cards for {len(paths.models)} models", remedy="give one --card per --model"
        )
    cards = paths.cards or (None,) * len(paths.models)
    models = tuple(
        Model(
            path,
            card=card,
            device=paths.device,
            batch_size=paths.batch_size,
            max_bytes=None if paths.max_mem is None else max(1, paths.max_mem // 2),
            length=paths.length,
        )
        for path, card in zip(paths.models, cards, strict=True)
    )
    names = [model.card.name for model in models]
    if len(set(names)) != len(names):
        raise InputError(f"two models have one name ({', '.join(names)})", remedy="change the name in one of the cards")
    found = _hash_all(paths, files, models) if hashes else {}
    return Inputs(genome, genotypes, genes, models, expression, covariates, policy, paths.max_mem, found)


def _genes(paths: InputPaths, expression: ExpressionTable | None) -> GeneTable:
    genes = _all_genes(paths, expression)
    if not paths.regions:
        return genes
    spans = [parse_region(text) for text in paths.regions]
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
    return genes.take(inside)


def _all_genes(paths: InputPaths, expression: ExpressionTable | None) -> GeneTable:
    if paths.genes and paths.sites:
        raise InputError("genes and regions are both given", remedy="use either --genes or --sites")
    if paths.sites:
        return read_sites(paths.sites)
    if paths.genes:
        return read_genes(paths.genes)
    if expression is None:
        raise InputError("no genes given", remedy="name them with --genes, or an expression BED with strands")
    if expression.genes is None:
        raise InputError(
            "the expression file does not give TSS and strand of its genes",
            path=expression.source,
            remedy="name the genes with --genes (BED6, TSV with gene_id chrom tss strand, or GTF)",
        )
    return expression.genes


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


def open_plans(paths: InputPaths, engine: EngineOptions) -> tuple[Plan, ...]:
    """Open the models and plan their scans.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..models.session import Model

    if len(paths.cards) not in (0, len(paths.models)):
        raise InputError(
            f"{len(paths.cards)} cards for {len(paths.models)} models", remedy="give one --card per --model"
        )
    plans = []
    for path, card in zip(paths.models, paths.cards or (None,) * len(paths.models), strict=True):
        model = Model(
            path, card=card, device=paths.device, batch_size=paths.batch_size, n_threads=engine.n_threads,
            max_bytes=None if paths.max_mem is None else max(1, paths.max_mem // 2), length=paths.length,
        )  # fmt: skip
        plans.append(plan(model, engine.outputs, engine.mode, check=64 if engine.check else 0))
    names = [one.model.card.name for one in plans]
    if len(set(names)) != len(names):
        raise InputError(f"two models have one name ({', '.join(names)})", remedy="change the name in one of the cards")
    return tuple(plans)


def open_genotypes(paths: InputPaths, chroms: Sequence[str]) -> VariantFileSet:
    """Open the VCF files with the people that were chosen.

    Raises
    ------
    InputError
    """
    files = expand_patterns(paths.vcf, list(dict.fromkeys(chroms)))
    cohort = VariantFileSet(files)
    return cohort.subset(
        choose_samples(cohort.all_samples, paths.samples, source=", ".join(str(file) for file in files))
    )


def linear_cohort(options: FurtherOptions, steps: tuple[str, ...], failed: set[str]) -> tuple[LinearCohort | None, str]:
    """Open what baselines and eQTLs read, without genes that could not be predicted, or say why they are left out."""
    if options.files is None or not {"baseline", "eqtl"} & set(steps):
        return None, ""
    cohort = open_cohort(options.files)
    n_covariates = 0 if cohort.covariates is None else len(cohort.covariates)
    # a fold must leave enough people for the regression on covariates, and have some to predict
    if len(cohort.people) < max(2 * options.baseline.folds, 2 * (n_covariates + 3)):
        return None, f"baselines and eQTLs need more than {len(cohort.people)} people with {n_covariates} covariates"
    rows = [g for g, gene in enumerate(cohort.genes.gene_id) if gene not in failed]
    if not rows:
        return None, "baselines and eQTLs need a gene that could be predicted"
    return replace(cohort, genes=cohort.genes.take(rows), values=cohort.values[rows]), ""


Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearCohort:
    """People who have genotypes, expression and covariates, in the order of the VCF."""

    people: tuple[str, ...]
    genes: GeneTable
    values: Float64Array  # genes x people
    covariates: Float64Array | None
    genotypes: VariantFileSet


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
