"""Do two sets of signed effects agree: shares of equal signs with exact intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = ["RankAgreement", "SignAgreement", "rank_agreement", "sign_agreement"]


@dataclass(frozen=True, slots=True)
class SignAgreement:
    """Agreement of one group of pairs.

    ``share`` of ``n`` pairs have equal signs (``equal`` of them); ``low`` and ``high`` bound the
    Clopper-Pearson interval; ``p`` is the exact two-sided binomial test against one half. All are NaN
    where no pair has two signs.
    """

    n: int
    equal: int
    share: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Spearman's rho of ``n`` pairs of effects with their signs, and of their sizes; NaN where undefined."""

    n: int
    signed: float
    signed_p: float
    absolute: float
    absolute_p: float


def rank_agreement(a: ArrayLike, b: ArrayLike) -> RankAgreement:
    """Correlate ranks of effects and of absolute effects: do two models agree in direction, and in size?

    Parameters
    ----------
    a, b : array-like of float, shape (N,)
        Effects; pairs with a NaN are left out.

    Returns
    -------
    RankAgreement

    Raises
    ------
    InputError
        If the shapes differ.
    """
    from .correlation import spearman

    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(f"two lists of equal length expected, found shapes {first.shape} and {second.shape}")
    found = spearman(np.stack([first, np.abs(first)]), np.stack([second, np.abs(second)]))
    (signed, absolute), (signed_p, absolute_p) = found.rho.tolist(), found.p.tolist()
    return RankAgreement(int(found.n[0]), signed, signed_p, absolute, absolute_p)


def sign_agreement(
    a: ArrayLike, b: ArrayLike, *, strata: int | None = None, confidence: float = 0.95
) -> list[SignAgreement]:
    """Count pairs of effects with equal signs.

    Parameters
    ----------
    a, b : array-like of float, shape (N,)
        Effects; pairs where one is NaN or 0 have no sign and are left out.
    strata : int, optional
        Split the pairs into as many groups of equal size by abs(a), smallest first.
    confidence : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    list of SignAgreement
        One for all pairs, or one per stratum.

    Raises
    ------
    InputError
        If the shapes differ, ``strata`` < 1 or ``confidence`` lies outside 0 to 1.

    Notes
    -----
    Clopper and Pearson (1934), Biometrika 26, 404.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(f"two lists of equal length expected, found shapes {first.shape} and {second.shape}")
    if strata is not None and strata < 1:
        raise InputError(f"strata must be at least 1, found {strata}")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie between 0 and 1, found {confidence}")
    signs = np.sign(first) * np.sign(second)
    signed = np.flatnonzero(np.isfinite(signs) & (signs != 0))
    if strata is not None:
        signed = signed[np.argsort(np.abs(first[signed]), kind="stable")]
    return [_binomial(signs[group] > 0, confidence) for group in np.array_split(signed, strata or 1)]


def _binomial(agree: NDArray[np.bool_], confidence: float) -> SignAgreement:
    from scipy.stats import binomtest

    n, equal = len(agree), int(agree.sum())
    if n == 0:
        nan = float("nan")
        return SignAgreement(0, 0, nan, nan, nan, nan)
    test = binomtest(equal, n)
    interval = test.proportion_ci(confidence, method="exact")
    return SignAgreement(n, equal, equal / n, float(interval.low), float(interval.high), float(test.pvalue))
