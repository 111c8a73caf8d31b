"""Regressing covariates out of the rows of a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, numbers

__all__ = ["Residuals", "flat_rows", "residualise"]

Float64Array = NDArray[np.float64]

_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, repr=False)
class Residuals(Brief):
    """What is left of G rows after regression on an intercept and K covariates.

    Attributes
    ----------
    values : float64 array, shape (G, S)
        NaN where the input is NaN. Rows of which nothing is left (``flat``) are exactly 0, hence constant,
        hence without a correlation.
    n_covariates : int64 array, shape (G,)
        Covariates used in the row, without the intercept: K, or fewer where the people with values leave
        some covariates redundant.
    flat : bool array, shape (G,)
        Whether the covariates explain the row completely.
    """

    values: Float64Array
    n_covariates: NDArray[np.int64]
    flat: NDArray[np.bool_]


def residualise(y: ArrayLike, covariates: ArrayLike) -> Residuals:
    """Regress an intercept and the covariates out of each row of ``y``.

    Orthogonal basis (thin QR by Gram-Schmidt done twice, float64) once per pattern of missing values; rows
    are projected one at a time, so a row's result does not depend on which other rows are there.

    Parameters
    ----------
    y : array-like of float, shape (G, S)
        NaN where missing.
    covariates : array-like of float, shape (K, S)
        Complete; K may be 0 (only the mean is taken off).

    Returns
    -------
    Residuals

    Raises
    ------
    InputError
        If the shapes do not agree, a covariate is missing or infinite for somebody, or a covariate follows
        from the intercept and those before it (named by its row).
    """
    rows, design = _checked(y, covariates)
    everybody = np.ones(rows.shape[1], dtype=np.bool_)
    full, redundant = _basis(design)
    if redundant and rows.shape[1] > design.shape[0] + 1:
        raise InputError(
            f"covariate row {redundant[0]} is constant or follows from the rows before it",
            record=f"row {redundant[0]} of {design.shape[0]} (counted from 0)",
            remedy="leave that covariate out",
        )
    bases = {everybody.tobytes(): full}
    values = np.full(rows.shape, np.nan)
    used = np.empty(rows.shape[0], dtype=np.int64)
    for g, row in enumerate(rows):
        there = ~np.isnan(row)
        key = there.tobytes()
        if key not in bases:
            bases[key] = _basis(design[:, there])[0]
        values[g, there] = _project_out(row[there], bases[key])
        used[g] = bases[key].shape[0]
    flat = flat_rows(rows, values)
    values[flat[:, None] & ~np.isnan(values)] = 0.0
    return Residuals(values, used, flat)


def flat_rows(y: ArrayLike, residuals: ArrayLike, *, tolerance: float = _TOLERANCE) -> NDArray[np.bool_]:
    """Tell which rows are constant once the covariates are out.

    Parameters
    ----------
    y, residuals : array-like of float, shape (G, S)
        Rows before and after; NaN is left out.
    tolerance : float, default 1e-10
        A residual norm below this share of the centred norm is rounding noise.

    Returns
    -------
    bool array, shape (G,)
        True also for rows that were constant, or empty, before.
    """
    before = finite_or_nan(y, "y", ("G", "S"))
    after = finite_or_nan(residuals, "residuals", before.shape)
    flags = np.empty(before.shape[0], dtype=np.bool_)
    for g, (row, left) in enumerate(zip(before, after, strict=True)):
        there = row[~np.isnan(row)]
        if there.size == 0 or there.min() == there.max():
            flags[g] = True
            continue
        centred = float(np.linalg.norm(there - there.mean()))
        flags[g] = float(np.linalg.norm(left[~np.isnan(left)])) < tolerance * centred
    return flags


def _checked(y: ArrayLike, covariates: ArrayLike) -> tuple[Float64Array, Float64Array]:
    rows = finite_or_nan(y, "y", ("G", "S"))
    design = numbers(covariates, "covariates", ("K", rows.shape[1]))
    bad = ~np.isfinite(design)
    if bad.any():
        row, person = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"covariate row {row} has no finite value for person {person} (counted from 0)",
            remedy="leave the person or the covariate out",
        )
    return rows, design


def _basis(design: Float64Array) -> tuple[Float64Array, list[int]]:
    """Orthonormal rows that span the centred covariates, and the covariates that add nothing."""
    found: list[Any] = []
    redundant: list[int] = []
    for k, row in enumerate(design):
        if row.size == 0 or row.min() == row.max():
            redundant.append(k)
            continue
        centred = row - row.mean()
        # to unit size first, so that squares of large covariates cannot overflow
        left = centred / np.abs(centred).max()
        norm = float(np.linalg.norm(left))
        for _ in range(2):
            left = left - left.mean()
            for direction in found:
                left = left - (direction @ left) * direction
        size = float(np.linalg.norm(left))
        if size < _TOLERANCE * norm:
            redundant.append(k)
        else:
            found.append(left / size)
    return (np.array(found) if found else np.empty((0, design.shape[1]))), redundant


def _project_out(row: Float64Array, basis: Float64Array) -> Float64Array:
    if row.size == 0:
        return row
    left: Float64Array = row - row.mean()
    # the second round takes out what rounding left of the first
    for _ in range(2):
        left = left - basis.T @ (basis @ left)
        left = left - left.mean()
    return left
