"""False discovery rate: adjusted p values and the set of discoveries."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels import Backend, load_kernels
from ..kernels.arguments import numbers

__all__ = ["fdr", "null_share", "significant"]

Method = Literal["bh", "by", "storey"]


def fdr(
    p: ArrayLike, *, method: Method = "bh", pi0: float | None = None, backend: Backend = "compiled"
) -> NDArray[np.float64]:
    """Adjust p values for the false discovery rate.

    Parameters
    ----------
    p : array-like of float, shape (M,)
        In [0, 1]; NaN stays NaN and is no test.
    method : {"bh", "by", "storey"}
        Benjamini-Hochberg; Benjamini-Yekutieli (any dependence; BH times 1 + 1/2 + ... + 1/m); Storey's q value
        (BH times the share of null tests).
    pi0 : float, optional
        Share of null tests for ``"storey"``, in (0, 1]; `null_share` by default.
    backend : {"compiled", "numba", "numpy"}
        C++ kernel (no global sort), Numba kernel, or their readable twin: the same values.

    Returns
    -------
    float64 array, shape (M,)
        q values, at most 1; equal p have equal q.

    Raises
    ------
    InputError
        If ``p`` is no vector or holds a value outside [0, 1].
    """
    values = _p_values(p)
    n_tests = int(values.size - np.isnan(values).sum())
    factor = _factor(values, method, pi0, n_tests)
    kernels = load_kernels(backend)
    q = np.full(values.shape, np.nan)
    if backend == "compiled":
        kernels.step_up_unsorted(values, factor, q)
        return q
    tests = np.flatnonzero(~np.isnan(values))
    order = tests[np.argsort(values[tests], kind="stable")]
    adjusted = np.empty(order.size)
    kernels.step_up(values[order], factor, adjusted)
    q[order] = adjusted
    return q


def _p_values(p: ArrayLike) -> NDArray[np.float64]:
    values = numbers(p, "p", ("M",))
    bad = (values < 0.0) | (values > 1.0)
    if bad.any():
        at = int(np.argmax(bad))
        raise InputError(f"p values must lie in [0, 1], found {values[at]!r}", record=f"test {at}")
    return values


def _factor(values: NDArray[np.float64], method: str, pi0: float | None, n_tests: int) -> float:
    """What Benjamini-Hochberg's values are multiplied with."""
    if method not in ("bh", "by", "storey"):
        raise InputError(f"method must be 'bh', 'by' or 'storey', found {method!r}")
    if pi0 is not None and (method != "storey" or not 0 < pi0 <= 1):
        raise InputError(f"pi0 belongs to method 'storey' and lies in (0, 1], found {pi0!r}")
    if method == "by":
        return float(np.sum(1.0 / np.arange(1, n_tests + 1)))
    if method == "storey":
        return null_share(values) if pi0 is None else pi0
    return 1.0


def null_share(p: ArrayLike, *, lambda_: float | None = None) -> float:
    """Estimate the share of tests whose null hypothesis holds (Storey's pi0).

    Parameters
    ----------
    p : array-like of float, shape (M,)
        In [0, 1]; NaN is no test.
    lambda_ : float, optional
        The share of p values at and above it, divided by 1 - lambda_. By default it is chosen from 0.05, 0.10, ...
        0.95 by the bootstrap rule of Storey, Taylor and Siegmund (2004), in the closed form of R's qvalue
        (``pi0.method="bootstrap"``), which draws nothing.

    Returns
    -------
    float
        In (0, 1].

    Raises
    ------
    InputError
        If there are no tests, ``lambda_`` is not in [0, 1), or no p value is above it: then the share is unknown.
    """
    values = _p_values(p)
    values = values[~np.isnan(values)]
    if values.size == 0:
        raise InputError("p holds no tests")
    if lambda_ is not None and not 0 <= lambda_ < 1:
        raise InputError(f"lambda_ must lie in [0, 1), found {lambda_}")
    grid = np.arange(1, 20) * 0.05 if lambda_ is None else np.array([lambda_])
    above = np.array([np.count_nonzero(values >= edge) for edge in grid], np.float64)
    shares = above / values.size / (1 - grid)
    chosen = shares[0]
    if lambda_ is None:
        target = np.quantile(shares, 0.1)
        error = above / (values.size**2 * (1 - grid) ** 2) * (1 - above / values.size) + (shares - target) ** 2
        chosen = shares[np.argmin(error)]
    if chosen <= 0:
        raise InputError(
            "no p value is large enough to estimate the share of null tests",
            remedy="give pi0, or use method 'bh'",
        )
    return float(min(1.0, chosen))


def significant(
    p: ArrayLike,
    *,
    alpha: float = 0.05,
    method: Method = "bh",
    strict: bool = False,
    backend: Backend = "compiled",
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
    values = _p_values(p)
    found = fdr(values, method=method, backend=backend) <= alpha
    if strict and found.any():
        found &= values < values[found].max()
    return np.asarray(found)
