"""Phased variants of a stretch of one contig in memory, sparse per haplotype: read once, cut any window from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, options_of, plural
from .._threads import resolve_threads
from ..encode.edits import Edits
from ..encode.one_hot import one_hot_table, output_array, reverse_complement_in_place
from ..errors import InputError
from ..io.fasta import Genome
from ..io.vcf import GenotypeSource
from ..kernels import backend
from ..kernels.arguments import MOST, whole_number, whole_numbers
from ..kernels.streaming import stream_from
from .alleles import Rows
from .blocks import concatenate, read_blocks
from .phase import refuse_several_sets, several_sets
from .policy import HaplotypePolicy, refuse_draws, refuse_overlaps
from .records import PreparedRecords, settle_phase

__all__ = ["FIRST_MARGIN", "HaplotypeStore"]

Int64Array = NDArray[np.int64]

# First guess of how much personal sequence a net deletion may draw in from beyond the window.
FIRST_MARGIN: Final = 512


class HaplotypeStore(Brief):
    """What every haplotype of a cohort carries in [start, end) of one contig.

    Made by `HaplotypeStore.read`. A `gxfast.haplotypes` source like a `VariantFile`, only that windows cost no
    reading; and the maker of sequences for all haplotypes, one row each, without looking for equal ones.

    Attributes
    ----------
    genome : Genome
    chrom : str
    start, end : int
        The stretch that was read (0-based half-open). Windows must lie in it, with a margin of 512 bases where
        indels can draw in more; past the ends of the contig nothing is missing.
    samples : tuple of str, length S
        Haplotype ``2 * person + copy`` is row ``2 * person + copy``.
    absent : bool array, shape (S, 2)
        Haplotypes that a person has nowhere in the stretch; their rows are reference.
    counts : dict of str to int
        Records and calls that met each policy.
    policy : HaplotypePolicy
    """

    def __init__(
        self, genome: Genome, chrom: str, start: int, end: int, samples: tuple[str, ...],
        records: PreparedRecords, policy: HaplotypePolicy,
    ) -> None:  # fmt: skip
        self.genome, self.chrom, self.start, self.end = genome, chrom, start, end
        self.samples, self.policy = samples, policy
        self.absent, self.counts = records.haploid.absent(start, end), dict(sorted(records.counts.items()))
        self._records = records
        record = np.repeat(np.arange(len(records)), np.diff(records.table[2]))
        # Alleles that are not as long as what they replace: without them a window needs nothing from beyond.
        self._shifts = np.diff(records.table[3]) != records.table[1][record]
        self._last_reference: tuple[tuple[int, int], NDArray[np.uint8]] | None = None

    @classmethod
    def read(
        cls,
        genome: Genome,
        genotypes: GenotypeSource,
        chrom: str,
        start: int = 0,
        end: int | None = None,
        *,
        policy: HaplotypePolicy | None = None,
        max_mem: int | None = None,
    ) -> HaplotypeStore:
        """Read a stretch of a contig, in blocks.

        Parameters
        ----------
        genome : Genome
        genotypes : VariantFile, VariantFileSet or Genotypes
        chrom : str
        start, end : int
            0-based half-open; the whole contig by default.
        policy : HaplotypePolicy, optional
        max_mem : int, optional
            Bytes that reading may use beside the store itself; blocks shrink to fit.

        Raises
        ------
        InputError
            For whatever the policy refuses, an unknown contig, or blocks that cannot be made small enough.
        """
        policy = options_of(HaplotypePolicy, policy, "policy")
        refuse_draws(policy)
        if chrom not in genome.contigs:
            genome.fetch_array(chrom, 0, 0)  # words the error
        end = genome.contigs[chrom] if end is None else end
        if not 0 <= start <= end:
            raise InputError(f"need 0 <= start <= end, found {start} and {end}")
        parts = list(read_blocks(genome, genotypes, chrom, start, end, policy, max_mem))
        return cls(genome, chrom, start, end, genotypes.samples, concatenate(parts), policy)

    def __len__(self) -> int:
        return len(self._records)

    def _facts(self) -> str:
        where = f"{self.chrom}:{self.start + 1}-{self.end}"
        return f"{where}, {plural(len(self), 'record')}, {len(self.samples)} people, {self.nbytes} bytes"

    @property
    def n_haplotypes(self) -> int:
        """Number of rows: two per person."""
        return 2 * len(self.samples)

    @property
    def nbytes(self) -> int:
        """Bytes held: 4 per alternative allele carried, and the variant table."""
        arrays: list[NDArray[Any]] = [*self._records.carried, *self._records.table]
        return sum(array.nbytes for array in arrays)

    def records_in(self, chrom: str, low: int, high: int) -> PreparedRecords:
        """Return the part of the store that touches [low, high): what `gxfast.haplotypes` reads.

        Raises
        ------
        InputError
            For another contig, or a stretch that was not read.
        """
        return self._part(chrom, low, high, np.arange(self.n_haplotypes))

    def _part(self, chrom: str, low: int, high: int, chosen: Int64Array) -> PreparedRecords:
        length = self.genome.contigs[self.chrom]
        if chrom != self.chrom or max(low, 0) < self.start or min(high, length) > self.end:
            raise InputError(
                f"{chrom}:{low + 1}-{high} was not read: the store holds {self.chrom}:{self.start + 1}-{self.end}",
                remedy="read the whole contig, or windows with a margin for deletions",
            )
        records = self._records
        kernels: Any = backend()
        rows = kernels.rows_in_window(records.variants, *records.carried, chosen, low, high)
        return PreparedRecords(
            records.table, records.variants, Rows(*rows), records.haploid, Counter(), records.source, records.known,
            phase=None if records.phase is None else records.phase.within(low, high),
        )  # fmt: skip

    def _phased(self, low: int, high: int, core: tuple[int, int], chosen: Int64Array) -> PreparedRecords:
        """As `_part`, with the phase sets joined; several sets of one person in the core are refused."""
        if self._records.phase is None:
            return self._part(self.chrom, low, high, chosen)
        part = self._part(self.chrom, low, high, np.arange(self.n_haplotypes))
        rows = settle_phase(part, self.samples, self.policy, self.chrom, core, np.unique(chosen // 2))
        return replace(part, carried=rows.take(chosen))

    def _refuse_several_sets(self, part: PreparedRecords, window: _Window, chosen: Int64Array) -> None:
        """Refuse what a deletion draws in from another phase set."""
        if part.phase is None or self.policy.phase != "error":
            return
        several = several_sets(part.phase, chosen // 2, window.extents())
        if several is not None:
            refuse_several_sets(several, self.samples, part.source, self.chrom, part.describe)

    def letters(
        self,
        start: int,
        end: int,
        *,
        anchor: int | None = None,
        haplotypes: Sequence[int] | Int64Array | None = None,
        reverse_complement: bool = False,
        out: NDArray[np.uint8] | None = None,
        n_threads: int = 1,
    ) -> NDArray[np.uint8]:
        """Write the sequence of every haplotype in a window, exactly ``end - start`` bases each.

        Parameters
        ----------
        start, end : int
            Window on the reference, 0-based half-open.
        anchor : int, optional
            Reference position that keeps its index in every sequence; ``start`` by default.
        haplotypes : int array, shape (H,), optional
            Rows wanted (``2 * person + copy``); all by default.
        reverse_complement : bool
        out : uint8 array, shape (H, L), optional
        n_threads : int
            0 = all that this process may use. The result is the same for any number.

        Returns
        -------
        uint8 array, shape (H, L)
            Upper-case letters.

        Raises
        ------
        InputError
            For a window outside the store, or an ``out`` that does not fit.
        """
        window = self._window(start, end, anchor, haplotypes)
        result: NDArray[np.uint8] = output_array(out, (window.rows.n, end - start), "uint8")
        backend().haplotype_bases(*window.arguments, result, resolve_threads(n_threads))
        if reverse_complement:
            reverse_complement_in_place(result, resolve_threads(n_threads))
        return result

    def one_hot(
        self,
        start: int,
        end: int,
        *,
        anchor: int | None = None,
        haplotypes: Sequence[int] | Int64Array | None = None,
        layout: str = "NLC",
        dtype: str = "float32",
        unknown: str = "zero",
        channels: str = "ACGT",
        reverse_complement: bool = False,
        out: NDArray[Any] | None = None,
        n_threads: int = 1,
    ) -> NDArray[Any]:
        """Write the one-hot encoding of every haplotype in a window.

        Arguments as in `letters` and `gxfast.one_hot`; the letters are A, C, G, T, N and whatever IUPAC codes
        the reference has, which count as unknown.

        Returns
        -------
        array, shape (H, L, 4), (H, 4, L) or (H, 4, 1, L)
        """
        window = self._window(start, end, anchor, haplotypes)
        encode = _Encoding(end - start, layout, dtype, unknown, channels, reverse_complement, n_threads)
        return encode(window, out)

    def one_hot_batches(
        self,
        start: int,
        end: int,
        *,
        batch_size: int = 1,
        anchor: int | None = None,
        haplotypes: Sequence[int] | Int64Array | None = None,
        layout: str = "NLC",
        dtype: str = "float32",
        unknown: str = "zero",
        channels: str = "ACGT",
        reverse_complement: bool = False,
        n_threads: int = 1,
    ) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Encode haplotypes batch by batch into one buffer, which stays in the cache if it is small.

        Parameters
        ----------
        batch_size : int
            Haplotypes per batch.
        start, end, haplotypes, anchor, layout, dtype, unknown, channels, reverse_complement, n_threads
            As in `one_hot`.

        Yields
        ------
        rows : slice
            Which of the chosen haplotypes the batch holds.
        batch : array, shape (B, L, 4) or by layout
            A view of the buffer: the next step overwrites it.
        """
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, found {batch_size}")
        window = self._window(start, end, anchor, haplotypes)
        encode = _Encoding(end - start, layout, dtype, unknown, channels, reverse_complement, n_threads)
        buffer = None
        for first in range(0, window.rows.n, batch_size):
            last = min(window.rows.n, first + batch_size)
            batch = encode(window.take(first, last), None if buffer is None else buffer[: last - first])
            buffer = batch if buffer is None else buffer
            yield slice(first, last), batch

    def edits(
        self,
        start: int,
        end: int,
        *,
        haplotypes: Sequence[int] | Int64Array | None = None,
        reverse_complement: bool = False,
    ) -> Edits:
        """Return where each haplotype differs from the reference, for `gxfast.EditedBatches`.

        Raises
        ------
        InputError
            If a variant in the window is not a substitution of one base: positions would shift.
        """
        start, end = whole_number(start, "start", -MOST), whole_number(end, "end", -MOST)
        if not start < end:
            raise InputError(f"need start < end, found {start} and {end}")
        part = self._phased(start, end, (start, end), self._chosen(haplotypes))
        rows = Rows(*backend().resolve_overlaps(part.variants, *part.carried))
        skipped = len(part.carried.values) - len(rows.values)
        refuse_overlaps(skipped, self.policy, part.source, f"{self.chrom}:{start + 1}-{end}")
        position, ref_length, first_allele, offset, bases = self._records.table
        allele = rows.values
        record = np.searchsorted(first_allele, allele, side="right") - 1
        odd = np.flatnonzero((ref_length[record] != 1) | (np.diff(offset)[allele] != 1))
        if odd.size:
            at = int(position[record[odd[0]]])
            raise InputError(
                "the variant is not a substitution of one base, so positions shift",
                path=self._records.source,
                record=f"{self.chrom}:{at + 1}",
                remedy="read the store with HaplotypePolicy(variants='snv'), or use one_hot",
            )
        edits = Edits(rows.offset, position[record] - start, bases[offset[allele]])
        return edits.reverse_complement(end - start) if reverse_complement else edits

    def reference(self, start: int, end: int, *, reverse_complement: bool = False) -> NDArray[np.uint8]:
        """Return the letters of the reference in a window, shape (L,)."""
        start, end = whole_number(start, "start", -MOST), whole_number(end, "end", -MOST)
        letters = self._records.known.put_into(self.genome.fetch_array(self.chrom, start, end), start)
        if reverse_complement:
            reverse_complement_in_place(letters[np.newaxis], 1)
        return letters

    def _chosen(self, haplotypes: Sequence[int] | Int64Array | None) -> Int64Array:
        if haplotypes is None:
            return np.arange(self.n_haplotypes)
        chosen = whole_numbers(haplotypes, "haplotypes", ("H",))
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < self.n_haplotypes:
            raise InputError(f"haplotypes must lie in 0 to {self.n_haplotypes - 1}")
        return chosen

    def _window(
        self, start: int, end: int, anchor: int | None, haplotypes: Sequence[int] | Int64Array | None
    ) -> _Window:
        start, end = whole_number(start, "start", -MOST), whole_number(end, "end", -MOST)
        anchor = start if anchor is None else whole_number(anchor, "anchor", -MOST)
        if not start < end or not start <= anchor < end:
            raise InputError(f"need start <= anchor < end, found {start}, {anchor}, {end}")
        chosen = self._chosen(haplotypes)
        margin = 0 if self.policy.variants == "snv" else FIRST_MARGIN
        while True:
            low, high = start - margin, end + margin
            part = self._phased(low, high, (start, end), chosen)
            rows = Rows(*backend().resolve_overlaps(part.variants, *part.carried))
            skipped = len(part.carried.values) - len(rows.values)
            refuse_overlaps(skipped, self.policy, part.source, f"{self.chrom}:{start + 1}-{end}")
            window = _Window(
                part.variants, rows, self._reference_of(low, high), low, anchor, anchor - start, end - anchor
            )
            missing = window.missing(high) if self._shifts[rows.values].any() else 0
            if missing == 0:
                self._refuse_several_sets(part, window, chosen)
                return window
            margin += missing + FIRST_MARGIN

    def _reference_of(self, low: int, high: int) -> NDArray[np.uint8]:
        """The reference of the last window asked for is kept: people are often asked for in turn."""
        last = self._last_reference
        if last is None or last[0] != (low, high):
            last = (low, high), self._records.known.put_into(self.genome.fetch_array(self.chrom, low, high), low)
            self._last_reference = last
        return last[1]


class _Window(NamedTuple):
    """Haplotypes cut to one window: what the kernels are told."""

    variants: Any
    rows: Rows
    reference: NDArray[np.uint8]
    low: int
    anchor: int
    left: int
    right: int

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.variants, *self.rows, *self[2:]

    def take(self, first: int, last: int) -> _Window:
        """Some of the haplotypes."""
        return self._replace(rows=Rows(self.rows.offset[first : last + 1], self.rows.values))

    def extents(self) -> Int64Array:
        """Reference interval of each haplotype, and whether its anchor is deleted."""
        extents = np.empty((self.rows.n, 3), np.int64)
        backend().haplotype_extents(*self.arguments, extents)
        return extents

    def missing(self, high: int) -> int:
        """Reference bases that some haplotype needs beyond [low, high)."""
        if not self.rows.n:
            return 0
        extents = self.extents()
        return max(self.low - int(extents[:, 0].min()), int(extents[:, 1].max()) - high, 0)


class _Encoding:
    """How the haplotypes of one window are encoded."""

    def __init__(
        self, length: int, layout: str, dtype: str, unknown: str, channels: str, reverse: bool, n_threads: int
    ) -> None:
        self._table, shape = one_hot_table(1, length, layout, dtype, unknown, channels, reverse)
        self._shape, self._dtype = shape[1:], dtype
        self._channels_first, self._reverse = layout != "NLC", reverse
        self._threads = resolve_threads(n_threads)

    def __call__(self, window: _Window, out: NDArray[Any] | None) -> NDArray[Any]:
        result = output_array(out, (window.rows.n, *self._shape), self._dtype)
        backend().haplotype_one_hot(
            *window.arguments, self._table, self._channels_first, self._reverse, result.nbytes >= stream_from(),
            result.reshape(-1).view(self._table.dtype), self._threads,
        )  # fmt: skip
        return result
