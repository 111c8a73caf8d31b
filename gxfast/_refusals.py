"""What is refused for a window or a stretch as a whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from .errors import InputError

if TYPE_CHECKING:
    from .records import HaplotypePolicy

__all__ = ["refuse_other_assembly", "refuse_overlaps"]

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
