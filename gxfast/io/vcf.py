"""Phased genotypes from VCF or BCF: all people in one pass per region."""

from __future__ import annotations

import copy
import importlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .bgzf import check_complete, require_file, sniff
from .indexing import check_index, find_index
from .regions import parse_region

__all__ = ["GenotypeSource", "Genotypes", "VariantFile", "join_records"]

Int64Array = NDArray[np.int64]


class GenotypeSource(Protocol):
    """Genotypes in memory, or a file that reads them by region."""

    @property
    def samples(self) -> tuple[str, ...]: ...
    def region(self, chrom: str, start: int, end: int) -> Genotypes: ...


@dataclass(frozen=True, slots=True)
class Genotypes:
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

    def __len__(self) -> int:
        return len(self.position)

    def allele(self, variant: int, index: int) -> bytes:
        """Return the text of one allele; index 0 is REF."""
        at = int(self.first_allele[variant]) + index
        return self.bases[self.allele_offset[at] : self.allele_offset[at + 1]].tobytes()

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
        alleles = _ranges(self.first_allele[:-1][rows], n_alleles)
        lengths = np.diff(self.allele_offset)[alleles]
        letters = _ranges(self.allele_offset[:-1][alleles], lengths)
        return Genotypes(
            self.chrom, start, end, self.samples, self.position[rows], self.ref_length[rows],
            _offsets(n_alleles), _offsets(lengths), self.bases[letters], self.calls[rows],
            self.unphased[rows], self.passed[rows], self.source,
        )  # fmt: skip

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
            Indexed VCF.gz or BCF.
        regions : str, optional
            Needed where the file holds several contigs.
        samples : sequence of str, optional
            People to read, in this order; all by default.

        Raises
        ------
        InputError
            See `VariantFile`.
        """
        with_file = VariantFile(vcf, samples=samples)
        if regions is not None:
            chrom, start, end = parse_region(regions)
        elif len(with_file.contigs) == 1:
            chrom, start, end = with_file.contigs[0], 0, 2**31 - 2
        else:
            raise InputError(f"the file holds {len(with_file.contigs)} contigs", path=vcf, remedy="name a region")
        return with_file.region(chrom, start, end)


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
    return replace(
        first, start=start, end=end, first_allele=_offsets(n_alleles), allele_offset=_offsets(lengths), **joined
    )


def _ranges(starts: Int64Array, lengths: Int64Array) -> Int64Array:
    """Concatenate the ranges [start, start + length)."""
    if lengths.size == 0:
        return np.empty(0, np.int64)
    ends = np.cumsum(lengths)
    indices: Int64Array = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
    return indices


def _offsets(lengths: NDArray[Any]) -> Int64Array:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


class VariantFile:
    """An indexed VCF.gz or BCF, read region by region.

    Safe to share between threads and over fork: each thread opens its own handle.

    Parameters
    ----------
    vcf : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.
    reader : {"htslib", "pysam"}
        The compiled reader, or its pure-pysam twin.

    Raises
    ------
    InputError
        If the file is missing, cut off, not block-compressed, without (or with a stale) index, or if a
        sample is not in it.

    Attributes
    ----------
    samples : tuple of str
    contigs : tuple of str
        Contigs that the index knows.
    contig_lengths : dict of str to int
        Of those that the header gives one.
    """

    def __init__(self, vcf: str | Path, *, samples: Sequence[str] | None = None, reader: str = "htslib") -> None:
        self.path = Path(vcf)
        self._reader = reader
        self._local = threading.local()
        require_file(self.path, "VCF/BCF")
        if sniff(self.path) != "bgzf":
            raise InputError(
                "the VCF is not block-compressed (bgzip), so it cannot be read by region",
                path=self.path,
                remedy=f"bcftools view -Oz -o {self.path.name}.bgz.vcf.gz --write-index=tbi {self.path}",
            )
        check_complete(self.path)
        self._index = find_index(self.path)
        index_command = f"bcftools index -f -t {self.path}"
        if self._index is None:
            raise InputError("the VCF/BCF has no index (.tbi or .csi)", path=self.path, remedy=index_command)
        check_index(self.path, self._index, index_command)
        self._read_header()
        self.samples = self._choose(samples)
        self._order = self._file_order()

    def _read_header(self) -> None:
        import pysam

        previous = pysam.set_verbosity(0)
        try:
            with pysam.VariantFile(os.fspath(self.path)) as handle:
                self.all_samples = tuple(handle.header.samples)
                self._is_bcf = handle.is_bcf
                self.contigs = tuple(handle.index or ())
                self.contig_lengths = {name: one.length for name, one in handle.header.contigs.items() if one.length}
        except (OSError, ValueError) as error:
            raise InputError(
                f"the header cannot be read ({error})", path=self.path, remedy="bcftools view -h FILE"
            ) from None
        finally:
            pysam.set_verbosity(previous)
        if not self.contigs:
            # A BCF index carries no names: every contig of the header may have records.
            with pysam.VariantFile(os.fspath(self.path)) as handle:
                self.contigs = tuple(handle.header.contigs)

    def _choose(self, samples: Sequence[str] | None) -> tuple[str, ...]:
        if not self.all_samples:
            raise InputError(
                "the file has no genotypes (sites only)", path=self.path, remedy="give the VCF with the sample columns"
            )
        odd = next((name for name in self.all_samples if "," in name), None)
        if odd is not None:
            raise InputError(
                f"a sample name holds a comma ({odd!r}), which htslib takes for two names",
                path=self.path,
                remedy="rename it with: bcftools reheader -s NAMES",
            )
        if samples is None:
            return self.all_samples
        if not len(samples):
            raise InputError("no samples were chosen", path=self.path, remedy="name at least one, or leave samples out")
        known = set(self.all_samples)
        unknown = [name for name in samples if name not in known]
        if unknown:
            raise InputError(
                f"{len(unknown)} samples are not in the file, first {unknown[0]!r} "
                f"(the file has {', '.join(self.all_samples[:3])}, ...)",
                path=self.path,
                remedy="list its samples with: bcftools query -l FILE",
            )
        if len(set(samples)) != len(samples):
            raise InputError("a sample is named twice", path=self.path, remedy="name each sample once")
        return tuple(samples)

    def _file_order(self) -> Int64Array | None:
        """Where each chosen sample stands among the chosen ones in file order; None if the same."""
        chosen = set(self.samples)
        in_file = {name: i for i, name in enumerate(n for n in self.all_samples if n in chosen)}
        order = np.array([in_file[name] for name in self.samples], np.int64)
        return None if np.array_equal(order, np.arange(len(order))) else order

    def subset(self, samples: Sequence[str]) -> VariantFile:
        """Return the same file restricted to some people, without checking its index again.

        Raises
        ------
        InputError
            If a sample is not in the file, or named twice.
        """
        other = copy.copy(self)
        other._local = threading.local()
        other.samples = self._choose(samples)
        other._order = other._file_order()
        return other

    def _handle(self) -> Any:
        key = os.getpid()
        if getattr(self._local, "pid", None) != key:
            names = ",".join(self.samples).encode()
            try:
                if self._reader == "pysam":
                    from ._pysam_vcf import PysamVariantReader

                    self._local.handle = PysamVariantReader(
                        os.fsencode(self.path), self._is_bcf, names, len(self.all_samples)
                    )
                else:
                    module: Any = importlib.import_module("gxfast.io._htslib")
                    self._local.handle = module.VariantReader(
                        os.fsencode(self.path), self._is_bcf, names, len(self.all_samples)
                    )
            except OSError as error:
                raise InputError(
                    str(error), path=self.path, remedy="check the file with: bcftools view FILE > /dev/null"
                ) from None
            self._local.pid = key
        return self._local.handle

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record (reads no genotypes beyond the first block)."""
        import pysam

        with pysam.VariantFile(os.fspath(self.path)) as handle:
            return chrom in self.contigs and next(iter(handle.fetch(chrom)), None) is not None

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig.

        Raises
        ------
        InputError
            For a contig that the index does not know, a damaged record or block, calls with more than two
            alleles, allele numbers that the record does not have, or records out of order.
        """
        if chrom not in self.contigs:
            raise InputError(
                f"contig {chrom!r} is not in the VCF (it has {', '.join(self.contigs[:3])}, ...)",
                path=self.path,
                remedy="rename contigs with: bcftools annotate --rename-chrs MAP",
            )
        handle = self._handle()
        import pysam

        previous = pysam.set_verbosity(0)
        try:
            status, *columns = handle.query(chrom.encode(), max(start, 0), max(end, 0))
        finally:
            pysam.set_verbosity(previous)
        if status:
            self._fail(status, chrom, int(handle.failed_position))
        return self._assemble(chrom, start, end, *columns)

    def _assemble(self, chrom: str, start: int, end: int, *columns: bytearray) -> Genotypes:
        position, ref_length, n_alleles, lengths, bases, calls, unphased, passed = columns
        n, s = len(position) // 8, len(self.samples)
        call_array = np.frombuffer(calls, np.int8).reshape(n, s, 2)
        unphased_array = np.frombuffer(unphased, np.bool_).reshape(n, s)
        if self._order is not None:
            call_array = np.ascontiguousarray(call_array[:, self._order])
            unphased_array = np.ascontiguousarray(unphased_array[:, self._order])
        positions = np.frombuffer(position, np.int64)
        if n and positions[0] < 0:
            raise InputError(
                "POS must be at least 1", path=self.path, record=f"{chrom}:0", remedy="remove or mend the record"
            )
        return Genotypes(
            chrom, start, end, self.samples, positions, np.frombuffer(ref_length, np.int64),
            _offsets(np.frombuffer(n_alleles, np.int32)), _offsets(np.frombuffer(lengths, np.int32)),
            np.frombuffer(bases, np.uint8), call_array, unphased_array, np.frombuffer(passed, np.bool_),
            str(self.path),
        )  # fmt: skip

    def _fail(self, status: int, chrom: str, position: int) -> None:
        at = f"{chrom}:{position + 1}"
        message, record = {
            1: ("a block cannot be read: the file is damaged or cut off", f"{chrom} (after {at})"),
            2: ("a record cannot be parsed", f"{chrom} (at or after {at})"),
            3: ("the record has no GT field", at),
            4: ("a GT names an allele that the record does not have (or more than 126 alleles)", at),
            5: ("a GT has more than two alleles; gxfast handles haploid and diploid calls", at),
            6: ("a record does not have one column per sample", f"{chrom} (after {at})"),
            7: ("records are not sorted by position", at),
        }.get(status, ("out of memory while reading", chrom))
        remedy = {
            3: "give the file with phased calls; where there are dosages or likelihoods (DS, GP) only, have the "
            "imputation write GT too",
            7: "sort with: bcftools sort -Oz --write-index=tbi",
        }.get(status, "check the file with: bcftools view FILE > /dev/null")
        raise InputError(message, path=self.path, record=record, remedy=remedy)
