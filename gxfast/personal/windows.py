"""One window's distinct haplotypes, worked out before any sequence is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..encode.one_hot import reverse_complement_in_place
from ..errors import InputError
from ..io.fasta import Genome
from ..io.vcf import GenotypeSource
from ..kernels import backend
from .alleles import Rows
from .blocks import concatenate, read_blocks
from .phase import draw_phasings, refuse_several_sets, several_sets, turn_sets
from .policy import HaplotypePolicy, refuse_overlaps
from .records import PreparedRecords, prepare_records
from .reference import n_iupac
from .store import FIRST_MARGIN, HaplotypeStore

__all__ = ["Source", "WindowHaplotypes", "plan_window", "unique_rows"]

Int64Array = NDArray[np.int64]
Source = GenotypeSource | HaplotypeStore


@dataclass(frozen=True, slots=True, repr=False)
class WindowHaplotypes(Brief):
    """The distinct haplotypes of one window; the first is the reference.

    Attributes
    ----------
    carriers : int32 array, shape (S, 2)
        Haplotype per person; -1 where there is none.
    n_variants, n_haplotypes : int
    counts : Counter
    reverse : bool
        Sequences are reverse-complemented.
    drawn : int64 array, shape (A,)
        People whose phase is drawn (`HaplotypePolicy.phase`); their ``carriers`` are those of the first draw.
    draws : int32 array, shape (K, A, 2)
        Haplotypes of these people in each draw.
    """

    carriers: NDArray[np.int32]
    n_variants: int
    n_haplotypes: int
    counts: Counter[str]
    reverse: bool
    drawn: Int64Array
    draws: NDArray[np.int32]
    _variants: Any
    _carried: Rows
    _where: tuple[Any, ...]  # reference, its start, anchor, bases left and right of it
    _fasta: NDArray[np.uint8] | None  # the first haplotype, where REF knows bases that the FASTA does not

    def __len__(self) -> int:
        return self._carried.n

    def write_letters(self, out: NDArray[np.uint8], first: int, n_threads: int) -> None:
        """Write haplotypes [first, first + n) into ``out`` (n, L)."""
        rows = Rows(self._carried.offset[first : first + len(out) + 1], self._carried.values)
        backend().haplotype_bases(self._variants, *rows, *self._where, out, n_threads)
        if self._fasta is not None and first == 0 and len(out):
            out[0] = self._fasta
        if self.reverse:
            reverse_complement_in_place(out, n_threads)

    def write_positions(self, out: Int64Array, n_threads: int, first: int = 0) -> None:
        """Write the reference position of every base of haplotypes [first, first + n) into ``out`` (n, L)."""
        rows = Rows(self._carried.offset[first : first + len(out) + 1], self._carried.values)
        backend().haplotype_positions(self._variants, *rows, *self._where, out, n_threads)
        if self.reverse:
            out[:] = out[:, ::-1].copy()

    @property
    def reference(self) -> tuple[NDArray[np.uint8], int]:
        """The reference around the window, and the position of its first base."""
        return self._where[0], self._where[1]


def plan_window(
    genome: Genome,
    genotypes: Source,
    chrom: str,
    start: int,
    length: int,
    anchor: int,
    reverse: bool,
    policy: HaplotypePolicy,
    max_mem: int | None = None,
) -> WindowHaplotypes:
    """Read a window, resolve overlaps, find the distinct haplotypes.

    Parameters as in `gxfast.haplotypes`; ``max_mem`` bounds the dense genotypes that reading holds.

    Raises
    ------
    InputError
        For an anchor outside the window, or whatever the policy refuses.
    """
    left = anchor - start
    if not 0 <= left < length:
        raise InputError(f"anchor {chrom}:{anchor + 1} lies outside its window")
    kernels: Any = backend()
    margin = 0 if policy.variants == "snv" else FIRST_MARGIN
    while True:
        low, high = start - margin, start + length + margin
        reference = genome.fetch_array(chrom, low, high)
        records = _records(genome, genotypes, chrom, low, high, reference, policy, max_mem, (start, start + length))
        where = records.known.put_into(reference, low), low, anchor, left, length - left
        rows, drawn = _phased(records, genotypes.samples, policy, (start, start + length))
        index, unique = unique_rows(rows.after_empty())
        carried = Rows(*kernels.resolve_overlaps(records.variants, *unique))
        skipped = len(unique.values) - len(carried.values)
        extents = np.empty((carried.n, 3), np.int64)
        kernels.haplotype_extents(records.variants, *carried, *where, extents)
        missing = max(low - int(extents[:, 0].min()), int(extents[:, 1].max()) - high, 0)
        if missing == 0:
            break
        # A net deletion reached past what was read: read further and build again.
        margin += missing + FIRST_MARGIN
    _raise_held(records, index, extents)
    n_rows = 2 * len(genotypes.samples)
    several = several_sets(records.phase, np.arange(n_rows) // 2, extents[index[1 : 1 + n_rows]])
    if several is not None and policy.phase == "error":
        refuse_several_sets(several, genotypes.samples, records.source, chrom, records.describe)
    refuse_overlaps(skipped, policy, records.source, f"{chrom}:{start + 1}-{start + length}")
    index, carried, extents = _merge_equal(index, carried, extents, records.table)
    fasta = None
    if records.known.within(int(extents[:, 0].min()), int(extents[:, 1].max())):
        fasta = reference[start - low : start - low + length]
        index, carried, extents = _apart(index, carried, extents)
    absent = records.haploid.absent(low, high)
    carriers = index[1 : 1 + n_rows].reshape(-1, 2).copy()
    carriers[absent] = -1
    draws = index[1 + n_rows :].reshape(policy.n_phasings if len(drawn) else 0, len(drawn), 2).copy()
    draws[:, absent[drawn]] = -1
    present = np.unique(np.concatenate([carriers[carriers >= 0], draws[draws >= 0]]))
    counts = records.counts
    if several is not None:
        counts["between_phase_sets"] += len(several.ambiguous())
    counts["overlap_skipped"] += skipped
    codes = n_iupac(reference[start - low : start - low + length])
    if codes:
        counts["iupac_reference"] += codes
    counts["anchor_deleted"] += int(extents[present, 2].sum())
    n_variants = _variants_inside(records, start, start + length)
    return WindowHaplotypes(
        carriers, n_variants, len(present), counts, reverse, drawn, draws, records.variants, carried, where, fasta
    )


def _records(
    genome: Genome,
    source: Source,
    chrom: str,
    low: int,
    high: int,
    reference: NDArray[np.uint8],
    policy: HaplotypePolicy,
    max_mem: int | None,
    core: tuple[int, int],
) -> PreparedRecords:
    if isinstance(source, HaplotypeStore):
        if policy != source.policy:
            raise InputError(f"the store was read with {source.policy}", remedy="give the same policy, or leave it out")
        return source.records_in(chrom, low, high)
    if max_mem is not None:
        return concatenate(list(read_blocks(genome, source, chrom, low, high, policy, max_mem, core)))
    return prepare_records(
        source.region(chrom, low, high), reference, low, policy, core=core, contig_end=genome.contigs[chrom]
    )


def _phased(
    records: PreparedRecords, samples: tuple[str, ...], policy: HaplotypePolicy, core: tuple[int, int]
) -> tuple[Rows, Int64Array]:
    """What each haplotype carries under the policy, followed by the haplotypes of the people that are drawn."""
    nobody = np.empty(0, np.int64)
    if records.phase is None:
        return records.carried, nobody
    if policy.phase == "per_set":
        return turn_sets(records.carried, records.table[2], records.phase, core), nobody
    if not policy.n_phasings:
        return records.carried, nobody
    people, rows = draw_phasings(records.carried, records.table[2], records.phase, samples, policy)
    offset = np.concatenate([records.carried.offset, rows.offset[1:] + records.carried.offset[-1]])
    both = Rows(offset, np.concatenate([records.carried.values, rows.values]))
    order = np.arange(both.n)
    first_draw = records.carried.n + np.arange(2 * len(people)).reshape(-1, 2)
    order[: records.carried.n].reshape(-1, 2)[people] = first_draw
    return both.take(order), people


def _apart(index: NDArray[np.int32], carried: Rows, extents: Int64Array) -> tuple[NDArray[np.int32], Rows, Int64Array]:
    """Give people who carry no variant a haplotype beside the reference: it has the bases that REF knows."""
    index = index.copy()
    index[1:][index[1:] == 0] = carried.n
    return index, carried.with_empty(), np.concatenate([extents, extents[:1]])


def _raise_held(records: PreparedRecords, index: NDArray[np.int32], extents: Int64Array) -> None:
    """Raise a refusal beyond the window that a haplotype reaches after all."""
    for held in records.held:
        rows = index if held.person < 0 else index[1 + 2 * held.person : 3 + 2 * held.person]
        if ((extents[rows, 0] < held.end) & (extents[rows, 1] > held.start)).any():
            raise held.error


def unique_rows(rows: Rows) -> tuple[NDArray[np.int32], Rows]:
    """Which of the distinct rows each row is, and those, in order of first appearance."""
    index, first = backend().unique_rows(*rows)
    return index, rows.take(first)


def _variants_inside(records: PreparedRecords, start: int, end: int) -> int:
    """Records that touch the window and that somebody carries."""
    position, ref_length, first_allele = records.table[:3]
    carried = np.searchsorted(first_allele, np.flatnonzero(np.bincount(records.carried.values)), side="right") - 1
    carried = np.flatnonzero(np.bincount(carried))
    return int(((position[carried] < end) & (position[carried] + ref_length[carried] > start)).sum())


def _merge_equal(
    index: NDArray[np.int32],
    carried: Rows,
    extents: Int64Array,
    table: tuple[NDArray[Any], ...],
) -> tuple[NDArray[np.int32], Rows, Int64Array]:
    """Forget alleles that lie beyond a haplotype's reach, and merge what is then equal."""
    position, ref_length, first_allele, offset, bases = table
    allele = carried.values
    record = np.searchsorted(first_allele, allele, side="right") - 1
    ref = first_allele[record]
    letter, first_letter = (np.append(bases, np.uint8(0))[offset[i]] for i in (allele, ref))
    # The base before an indel, which VCF writes as its first letter, is not changed by it.
    has_anchor_base = (offset[allele + 1] - offset[allele] != ref_length[record]) & (letter == first_letter)
    row = carried.row_of_each()
    reached = position[record] + has_anchor_base < extents[row, 1]
    reached &= position[record] + ref_length[record] > extents[row, 0]
    merged, first = backend().unique_rows(*carried.where(reached))
    return merged[index], carried.where(reached).take(first), extents[first]
