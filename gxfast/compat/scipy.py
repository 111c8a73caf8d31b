"""Twins of ``scipy.stats``: correlations with p values, and the Benjamini-Hochberg adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..stats import fdr, pearson, spearman
from ..stats.correlation import Correlation, RankCorrelation
from ._hosts import host_original

__all__ = ["false_discovery_control", "pearsonr", "spearmanr"]

_FIRST = 16  # values of a row that are looked at to see that it varies


def pearsonr(x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: int | None = 0) -> Any:
    """Correlate along an axis as ``scipy.stats.pearsonr`` does.

    Parameters
    ----------
    x, y : array, shape (N,) or (..., N, ...)
        float64 or float32 NumPy arrays of one shape, at most two axes, complete, with N of 3 or more along ``axis``;
        other input (lists, broadcasts, missing, infinite, constant or nearly constant values) goes to SciPy.
    alternative, method
        Anything but the two-sided test of the t distribution goes to SciPy.
    axis : int, optional

    Returns
    -------
    PearsonRResult
        ``statistic`` within 1e-13 of the host's (float32: 1e-6), ``pvalue`` within a relative 1e-9 (float32: 1e-4).

    Raises
    ------
    ValueError
        As SciPy.
    """
    rows = _rows(x, y, axis) if alternative == "two-sided" and method is None else None
    found = _complete(pearson, rows) if rows is not None and _varies(rows[0]) and _varies(rows[1]) else None
    if rows is None or found is None:
        original = host_original("scipy", "scipy.stats", "pearsonr", "this correlation")
        return original(x, y, alternative=alternative, method=method, axis=axis)
    from scipy.stats import _stats_py

    dtype = rows[0].dtype
    r, p = (np.asarray(values).astype(dtype, copy=False)[()] for values in (found.r, found.p))
    n = np.asarray(rows[0].shape[-1], dtype)
    make: Any = _stats_py.PearsonRResult
    return make(statistic=r, pvalue=p, n=n, alternative=alternative, x=rows[0], y=rows[1], axis=-1)


def spearmanr(
    a: Any, b: Any = None, axis: int | None = 0, nan_policy: str = "propagate", alternative: str = "two-sided"
) -> Any:
    """Correlate the ranks of two vectors as ``scipy.stats.spearmanr`` does.

    Parameters
    ----------
    a, b : array, shape (N,)
        float64 or float32, complete, not constant, N of 3 or more; other input, matrices too, goes to SciPy.
    axis, nan_policy, alternative
        As in SciPy; one-sided tests go there.

    Returns
    -------
    SignificanceResult
        ``statistic`` within 1e-13 of the host's, ``pvalue`` within a relative 1e-9.

    Raises
    ------
    ValueError
        As SciPy.
    """
    usable = alternative == "two-sided" and nan_policy in ("propagate", "raise", "omit") and axis in (0, None)
    rows = _rows(a, b, 0) if usable and b is not None else None
    found = _complete(spearman, rows) if rows is not None and rows[0].ndim == 1 else None
    if found is None:
        return host_original("scipy", "scipy.stats", "spearmanr", "this correlation")(
            a, b, axis=axis, nan_policy=nan_policy, alternative=alternative
        )
    from scipy.stats import _stats_py

    result: Any = _stats_py.SignificanceResult(np.float64(found.rho), np.float64(found.p))
    result.correlation = result.statistic
    return result


def false_discovery_control(ps: Any, *, axis: int | None = 0, method: str = "bh") -> Any:
    """Adjust p values as ``scipy.stats.false_discovery_control`` does.

    Parameters
    ----------
    ps : float64 array, shape (M,)
        Two or more; other dtypes and more axes go to SciPy.
    axis : int, optional
    method : {"bh", "by"}

    Returns
    -------
    float64 array, shape (M,)
        Within a relative 1e-14 of the host's.

    Raises
    ------
    ValueError
        For p values outside [0, 1], NaN too, or an unknown method.
    """
    chosen = method.lower() if isinstance(method, str) else method
    many = type(ps) is np.ndarray and ps.dtype == np.float64 and ps.ndim == 1 and ps.size > 1
    if many and axis in (0, -1, None) and chosen in ("bh", "by") and not np.isnan(ps.sum()):
        try:
            return fdr(ps, method="by" if chosen == "by" else "bh")
        except InputError as error:
            raise ValueError(str(error)) from None
    return host_original("scipy", "scipy.stats", "false_discovery_control", "this adjustment")(
        ps, axis=axis, method=method
    )


def _rows(x: Any, y: Any, axis: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return both with the axis last, if they are what the kernels read."""
    if type(x) is not np.ndarray or type(y) is not np.ndarray:
        return None
    usable = x.dtype == y.dtype and x.dtype in (np.float64, np.float32) and x.shape == y.shape and x.ndim in (1, 2)
    if not usable or type(axis) is not int or not -x.ndim <= axis < x.ndim or not x.size or x.shape[axis] < 3:
        return None
    return np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)


def _varies(rows: NDArray[Any]) -> bool:
    """Whether SciPy would find no row nearly constant; False where that is not plain to see."""
    first = rows[..., :1]
    # A row whose deviation is below threshold * |mean| has no value farther from its first than this.
    least = 2 * np.finfo(rows.dtype).eps ** 0.75 * np.abs(first[..., 0])
    return bool((np.abs(rows[..., 1:_FIRST] - first).max(axis=-1) > least).all())


def _complete(correlate: Any, rows: tuple[NDArray[Any], NDArray[Any]]) -> Any:
    """Return correlations if all are defined on all pairs, else None."""
    try:
        found: Correlation | RankCorrelation = correlate(*rows)
    except InputError:
        return None
    return None if found.why.any() or (found.n != rows[0].shape[-1]).any() else found
