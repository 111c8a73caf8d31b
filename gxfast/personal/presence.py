"""Who is in a file of a contig: of chromosome Y, men alone."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["absent_from", "people_on"]

S = TypeVar("S")


def absent_from(genotypes: Any, chrom: str) -> NDArray[np.bool_]:
    """Return which people are in no file of a contig, shape (S,); nobody where the source cannot say."""
    ask = getattr(genotypes, "absent", None)
    found: NDArray[np.bool_] = ask(chrom) if callable(ask) else np.zeros(len(genotypes.samples), np.bool_)
    return found


def people_on(genotypes: S, chrom: str) -> tuple[S, NDArray[np.int64]]:
    """Return the genotypes of those who are in a file of the contig, and their indices among all people."""
    source: Any = genotypes
    there = np.flatnonzero(~absent_from(source, chrom))
    if there.size == len(source.samples):
        return genotypes, there
    return source.subset([source.samples[i] for i in there]), there
