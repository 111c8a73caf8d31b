"""Everything a job reads, opened once: what the command line names, as objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import GxfastError, InputError
from ..io.contigs import ContigNames, Renamed
from ..io.fasta import Genome
from ..io.genotype_cache import GenotypeCache
from ..io.regions import parse_region
from ..io.tables import ExonTable, read_covariates, read_exons, read_expression, read_genes, read_sites
from ..io.tables.exons import is_gtf_name
from ..io.variant_tables import read_finemapped
from ..io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from ..personal.policy import HaplotypePolicy
from ..types import CovariateTable, ExpressionTable, GeneTable
from .effects import open_effects
from .finemapped import refuse_foreign_pips
from .groups import open_gene_split, open_populations
from .naming import contig_names, tell_vcf
from .options import InputPaths

if TYPE_CHECKING:
    from ..ism import Plan
    from ..models.effects import EffectsTable
    from ..models.session import Model
    from .options import EngineOptions

__all__ = [
    "NO_CONTIG",
    "Inputs",
    "People",
    "Problems",
    "chosen_genes",
    "named_genes",
    "open_exons",
    "open_genotypes",
    "open_inputs",
    "open_models",
    "open_people",
    "open_plans",
    "require_predictors",
]

Float64Array = NDArray[np.float64]
NO_CONTIG = "contig not in the VCF"
T = TypeVar("T")
# What was opened, and why it could not be.
Problems = list[tuple[str, GxfastError]]


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
    populations : mapping of str to str, or None
        Of people.
    gene_split : mapping of str to str, or None
        Of genes: the set that models were trained, validated or tested on.
    """

    genotypes: GenotypeCache
    genes: GeneTable
    expression: ExpressionTable | None
    covariates: CovariateTable | None
    renamed: tuple[Renamed, ...] = field(default=(), kw_only=True)
    populations: Mapping[str, str] | None = field(default=None, kw_only=True)
    gene_split: Mapping[str, str] | None = field(default=None, kw_only=True)


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
    exons : ExonTable or None
        Where a model reads out those of each gene.
    names : ContigNames
        Of the genome.
    effects : tuple of EffectsTable
        Tables of variant effects, beside the models.
    """

    genome: Genome
    models: tuple[Model, ...]
    policy: HaplotypePolicy
    max_mem: int | None = None
    finemapped: Mapping[tuple[str, str], float] | None = None
    exons: ExonTable | None = None
    names: ContigNames = field(kw_only=True)
    effects: tuple[EffectsTable, ...] = field(default=(), kw_only=True)


def open_inputs(
    paths: InputPaths, policy: HaplotypePolicy, *, finemapped: str | None = None, strands: bool = True,
    problems: Problems | None = None,
) -> Inputs:  # fmt: skip
    """Open everything that a run reads; the first thing that is wrong is raised.

    Without ``strands``, genes may have none: enough to look at the inputs, not to predict. With ``problems``, what is
    wrong is added to them, and the rest is opened: where a file could not be, the field of the result is None. Such
    a result is for `gxfast.workflow.preflight.preflight` alone.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    genome = _attempt(problems, "fasta", lambda: Genome(paths.fasta))
    names = None
    if genome is not None:
        # Whatever is the matter with the table of names, the files are read, under the names that they have.
        names = _attempt(problems, "contigs", partial(contig_names, paths, genome)) or ContigNames(genome.contigs)
    people = open_people(paths, names=names, strands=strands, problems=problems)
    models = open_models(paths, problems=problems)
    exons = _attempt(problems, "exons", partial(open_exons, paths, models, names))
    effects: tuple[EffectsTable, ...] = ()
    if paths.effects and genome is not None and names is not None:
        effects = _attempt(problems, "effects", partial(open_effects, paths.effects, genome, names)) or ()
    _attempt(problems, "model", lambda: _refuse_equal_names(models, effects))
    pips = _attempt(problems, "finemapped", lambda: read_finemapped(finemapped)) if finemapped else None
    if finemapped and pips is not None:
        if names is not None:
            pips = {(gene, names.variant_id(variant)): value for (gene, variant), value in pips.items()}
        if people.genes is not None:
            _attempt(problems, "finemapped", lambda: refuse_foreign_pips(finemapped, pips, people.genes, models))
    opened: Any = {"genotypes": people.genotypes, "genes": people.genes, "genome": genome, "names": names}
    return Inputs(
        **opened, expression=people.expression, covariates=people.covariates, models=models, policy=policy,
        max_mem=paths.max_mem, finemapped=pips, exons=exons, renamed=people.renamed, effects=effects,
        populations=people.populations, gene_split=people.gene_split,
    )  # fmt: skip


def _attempt(problems: Problems | None, what: str, opened: Callable[[], T]) -> T | None:
    """Open a part; note why it cannot be, or raise that where nobody notes it."""
    try:
        return opened()
    except GxfastError as error:
        if problems is None:
            raise
        if str(error) not in [str(known) for _, known in problems]:
            problems.append((what, error))
        return None


def open_people(
    paths: InputPaths, *, names: ContigNames | None = None, strands: bool = True, problems: Problems | None = None
) -> People:
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
    problems : list, optional
        As in `open_inputs`.

    Raises
    ------
    InputError
    """
    expression = covariates = genes = cohort = None
    told: tuple[Renamed, ...] = ()
    if paths.expression:
        expression = _attempt(problems, "expression", lambda: read_expression(str(paths.expression)))
    # Genes that the expression would have named are not a second problem.
    if paths.genes or paths.sites or expression is not None or not paths.expression:
        named = _attempt(problems, "genes", lambda: named_genes(paths, expression, names, strands))
        genes, told = named or (None, ())
    chroms = () if genes is None else genes.chrom
    if genes is not None or not any("{chrom}" in file for file in paths.vcf):
        cohort = _attempt(problems, "vcf", lambda: open_genotypes(paths, chroms, names))
    if cohort is not None:
        told += tell_vcf(cohort)
        if expression is not None:
            cohort = _attempt(problems, "samples", partial(_of_both, cohort, expression)) or cohort
    if paths.covariates:
        read = partial(read_covariates, paths.covariates, first=paths.n_covariates)
        covariates = _attempt(problems, "covariates", partial(read, people=None if cohort is None else cohort.samples))
    opened: Any = {"genotypes": GenotypeCache(cohort, paths.max_mem) if cohort is not None else None, "genes": genes}
    if paths.populations:
        opened["populations"] = _attempt(problems, "populations", partial(open_populations, paths.populations, cohort))
    if paths.gene_split:
        opened["gene_split"] = _attempt(problems, "gene_split", partial(open_gene_split, paths.gene_split, genes))
    return People(**opened, expression=expression, covariates=covariates, renamed=told)


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
    chosen = cohort.subset(
        choose_samples(cohort.all_samples, paths.samples, source=", ".join(str(file) for file in files))
    )
    chosen.require_readable(wanted)
    return chosen


def require_predictors(paths: InputPaths) -> None:
    """Refuse to predict with nothing.

    Raises
    ------
    InputError
    """
    if not paths.models and not paths.effects:
        raise InputError("nothing to predict with", remedy="name a model with `model=`, or effects with `effects=`")


def open_models(paths: InputPaths, n_threads: int = 1, *, problems: Problems | None = None) -> tuple[Model, ...]:
    """Open the models, each with its card; half of ``max_mem`` is for their batches; ``problems`` as in `open_inputs`.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..models.kept import kept_model
    from ..models.session import Model

    options: dict[str, Any] = {
        "device": paths.device,
        "batch_size": paths.batch_size,
        "n_threads": n_threads,
        "max_bytes": None if paths.max_mem is None else max(1, paths.max_mem // 2),
        "length": paths.length,
    }

    def opened(path: str, card: str | None) -> Model:
        return kept_model(path, card, tuple(options.values()), lambda: Model(path, card=card, **options))

    pairs = _attempt(problems, "model", lambda: _with_cards(paths)) or []
    found = [_attempt(problems, "model", partial(opened, path, card)) for path, card in pairs]
    models = tuple(model for model in found if model)
    _attempt(problems, "model", lambda: _refuse_equal_names(models))
    return models


def open_exons(paths: InputPaths, models: Sequence[Model], names: ContigNames | None = None) -> ExonTable | None:
    """Read the exons, by the names of the genome, where a model reads out those of each gene.

    Raises
    ------
    InputError
        If no file has them, or it cannot be read; or if one is named that no model reads.
    """
    wanting = [model.card.name for model in models if model.card.gene_mask is not None]
    path = paths.exons or (paths.genes if paths.genes and is_gtf_name(paths.genes) else None)
    if not wanting:
        if paths.exons and models:
            raise InputError(
                "no model reads out the exons of each gene", path=models[0].path, record="output.gene_mask",
                remedy="leave `exons=` out, or say in the card where the bins are: docs/model_cards.md",
            )  # fmt: skip
        return None
    if path is None:
        raise InputError(
            f"{wanting[0]} reads out the exons of each gene, and no file gives them", path=paths.genes,
            remedy="name a GTF with `exons=`, or one with `genes=`",
        )  # fmt: skip
    exons = read_exons(path)
    return exons if names is None else exons.renamed(names.find)


def _with_cards(paths: InputPaths) -> list[tuple[str, str | None]]:
    """Pair the models with their cards."""
    if len(paths.cards) not in (0, len(paths.models)):
        raise InputError(
            f"{len(paths.cards)} cards for {len(paths.models)} models", remedy="give one `card=` per `model=`"
        )
    return list(zip(paths.models, paths.cards or (None,) * len(paths.models), strict=True))


def _refuse_equal_names(models: Sequence[Model], effects: Sequence[EffectsTable] = ()) -> None:
    names = [*(model.card.name for model in models), *(one.name for one in effects)]
    if len(set(names)) != len(names):
        raise InputError(
            f"two models have one name ({', '.join(names)})",
            remedy='change the name in one of the cards, or name effects: `effects="NAME=FILE"`',
        )


def open_plans(paths: InputPaths, engine: EngineOptions, *, of_genes: bool = False) -> tuple[Plan, ...]:
    """Open the models and plan their scans; ``of_genes``: also of models that read out the exons of each gene.

    Raises
    ------
    InputError, ModelError, DeviceError
    """
    from ..ism import Plan, plan

    def planned(model: Model) -> Plan:
        if not (of_genes and model.card.gene_mask):
            return plan(model, engine.outputs, engine.mode, check=64 if engine.check else 0)
        if engine.mode not in ("auto", "naive"):
            raise InputError(
                f"{model.card.name} reads out the exons of each gene: mode {engine.mode} cannot",
                path=model.path, record="output.gene_mask", remedy='use `mode="auto"`',
            )  # fmt: skip
        return Plan(model, engine.outputs, "naive", engine.n_threads, 0)

    return tuple(planned(model) for model in open_models(paths, engine.n_threads))


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
        raise InputError("genes and regions are both given", remedy="use either `genes=` or `sites=`")
    if paths.sites:
        return read_sites(paths.sites)
    if paths.genes:
        return read_genes(paths.genes)
    if expression is None:
        raise InputError("no genes given", remedy="name them with `genes=`, or an expression BED with strands")
    located = expression.genes or (None if strands else expression.places)
    if located is None:
        raise InputError(
            f"the expression file does not give {'TSS and strand' if strands else 'coordinates'} of its genes",
            path=expression.source,
            remedy="name the genes with `genes=` (BED6, TSV with gene_id chrom tss strand, or GTF)",
        )
    return located


def _of_both(cohort: VariantFileSet, expression: ExpressionTable) -> VariantFileSet:
    """Return the cohort with those people alone who have expression."""
    have = set(expression.samples)
    shared = [name for name in cohort.samples if name in have]
    if not shared:
        raise InputError(
            f"no sample is in both the VCF ({', '.join(cohort.samples[:3])}, ...) and the expression "
            f"({', '.join(expression.samples[:3])}, ...)",
            path=expression.source,
            remedy=f"rename samples with: bcftools reheader -s MAP {cohort.files[0].path}",
        )
    return cohort.subset(shared)
