"""Where the sequences of windows come from: the reference, people's haplotypes, or a FASTA of sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import reverse_complement
from ...errors import InputError
from ...io.fasta import Genome
from ...io.tables.text import at, read_lines
from ...personal.batch import haplotypes
from ...personal.policy import HaplotypePolicy
from ...personal.presence import people_on
from ...personal.windows import Source
from ...types import Windows
from .targets import Layout

__all__ = ["REFERENCE", "HaplotypeSource", "ReferenceSource", "SequenceSource", "WindowRows", "read_sequences"]

REFERENCE = "reference"
_LETTERS = frozenset(b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv")


class WindowRows(NamedTuple):
    """The sequences of one window.

    Attributes
    ----------
    sequences : uint8 array, shape (N, L)
        As the model reads them.
    positions : int64 array, shape (N, L)
        0-based reference position of each of those bases; -1 where inserted.
    labels : tuple of str, length N
        ``reference``, or the first carrier as ``NAME|1``.
    carriers : int32 array, shape (S, 2)
        Row per person and haplotype, -1 where there is none; S is 0 for the reference.
    """

    sequences: NDArray[np.uint8]
    positions: NDArray[np.int64]
    labels: tuple[str, ...]
    carriers: NDArray[np.int32]


class RowSource(Protocol):
    """What gives the sequences of a window."""

    @property
    def samples(self) -> tuple[str, ...]: ...
    @property
    def max_rows(self) -> int: ...
    def rows(self, layout: Layout, w: int) -> WindowRows: ...
    def take_counts(self) -> dict[str, int]: ...


def _straight(layout: Layout, w: int) -> NDArray[np.int64]:
    """Reference positions of an unchanged window, as the model reads it."""
    positions = int(layout.start[w]) + np.arange(layout.length)
    return positions[::-1] if layout.reverse[w] else positions


class ReferenceSource:
    """The reference window, N-padded past the ends of its contig."""

    samples: tuple[str, ...] = ()
    max_rows = 1

    def __init__(self, genome: Genome) -> None:
        self.genome = genome

    def rows(self, layout: Layout, w: int) -> WindowRows:
        """Return the one sequence of window ``w``."""
        start = int(layout.start[w])
        letters = self.genome.fetch_array(layout.chrom[w], start, start + layout.length)[np.newaxis]
        if layout.reverse[w]:
            letters = np.asarray(reverse_complement(letters))
        return WindowRows(letters, _straight(layout, w)[np.newaxis], (REFERENCE,), np.empty((0, 2), np.int32))

    def take_counts(self) -> dict[str, int]:
        """Nothing is counted here."""
        return {}


class HaplotypeSource:
    """The distinct haplotypes that people carry; what all of them lack is left out, the reference too.

    Parameters
    ----------
    genome : Genome
    genotypes : VariantFile, VariantFileSet, Genotypes or HaplotypeStore
        With the people wanted only.
    policy : HaplotypePolicy, optional
    max_mem : int, optional
        Bytes for reading genotypes.
    """

    def __init__(
        self, genome: Genome, genotypes: Source, policy: HaplotypePolicy | None = None, max_mem: int | None = None
    ) -> None:
        self.genome, self.genotypes, self.policy, self.max_mem = genome, genotypes, policy, max_mem
        self.samples = tuple(genotypes.samples)
        self.max_rows = 2 * len(self.samples)
        self._counts: Counter[str] = Counter()

    def rows(self, layout: Layout, w: int) -> WindowRows:
        """Return the carried sequences of window ``w``, in order of their first carrier."""
        windows = Windows(
            (layout.chrom[w],), layout.start[w : w + 1], layout.length, layout.anchor[w : w + 1],
            layout.reverse[w : w + 1],
        )  # fmt: skip
        people, there = people_on(self.genotypes, layout.chrom[w])
        batch = haplotypes(self.genome, people, windows, policy=self.policy, positions=True, max_mem=self.max_mem)
        self._counts.update(batch.counts)
        carriers = np.full((len(self.samples), 2), -1, batch.carriers.dtype)
        carriers[there] = batch.carriers[0]
        flat = carriers.reshape(-1)
        carried, first, inverse = np.unique(flat, return_index=True, return_inverse=True)
        there = np.flatnonzero(carried >= 0)
        order = there[np.argsort(first[there], kind="stable")]
        rank = np.full(carried.size, -1, np.int32)
        rank[order] = np.arange(order.size, dtype=np.int32)
        rows, positions = carried[order], batch.positions
        if positions is None:
            raise RuntimeError("positions were asked for")
        labels = tuple(f"{self.samples[i // 2]}|{i % 2 + 1}" for i in first[order].tolist())
        return WindowRows(batch.sequences[rows], positions[rows], labels, rank[inverse.reshape(-1)].reshape(-1, 2))

    def take_counts(self) -> dict[str, int]:
        """Return what the policies met since the last call."""
        counts, self._counts = dict(sorted(self._counts.items())), Counter()
        return counts


class SequenceSource:
    """Sequences of a FASTA, each as long as what the model reads."""

    samples: tuple[str, ...] = ()
    max_rows = 1

    def __init__(self, sequences: Sequence[bytes]) -> None:
        self._sequences = sequences

    def rows(self, layout: Layout, w: int) -> WindowRows:
        """Return sequence ``w``."""
        letters = np.frombuffer(self._sequences[w], np.uint8)[np.newaxis]
        return WindowRows(letters, _straight(layout, w)[np.newaxis], (REFERENCE,), np.empty((0, 2), np.int32))

    def take_counts(self) -> dict[str, int]:
        """Nothing is counted here."""
        return {}


def read_sequences(path: str | Path, length: int) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """Read a FASTA whose records all have ``length`` bases.

    Parameters
    ----------
    path : str or Path
        Plain, gzip- or bgzip-compressed; needs no index.
    length : int

    Returns
    -------
    names : tuple of str
    sequences : tuple of bytes
        Upper-case.

    Raises
    ------
    InputError
        For another length, letters that are no nucleotides, a name that is missing or comes twice.
    """
    file = Path(path)
    found: dict[str, bytes] = {}
    for number, name, text in _records(file):
        if not name or name in found:
            raise InputError(
                f"the name {name!r} is empty or comes twice",
                path=file, record=at(number), remedy="name every record once: >NAME",
            )  # fmt: skip
        if len(text) != length:
            raise InputError(
                f"the sequence has {len(text)} bases; the model reads {length}",
                path=file, record=f"{name} ({at(number)})",
                remedy=f"cut or pad it to {length} bases (N is an unknown base)",
            )  # fmt: skip
        odd = set(text) - _LETTERS
        if odd:
            raise InputError(
                f"{chr(min(odd))!r} is no nucleotide", path=file, record=f"{name} ({at(number)})",
                remedy="write A, C, G, T, N or IUPAC codes",
            )  # fmt: skip
        found[name] = text.upper()
    if not found:
        raise InputError("the file holds no sequence", path=file, remedy="give a FASTA")
    return tuple(found), tuple(found.values())


def _records(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Yield (line of the header, name, letters)."""
    name, header = "", 0
    parts: list[str] = []
    for number, line in read_lines(path, "FASTA of sequences"):
        if line.startswith(">"):
            if header:
                yield header, name, "".join(parts).encode()
            name, parts, header = (line[1:].split() or [""])[0], [], number
        elif line.strip() and not header:
            raise InputError("no header before the first sequence", path=path, record=at(number), remedy="write >NAME")
        else:
            parts.append("".join(line.split()))
    if header:
        yield header, name, "".join(parts).encode()
