"""What a user chooses: inputs, engines, and options of every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ..errors import InputError
from ..evaluation.across_people import Residualise, Transform
from ..ism import Outputs
from ..stats import LINEAR_MODELS
from ..stats.drivers import Rule
from .scans.targets import DEFAULT_REACH

__all__ = [
    "FDR",
    "DriverOptions",
    "EngineOptions",
    "EvaluateOptions",
    "InputPaths",
    "MappingOptions",
    "RunOptions",
    "TrainingOptions",
    "WindowChoice",
]

FDR: Final = 0.05  # of genes with an eQTL


@dataclass(frozen=True, slots=True)
class InputPaths:
    """What the user named.

    Attributes
    ----------
    fasta : str
        Empty where no sequence is read (linear models).
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
        Bytes for a step: of the prediction, half for the model's batch, a quarter each for reading genotypes and
        for sequences; of linear models, a quarter for genotypes that are kept, the rest for what workers hold.
    length : int or None
        Bases the models read, where neither graph nor card says it.
    sites : str or None
        BED of regions that are read around their middle, instead of genes.
    contigs : str or None
        Table of contig names, or ``"strict"``; see `gxfast.io.contigs.ContigNames`.
    exons : str or None
        GTF of exons, for models that read out those of each gene; by default ``genes``, where that is a GTF.
    tiles : bool
        Whether windows are predicted in tiles where that saves; see `gxfast.ism.tiled`.
    effects : tuple of str
        Tables of variant effects, each ``FILE`` or ``NAME=FILE``: predictors beside, or in place of, models.
    populations, gene_split : str or None
        Tables of the population of each person, and of the set that each gene was in when models were trained.
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
    contigs: str | None = None
    exons: str | None = None
    tiles: bool = True
    effects: tuple[str, ...] = ()
    populations: str | None = None
    gene_split: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """Options of the evaluate step; see `gxfast.evaluate`."""

    transform: Transform = "none"
    residualise: Residualise = "expression"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How mutants are computed.

    Attributes
    ----------
    outputs : Outputs
    mode : str
    n_threads : int
    check : bool
        Whether each plan is compared with the plain model before its first use.
    """

    outputs: Outputs = field(default_factory=Outputs)
    mode: str = "auto"
    n_threads: int = 1
    check: bool = True


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """Which windows, and which part of each, to scan; one source of windows.

    Attributes
    ----------
    genes : bool
        Windows of the genes; ``reach`` bases on either side of the TSS, None for all.
    reach : int or None
    regions : tuple of str
    sequences : str or None
    positions : (int, int) or None
        Of the sequences, 0-based half-open.
    """

    genes: bool = True
    reach: int | None = DEFAULT_REACH
    regions: tuple[str, ...] = ()
    sequences: str | None = None
    positions: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DriverOptions:
    """How drivers are chosen, see `gxfast.stats.select_drivers`; and what motifs are measured by.

    ``motif_reach``: motif sizes are shares of the largest effect within so many bases of the TSS (Sasse et al. 2023:
    1,000, a scan of 2,001 bases per gene); 0: of the 41 bases around the driver.
    """

    rule: Rule = "published"
    gain: float = 0.05
    alpha: float = 0.01
    motif_reach: int = 0


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """How eQTLs are mapped.

    Attributes
    ----------
    window : int
        Bases on either side of the TSS, both ends included.
    min_maf : float
        Variants with a smaller minor allele frequency among the people are left out.
    permutations : int
        0: nominal only.
    seed : int
        Each gene permutes with this seed: its p does not depend on which other genes are there.
    shared : bool
        Permute once for all genes with the same set of values (see `CisScan.permutations`).
    dosage : {"GT", "DS", "GP"}
        Field of the VCF that dosages are read from: calls, or what was imputed.
    format : {"tsv", "parquet"}
        Of the table of pairs.
    independent : bool
        Find the conditionally independent eQTLs of the genes with q <= `FDR`; needs 10 permutations.
    susie : bool
        Fine-map every gene.
    """

    window: int = 1_000_000
    min_maf: float = 0.01
    permutations: int = 1000
    seed: int = 0
    shared: bool = False
    dosage: str = "GT"
    format: str = "tsv"
    independent: bool = False
    susie: bool = False

    def __post_init__(self) -> None:
        if self.independent and self.permutations < 10:
            raise InputError(
                f"independent eQTLs need at least 10 permutations, found {self.permutations}",
                remedy="raise `permutations=`, or leave `independent=` out",
            )


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How baselines are trained.

    Attributes
    ----------
    window : int
        Bases on either side of the TSS.
    min_maf : float
        Variants with a smaller minor allele frequency among the people are left out.
    folds, inner_folds : int
        Outer folds, whose people are predicted; inner folds, in which the elastic net chooses its penalty.
    stop_after : int or None
        As in `gxfast.stats.elastic_net_cv`.
    seed : int
    models : tuple of str
    dosage : {"GT", "DS", "GP"}
        As in `MappingOptions`.
    """

    window: int = 1_000_000
    min_maf: float = 0.01
    folds: int = 5
    inner_folds: int = 10
    stop_after: int | None = 20
    seed: int = 0
    models: tuple[str, ...] = LINEAR_MODELS
    dosage: str = "GT"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of all steps of a run.

    Attributes
    ----------
    evaluation : EvaluateOptions
    baseline : TrainingOptions
    eqtl : MappingOptions
    drivers : DriverOptions
    finemapped : str or None
        Table of fine-mapped variants: directions are compared at these too.
    report_genes : tuple of str
        Genes (id or name) that the report shows person by person, beside the best and the worst.
    predictdb : bool
        Whether tables of effects are written as weights of PredictDB, too.
    with_right : bool
        The user has the right to make weights of scores whose terms of use are not open.
    """

    evaluation: EvaluateOptions = field(default_factory=EvaluateOptions)
    baseline: TrainingOptions = field(default_factory=TrainingOptions)
    eqtl: MappingOptions = field(default_factory=MappingOptions)
    drivers: DriverOptions = field(default_factory=DriverOptions)
    finemapped: str | None = None
    report_genes: tuple[str, ...] = ()
    predictdb: bool = False
    with_right: bool = False
