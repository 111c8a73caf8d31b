"""Where dosages come from: calls (GT), or what was imputed (DS, GP); both by one convention for ploidy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.genotypes import Genotypes, GenotypeSource
from ..io.sources import ImputedSource, VariantSource
from ..io.stretches import read_genotypes, read_pieces
from ..io.vcf_dosages import IMPUTED, ImputedRecords
from .dosages import AlleleCalls, Dosages, count_alternative, diploid, first_of_each

__all__ = [
    "FIELDS",
    "AlleleDosages",
    "DosageSource",
    "GenotypeFiles",
    "conventions",
    "open_dosages",
    "skipped_records",
    "window_dosages",
]

Int64Array = NDArray[np.int64]
FIELDS: Final = ("GT", *IMPUTED)
_APART: Final = 100_000  # bases without a wanted record that are not read
_PIECE_BYTES: Final = 64 << 20  # of what is read at once, where nothing is said
_IMPUTED_BYTES_PER_CALL: Final = 24  # copies of two alleles or more, and who is haploid


def conventions(field: str) -> dict[str, str]:
    """Return what a manifest says of dosages read from this field."""
    return {"haploid_dosage": "double", "missing_dosage": "most_frequent" if field == "GT" else "mean"}


class GenotypeFiles(GenotypeSource, Protocol):
    """Genotypes by region, and the files they are in."""

    @property
    def contigs(self) -> tuple[str, ...]: ...
    def file_of(self, contig: str) -> tuple[VariantSource, str]: ...


class AlleleDosages(Protocol):
    """Records, and the dosage of any of their alleles."""

    position: Int64Array
    alleles: list[tuple[str, ...]]

    def of(self, record: int, allele: int) -> tuple[NDArray[Any], int]:
        """Return the dosage of an allele (0: REF) of everybody, and how many calls were missing."""
        ...


class DosageSource(Protocol):
    """Dosages of people by region."""

    def pieces(self, chrom: str, start: int, end: int, max_bytes: int = ...) -> Iterator[Dosages]:
        """Read those of the biallelic records that start in [start, end), piece by piece in order; at least one."""
        ...

    def records(self, chrom: str, places: Int64Array) -> AlleleDosages:
        """Return the records that cover any of the places (0-based, ascending), with all their alleles."""
        ...


def window_dosages(
    source: DosageSource, chrom: str, start: int, end: int,
    keep: Callable[[Dosages], NDArray[np.bool_]] | None = None, room: int | None = None,
) -> Dosages | None:  # fmt: skip
    """Return dosages of the biallelic records that start in [start, end) and are wanted; no others stay in memory.

    Parameters
    ----------
    source : DosageSource
    chrom : str
    start, end : int
    keep : callable, optional
        Which of some variants are wanted, shape (V,); all by default.
    room : int, optional
        Bytes: what is kept may take half of it (it is copied once), and what is read at once a quarter.

    Returns
    -------
    Dosages or None
        None where there is no room for them.
    """
    kept, taken = [], 0
    for piece in source.pieces(chrom, start, end, _at_once(room)):
        kept.append(piece if keep is None else piece.take(np.flatnonzero(keep(piece))))
        taken += kept[-1].nbytes
        if room is not None and taken > room // 2:
            return None
    return Dosages.join(kept)


def skipped_records(source: DosageSource, chrom: str, start: int, end: int, room: int) -> int:
    """Return how many records that start in [start, end) have no dosages; ``room`` as in `window_dosages`."""
    return sum(piece.n_skipped for piece in source.pieces(chrom, start, end, _at_once(room)))


def _at_once(room: int | None) -> int:
    return _PIECE_BYTES if room is None else max(1, min(_PIECE_BYTES, room // 8))


def open_dosages(genotypes: GenotypeFiles, field: str = "GT") -> DosageSource:
    """Return the dosages of the people of some genotypes, from the calls or from another field of the same files.

    Raises
    ------
    InputError
        For a field that is none of `FIELDS`.
    """
    if field not in FIELDS:
        raise InputError(f"dosages are read from {', '.join(FIELDS)}, found {field!r}")
    return _Called(genotypes) if field == "GT" else _Imputed(genotypes, field)


class _Called:
    """Dosages of calls."""

    def __init__(self, genotypes: GenotypeSource) -> None:
        self._genotypes = genotypes

    def pieces(self, chrom: str, start: int, end: int, max_bytes: int = _PIECE_BYTES) -> Iterator[Dosages]:
        for _, _, read in read_genotypes(self._genotypes, chrom, start, end, max_bytes):
            yield count_alternative(read)

    def records(self, chrom: str, places: Int64Array) -> AlleleDosages:
        stretches = np.split(places, np.flatnonzero(np.diff(places) > _APART) + 1)
        return _CalledAlleles([
            _covering(piece, some)
            for some in stretches
            for _, _, piece in read_genotypes(self._genotypes, chrom, int(some[0]), int(some[-1]) + 1, _PIECE_BYTES)
        ])  # fmt: skip


def _covering(genotypes: Genotypes, places: Int64Array) -> Genotypes:
    end = genotypes.position + np.maximum(genotypes.ref_length, 1)
    mine = np.searchsorted(places, genotypes.position) < np.searchsorted(places, end)
    return genotypes.take(np.flatnonzero(mine), genotypes.start, genotypes.end)


class _CalledAlleles:
    def __init__(self, parts: Sequence[Genotypes]) -> None:
        self.position = np.concatenate([part.position for part in parts])
        self._calls = np.concatenate([part.calls for part in parts])
        self.alleles = [alleles for part in parts for alleles in map(part.alleles, range(len(part)))]

    def of(self, record: int, allele: int) -> tuple[NDArray[Any], int]:
        if allele == 0 and len(self.alleles[record]) == 2:
            values, n_missing = self.of(record, 1)
            return 2 - values, n_missing
        calls = self._calls[record]
        copies = (calls == allele).sum(axis=1, dtype=np.int8)
        missing = (calls == -1).any(axis=1)
        return diploid(copies, calls[:, 1] == -2, missing), int(missing.sum())


class _Imputed:
    """Dosages that were imputed."""

    def __init__(self, genotypes: GenotypeFiles, field: str) -> None:
        self._genotypes, self._field = genotypes, field
        self._files: dict[Path, ImputedSource] = {}

    def _file(self, chrom: str) -> tuple[ImputedSource, str]:
        """The file of a contig, and the contig's name there."""
        if chrom not in self._genotypes.contigs:
            self._genotypes.region(chrom, 0, 1)  # words the error
        file, contig = self._genotypes.file_of(chrom)
        if file.path not in self._files:
            self._files[file.path] = file.imputed(self._genotypes.samples, self._field)
        return self._files[file.path], contig

    def pieces(self, chrom: str, start: int, end: int, max_bytes: int = _PIECE_BYTES) -> Iterator[Dosages]:
        file, contig = self._file(chrom)
        per_record = max(1, len(self._genotypes.samples)) * _IMPUTED_BYTES_PER_CALL
        found = read_pieces(
            partial(file.region, contig), lambda read: len(read.position) * per_record, (chrom, start, end),
            max_bytes=max_bytes, per_record=per_record, source=lambda _: str(self._genotypes.file_of(chrom)[0].path),
        )  # fmt: skip
        for at, stop, read in found:
            yield _biallelic(read, chrom, at, stop)

    def records(self, chrom: str, places: Int64Array) -> AlleleDosages:
        file, contig = self._file(chrom)
        return _ImputedAlleles([file.region(contig, at, at + 1) for at in places.tolist()])


class _ImputedAlleles:
    def __init__(self, parts: Sequence[ImputedRecords]) -> None:
        self.position = np.concatenate([part.position for part in parts])
        self.alleles = [alleles for part in parts for alleles in part.alleles]
        self._copies = [copies for part in parts for copies in part.copies]
        self._haploid = np.concatenate([part.haploid for part in parts])

    def of(self, record: int, allele: int) -> tuple[NDArray[Any], int]:
        copies = self._copies[record][allele]
        missing = np.isnan(copies)
        return diploid(copies, self._haploid[record], missing), int(missing.sum())


def _biallelic(found: ImputedRecords, chrom: str, start: int, end: int) -> Dosages:
    """As `count_alternative`."""
    inside = (found.position >= start) & (found.position < end)
    rows, alleles = first_of_each(found.position, np.flatnonzero(inside).tolist(), found.alleles.__getitem__)
    position, haploid = found.position[rows], found.haploid[rows]
    copies = np.array([found.copies[v][1] for v in rows], np.float64).reshape(haploid.shape)
    missing = np.isnan(copies)
    called = np.where(missing, 0, np.where(haploid, 1, 2)).astype(np.int8)
    ref, alt = (tuple(pair[i] for pair in alleles) for i in (0, 1))
    names = zip((position + 1).tolist(), ref, alt, strict=True)
    return Dosages(
        chrom, position, tuple(f"{chrom}_{at}_{r}_{a}" for at, r, a in names), ref, alt,
        diploid(copies, haploid, missing), missing.sum(axis=1).astype(np.int64), int(inside.sum()) - len(rows),
        AlleleCalls(np.where(missing, 0, copies), called, haploid),
    )  # fmt: skip
