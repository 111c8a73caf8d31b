"""Entry point ``gxfast.readers``: a table of phased calls, ``chrom pos ref alt PERSON ...`` with cells like ``0|1``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gxfast.errors import InputError
from gxfast.io.genotypes import Genotypes, offsets_of
from gxfast.io.sources import named_people

END = 2**31 - 2


def open_calls(path: str, *, samples: Sequence[str] | None = None) -> CallTable:
    """Open a table by its name, ``x.calls`` or ``calls://x``."""
    table = CallTable(Path(path.removeprefix("calls://")), path)
    return table if samples is None else table.subset(samples)


class CallTable:
    """A `gxfast.io.sources.VariantSource`."""

    def __init__(self, file: Path, name: str) -> None:
        self.path = Path(name)
        header, *lines = [line.split("\t") for line in file.read_text().splitlines()]
        self.samples = self.all_samples = tuple(header[4:])
        self._people = np.arange(len(self.samples))
        self.contigs = tuple(dict.fromkeys(line[0] for line in lines))
        self.contig_lengths: dict[str, int] = {}
        self._read = {chrom: self._genotypes(chrom, [x for x in lines if x[0] == chrom]) for chrom in self.contigs}

    def _genotypes(self, chrom: str, lines: list[list[str]]) -> Genotypes:
        alleles = [(line[2], *line[3].split(",")) for line in lines]
        texts = [text for one in alleles for text in one]
        calls = [[[-1 if c == "." else int(c) for c in cell.split("|")] for cell in line[4:]] for line in lines]
        return Genotypes(
            chrom=chrom, start=0, end=END, samples=self.samples,
            position=np.array([int(line[1]) - 1 for line in lines], np.int64),
            ref_length=np.array([len(line[2]) for line in lines], np.int64),
            first_allele=offsets_of(np.array([len(one) for one in alleles])),
            allele_offset=offsets_of(np.array([len(text) for text in texts])),
            bases=np.frombuffer("".join(texts).encode(), np.uint8),
            calls=np.array(calls, np.int8),
            unphased=np.zeros((len(lines), len(self.samples)), bool), passed=np.ones(len(lines), bool),
            source=str(self.path),
        )  # fmt: skip

    def subset(self, samples: Sequence[str]) -> CallTable:
        """The same table restricted to some people."""
        other = copy.copy(self)
        other.samples = named_people(self.all_samples, samples, self.path, "head -1 FILE")
        other._people = np.array([self.all_samples.index(name) for name in other.samples])
        return other

    def region(self, chrom: str, start: int, end: int) -> Genotypes:
        """Every record that overlaps [start, end) of a contig."""
        if chrom not in self._read:
            raise InputError(f"contig {chrom!r} is not in the table", path=self.path)
        return self._read[chrom].region(chrom, max(start, 0), max(end, 0)).people(self._people, self.samples)

    def has_records(self, chrom: str) -> bool:
        """Whether the contig holds any record."""
        return chrom in self._read

    def require_readable(self, chrom: str) -> None:
        """All contigs can be read."""

    def imputed(self, samples: Sequence[str], field: str) -> Any:
        """There are no dosages."""
        raise InputError(f"a table of calls has no {field}", path=self.path)
