"""Variance explained by the SNPs of a window: REML for one variance component, and the BLUP that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels.arguments import numbers
from ._design import centred_design

__all__ = ["Heritability", "blup", "cis_heritability"]

Float64Array = NDArray[np.float64]

_GRID = np.concatenate([np.linspace(0, 0.99, 100), [0.999]])


@dataclass(frozen=True, slots=True)
class Heritability:
    """Share of the variance of a phenotype that the SNPs of a window explain together.

    Attributes
    ----------
    h2 : float
        REML estimate in [0, 1); NaN where it is not defined (nothing varies).
    se : float
        From the curvature of the likelihood; NaN where the estimate is 0 or at the other end.
    p : float
        Likelihood ratio test of h2 = 0; the null is a half-and-half mixture of 0 and chi-squared with 1 df.
    n_snps, n_people : int
        SNPs that vary; people.
    """

    h2: float
    se: float
    p: float
    n_snps: int
    n_people: int


def cis_heritability(dosages: ArrayLike, y: ArrayLike, *, covariates: ArrayLike | None = None) -> Heritability:
    """Estimate the heritability of a phenotype from the SNPs of one window (GREML).

    ``y = C b + g + e`` with ``g ~ N(0, h2 s K)``, ``e ~ N(0, (1 - h2) s I)`` and K the mean product of
    standardised dosages. The people's covariance is diagonalised once after the covariates are projected out.

    Parameters
    ----------
    dosages : array-like of numbers, shape (V, S)
        Without missing values; SNPs that do not vary are left out.
    y : array-like of float, shape (S,)
    covariates : array-like of float, shape (K, S), optional
        An intercept is always there.

    Returns
    -------
    Heritability

    Raises
    ------
    InputError
        If shapes do not agree, a value is missing, or fewer than 3 degrees of freedom are left.

    References
    ----------
    Yang et al. (2011), GCTA, AJHG 88; diagonalisation as Kang et al. (2008), Genetics 178.
    """
    known = _Standardised(dosages, y)
    return _heritability(known.z, known.y, covariates)


def blup(dosages: ArrayLike, y: ArrayLike, new_dosages: ArrayLike, *, h2: float | None = None) -> Float64Array:
    """Best linear unbiased prediction of new people from all SNPs of a window (ridge regression).

    Parameters
    ----------
    dosages : array-like, shape (V, S)
    y : array-like of float, shape (S,)
    new_dosages : array-like, shape (V, N)
    h2 : float, optional
        Share of variance of the SNPs; the REML estimate of these people by default.

    Returns
    -------
    float64 array, shape (N,)
        The mean of ``y`` where nothing is explained.
    """
    known = _Standardised(dosages, y)
    z, target = known.z, known.y
    new = numbers(new_dosages, "new_dosages", (known.varies.size, "N"), finite=True)
    share = _heritability(z, target, None).h2 if h2 is None else h2
    if z.shape[0] == 0 or not share > 0:
        return np.full(new.shape[1], target.mean())
    across = ((new[known.varies] - known.mean) / known.sd).T @ z / z.shape[0]
    covariance = share * (z.T @ z / z.shape[0]) + (1 - share) * np.eye(target.size)
    return np.asarray(target.mean() + share * across @ np.linalg.solve(covariance, target - target.mean()))


class _Standardised:
    """SNPs that vary, with mean 0 and variance 1 over people, and how they were brought there."""

    def __init__(self, dosages: ArrayLike, y: ArrayLike) -> None:
        x = numbers(dosages, "dosages", ("V", "S"), finite=True)
        self.y = numbers(y, "y", x.shape[1:], finite=True)
        self.varies = x.min(axis=1) < x.max(axis=1) if x.size else np.zeros(len(x), np.bool_)
        x = x[self.varies]
        self.mean, self.sd = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
        self.z = np.asarray((x - self.mean) / self.sd)


def _heritability(z: Float64Array, y: Float64Array, covariates: ArrayLike | None) -> Heritability:
    basis = _complement(covariates, y.size)
    if z.shape[0] == 0 or y.min() == y.max():
        return Heritability(np.nan, np.nan, np.nan, int(z.shape[0]), y.size)
    projected = z @ basis
    values, vectors = np.linalg.eigh(projected.T @ projected / z.shape[0])
    squares = (vectors.T @ (basis.T @ y)) ** 2
    return _estimate(np.maximum(values, 0.0), squares, int(z.shape[0]), y.size)


def _complement(covariates: ArrayLike | None, people: int) -> Float64Array:
    """Orthonormal columns that no covariate and no intercept reaches."""
    design = centred_design(covariates, people)
    vectors, sizes, _ = np.linalg.svd(design, full_matrices=True)
    rank = int(np.count_nonzero(sizes > 1e-10 * sizes[0]))
    if people - rank < 3:
        raise InputError(f"{people} people and {rank} covariates with the intercept leave nothing to estimate from")
    return np.asarray(vectors[:, rank:])


def _log_likelihood(h2: float, values: Float64Array, squares: Float64Array) -> float:
    """Profile restricted log likelihood, up to a constant."""
    spread = h2 * values + (1 - h2)
    return float(-0.5 * (values.size * np.log(np.mean(squares / spread)) + np.log(spread).sum()))


def _estimate(values: Float64Array, squares: Float64Array, n_snps: int, n_people: int) -> Heritability:
    from scipy import optimize, special

    found = [_log_likelihood(h2, values, squares) for h2 in _GRID]
    best = int(np.argmax(found))
    low, high = _GRID[max(best - 1, 0)], _GRID[min(best + 1, _GRID.size - 1)]
    fine = optimize.minimize_scalar(
        lambda h2: -_log_likelihood(h2, values, squares), bounds=(low, high), method="bounded", options={"xatol": 1e-8}
    )
    h2 = float(fine.x) if -fine.fun > found[best] else float(_GRID[best])
    gain = max(0.0, _log_likelihood(h2, values, squares) - found[0])
    # half of the null's mass is at 0
    p = 1.0 if h2 == 0 or gain == 0 else 0.5 * float(special.chdtrc(1, 2 * gain))
    step = 1e-3
    inside = step < h2 < _GRID[-1] - step
    curvature = np.nan
    if inside:
        around = [_log_likelihood(h2 + shift, values, squares) for shift in (-step, 0.0, step)]
        curvature = -(around[0] - 2 * around[1] + around[2]) / step**2
    se = float(1 / np.sqrt(curvature)) if inside and curvature > 0 else float("nan")
    return Heritability(h2, se, p, n_snps, n_people)
