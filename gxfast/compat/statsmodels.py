"""Twins of ``statsmodels.stats.multitest``: false discovery rates of many p values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..stats import fdr
from ._hosts import host_original

__all__ = ["fdrcorrection", "multipletests"]

_MODULE = "statsmodels.stats.multitest"
_METHODS = {"indep": "bh", "i": "bh", "p": "bh", "poscorr": "bh", "n": "by", "negcorr": "by"}
_MULTIPLE = {
    **dict.fromkeys(("fdr_bh", "fdr_i", "fdr_p", "fdri", "fdrp"), "bh"),
    **dict.fromkeys(("fdr_by", "fdr_n", "fdr_c", "fdrn", "fdrcorr"), "by"),
}
_ROUNDING = 1e-12
_FEWEST_TESTS = 1_000  # below this the host's sort is as fast


def fdrcorrection(pvals: Any, alpha: float = 0.05, method: str = "indep", is_sorted: bool = False) -> Any:
    """Adjust p values as ``statsmodels.stats.multitest.fdrcorrection`` does.

    Parameters
    ----------
    pvals : float64 array, shape (M,)
        1,000 or more without NaN; other input, sorted p values too, goes to statsmodels.
    alpha : float
    method : {"indep", "i", "p", "poscorr", "n", "negcorr"}
    is_sorted : bool

    Returns
    -------
    rejected : bool array, shape (M,)
        As the host's.
    pvals_corrected : float64 array, shape (M,)
        Within a relative 1e-14 of the host's.

    Raises
    ------
    NotImplementedError
        For what is handed on, if statsmodels is not installed.
    """
    found = None if is_sorted else _adjusted(pvals, alpha, _METHODS.get(method) if isinstance(method, str) else None)
    if found is not None:
        return found
    original = host_original("statsmodels", _MODULE, "fdrcorrection", "this adjustment")
    return original(pvals, alpha=alpha, method=method, is_sorted=is_sorted)


def multipletests(
    pvals: Any,
    alpha: float = 0.05,
    method: str = "hs",
    maxiter: int = 1,
    is_sorted: bool = False,
    returnsorted: bool = False,
) -> Any:
    """Adjust p values as ``statsmodels.stats.multitest.multipletests`` does.

    Parameters
    ----------
    pvals, alpha, is_sorted
        As in `fdrcorrection`.
    method : str
        ``fdr_bh``, ``fdr_by`` and their other names; the others go to statsmodels, the default ``hs`` too.
    maxiter, returnsorted
        Of what goes to statsmodels.

    Returns
    -------
    reject, pvals_corrected, alphacSidak, alphacBonf
        As the host's; ``pvals_corrected`` within a relative 1e-14.

    Raises
    ------
    NotImplementedError
        For what is handed on, if statsmodels is not installed.
    """
    chosen = _MULTIPLE.get(method.lower()) if isinstance(method, str) else None
    found = None if is_sorted or returnsorted else _adjusted(pvals, alpha, chosen)
    if found is not None:
        tests = float(len(pvals))
        return (*found, 1 - np.power((1.0 - alpha), 1.0 / tests), alpha / tests)
    original = host_original("statsmodels", _MODULE, "multipletests", "this adjustment")
    return original(pvals, alpha, method, maxiter, is_sorted, returnsorted)


def _adjusted(pvals: Any, alpha: Any, method: Any) -> Any:
    many = type(pvals) is np.ndarray and pvals.dtype == np.float64 and pvals.ndim == 1 and pvals.size >= _FEWEST_TESTS
    # Comparisons with NaN are false, so that p values with NaN go to the host.
    if not many or method is None or not 0 < alpha < 1 or not pvals.min() >= 0 or not pvals.max() <= 1:
        return None
    adjusted = fdr(pvals, method=method)
    rejected = adjusted <= alpha * (1 - _ROUNDING)
    # The host compares p with shares of alpha: q that is alpha but for rounding is for it to decide.
    close = np.count_nonzero(adjusted <= alpha * (1 + _ROUNDING)) != np.count_nonzero(rejected)
    return None if close else (rejected, adjusted)
