"""Phased genotypes from VCF or BCF: all people in one pass per region."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import PerThread
from ..errors import InputError
from .bgzf import check_complete, htslib_name, require_file, sniff
from .genotypes import Genotypes, GenotypeSource, join_records, offsets_of
from .htslib import compiled_readers
from .htslib_log import htslib_told
from .indexing import verified_index
from .sources import GenotypeFile, named_people, order_in_file
from .symbols import describe
from .tables.text import check_id
from .vcf_dosages import ImputedFile, imputed_fields, without_calls

__all__ = ["GenotypeSource", "Genotypes", "VariantFile", "join_records"]

Int64Array = NDArray[np.int64]
# Statuses of a reader: it met a record without GT, or records out of order.
_NO_CALLS: Final = 3
_UNSORTED: Final = 7


class VariantFile(GenotypeFile):
    """An indexed VCF.gz or BCF, read region by region.

    Safe to share between threads and over fork: each thread opens its own handle.

    Parameters
    ----------
    vcf : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.
    reader : {"htslib", "pysam"}
        The compiled reader (its twin, with a warning, where it does not load), or its pure-pysam twin.

    Raises
    ------
    InputError
        If the file is missing, cut off, not block-compressed, without (or with a stale) index, with two
        indices that do not agree, or if a sample is not in it.

    Attributes
    ----------
    samples : tuple of str
    contigs : tuple of str
        Contigs that the index knows.
    contig_lengths : dict of str to int
        Of those that the header gives one.
    index : Path
        The index by which it is read.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> people = gx.VariantFile(cohort.vcf, samples=["person02", "person01"])
    >>> found = people.region("chr1", 0, 400)
    >>> found.position.tolist(), found.calls.shape
    ([165, 310, 326, 381], (4, 2, 2))
    """

    def __init__(self, vcf: str | Path, *, samples: Sequence[str] | None = None, reader: str = "htslib") -> None:
        self.path = Path(vcf)
        self._reader = reader
        self._local = PerThread()
        require_file(self.path, "VCF/BCF")
        if sniff(self.path) != "bgzf":
            raise InputError(
                "the VCF is not block-compressed (bgzip), so it cannot be read by region",
                path=self.path,
                remedy=f"bcftools view -Oz -o {self.path.name}.bgz.vcf.gz --write-index=tbi {self.path}",
            )
        check_complete(self.path)
        self.index = verified_index(self.path)
        self._read_header()
        self.samples = self._choose(samples)
        for what, names in (("contig", self.contigs), ("sample", self.all_samples)):
            for name in names:
                check_id(name, what, self.path)
        self._order = order_in_file(self.all_samples, self.samples)

    def _read_header(self) -> None:
        try:
            with htslib_told(self.path), self.opened() as handle:
                self.all_samples = tuple(handle.header.samples)
                self._is_bcf = handle.is_bcf
                self._version = str(handle.header.version)
                # A BCF index carries no names: every contig of the header may have records.
                self.contigs = tuple(handle.index or ()) or tuple(handle.header.contigs)
                self.contig_lengths = {name: one.length for name, one in handle.header.contigs.items() if one.length}
        except (OSError, ValueError) as error:
            raise InputError(
                f"the header cannot be read ({error})", path=self.path, remedy="bcftools view -h FILE"
            ) from None

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
        return named_people(self.all_samples, samples, self.path, "bcftools query -l FILE")

    def subset(self, samples: Sequence[str]) -> VariantFile:
        """Return the same file restricted to some people, without checking its index again.

        Raises
        ------
        InputError
            If a sample is not in the file, or named twice.
        """
        other = copy.copy(self)
        other._local = PerThread()
        other.samples = self._choose(samples)
        other._order = order_in_file(other.all_samples, other.samples)
        return other

    def opened(self, **options: Any) -> Any:
        """Open the file with pysam, by the index that was verified."""
        import pysam

        return pysam.VariantFile(htslib_name(self.path), index_filename=htslib_name(self.index), **options)

    def _handle(self) -> Any:
        key = os.getpid()
        if getattr(self._local, "pid", None) != key:
            names = ",".join(self.samples).encode()
            try:
                files = os.fsencode(htslib_name(self.path)), os.fsencode(htslib_name(self.index))
                compiled = compiled_readers() if self._reader == "htslib" else None
                if compiled:
                    self._local.handle = compiled.VariantReader(*files, self._is_bcf, names, len(self.all_samples))
                else:
                    from ._pysam_vcf import PysamVariantReader

                    self._local.handle = PysamVariantReader(*files, self._is_bcf, names, len(self.all_samples))
            except OSError as error:
                raise InputError(
                    str(error), path=self.path, remedy="check the file with: bcftools view FILE > /dev/null"
                ) from None
            self._local.pid = key
        return self._local.handle

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record (reads no genotypes beyond the first block)."""
        with self.opened() as handle:
            return chrom in self.contigs and next(iter(handle.fetch(chrom)), None) is not None

    def require_readable(self, chrom: str) -> None:
        """Refuse nothing: a VCF says of each call what it is."""

    def imputed(self, samples: Sequence[str], field: str) -> ImputedFile:
        """Return the dosages of some people, by DS or GP."""
        return ImputedFile(self.path, samples, field, index=self.index)

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
        position, ref_length, n_alleles, lengths, bases, calls, unphased, passed, sets, info = columns
        n, s = len(position) // 8, len(self.samples)
        positions = np.frombuffer(position, np.int64)
        if n and positions[0] < 0:
            raise InputError(
                "POS must be at least 1", path=self.path, record=f"{chrom}:0", remedy="remove or mend the record"
            )
        read = Genotypes(
            chrom, start, end, self.samples, positions, np.frombuffer(ref_length, np.int64),
            offsets_of(np.frombuffer(n_alleles, np.int32)), offsets_of(np.frombuffer(lengths, np.int32)),
            np.frombuffer(bases, np.uint8), np.frombuffer(calls, np.int8).reshape(n, s, 2),
            np.frombuffer(unphased, np.bool_).reshape(n, s), np.frombuffer(passed, np.bool_),
            str(self.path), np.frombuffer(sets, np.int64).reshape(n, s) if sets else None,
        ).without_empty()  # fmt: skip
        if self._order is not None:
            read = read.people(self._order, self.samples)
        return describe(read, bytes(info).decode("latin-1").split("\n")[:-1], self._version) if info else read

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
        raise InputError(message, path=self.path, record=record, remedy=self._remedy(status))

    def _remedy(self, status: int) -> str:
        if status == _UNSORTED:
            return "sort with: bcftools sort -Oz --write-index=tbi"
        if status != _NO_CALLS:
            return "check the file with: bcftools view FILE > /dev/null"
        return without_calls(imputed_fields(self.path))
