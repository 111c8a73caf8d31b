"""Do two sets of signed effects agree, in direction and in size?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, whole_number

__all__ = ["DirectionTest", "RankAgreement", "SignAgreement", "direction_test", "rank_agreement", "sign_agreement"]


@dataclass(frozen=True, slots=True, repr=False)
class SignAgreement(Brief):
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


@dataclass(frozen=True, slots=True, repr=False)
class RankAgreement(Brief):
    """Spearman's rho of ``n`` pairs of effects with their signs, and of their sizes; NaN where undefined."""

    n: int
    signed: float
    signed_p: float
    absolute: float
    absolute_p: float


@dataclass(frozen=True, slots=True, repr=False)
class DirectionTest(Brief):
    """Pearson's r of ``n`` pairs of effects with their signs, and of their sizes; NaN where undefined.

    ``difference`` is ``magnitude - direction``; ``low`` and ``high`` bound it in 95 % of bootstrap samples, and ``p``
    is the two-sided bootstrap p value of no difference.
    """

    n: int
    direction: float
    magnitude: float
    difference: float
    low: float
    high: float
    p: float


def direction_test(a: ArrayLike, b: ArrayLike, *, n_bootstrap: int = 2000, seed: int = 0) -> DirectionTest:
    """Test whether two sets of effects agree more in size than in direction.

    Pairs are drawn with replacement; each sample gives r(|a|, |b|) - r(a, b).

    Parameters
    ----------
    a, b : array-like of float, shape (N,)
        Effects; pairs with a NaN are left out.
    n_bootstrap : int, default 2000
        0 leaves the interval and p undefined.
    seed : int
        The result is the same for the same seed.

    Returns
    -------
    DirectionTest

    Raises
    ------
    InputError
        If the shapes differ.

    Notes
    -----
    Efron (1979), Annals of Statistics 7, 1: percentile interval.
    """
    first = finite_or_nan(a, "a", ("N",))
    second = finite_or_nan(b, "b", first.shape)
    there = np.isfinite(first) & np.isfinite(second)
    x, y = first[there], second[there]
    direction, magnitude = _pearson(x, y), _pearson(np.abs(x), np.abs(y))
    nan = float("nan")
    n_bootstrap = whole_number(n_bootstrap, "n_bootstrap", 0)
    if x.size < 3 or n_bootstrap < 1 or np.isnan(direction) or np.isnan(magnitude):
        return DirectionTest(int(x.size), direction, magnitude, magnitude - direction, nan, nan, nan)
    drawn = np.sort(_bootstrap_differences(x, y, n_bootstrap, seed))
    low, high = np.quantile(drawn, [0.025, 0.975])
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (drawn.size + 1))
    return DirectionTest(int(x.size), direction, magnitude, magnitude - direction, float(low), float(high), p)


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    from .correlation import pearson

    return float(pearson(x, y).r) if x.size else float("nan")


def _bootstrap_differences(
    x: NDArray[np.float64], y: NDArray[np.float64], n_bootstrap: int, seed: int
) -> NDArray[np.float64]:
    """Differences of both correlations in samples, from sums that how often each pair was drawn weighs."""
    rng = np.random.Generator(np.random.Philox(seed))
    sizes = np.abs(x), np.abs(y)
    # around the means, which takes nothing from a correlation and much from the rounding of its sums
    columns = [side - side.mean() for side in (x, y, *sizes)]
    products = [columns[0] ** 2, columns[1] ** 2, columns[2] ** 2, columns[3] ** 2]
    products += [columns[0] * columns[1], columns[2] * columns[3]]
    moments = np.stack([*columns, *products])
    found = np.empty(n_bootstrap)
    for k in range(n_bootstrap):
        drawn = np.bincount(rng.integers(0, x.size, x.size), minlength=x.size)
        # einsum, not BLAS: one order of summation whatever the threads
        mean = np.einsum("mn,n->m", moments, drawn.astype(np.float64)) / x.size
        with np.errstate(divide="ignore", invalid="ignore"):
            r = [
                (mean[8 + pair] - mean[i] * mean[i + 1])
                / np.sqrt((mean[4 + i] - mean[i] ** 2) * (mean[5 + i] - mean[i + 1] ** 2))
                for pair, i in enumerate((0, 2))
            ]
        found[k] = r[1] - r[0]
    return found[np.isfinite(found)]


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

    first = finite_or_nan(a, "a", ("N",))
    second = finite_or_nan(b, "b", first.shape)
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
    first = finite_or_nan(a, "a", ("N",))
    second = finite_or_nan(b, "b", first.shape)
    if strata is not None:
        strata = whole_number(strata, "strata", 1, 10_000)
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
