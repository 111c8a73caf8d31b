"""Genotypes of one stretch in memory, and how stretches are cut and joined."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from ..errors import InputError
from .regions import parse_region

__all__ = ["GenotypeSource", "Genotypes", "join_records", "offsets_of", "ranges_of"]

Int64Array = NDArray[np.int64]


class GenotypeSource(Protocol):
    """Genotypes in memory, or a file that reads them by region."""

    @property
    def samples(self) -> tuple[str, ...]: ...
    def region(self, chrom: str, start: int, end: int) -> Genotypes: ...


@dataclass(frozen=True, slots=True, repr=False)
class Genotypes(Brief):
    """Variants of one contig with the alleles that each person carries.

    Attributes
    ----------
    chrom : str
    start, end : int
        The region read (0-based half-open): every record that overlaps it is here.
    samples : tuple of str, length S
    position : int64 array, shape (V,)
        0-based position of the first REF base, ascending.
    ref_length : int64 array, shape (V,)
        Reference bases covered (REF, or END for symbolic alleles).
    first_allele : int64 array, shape (V + 1,)
        Index of each record's REF among all alleles; its ALTs follow.
    allele_offset : int64 array, shape (A + 1,)
        Offsets of the alleles in ``bases``.
    bases : uint8 array
        Allele text of all alleles, REF first, concatenated.
    calls : int8 array, shape (V, S, 2)
        Allele index per haplotype; -1 missing, -2 no second haplotype (haploid call).
    unphased : bool array, shape (V, S)
        Heterozygous calls whose order is not given (``0/1``).
    passed : bool array, shape (V,)
        FILTER is ``PASS`` or ``.``.
    source : str
        The file, for messages.
    phase_set : int64 array, shape (V, S), or None
        Calls of one person with the same number are phased with each other; 0 is the set of the whole contig (and
        of calls that have no phase: homozygous, haploid or unphased ones). None where no record names a set.
    spans : int64 array, shape (A,), or None
        Reference bases that each allele replaces: INFO says so for ``<DEL>``, ``<CN0>`` and ``<CNV:TR>``, REF for
        all others. None where REF says so for all.
    """

    chrom: str
    start: int
    end: int
    samples: tuple[str, ...]
    position: Int64Array
    ref_length: Int64Array
    first_allele: Int64Array
    allele_offset: Int64Array
    bases: NDArray[np.uint8]
    calls: NDArray[np.int8]
    unphased: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    source: str = ""
    phase_set: Int64Array | None = None
    spans: Int64Array | None = None

    def __len__(self) -> int:
        return len(self.position)

    def _facts(self) -> str:
        where = f"{self.chrom}:{self.start + 1}-{self.end}"
        return f"{where}, {plural(len(self), 'variant')}, {len(self.samples)} people"

    def allele(self, variant: int, index: int) -> bytes:
        """Return the text of one allele; index 0 is REF."""
        at = int(self.first_allele[variant]) + index
        return self.bases[self.allele_offset[at] : self.allele_offset[at + 1]].tobytes()

    def alleles(self, variant: int) -> tuple[str, ...]:
        """Return the texts of all alleles of a record, upper-case; REF first."""
        n = int(self.first_allele[variant + 1] - self.first_allele[variant])
        return tuple(self.allele(variant, i).decode("ascii", "replace").upper() for i in range(n))

    def all_alleles(self) -> list[str]:
        """Return the texts of all alleles of all records, upper-case: those of one begin at its ``first_allele``."""
        letters = self.bases.tobytes().decode("ascii", "replace").upper()
        at = self.allele_offset.tolist()
        return [letters[first:last] for first, last in pairwise(at)]

    def describe(self, variant: int) -> str:
        """Return ``chrom:pos REF>ALT`` (1-based) for messages."""
        n = int(self.first_allele[variant + 1] - self.first_allele[variant])
        texts = [self.allele(variant, i).decode("ascii", "replace")[:20] for i in range(n)]
        return f"{self.chrom}:{self.position[variant] + 1} {texts[0]}>{','.join(texts[1:]) or '.'}"

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Return the records that overlap [start, end), which must lie inside the region read.

        Raises
        ------
        InputError
            If the region was not read.
        """
        if chrom != self.chrom or max(start, 0) < self.start or end > self.end:
            raise InputError(
                f"{chrom}:{start + 1}-{end} lies outside the genotypes at hand "
                f"({self.chrom}:{self.start + 1}-{self.end})",
                remedy="read a wider region, or pass a gxfast.VariantFile to read on demand",
            )
        keep = np.flatnonzero((self.position < end) & (self.position + np.maximum(self.ref_length, 1) > start))
        return self.take(keep, start, end)

    def take(self, rows: Int64Array, start: int, end: int) -> Genotypes:
        """Return the records ``rows`` (ascending) as the genotypes of region [start, end)."""
        n_alleles = np.diff(self.first_allele)[rows]
        alleles = ranges_of(self.first_allele[:-1][rows], n_alleles)
        lengths = np.diff(self.allele_offset)[alleles]
        letters = ranges_of(self.allele_offset[:-1][alleles], lengths)
        taken = Genotypes(
            self.chrom, start, end, self.samples, self.position[rows], self.ref_length[rows],
            offsets_of(n_alleles), offsets_of(lengths), self.bases[letters], self.calls[rows],
            self.unphased[rows], self.passed[rows], self.source,
            None if self.phase_set is None else self.phase_set[rows],
            None if self.spans is None else self.spans[alleles],
        )  # fmt: skip
        return taken.without_empty()

    def people(self, columns: Int64Array, samples: tuple[str, ...]) -> Genotypes:
        """Return the same records of some of the people, named ``samples``."""
        taken: Any = {
            name: None if values is None else np.ascontiguousarray(values[:, columns])
            for name in ("calls", "unphased", "phase_set")
            for values in (getattr(self, name),)
        }
        return replace(self, samples=samples, **taken).without_empty()

    def without_empty(self) -> Genotypes:
        """Return the same with None for phase sets and spans that say nothing."""
        changed: Any = {}
        if self.phase_set is not None and not self.phase_set.any():
            changed["phase_set"] = None
        if self.spans is not None and np.array_equal(self.spans, replace(self, spans=None).allele_spans()):
            changed["spans"] = None
        return replace(self, **changed) if changed else self

    @property
    def nbytes(self) -> int:
        """Bytes of what grows with the records."""
        arrays = (self.calls, self.unphased, self.bases, self.position, self.phase_set, self.spans)
        return sum(array.nbytes for array in arrays if array is not None)

    def allele_spans(self) -> Int64Array:
        """Return ``spans``, worked out from REF where INFO says nothing."""
        if self.spans is not None:
            return self.spans
        lengths = np.diff(self.allele_offset)[self.first_allele[:-1]]
        return np.repeat(lengths, np.diff(self.first_allele))

    @classmethod
    def from_vcf(
        cls,
        vcf: str | Path,
        *,
        regions: str | None = None,
        samples: Sequence[str] | None = None,
    ) -> Genotypes:
        """Read one region (``chr:beg-end``, 1-based inclusive), or a whole file of one contig.

        Parameters
        ----------
        vcf : str or Path
            Indexed VCF.gz or BCF, PGEN, or VCF Zarr store.
        regions : str, optional
            Needed where the file holds several contigs.
        samples : sequence of str, optional
            People to read, in this order; all by default.

        Raises
        ------
        InputError
            See `VariantFile`.
        """
        # The readers are written in terms of this class.
        module: Any = importlib.import_module("gxfast.io.variants")
        with_file = module.open_variants(vcf, samples=samples)
        if regions is not None:
            chrom, start, end = parse_region(regions)
        elif len(with_file.contigs) == 1:
            chrom, start, end = with_file.contigs[0], 0, 2**31 - 2
        else:
            raise InputError(f"the file holds {len(with_file.contigs)} contigs", path=vcf, remedy="name a region")
        found: Genotypes = with_file.region(chrom, start, end)
        return found


def join_records(parts: Sequence[Genotypes], start: int, end: int) -> Genotypes:
    """Return the records that overlap [start, end), from adjacent stretches of one file that cover it.

    A record that reaches from one stretch into the next is taken from the first.
    """
    found = []
    for i, part in enumerate(parts):
        mine = (part.position < end) & (part.position + np.maximum(part.ref_length, 1) > start)
        if i:
            mine &= part.position >= part.start
        found.append(part if mine.all() else part.take(np.flatnonzero(mine), part.start, part.end))
    if len(found) == 1:
        return found[0]
    first = found[0]
    n_alleles = np.concatenate([np.diff(part.first_allele) for part in found])
    lengths = np.concatenate([np.diff(part.allele_offset) for part in found])
    joined: Any = {
        name: np.concatenate([getattr(part, name) for part in found])
        for name in ("position", "ref_length", "bases", "calls", "unphased", "passed")
    }
    if any(part.phase_set is not None for part in found):
        none = [np.zeros(part.unphased.shape, np.int64) for part in found]
        joined["phase_set"] = np.concatenate(
            [empty if part.phase_set is None else part.phase_set for part, empty in zip(found, none, strict=True)]
        )
    if any(part.spans is not None for part in found):
        joined["spans"] = np.concatenate([part.allele_spans() for part in found])
    return replace(
        first, start=start, end=end, first_allele=offsets_of(n_alleles), allele_offset=offsets_of(lengths), **joined
    )


def ranges_of(starts: Int64Array, lengths: Int64Array) -> Int64Array:
    """Return the numbers of the ranges [start, start + length), one range after the other."""
    if lengths.size == 0:
        return np.empty(0, np.int64)
    ends = np.cumsum(lengths)
    indices: Int64Array = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
    return indices


def offsets_of(lengths: NDArray[Any]) -> Int64Array:
    """Return where each of some consecutive things begins, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
