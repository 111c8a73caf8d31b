"""Personal haplotypes: reference windows with each person's phased alleles put in.

Every distinct vector of alleles inside a window is built once, however many people carry it; the sequences
of a cohort are then a handful of arrays and an index. What is done with each unusual record is written down
in `HaplotypePolicy` and counted in ``HaplotypeBatch.counts``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rows import Rows
from ._threads import resolve_threads
from .encode import reverse_complement
from .errors import InputError
from .io.fasta import Genome
from .io.vcf import GenotypeSource
from .kernels import backend
from .records import HaplotypePolicy, PreparedRecords, prepare_records, refuse_overlaps
from .store import FIRST_MARGIN, HaplotypeStore
from .types import Windows

__all__ = ["HaplotypeBatch", "HaplotypePolicy", "consensus", "haplotypes"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HaplotypeBatch:
    """Distinct haplotype sequences of some windows, and who carries them.

    Attributes
    ----------
    sequences : uint8 array, shape (N, L)
        Upper-case letters, as the model reads them (reverse-complemented where the window says so). The first
        sequence of each window is the reference, carried or not.
    window : int32 array, shape (N,)
        The window each sequence belongs to, ascending.
    carriers : int32 array, shape (W, S, 2)
        Row of ``sequences`` per person and haplotype; -1 where a person has no second haplotype.
    samples : tuple of str, length S
    n_variants : int64 array, shape (W,)
        Variants inside the window that at least one person carries.
    n_haplotypes : int64 array, shape (W,)
        Distinct sequences that at least one person carries.
    counts : dict of str to int
        How many records and calls met each policy (see `HaplotypePolicy`).
    positions : int64 array, shape (N, L), or None
        Reference position of every base (on request); -1 where inserted, or before the contig.
    """

    sequences: NDArray[np.uint8]
    window: NDArray[np.int32]
    carriers: NDArray[np.int32]
    samples: tuple[str, ...]
    n_variants: Int64Array
    n_haplotypes: Int64Array
    counts: dict[str, int]
    positions: Int64Array | None = None

    def __len__(self) -> int:
        return len(self.sequences)


def haplotypes(
    genome: Genome,
    genotypes: GenotypeSource | HaplotypeStore,
    windows: Windows,
    *,
    anchor: str | None = None,
    policy: HaplotypePolicy | None = None,
    positions: bool = False,
    n_threads: int = 1,
) -> HaplotypeBatch:
    """Build the distinct haplotypes of all people in some windows.

    Each sequence has exactly ``windows.length`` bases. The anchor base keeps its index, and both sides are
    filled outwards with the person's own sequence: a deletion draws in more of it, an insertion pushes some
    out; past the end of the contig there is N. If the anchor base itself is deleted, the next retained base
    takes its place (counted as ``anchor_deleted``).

    Parameters
    ----------
    genome : Genome
    genotypes : Genotypes, VariantFile, VariantFileSet or HaplotypeStore
        In memory, or read on demand; a store has its own policy.
    windows : Windows
    anchor : {None, "start", "end"}
        The base that keeps its index: ``windows.anchor`` (the TSS) by default, or the first or last of the
        window.
    policy : HaplotypePolicy, optional
    positions : bool
        Also return the reference position of every base.
    n_threads : int
        0 = all that this process may use. The result is the same for any number.

    Returns
    -------
    HaplotypeBatch

    Raises
    ------
    InputError
        Naming the file and the record: REF that is not in the FASTA, heterozygous calls without phase, and
        whatever else the policy refuses.
    """
    policy = policy or getattr(genotypes, "policy", None) or HaplotypePolicy()
    threads = resolve_threads(n_threads)
    built = [
        _build_window(genome, genotypes, windows, w, _anchor_of(windows, w, anchor), policy, positions, threads)
        for w in range(len(windows))
    ]
    return _join(built, windows, genotypes.samples, positions)


def _anchor_of(windows: Windows, w: int, anchor: str | None) -> int:
    start = int(windows.start[w])
    if anchor is None:
        return int(windows.anchor[w])
    if anchor not in ("start", "end"):
        raise InputError(f"anchor must be None, 'start' or 'end', found {anchor!r}")
    return start if anchor == "start" else start + windows.length - 1


@dataclass(frozen=True, slots=True)
class _WindowHaplotypes:
    sequences: NDArray[np.uint8]
    carriers: NDArray[np.int32]
    n_variants: int
    n_haplotypes: int
    counts: Counter[str]
    positions: Int64Array | None


def _build_window(
    genome: Genome,
    genotypes: GenotypeSource | HaplotypeStore,
    windows: Windows,
    w: int,
    anchor: int,
    policy: HaplotypePolicy,
    positions: bool,
    n_threads: int,
) -> _WindowHaplotypes:
    chrom, start, length = windows.chrom[w], int(windows.start[w]), windows.length
    left = anchor - start
    if not 0 <= left < length:
        raise InputError(f"anchor {chrom}:{anchor + 1} lies outside its window")
    kernels: Any = backend()
    margin = 0 if policy.variants == "snv" else FIRST_MARGIN
    while True:
        low, high = start - margin, start + length + margin
        reference = genome.fetch_array(chrom, low, high)
        records = _records(genotypes, chrom, low, high, reference, policy)
        where = reference, low, anchor, left, length - left
        index, unique = _unique(kernels, records.carried.after_empty())
        carried = Rows(*kernels.resolve_overlaps(records.variants, *unique))
        skipped = len(unique.values) - len(carried.values)
        extents = np.empty((carried.n, 3), np.int64)
        kernels.haplotype_extents(records.variants, *carried, *where, extents)
        missing = max(low - int(extents[:, 0].min()), int(extents[:, 1].max()) - high, 0)
        if missing == 0:
            break
        # A net deletion reached past what was read: read further and build again.
        margin += missing + FIRST_MARGIN
    refuse_overlaps(skipped, policy, records.source, f"{chrom}:{start + 1}-{start + length}")
    index, carried, extents = _merge_equal(kernels, index, carried, extents, records.table)
    sequences = np.empty((carried.n, length), np.uint8)
    kernels.haplotype_bases(records.variants, *carried, *where, sequences, n_threads)
    position_map = None
    if positions:
        position_map = np.empty((carried.n, length), np.int64)
        kernels.haplotype_positions(records.variants, *carried, *where, position_map, n_threads)
    if windows.reverse[w]:
        sequences = reverse_complement(sequences)
        position_map = None if position_map is None else np.ascontiguousarray(position_map[:, ::-1])
    carriers = index[1:].reshape(-1, 2).copy()
    carriers[records.absent] = -1
    counts = records.counts
    counts["overlap_skipped"] += skipped
    counts["anchor_deleted"] += int(extents[np.unique(carriers[carriers >= 0]), 2].sum())
    return _WindowHaplotypes(
        sequences,
        carriers,
        _variants_inside(records, start, start + length),
        len(np.unique(carriers[carriers >= 0])),
        counts,
        position_map,
    )


def _records(
    source: GenotypeSource | HaplotypeStore,
    chrom: str,
    low: int,
    high: int,
    reference: NDArray[np.uint8],
    policy: HaplotypePolicy,
) -> PreparedRecords:
    if not isinstance(source, HaplotypeStore):
        return prepare_records(source.region(chrom, low, high), reference, low, policy)
    if policy != source.policy:
        raise InputError(f"the store was read with {source.policy}", remedy="give the same policy, or leave it out")
    return source.records_in(chrom, low, high)


def _unique(kernels: Any, rows: Rows) -> tuple[NDArray[np.int32], Rows]:
    """Distinct rows, in order of first appearance, and which of them each row is."""
    index, first = kernels.unique_rows(*rows)
    return index, rows.take(first)


def _variants_inside(records: PreparedRecords, start: int, end: int) -> int:
    """Records that touch the window and that somebody carries."""
    position, ref_length, first_allele = records.table[:3]
    carried = np.searchsorted(first_allele, np.unique(records.carried.values), side="right") - 1
    carried = np.unique(carried)
    return int(((position[carried] < end) & (position[carried] + ref_length[carried] > start)).sum())


def _merge_equal(
    kernels: Any,
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
    merged, first = kernels.unique_rows(*carried.where(reached))
    return merged[index], carried.where(reached).take(first), extents[first]


def _join(
    built: Sequence[_WindowHaplotypes], windows: Windows, samples: tuple[str, ...], positions: bool
) -> HaplotypeBatch:
    sizes = [len(item.sequences) for item in built]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    empty = np.empty((0, windows.length), np.uint8)
    carriers = np.empty((len(built), len(samples), 2), np.int32)
    counts: Counter[str] = Counter()
    for w, item in enumerate(built):
        carriers[w] = np.where(item.carriers >= 0, item.carriers + first[w], -1)
        counts.update(item.counts)
    maps = [item.positions for item in built if item.positions is not None]
    return HaplotypeBatch(
        np.concatenate([item.sequences for item in built]) if built else empty,
        np.repeat(np.arange(len(built), dtype=np.int32), sizes),
        carriers,
        samples,
        np.array([item.n_variants for item in built], np.int64),
        np.array([item.n_haplotypes for item in built], np.int64),
        dict(sorted(counts.items())),
        np.concatenate(maps) if positions and maps else None,
    )


def consensus(
    genome: Genome,
    genotypes: GenotypeSource,
    chrom: str,
    start: int,
    end: int,
    *,
    policy: HaplotypePolicy | None = None,
) -> tuple[list[bytes], NDArray[np.int32]]:
    """Return the haplotypes of a reference window as long as they come out, as ``bcftools consensus`` does.

    Parameters
    ----------
    genome, genotypes, policy
        As in `haplotypes`.
    chrom, start, end : str, int, int
        Window, 0-based half-open.

    Returns
    -------
    sequences : list of bytes
        Distinct sequences; the first is the reference.
    carriers : int32 array, shape (S, 2)
        Index into ``sequences``; -1 where a person has no second haplotype.
    """
    policy = policy or HaplotypePolicy()
    kernels: Any = backend()
    records_in = genotypes.region(chrom, start, end)
    low = min(start, int(records_in.position.min(initial=start)))
    reach = records_in.position + records_in.ref_length
    high = max(end, int(reach.max(initial=end)))
    reference = genome.fetch_array(chrom, low, high)
    records = prepare_records(replace(records_in, start=low, end=high), reference, low, policy)
    index, unique = _unique(kernels, records.carried.after_empty())
    carried = Rows(*kernels.resolve_overlaps(records.variants, *unique))
    skipped = len(unique.values) - len(carried.values)
    refuse_overlaps(skipped, policy, records.source, f"{chrom}:{start + 1}-{end}")
    carriers = index[1:].reshape(-1, 2).copy()
    carriers[records.absent] = -1
    return kernels.consensus(records.variants, *carried, reference, low, start, end), carriers
