"""A long region read piece by piece, each no larger in memory than allowed, whatever the density of its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import numpy as np

from ..errors import InputError
from .genotypes import Genotypes, GenotypeSource

__all__ = ["genotype_bytes", "read_genotypes", "read_pieces"]

T = TypeVar("T")

_FIRST_DENSITY: Final = 0.02  # records per base, before anything is known
_DENSE_BYTES_PER_CALL: Final = 8  # two alleles and a phase flag, read, copied and put into the form that is needed
_SET_BYTES_PER_CALL: Final = 8  # its phase set, where records name one


def genotype_bytes(people: int) -> int:
    """Return the bytes that a record takes while it is read."""
    return max(1, people) * _DENSE_BYTES_PER_CALL


def read_pieces(
    read: Callable[[int, int], T],
    cost: Callable[[T], int],
    where: tuple[str, int, int],
    *,
    max_bytes: int,
    per_record: int,
    source: Callable[[T], str],
) -> Iterator[tuple[int, int, T]]:
    """Read a region piece by piece, in order; the width of a piece follows the cost of the one before.

    Parameters
    ----------
    read : callable
        From start and end to what overlaps [start, end).
    cost : callable
        Bytes that this takes.
    where : (str, int, int)
        Contig, start and end; an empty region is one empty piece.
    max_bytes : int
        A piece takes twice as much at most.
    per_record : int
        Bytes that a record takes.
    source : callable
        From what was read to its file, for messages.

    Yields
    ------
    (int, int, T)
        Start and end of a piece, and what was read.

    Raises
    ------
    InputError
        If the records at one position take more than is allowed.
    """
    chrom, start, end = where
    # As wide as if records were 16 times rarer than usual.
    largest = max(1, int(16 * max_bytes / (per_record * _FIRST_DENSITY)))
    size, at = max(1, int(max_bytes / (per_record * _FIRST_DENSITY))), start
    while at < end or at == start:
        stop = min(end, at + size)
        found = read(at, stop)
        taken = cost(found)
        if taken > 2 * max_bytes and stop - at > 1:
            size = max(1, (stop - at) // 2)
            continue
        if taken > 2 * max_bytes:
            raise InputError(
                f"the records at one position need {taken} bytes to read",
                path=source(found), record=f"{chrom}:{at + 1}", remedy="allow more memory (max_mem)",
            )  # fmt: skip
        yield at, stop, found
        # An empty piece says nothing of the next one: growth has an end.
        size = max(1, min(4 * size, largest, int(size * max_bytes / taken) if taken else largest))
        at = max(stop, at + 1)


def read_genotypes(
    genotypes: GenotypeSource, chrom: str, start: int, end: int, max_bytes: int
) -> Iterator[tuple[int, int, Genotypes]]:
    """Read the genotypes of a region piece by piece; a record is in the piece where it begins, or in the first."""
    per_record = genotype_bytes(len(genotypes.samples))

    def cost(found: Genotypes) -> int:
        taken = len(found) * per_record
        return taken if found.phase_set is None else taken + taken // _DENSE_BYTES_PER_CALL * _SET_BYTES_PER_CALL

    pieces = read_pieces(
        lambda at, stop: genotypes.region(chrom, at, stop), cost, (chrom, start, end),
        max_bytes=max_bytes, per_record=per_record, source=lambda found: found.source,
    )  # fmt: skip
    for at, stop, found in pieces:
        mine = (found.position >= at) | (at == start)
        yield at, stop, found if mine.all() else found.take(np.flatnonzero(mine), at, stop)
