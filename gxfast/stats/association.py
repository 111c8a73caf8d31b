"""Association of a phenotype with the variants of a window: cis-eQTL mapping of one gene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays, Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_number, whole_numbers
from ._beta_fit import BetaApproximation, fit_beta
from ._design import COLLINEAR, design_basis, explained, project_out
from .tails import correlation_p

__all__ = ["Association", "PermutedAssociation", "are_counts", "eqtl", "eqtl_permutations", "judge", "people_orders"]

Float64Array = NDArray[np.float64]

_BLOCK = 256  # permutations at a time
_ROUNDING = 1e-5  # what float32 loses must not make a permutation as good as the lead worse


@dataclass(frozen=True, slots=True, repr=False)
class Association(Arrays):
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


@dataclass(frozen=True, slots=True, repr=False)
class PermutedAssociation(Brief):
    """Largest squared correlation of each permutation, and what it says of the lead variant."""

    r2: Float64Array
    pval_perm: float
    beta: BetaApproximation | None


class _Window:
    """What both passes need: the covariates' basis, and each variant's variance beside them."""

    def __init__(self, dosages: ArrayLike, people: int, covariates: ArrayLike | None) -> None:
        x = array_of(dosages, "dosages", ("V", people))
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            raise InputError("dosages have missing values", remedy="fill missing calls first")
        self.basis, self.df = design_basis(covariates, people)
        # Centred, so that the squares below cancel little.
        self.x = x.astype(np.float64) - x.mean(axis=1, dtype=np.float64, keepdims=True)
        whole = np.einsum("vs,vs->v", self.x, self.x)
        left = whole - ((self.x @ self.basis) ** 2).sum(axis=1)
        self.squares = np.where((whole > 0) & (left > COLLINEAR * whole), left, np.nan)


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
    residual = project_out(target, window.basis)
    variance = float(residual @ residual)
    if explained(target[None], np.array([variance]))[0]:
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
    orders: ArrayLike | None = None,
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
    orders : array-like of int, shape (P, S), optional
        These orders of the people instead of drawn ones.

    Returns
    -------
    PermutedAssociation
        ``pval_perm`` is (1 + permutations at least as good) / (1 + permutations).
    """
    target = _phenotype(y)
    columns = people_orders(orders, n_permutations, target.size, seed)
    window = _Window(dosages, target.size, covariates)
    found = eqtl(dosages, target, covariates=covariates)
    if found.lead is None:
        return PermutedAssociation(np.full(columns.shape[1], np.nan), float("nan"), None)
    usable = np.isfinite(window.squares)
    unit = (window.x[usable] / np.sqrt(window.squares[usable, None])).astype(np.float32)
    r2 = np.empty(columns.shape[1])
    for start in range(0, r2.size, _BLOCK):
        permuted = project_out(target[columns[:, start : start + _BLOCK]], window.basis)
        permuted /= np.sqrt(np.einsum("sb,sb->b", permuted, permuted))
        r2[start : start + _BLOCK] = ((unit @ permuted.astype(np.float32)) ** 2).max(axis=0)
    return judge(r2, float(found.r[found.lead] ** 2), window.df, beta=beta)


def are_counts(dosages: NDArray[Any]) -> bool:
    """Tell whether dosages are whole numbers, 0, 1 or 2: what the compiled kernels take."""
    return dosages.dtype.kind in "iub" and (not dosages.size or bool(dosages.min() >= 0 and dosages.max() <= 2))


def judge(r2: Float64Array, best: float, df: int, *, beta: bool) -> PermutedAssociation:
    """Place the lead variant's squared correlation among those of the permutations."""
    count = int(np.count_nonzero(r2 >= best * (1 - _ROUNDING)))
    fitted = fit_beta(np.minimum(r2, 1 - 1e-12), best, df) if beta else None
    return PermutedAssociation(r2, (count + 1) / (r2.size + 1), fitted)


def people_orders(orders: ArrayLike | None, n_permutations: int, people: int, seed: int) -> NDArray[np.int64]:
    """Return orders of the people, one a column: those given, a row each, or drawn ones."""
    if orders is None:
        random = np.random.default_rng(seed)
        n_permutations = whole_number(n_permutations, "n_permutations", 1)
        return np.ascontiguousarray(np.array([random.permutation(people) for _ in range(n_permutations)]).T)
    rows = whole_numbers(orders, "orders", ("P", people))
    if not len(rows) or (np.sort(rows, axis=1) != np.arange(people)).any():
        raise InputError(f"orders must be of all {people} people, one a row")
    return np.ascontiguousarray(rows.T)


def _phenotype(y: ArrayLike) -> Float64Array:
    return numbers(y, "y", ("S",), finite=True)
