"""Everything a run reads, opened once: what the command line names, as objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .io.fasta import Genome
from .io.regions import parse_region
from .io.tables import read_covariates, read_expression, read_genes, read_sites
from .io.vcf_set import VariantFileSet, choose_samples, expand_patterns
from .personal import HaplotypePolicy
from .rundir import sha256_of
from .types import CovariateTable, ExpressionTable, GeneTable

if TYPE_CHECKING:
    from .models.session import Model

__all__ = ["InputPaths", "Inputs", "open_inputs"]


@dataclass(frozen=True, slots=True)
class InputPaths:
    """What the user named.

    Attributes
    ----------
    fasta : str
    vcf : tuple of str
        Files, or patterns with ``{chrom}``.
    models : tuple of str
    cards : tuple of str
        One per model, or none.
    genes, expression, covariates : str or None
    n_covariates : int or None
        Use the first so many covariates only.
    samples : tuple of str
        People to keep (or, with a leading ``^``, to leave out).
    regions : tuple of str
        Genes whose TSS lies in one of these (1-based inclusive); all by default.
    device : str
    batch_size : int or None
    max_mem : int or None
        Bytes for a step of the prediction: half for the model's batch, a quarter each for reading genotypes and
        for sequences.
    length : int or None
        Bases the models read, where neither graph nor card says it.
    sites : str or None
        BED of regions that are read around their middle, instead of genes.
    """

    fasta: str
    vcf: tuple[str, ...]
    models: tuple[str, ...]
    cards: tuple[str, ...] = ()
    genes: str | None = None
    expression: str | None = None
    covariates: str | None = None
    n_covariates: int | None = None
    samples: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    device: str = "auto"
    batch_size: int | None = None
    max_mem: int | None = None
    length: int | None = None
    sites: str | None = None


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
    from .models.session import Model

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


def _hash_all(paths: InputPaths, files: Sequence[Path], models: Sequence[Model]) -> dict[str, Any]:
    named: list[tuple[str, str | Path]] = [("fasta", paths.fasta), *(("vcf", file) for file in files)]
    for what in ("genes", "sites", "expression", "covariates"):
        value = getattr(paths, what)
        if value:
            named.append((what, value))
    found: dict[str, Any] = {}
    for what, path in named:
        entry = {"file": Path(path).name, "size": Path(path).stat().st_size, "sha256": sha256_of(path)}
        found.setdefault(what, []).append(entry)
    found["models"] = [
        {"name": model.card.name, "files": dict(model.files), "card": model.card.to_json()} for model in models
    ]
    return found
