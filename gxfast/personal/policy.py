"""What is refused for a window or a stretch as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

from .._objects import Brief, options_of
from ..errors import InputError

__all__ = [
    "PHASES",
    "HaplotypePolicy",
    "overlap_error",
    "policy_for",
    "refuse_draws",
    "refuse_other_assembly",
    "refuse_overlaps",
]

PHASES: Final = ("error", "as_one", "per_set")
_CHOICES: Final = {
    "variants": ("all", "snv"),
    "unphased": ("error", "as_phased", "ref", "iupac"),
    "missing": ("ref", "N"),
    "overlap": ("first", "error"),
    "ref_mismatch": ("error", "skip"),
    "masked_ref": ("use", "skip"),
    "symbolic": ("skip", "error"),
    "filter": ("all", "pass"),
}
_ONE_OF_THESE: Final = "choose one of these"


@dataclass(frozen=True, slots=True, repr=False)
class HaplotypePolicy(Brief):
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
        REF that differs from the FASTA: refuse, or leave the record out. More than one, and more than 1 %, of the
        records of a window always refuse: that is another assembly.
    masked_ref : {"use", "skip"}
        The FASTA has N, or an IUPAC code, where REF has a base that it may be: use the record, or leave it out. REF
        as the first base of the code (VCF 4.3), and REF N, agree.
    symbolic : {"skip", "error"}
        Alleles that are no sequence (``<INS>``, break-ends). ``<DEL>`` and ``<CN0>`` with END or SVLEN, and
        ``<CNV:TR>`` with its repeats, are applied.
    filter : {"all", "pass"}
        Use every record, or only FILTER = PASS.
    phase : {"error", "as_one", "per_set", "sample:K"}
        Heterozygous calls of one person in several phase sets of one window: refuse; believe the written order across
        sets; or turn each set so that its first heterozygous call has the smaller allele first, whatever the phaser
        wrote, and join them. ``sample:K`` draws K phasings of the sets, and of calls without phase unless
        ``unphased`` says what to do with them.
    seed : int
        Of the phasings drawn.

    Not a choice: ``*`` and ``<NON_REF>``/``<*>`` are reference here; haploid calls give one haplotype.
    """

    variants: str = "all"
    unphased: str = "error"
    missing: str = "ref"
    overlap: str = "first"
    ref_mismatch: str = "error"
    masked_ref: str = "use"
    symbolic: str = "skip"
    filter: str = "all"
    phase: str = "error"
    seed: int = 0

    def _facts(self) -> str:
        plain = {one.name: one.default for one in fields(self)}
        changed = {name: getattr(self, name) for name in plain if getattr(self, name) != plain[name]}
        return ", ".join(f"{name}={value!r}" for name, value in changed.items())

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise InputError(f"{name} must be one of {', '.join(choices)}, found {value!r}", remedy=_ONE_OF_THESE)
        if not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"seed must be one of 0, 1, 2, ..., found {self.seed!r}", remedy=_ONE_OF_THESE)
        if self.phase not in PHASES and not self.n_phasings:
            message = f"phase must be one of {', '.join(PHASES)} or sample:K (K from 2), found {self.phase!r}"
            raise InputError(message, remedy=_ONE_OF_THESE)

    @property
    def n_phasings(self) -> int:
        """Phasings to draw; 0 where none are drawn."""
        found = re.fullmatch(r"sample:([1-9][0-9]{0,5})", self.phase)
        return int(found[1]) if found and int(found[1]) > 1 else 0

    @property
    def draws_unphased(self) -> bool:
        """Whether the phase of calls without any is drawn too."""
        return self.unphased == "error" and self.n_phasings > 0


# More mismatches than this share of the records means another assembly, whatever the policy.
_MAX_MISMATCH_SHARE: Final = 0.01
_MIN_RECORDS_FOR_SHARE: Final = 20


def refuse_other_assembly(n: int, n_differ: int, source: str, region: str) -> None:
    """Raise InputError where so many records differ from the FASTA that it must be of another assembly."""
    if n >= _MIN_RECORDS_FOR_SHARE and n_differ > max(1, _MAX_MISMATCH_SHARE * n):
        raise InputError(
            f"REF does not match the FASTA; {n_differ} of {n} records here differ",
            path=source,
            record=region,
            remedy="use the FASTA of the assembly the VCF was called on (check with: bcftools norm -c e)",
        )


def policy_for(genotypes: object, policy: HaplotypePolicy | None) -> HaplotypePolicy:
    """Return the policy that is given, else that of genotypes that have one, else the defaults.

    Raises
    ------
    InputError
        If it is no policy.
    """
    return options_of(HaplotypePolicy, getattr(genotypes, "policy", None) if policy is None else policy, "policy")


def refuse_draws(policy: HaplotypePolicy) -> None:
    """Raise InputError where one phasing is needed and several would be drawn."""
    if policy.n_phasings:
        raise InputError(
            f'`policy=gx.HaplotypePolicy(phase="{policy.phase}")` draws several phasings, and one is needed here',
            remedy='choose `policy=gx.HaplotypePolicy(phase="as_one")` or per_set; gx.run draws phasings',
        )


def overlap_error(skipped: int, source: str, region: str) -> InputError:
    """Return what is said of variants that overlap where that is forbidden."""
    return InputError(
        f"{skipped} overlapping variants on one haplotype",
        path=source,
        record=region,
        remedy='let the first win with `policy=gx.HaplotypePolicy(overlap="first")`, or remove them with bcftools',
    )


def refuse_overlaps(skipped: int, policy: HaplotypePolicy, source: str, region: str) -> None:
    """Raise InputError if variants were skipped for overlapping where the policy forbids it."""
    if skipped and policy.overlap == "error":
        raise overlap_error(skipped, source, region)
