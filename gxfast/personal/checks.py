"""Which records are used, and which stop the work: FILTER and kind, REF, alleles that say nothing, contig ends."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.genotypes import Genotypes
from .reference import DIFFERS, MASKED
from .refusals import Gate

if TYPE_CHECKING:
    from .policy import HaplotypePolicy

__all__ = ["UPPER", "check_alleles", "check_reference", "select"]

Int64Array = NDArray[np.int64]

UPPER = np.arange(256, dtype=np.uint8)
UPPER[97:123] -= 32


def select(genotypes: Genotypes, policy: HaplotypePolicy, counts: Counter[str]) -> Genotypes:
    """Leave out records by FILTER and kind, and count them."""
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


def check_reference(
    genotypes: Genotypes,
    verdicts: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    reference_start: int,
    policy: HaplotypePolicy,
    counts: Counter[str],
    gate: Gate,
) -> NDArray[np.bool_]:
    """Count what differs from the FASTA; return which records to keep."""
    differs, masked = verdicts == DIFFERS, verdicts == MASKED
    counts["ref_mismatch"], counts["masked_ref"] = int(differs.sum()), int(masked.sum())
    bad = np.flatnonzero(differs)

    def error_of(i: int) -> InputError:
        v = int(bad[i])
        at = int(genotypes.position[v]) - reference_start
        found = reference[max(at, 0) : max(at, 0) + len(genotypes.allele(v, 0))].tobytes().decode()
        hint = f"; {len(bad)} of {len(genotypes)} records here differ" if len(genotypes) > 1 else ""
        return InputError(
            f"REF does not match the FASTA, which has {found[:20]!r}{hint}",
            path=genotypes.source,
            record=genotypes.describe(v),
            remedy="use the FASTA of the assembly the VCF was called on (check with: bcftools norm -c e), with an "
            "index of its own (samtools faidx), or "
            '`policy=gx.HaplotypePolicy(ref_mismatch="skip")` for single records',
        )

    if policy.ref_mismatch == "error":
        gate.refuse(bad, error_of)
    left_out: NDArray[np.bool_] = differs | masked if policy.masked_ref == "skip" else differs
    return ~left_out


def check_alleles(genotypes: Genotypes, contig_end: int | None, gate: Gate) -> NDArray[np.bool_]:
    """Refuse alleles that say nothing, or reach past the contig; return which records to keep."""
    useless = _useless_alleles(genotypes, UPPER[genotypes.bases])
    gate.refuse(
        useless,
        lambda i: InputError(
            "an allele is empty, or ALT equals REF",
            path=genotypes.source,
            record=genotypes.describe(int(useless[i])),
            remedy="remove or mend the record",
        ),
    )
    beyond = np.flatnonzero(gate.end > (2**62 if contig_end is None else contig_end))
    gate.refuse(
        beyond,
        lambda i: InputError(
            f"the record ends at {gate.end[beyond[i]]}, past the end of {genotypes.chrom} ({contig_end} bases)",
            path=genotypes.source,
            record=genotypes.describe(int(beyond[i])),
            remedy="mend its END or SVLEN, or use the FASTA of the assembly the VCF was called on",
        ),
    )
    keep = np.ones(len(genotypes), bool)
    keep[useless] = keep[beyond] = False
    return keep


def _useless_alleles(genotypes: Genotypes, bases: NDArray[np.uint8]) -> Int64Array:
    """Records with an allele without a letter, or ALT equal to REF: they do not say what their carriers have."""
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
    # Symbols that are alike are told apart by what INFO says of each.
    return np.unique(np.searchsorted(genotypes.first_allele, np.flatnonzero(bad), side="right") - 1).astype(np.int64)
