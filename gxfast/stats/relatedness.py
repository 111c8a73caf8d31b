"""Variance explained by the SNPs of a window: REML for one variance component, and the BLUP that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import numbers
from ._design import centred_design, explained

__all__ = ["Heritability", "Standardised", "blup", "cis_heritability"]

Float64Array = NDArray[np.float64]

_GRID = np.concatenate([np.linspace(0, 0.99, 100), [0.999]])


@dataclass(frozen=True, slots=True, repr=False)
class Heritability(Brief):
    """Share of the variance of a phenotype that the SNPs of a window explain together.

    Attributes
    ----------
    h2 : float
        REML estimate in [0, 1); NaN where it is not defined (nothing varies beside the covariates).
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
    standardised dosages. K is made tridiagonal once after the covariates are projected out, in the axes of the people
    or of the SNPs, whichever are fewer; a likelihood then costs one pass along its diagonal.

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
    Yang et al. (2011), GCTA, AJHG 88; one decomposition for all h2 as Kang et al. (2008), Genetics 178.
    """
    return Standardised(dosages, y).heritability(covariates)


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
    known = Standardised(dosages, y)
    return known.blup(numbers(new_dosages, "new_dosages", (known.varies.size, "N"), finite=True), h2)


class Standardised:
    """SNPs that vary, with mean 0 and variance 1 over people, and how they were brought there.

    Several models of the same people share one; arguments and errors are those of `cis_heritability`.
    """

    def __init__(self, dosages: ArrayLike, y: ArrayLike) -> None:
        x = numbers(dosages, "dosages", ("V", "S"), finite=True)
        self.y = numbers(y, "y", x.shape[1:], finite=True)
        self.varies = x.min(axis=1) < x.max(axis=1) if x.size else np.zeros(len(x), np.bool_)
        z = x[self.varies]
        self.mean = z.mean(axis=1, keepdims=True)
        z -= self.mean
        self.sd = np.sqrt(np.einsum("vs,vs->v", z, z) / max(self.y.size, 1))[:, None]
        z /= self.sd
        self.z = z

    @cached_property
    def kinship(self) -> Float64Array:
        """Mean product of people's standardised dosages, shape (S, S)."""
        return np.asarray(self.z.T @ self.z / self.z.shape[0])

    def heritability(self, covariates: ArrayLike | None = None) -> Heritability:
        """As `cis_heritability`."""
        design = _span(covariates, self.y.size)
        n_snps, n_people = int(self.z.shape[0]), self.y.size
        if n_snps == 0 or self.y.min() == self.y.max():
            return Heritability(np.nan, np.nan, np.nan, n_snps, n_people)
        if n_snps + design.shape[1] < n_people:
            diagonal, beside, length = _tridiagonal_of_few(self.z, design, self.y)
        else:
            diagonal, beside, length = _tridiagonal(self.kinship, design, self.y)
        if explained(self.y[None], np.array([length]))[0]:  # nothing but rounding is left
            return Heritability(np.nan, np.nan, np.nan, n_snps, n_people)
        unrelated = n_people - design.shape[1] - diagonal.size
        return _estimate(_Likelihood(diagonal, beside, length, unrelated), n_snps, n_people)

    def blup(self, new: Float64Array, h2: float | None = None) -> Float64Array:
        """As `blup`; ``new``: finite dosages of all SNPs, shape (V, N)."""
        from scipy.linalg import solve

        if h2 is not None and h2 >= 1:
            raise InputError(f"h2 must be below 1, found {h2}", remedy="leave h2 out: it is then estimated")
        share = self.heritability().h2 if h2 is None else h2
        mean = self.y.mean()
        if self.z.shape[0] == 0 or not share > 0:
            return np.full(new.shape[1], mean)
        # SNP by SNP, so that no product of old and new people is made; the matrix is of people or of SNPs, the fewer
        n_snps, few = self.z.shape[0], self.z.shape[0] < self.y.size
        covariance = (self.z @ self.z.T) * (share / n_snps) if few else share * self.kinship
        covariance[np.diag_indices_from(covariance)] += 1 - share
        known = self.z @ (self.y - mean) if few else self.y - mean
        found = solve(covariance, known, assume_a="pos", overwrite_a=True, check_finite=False)
        weights = (found if few else self.z @ found) * (share / n_snps)
        weights /= self.sd[:, 0]
        return np.asarray(mean + weights @ new[self.varies] - weights @ self.mean[:, 0])


def _span(covariates: ArrayLike | None, people: int) -> Float64Array:
    """Orthonormal columns that span the intercept and the covariates."""
    design = centred_design(covariates, people)
    vectors, sizes, _ = np.linalg.svd(design, full_matrices=False)
    rank = int(np.count_nonzero(sizes > 1e-10 * sizes[0]))
    if people - rank < 3:
        raise InputError(f"{people} people and {rank} covariates with the intercept leave nothing to estimate from")
    return np.asarray(vectors[:, :rank])


def _tridiagonal(
    kinship: Float64Array, design: Float64Array, y: Float64Array
) -> tuple[Float64Array, Float64Array, float]:
    """What the design leaves of the kinship, in axes in which it is tridiagonal and the first is that of ``y``.

    Returns the diagonal, the squares beside it, and the squared length of what is left of ``y``. Reflections that bring
    the design and ``y`` to the first axes do both, and those of LAPACK's reduction keep the first axis as it is.
    """
    from scipy.linalg import lapack

    rank = design.shape[1]
    reflections, scales, _, _ = lapack.dgeqrf(np.concatenate([design, y[:, None]], axis=1))
    room = 64 * y.size
    turned, _, _ = lapack.dormqr("L", "T", reflections, scales, kinship, room)
    turned, _, _ = lapack.dormqr("R", "N", reflections, scales, turned, room, overwrite_c=1)
    left = np.asfortranarray(turned[rank:, rank:])
    _, diagonal, beside, _, _ = lapack.dsytrd(left, lower=1, lwork=room, overwrite_a=1)
    return diagonal, beside**2, float(reflections[rank, rank] ** 2)


def _tridiagonal_of_few(
    z: Float64Array, design: Float64Array, y: Float64Array
) -> tuple[Float64Array, Float64Array, float]:
    """As `_tridiagonal` where SNPs are fewer than people: in the axes that SNPs and ``y`` span beside the design.

    In all others there is no kinship. No matrix of people by people is made.
    """
    from scipy.linalg import lapack

    rank = design.shape[1]
    columns = np.concatenate([design, y[:, None], z.T / sqrt(z.shape[0])], axis=1)
    triangle = np.triu(lapack.dgeqrf(columns, overwrite_a=1)[0][: columns.shape[1]])[rank:, rank:]
    left = np.asfortranarray(triangle[:, 1:] @ triangle[:, 1:].T)
    _, diagonal, beside, _, _ = lapack.dsytrd(left, lower=1, lwork=64 * len(left), overwrite_a=1)
    return diagonal, beside**2, float(triangle[0, 0] ** 2)


class _Likelihood:
    """Profile restricted log likelihood of a share of variance, up to a constant.

    For a tridiagonal matrix and the first axis, elimination from the last row upwards gives both terms in one pass: the
    pivots multiply to the determinant, and the last of them is 1 over the first entry of the inverse. ``unrelated``:
    how many more axes there are, without kinship and without a part of the phenotype.
    """

    def __init__(self, diagonal: Float64Array, squares_beside: Float64Array, length: float, unrelated: int = 0) -> None:
        self._unrelated, self._size = unrelated, unrelated + diagonal.size
        self._diagonal, self._beside, self._length = diagonal[::-1], squares_beside[::-1], length
        self._rows = [(float(a), float(b)) for a, b in zip(self._diagonal[1:], self._beside, strict=True)]

    def on_grid(self, h2: Float64Array) -> Float64Array:
        """Return it at several shares."""
        pivots = self._diagonal[:, None] * h2 + (1 - h2)
        beside = self._beside[:, None] * h2**2
        for above, pivot, taken in zip(pivots, pivots[1:], beside, strict=False):
            taken /= above
            pivot -= taken
        determinant = np.log(pivots).sum(axis=0) + self._unrelated * np.log(1 - h2)
        return np.asarray(-0.5 * (self._size * np.log(self._length / pivots[-1] / self._size) + determinant))

    def __call__(self, h2: float) -> float:
        """Return it at one share."""
        rest, square = 1 - h2, h2 * h2
        pivot = h2 * float(self._diagonal[0]) + rest
        total = log(pivot)
        for on, beside in self._rows:
            pivot = h2 * on + rest - square * beside / pivot
            total += log(pivot)
        total += self._unrelated * log(rest)
        return -0.5 * (self._size * log(self._length / pivot / self._size) + total)


def _estimate(likelihood: _Likelihood, n_snps: int, n_people: int) -> Heritability:
    from scipy import optimize, special

    found = likelihood.on_grid(_GRID)
    best = int(np.argmax(found))
    low, high = _GRID[max(best - 1, 0)], _GRID[min(best + 1, _GRID.size - 1)]
    fine = optimize.minimize_scalar(
        lambda h2: -likelihood(h2), bounds=(low, high), method="bounded", options={"xatol": 1e-8}
    )
    h2 = float(fine.x) if -fine.fun > found[best] else float(_GRID[best])
    gain = max(0.0, likelihood(h2) - float(found[0]))
    # half of the null's mass is at 0
    p = 1.0 if h2 == 0 or gain == 0 else 0.5 * float(special.chdtrc(1, 2 * gain))
    return Heritability(h2, _standard_error(likelihood, h2), p, n_snps, n_people)


def _standard_error(likelihood: _Likelihood, h2: float) -> float:
    step = 1e-3
    if not step < h2 < _GRID[-1] - step:
        return float("nan")
    before, here, after = (likelihood(h2 + shift) for shift in (-step, 0.0, step))
    curvature = -(before - 2 * here + after) / step**2
    return 1 / sqrt(curvature) if curvature > 0 else float("nan")
