"""False discovery rate: adjusted p values and the set of discoveries."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ._jit import Backend, load_kernels

__all__ = ["fdr", "significant"]

Method = Literal["bh", "by"]


def fdr(p: ArrayLike, *, method: Method = "bh", backend: Backend = "numba") -> NDArray[np.float64]:
    """Adjust p values for the false discovery rate.

    Parameters
    ----------
    p : array-like of float, shape (M,)
        In [0, 1]; NaN stays NaN and is no test.
    method : {"bh", "by"}
        Benjamini-Hochberg, or Benjamini-Yekutieli (any dependence; BH times 1 + 1/2 + ... + 1/m).
    backend : {"numba", "numpy"}
        Compiled kernel or its readable twin.

    Returns
    -------
    float64 array, shape (M,)
        q values, at most 1; equal p have equal q.

    Raises
    ------
    InputError
        If ``p`` is no vector or holds a value outside [0, 1].
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"p must have shape (M,), found {values.shape}")
    bad = (values < 0.0) | (values > 1.0)
    if bad.any():
        at = int(np.argmax(bad))
        raise InputError(f"p values must lie in [0, 1], found {values[at]!r}", record=f"test {at}")
    if method not in ("bh", "by"):
        raise InputError(f"method must be 'bh' or 'by', found {method!r}")
    kernels = load_kernels(backend)
    tests = np.flatnonzero(~np.isnan(values))
    order = tests[np.argsort(values[tests], kind="stable")]
    factor = 1.0 if method == "bh" else float(np.sum(1.0 / np.arange(1, order.size + 1)))
    adjusted = np.empty(order.size)
    kernels.step_up(values[order], factor, adjusted)
    q = np.full(values.shape, np.nan)
    q[order] = adjusted
    return q


def significant(
    p: ArrayLike,
    *,
    alpha: float = 0.05,
    method: Method = "bh",
    strict: bool = False,
    backend: Backend = "numba",
) -> NDArray[np.bool_]:
    """Tell which tests are discoveries at false discovery rate ``alpha``.

    Parameters
    ----------
    p : array-like of float, shape (M,)
        In [0, 1]; NaN is never a discovery.
    alpha : float, default 0.05
    method, backend
        As in `fdr`.
    strict : bool, default False
        Leave out the tests that sit exactly on the threshold (the largest discovered p). This is what the
        published count of 403 genes does; the procedure itself includes them.

    Returns
    -------
    bool array, shape (M,)
    """
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha must lie between 0 and 1, found {alpha}")
    values = np.asarray(p, dtype=np.float64)
    found = fdr(values, method=method, backend=backend) <= alpha
    if strict and found.any():
        found &= values < values[found].max()
    return np.asarray(found)
