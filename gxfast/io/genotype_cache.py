"""Genotypes that were read once are not read again, as far as the memory allowed holds them."""

from __future__ import annotations

import copy
import threading
from bisect import insort
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .genotypes import Genotypes, join_records
from .sources import GenotypeFile, VariantSource
from .vcf_set import VariantFileSet

__all__ = ["GenotypeCache"]

_DEFAULT_BYTES: Final = 256 << 20


class GenotypeCache(GenotypeFile):
    """A `VariantFileSet` that keeps the stretches it has read; a region is put together from them.

    Only what lies between kept stretches is read from the files, so that the steps and models of a run, whose windows
    overlap, decode a record once. When the memory is full nothing more is kept, and the rest is read as it is asked
    for: a pass over all genes that does not fit still finds the first part of the pass before. Safe among threads.

    Parameters
    ----------
    source : VariantFileSet
    max_mem : int, optional
        Bytes for a job; a quarter of them is for genotypes. By default 256 MiB are kept.

    Attributes
    ----------
    samples, all_samples : tuple of str
        The people that were chosen, in order, and everybody in the files.
    contigs : tuple of str
    paths : list of Path
    """

    def __init__(self, source: VariantFileSet, max_mem: int | None = None) -> None:
        self.samples, self.all_samples, self.contigs = source.samples, source.all_samples, source.contigs
        self.paths: list[Path] = [file.path for file in source.files]
        self.path = self.paths[0]
        self._kept = _Stretches(source, _DEFAULT_BYTES if max_mem is None else max_mem // 4)
        self._columns: NDArray[np.int64] | None = None

    def subset(self, samples: Sequence[str]) -> GenotypeCache:
        """Return the same records of some of the people; what is kept is shared.

        Raises
        ------
        InputError
            If somebody is not among the people.
        """
        place = {name: i for i, name in enumerate(self.samples)}
        unknown = [name for name in samples if name not in place]
        if unknown:
            raise InputError(f"{unknown[0]!r} is not among the people that were chosen", path=self.paths[0])
        other = copy.copy(self)
        columns = np.array([place[name] for name in samples], np.int64)
        other._columns = columns if self._columns is None else self._columns[columns]
        other.samples = tuple(samples)
        return other

    def absent(self, chrom: str) -> NDArray[np.bool_]:
        """Return which of the people are in no file of a contig, shape (S,); see `VariantFileSet.absent`."""
        absent = self._kept.source.absent(chrom)
        return absent if self._columns is None else absent[self._columns]

    def file_of(self, contig: str) -> tuple[VariantSource, str]:
        """Return the file of a contig and its name there, see `VariantFileSet.file_of`."""
        return self._kept.source.file_of(contig)

    def spelled(self, contig: str) -> str:
        """Return the name of a contig in its file."""
        return self._kept.source.spelled(contig)

    def length_of(self, contig: str) -> int | None:
        """Return the length that the header of a file gives a contig, by the name that it goes by."""
        return self._kept.source.length_of(contig)

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Return every record that overlaps [start, end) of a contig; see `VariantFile.region`."""
        found = self._kept.region(chrom, start, end)
        if self._columns is None:
            return found
        return found.people(self._columns, self.samples)


class _Stretches:
    """What was read of each contig: disjoint stretches, ascending."""

    def __init__(self, source: VariantFileSet, room: int) -> None:
        self.source, self._room, self._lock = source, room, threading.Lock()
        self._of: dict[str, list[Genotypes]] = {}

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        low = max(start, 0)
        if chrom not in self.source.contigs or end <= low:
            return self.source.region(chrom, start, end)
        with self._lock:
            parts = self._covering(chrom, low, end)
        return replace(join_records(parts, low, end), start=start, end=end)

    def _covering(self, chrom: str, low: int, end: int) -> list[Genotypes]:
        """Stretches without a gap between them; what is missing is read."""
        parts, at = [], low
        for kept in [one for one in self._of.get(chrom, []) if one.end > low and one.start < end]:
            if kept.start > at:
                parts.append(self._read(chrom, at, kept.start))
            parts.append(kept)
            at = kept.end
        if at < end:
            parts.append(self._read(chrom, at, end))
        return parts

    def _read(self, chrom: str, start: int, end: int) -> Genotypes:
        read = self.source.region(chrom, start, end)
        size = read.nbytes + 64
        if size <= self._room:
            self._room -= size
            insort(self._of.setdefault(chrom, []), read, key=lambda one: one.start)
        return read
