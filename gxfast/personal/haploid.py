"""Where people have one haplotype only: haploid calls, as on X and Y."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..io.vcf import Genotypes

__all__ = ["HaploidCalls"]

Int64Array = NDArray[np.int64]


class HaploidCalls(NamedTuple):
    """Which calls are haploid, by record.

    Attributes
    ----------
    n_samples : int
    start, end : int64 arrays, shape (V,)
        Reference interval of each record.
    calls : bool array, shape (V, S), or None
        None where no call is haploid.
    """

    n_samples: int
    start: Int64Array
    end: Int64Array
    calls: NDArray[np.bool_] | None

    @classmethod
    def of(cls, genotypes: Genotypes) -> HaploidCalls:
        """Find them in genotypes."""
        second = genotypes.calls[:, :, 1]
        found = second == -2 if len(second) and genotypes.calls.min() < -1 else None
        return cls(second.shape[1], genotypes.position, genotypes.position + genotypes.ref_length, found)

    def take(self, rows: Int64Array) -> HaploidCalls:
        """Return those of some records, which may be named several times."""
        calls = None if self.calls is None else self.calls[rows]
        return HaploidCalls(self.n_samples, self.start[rows], self.end[rows], calls)

    @classmethod
    def concatenate(cls, parts: Sequence[HaploidCalls]) -> HaploidCalls:
        """Join those of consecutive blocks."""
        start, end = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        if all(part.calls is None for part in parts):
            return cls(parts[0].n_samples, start, end, None)
        calls = [
            np.zeros((len(part.start), part.n_samples), bool) if part.calls is None else part.calls for part in parts
        ]
        return cls(parts[0].n_samples, start, end, np.concatenate(calls))

    def absent(self, low: int, high: int) -> NDArray[np.bool_]:
        """Haplotypes (S, 2) that a person does not have in [low, high): all calls there are haploid.

        A person with no records there is diploid.
        """
        result = np.zeros((self.n_samples, 2), bool)
        if self.calls is not None:
            here = (self.start < high) & (self.end > low)
            if here.any():
                result[:, 1] = self.calls[here].all(axis=0)
        return result
