"""Genotypes of a VCF Zarr store (sgkit, bio2zarr, vcztools), read by region: chunks of arrays instead of records."""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._threads import PerThread
from ..errors import InputError
from ._pysam_vcf import phase_set_number
from ._zarr_sites import ZarrSites
from ._zarr_store import ZarrReader, by_row, is_zarr, text_of
from .genotypes import Genotypes
from .pvar import Sites
from .sources import GenotypeFile, named_people
from .symbols import describe
from .tables.text import check_id
from .vcf_dosages import IMPUTED, ImputedRecords, expected_copies, lacking, without_calls

__all__ = ["VcfZarrDosages", "VcfZarrFile", "ids_of_zarr", "imputed_of_zarr", "is_zarr"]

Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]
_MOST_ALLELES: Final = 127  # that calls of int8 can name
_PLOIDY: Final = 2
_PADDING: Final = -2
_DECIMALS: Final = 6
_SETS: Final = ("call_PS", "call_PSL", "call_PID")
_AGAIN: Final = "write the store again: vcf2zarr convert NAME.vcf.gz NAME.vcz"


class VcfZarrFile(GenotypeFile):
    """A VCF Zarr store (a folder NAME.vcz or NAME.zarr, or a zip file of one), read by region; as `gxfast.VariantFile`.

    Safe to share between threads and over fork: each thread opens its own handle. Where the records are is read once,
    12 bytes of each are kept; calls are read chunk by chunk, of the chosen people.

    Parameters
    ----------
    store : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        If zarr is not installed, the path is no store of a VCF, arrays are missing, damaged or of different sizes,
        records are not sorted, or a sample is not there.

    Attributes
    ----------
    path : Path
    samples, all_samples : tuple of str
    contigs : tuple of str
        Those with records.
    contig_lengths : dict of str to int
        Of those that the store gives one.
    imputed_fields : tuple of str
        Which of DS and GP the store has.
    """

    def __init__(self, store: str | Path, *, samples: Sequence[str] | None = None) -> None:
        self.path = Path(store)
        self._local = PerThread()
        self._columns: Int64Array | None = None
        reader = self._reader()
        reader.require("variant_position")
        self.all_samples = _people(reader)
        self._sites = ZarrSites.of(reader)
        self.contigs, self.contig_lengths = tuple(self._sites.rows), self._sites.contig_lengths
        self.imputed_fields = _imputed(reader)
        self._choose(samples)

    def _choose(self, samples: Sequence[str] | None) -> None:
        self._local = PerThread()
        self.samples = named_people(self.all_samples, samples, self.path, f"vcztools query -l {self.path.name}")
        place = {name: i for i, name in enumerate(self.all_samples)}
        columns = np.array([place[name] for name in self.samples], np.int64)
        self._columns = None if self.samples == self.all_samples else columns

    def subset(self, samples: Sequence[str]) -> VcfZarrFile:
        """Return the same store restricted to some people, without reading its variants again.

        Raises
        ------
        InputError
            If a sample is not in the store, or named twice.
        """
        other = copy.copy(self)
        other._choose(samples)
        return other

    def _reader(self) -> ZarrReader:
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.reader = ZarrReader(self.path, self._columns)
            self._local.pid = os.getpid()
        reader: ZarrReader = self._local.reader
        return reader

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record."""
        return chrom in self.contigs

    def require_readable(self, chrom: str) -> None:
        """Refuse a contig of which a chunk of calls may be lost: Zarr would take it for one of reference calls.

        Raises
        ------
        InputError
        """
        reader = self._reader()
        if chrom in self.contigs and reader.has("call_genotype"):
            reader.require_whole("call_genotype", *self._sites.rows[chrom])

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig.

        Raises
        ------
        InputError
            For a contig that has no records, a chunk that is not there or damaged, a store without calls, calls with
            more than two alleles, and allele numbers that the record does not have.
        """
        rows, reader = self._rows(chrom, start, end), self._reader()
        sites = self._sites.read(reader, rows, chrom)
        calls = self._calls(reader, sites, chrom)
        unphased = (calls[:, :, 0] != calls[:, :, 1]) & (calls[:, :, 1] != _PADDING)
        if reader.has("call_genotype_phased"):
            unphased &= ~reader.rows("call_genotype_phased", rows).astype(np.bool_)
        read = Genotypes(
            chrom, start, end, self.samples, sites.position, sites.ref_length, sites.first_allele,
            sites.allele_offset, sites.bases, calls, unphased, sites.passed, str(self.path),
            _phase_sets(reader, rows, calls, unphased),
        ).without_empty()  # fmt: skip
        return describe(read, sites.info, self._sites.version) if sites.info else read

    def _rows(self, chrom: str, start: int, end: int) -> Int64Array:
        if chrom not in self.contigs:
            raise InputError(
                f"contig {chrom!r} has no records in the store (those of {', '.join(self.contigs[:3])}, ... are there)",
                path=self.path, remedy="rename contigs with bcftools annotate --rename-chrs MAP, and write it again",
            )  # fmt: skip
        return self._sites.overlapping(chrom, start, end)

    def _calls(self, reader: ZarrReader, sites: Sites, chrom: str) -> NDArray[np.int8]:
        """Calls (V, S, 2)."""
        if not reader.has("call_genotype"):
            raise InputError(
                "the store has no calls (call_genotype)", path=self.path, remedy=without_calls(self.imputed_fields)
            )
        found = reader.rows("call_genotype", sites.row.astype(np.int64))
        self._refuse_odd_calls(reader, sites, found, chrom)
        calls = np.full((*found.shape[:2], _PLOIDY), _PADDING, np.int8)
        calls[:, :, : found.shape[2]] = found[:, :, :_PLOIDY]
        return calls

    def _refuse_odd_calls(self, reader: ZarrReader, sites: Sites, found: NDArray[Any], chrom: str) -> None:
        """Refuse calls that cannot be, and those of which the store does not tell what they were."""

        def refuse(wrong: NDArray[np.bool_], message: str, remedy: str = _AGAIN) -> None:
            if wrong.any():
                record = f"{chrom}:{int(sites.position[np.argmax(wrong)]) + 1}"
                raise InputError(f"call_genotype: {message}", path=self.path, record=record, remedy=remedy)

        most = np.minimum(sites.n_alleles(), _MOST_ALLELES)
        refuse(
            found.max(axis=(1, 2), initial=-1) >= most,
            "a call names an allele that the record does not have (or more than 126 alleles)",
        )
        refuse(found.min(axis=(1, 2), initial=0) < _PADDING, f"a call is less than {_PADDING}")
        refuse((found[:, :, 0] == _PADDING).any(axis=1), "a call has no alleles")
        refuse(
            (found[:, :, _PLOIDY:] != _PADDING).any(axis=(1, 2)),
            "a call has more than two alleles; gxfast handles haploid and diploid calls",
        )
        if reader.attribute("call_genotype", "mixed_ploidy") is False:
            half = (found[:, :, 0] < 0) != (found[:, :, -1] < 0)
            refuse(
                half.any(axis=1), "a half-missing call may have been a haploid one",
                "sgkit keeps haploid calls with mixed_ploidy=True only; " + _AGAIN,
            )  # fmt: skip

    def imputed(self, samples: Sequence[str], field: str) -> VcfZarrDosages:
        """Return the dosages of some people, by DS or GP.

        Raises
        ------
        InputError
            If the store has none.
        """
        if field not in self.imputed_fields:
            there = [*self.imputed_fields, *(["GT"] if self._reader().has("call_genotype") else [])]
            raise lacking(field, there, self.path)
        return VcfZarrDosages(self.subset(samples), field)

    def read_dosages(self, chrom: str, start: int, end: int, field: str) -> ImputedRecords:
        """Read the expected copies of the alleles of the records of a region, by DS or GP; see `region`."""
        rows, reader = self._rows(chrom, start, end), self._reader()
        sites = self._sites.read(reader, rows, chrom)
        values = {name: _numbers(reader.rows(f"call_{name}", rows)) for name in self.imputed_fields}
        self._refuse_without(field, sites, values[field], chrom)
        haploid = self._haploid(reader, sites, chrom, values)
        texts = _texts(sites)
        copies = [
            expected_copies(
                lambda people, width, mine=values[field][v]: _told(mine[people], width),  # type: ignore[misc]
                field, haploid[v], len(texts[v]), (self.path, f"{chrom}:{at + 1}"),
            )
            for v, at in enumerate(sites.position.tolist())
        ]  # fmt: skip
        return ImputedRecords(sites.position, tuple(texts), tuple(copies), haploid)

    def _refuse_without(self, field: str, sites: Sites, values: Float64Array, chrom: str) -> None:
        """Refuse records in which nobody, among all people of the store, has a value: they lack the field."""
        empty = np.flatnonzero(np.isnan(values).all(axis=(1, 2)) & (sites.n_alleles() > 1))
        if not len(empty):
            return
        rows = sites.row[empty].astype(np.int64)
        everybody = ZarrReader(self.path) if self._columns is not None else self._reader()
        lacks = np.isnan(everybody.rows(f"call_{field}", rows)).reshape(len(rows), -1).all(axis=1)
        if lacks.any():
            at = int(sites.position[empty[np.argmax(lacks)]]) + 1
            raise lacking(field, ["GT"] if everybody.has("call_genotype") else [], self.path, f"{chrom}:{at}")

    def _haploid(
        self, reader: ZarrReader, sites: Sites, chrom: str, values: dict[str, Float64Array]
    ) -> NDArray[np.bool_]:
        """Who is haploid: by the call, else by the number of probabilities."""
        if reader.has("call_genotype"):
            return np.equal(self._calls(reader, sites, chrom)[:, :, 1], _PADDING)
        haploid = np.zeros((len(sites), len(self.samples)), np.bool_)
        if "GP" in values:
            for v, n in enumerate(sites.n_alleles().tolist()):
                n_told = (~np.isnan(values["GP"][v])).sum(axis=1)
                haploid[v] = (n > 1) & (n_told == n)
        return haploid


class VcfZarrDosages:
    """Dosages of a VCF Zarr store by region, as `gxfast.io.vcf_dosages.ImputedFile` gives those of a VCF."""

    def __init__(self, file: VcfZarrFile, field: str) -> None:
        self._file, self._field, self.path = file, field, file.path

    def region(self, chrom: str, start: int, end: int) -> ImputedRecords:
        """Read every record that overlaps [start, end) (0-based half-open) of a contig.

        Raises
        ------
        InputError
            For values that are no dosages or probabilities, see also `VcfZarrFile.region`.
        """
        return self._file.read_dosages(chrom, start, end, self._field)


def ids_of_zarr(path: str | Path) -> Iterator[tuple[str, str, int]]:
    """Yield ID, contig and 0-based position of each record, from end to end."""
    reader = ZarrReader(Path(path))
    if not reader.has("variant_id"):
        return
    sites = ZarrSites.of(reader)
    contigs = [(contig, position) for contig in sites.rows for position in sites.positions(contig).tolist()]
    for first, values in reader.pieces("variant_id"):
        for row, name in enumerate(map(text_of, values.tolist()), first):
            yield "" if name == "." else name, *contigs[row]


def imputed_of_zarr(path: str | Path) -> tuple[str, ...]:
    """Return which of DS and GP a store has; none where it cannot be read."""
    try:
        return _imputed(ZarrReader(Path(path)))
    except InputError:
        return ()


def _imputed(reader: ZarrReader) -> tuple[str, ...]:
    return tuple(name for name in IMPUTED if reader.has(f"call_{name}"))


def _people(reader: ZarrReader) -> tuple[str, ...]:
    """The names of the people, in order; every array of calls has a column for each."""
    names = reader.texts("sample_id") if reader.has("sample_id") else []
    if not names:
        raise InputError(
            "the store has no genotypes (sites only)", path=reader.path, remedy="give one with samples, or, for a list "
            "of sites, a VCF: vcztools view NAME.vcz",
        )  # fmt: skip
    for name in names:
        check_id(name, "sample", reader.path)
    (often, n), *_ = Counter(names).most_common(1)
    if n > 1:
        raise InputError(
            f"the sample {often!r} is there {n} times", path=reader.path,
            remedy="rename it in the VCF (bcftools reheader -s NAMES), and write the store again",
        )  # fmt: skip
    for name in ("genotype", "genotype_phased", *IMPUTED, "PS", "PSL", "PID", "PGT"):
        shape = reader.shape(f"call_{name}")
        if shape and shape[1:2] != (len(names),):
            raise InputError(
                f"call_{name} has the shape {shape}, sample_id names {len(names)} people", path=reader.path,
                remedy=_AGAIN,
            )  # fmt: skip
    if reader.has("call_genotype") and reader.kind("call_genotype") not in "iu":
        raise InputError("call_genotype must hold whole numbers", path=reader.path, remedy=_AGAIN)
    return tuple(names)


def _phase_sets(
    reader: ZarrReader, rows: Int64Array, calls: NDArray[np.int8], unphased: NDArray[np.bool_]
) -> Int64Array | None:
    """Number of the phase set of each call; orders those that PGT orders within a set."""
    there = [name for name in _SETS if reader.has(name)]
    if not there:
        return None
    sets = np.zeros(unphased.shape, np.int64)
    open_calls = (calls[:, :, 0] != calls[:, :, 1]) & (calls[:, :, 1] != _PADDING)
    for name in there:
        wanted = open_calls & (sets == 0)
        sets[wanted] = _set_numbers(reader.rows(name, rows)[wanted])
    if reader.has("call_PGT"):
        _order(reader.rows("call_PGT", rows), sets, calls, unphased)
    sets[unphased] = 0
    return sets


def _set_numbers(values: NDArray[Any]) -> Int64Array:
    """Numbers of the sets of some calls, shape (N,) or (N, several names)."""
    if values.dtype.kind in "iu":
        first = by_row(values)[:, 0].astype(np.int64)
        numbers = np.where(first >= 0, first + 1, 0)
        for row in np.flatnonzero(first < _PADDING).tolist():
            numbers[row] = phase_set_number(str(first[row]))
        return numbers
    texts = [",".join(filter(None, map(text_of, row))) for row in by_row(values).tolist()]
    known = {text: phase_set_number(text) for text in set(texts)}
    return np.array([known[text] for text in texts], np.int64)


def _order(pgt: NDArray[Any], sets: Int64Array, calls: NDArray[np.int8], unphased: NDArray[np.bool_]) -> None:
    """Put calls of the reference and another allele into the order of GATK's PGT."""
    pgt = by_row(pgt, 2)[:, :, 0]
    for v, s in np.argwhere(unphased & (sets != 0) & (calls.min(axis=2) == 0)).tolist():
        text, other = text_of(pgt[v, s]), calls[v, s].max()
        if text in ("0|1", "1|0"):
            calls[v, s] = (0, other) if text == "0|1" else (other, 0)
            unphased[v, s] = False


def _texts(sites: Sites) -> list[tuple[str, ...]]:
    """Alleles of the records, upper-case."""
    letters, ends = sites.bases.tobytes().decode("latin-1").upper(), sites.allele_offset.tolist()
    texts = [letters[low:high] for low, high in pairwise(ends)]
    return [tuple(texts[low:high]) for low, high in pairwise(sites.first_allele.tolist())]


def _numbers(values: NDArray[Any]) -> Float64Array:
    """Values of each person, (V, S, K), as the decimal numbers that they were written as, where those were short."""
    with np.errstate(invalid="ignore"):  # what stands for a missing value is a signalling NaN
        found = by_row(values.astype(np.float64), 2)
    if values.dtype != np.float32:
        return found
    short = np.round(found, _DECIMALS)
    return np.where(short.astype(np.float32).astype(np.float64) == found, short, found)


def _told(values: Float64Array, width: int) -> Float64Array:
    """``width`` numbers of each person, shape (width, S); NaN where they are missing."""
    told = ~np.isnan(values)
    n = told.sum(axis=1)
    # A short list ends in NaN, as one that lacks its last value does: both are refused.
    last = told[:, width - 1] if 0 < width <= told.shape[1] else n == 0
    odd = told[:, width:].any(axis=1) | ((n > 0) & ~last)
    if odd.any():
        raise ValueError(f"expected {width} numbers, found {int(n[np.argmax(odd)])}")
    if width > values.shape[1]:
        return np.full((width, len(values)), np.nan)
    return values[:, :width].T
