"""Strata of variants: by distance to the TSS, frequency, size of effect, PIP, or what a column of text says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..errors import InputError, did_you_mean
from ..io.numbers import finite_number, whole_number
from ..types import VariantTable
from .variant_labels import effect_column

__all__ = ["ALL", "STRATA", "Stratum", "frequency_of", "strata_of"]

ALL: Final = "all"
# What values are known by name, and the edges or the number of quantiles by which they are cut.
STRATA: Final[dict[str, tuple[float, ...] | int]] = {
    "distance": (0, 1_000, 10_000, 100_000, np.inf),
    "frequency": (0, 0.01, 0.05, 0.5),
    "effect": 4,
    "pip": (0.9, 0.95, 0.99, 1),
    "ancestry": 0,
    "consequence": 0,
}
# Strata of what positives alone have.
_OF_POSITIVES: Final = ("effect", "pip")
_REMEDY: Final = "name columns, with edges (distance:0/1000/10000) or a number of quantiles (effect:q4)"


@dataclass(frozen=True, slots=True, repr=False)
class Stratum(Brief):
    """Some rows of a table.

    Attributes
    ----------
    name, level : str
        By what, and which part: ``distance``, ``[0, 1000)``.
    rows : bool array, shape (V,)
    of_negatives : bool
        Whether negatives belong to one too.
    """

    name: str
    level: str
    rows: NDArray[np.bool_]
    of_negatives: bool = True


def frequency_of(table: VariantTable) -> NDArray[np.float64] | None:
    """Return frequencies of minor alleles, if the table has frequencies."""
    if "af" in table.columns:
        values: NDArray[np.float64] = table.columns["af"]
        return np.minimum(values, 1 - values)
    return table.columns.get("maf")


def strata_of(table: VariantTable, wanted: Sequence[str], among: NDArray[np.bool_]) -> list[Stratum]:
    """Return all rows, and then the strata that are wanted.

    Parameters
    ----------
    table : VariantTable
    wanted : sequence of str
        `STRATA` or other columns, with edges (``distance:0/1000/10000``) or a number of quantiles (``effect:q4``);
        columns of text have a stratum per text.
    among : bool array, shape (V,)
        Rows of which quantiles are taken.

    Raises
    ------
    InputError
        If there is no such column, or edges do not grow.
    """
    found = [Stratum(ALL, "", np.ones(len(table), np.bool_))]
    for one in wanted:
        name, _, cut = one.partition(":")
        values = _values(table, name)
        if values.dtype.kind == "U":
            levels = sorted(set(values.tolist()) - {""})
            found += [Stratum(name, level, values == level) for level in levels]
        else:
            found += _cut(name, values, _edges(name, cut, values[among]))
    return found


def _values(table: VariantTable, name: str) -> NDArray[Any]:
    columns = table.columns
    known = {
        "distance": np.abs(columns["tss_distance"]) if "tss_distance" in columns else None,
        "frequency": frequency_of(table),
        "effect": np.abs(columns[effect]) if (effect := effect_column(table)) else None,
    }
    values = known[name] if name in known else columns.get(name)
    if values is None:
        raise InputError(
            f"there is nothing to make strata by {name!r} of{did_you_mean(name, [*STRATA, *columns])}",
            path=table.source or None, remedy=f"columns are {', '.join(columns)}; {_REMEDY}",
        )  # fmt: skip
    return values


def _edges(name: str, cut: str, values: NDArray[np.float64]) -> list[float]:
    default = STRATA.get(name, 4)
    n = (whole_number(cut[1:], 2, 100) if cut.startswith("q") else None) if cut else default
    if isinstance(n, int):
        known = np.sort(values[np.isfinite(values)])
        quantiles = np.quantile(known, np.linspace(0, 1, n + 1)) if known.size else np.empty(0)
        return sorted(set(quantiles.tolist()))
    edges = list(n) if n is not None else [finite_number(edge) for edge in cut.split("/")]
    numbers = [edge for edge in edges if edge is not None]
    if len(numbers) != len(edges) or len(edges) < 2 or any(a >= b for a, b in pairwise(numbers)):
        raise InputError(f"strata {name}:{cut} are no growing edges and no quantiles", remedy=_REMEDY)
    return numbers


def _cut(name: str, values: NDArray[np.float64], edges: list[float]) -> list[Stratum]:
    found = []
    for low, high in pairwise(edges):
        last = high == edges[-1]
        rows = (values >= low) & ((values <= high) if last else (values < high))
        level = f"[{low:g}, {high:g}{']' if last else ')'}"
        found.append(Stratum(name, level, rows, name not in _OF_POSITIVES))
    return found
