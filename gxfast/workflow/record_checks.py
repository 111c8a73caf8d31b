"""The records of some windows, looked at closely before a run: all that would be refused, by kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..errors import InputError
from ..personal.phase import refuse_several_sets
from ..personal.policy import HaplotypePolicy, overlap_error, refuse_other_assembly
from ..personal.presence import people_on
from ..personal.records import PreparedRecords, prepare_records
from ..personal.reference import n_iupac
from ..personal.refusals import Held
from ..types import GeneTable
from .findings import Finding
from .inputs import Inputs

__all__ = ["probed_genes", "record_findings"]

# Windows whose records are looked at closely; spread evenly over the genes.
_PROBED_GENES: Final = 40
# A core that no record touches: everything that is refused is held back, and none of it raised.
_NOWHERE: Final = (-2, -2)


def probed_genes(genes: GeneTable) -> list[int]:
    """Return the rows of the genes that are looked at closely."""
    step = max(1, len(genes) // _PROBED_GENES)
    return list(range(0, len(genes), step))[:_PROBED_GENES]


def record_findings(inputs: Inputs) -> list[Finding]:
    """REF, phase, ploidy and odd alleles in a sample of windows, under the policies of this run."""
    counts: Counter[str] = Counter()
    probed, several, problems = 0, 0, _Kinds()
    first: InputError | None = None
    told: list[Finding] = []
    for g in probed_genes(inputs.genes):
        chrom = inputs.genes.chrom[g]
        unknown = chrom not in inputs.genome.contigs or chrom not in inputs.genotypes.contigs
        if unknown or inputs.genes.tss[g] >= inputs.genome.contigs[chrom] or inputs.genotypes.absent(chrom).all():
            continue
        try:
            records = _window_records(inputs, g, inputs.policy)
        except InputError as error:
            problems.add(error)
            continue
        for held in records.held:
            problems.add(held.error)
        skipped = records.n_overlapping
        if records.counts["ref_mismatch"] and not counts["ref_mismatch"] and inputs.policy.ref_mismatch == "skip":
            told.append(_skipped_mismatch(inputs, g, records.held))
        counts.update(records.counts, overlap_skipped=skipped)
        if skipped and inputs.policy.overlap == "error":
            problems.add(overlap_error(skipped, records.source, f"{chrom}, gene {inputs.genes.gene_id[g]}"))
        probed += 1
        if records.phase is None or not records.phase.ambiguous().size:
            continue
        several += 1
        counts["between_phase_sets"] += len(records.phase.ambiguous())
        first = first or _refusal_of_sets(inputs, records, chrom)
    try:
        refuse_other_assembly(counts["records"], counts["ref_mismatch"], str(inputs.genotypes.paths[0]), "all windows")
    except InputError as error:
        problems.add(error)
    return [*problems.findings(), *told, *_found(counts, probed, problems), *_phase(inputs, several, probed, first)]


class _Kinds:
    """Refusals by kind: what is mended in one way is one finding, with the first record and the number of others."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None], dict[str | None, InputError]] = {}

    def add(self, error: InputError) -> None:
        """Count a refusal; the same record is counted once."""
        kind = re.sub(r"\d+|'[^']*'|sample \S+", "", error.message), error.remedy
        self._found.setdefault(kind, {}).setdefault(error.record, error)

    def __bool__(self) -> bool:
        return bool(self._found)

    def findings(self) -> list[Finding]:
        found = []
        for (_, remedy), errors in self._found.items():
            message = str(next(iter(errors.values()))).split("\n")[0]
            more = f" (and {len(errors) - 1} more records)" if len(errors) > 1 else ""
            found.append(Finding("error", "records", message + more, remedy or ""))
        return found


def _window_records(inputs: Inputs, g: int, policy: HaplotypePolicy) -> PreparedRecords:
    """The records of what the models read of a gene, or of 10,000 bases where there is no model; refusals are held."""
    chrom, tss = inputs.genes.chrom[g], int(inputs.genes.tss[g])
    # Without --genes there are no strands: what either would read.
    strands = inputs.genes.strand[g].replace(".", "+-")
    cards = [model.card for model in inputs.models]
    read = [(card.window(tss, strand)[0], card.read_length) for card in cards for strand in strands]
    low = min((start for start, _ in read), default=tss - 5_000)
    high = max((start + length for start, length in read), default=tss + 5_000)
    people, _ = people_on(inputs.genotypes, chrom)
    genotypes, reference = people.region(chrom, low, high), inputs.genome.fetch_array(chrom, low, high)
    end = inputs.genome.contigs[chrom]
    records = prepare_records(genotypes, reference, low, policy, core=_NOWHERE, contig_end=end)
    records.counts["iupac_reference"] = n_iupac(reference)
    return records


def _skipped_mismatch(inputs: Inputs, g: int, others: Sequence[Held]) -> Finding:
    """Name the first record that is left out because its REF differs: what is refused beside the ``others``."""
    known = {str(held.error) for held in others}
    strict = _window_records(inputs, g, replace(inputs.policy, ref_mismatch="error")).held
    first = next(text for held in strict if (text := str(held.error)) not in known)
    return Finding("warning", "records", f"left out: {first.splitlines()[0]}")


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
    joined = f'`policy=gx.HaplotypePolicy(phase="{inputs.policy.phase}")`'
    return [Finding("warning", "phase", f"{message}; joined by {joined}")]


def _found(counts: Counter[str], probed: int, problems: _Kinds) -> list[Finding]:
    findings = []
    if not problems:
        message = f"{counts['records']} records in {probed} windows; REF agrees, phase as allowed"
        findings = [Finding("ok", "records", message)]
        if not counts["records"]:
            message = f"no variant in any of {probed} windows"
            findings = [Finding("warning", "records", message, "is this the right VCF?")]
    odd = {k: v for k, v in sorted(counts.items()) if v and k != "records"}
    if odd:
        listed = ", ".join(f"{key} {value}" for key, value in odd.items())
        findings.append(Finding("warning", "records", f"counted and handled by policy: {listed}"))
    return findings
