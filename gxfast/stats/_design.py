"""An intercept and covariates as an orthonormal basis."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels.arguments import numbers

__all__ = ["COLLINEAR", "centred_design", "checked_covariates", "design_basis", "explained", "project_out"]

Float64Array = NDArray[np.float64]

COLLINEAR = 1e-10


def checked_covariates(covariates: ArrayLike | None, people: int) -> Float64Array:
    """Return covariates as a float64 matrix, K x people, K = 0 without any.

    Raises
    ------
    InputError
        If they are incomplete or of another shape.
    """
    if covariates is None:
        return np.empty((0, people))
    return numbers(covariates, "covariates", ("K", people), finite=True)


def centred_design(covariates: ArrayLike | None, people: int) -> Float64Array:
    """Return an intercept and the covariates less their means, people x (1 + K); raises as `checked_covariates`."""
    given = checked_covariates(covariates, people)
    return np.concatenate([np.ones((1, people)), given - given.mean(axis=1, keepdims=True)]).T


def design_basis(covariates: ArrayLike | None, people: int) -> tuple[Float64Array, int]:
    """Return the basis, people x (1 + K) with the intercept first, and the degrees of freedom beside a slope.

    Raises
    ------
    InputError
        If covariates are incomplete, of another shape, collinear or too many.
    """
    design = centred_design(covariates, people)
    if design.shape[1] > people - 2:
        raise InputError(f"{people} people and {design.shape[1] - 1} covariates leave no degrees of freedom")
    basis, triangle = np.linalg.qr(design)
    if (np.abs(np.diag(triangle)) <= COLLINEAR * np.linalg.norm(design, axis=0)).any():
        raise InputError("the covariates are collinear", remedy="leave the redundant ones out")
    return basis, people - 1 - design.shape[1]


def project_out(y: Float64Array, basis: Float64Array) -> Float64Array:
    """What the basis leaves of the columns of ``y``; twice, because once leaves rounding behind."""
    for _ in range(2):
        y = y - basis @ (basis.T @ y)
    return y


def explained(y: Float64Array, left: Float64Array) -> NDArray[np.bool_]:
    """Tell which rows are constant, or so little of them is left that the covariates explain them.

    ``left``: sum of squares of each row's residual.
    """
    centred = y - y.mean(axis=1, keepdims=True)
    whole = np.array([row @ row for row in centred])
    return np.asarray((y.min(axis=1) == y.max(axis=1)) | (left <= COLLINEAR * whole))
