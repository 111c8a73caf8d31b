"""Two-sided p values of correlations that do not underflow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..kernels.arguments import finite_or_nan, numbers

__all__ = ["correlation_p"]

Float64Array = NDArray[np.float64]


def correlation_p(r: Float64Array, df: Any) -> tuple[Float64Array, Float64Array]:
    """Two-sided t test of correlations.

    Parameters
    ----------
    r : float64 array, any shape
        Correlations in [-1, 1]; NaN where undefined.
    df : number or array that broadcasts with ``r``
        Degrees of freedom; below 1 the test is undefined.

    Returns
    -------
    p, log10p : float64 arrays, shape of ``r``
        ``p`` is 0 below the smallest double; ``log10p`` stays finite for every abs(r) < 1. Within 1e-12 of the
        exact values (5e-12 for thousands of degrees of freedom).
    """
    from ..kernels.compiled import correlation_p as compiled

    r, degrees = finite_or_nan(r, "r"), numbers(df, "df")
    try:
        degrees = np.broadcast_to(degrees, r.shape).reshape(-1)
    except ValueError:
        raise InputError(f"df must fit r of shape {r.shape}, found {degrees.shape}") from None
    flat = r.reshape(-1)
    p, log10p = np.empty(flat.size), np.empty(flat.size)
    if flat.size and degrees.min() == degrees.max():
        compiled(flat, float(degrees[0]), p, log10p)
    elif flat.size:
        # One table per number of degrees of freedom; rows with gaps have few different ones.
        distinct, which = np.unique(degrees, return_inverse=True)
        order = np.argsort(which.reshape(-1), kind="stable")
        for value, rows in zip(distinct, np.split(order, np.cumsum(np.bincount(which.reshape(-1)))[:-1]), strict=True):
            part, log_part = np.empty(rows.size), np.empty(rows.size)
            compiled(flat[rows], float(value), part, log_part)
            p[rows], log10p[rows] = part, log_part
    return p.reshape(r.shape), log10p.reshape(r.shape)
