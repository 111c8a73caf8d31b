"""Two-sided p values of correlations that do not underflow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["correlation_p", "plain_correlation_p"]

Float64Array = NDArray[np.float64]

_LN10 = float(np.log(10.0))
_SMALLEST_DIRECT = 1e-290


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

    flat = np.ascontiguousarray(r, np.float64).reshape(-1)
    degrees = np.broadcast_to(np.asarray(df, dtype=np.float64), r.shape).reshape(-1)
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


def plain_correlation_p(r: Float64Array, df: Any) -> tuple[Float64Array, Float64Array]:
    """As `correlation_p`, by scipy's incomplete beta function: its specification."""
    from scipy import special

    degrees = np.broadcast_to(np.asarray(df, dtype=np.float64), r.shape)
    defined = ~np.isnan(r) & (degrees >= 1)
    a = degrees[defined] / 2
    size = np.abs(r[defined])
    # 1 - r*r forgets a small r, so that side goes through the complement, where p is large enough for it
    near_zero = size * size * a < 0.5
    p = np.empty_like(size)
    p[near_zero] = 1.0 - special.betainc(0.5, a[near_zero], size[near_zero] ** 2)
    rest = ~near_zero
    p[rest] = special.betainc(a[rest], 0.5, (1.0 - size[rest]) * (1.0 + size[rest]))
    # -inf for abs(r) == 1 is the limit, not a failure
    with np.errstate(divide="ignore"):
        log10p = np.log10(p)
    tail = (p < _SMALLEST_DIRECT) & (size < 1.0)
    log10p[tail] = _log_tail(size[tail], a[tail]) / _LN10
    p[tail] = 10.0 ** log10p[tail]
    return _spread(p, defined), _spread(log10p, defined)


def _spread(values: Float64Array, defined: NDArray[np.bool_]) -> Float64Array:
    out = np.full(defined.shape, np.nan)
    out[defined] = values
    return out


def _log_tail(size: Float64Array, a: Float64Array) -> Float64Array:
    """ln I_x(a, 1/2) at x = 1 - r^2, from I_x(a,b) = x^a (1-x)^b / (a B(a,b)) 2F1(a+b, 1; a+1; x)."""
    from scipy import special

    x = (1.0 - size) * (1.0 + size)
    front = a * np.log(x) + np.log(size) - np.log(a) - special.betaln(a, 0.5)
    # all terms are positive and shrink at least by x, so the series neither cancels nor stalls
    total = np.ones_like(x)
    term = np.ones_like(x)
    k = 0
    while np.any(term * x > 1e-17 * total * (1.0 - x)):
        term = term * x * (a + 0.5 + k) / (a + 1.0 + k)
        total = total + term
        k += 1
    return np.asarray(front + np.log(total))
