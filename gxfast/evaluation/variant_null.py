"""Percentiles of scores among those of null SNVs: which table is of which model, strata, and the mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..errors import InputError, did_you_mean
from ..types import VariantTable
from .variant_labels import variant_codes
from .variant_strata import STRATA

if TYPE_CHECKING:
    from ..stats import Estimate

__all__ = ["MIN_NULL", "NullPercentiles", "mean_percentile", "null_percentiles"]

# Null SNVs, of a model and of a stratum: with fewer, a percentile has steps above 0.01.
MIN_NULL: Final = 100
_DISTANCE: Final = "tss_distance"


@dataclass(frozen=True, slots=True, repr=False)
class NullPercentiles(Brief):
    """Percentiles of a model's absolute scores.

    Attributes
    ----------
    values : float64 array, shape (V,)
        NaN where there is no score, or no stratum of null SNVs.
    among : str
        What they are among.
    n_others : int
        Rows of the null table that are no SNVs, or without a score.
    """

    values: NDArray[np.float64]
    among: str
    n_others: int


def null_percentiles(
    table: VariantTable, sources: Mapping[str, tuple[str, str]], nulls: VariantTable | Mapping[str, VariantTable] | None
) -> dict[str, NullPercentiles]:
    """Return the percentiles of each model that has a table of null SNVs.

    Parameters
    ----------
    table : VariantTable
        Labels with scores.
    sources : mapping of str to (str, str)
        For each model the name of its table of scores, if any, and its column there.
    nulls : VariantTable, or mapping of str to VariantTable, optional
        Scores of null SNVs, by the name of a model or of its table of scores; one without a name is of all models.

    Raises
    ------
    InputError
        If a name is of no model, a table lacks the column of one, or has fewer than `MIN_NULL` SNVs.
    """
    found: dict[str, NullPercentiles] = {}
    for key, null in ({"": nulls} if isinstance(nulls, VariantTable) else nulls or {}).items():
        models = [model for model, (its, _) in sources.items() if key in ("", model, its)]
        if not models:
            known = list(dict.fromkeys(name for model, (its, _) in sources.items() for name in (its or model, model)))
            raise InputError(
                f"null SNVs are called {key!r}, and no model is{did_you_mean(key, known)}", path=null.source or None,
                remedy=f"models are {', '.join(known)}",
            )  # fmt: skip
        for model in models:
            if model in found:
                raise InputError(
                    f"two tables of null SNVs are of {model!r}", path=null.source or None, remedy="give one of them"
                )
            found[model] = _ranked(table, model, null, _column(null, model, sources[model], bool(key), len(models)))
    return found


def _column(null: VariantTable, model: str, source: tuple[str, str], is_named: bool, n_models: int) -> str:
    """Return the column of a model: called as in its scores, or as the model; any name, of one column for one model."""
    own = [name for name, values in null.columns.items() if values.dtype.kind == "f" and name != _DISTANCE]
    for name in (source[1], model):
        if name in own:
            return name
    if is_named and n_models == 1 and len(own) == 1:
        return own[0]
    raise InputError(
        f"the table of null SNVs has no column {source[1]!r} for the model {model!r}"
        f"{did_you_mean(source[1], own)}", path=null.source or None,
        remedy=f"it has {', '.join(own) or 'no scores'}; name a table of one column: null={model}=FILE",
    )  # fmt: skip


def _ranked(table: VariantTable, model: str, null: VariantTable, column: str) -> NullPercentiles:
    from ..stats import null_percentile

    single = (np.char.str_len(null.ref) == 1) & (np.char.str_len(null.alt) == 1)
    snvs = null.take(single & ~np.isnan(null.columns[column]))
    n = _n_snvs(snvs, np.ones(len(snvs), np.bool_))
    if n < MIN_NULL:
        raise InputError(
            f"{n} null SNVs have a score of {model!r}, fewer than {MIN_NULL}", path=null.source or None,
            remedy="score more of them",
        )  # fmt: skip
    size, theirs = np.abs(table.columns[model]), np.abs(snvs.columns[column])
    n_others = len(null) - len(snvs)
    if _DISTANCE not in table.columns or _DISTANCE not in null.columns:
        return NullPercentiles(null_percentile(size, theirs), f"among {n} null SNVs", n_others)
    mine, strata = (_distances(one.columns[_DISTANCE]) for one in (table, snvs))
    enough = [one for one in sorted(set(strata.tolist()) - {""}) if _n_snvs(snvs, strata == one) >= MIN_NULL]
    values = null_percentile(size, theirs, strata=mine, null_strata=strata)
    values[~np.isin(mine, enough)] = math.nan
    n = _n_snvs(snvs, np.isin(strata, enough))
    return NullPercentiles(values, f"among {n} null SNVs of {len(enough)} strata of distance to the TSS", n_others)


def _n_snvs(table: VariantTable, rows: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(np.bincount(variant_codes(table)[rows])))


def _distances(values: NDArray[Any]) -> NDArray[np.str_]:
    """Return the stratum of each distance, empty where it is not known."""
    edges = STRATA["distance"]
    assert isinstance(edges, tuple)
    codes = np.searchsorted(edges[1:-1], np.abs(values), side="right")
    return np.where(np.isnan(values), "", codes.astype(np.str_))


def mean_percentile(ranked: NullPercentiles, rows: NDArray[np.bool_], has_labels: bool) -> Estimate:
    """Return the mean over rows, with the interval of Student's t."""
    from scipy.special import stdtrit

    from ..stats.estimate import CONFIDENCE, Estimate, undefined

    known = ranked.values[rows & ~np.isnan(ranked.values)]
    n = known.size
    counts = n, n if has_labels else 0, int(rows.sum()) - n
    if not n:
        return undefined(*counts, "no variant has a score and null SNVs of its distance")
    mean = float(known.mean())
    se = float(known.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * se if n > 1 else math.nan
    low, high = (min(1.0, max(0.0, mean + side)) if n > 1 else math.nan for side in (-half, half))
    how = "Student's t" if n > 1 else "no interval of one variant"
    return Estimate(mean, low, high, se, *counts, f"{how}; {ranked.among}")
