"""Correlation of the rows of two matrices, with p values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays
from .._threads import resolve_threads, worker_pool
from ..errors import InputError
from ..kernels import Backend, load_kernels
from ..kernels.arguments import numbers, whole_numbers
from ..kernels.numpy_stats import DEFINED, INFINITE, TOO_FEW
from .tails import correlation_p

__all__ = ["Correlation", "RankCorrelation", "pearson", "spearman"]

Float64Array = NDArray[np.float64]

# rows ranked at a time, so that the orders of a whole matrix never exist together
_BLOCK = 512


@dataclass(frozen=True, slots=True, repr=False)
class Correlation(Arrays):
    """Pearson correlations; every array has shape (G,), or () for two vectors.

    Attributes
    ----------
    r : float64 array
        NaN where undefined.
    p : float64 array
        Two-sided, from Student's t with n - 2 - n_covariates degrees of freedom; 0 where no double is
        small enough.
    log10p : float64 array
        log10 of the same; finite unless abs(r) is exactly 1 (then -inf).
    n : int64 array
        Pairs without NaN.
    why : int8 array
        0 defined, 1 too few pairs, 2 ``x`` constant, 3 ``y`` constant.
    """

    r: Float64Array
    p: Float64Array
    log10p: Float64Array
    n: NDArray[np.int64]
    why: NDArray[np.int8]


@dataclass(frozen=True, slots=True, repr=False)
class RankCorrelation(Arrays):
    """Spearman correlations; as `Correlation`, with ``rho`` for ``r``."""

    rho: Float64Array
    p: Float64Array
    log10p: Float64Array
    n: NDArray[np.int64]
    why: NDArray[np.int8]


def pearson(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_covariates: int | NDArray[np.int64] = 0,
    backend: Backend = "compiled",
    n_threads: int = 1,
) -> Correlation:
    """Correlate each row of ``x`` with the same row of ``y``.

    Two passes in float64 whatever the input; pairs with a NaN are left out row by row. A row that is
    constant over its usable pairs (smallest == largest, exactly) has no correlation.

    Parameters
    ----------
    x, y : array-like of numbers, shape (G, S) or (S,)
        S people; a vector is paired with every row of the other. float32 is read without a copy.
    n_covariates : int or int array, shape (G,), default 0
        Covariates already regressed out, taken off the degrees of freedom.
    backend : {"compiled", "numba", "numpy"}
        C++ kernel, Numba kernel, or their readable twin; r differs in the last bits at most.
    n_threads : int, default 1
        0 for all; results do not depend on it.

    Returns
    -------
    Correlation

    Raises
    ------
    InputError
        If the shapes do not agree, a value is infinite or the arrays are not numeric.
    """
    first, second, shape = _rows(x, y)
    kernels = load_kernels(backend)
    r, n, why = _correlate(kernels.pearson_rows, first, second, n_threads)
    return Correlation(*_finish(r, n, why, n_covariates, shape))


def spearman(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_covariates: int | NDArray[np.int64] = 0,
    backend: Backend = "compiled",
    n_threads: int = 1,
) -> RankCorrelation:
    """Correlate the ranks of each row of ``x`` with those of the same row of ``y``.

    Ties share their mean rank; pairs with a NaN are left out before ranking. Parameters, result and
    errors are those of `pearson`.
    """
    first, second, shape = _rows(x, y)
    if backend != "compiled":
        _refuse_infinite(first, second)
    kernels = load_kernels(backend)

    def composed(a: Any, b: Any, r: Any, n: Any, why: Any) -> None:
        for start in range(0, a.shape[0], _BLOCK):
            part = slice(start, start + _BLOCK)
            ranks = _pairwise_ranks(kernels, a[part], b[part])
            kernels.pearson_rows(*ranks, r[part], n[part], why[part])

    kernel = kernels.spearman_rows if backend == "compiled" else composed
    r, n, why = _correlate(kernel, first, second, n_threads)
    return RankCorrelation(*_finish(r, n, why, n_covariates, shape))


def _pairwise_ranks(kernels: Any, a: Any, b: Any) -> tuple[Float64Array, Float64Array]:
    gaps = np.isnan(a) | np.isnan(b)
    if gaps.any():
        a, b = np.where(gaps, np.nan, a), np.where(gaps, np.nan, b)
    ranks = []
    for values in (a, b):
        out = np.empty(values.shape)
        kernels.average_ranks(values, np.argsort(values, axis=1), out)
        ranks.append(out)
    return ranks[0], ranks[1]


def _correlate(
    kernel: Callable[..., None], x: Any, y: Any, n_threads: int
) -> tuple[Float64Array, NDArray[np.int64], NDArray[np.int8]]:
    rows = x.shape[0]
    r, n, why = np.empty(rows), np.empty(rows, np.int64), np.empty(rows, np.int8)
    workers = min(resolve_threads(n_threads), max(1, rows // 64))
    edges = [rows * i // workers for i in range(workers + 1)]
    parts = [slice(edges[i], edges[i + 1]) for i in range(workers)]
    if workers == 1:
        kernel(x, y, r, n, why)
    else:
        with worker_pool(workers) as pool:
            jobs = [pool.submit(kernel, x[p], y[p], r[p], n[p], why[p]) for p in parts]
            for job in jobs:
                job.result()
    if (why == INFINITE).any():
        _raise_infinite(int(np.argmax(why == INFINITE)))
    return r, n, why


def _finish(
    r: Float64Array,
    n: NDArray[np.int64],
    why: NDArray[np.int8],
    n_covariates: int | NDArray[np.int64],
    shape: tuple[int, ...],
) -> tuple[Float64Array, Float64Array, Float64Array, NDArray[np.int64], NDArray[np.int8]]:
    used = whole_numbers(n_covariates, "n_covariates")
    if (used < 0).any() or used.shape not in ((), r.shape):
        raise InputError(f"n_covariates must be a whole number >= 0, or one per row, found {n_covariates!r}")
    df = n - 2 - used
    short = (df < 1) & (why == DEFINED)
    r[short], why[short] = np.nan, TOO_FEW
    p, log10p = correlation_p(r, df)
    return r.reshape(shape), p.reshape(shape), log10p.reshape(shape), n.reshape(shape), why.reshape(shape)


def _rows(x: ArrayLike, y: ArrayLike) -> tuple[Any, Any, tuple[int, ...]]:
    first, second = _numbers(x, "x"), _numbers(y, "y")
    if first.shape[-1] != second.shape[-1]:
        raise InputError(f"x and y must have the same people, found shapes {first.shape} and {second.shape}")
    if first.ndim == second.ndim == 2 and first.shape[0] != second.shape[0]:
        raise InputError(f"x and y must have as many rows, found shapes {first.shape} and {second.shape}")
    shape = first.shape[:-1] if first.ndim == 2 else second.shape[:-1]
    full = (*shape, first.shape[-1]) if shape else (1, first.shape[-1])
    both = np.result_type(first, second)  # kernels read one dtype
    rows = [np.ascontiguousarray(np.broadcast_to(values, full), both) for values in (first, second)]
    return rows[0], rows[1], shape


def _numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    array = numbers(values, name, exact=True)
    if array.ndim not in (1, 2):
        raise InputError(f"{name} must have shape (G, S) or (S,), found {array.shape}")
    return array


def _refuse_infinite(a: Any, b: Any) -> None:
    for start in range(0, a.shape[0], _BLOCK):
        part = slice(start, start + _BLOCK)
        bad = np.isinf(a[part]).any(axis=1) | np.isinf(b[part]).any(axis=1)
        if bad.any():
            _raise_infinite(start + int(np.argmax(bad)))


def _raise_infinite(row: int) -> None:
    raise InputError(
        "x or y has an infinite value; expected numbers, or NaN where there is none",
        record=f"row {row}",
        remedy="replace infinite values by NaN, or mend the transform (a logarithm of zero?)",
    )
