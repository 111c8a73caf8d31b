"""Association of a phenotype with the variants of a window: cis-eQTL mapping of one gene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ._tails import correlation_p

__all__ = ["Association", "BetaApproximation", "PermutedAssociation", "eqtl", "eqtl_permutations"]

Float64Array = NDArray[np.float64]

_BLOCK = 256  # permutations at a time
_COLLINEAR = 1e-10


@dataclass(frozen=True, slots=True)
class Association:
    """Regression of the phenotype on each variant and the covariates; arrays have shape (V,).

    Attributes
    ----------
    r : float64 array
        Partial correlation; NaN for variants that do not vary, or that covariates explain.
    slope, slope_se : float64 array
        Per copy of the allele, in units of the phenotype.
    p, log10p : float64 array
        Two-sided, Student's t with ``df`` degrees of freedom.
    df : int
        S - 2 - K, as FastQTL and tensorQTL.
    """

    r: Float64Array
    slope: Float64Array
    slope_se: Float64Array
    p: Float64Array
    log10p: Float64Array
    df: int

    @property
    def lead(self) -> int | None:
        """Index of the largest abs(r), the first of equal ones; None where none is defined."""
        size = np.abs(self.r)
        return int(np.nanargmax(size)) if np.isfinite(size).any() else None


@dataclass(frozen=True, slots=True)
class BetaApproximation:
    """Distribution of the smallest p of a window under the null, as FastQTL fits it.

    Attributes
    ----------
    shape1, shape2 : float
        Of the beta distribution.
    true_df : float
        Degrees of freedom at which ``shape1`` is 1.
    pval_true_df, pval_beta : float
        p of the lead variant with these degrees of freedom, and its place in the distribution.
    """

    shape1: float
    shape2: float
    true_df: float
    pval_true_df: float
    pval_beta: float


@dataclass(frozen=True, slots=True)
class PermutedAssociation:
    """Largest squared correlation of each permutation, and what it says of the lead variant."""

    r2: Float64Array
    pval_perm: float
    beta: BetaApproximation | None


class _Window:
    """What both passes need: the covariates' basis, and each variant's variance beside them."""

    def __init__(self, dosages: ArrayLike, people: int, covariates: ArrayLike | None) -> None:
        x = np.asarray(dosages)
        if x.ndim != 2 or x.shape[1] != people:
            raise InputError(f"dosages must have shape (V, {people}), found {x.shape}")
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            raise InputError("dosages have missing values", remedy="fill missing calls first")
        rows = [np.ones((1, people))]
        if covariates is not None:
            given = np.asarray(covariates, np.float64)
            if given.ndim != 2 or given.shape[1] != people or not np.isfinite(given).all():
                raise InputError(f"covariates must be complete and have shape (K, {people}), found {given.shape}")
            rows.append(given - given.mean(axis=1, keepdims=True))
        design = np.concatenate(rows).T
        self.basis, triangle = np.linalg.qr(design)
        scale = np.abs(np.diag(triangle))
        if (scale <= _COLLINEAR * np.linalg.norm(design, axis=0)).any():
            raise InputError("the covariates are collinear", remedy="leave the redundant ones out")
        self.df = people - 1 - design.shape[1]
        if self.df < 1:
            raise InputError(f"{people} people and {design.shape[1] - 1} covariates leave no degrees of freedom")
        # Centred, so that the squares below cancel little.
        self.x = x.astype(np.float64) - x.mean(axis=1, dtype=np.float64, keepdims=True)
        whole = np.einsum("vs,vs->v", self.x, self.x)
        left = whole - ((self.x @ self.basis) ** 2).sum(axis=1)
        self.squares = np.where((whole > 0) & (left > _COLLINEAR * whole), left, np.nan)

    def residual(self, y: Float64Array) -> Float64Array:
        """What covariates leave of the columns of ``y``; twice, because once leaves rounding behind."""
        for _ in range(2):
            y = y - self.basis @ (self.basis.T @ y)
        return y


def eqtl(dosages: ArrayLike, y: ArrayLike, *, covariates: ArrayLike | None = None) -> Association:
    """Test every variant of a window for association with one phenotype.

    Covariates and an intercept are taken out of both sides. The phenotype's residual is orthogonal to them, so
    that products with the raw dosages serve, and each variant's variance needs one product with the basis.

    Parameters
    ----------
    dosages : array-like of numbers, shape (V, S)
        Complete.
    y : array-like of float, shape (S,)
    covariates : array-like of float, shape (K, S), optional

    Returns
    -------
    Association

    Raises
    ------
    InputError
        If shapes do not agree, values are missing, covariates are collinear or too many.

    References
    ----------
    Ongen et al. (2016), FastQTL, Bioinformatics 32; Taylor-Weiner et al. (2019), tensorQTL, Genome Biology 20.
    """
    target = _phenotype(y)
    window = _Window(dosages, target.size, covariates)
    residual = window.residual(target)
    variance = float(residual @ residual)
    if target.min() == target.max() or variance <= _COLLINEAR * float(((target - target.mean()) ** 2).sum()):
        nothing = np.full(window.squares.size, np.nan)
        return Association(nothing, nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy(), window.df)
    products = window.x @ residual
    r = np.clip(products / np.sqrt(window.squares * variance), -1.0, 1.0)
    slope = products / window.squares
    p, log10p = correlation_p(r, window.df)
    return Association(
        r, slope, np.sqrt(variance / window.squares * (1 - r) * (1 + r) / window.df), p, log10p, window.df
    )


def eqtl_permutations(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    n_permutations: int = 1000,
    seed: int = 0,
    beta: bool = True,
) -> PermutedAssociation:
    """Permute the phenotype among people and keep the best variant of the window each time.

    Parameters
    ----------
    dosages, y, covariates
        As in `eqtl`. Covariates stay with their people and are taken out of every permuted phenotype.
    n_permutations : int
    seed : int
    beta : bool
        Fit the beta distribution too.

    Returns
    -------
    PermutedAssociation
        ``pval_perm`` is (1 + permutations at least as good) / (1 + permutations).
    """
    if n_permutations < 1:
        raise InputError(f"n_permutations must be >= 1, found {n_permutations}")
    target = _phenotype(y)
    window = _Window(dosages, target.size, covariates)
    found = eqtl(dosages, target, covariates=covariates)
    if found.lead is None:
        return PermutedAssociation(np.full(n_permutations, np.nan), float("nan"), None)
    usable = np.isfinite(window.squares)
    unit = (window.x[usable] / np.sqrt(window.squares[usable, None])).astype(np.float32)
    random = np.random.default_rng(seed)
    r2 = np.empty(n_permutations)
    for start in range(0, n_permutations, _BLOCK):
        size = min(_BLOCK, n_permutations - start)
        permuted = window.residual(np.column_stack([random.permutation(target) for _ in range(size)]))
        permuted /= np.sqrt(np.einsum("sb,sb->b", permuted, permuted))
        r2[start : start + size] = ((unit @ permuted.astype(np.float32)) ** 2).max(axis=0)
    best = float(found.r[found.lead] ** 2)
    # what float32 loses must not make a permutation as good as it is worse
    count = int(np.count_nonzero(r2 >= best * (1 - 1e-6)))
    fitted = _fit_beta(np.minimum(r2, 1 - 1e-12), best, window.df) if beta else None
    return PermutedAssociation(r2, (count + 1) / (n_permutations + 1), fitted)


def _phenotype(y: ArrayLike) -> Float64Array:
    target = np.asarray(y, np.float64)
    if target.ndim != 1 or not np.isfinite(target).all():
        raise InputError(f"y must be complete and have shape (S,), found {target.shape}")
    return target


def _p_of(r2: Float64Array, df: float) -> Float64Array:
    return correlation_p(np.sqrt(r2), df)[0]


def _fit_beta(r2: Float64Array, best: float, df: int) -> BetaApproximation | None:
    """Degrees of freedom at which the smallest p values are beta with first shape 1, then both shapes."""
    from scipy import optimize, special

    def first_shape(log_df: float) -> float:
        p = _p_of(r2, float(np.exp(log_df)))
        mean, variance = p.mean(), p.var()
        return float(np.log(mean * (mean * (1 - mean) / variance - 1)))

    if r2.size < 10 or r2.min() == r2.max():
        return None
    low, high = np.log(max(1.0, df * 0.05)), np.log(df * 4.0)
    crosses = first_shape(low) * first_shape(high) < 0
    true_df = float(np.exp(optimize.brentq(first_shape, low, high, xtol=1e-8))) if crosses else float(df)
    p = np.maximum(_p_of(r2, true_df), 1e-300)
    logs, complements = float(np.log(p).mean()), float(np.log1p(-np.minimum(p, 1 - 1e-16)).mean())

    def cost(shapes: Float64Array) -> tuple[float, Float64Array]:
        """Negative log likelihood per permutation and its slope, in the logarithms of the shapes."""
        a, b = np.exp(shapes)
        both = special.digamma(a + b)
        slope = np.array([a * (special.digamma(a) - both - logs), b * (special.digamma(b) - both - complements)])
        return float((1 - a) * logs + (1 - b) * complements + special.betaln(a, b)), slope

    mean, variance = p.mean(), p.var()
    moment = mean * (1 - mean) / variance - 1
    start = np.log([mean * moment, (1 - mean) * moment])
    fit = optimize.minimize(cost, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    shape1, shape2 = (float(value) for value in np.exp(fit.x))
    lead = float(_p_of(np.array([best]), true_df)[0])
    return BetaApproximation(shape1, shape2, true_df, lead, float(special.betainc(shape1, shape2, lead)))
