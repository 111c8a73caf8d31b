"""Four cells: correlations within populations of seen and unseen genes, and how near they come to the heritability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays, Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, whole_number, whole_numbers

__all__ = [
    "MOST_DRAWS", "CellSummary", "PeopleAcrossGenes", "across_genes", "cell_summary", "signed_r2", "within_groups",
]  # fmt: skip

Float64Array = NDArray[np.float64]
MOST_DRAWS: Final = 10_000
_DRAWN_GENES: Final = 5_000_000  # in all draws, from which on there are fewer of them
_LEAST_DRAWS: Final = 1000
_AT_ONCE: Final = 1 << 20
_TAIL: Final = (0.025, 0.975)
_FEWEST_GENES: Final = 3
_CONSTANT: Final = 2  # among the codes of `Correlation.why`


@dataclass(frozen=True, slots=True, repr=False)
class CellSummary(Brief):
    """What one predictor comes to in one cell; NaN where undefined. Intervals: 95 % bootstrap over genes.

    Attributes
    ----------
    n_genes : int
        With a defined r.
    mean_r, mean_r_low, mean_r_high, median_r : float
    share_positive : float
        Of the genes with r != 0.
    signed_r2 : float
        Mean of `signed_r2`: a gene that is turned round counts against.
    n_h2 : int
        Genes with both r and a heritability.
    h2, h2_se : float
        Mean heritability of these, and the standard error of the mean over genes.
    ceiling_ratio, ceiling_low, ceiling_high : float
        Sum of `signed_r2` over the sum of h2: 1 is all that genotypes in cis can predict.
    """

    n_genes: int
    mean_r: float
    mean_r_low: float
    mean_r_high: float
    median_r: float
    share_positive: float
    signed_r2: float
    n_h2: int
    h2: float
    h2_se: float
    ceiling_ratio: float
    ceiling_low: float
    ceiling_high: float


@dataclass(frozen=True, slots=True, repr=False)
class PeopleAcrossGenes(Arrays):
    """Correlation across genes of each of S people; NaN where undefined.

    Attributes
    ----------
    n_genes : int64 array, shape (S,)
    r : float64 array, shape (S,)
        Of values as they are: mostly differences between genes, which hardly differ between people.
    centred_r : float64 array, shape (S,)
        Of both sides less the gene's mean over people, and by its deviation: what is special about the person.
    """

    n_genes: NDArray[np.int64]
    r: Float64Array
    centred_r: Float64Array


def within_groups(
    predicted: ArrayLike, observed: ArrayLike, groups: ArrayLike, n_groups: int, *, constant: float = np.nan
) -> Float64Array:
    """Correlate predictions with what was observed, within each group of people.

    Differences between the groups' means play no part.

    Parameters
    ----------
    predicted, observed : array-like of float, shape (G, S)
        NaN where unknown.
    groups : array-like of int, shape (S,)
        0 to ``n_groups - 1``; -1: in none.
    n_groups : int
    constant : float
        What a constant prediction counts for: 0 of a model that was trained, and found nothing to say.

    Returns
    -------
    float64 array, shape (G, P)
        Pearson; NaN where fewer than three people, or constant expression.

    Raises
    ------
    InputError
        If shapes do not agree or a value is infinite.
    """
    from .correlation import pearson

    x = finite_or_nan(predicted, "predicted", ("G", "S"))
    y = finite_or_nan(observed, "observed", x.shape)
    of = whole_numbers(groups, "groups", x.shape[1:])
    found = np.full((len(x), whole_number(n_groups, "n_groups", 1)), np.nan)
    for p in range(found.shape[1]):
        mine = np.flatnonzero(of == p)
        if mine.size > 2 and len(x):
            one = pearson(np.ascontiguousarray(x[:, mine]), np.ascontiguousarray(y[:, mine]))
            found[:, p] = np.where(one.why == _CONSTANT, constant, one.r)
    return found


def signed_r2(r: ArrayLike, noise: ArrayLike) -> Float64Array:
    """Return the sign of r times r^2 less what chance adds to it: adjusted R^2, ``r^2 - (1 - r^2) / (n - 2)``.

    0 on average where nothing is predicted, whatever the sign; r^2 alone is too large by about ``noise``.

    Parameters
    ----------
    r : array-like of float, shape (G,)
    noise : array-like of float, shape (G,)
        Variance of r where nothing is predicted: ``1 / (n - 1)`` of n people; of a weighted mean over groups, the sum
        of squared weights times theirs.

    Raises
    ------
    InputError
        If shapes do not agree, a value is infinite, or ``noise`` is below 0 or not below 1.
    """
    values = finite_or_nan(r, "r", ("G",))
    chance = finite_or_nan(noise, "noise", values.shape)
    if ((chance < 0) | (chance >= 1)).any():
        raise InputError("noise must be 0 or more, and below 1", remedy="give 1 / (n - 1) of n people")
    return np.asarray(np.sign(values) * (values**2 - chance) / (1 - chance))


def cell_summary(
    r: ArrayLike, h2: ArrayLike | None = None, *, noise: ArrayLike | None = None, n_draws: int | None = None,
    seed: int = 0,
) -> CellSummary:  # fmt: skip
    """Summarise the correlations of some genes, beside their heritability.

    Parameters
    ----------
    r : array-like of float, shape (G,)
        NaN where undefined.
    h2 : array-like of float, shape (G,), optional
        Share of variance in cis; NaN where unknown.
    noise : array-like of float, shape (G,), optional
        As of `signed_r2`; 0 by default, as of very many people.
    n_draws : int, optional
        By default 10,000 of few genes, and at least 1,000 of many; 0: no intervals.
    seed : int
        Of the bootstrap over genes.

    Returns
    -------
    CellSummary

    Raises
    ------
    InputError
        If shapes do not agree or a value is infinite.
    """
    every = finite_or_nan(r, "r", ("G",))
    share = np.full(every.shape, np.nan) if h2 is None else finite_or_nan(h2, "h2", every.shape)
    signed = signed_r2(every, np.zeros(every.shape) if noise is None else noise)
    # in an order of their own, so that neither sums nor draws depend on the order of the genes
    kept = np.lexsort((share, signed, every))[: int(np.isfinite(every).sum())]
    values, ceiling, signed = every[kept], share[kept], signed[kept]
    both = np.isfinite(ceiling)
    if not values.size:
        return CellSummary(0, *(np.nan,) * 6, 0, *(np.nan,) * 5)
    usual = min(MOST_DRAWS, max(_LEAST_DRAWS, _DRAWN_GENES // values.size))
    draws = usual if n_draws is None else whole_number(n_draws, "n_draws", 0)
    mean, ratio = _drawn(values, signed, ceiling, draws, seed)
    moved = values[values != 0]
    of_both, h = signed[both], ceiling[both]
    return CellSummary(
        int(values.size), float(values.mean()), *_bounds(mean), float(np.median(values)),
        float((moved > 0).mean()) if moved.size else np.nan, float(signed.mean()), int(both.sum()),
        float(h.mean()) if h.size else np.nan, float(h.std(ddof=1) / np.sqrt(h.size)) if h.size > 1 else np.nan,
        float(of_both.sum() / h.sum()) if h.size and h.sum() > 0 else np.nan, *_bounds(ratio),
    )  # fmt: skip


def _drawn(
    r: Float64Array, signed: Float64Array, h2: Float64Array, n_draws: int, seed: int
) -> tuple[Float64Array, Float64Array]:
    """Mean r, and the ratio to the heritability, of genes drawn with replacement; few genes have no interval."""
    if r.size < _FEWEST_GENES or not n_draws:
        return np.empty(0), np.empty(0)
    generator = np.random.default_rng(seed)
    both = np.isfinite(h2)
    parts = np.stack([r, np.where(both, signed, 0.0), np.where(both, h2, 0.0)])
    sums = np.empty((3, n_draws))
    step = max(1, _AT_ONCE // r.size)
    for first in range(0, n_draws, step):
        drawn = generator.integers(0, r.size, (min(step, n_draws - first), r.size))
        sums[:, first : first + step] = parts[:, drawn].sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = sums[1] / sums[2]
    return sums[0] / r.size, ratio[np.isfinite(ratio)] if both.sum() >= _FEWEST_GENES else np.empty(0)


def _bounds(draws: Float64Array) -> tuple[float, float]:
    if not draws.size:
        return np.nan, np.nan
    low, high = np.quantile(draws, _TAIL)
    return float(low), float(high)


def across_genes(predicted: ArrayLike, observed: ArrayLike, folds: ArrayLike | None = None) -> PeopleAcrossGenes:
    """Correlate across genes, person by person.

    Parameters
    ----------
    predicted, observed : array-like of float, shape (G, S)
        NaN where unknown. Genes of which nothing varies on one side have no part in ``centred_r``.
    folds : array-like of int, shape (S,), optional
        Who was predicted by one fit: predictions are centred and scaled within folds.

    Returns
    -------
    PeopleAcrossGenes

    Raises
    ------
    InputError
        If shapes do not agree or a value is infinite.
    """
    from .correlation import pearson

    x = finite_or_nan(predicted, "predicted", ("G", "S"))
    y = finite_or_nan(observed, "observed", x.shape)
    gaps = np.isnan(x) | np.isnan(y)
    x, y = np.where(gaps, np.nan, x), np.where(gaps, np.nan, y)
    n = (~gaps).sum(axis=0)
    if not x.size:
        return PeopleAcrossGenes(n, np.full(n.shape, np.nan), np.full(n.shape, np.nan))
    raw = pearson(np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)).r
    u, v = np.full(x.shape, np.nan), _standardised(y)
    of = np.zeros(x.shape[1], np.int64) if folds is None else whole_numbers(folds, "folds", x.shape[1:])
    for fold in np.unique(of).tolist():
        u[:, of == fold] = _standardised(x[:, of == fold])
    lost = np.isnan(u) | np.isnan(v)
    u, v = (np.where(lost, np.nan, side).T for side in (u, v))
    return PeopleAcrossGenes(
        n, np.asarray(raw), np.asarray(pearson(np.ascontiguousarray(u), np.ascontiguousarray(v)).r)
    )


def _standardised(values: Float64Array) -> Float64Array:
    """Each gene less its mean and by its deviation; NaN where it does not vary, to rounding."""
    known = np.isfinite(values)
    n = known.sum(axis=1, keepdims=True)
    # By a power of two, which changes no digit, so that squares are numbers.
    largest = np.abs(np.where(known, values, 0.0)).max(axis=1, keepdims=True, initial=0.0)
    values = np.ldexp(values, -np.frexp(largest)[1])
    filled = np.where(known, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1, keepdims=True) / n
        less = np.where(known, values - mean, 0.0)
        spread = np.sqrt((less**2).sum(axis=1, keepdims=True) / n)
        flat = (n < 3) | ~(spread > 1e-9 * np.maximum(np.abs(mean), 1e-300))
        return np.asarray(np.where(known & ~flat, less / spread, np.nan))
