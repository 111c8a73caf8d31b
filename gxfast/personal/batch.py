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

from .._objects import Brief, options_of, plural
from .._threads import resolve_threads
from ..errors import InputError
from ..io.fasta import Genome
from ..io.vcf import GenotypeSource
from ..kernels import backend
from ..kernels.arguments import MOST, truths, whole_number, whole_numbers
from ..kernels.streaming import aligned_array
from ..types import Windows
from .alleles import Rows
from .policy import HaplotypePolicy, policy_for, refuse_draws, refuse_overlaps
from .records import prepare_records, settle_phase
from .windows import Source, WindowHaplotypes, plan_window, unique_rows

__all__ = ["HaplotypeBatch", "HaplotypePolicy", "checked_windows", "consensus", "haplotypes", "window_plan"]

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class HaplotypeBatch(Brief):
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

    def _facts(self) -> str:
        n, length = self.sequences.shape
        size = f"{plural(len(self.carriers), 'window')}, {len(self.samples)} people"
        return f"{plural(n, 'sequence')} of {length} bases, {size}"

    def __dlpack__(self, **options: Any) -> Any:
        """Hand ``sequences`` to another library without a copy: ``torch.from_dlpack(batch)``."""
        return self.sequences.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return where ``sequences`` are: in the memory of the CPU."""
        return self.sequences.__dlpack_device__()


def haplotypes(
    genome: Genome,
    genotypes: Source,
    windows: Windows,
    *,
    anchor: str | None = None,
    policy: HaplotypePolicy | None = None,
    positions: bool = False,
    max_mem: int | None = None,
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
    max_mem : int, optional
        Bytes of dense genotypes to hold while reading; more are read block by block.
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

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> card = gx.Model(cohort.model, device="cpu").card
    >>> windows = gx.model_windows(card, gx.read_genes(cohort.genes))
    >>> people = gx.haplotypes(gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf), windows)
    >>> people.sequences.shape, people.carriers.shape
    ((80, 2048), (9, 20, 2))
    >>> people.n_haplotypes.tolist()
    [6, 7, 11, 9, 11, 9, 1, 12, 14]
    """
    policy = policy_for(genotypes, policy)
    refuse_draws(policy)
    threads = resolve_threads(n_threads)
    windows = checked_windows(windows)
    plans = [window_plan(genome, genotypes, windows, w, anchor, policy, max_mem) for w in range(len(windows))]
    return _join(plans, windows, genotypes.samples, positions, threads)


def window_plan(
    genome: Genome, genotypes: Source, windows: Windows, w: int, anchor: str | None, policy: HaplotypePolicy,
    max_mem: int | None,
) -> WindowHaplotypes:  # fmt: skip
    """Find the distinct haplotypes of one of some windows that were checked; arguments as of `haplotypes`."""
    return plan_window(
        genome, genotypes, windows.chrom[w], int(windows.start[w]), windows.length,
        _anchor_of(windows, w, anchor), bool(windows.reverse[w]), policy, max_mem,
    )  # fmt: skip


def checked_windows(windows: Windows) -> Windows:
    """Return windows with the arrays that they document; InputError where one does not fit."""
    shape = (len(windows),)
    start = whole_numbers(windows.start, "windows.start", shape)
    anchor = whole_numbers(windows.anchor, "windows.anchor", shape)
    if start.size and not -MOST <= start.min() <= start.max() <= MOST:
        raise InputError(f"windows.start must be positions on a contig, found {start.min()} to {start.max()}")
    length = whole_number(windows.length, "windows.length", 1)
    return replace(
        windows, length=length, start=start, anchor=anchor, reverse=truths(windows.reverse, "windows.reverse", shape)
    )


def _anchor_of(windows: Windows, w: int, anchor: str | None) -> int:
    start = int(windows.start[w])
    if anchor is None:
        return int(windows.anchor[w])
    if anchor not in ("start", "end"):
        raise InputError(f"anchor must be None, 'start' or 'end', found {anchor!r}")
    return start if anchor == "start" else start + windows.length - 1


def _join(
    plans: Sequence[WindowHaplotypes], windows: Windows, samples: tuple[str, ...], positions: bool, n_threads: int
) -> HaplotypeBatch:
    sizes = [len(plan) for plan in plans]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    sequences = aligned_array((int(first[-1]), windows.length), np.uint8)
    position_map = np.empty(sequences.shape, np.int64) if positions else None
    carriers = np.empty((len(plans), len(samples), 2), np.int32)
    counts: Counter[str] = Counter()
    for w, plan in enumerate(plans):
        rows = slice(first[w], first[w + 1])
        plan.write_letters(sequences[rows], 0, n_threads)
        if position_map is not None:
            plan.write_positions(position_map[rows], n_threads)
        carriers[w] = np.where(plan.carriers >= 0, plan.carriers + first[w], -1)
        counts.update(plan.counts)
    return HaplotypeBatch(
        sequences,
        np.repeat(np.arange(len(plans), dtype=np.int32), sizes),
        carriers,
        samples,
        np.array([plan.n_variants for plan in plans], np.int64),
        np.array([plan.n_haplotypes for plan in plans], np.int64),
        dict(sorted(counts.items())),
        position_map,
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
    policy = options_of(HaplotypePolicy, policy, "policy")
    refuse_draws(policy)
    kernels: Any = backend()
    start, end = whole_number(start, "start", -MOST), whole_number(end, "end", -MOST)
    records_in = genotypes.region(chrom, start, end)
    low = min(start, int(records_in.position.min(initial=start)))
    reach = records_in.position + records_in.ref_length
    high = max(end, int(reach.max(initial=end)))
    reference = genome.fetch_array(chrom, low, high)
    records = prepare_records(
        replace(records_in, start=low, end=high), reference, low, policy, contig_end=genome.contigs[chrom]
    )
    known = records.known.put_into(reference, low)
    phased = settle_phase(records, genotypes.samples, policy, chrom, (start, end))
    index, unique = unique_rows(phased.after_empty())
    carried = Rows(*kernels.resolve_overlaps(records.variants, *unique))
    skipped = len(unique.values) - len(carried.values)
    refuse_overlaps(skipped, policy, records.source, f"{chrom}:{start + 1}-{end}")
    carriers = index[1:].reshape(-1, 2).copy()
    if known is not reference:
        # Who carries no variant has the bases that REF knows, and the reference has not.
        carriers[carriers == 0] = carried.n
        carried = carried.with_empty()
    carriers[records.haploid.absent(low, high)] = -1
    found: list[bytes] = kernels.consensus(records.variants, *carried, known, low, start, end)
    if known is not reference:
        found[:1] = kernels.consensus(records.variants, *carried.take(np.arange(1)), reference, low, start, end)
    return found, carriers
