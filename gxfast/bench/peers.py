"""What a peer looks like to the cases: another way to do the same work, a plain script or another package's.

A peer's type says which cases it takes part in; `gxfast.bench.registry` keeps the peers that a checkout adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Cohort
from .measure import Contender

__all__ = [
    "Batches", "CohortPeer", "CohortWork", "CommandPeer", "Format", "MutantPeer", "MutantWork", "OneHotPeer",
    "ScanPeer", "ScanWork", "Sequences", "StatisticPeer", "always", "in_batches",
]  # fmt: skip

Batches = Iterator[tuple[slice, NDArray[Any]]]


def always() -> None:
    """No remedy is needed: for peers that run wherever gxfast does."""


@dataclass(frozen=True, slots=True)
class Format:
    """One form of one-hot output: layout, dtype, strand."""

    layout: str
    dtype: str
    reverse: bool

    @property
    def name(self) -> str:
        """Short name, as in the cases' names."""
        short = {"float32": "f32", "float16": "f16", "uint8": "u8"}[self.dtype]
        return f"{short}-{self.layout.lower()}{'-rc' if self.reverse else ''}"


@dataclass(frozen=True, slots=True)
class Sequences:
    """The same sequences in the kinds of input that peers take; made outside the timer."""

    letters: NDArray[np.uint8]
    text: list[str]


@dataclass(frozen=True, slots=True)
class OneHotPeer:
    """A one-hot encoder.

    Attributes
    ----------
    name : str
    available : callable
        Returns the remedy where the peer is not installed, else None.
    build : callable
        Takes sequences, the format and an output array that may be reused; returns the call to time, or None
        where the peer does not make this format.
    unknown : str
        Its row of an unknown base: "zero" or "quarter".
    arrays : callable
        Turns its result into an array, outside the timer.
    """

    name: str
    available: Callable[[], str | None]
    build: Callable[[Sequences, Format, NDArray[Any]], Callable[[], Any] | None]
    unknown: str = "zero"
    arrays: Callable[[Any], NDArray[Any]] = np.asarray


@dataclass(frozen=True, eq=False)
class CohortWork:
    """One job: in each gene's window, the haplotypes of the first people.

    Attributes
    ----------
    cohort : Cohort
    kind, size : str
        Of the cohort.
    length : int
        Bases per sequence.
    people : int
        Haplotypes 0 to ``2 * people - 1`` are made, one gene per call.
    """

    cohort: Cohort
    kind: str
    size: str
    length: int
    people: int

    @property
    def n(self) -> int:
        """Haplotypes per call."""
        return 2 * self.people

    @property
    def genes(self) -> int:
        """Windows, taken in turn."""
        return len(self.cohort.tss)

    def window(self, gene: int) -> tuple[int, int]:
        """Return start and end of one gene's window."""
        return self.cohort.window(gene, self.length)

    @lru_cache(maxsize=2)  # noqa: B019
    def expected(self, gene: int) -> NDArray[np.uint8]:
        """Return the right letters, (n, length), from the drawn alleles."""
        start, end = self.window(gene)
        rows = [self.cohort.expected(h, start, end) for h in range(self.n)]
        return np.frombuffer(b"".join(rows), np.uint8).reshape(self.n, self.length)

    @property
    def buffer_rows(self) -> int:
        """Haplotypes whose float32 encoding makes a buffer of about 3 MB, which stays in the caches."""
        return max(1, (3 << 20) // (16 * self.length))


@dataclass(frozen=True, slots=True)
class CohortPeer:
    """A maker of personal sequences.

    Attributes
    ----------
    name : str
    available : callable
        Returns the remedy where the peer is not installed, else None.
    letters : callable or None
        Takes the work, returns a function of the gene that makes its sequences (bytes-like rows; a row that is
        longer or shorter than the window is compared over the common part).
    batches : callable or None
        Takes the work, returns a function of the gene that yields float32 NLC batches, in a buffer of its own.
    stream : callable or None
        The same, with a float32 array for all haplotypes of a gene to write to, if it can.
    rows : callable
        Haplotypes that it makes per call; slow peers make a few.
    kinds : tuple of str
        Cohorts that it can serve.
    """

    name: str
    available: Callable[[], str | None]
    letters: Callable[[CohortWork], Callable[[int], Any]] | None = None
    batches: Callable[[CohortWork], Callable[[int], Batches]] | None = None
    stream: Callable[[CohortWork, NDArray[Any]], Callable[[int], Batches]] | None = None
    rows: Callable[[CohortWork], int] = lambda work: work.n
    kinds: tuple[str, ...] = ("snv", "mix")


@dataclass(frozen=True, slots=True)
class MutantWork:
    """The sequence as letters and as float32 (L, 4), its single-base edits, the span, the batch size."""

    letters: NDArray[np.uint8]
    reference: NDArray[np.float32]
    positions: NDArray[np.int64]
    bases: NDArray[np.uint8]
    span: tuple[int, int]
    batch: int

    @property
    def channels(self) -> NDArray[np.int64]:
        """Channel of each edit's base."""
        return np.searchsorted(np.frombuffer(b"ACGT", np.uint8), self.bases)


@dataclass(frozen=True, slots=True)
class MutantPeer:
    """``build`` takes the work and returns a function that yields float32 batches, channels last or first."""

    name: str
    available: Callable[[], str | None]
    build: Callable[[MutantWork], Callable[[], Batches]]
    edits_in_place: bool = False


@dataclass(frozen=True, slots=True)
class ScanWork:
    """In-silico mutagenesis of one model: what a peer gets.

    Attributes
    ----------
    case : str
    path : Path
        The ONNX model.
    codes : uint8 array, shape (L,)
        The sequence; A, C, G, T = 0 to 3, one unknown base is 4.
    effects : callable
        Takes positions and codes of bases, returns the right effects (M, T), mutant minus reference.
    positions : int
        How many to mutate, from the middle on.
    """

    case: str
    path: Path
    codes: NDArray[np.uint8]
    effects: Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.float64]]
    positions: int


@dataclass(frozen=True, slots=True)
class ScanPeer:
    """A package for in-silico mutagenesis: a contender of the scan, or figures from a run of its own."""

    name: str
    build: Callable[[ScanWork], Contender | None]
    figures: Callable[[str], dict[str, float]] = lambda case: {}


@dataclass(frozen=True, slots=True)
class StatisticPeer:
    """A statistic: ``build`` returns a function of the arrays of the cases whose names start with ``cases``."""

    name: str
    cases: str
    build: Callable[[], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class CommandPeer:
    """Another program's command for one job, from files to files (`gxfast.bench.commands`).

    Attributes
    ----------
    name : str
    job : str
        The job's files are what ``words`` and ``read`` take first.
    available : callable
        Raises `UnavailableError` with the remedy where it is not installed.
    words : callable
        Takes the files and the folder for the results, returns the command line.
    read : callable
        Takes the files and the folder, returns the results in the form of the job.
    serves : callable
        Takes the files, returns whether it can do the job with them.
    """

    name: str
    job: str
    available: Callable[[], None]
    words: Callable[[Any, Path], Sequence[str | Path]]
    read: Callable[[Any, Path], Any]
    serves: Callable[[Any], bool] = lambda files: True


def in_batches(n: int, rows: int) -> Iterator[slice]:
    """Yield slices of at most ``rows`` over ``n``."""
    for first in range(0, n, rows):
        yield slice(first, min(first + rows, n))
