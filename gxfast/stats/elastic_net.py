"""Elastic net of a phenotype on genotypes, with its penalty chosen by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_number
from ..kernels.compiled import elastic_net_cv as _compiled
from ._path_options import check_path_options, fold_ids

__all__ = ["ElasticNetFit", "elastic_net_cv"]

Float64Array = NDArray[np.float64]
_GAP_OF_FLOATS: Final = 1e-6
_ROUNDING: Final = 0.05  # what the digits of a file may add to a dosage


@dataclass(frozen=True, slots=True, repr=False)
class ElasticNetFit(Brief):
    """A cross-validated path of elastic nets; Q lambdas were visited.

    Attributes
    ----------
    lambdas : float64 array, shape (Q,)
        Descending. Penalty on the scale of ``y`` for standardised dosages, as glmnet's.
    cv_error, cv_error_se : float64 arrays, shape (Q,)
        Mean squared error of held-out people, and its standard error over folds.
    chosen : int
        Index of the smallest ``cv_error``; the first of equal ones (`lambda_min` of glmnet).
    held_out : float64 array, shape (S,)
        Prediction of each person at the chosen lambda by the fit that did not see them. The lambda was chosen
        with them: nested cross-validation is what measures accuracy.
    coefficients : float64 array, shape (V,)
        Of the fit to everybody at the chosen lambda, per dosage.
    intercept : float
    n_nonzero : int64 array
        Non-zero coefficients of the fits to everybody, up to the chosen lambda (all with ``keep_path``); of imputed
        dosages at the chosen one alone.
    folds : int32 array, shape (S,)
        The fold of each person, as given or drawn.
    gap : float
        Rigorous bound on (objective - optimum) / (objective of no SNP) over all fits that were made.
    path, path_intercepts : float64 arrays, shapes (Q, V) and (Q,), or None
        Coefficients of everybody's fits at all visited lambdas.
    """

    lambdas: Float64Array
    cv_error: Float64Array
    cv_error_se: Float64Array
    chosen: int
    held_out: Float64Array
    coefficients: Float64Array
    intercept: float
    n_nonzero: NDArray[np.int64]
    folds: NDArray[np.int32]
    gap: float
    path: Float64Array | None = None
    path_intercepts: Float64Array | None = None

    def predict(self, dosages: ArrayLike) -> Float64Array:
        """Return predictions, shape (S,), of people with these dosages, shape (V, S)."""
        x = array_of(dosages, "dosages", (self.coefficients.size, "S"))
        used = np.flatnonzero(self.coefficients)
        return np.asarray(self.coefficients[used] @ numbers(x[used], "dosages", finite=True) + self.intercept)


def elastic_net_cv(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    folds: int | ArrayLike = 10,
    seed: int = 0,
    l1_ratio: float = 0.5,
    n_lambdas: int = 100,
    lambda_ratio: float = 0.01,
    lambdas: ArrayLike | None = None,
    stop_after: int | None = 20,
    gap: float = 1e-8,
    keep_path: bool = False,
) -> ElasticNetFit:
    """Fit an elastic net to genotypes, its penalty chosen by k-fold cross-validation.

    Every fit minimises, on its n people,
    ``sum((y - b0 - X b)^2) / (2 n) + lambda (l1_ratio |b|_1 + (1 - l1_ratio) / 2 |b|^2)`` with the dosages
    standardised (variance over n) among those people, as glmnet does [1]_. All folds go down one common grid of
    lambdas together, on shared counts of genotypes, and stop when the held-out error has not become smaller
    for ``stop_after`` lambdas.

    Parameters
    ----------
    dosages : int8 array-like, shape (V, S)
        Copies of the alternative allele, 0, 1 or 2. SNPs without variation get coefficient 0. Numbers between them
        (float, imputed) go through `fit_tracks`: the whole path, products in float32, within 1e-6 of the optimum.
    y : array-like of float, shape (S,)
    folds : int or int array-like, shape (S,)
        Number of folds, drawn with ``seed``; or the fold of each person, 0 to K - 1.
    seed : int
    l1_ratio : float
        In (0, 1]; 1 is the lasso.
    n_lambdas, lambda_ratio
        Length of the grid, and its smallest value as a share of the largest, at which everybody's fit is empty.
    lambdas : array-like of float, optional
        Another grid; descending.
    stop_after : int or None
        20 chose what the whole path chooses for all of 100 simulated genes, 10 for 98 of them
        (``bench/validation/early_stop.py``); None follows the whole path.
    gap : float
        Every objective ends within this share of the objective without SNPs from its optimum.
    keep_path : bool
        Keep everybody's coefficients at all visited lambdas.

    Returns
    -------
    ElasticNetFit

    Raises
    ------
    InputError
        If shapes do not agree, a dosage is none of 0, 1, 2, a value of ``y`` is missing, a fold is empty or an
        option is out of its range.

    References
    ----------
    .. [1] Friedman, Hastie, Tibshirani (2010), Journal of Statistical Software 33(1).
    .. [2] Tibshirani et al. (2012), Strong rules for discarding predictors, JRSS B 74(2).
    """
    given = array_of(dosages, "dosages", ("V", "S"), "fiu")
    if given.dtype.kind == "f":
        if lambdas is not None or keep_path:
            raise InputError("a grid and a kept path are for dosages of 0, 1 and 2", remedy="leave them out")
        return _imputed(given.astype(np.float64), y, folds, seed, l1_ratio, n_lambdas, lambda_ratio)
    x = _dosages(given)
    target = _phenotype(y, x.shape[1])
    ids = fold_ids(folds, target.size, seed)
    grid = _grid(lambdas)
    check_path_options(l1_ratio, n_lambdas, lambda_ratio, gap)
    if stop_after is not None:
        stop_after = whole_number(stop_after, "stop_after", 1)
    found: dict[str, Any] = _compiled(
        x, target, ids, int(ids.max()) + 1, grid, l1_ratio, lambda_ratio, n_lambdas,
        -1 if stop_after is None else stop_after, gap, keep_path,
    )  # fmt: skip
    path, path_intercepts = found.pop("path"), found.pop("path_intercepts")
    if keep_path:
        return ElasticNetFit(
            **found, folds=ids, path=path.reshape(found["lambdas"].size, x.shape[0]), path_intercepts=path_intercepts
        )
    return ElasticNetFit(**found, folds=ids)


def _imputed(
    x: Float64Array, y: ArrayLike, folds: int | ArrayLike, seed: int, l1_ratio: float, n_lambdas: int,
    lambda_ratio: float,
) -> ElasticNetFit:  # fmt: skip
    """Fit dosages that are no whole numbers."""
    from .track_fit import fit_tracks

    if not np.isfinite(x).all() or (x < 0).any() or (x > 2 + _ROUNDING).any():
        raise InputError("dosages must have shape (V, S) and be 0 to 2", remedy="fill missing ones first")
    target = _phenotype(y, x.shape[1])
    if target.min() == target.max() or not (x.min(axis=1, initial=2) < x.max(axis=1, initial=0)).any():
        return _nothing(x, target, fold_ids(folds, target.size, seed))
    fit = fit_tracks(
        x.T, target, folds=folds, seed=seed, l1_ratio=l1_ratio, n_lambdas=n_lambdas, lambda_ratio=lambda_ratio,
        gap=_GAP_OF_FLOATS,
    )  # fmt: skip
    return ElasticNetFit(
        fit.lambdas, fit.cv_error, fit.cv_error_se, fit.chosen, fit.held_out, fit.coefficients, fit.intercept,
        np.array([np.count_nonzero(fit.coefficients)]), fit.folds, fit.gap,
    )  # fmt: skip


def _nothing(x: Float64Array, y: Float64Array, folds: NDArray[np.int32]) -> ElasticNetFit:
    """The fit of SNPs that do not vary, or of a constant."""
    mean, zero = float(y.mean()), np.zeros(1)
    return ElasticNetFit(
        zero, np.array([float(y.var())]), zero, 0, np.full(y.size, mean), np.zeros(len(x)), mean,
        np.zeros(1, np.int64), folds, 0.0,
    )  # fmt: skip


def _dosages(x: NDArray[np.integer]) -> NDArray[np.int8]:
    bad = (x < 0) | (x > 2)
    if bad.any():
        snp, person = (int(i[0]) for i in np.nonzero(bad))
        raise InputError(
            f"dosages must be 0, 1 or 2, found {int(x[snp, person])}",
            record=f"SNP {snp}, person {person}",
            remedy="fill missing calls first, for example with the most frequent dosage",
        )
    return np.ascontiguousarray(x, np.int8)


def _phenotype(y: ArrayLike, people: int) -> Float64Array:
    if people < 3:
        raise InputError(f"dosages and y must be of at least 3 people, found {people}")
    return numbers(y, "y", (people,), finite=True)


def _grid(lambdas: ArrayLike | None) -> list[float]:
    if lambdas is None:
        return []
    grid = numbers(lambdas, "lambdas", ("Q",), finite=True)
    if grid.size == 0 or not (grid > 0).all() or (np.diff(grid) >= 0).any():
        raise InputError("lambdas must be positive and descending")
    return [float(value) for value in grid]
