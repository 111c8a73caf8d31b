"""Refusals of records beyond the window asked for: held back until it is known whether a haplotype gets there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.genotypes import Genotypes

__all__ = ["Gate", "Held"]

Int64Array = NDArray[np.int64]


class Held(NamedTuple):
    """A refusal that counts only where a haplotype reaches the record, [start, end) of the reference.

    ``person`` is -1 where it does not matter who carries it.
    """

    start: int
    end: int
    person: int
    error: InputError


class Gate:
    """Refuses records at once that touch the core of a region, and holds back refusals of the others.

    Parameters
    ----------
    genotypes : Genotypes
    core : (int, int) or None
        The window itself, without the margin that deletions may draw in; None: all of the region.
    """

    def __init__(self, genotypes: Genotypes, core: tuple[int, int] | None) -> None:
        self.held: list[Held] = []
        self._core = core
        self.keep_to(genotypes)

    def keep_to(self, genotypes: Genotypes) -> None:
        """Go on with other records of the same region."""
        longest = np.maximum.reduceat(genotypes.allele_spans(), genotypes.first_allele[:-1]) if len(genotypes) else 0
        self.start, self.end = genotypes.position, genotypes.position + np.maximum(longest, 1)
        low, high = self._core or (-1, 2**62)
        self.inside: NDArray[np.bool_] = (self.start < high) & (self.end > low)

    def refuse(self, bad: Int64Array, error_of: Callable[[int], InputError], people: Int64Array | None = None) -> None:
        """Raise for the first of the records ``bad`` that touches the core; hold the others back.

        ``people``: whose calls of these records are refused, one each.
        """
        inside = self.inside[bad]
        if inside.any():
            raise error_of(int(np.flatnonzero(inside)[0]))
        for i, v in enumerate(bad.tolist()):
            person = -1 if people is None else int(people[i])
            self.held.append(Held(int(self.start[v]), int(self.end[v]), person, error_of(i)))
