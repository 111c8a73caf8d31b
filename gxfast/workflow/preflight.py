"""``gxfast check``: look at all inputs together before time is spent, and say how to mend what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GxfastError, InputError
from ..io.contigs import ContigNames
from ..models.people import TSS_OUTSIDE, gene_statuses, model_windows
from ..personal.phase import refuse_several_sets
from ..personal.presence import people_on
from ..personal.records import PreparedRecords, prepare_records
from ..types import GeneTable
from .inputs import Inputs
from .naming import TURNED

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["Finding", "preflight", "require_ok"]

# Windows whose records are looked at closely; spread evenly over the genes.
_PROBED_GENES = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked.

    Attributes
    ----------
    level : {"ok", "note", "warning", "error"}
    what : str
        Short name of the check.
    message : str
    remedy : str
    """

    level: str
    what: str
    message: str
    remedy: str = ""


def preflight(inputs: Inputs) -> list[Finding]:
    """Check naming, REF, phase, samples, ploidy, windows and models against each other.

    Returns
    -------
    list of Finding
        In the order of the checks; nothing is raised for bad input.
    """
    findings = [*_contigs(inputs), *_strands(inputs), *_samples(inputs), *_covariates(inputs)]
    for model in inputs.models:
        findings += _model(model, inputs)
    if not any(f.level == "error" and f.what == "contigs" for f in findings):
        outside = _outside(inputs)
        findings += outside
        if not any(f.level == "error" for f in outside):
            findings += _records(inputs)
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
    table = f"printf '{theirs}\\t{ours}\\n' > names.tsv, and give --contigs names.tsv"
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
    return [Finding("warning", "genes", message, "name the genes with --genes (BED6, TSV or GTF)")]


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
    """A table that was turned, and values that somebody lacks."""
    table = inputs.covariates
    if table is None:
        return []
    found = [Finding("note", "samples", f"{table.source}: {TURNED}")] if table.transposed else []
    people = set(inputs.genotypes.samples)
    mine = [i for i, name in enumerate(table.samples) if name in people]
    bad = np.argwhere(~np.isfinite(table.values[:, mine]))
    if bad.size:
        k, i = bad[0].tolist()
        message = f"{table.source}: covariate {table.name[k]!r} has no finite value for {table.samples[mine[i]]}"
        found.append(Finding("error", "samples", message, "leave the person or the covariate out"))
    return found


def _samples(inputs: Inputs) -> list[Finding]:
    chosen, everybody = len(inputs.genotypes.samples), len(inputs.genotypes.all_samples)
    message = f"{chosen} people used of {everybody} in the VCF"
    if inputs.expression is None:
        return [Finding("ok", "samples", message)]
    message += f"; {len(inputs.expression.samples)} have expression"
    if inputs.covariates is not None:
        lacking = set(inputs.genotypes.samples) - set(inputs.covariates.samples)
        if len(lacking) == chosen:
            return [
                Finding(
                    "error",
                    "samples",
                    f"{inputs.covariates.source}: nobody has covariates",
                    "use the sample names of the VCF in the covariates",
                )
            ]
        if lacking:
            return [Finding("warning", "samples", f"{message}; {len(lacking)} lack covariates and are left out")]
    if chosen < 3:
        return [Finding("error", "samples", f"{message}: a correlation needs three", "add people")]
    return [Finding("ok", "samples", message)]


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
                "write a card (gxfast model inspect shows a draft) and pass it with --card",
            )
        )
    try:
        values = model.predict(np.full((2, card.read_length), ord("N"), np.uint8))
    except GxfastError as error:
        return [*findings, Finding("error", "model", str(error).split("\n")[0], error.remedy or "")]
    if not np.isfinite(values).all():
        findings.append(
            Finding("warning", "model", f"{model.path}: a window of N gives {values[0, 0]}", "check the model")
        )
    windows = model_windows(card, inputs.genes)
    beyond = sum(
        int(start) < 0 or int(start) + windows.length > inputs.genome.contigs.get(chrom, 2**62)
        for chrom, start in zip(windows.chrom, windows.start, strict=True)
    )
    if beyond:
        findings.append(Finding("warning", "windows", f"{card.name}: {beyond} windows pass a contig end (N-padded)"))
    device = f"{card.name}: {card.length} bases, {len(model.tracks)} track(s), on {model.device}"
    return [*findings, Finding("ok", "model", device)]


def _probe(genes: GeneTable) -> list[int]:
    step = max(1, len(genes) // _PROBED_GENES)
    return list(range(0, len(genes), step))[:_PROBED_GENES]


def _records(inputs: Inputs) -> list[Finding]:
    """REF, phase, ploidy and odd alleles in a sample of windows, under the policies of this run."""
    counts: Counter[str] = Counter()
    probed, several = 0, 0
    first: InputError | None = None
    for g in _probe(inputs.genes):
        chrom = inputs.genes.chrom[g]
        unknown = chrom not in inputs.genome.contigs or chrom not in inputs.genotypes.contigs
        if unknown or inputs.genotypes.absent(chrom).all():
            continue
        try:
            records = _window_records(inputs, g)
        except InputError as error:
            return [Finding("error", "records", str(error).split("\n")[0], error.remedy or "")]
        counts.update(records.counts)
        probed += 1
        if records.phase is None or not records.phase.ambiguous().size:
            continue
        several += 1
        counts["between_phase_sets"] += len(records.phase.ambiguous())
        first = first or _refusal_of_sets(inputs, records, chrom)
    return [*_found(counts, probed), *_phase(inputs, several, probed, first)]


def _window_records(inputs: Inputs, g: int) -> PreparedRecords:
    """The records of what the models read of a gene, or of 10,000 bases where there is no model."""
    chrom, tss = inputs.genes.chrom[g], int(inputs.genes.tss[g])
    # Without --genes there are no strands: what either would read.
    strands = inputs.genes.strand[g].replace(".", "+-")
    cards = [model.card for model in inputs.models]
    read = [(card.window(tss, strand)[0], card.read_length) for card in cards for strand in strands]
    low = min((start for start, _ in read), default=tss - 5_000)
    high = max((start + length for start, length in read), default=tss + 5_000)
    people, _ = people_on(inputs.genotypes, chrom)
    genotypes, reference = people.region(chrom, low, high), inputs.genome.fetch_array(chrom, low, high)
    return prepare_records(genotypes, reference, low, inputs.policy, contig_end=inputs.genome.contigs[chrom])


def _refusal_of_sets(inputs: Inputs, records: PreparedRecords, chrom: str) -> InputError | None:
    """What a run would say of the first person with several phase sets."""
    calls = records.phase
    if calls is None:
        return None
    people, _ = people_on(inputs.genotypes, chrom)
    try:
        refuse_several_sets(calls, people.samples, records.source, chrom, records.describe)
    except InputError as error:
        return error
    return None


def _phase(inputs: Inputs, several: int, probed: int, first: InputError | None) -> list[Finding]:
    """The share of windows in which a person is heterozygous in several phase sets."""
    if first is None:
        return []
    share = f"{several} of {probed} windows ({100 * several / probed:.0f} %)"
    message = f"{share} hold heterozygous calls of one person in several phase sets"
    if inputs.policy.phase == "error":
        return [Finding("error", "phase", f"{message}, first {str(first).splitlines()[0]}", first.remedy or "")]
    return [Finding("warning", "phase", f"{message}; joined by --phase {inputs.policy.phase}")]


def _found(counts: Counter[str], probed: int) -> list[Finding]:
    findings = [
        Finding("ok", "records", f"{counts['records']} records in {probed} windows; REF agrees, phase as allowed")
    ]
    if not counts["records"]:
        findings = [Finding("warning", "records", f"no variant in any of {probed} windows", "is this the right VCF?")]
    odd = {k: v for k, v in sorted(counts.items()) if v and k != "records"}
    if odd:
        listed = ", ".join(f"{key} {value}" for key, value in odd.items())
        findings.append(Finding("warning", "records", f"counted and handled by policy: {listed}"))
    return findings
