"""Everything a job reads, opened once: what the command line names, as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
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
    "People",
    "chosen_genes",
    "named_genes",
    "open_genotypes",
    "open_inputs",
    "open_models",
    "open_people",
    "open_plans",
]

Float64Array = NDArray[np.float64]
NO_CONTIG = "contig not in the VCF"


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
