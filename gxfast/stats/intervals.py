"""Confidence intervals and permutation p-values of correlations across people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, whole_number
from .estimate import fisher_interval

__all__ = ["CorrelationInterval", "correlation_interval", "permutation_p"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class CorrelationInterval(Arrays):
    """Pearson ``r`` and its bounds ``low`` and ``high``, one per row; NaN where undefined."""

    r: Float64Array
    low: Float64Array
    high: Float64Array


def correlation_interval(
    x: ArrayLike,
    y: ArrayLike,
    *,
    method: Literal["fisher", "bootstrap"] = "fisher",
    confidence: float = 0.95,
    n_draws: int = 1000,
    seed: int = 0,
) -> CorrelationInterval:
    """Bound the correlation of each row.

    Parameters
    ----------
    x, y : array-like of float, shape (S,) or (G, S)
        Genes by people. A person with a NaN in a row is left out of that row.
    method : {"fisher", "bootstrap"}
        Fisher's z with standard error ``1 / sqrt(n - 3)``, for normal data; or quantiles of the
        correlations of people drawn with replacement.
    confidence : float, default 0.95
    n_draws, seed : int
        Draws of the bootstrap. Every row has its own stream, so that a row does not depend on the others.

    Returns
    -------
    CorrelationInterval
        Arrays of shape (G,); NaN for constant rows and rows with fewer than 4 people.

    Raises
    ------
    InputError
        If the shapes differ, a value is infinite or an option does not fit.

    Notes
    -----
    Fisher (1921), Metron 1, 3; Efron (1979), Annals of Statistics 7, 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie between 0 and 1, found {confidence}")
    if method not in ("fisher", "bootstrap"):
        raise InputError(f"method must be fisher or bootstrap, found {method!r}")
    a, b = _pair(x, y, n_draws)
    found = np.full((3, len(a)), np.nan)
    for row in range(len(a)):
        kept = ~(np.isnan(a[row]) | np.isnan(b[row]))
        u, v = a[row, kept], b[row, kept]
        if len(u) < 4 or _constant(u) or _constant(v):
            continue
        r = _r(u, v)
        if method == "fisher":
            found[:, row] = r, *fisher_interval(r, len(u), confidence)[:2]
        else:
            drawn = _resampled(u, v, n_draws, np.random.default_rng([seed, row]))
            tail = (1 - confidence) / 2
            found[:, row] = r, *np.nanquantile(drawn, [tail, 1 - tail])
    return CorrelationInterval(*found)


def permutation_p(x: ArrayLike, y: ArrayLike, *, n_draws: int = 1000, seed: int = 0) -> Float64Array:
    """Two-sided p of each row's correlation by permuting the people of ``y``.

    Parameters
    ----------
    x, y : array-like of float, shape (S,) or (G, S)
        Genes by people. A person with a NaN in a row is left out of that row.
    n_draws, seed : int
        Permutations of each row, from a stream of its own.

    Returns
    -------
    array of float64, shape (G,)
        (permutations with abs(r) at least as large + 1) / (n_draws + 1); NaN for constant rows and rows
        with fewer than 4 people.

    Raises
    ------
    InputError
        If the shapes differ, a value is infinite or ``n_draws`` < 2.
    """
    a, b = _pair(x, y, n_draws)
    p = np.full(len(a), np.nan)
    for row in range(len(a)):
        kept = ~(np.isnan(a[row]) | np.isnan(b[row]))
        u, v = a[row, kept], b[row, kept]
        if len(u) < 4 or _constant(u) or _constant(v):
            continue
        u, v = u - u.mean(), v - v.mean()
        generator = np.random.default_rng([seed, row])
        drawn = np.array([abs(float(np.sum(u * generator.permutation(v)))) for _ in range(n_draws)])
        # the same sum in another order differs in its last digits and counts as a tie
        seen = abs(float(np.sum(u * v))) * (1 - 1e-12)
        p[row] = (np.count_nonzero(drawn >= seen) + 1) / (n_draws + 1)
    return p


def _resampled(u: Float64Array, v: Float64Array, n_draws: int, generator: np.random.Generator) -> Float64Array:
    r = np.full(n_draws, np.nan)
    for draw in range(n_draws):
        people = generator.integers(0, len(u), len(u))
        first, second = u[people], v[people]
        if not (_constant(first) or _constant(second)):
            r[draw] = _r(first, second)
    return r


def _r(u: Float64Array, v: Float64Array) -> float:
    u, v = u - u.mean(), v - v.mean()
    r = float(np.sum(u * v)) / float(np.sqrt(np.sum(u * u)) * np.sqrt(np.sum(v * v)))
    return min(1.0, max(-1.0, r))


def _constant(values: Float64Array) -> bool:
    return bool(values.min() == values.max())


def _pair(x: ArrayLike, y: ArrayLike, n_draws: int) -> tuple[Float64Array, Float64Array]:
    a, b = finite_or_nan(x, "x"), finite_or_nan(y, "y")
    if a.ndim not in (1, 2) or a.shape != b.shape:
        raise InputError(f"x and y must have one shape, people or genes by people; found {a.shape} and {b.shape}")
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    whole_number(n_draws, "n_draws", 2)
    return a, b
