"""Which bins of a model's output are a gene's, and the value that they make: the part of a card that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._fields import Fields

__all__ = ["PSEUDOCOUNT", "READOUTS", "GeneMask", "readout"]

Float64Array = NDArray[np.float64]
OVER: Final = ("exons", "gene_body")
OVERLAPS: Final = ("any", "fraction")
READOUTS: Final = ("mean", "sum", "lfc", "logsed")
PSEUDOCOUNT: Final = 1e-3  # of lfc, as published
_MOST_BASES: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class GeneMask:
    """Which bins of the output are a gene's.

    Attributes
    ----------
    over : {"exons", "gene_body"}
        The exons of all transcripts of the gene merged, or all from the first to the last of them.
    bin_size : int
        Bases of a bin.
    bin_start : int
        0-based index of the first base of bin 0 in the sequence as the model reads it: the bases that the model crops.
    overlap : {"any", "fraction"}
        A bin counts whole where one of its bases is the gene's (Borzoi; AlphaGenome, whose bins are bases), or by the
        share of its bases that are.
    """

    over: str
    bin_size: int
    bin_start: int
    overlap: str = "any"

    @staticmethod
    def from_fields(fields: Fields) -> GeneMask | None:
        """Read ``output.gene_mask`` of a card; None where it is absent or null."""
        if not fields.keys():
            return None
        mask = GeneMask(
            fields.choice("over", OVER),
            fields.integer("bin_size", low=1, high=_MOST_BASES),
            fields.integer("bin_start", low=0, high=_MOST_BASES),
            fields.choice("overlap", OVERLAPS, default="any"),
        )
        fields.finish()
        return mask


def readout(kind: str, total: Float64Array, weight: Any) -> Float64Array:
    """Make the value of a gene from the weighted sum of its bins, (..., T), and the sum of the weights.

    ``mean`` and ``sum`` are on the scale of the output. ``lfc`` is the natural logarithm of the mean + 1e-3: its
    difference between two alleles is the log fold change of AlphaGenome's gene mask scorer. ``logsed`` is log2 of the
    sum + 1: its difference is Borzoi's logSED. What is not defined is not finite.
    """
    with np.errstate(all="ignore"):
        if kind == "sum":
            return total
        if kind == "logsed":
            return np.asarray(np.log2(total + 1.0))
        mean: Float64Array = total / weight
        return mean if kind == "mean" else np.asarray(np.log(mean + PSEUDOCOUNT))
