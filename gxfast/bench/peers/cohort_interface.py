"""What a peer that makes personal sequences looks like to the cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Cohort
from .numba_lut import encoder, table

__all__ = ["Batches", "CohortPeer", "CohortWork", "in_batches", "table_encoder"]

Batches = Iterator[tuple[slice, NDArray[Any]]]


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


def table_encoder(rows: int, length: int, out: NDArray[Any] | None) -> Callable[[NDArray[Any], slice], NDArray[Any]]:
    """Return an encoder with a compiled table loop: into rows of ``out``, or into a reused buffer of ``rows``."""
    loop, lut = encoder("NLC"), table("float32", False)
    buffer = np.zeros((rows, length, 4), np.float32) if out is None else out

    def encode(letters: NDArray[Any], part: slice) -> NDArray[Any]:
        batch = buffer[: len(letters)] if out is None else buffer[part]
        loop(letters.view(np.uint8), lut, False, batch.view(lut.dtype))
        return batch

    return encode


def in_batches(n: int, rows: int) -> Iterator[slice]:
    """Yield slices of at most ``rows`` over ``n``."""
    for first in range(0, n, rows):
        yield slice(first, min(first + rows, n))
