"""Rows that say the same twice, and what a release leaves out: small probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..._objects import Brief
from ...errors import InputError, did_you_mean
from ...types import VariantTable
from .codes import coded, combined, in_one_spelling

__all__ = ["Duplicates", "PipFloor", "find_duplicates", "pip_floor"]

_LOW: Final = 1e-3
_OF_A_ROW: Final = ("gene_id", "trait_id", "tissue", "study", "method", "ancestry", "cs_id")


@dataclass(frozen=True, slots=True, repr=False)
class Duplicates(Brief):
    """Rows that repeat an earlier one.

    Attributes
    ----------
    rows, first : int64 arrays, shape (D,)
        The rows, and for each the first that is like it.
    keys : tuple of str
        Columns that were compared, with place and alleles.
    """

    rows: NDArray[np.int64]
    first: NDArray[np.int64]
    keys: tuple[str, ...]

    def _facts(self) -> str:
        return f"{self.rows.size} rows repeat an earlier one in {', '.join(('chrom', 'pos', 'ref', 'alt', *self.keys))}"


def find_duplicates(table: VariantTable, keys: Sequence[str] | None = None) -> Duplicates:
    """Find rows of one place, of the same alleles and of the same value in some columns.

    ``1`` and ``chr1`` are one place; alleles of one length are the same in either order.

    Parameters
    ----------
    table : VariantTable
    keys : sequence of str, optional
        Columns; by default those of gene_id, trait_id, tissue, study, method, ancestry and cs_id that the table has.

    Raises
    ------
    InputError
        If there is no such column.
    """
    chosen = tuple(name for name in _OF_A_ROW if name in table.columns) if keys is None else tuple(keys)
    for name in chosen:
        if name not in table.columns:
            raise InputError(
                f"no column {name!r}{did_you_mean(name, table.columns)}", path=table.source or None,
                remedy=f"one of {', '.join(table.columns)}",
            )  # fmt: skip
    table = in_one_spelling(table)
    texts = [table.chrom, table.ref, table.alt, *(_comparable(table.columns[name]) for name in chosen)]
    parts = [(table.position, int(table.position.max(initial=0)) + 1)]
    parts += [(code, max(1, len(names))) for names, code in map(coded, texts)]
    key = combined(parts)
    order = np.argsort(key, kind="stable")
    opens = np.diff(key[order], prepend=-1) != 0
    firsts = np.empty(len(table), np.int64)
    firsts[order] = order[opens][np.cumsum(opens) - 1]
    rows = np.flatnonzero(firsts != np.arange(len(firsts)))
    return Duplicates(rows, firsts[rows], chosen)


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    """NaN is like NaN."""
    return values if values.dtype.kind == "U" else np.where(np.isnan(values), np.inf, values)


@dataclass(frozen=True, slots=True, repr=False)
class PipFloor(Brief):
    """How small the posterior inclusion probabilities of a table get.

    Attributes
    ----------
    smallest : float
        Smallest positive one; NaN where there is none.
    n, n_below : int
        Rows with one, and those with one below ``low``.
    low : float
    """

    smallest: float
    n: int
    n_below: int
    low: float = _LOW

    @property
    def text(self) -> str:
        """A sentence: a table that ends at 1e-4 has other negatives than one that lists every variant."""
        share = f"{self.n_below} of {self.n} are below {self.low:g}"
        return f"the smallest positive PIP is {self.smallest:.3g}; {share}"

    def _facts(self) -> str:
        return self.text


def pip_floor(table: VariantTable) -> PipFloor:
    """Return the smallest positive PIP of a table, and how many rows are below 1e-3.

    Raises
    ------
    InputError
        If the table has no PIP.
    """
    if "pip" not in table.columns:
        raise InputError("the table has no column pip", path=table.source or None, remedy="name the column pip")
    pip = table.columns["pip"]
    known = pip[~np.isnan(pip)]
    positive = known[known > 0]
    return PipFloor(float(positive.min()) if positive.size else np.nan, known.size, int((known < _LOW).sum()))
