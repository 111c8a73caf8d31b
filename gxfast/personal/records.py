"""From genotypes as they stand in the file to alleles that can be put into a sequence.

The place for every policy on unusual records and calls: each is decided here, and counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.vcf import Genotypes
from ..kernels import backend
from .alleles import Rows, Table, allele_texts, make_table, with_alleles
from .haploid import HaploidCalls
from .policy import refuse_other_assembly

if TYPE_CHECKING:
    from .policy import HaplotypePolicy

__all__ = ["PreparedRecords", "prepare_records"]

Int64Array = NDArray[np.int64]


_IUPAC_PAIR: Final = {"AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M"}

_UPPER = np.arange(256, dtype=np.uint8)
_UPPER[97:123] -= 32
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
    """

    table: Table
    variants: Any
    carried: Rows
    haploid: HaploidCalls
    counts: Counter[str]
    source: str

    def __len__(self) -> int:
        return len(self.table[0])


def prepare_records(
    genotypes: Genotypes,
    reference: NDArray[np.uint8],
    reference_start: int,
    policy: HaplotypePolicy,
    *,
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
    whole : bool
        False for one block of a region, whose mismatches `refuse_other_assembly` judges together.

    Raises
    ------
    InputError
        Naming file and record, where the policy says so.
    """
    counts: Counter[str] = Counter(records=len(genotypes))
    genotypes = _select(genotypes, policy, counts)
    bases = _UPPER[genotypes.bases]
    _check_reference(genotypes, bases, reference, reference_start, policy, counts)
    if whole:
        refuse_other_assembly(counts, genotypes.source, f"{genotypes.chrom}:{genotypes.start + 1}-{genotypes.end}")
    if policy.ref_mismatch == "skip" and counts["ref_mismatch"]:
        keep = np.flatnonzero(_reference_agrees(genotypes, bases, reference, reference_start))
        genotypes = genotypes.take(keep, genotypes.start, genotypes.end)
        bases = _UPPER[genotypes.bases]
    haploid = HaploidCalls.of(genotypes)
    calls = _resolve_calls(genotypes, policy, counts)
    deletions = _symbolic_deletions(genotypes, bases)
    table = (
        genotypes.position, _ref_lengths(genotypes, deletions), genotypes.first_allele,
        genotypes.allele_offset, bases,
    )  # fmt: skip
    _refuse_useless_alleles(genotypes, bases)
    table, calls = _non_sequence_alleles(genotypes, table, calls, policy, counts)
    table, calls = _extra_alleles(genotypes, table, calls, policy, counts)
    table, calls = _split_mixed(genotypes, table, calls, deletions)
    flat = np.ascontiguousarray(calls.reshape(len(table[0]), calls.shape[1] * 2))
    kernels: Any = backend()
    carried = Rows(*kernels.carried_alleles(flat, table[2]))
    return PreparedRecords(table, kernels.Variants(*table), carried, haploid, counts, genotypes.source)


def _select(genotypes: Genotypes, policy: HaplotypePolicy, counts: Counter[str]) -> Genotypes:
    keep = np.ones(len(genotypes), bool)
    counts["filter_not_pass"] = int((~genotypes.passed).sum())
    if policy.filter == "pass":
        keep &= genotypes.passed
    if policy.variants == "snv":
        lengths = np.diff(genotypes.allele_offset)
        # A star or symbolic allele is no substitution either, though "*" is one character long.
        single = (lengths == 1) & (genotypes.bases[genotypes.allele_offset[:-1]] != ord("*"))
        is_snv = np.minimum.reduceat(single, genotypes.first_allele[:-1]) if len(genotypes) else keep
        counts["not_snv"] = int((~is_snv).sum())
        keep &= is_snv
    if keep.all():
        return genotypes
    return genotypes.take(np.flatnonzero(keep), genotypes.start, genotypes.end)


def _reference_agrees(
    genotypes: Genotypes, bases: NDArray[np.uint8], reference: NDArray[np.uint8], reference_start: int
) -> NDArray[np.bool_]:
    """Whether each REF equals the FASTA, as far as the fetched stretch covers it."""
    ref_index = genotypes.first_allele[:-1]
    offsets, lengths = genotypes.allele_offset[ref_index], np.diff(genotypes.allele_offset)[ref_index]
    agrees = np.ones(len(genotypes), bool)
    first = genotypes.position - reference_start
    single = (lengths == 1) & (first >= 0) & (first < reference.size)
    agrees[single] = bases[offsets[single]] == reference[first[single]]
    for v in np.flatnonzero(lengths > 1):
        letters = bases[offsets[v] : offsets[v] + lengths[v]]
        begin, end = max(0, int(first[v])), max(0, min(reference.size, int(first[v] + lengths[v])))
        agrees[v] = np.array_equal(letters[begin - first[v] : end - first[v]], reference[begin:end])
    return agrees


def _check_reference(
    genotypes: Genotypes,
    bases: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    reference_start: int,
    policy: HaplotypePolicy,
    counts: Counter[str],
) -> None:
    bad = np.flatnonzero(~_reference_agrees(genotypes, bases, reference, reference_start))
    counts["ref_mismatch"] = len(bad)
    if not len(bad):
        return
    if policy.ref_mismatch == "error":
        v = int(bad[0])
        at = int(genotypes.position[v]) - reference_start
        found = reference[max(at, 0) : max(at, 0) + len(genotypes.allele(v, 0))].tobytes().decode()
        hint = f"; {len(bad)} of {len(genotypes)} records here differ" if len(genotypes) > 1 else ""
        raise InputError(
            f"REF does not match the FASTA, which has {found[:20]!r}{hint}",
            path=genotypes.source,
            record=genotypes.describe(v),
            remedy="use the FASTA of the assembly the VCF was called on (check with: bcftools norm -c e), "
            "or --ref-mismatch skip for single records",
        )


def _refuse_useless_alleles(genotypes: Genotypes, bases: NDArray[np.uint8]) -> None:
    """Refuse alleles without a letter and ALT equal to REF: the record does not say what its carriers have."""
    offsets, lengths = genotypes.allele_offset[:-1], np.diff(genotypes.allele_offset)
    n_alleles = np.diff(genotypes.first_allele)
    first = np.repeat(genotypes.first_allele[:-1], n_alleles)
    is_alt = first != np.arange(first.size)
    letter = np.append(bases, np.uint8(0))[offsets]
    bad = lengths == 0
    alike = np.flatnonzero(is_alt & (lengths == lengths[first]) & (letter == letter[first]) & ~bad)
    for allele in alike.tolist():
        begin, ref, n = int(offsets[allele]), int(offsets[first[allele]]), int(lengths[allele])
        bad[allele] = np.array_equal(bases[begin : begin + n], bases[ref : ref + n])
    if bad.any():
        v = int(np.searchsorted(genotypes.first_allele, np.flatnonzero(bad)[0], side="right")) - 1
        raise InputError(
            "an allele is empty, or ALT equals REF",
            path=genotypes.source,
            record=genotypes.describe(v),
            remedy="remove or mend the record",
        )


def _symbolic_deletions(genotypes: Genotypes, bases: NDArray[np.uint8]) -> dict[int, list[int]]:
    """Numbers of the ``<DEL>`` alleles, for the records that have any."""
    texts = np.flatnonzero(np.append(bases, np.uint8(0))[genotypes.allele_offset[:-1]] == ord("<"))
    records = np.searchsorted(genotypes.first_allele, texts, side="right") - 1
    found: dict[int, list[int]] = {}
    for v, allele in zip(records.tolist(), (texts - genotypes.first_allele[records]).tolist(), strict=True):
        if genotypes.allele(v, allele).upper().startswith(b"<DEL"):
            found.setdefault(v, []).append(allele)
    return found


def _ref_lengths(genotypes: Genotypes, deletions: dict[int, list[int]]) -> Int64Array:
    """Reference bases that each record replaces: END says so for ``<DEL>`` alone, REF for all others."""
    lengths = np.diff(genotypes.allele_offset)[genotypes.first_allele[:-1]]
    for v in deletions:
        lengths[v] = genotypes.ref_length[v]
    return lengths


def _split_mixed(
    genotypes: Genotypes, table: Table, calls: NDArray[np.int8], deletions: dict[int, list[int]]
) -> tuple[Table, NDArray[np.int8]]:
    """Give the other alleles of a record with ``<DEL>`` a record of their own, which replaces REF alone."""
    mixed = [v for v, numbers in deletions.items() if (~np.isin(calls[v], [0, *numbers])).any()]
    if not mixed:
        return table, calls
    rows = np.sort(np.concatenate([np.arange(len(calls)), mixed]))
    texts = allele_texts(table)
    calls, ref_length = calls[rows], table[1][rows]
    for v in mixed:
        first = int(np.searchsorted(rows, v))
        is_deletion = np.isin(calls[first], deletions[v])
        calls[first][~is_deletion] = 0
        calls[first + 1][is_deletion] = 0
        ref_length[first + 1] = len(genotypes.allele(v, 0))
    return make_table(table[0][rows], ref_length, [texts[v] for v in rows]), calls


def _resolve_calls(genotypes: Genotypes, policy: HaplotypePolicy, counts: Counter[str]) -> NDArray[np.int8]:
    calls = genotypes.calls
    counts["unphased_heterozygous"] = int(np.count_nonzero(genotypes.unphased))
    if calls.min(initial=0) < 0:
        _count_incomplete(calls, counts)
    if policy.unphased == "error" and counts["unphased_heterozygous"]:
        v, s = (int(i) for i in np.argwhere(genotypes.unphased)[0])
        raise InputError(
            f"heterozygous call without phase in sample {genotypes.samples[s]} "
            f"({counts['unphased_heterozygous']} such calls in this window)",
            path=genotypes.source,
            record=genotypes.describe(v),
            remedy="phase the VCF (Eagle, SHAPEIT, Beagle), or choose --unphased as_phased, ref or iupac",
        )
    if policy.unphased == "ref":
        calls = np.where(genotypes.unphased[:, :, np.newaxis], np.int8(0), calls)
    return calls


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
) -> tuple[Table, NDArray[np.int8]]:
    """Make ``*``, symbolic and break-end alleles reference, ``<DEL>`` a deletion, and refuse junk."""
    _, ref_length, first_allele, offset, bases = table
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
        kind = _allele_kind(text, number)
        counts[kind] += 1
        if kind == "iupac_alleles":
            continue
        if kind == "invalid":
            raise InputError(
                f"allele {text[:20]!r} is no sequence, symbol or break-end",
                path=genotypes.source,
                record=genotypes.describe(v),
                remedy="remove or mend the record",
            )
        if kind == "deletion_symbols" and ref_length[v] > 1:
            replaced[allele] = bases[offset[first_allele[v]] : offset[first_allele[v]] + 1].tobytes()
            continue
        if kind in ("other_symbols", "breakends", "deletion_symbols") and policy.symbolic == "error":
            raise InputError(
                f"allele {text[:20]!r} cannot be put into a sequence",
                path=genotypes.source,
                record=genotypes.describe(v),
                remedy="leave such records out with --symbolic skip",
            )
        calls[v][calls[v] == number] = 0
    return with_alleles(table, replaced, {}), calls


def _allele_kind(text: str, number: int) -> str:
    if text == "*":
        return "star_alleles"
    if text in ("<NON_REF>", "<*>"):
        return "non_ref_symbols"
    if text.startswith("<DEL"):
        return "deletion_symbols"
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
