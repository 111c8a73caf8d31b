"""From genotypes as they stand in the file to alleles that can be put into a sequence.

The place for every policy on unusual records and calls: each is decided here, and counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.genotypes import Genotypes
from ..io.symbols import is_deletion, repeat_letters
from ..kernels import backend
from .alleles import Rows, Table, with_alleles
from .checks import UPPER, check_alleles, check_reference, select
from .haploid import HaploidCalls
from .phase import PhaseCalls, refuse_several_sets, turn_sets
from .policy import refuse_other_assembly
from .reference import DIFFERS, KnownLetters, compare_reference
from .refusals import Gate, Held
from .spans import split_spans

if TYPE_CHECKING:
    from .policy import HaplotypePolicy

__all__ = ["PreparedRecords", "prepare_records", "settle_phase"]

Int64Array = NDArray[np.int64]


_IUPAC_PAIR: Final = {"AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M"}

# Kinds of alleles that the policy `symbolic` is about.
_NOT_A_SEQUENCE: Final = ("other_symbols", "breakends", "deletion_symbols")

_IS_BASE = np.zeros(256, bool)
_IS_BASE[[ord(c) for c in "ACGTN"]] = True
_IS_IUPAC = np.zeros(256, bool)
_IS_IUPAC[[ord(c) for c in "RYSWKMBDHV"]] = True


@dataclass(frozen=True, slots=True)
class PreparedRecords:
    """Alleles ready for the kernels.

    Attributes
    ----------
    table : tuple
        position, ref_length, first_allele, allele_offset, bases: the arguments of ``Variants``.
    variants : gxfast._kernels.Variants
        The same for the kernels.
    carried : Rows, 2 S of them
        Alternative alleles that each haplotype carries (person-major).
    haploid : HaploidCalls
        Where people have one haplotype only.
    counts : Counter
        Records and calls per policy.
    source : str
    known : KnownLetters
        What REF says of unknown bases of the FASTA.
    held : tuple of Held
        Refusals of records beyond the core, which count where a haplotype reaches them.
    judged : (int, int)
        Records that touch the core, and those of them whose REF is not in the FASTA.
    phase : PhaseCalls or None
        Heterozygous calls by phase set, where there are several sets.
    """

    table: Table
    variants: Any
    carried: Rows
    haploid: HaploidCalls
    counts: Counter[str]
    source: str
    known: KnownLetters
    held: tuple[Held, ...] = ()
    judged: tuple[int, int] = (0, 0)
    phase: PhaseCalls | None = None

    def __len__(self) -> int:
        return len(self.table[0])

    @property
    def n_overlapping(self) -> int:
        """Alleles that are left out because another one on the same haplotype comes first there."""
        kept: Any = backend().resolve_overlaps(self.variants, *self.carried)
        return len(self.carried.values) - len(Rows(*kept).values)

    def describe(self, row: int) -> str:
        """Return ``pos REF>ALT`` (1-based) of a row of the table, for messages."""
        position, _, first_allele, offset, bases = self.table
        first, last = int(first_allele[row]), int(first_allele[row + 1])
        texts = [bases[offset[i] : offset[i + 1]].tobytes().decode("latin-1")[:20] for i in range(first, last)]
        return f"{position[row] + 1} {texts[0]}>{','.join(texts[1:]) or '.'}"


def prepare_records(
    genotypes: Genotypes,
    reference: NDArray[np.uint8],
    reference_start: int,
    policy: HaplotypePolicy,
    *,
    core: tuple[int, int] | None = None,
    contig_end: int | None = None,
    whole: bool = True,
) -> PreparedRecords:
    """Apply the policies to the genotypes of one region.

    Parameters
    ----------
    genotypes : Genotypes
    reference : uint8 array
        Upper-case bases from ``reference_start`` on.
    reference_start : int
    policy : HaplotypePolicy
    core : (int, int), optional
        The window itself: what is refused beyond it is held back. All of the region by default.
    contig_end : int, optional
        Length of the contig: what reaches past it is refused.
    whole : bool
        False for one block of a region, whose mismatches `refuse_other_assembly` judges together.

    Raises
    ------
    InputError
        Naming file and record, where the policy says so.
    """
    counts: Counter[str] = Counter(records=len(genotypes))
    genotypes = select(genotypes, policy, counts)
    gate = Gate(genotypes, core)
    verdicts = compare_reference(genotypes, UPPER[genotypes.bases], reference, reference_start, contig_end)
    judged = int(gate.inside.sum()), int((verdicts[gate.inside] == DIFFERS).sum())
    # What is no REF at all, or past the contig, is said to be that, not another assembly.
    keep = check_alleles(genotypes, contig_end, gate)
    keep &= check_reference(genotypes, verdicts, reference, reference_start, policy, counts, gate)
    if whole:
        refuse_other_assembly(*judged, genotypes.source, f"{genotypes.chrom}:{genotypes.start + 1}-{genotypes.end}")
    if not keep.all():
        genotypes = genotypes.take(np.flatnonzero(keep), genotypes.start, genotypes.end)
        gate.keep_to(genotypes)
    known = KnownLetters.of(genotypes, UPPER[genotypes.bases], reference, reference_start)
    haploid = HaploidCalls.of(genotypes)
    calls = _resolve_calls(genotypes, policy, counts, gate)
    lengths = np.diff(genotypes.allele_offset)[genotypes.first_allele[:-1]]
    table = (
        genotypes.position, lengths, genotypes.first_allele, genotypes.allele_offset, UPPER[genotypes.bases],
    )  # fmt: skip
    table, calls = _non_sequence_alleles(genotypes, table, calls, policy, counts, gate)
    table, calls = _extra_alleles(genotypes, table, calls, policy, counts)
    table, calls, rows = split_spans(genotypes, table, calls)
    haploid = haploid.take(rows) if len(rows) > len(genotypes) else haploid
    phase = PhaseCalls.of(genotypes, policy, table, calls, rows)
    flat = np.ascontiguousarray(calls.reshape(len(table[0]), calls.shape[1] * 2))
    kernels: Any = backend()
    carried = Rows(*kernels.carried_alleles(flat, table[2]))
    return PreparedRecords(
        table,
        kernels.Variants(*table),
        carried,
        haploid,
        counts,
        genotypes.source,
        known,
        tuple(gate.held),
        judged,
        phase,
    )


def settle_phase(
    records: PreparedRecords, samples: tuple[str, ...], policy: HaplotypePolicy, chrom: str, core: tuple[int, int],
    people: Int64Array | None = None,
) -> Rows:  # fmt: skip
    """Return what each haplotype carries with the phase sets joined; refuse several sets in the core.

    ``people``: only their calls are looked at.
    """
    if records.phase is None:
        return records.carried
    calls = records.phase if people is None else records.phase.take(np.isin(records.phase.person, people))
    if policy.phase == "per_set":
        return turn_sets(records.carried, records.table[2], calls, core)
    inside = calls.within(*core)
    if policy.phase == "error" and inside.ambiguous().size:
        refuse_several_sets(inside, samples, records.source, chrom, records.describe)
    return records.carried


def _resolve_calls(genotypes: Genotypes, policy: HaplotypePolicy, counts: Counter[str], gate: Gate) -> NDArray[np.int8]:
    calls = genotypes.calls
    counts["unphased_heterozygous"] = int(np.count_nonzero(genotypes.unphased))
    if calls.min(initial=0) < 0:
        _count_incomplete(calls, counts)
    if policy.unphased == "error" and not policy.draws_unphased and counts["unphased_heterozygous"]:
        _refuse_unphased(genotypes, gate)
    if policy.unphased == "ref":
        calls = np.where(genotypes.unphased[:, :, np.newaxis], np.int8(0), calls)
    return calls


def _refuse_unphased(genotypes: Genotypes, gate: Gate) -> None:
    records, people = np.nonzero(genotypes.unphased)

    def error_of(i: int) -> InputError:
        return InputError(
            f"heterozygous call without phase in sample {genotypes.samples[people[i]]} "
            f"({len(records)} such calls in this window)",
            path=genotypes.source,
            record=genotypes.describe(int(records[i])),
            remedy="phase the VCF (Eagle, SHAPEIT, Beagle), or choose "
            '`policy=gx.HaplotypePolicy(unphased="as_phased")`, ref or iupac, or draw phasings with '
            '`policy=gx.HaplotypePolicy(phase="sample:10")`',
        )

    gate.refuse(records, error_of, people)


def _count_incomplete(calls: NDArray[np.int8], counts: Counter[str]) -> None:
    missing, haploid = calls == -1, calls[:, :, 1] == -2
    counts["haploid_calls"] = int(haploid.sum())
    counts["missing_calls"] = int((missing[:, :, 0] & (missing[:, :, 1] | haploid)).sum())
    counts["half_calls"] = int(((missing[:, :, 0] ^ missing[:, :, 1]) & ~haploid).sum())


def _non_sequence_alleles(
    genotypes: Genotypes,
    table: Table,
    calls: NDArray[np.int8],
    policy: HaplotypePolicy,
    counts: Counter[str],
    gate: Gate,
) -> tuple[Table, NDArray[np.int8]]:
    """Make ``*``, symbolic and break-end alleles reference, ``<DEL>`` a deletion, and refuse junk."""
    _, _, first_allele, offset, bases = table
    spans = genotypes.allele_spans()
    plain = _IS_BASE[bases]
    odd_letters = np.concatenate([[0], np.cumsum(~plain)])
    odd = np.flatnonzero(odd_letters[offset[1:]] > odd_letters[offset[:-1]])
    if not len(odd):
        return table, calls
    calls = calls.copy()
    record_of = np.searchsorted(first_allele, odd, side="right") - 1
    replaced: dict[int, bytes] = {}
    for allele, v in zip(odd.tolist(), record_of.tolist(), strict=True):
        text = bases[offset[allele] : offset[allele + 1]].tobytes().decode("latin-1")
        number = allele - int(first_allele[v])
        kind = _allele_kind(text)
        counts[kind] += 1
        if kind == "iupac_alleles":
            continue
        anchor = bases[offset[first_allele[v]] : offset[first_allele[v]] + 1].tobytes()
        if kind == "deletion_symbols" and spans[allele] > 1:
            replaced[allele] = anchor
            continue
        if kind == "repeat_symbols":
            replaced[allele] = anchor + (repeat_letters(text) or "").encode()
            continue
        if kind == "invalid" or (kind in _NOT_A_SEQUENCE and policy.symbolic == "error"):
            gate.refuse(np.array([v]), partial(_refused_allele, genotypes, v, text, kind))
        calls[v][calls[v] == number] = 0
    return with_alleles(table, replaced, {}), calls


def _refused_allele(genotypes: Genotypes, v: int, text: str, kind: str, _: int = 0) -> InputError:
    invalid = kind == "invalid"
    return InputError(
        f"allele {text[:20]!r} "
        + ("is no sequence, symbol or break-end" if invalid else "cannot be put into a sequence"),
        path=genotypes.source,
        record=genotypes.describe(v),
        remedy="remove or mend the record"
        if invalid
        else 'leave such records out with `policy=gx.HaplotypePolicy(symbolic="skip")`',
    )


def _allele_kind(text: str) -> str:
    if text == "*":
        return "star_alleles"
    if text in ("<NON_REF>", "<*>"):
        return "non_ref_symbols"
    if is_deletion(text):
        return "deletion_symbols"
    if repeat_letters(text) is not None:
        return "repeat_symbols"
    if text.startswith("<") and text.endswith(">"):
        return "other_symbols"
    if "[" in text or "]" in text or (len(text) > 1 and (text.startswith(".") or text.endswith("."))):
        return "breakends"
    letters = np.frombuffer(text.encode("latin-1"), np.uint8)
    if (_IS_IUPAC[letters] | _IS_BASE[letters]).all():
        return "iupac_alleles"
    return "invalid"


def _extra_alleles(
    genotypes: Genotypes,
    table: Table,
    calls: NDArray[np.int8],
    policy: HaplotypePolicy,
    counts: Counter[str],
) -> tuple[Table, NDArray[np.int8]]:
    """Give missing and unphased calls an allele of their own where the policy asks for N or IUPAC codes."""
    added: dict[int, list[bytes]] = {}
    n_alleles = np.diff(table[2])
    if policy.missing == "N" or (policy.unphased == "iupac" and genotypes.unphased.any()):
        calls = calls.copy()

    def add(v: int, letters: bytes) -> int:
        extra = added.setdefault(v, [])
        if letters not in extra:
            extra.append(letters)
        return int(n_alleles[v]) + extra.index(letters)

    if policy.unphased == "iupac":
        for v, s in np.argwhere(genotypes.unphased).tolist():
            pair = [genotypes.allele(v, max(0, int(a))).decode().upper() for a in calls[v, s]]
            code = _IUPAC_PAIR.get("".join(sorted(pair)))
            if code is None:
                counts["unphased_not_single_base"] += 1
            calls[v, s] = 0 if code is None else add(v, code.encode())
    if policy.missing == "N":
        for v in np.flatnonzero((calls == -1).any(axis=(1, 2))).tolist():
            calls[v][calls[v] == -1] = add(v, b"N" * len(genotypes.allele(v, 0)))
    if calls.min(initial=0) < 0:
        calls = np.maximum(calls, np.int8(0))
    return with_alleles(table, {}, added), calls
