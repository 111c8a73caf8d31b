"""Options that several commands share, and their translation to the objects of the library."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import InputError
from .config import config_option
from .kinds import FILE, NAMED_FILE, File, OneOf
from .numbers import Number, Whole

__all__ = [
    "common_options",
    "contigs_option",
    "covariate_options",
    "driver_options",
    "evaluate_options",
    "exons_option",
    "finemapped_option",
    "input_options",
    "input_paths",
    "linear_options",
    "n_covariates",
    "parse_size",
    "people_options",
    "policy_from",
    "policy_options",
    "run_options",
    "set_verbosity",
    "signal_options",
    "sites_option",
    "stacked",
    "step_options",
    "transform_option",
]

F = TypeVar("F", bound=Callable[..., Any])
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def stacked(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return one decorator that adds all of the options, shown in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


people_options = stacked(
    click.option("-s", "--samples", metavar="A,B", help="People to use; ^A,B: everybody but these."),
    click.option("-S", "--samples-file", type=File(mark="^"), metavar="FILE", help="The same, one a line."),
)
covariate_options = stacked(
    click.option("--covariates", type=FILE, metavar="C", help="Covariates x people, to be regressed out."),
    click.option("--n-covariates", type=Whole(1), help="Use the first so many covariates only."),
)
transform_option = click.option(
    "--expression-transform", "transform", default="none", show_default=True,
    type=OneOf(["none", "log2p1", "inverse_normal"]), help="Of expression.",
)  # fmt: skip
_MIN_MAF = click.option("--min-maf", default=0.01, show_default=True, type=Number(0, 0.5), help="Baselines, eQTLs.")
_MAX_MEM = click.option("--max-mem", metavar="8G", help="Memory for genotypes, sequences and model batches.")
_SEED = click.option("--seed", default=0, show_default=True, type=Whole(0, 2**63 - 1), help="Of folds and draws.")


contigs_option = click.option(
    "--contigs", type=File("strict"), metavar="FILE|strict",
    help="Names of contigs that mean one (TSV, a row each); strict: names are what they are.",
)  # fmt: skip


sites_option = click.option(
    "--sites", type=FILE, metavar="BED", help="Regions instead of genes, read around their middle."
)  # fmt: skip
exons_option = click.option(
    "--exons", type=FILE, metavar="GTF",
    help="Exons, for a card that reads out those of each gene; by default --genes, where it is a GTF.",
)  # fmt: skip


def parse_size(text: str | None) -> int | None:
    """Translate ``8G``, ``512M`` or plain bytes.

    Raises
    ------
    InputError
    """
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,19}(?:\.[0-9]+)?)([kmgt]?)(?:i?b)?", text.strip().lower())
    size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if not 1 <= size < 1 << 62:
        raise InputError(f"--max-mem: not a size: {text[:40]!r}", remedy="write a size such as 8G or 512M")
    return size


def input_options(function: F) -> F:
    """FASTA, VCF, genes, expression, samples and models."""
    decorate: Callable[[F], F] = stacked(
        config_option,
        click.option(
            "--fasta", type=FILE, required=True, metavar="F",
            help="Reference FASTA with .fai (bgzip: and .gzi).",
        ),
        click.option(
            "--vcf", type=FILE, multiple=True, required=True, metavar="V",
            help="Phased VCF.gz or BCF with index, PGEN or VCF Zarr; repeatable, or a pattern with {chrom}.",
        ),
        click.option(
            "--genes", type=FILE, metavar="G",
            help="TSS of the genes: BED6, TSV (gene_id chrom tss strand) or GTF.",
        ),
        exons_option,
        sites_option,
        click.option(
            "-r", "--regions", type=File(or_text=True), metavar="R",
            help="Genes with their TSS in chr:beg-end[,...] only.",
        ),
        click.option(
            "--expression", type=FILE, metavar="E",
            help="Expression BED (FastQTL, tensorQTL, QTLtools) or table.",
        ),
        contigs_option,
        covariate_options,
        people_options,
        click.option("--populations", type=FILE, metavar="T", help="sample, population: r by population."),
        click.option("--gene-split", type=FILE, metavar="T", help="gene_id, split: genes seen or unseen."),
        click.option(
            "--model", "models", type=FILE, multiple=True, metavar="M",
            help="ONNX; repeatable.",
        ),
        click.option(
            "--effects", type=NAMED_FILE, multiple=True, metavar="[NAME=]T",
            help="Variant effects on genes, beside models or in place of them; repeatable.",
        ),
        click.option(
            "--card", "cards", type=FILE, multiple=True, metavar="C",
            help="Model card (JSON), one per model.",
        ),
        click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:i]"),
        click.option("--window", "length", type=Whole(1), help="Bases to read, if no model or card says."),
        click.option("--batch-size", type=Whole(1), help="Sequences per run; measured by default."),
        click.option("--tiles/--no-tiles", default=True, show_default=True, help="Each piece of sequence once."),
        _MAX_MEM,
    )  # fmt: skip
    return decorate(function)


def policy_options(function: F) -> F:
    """What to do with unusual records (see `gxfast.HaplotypePolicy`)."""
    choices = {
        "variants": (["all", "snv"], "all", "Records to use."),
        "unphased": (["error", "as_phased", "ref", "iupac"], "error", "Heterozygous calls without phase."),
        "missing": (["ref", "N"], "ref", "Missing alleles."),
        "overlap": (["first", "error"], "first", "Records that overlap on one haplotype."),
        "ref-mismatch": (["error", "skip"], "error", "REF that differs from the FASTA."),
        "masked-ref": (["use", "skip"], "use", "N or an IUPAC code in the FASTA where REF has a base."),
        "symbolic": (["skip", "error"], "skip", "Symbolic alleles and break-ends."),
        "filter": (["all", "pass"], "all", "Use records whatever their FILTER, or PASS only."),
    }
    options: list[Any] = [
        click.option(f"--{name}", type=OneOf(values), default=default, show_default=True, help=text)
        for name, (values, default, text) in choices.items()
    ]
    options += [
        click.option(
            "--phase", default="error", show_default=True, metavar="error|as_one|per_set|sample:K",
            help="Heterozygous calls of one person in several phase sets; sample:K draws K phasings.",
        ),
        _SEED,
    ]  # fmt: skip
    decorate: Callable[[F], F] = stacked(*options)
    return decorate(function)


evaluate_options = stacked(
    transform_option,
    click.option(
        "--residualise", default="expression", show_default=True, type=OneOf(["expression", "both"]),
        help="Regress covariates out of expression, or of predictions too.",
    ),
)  # fmt: skip


finemapped_option = click.option(
    "--finemapped", type=FILE, metavar="T", help="Table of fine-mapping with gene and PIP: directions at its SNVs too."
)
driver_options = stacked(
    click.option(
        "--driver-rule", default="published", show_default=True,
        type=OneOf(["published", "accepted", "backward"]), help="How driver SNVs are selected.",
    ),
    click.option(
        "--motif-reach", default=0, show_default=True, type=Whole(0),
        help="Motif sizes by the largest effect so near to the TSS (1000: as published); 0: near the driver.",
    ),
    finemapped_option,
)  # fmt: skip
signal_options = stacked(
    click.option("--independent", is_flag=True, help="eQTLs: conditionally independent ones too (independent.tsv)."),
    click.option("--susie", is_flag=True, help="eQTLs: fine-mapping, PIPs and credible sets (susie.tsv)."),
)
# Baselines, eQTLs and drivers as steps of a run.
step_options = stacked(
    click.option(
        "--cis-window", default=1_000_000, show_default=True, type=Whole(1),
        help="Baselines, eQTLs: bases around the TSS.",
    ),
    _MIN_MAF,
    click.option("--permutations", default=1000, show_default=True, type=Whole(0), help="eQTLs: per gene."),
    signal_options,
    driver_options,
)  # fmt: skip


def run_options(options: dict[str, Any]) -> Any:
    """Build the `RunOptions` from parsed options; commands without some of them get the defaults."""
    from ..workflow.options import DriverOptions, EvaluateOptions, MappingOptions, RunOptions, TrainingOptions

    linear = {new: options[old] for old, new in _LINEAR.items() if old in options}
    counts = {name: options[name] for name in ("permutations", "independent", "susie") if name in options}
    return RunOptions(
        evaluation=EvaluateOptions(options["transform"], options["residualise"]),
        baseline=TrainingOptions(**linear),
        eqtl=MappingOptions(**linear, **counts),
        drivers=DriverOptions(options.get("driver_rule", "published"), motif_reach=options.get("motif_reach", 0)),
        finemapped=options.get("finemapped"),
        report_genes=tuple(options.get("report_genes", ())),
        predictdb=options.get("predictdb", False),
        with_right=options.get("i_have_the_right", False),
    )


# Options of baselines and eQTLs, and what they are called there.
_LINEAR = {"cis_window": "window", "min_maf": "min_maf", "seed": "seed"}


common_options = stacked(
    click.option("--threads", default=0, show_default="all", type=Whole(0), help="Threads."),
    click.option("-v", "--verbose", count=True, help="Say more on stderr."),
    click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong."),
    click.option("--json", "as_json", is_flag=True, help="Machine-readable summary on stdout."),
)


def linear_options(*, expression_required: bool) -> Callable[[F], F]:
    """Genotypes, expression and covariates of the same people, for linear models."""
    return stacked(
        config_option,
        click.option(
            "--vcf", type=FILE, multiple=True, required=True, metavar="V",
            help="VCF.gz or BCF with index, PGEN or VCF Zarr; repeatable, or a pattern with {chrom}.",
        ),
        click.option(
            "--expression", type=FILE, required=expression_required, metavar="E",
            help="Expression BED or table.",
        ),
        covariate_options,
        transform_option,
        click.option("--genes", type=FILE, metavar="G", help="TSS of the genes, where the expression is no BED."),
        click.option(
            "-r", "--regions", type=File(or_text=True), metavar="R",
            help="Genes with their TSS in chr:beg-end[,...] only.",
        ),
        contigs_option,
        people_options,
        click.option(
            "--window", default=1_000_000, show_default=True, type=Whole(1), help="Bases around the TSS."
        ),
        click.option(
            "--dosage", default="GT", show_default=True, type=OneOf(["GT", "DS", "GP"]),
            help="Field to read dosages from: calls, or what was imputed.",
        ),
        _MIN_MAF,
        _SEED,
        _MAX_MEM,
    )  # fmt: skip


def set_verbosity(verbose: int, quiet: bool) -> None:
    """Set the level of the ``gxfast`` logger."""
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.getLogger("gxfast").setLevel(level)


def policy_from(options: dict[str, Any]) -> Any:
    """Build the `HaplotypePolicy` from parsed options."""
    from ..personal.policy import HaplotypePolicy

    names = HaplotypePolicy.__dataclass_fields__
    return HaplotypePolicy(**{name: options[name] for name in names if name in options})


def n_covariates(options: dict[str, Any]) -> int | None:
    """Return how many covariates are used; refuse a number of nothing."""
    n: int | None = options.get("n_covariates")
    if n is not None and not options.get("covariates"):
        raise InputError("--n-covariates without --covariates", remedy="name the table with --covariates")
    return n


def input_paths(options: dict[str, Any]) -> Any:
    """Build the `InputPaths` from parsed options."""
    from ..workflow.options import InputPaths

    samples: list[str] = []
    if options.get("samples") is not None:
        samples = _listed("--samples", options["samples"], "name people as A,B or ^A,B")
    if options.get("samples_file") is not None:
        if samples:
            raise InputError("people are chosen twice", remedy="use either --samples or --samples-file")
        samples = _sample_lines(options["samples_file"])
    return InputPaths(
        fasta=options["fasta"],
        vcf=tuple(options["vcf"]),
        models=tuple(options.get("models", ())),
        cards=tuple(options.get("cards", ())),
        genes=options.get("genes"),
        expression=options.get("expression"),
        covariates=options.get("covariates"),
        n_covariates=n_covariates(options),
        samples=tuple(samples),
        regions=_regions(options.get("regions")),
        device=options.get("device", "auto"),
        batch_size=options.get("batch_size"),
        max_mem=parse_size(options.get("max_mem")),
        length=options.get("length"),
        sites=options.get("sites"),
        contigs=options.get("contigs"),
        exons=options.get("exons"),
        tiles=options.get("tiles", True),
        effects=tuple(options.get("effects", ())),
        populations=options.get("populations"),
        gene_split=options.get("gene_split"),
    )


def _regions(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(_listed("--regions", text, "write regions as chr:beg-end"))


def _listed(option: str, text: str, remedy: str) -> list[str]:
    """Split at commas. An empty list (an unset shell variable) must not come to mean everything."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError(f"{option} lists nothing", remedy=f"{remedy}, or leave the option out")
    return parts


def _sample_lines(path: str) -> list[str]:
    from ..io.tables.text import read_lines

    lines = read_lines(Path(path.removeprefix("^")), "list of samples", streams=True)
    names = [line.strip() for _, line in lines if line.strip()]
    if not names:
        raise InputError("the file names no sample", path=path, remedy="write one sample a line, or leave -S out")
    (often, n), *_ = Counter(names).most_common(1)
    if n > 1:
        raise InputError(f"the sample is there {n} times", path=path, record=often, remedy="name each sample once")
    return [("^" + names[0]) if path.startswith("^") else names[0], *names[1:]]
