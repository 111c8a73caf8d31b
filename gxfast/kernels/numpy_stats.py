"""Readable twins of the kernels in ``_numba_fns``: the specification, in NumPy.

Both modules fill the output arrays they are given and return nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import rank_arrays, row_arrays, step_arrays

__all__ = ["DEFINED", "FLAT_X", "FLAT_Y", "INFINITE", "TOO_FEW", "average_ranks", "pearson_rows", "step_up"]

# Why a correlation is undefined; the codes of the ``why`` arrays.
DEFINED, TOO_FEW, FLAT_X, FLAT_Y, INFINITE = 0, 1, 2, 3, 4

Rows = NDArray[Any]


def pearson_rows(x: Rows, y: Rows, r: NDArray[np.float64], n: NDArray[np.int64], why: NDArray[np.int8]) -> None:
    """Fill ``r``, ``n`` and ``why`` of every pair of rows of ``x`` and ``y``, shape (G, S)."""
    row_arrays(x, y, r, n, why)
    for g in range(x.shape[0]):
        usable = ~(np.isnan(x[g]) | np.isnan(y[g]))
        r[g], why[g] = _pearson(x[g][usable].astype(np.float64), y[g][usable].astype(np.float64))
        n[g] = np.count_nonzero(usable)


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, int]:
    if np.isinf(x).any() or np.isinf(y).any():
        return np.nan, INFINITE
    if x.size < 3:
        return np.nan, TOO_FEW
    # exact, because centred sums of a constant leave rounding noise that looks like a signal
    if x.min() == x.max():
        return np.nan, FLAT_X
    if y.min() == y.max():
        return np.nan, FLAT_Y
    x, y = _scaled(x), _scaled(y)
    dx, dy = x - x.mean(), y - y.mean()
    # the second pass also takes out what rounding left in the means
    sxx = (dx * dx).sum() - dx.sum() ** 2 / x.size
    syy = (dy * dy).sum() - dy.sum() ** 2 / x.size
    sxy = (dx * dy).sum() - dx.sum() * dy.sum() / x.size
    return float(np.clip(sxy / np.sqrt(sxx * syy), -1.0, 1.0)), DEFINED


def _scaled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring the largest value to [0.5, 1) by a power of two: exact, and squares cannot overflow."""
    return np.asarray(np.ldexp(x, -np.frexp(np.abs(x).max())[1]))


def average_ranks(x: Rows, order: NDArray[np.int64], ranks: NDArray[np.float64]) -> None:
    """Fill ``ranks`` (G, S) with ranks from 1, ties sharing their mean rank; NaN keeps NaN.

    ``order`` is ``argsort(x, axis=1)``; the twin does without it.
    """
    rank_arrays(x, order, ranks)
    for g in range(x.shape[0]):
        there = ~np.isnan(x[g])
        values = np.sort(x[g][there])
        below = np.searchsorted(values, x[g][there], side="left")
        up_to = np.searchsorted(values, x[g][there], side="right")
        ranks[g] = np.nan
        ranks[g, there] = (below + up_to + 1) / 2


def step_up(p_sorted: NDArray[np.float64], factor: float, q: NDArray[np.float64]) -> None:
    """Fill ``q`` with the adjusted values of ascending ``p_sorted``: running minimum from the largest."""
    step_arrays(p_sorted, q)
    m = p_sorted.size
    raw = p_sorted * (factor * m) / np.arange(1, m + 1)
    q[:] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
