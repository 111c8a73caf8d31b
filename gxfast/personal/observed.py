"""The variants that were observed in a window, with their frequency, from a cohort or a list of sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..io.fasta import Genome
from ..io.genotypes import Genotypes
from ..io.symbols import is_deletion, repeat_letters
from .checks import UPPER, check_alleles, check_reference, select
from .policy import HaplotypePolicy, refuse_other_assembly
from .records import _NOT_A_SEQUENCE, _allele_kind, _refused_allele
from .reference import compare_reference
from .refusals import Gate

__all__ = ["Allele", "AlleleSource", "left_aligned_allele", "most_common", "observed_alleles"]

_ACGT = frozenset(b"ACGT")
_ROLLED = 64  # bases that an indel is moved along a repeat at a time


class Allele(NamedTuple):
    """One alternative allele of a record.

    Attributes
    ----------
    position : int
        0-based position of the first REF base.
    ref, alt : bytes
        Upper-case.
    ref_length : int
        Reference bases that it replaces (END says so for ``<DEL>``).
    frequency : float
        Copies of the allele per called allele of the people; NaN without genotypes.
    snv : int
        Index of the one base that differs, where it is a substitution of one base; else -1.
    """

    position: int
    ref: bytes
    alt: bytes
    ref_length: int
    frequency: float
    snv: int


class AlleleSource(Protocol):
    """A cohort, or sites without genotypes."""

    @property
    def samples(self) -> tuple[str, ...]: ...
    @property
    def contigs(self) -> tuple[str, ...]: ...
    def region(self, chrom: str, start: int, end: int) -> Genotypes: ...


def observed_alleles(
    source: AlleleSource,
    genome: Genome,
    chrom: str,
    start: int,
    end: int,
    policy: HaplotypePolicy,
    counts: Counter[str],
) -> list[Allele]:
    """List the alleles of a window that somebody carries (all of them without genotypes), by position.

    Raises
    ------
    InputError
        For REF that is not in the FASTA, unless the policy skips it, and records that say nothing.
    """
    genotypes = source.region(chrom, start, end)
    counts["records"] += len(genotypes)
    met: Counter[str] = Counter(records=len(genotypes))
    genotypes = select(genotypes, policy, met)
    bases = UPPER[genotypes.bases]
    low = min(start, int(genotypes.position.min(initial=start)))
    high = max(end, int((genotypes.position + np.maximum(genotypes.ref_length, 1)).max(initial=end)))
    reference = genome.fetch_array(chrom, low, high)
    gate, contig_end = Gate(genotypes, None), genome.contigs[chrom]
    verdicts = compare_reference(genotypes, bases, reference, low, contig_end)
    agrees = check_reference(genotypes, verdicts, reference, low, policy, met, gate)
    refuse_other_assembly(met["records"], met["ref_mismatch"], genotypes.source, f"{chrom}:{start + 1}-{end}")
    agrees &= check_alleles(genotypes, contig_end, gate)
    counts.update({name: n for name, n in met.items() if name != "records"})
    found = [allele for v in np.flatnonzero(agrees).tolist() for allele in _alleles_of(genotypes, v, policy, counts)]
    return [allele for allele in found if allele.snv < 0 or start <= allele.position + allele.snv < end]


def _alleles_of(genotypes: Genotypes, v: int, policy: HaplotypePolicy, counts: Counter[str]) -> list[Allele]:
    ref = genotypes.allele(v, 0).upper()
    position, calls = int(genotypes.position[v]), genotypes.calls[v]
    n_called = int((calls >= 0).sum())
    first = int(genotypes.first_allele[v])
    spans = genotypes.allele_spans()[first : int(genotypes.first_allele[v + 1])].tolist()
    found = []
    for number in range(1, len(spans)):
        alt = genotypes.allele(v, number).upper()
        deletion = is_deletion(alt.decode("latin-1")) and spans[number] > 1
        repeats = repeat_letters(alt.decode("latin-1"))
        if repeats is not None:
            alt = ref[:1] + repeats.encode()
        if not deletion and not _ACGT.issuperset(alt):
            kind = _allele_kind(alt.decode("latin-1"))
            if policy.symbolic == "error" and kind in _NOT_A_SEQUENCE:
                raise _refused_allele(genotypes, v, alt.decode("latin-1"), kind)
            counts[kind] += 1
            continue
        copies = int((calls == number).sum())
        if calls.size and not copies:
            counts["not_carried"] += 1
            continue
        differs = [i for i, pair in enumerate(zip(ref, alt, strict=False)) if pair[0] != pair[1]]
        single = repeats is None and len(ref) == len(alt) and len(differs) == 1
        snv = differs[0] if single else -1
        frequency = copies / n_called if n_called else float("nan")
        found.append(Allele(position, ref, alt, spans[number], frequency, snv))
    return found


def most_common(alleles: Sequence[Allele]) -> list[Allele]:
    """Keep the most common alternative base of each position; of equally common ones the first of A, C, G, T.

    What is no substitution of one base stays.
    """
    by_position: dict[int, dict[int, float]] = {}
    for allele in alleles:
        if allele.snv >= 0:
            copies = by_position.setdefault(allele.position + allele.snv, {})
            base = allele.alt[allele.snv]
            copies[base] = copies.get(base, 0.0) + allele.frequency
    best = {at: min((-share, base) for base, share in copies.items())[1] for at, copies in by_position.items()}
    kept, taken = [], set()
    for allele in alleles:
        at = allele.position + allele.snv
        if allele.snv >= 0 and (allele.alt[allele.snv] != best[at] or at in taken):
            continue
        if allele.snv >= 0:
            taken.add(at)
        kept.append(allele)
    return kept


def left_aligned_allele(allele: Allele, genome: Genome, chrom: str) -> Allele:
    """Return an allele in its shortest spelling, an indel as far to the left as it goes (Tan et al. 2015).

    Every spelling of a change of the reference becomes the same one: bases around it, the right end of a repeat, and
    ``<DEL>``. The index ``snv`` stays what it was.
    """
    position, ref, alt = allele.position, allele.ref, allele.alt
    if not _ACGT.issuperset(alt):  # <DEL>: all but the first base
        ref = genome.fetch(chrom, position, position + allele.ref_length).upper()
        alt = ref[:1]
    if ref == alt:
        return allele
    while True:
        shorter = min(len(ref), len(alt))
        same = next((i for i in range(shorter) if ref[-1 - i] != alt[-1 - i]), shorter)
        ref, alt = ref[: len(ref) - same], alt[: len(alt) - same]
        if ref and alt:
            break
        if not position:
            return allele  # nothing stands before it
        before = min(position, _ROLLED)
        left = genome.fetch(chrom, position - before, position).upper()
        position, ref, alt = position - before, left + ref, left + alt
    shorter = min(len(ref), len(alt)) - 1
    same = next((i for i in range(shorter) if ref[i] != alt[i]), shorter)
    ref, alt = ref[same:], alt[same:]
    return allele._replace(position=position + same, ref=ref, alt=alt, ref_length=len(ref))


def alone(alleles: Sequence[Allele], chrom: str) -> Genotypes:
    """Return genotypes of as many imaginary people as there are alleles, each with one of them and no other."""
    n = len(alleles)
    texts = [text for allele in alleles for text in (allele.ref, allele.alt)]
    calls: NDArray[np.int8] = np.zeros((n, n, 2), np.int8)
    calls[np.arange(n), np.arange(n)] = 1
    return Genotypes(
        chrom, 0, 2**31 - 1, tuple(str(i) for i in range(n)),
        np.array([allele.position for allele in alleles], np.int64),
        np.array([allele.ref_length for allele in alleles], np.int64),
        np.arange(0, 2 * n + 1, 2), np.cumsum([0, *map(len, texts)], dtype=np.int64),
        np.frombuffer(b"".join(texts), np.uint8), calls, np.zeros((n, n), np.bool_), np.ones(n, np.bool_),
        spans=np.array([length for allele in alleles for length in (len(allele.ref), allele.ref_length)], np.int64),
    ).without_empty()  # fmt: skip
