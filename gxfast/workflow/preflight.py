"""``gxfast check``: look at all inputs together before time is spent, and say how to mend what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..encode.one_hot import reverse_complement_in_place
from ..errors import GxfastError, InputError
from ..evaluation.alignment import match_genes, shared_people
from ..evaluation.cells import FEWEST_PEOPLE, population_groups
from ..evaluation.cohort import covariate_design
from ..io.contigs import ContigNames
from ..models.gene_bins import predict_whole
from ..models.gene_windows import NO_EXON_INSIDE, NO_EXONS, TSS_OUTSIDE, GeneBins, gene_statuses, model_windows
from ..personal.policy import HaplotypePolicy
from .findings import Finding, error_finding
from .inputs import Inputs, Problems, open_inputs
from .naming import TURNED
from .options import InputPaths
from .record_checks import probed_genes, record_findings

if TYPE_CHECKING:
    from ..models.card import ModelCard
    from ..models.session import Model

__all__ = ["Finding", "check_files", "preflight", "require_ok"]

# Genes whose reference is predicted where the first one's gives no number.
_PREDICTED_GENES: Final = 8


def check_files(
    paths: InputPaths, policy: HaplotypePolicy, *, finemapped: str | None = None, strands: bool = True
) -> list[Finding]:
    """Open what can be opened, and check it against each other: one finding for each file that cannot be.

    Returns
    -------
    list of Finding
        Nothing is raised for bad input.
    """
    problems: Problems = []
    inputs = open_inputs(paths, policy, finemapped=finemapped, strands=strands, problems=problems)
    return [*(error_finding(what, error) for what, error in problems), *preflight(inputs)]


def preflight(inputs: Inputs) -> list[Finding]:
    """Check naming, REF, phase, samples, ploidy, windows and models against each other.

    Parameters
    ----------
    inputs : Inputs
        What is None there is left out of the checks.

    Returns
    -------
    list of Finding
        In the order of the checks; nothing is raised for bad input.
    """
    findings = []
    for check, needs in _CHECKS:
        if all(getattr(inputs, name) is not None for name in needs):
            findings += check(inputs)
    return findings


def require_ok(findings: Sequence[Finding]) -> None:
    """Raise the first error among the findings.

    Raises
    ------
    InputError
    """
    errors = [f for f in findings if f.level == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more: see gxfast check)" if len(errors) > 1 else ""
        raise InputError(f"{errors[0].message}{more}", remedy=errors[0].remedy or None)


def _contigs(inputs: Inputs) -> list[Finding]:
    """Contigs of the genes must be in the FASTA and the VCF, by a name that is certain."""
    wanted = list(dict.fromkeys(inputs.genes.chrom))
    findings = [Finding("note", "contigs", one.text) for one in inputs.renamed]
    absent = {
        "FASTA": [name for name in wanted if name not in inputs.genome.contigs],
        "VCF": [name for name in wanted if name not in inputs.genotypes.contigs],
    }
    for what, names in absent.items():
        if names:
            findings.append(_absent(inputs, what, names, all_of_them=len(names) == len(wanted)))
    findings += _lengths(inputs, wanted)
    if any(absent.values()):
        return findings
    return [*findings, Finding("ok", "contigs", f"{len(wanted)} of {len(wanted)} in the FASTA and the VCF")]


def _absent(inputs: Inputs, what: str, absent: list[str], *, all_of_them: bool) -> Finding:
    """Contigs that a file lacks: an error where nothing is left, else their genes are left out and listed."""
    level = "error" if all_of_them else "warning"
    paths = {"FASTA": inputs.genome.path, "VCF": inputs.genotypes.paths[0]}
    contigs = tuple(inputs.genome.contigs) if what == "FASTA" else inputs.genotypes.contigs
    alike = ((theirs, ours) for ours in absent if (theirs := _alike(ours, contigs)))
    theirs, ours = next(alike, ("", ""))
    if not theirs:
        message = f"{paths[what]}: contigs of the genes are not in the {what}: {', '.join(absent[:3])} (it has " + (
            f"{', '.join(contigs[:3])}, ...)"
        )
        return Finding(level, "contigs", message, f"give a {what} that has {', '.join(absent[:3])}")
    unsure = ours if what == "FASTA" else theirs
    why = inputs.names.why_not(unsure, inputs.genotypes.length_of(unsure))
    message = f"{paths[what]}: the {what} names it {theirs!r}, the genes {ours!r}; not certain to be one: {why}"
    return Finding(level, "contigs", message, _rename(what, theirs, ours, str(paths[what])))


def _lengths(inputs: Inputs, wanted: Sequence[str]) -> list[Finding]:
    """Contigs that are longer or shorter by the header of the VCF than in the FASTA."""
    for name in wanted:
        theirs, ours = inputs.genotypes.length_of(name), inputs.genome.contigs.get(name)
        if None not in (theirs, ours) and theirs != ours:
            message = f"{name} has {theirs} bases by the VCF's header, {ours} in {inputs.genome.path}"
            return [Finding("warning", "contigs", message, "use the FASTA of the assembly the VCF was called on")]
    return []


def _alike(name: str, contigs: Sequence[str]) -> str | None:
    return ContigNames(dict.fromkeys(contigs)).like(name)


def _rename(what: str, theirs: str, ours: str, path: str) -> str:
    """How two names are made one, by somebody who knows that they are."""
    table = f"printf '{theirs}\\t{ours}\\n' > names.tsv, and give `contigs=\"names.tsv\"`"
    if what == "FASTA":
        return f"if they are one: {table}"
    return (
        f"if they are one: {table}; or printf '{theirs} {ours}\\n' > map.txt; bcftools annotate --rename-chrs map.txt "
        f"-Oz --write-index=tbi -o renamed.vcf.gz {path}"
    )


def _strands(inputs: Inputs) -> list[Finding]:
    """Genes of which it is not known which way they read."""
    n = inputs.genes.strand.count(".")
    if not n:
        return []
    message = f"{n} of {len(inputs.genes)} genes have no strand: they can be looked at and mapped, not predicted"
    return [Finding("warning", "genes", message, "name the genes with `genes=` (BED6, TSV or GTF)")]


def _outside(inputs: Inputs) -> list[Finding]:
    """TSSs past the end of their contig: an error where it is all of them, else the genes are left out and listed."""
    status = gene_statuses(inputs.genes, inputs.genome)
    bad = [g for g, why in enumerate(status) if why == TSS_OUTSIDE]
    if not bad:
        return []
    gene, chrom, tss = inputs.genes.gene_id[bad[0]], inputs.genes.chrom[bad[0]], int(inputs.genes.tss[bad[0]])
    size = inputs.genome.contigs[chrom]
    message = f"gene {gene}: TSS {tss + 1} lies outside {chrom} ({size} bases in {inputs.genome.path})"
    if len(bad) > 1:
        message += f"; {len(bad)} genes do"
    level = "error" if len(bad) == len(status) else "warning"
    return [Finding(level, "genes", message, "use gene positions of the FASTA's assembly")]


def _covariates(inputs: Inputs) -> list[Finding]:
    """A table that was turned."""
    table = inputs.covariates
    if table is None or not table.transposed:
        return []
    return [Finding("note", "samples", f"{table.source}: {TURNED}")]


def _samples(inputs: Inputs) -> list[Finding]:
    chosen, everybody = len(inputs.genotypes.samples), len(inputs.genotypes.all_samples)
    message = f"{chosen} people used of {everybody} in the VCF"
    if inputs.expression is None:
        return [Finding("ok", "samples", message)]
    message += f"; {len(inputs.expression.samples)} have expression"
    if chosen < 3:
        message = f"{inputs.expression.source}: {message}: a correlation needs three"
        return [Finding("error", "samples", message, "add people")]
    lacking = set(inputs.genotypes.samples) - set(inputs.covariates.samples) if inputs.covariates else set()
    if lacking and len(lacking) < chosen:
        return [Finding("warning", "samples", f"{message}; {len(lacking)} lack covariates and are left out")]
    unused = set(inputs.genotypes.all_samples) - set(inputs.expression.samples)
    return [Finding("note" if unused else "ok", "samples", message)]


def _evaluation(inputs: Inputs) -> list[Finding]:
    """What an evaluation would refuse: people, genes and covariates that do not go together."""
    expression, covariates = inputs.expression, inputs.covariates
    if expression is None:
        return []
    tables = [
        ("the VCF", inputs.genotypes.samples, ""), ("expression", expression.samples, expression.source)
    ]  # fmt: skip
    findings = []
    if covariates is not None:
        tables.append(("covariates", covariates.samples, covariates.source))
        try:
            covariate_design(covariates, shared_people(tables)[2])
        except InputError as error:
            findings.append(error_finding("samples", error))
    if inputs.genes is not None:
        try:
            match_genes(inputs.genes.gene_id, expression.gene_id, source=expression.source)
        except InputError as error:
            findings.append(error_finding("genes", error))
    return findings


def _models(inputs: Inputs) -> list[Finding]:
    return [finding for model in inputs.models for finding in _model(model, inputs)]


def _effects(inputs: Inputs) -> list[Finding]:
    """Tables of effects: how many of the genes they are of, and what became of their alleles."""
    findings = []
    for one in inputs.effects:
        known = sum(map(one.knows, inputs.genes.gene_id))
        turned = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in (one.turned or {}).items() if n)
        message = f"{one.name}: {len(one.table)} effects, on {known} of {len(inputs.genes)} genes"
        message += f"; {turned}" if turned else ""
        if known:
            findings.append(Finding("ok", "effects", message))
            continue
        message = f"{one.path}: {message}: {next(iter(one.rows))}, ... beside {inputs.genes.gene_id[0]}, ..."
        findings.append(Finding("error", "effects", message, "use one kind of gene ids"))
    return findings


def _populations(inputs: Inputs) -> list[Finding]:
    """People whose population is not known, and populations too small to correlate within."""
    if inputs.populations is None:
        return []
    groups, left = population_groups(inputs.genotypes.samples, inputs.populations)
    told = "; left out: " + ", ".join(f"{name} ({n})" for name, n in left.items()) if left else ""
    message = f"populations of {FEWEST_PEOPLE} people or more: {len(groups.names)}{told}"
    if groups.names or inputs.expression is None:
        return [Finding("ok" if groups.names else "warning", "samples", message, "")]
    message = f"`populations=`: no population has {FEWEST_PEOPLE} people or more{told}"
    return [Finding("error", "samples", message, "leave `populations=` out, or put small ones together")]


def _model(model: Model, inputs: Inputs) -> list[Finding]:
    findings = []
    card = model.card
    if card.origin == "default":
        findings.append(
            Finding(
                "warning",
                "model",
                f"{model.path}: no card; assumed layout {card.layout}, {card.length} bases, TSS at index "
                f"{card.tss_index['+']}, minus strand reverse-complemented, unknown base {card.unknown:g}",
                "write a card (gxfast model inspect shows a draft) and pass it with `card=`",
            )
        )
    try:
        findings += _values(model, inputs)
    except GxfastError as error:
        return [*findings, error_finding("model", error)]
    if _located(inputs):
        windows = model_windows(card, inputs.genes)
        beyond = sum(
            int(start) < 0 or int(start) + windows.length > inputs.genome.contigs.get(chrom, 2**62)
            for chrom, start in zip(windows.chrom, windows.start, strict=True)
        )
        if beyond:
            findings.append(
                Finding("warning", "windows", f"{card.name}: {beyond} windows pass a contig end (N-padded)")
            )
    findings += _exons(model, inputs)
    device = f"{card.name}: {card.length} bases, {len(model.tracks)} track(s), on {model.device}"
    return [*findings, Finding("ok", "model", device)]


def _exons(model: Model, inputs: Inputs) -> list[Finding]:
    """Genes whose exons are not there, or not all of them, where a model reads those out."""
    mask = model.card.gene_mask
    if mask is None or inputs.exons is None or not _located(inputs):
        return []
    status = gene_statuses(inputs.genes, inputs.genome)
    counts = GeneBins.of(model, inputs.genes, inputs.exons).settle(status)  # type: ignore[union-attr]  # it has a mask
    n, what, findings = len(status), f"{model.card.name}: it reads out the {mask.over} of each gene", []
    for why in (NO_EXONS, NO_EXON_INSIDE):
        if found := status.count(why):
            level, remedy = "error" if found == n else "warning", "give the GTF of the genes' assembly with `exons=`"
            g, genes, exons = status.index(why), inputs.genes, inputs.exons
            example = (
                f"; the first is {genes.gene_id[g]} on {genes.chrom[g]} {genes.strand[g]}, "
                f"the first of the GTF {exons.gene_id[0]} on {exons.chrom[0]} {exons.strand[0]}"
            )
            findings.append(Finding(level, "exons", f"{what}: {found} of {n} have {why}{example}", remedy))
    if partly := counts["genes_partly_outside_bins"]:
        message = f"{what}: {partly} of {n} have some of it outside the bins that the model gives; the rest is read out"
        findings.append(Finding("warning", "exons", message))
    return findings or [Finding("ok", "exons", f"{what}, {n} of {n}")]


def _values(model: Model, inputs: Inputs) -> list[Finding]:
    """Predict a window of N and, where there is one, the reference of a gene; where that is no number, of more."""
    references = _references(model.card, inputs)
    first = list(islice(references, 1))
    unknown = np.full(model.card.read_length, ord("N"), np.uint8)
    values = predict_whole(model, np.stack([unknown, *(letters for _, letters in first)]))
    findings = []
    if not np.isfinite(values[0]).all():
        findings = [Finding("warning", "model", f"{model.path}: a window of N gives {values[0, 0]}", "check the model")]
    if np.isfinite(values[1:]).all():
        return findings
    message = f"{model.path}: gene {first[0][0]}: the model returned {values[1][~np.isfinite(values[1])][0]}"
    others = [letters for _, letters in islice(references, _PREDICTED_GENES)]
    if others and np.isfinite(predict_whole(model, np.stack(others))).all(axis=1).any():
        message += " for the reference; such genes are listed"
        return [*findings, Finding("warning", "model", message, "check the model")]
    message += f" for the reference, and no number for {len(others)} others"
    return [*findings, Finding("error", "model", message, "mend the model: outputs must be finite")]


def _located(inputs: Inputs) -> bool:
    """Whether both genes and genome could be opened."""
    return all(getattr(inputs, name) is not None for name in ("genes", "genome"))


def _references(card: ModelCard, inputs: Inputs) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Genes and what a model reads of the reference for them."""
    if not _located(inputs):
        return
    windows = model_windows(card, inputs.genes)
    for g in probed_genes(inputs.genes):
        start, chrom = int(windows.start[g]), windows.chrom[g]
        try:
            letters = inputs.genome.fetch_array(chrom, start, start + windows.length)
        except InputError:  # what is the matter with the FASTA is said elsewhere
            continue
        if windows.reverse[g]:
            reverse_complement_in_place(letters[np.newaxis], 1)
        yield inputs.genes.gene_id[g], letters


# What is checked, and what of the inputs that needs; a part that could not be opened has a finding of its own.
_CHECKS: Final = (
    (_contigs, ("genes", "genome", "genotypes", "names")),
    (_strands, ("genes",)),
    (_samples, ("genotypes",)),
    (_covariates, ()),
    (_evaluation, ("genotypes",)),
    (_models, ()),
    (_effects, ("genes",)),
    (_populations, ("genotypes",)),
    (_outside, ("genes", "genome")),
    (record_findings, ("genes", "genome", "genotypes")),
)
