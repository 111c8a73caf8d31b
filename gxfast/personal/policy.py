"""What is refused for a window or a stretch as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from ..errors import InputError

__all__ = ["HaplotypePolicy", "refuse_other_assembly", "refuse_overlaps"]

_CHOICES: Final = {
    "variants": ("all", "snv"),
    "unphased": ("error", "as_phased", "ref", "iupac"),
    "missing": ("ref", "N"),
    "overlap": ("first", "error"),
    "ref_mismatch": ("error", "skip"),
    "symbolic": ("skip", "error"),
    "filter": ("all", "pass"),
}


@dataclass(frozen=True, slots=True)
class HaplotypePolicy:
    """What is done with records and calls that are not plain phased substitutions.

    Attributes
    ----------
    variants : {"all", "snv"}
        Use everything, or only records whose alleles are all one base long (both papers).
    unphased : {"error", "as_phased", "ref", "iupac"}
        Heterozygous calls written ``0/1``: refuse; take the written order; both haplotypes reference; or an
        IUPAC code on both haplotypes (single bases; longer alleles stay reference).
    missing : {"ref", "N"}
        Missing alleles are the reference base, or ``N``.
    overlap : {"first", "error"}
        Records that overlap on one haplotype: the first in the file wins (as bcftools), or refuse.
    ref_mismatch : {"error", "skip"}
        REF that differs from the FASTA: refuse, or leave the record out. More than 1 % of the records of a
        window always refuses: that is another assembly.
    symbolic : {"skip", "error"}
        Alleles that are no sequence (``<INS>``, break-ends; ``<DEL>`` with END is applied).
    filter : {"all", "pass"}
        Use every record, or only FILTER = PASS.

    Not a choice: ``*`` and ``<NON_REF>``/``<*>`` are reference here; haploid calls give one haplotype.
    """

    variants: str = "all"
    unphased: str = "error"
    missing: str = "ref"
    overlap: str = "first"
    ref_mismatch: str = "error"
    symbolic: str = "skip"
    filter: str = "all"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise InputError(f"{name} must be one of {', '.join(choices)}, found {value!r}")


# More mismatches than this share of the records means another assembly, whatever the policy.
_MAX_MISMATCH_SHARE: Final = 0.01
_MIN_RECORDS_FOR_SHARE: Final = 20


def refuse_other_assembly(counts: Counter[str], source: str, region: str) -> None:
    """Raise InputError where so many records differ from the FASTA that it must be of another assembly."""
    n = counts["records"]
    if n >= _MIN_RECORDS_FOR_SHARE and counts["ref_mismatch"] > _MAX_MISMATCH_SHARE * n:
        raise InputError(
            f"REF does not match the FASTA; {counts['ref_mismatch']} of {n} records here differ",
            path=source,
            record=region,
            remedy="use the FASTA of the assembly the VCF was called on (check with: bcftools norm -c e)",
        )


def refuse_overlaps(skipped: int, policy: HaplotypePolicy, source: str, region: str) -> None:
    """Raise InputError if variants were skipped for overlapping where the policy forbids it."""
    if skipped and policy.overlap == "error":
        raise InputError(
            f"{skipped} overlapping variants on one haplotype in {region}",
            path=source,
            remedy="use overlap='first' to let the first record win, or remove them with bcftools",
        )
