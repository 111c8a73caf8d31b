"""Heritability and BLUP as they are written down: eigenvalues of the people's covariance, and a solve with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


def standardised(x: Float64Array) -> Float64Array:
    """Rows with mean 0 and variance 1."""
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def likelihood(x: Float64Array, y: Float64Array, covariates: Float64Array, h2: float) -> float:
    """Profile restricted log likelihood of a share of variance, up to a constant."""
    z, design = standardised(x), np.vstack([np.ones(y.size), covariates]).T
    vectors, sizes, _ = np.linalg.svd(design, full_matrices=True)
    basis = vectors[:, np.count_nonzero(sizes > 1e-10 * sizes[0]) :]
    projected = z @ basis
    values, axes = np.linalg.eigh(projected.T @ projected / len(z))
    squares = (axes.T @ (basis.T @ y)) ** 2
    spread = h2 * np.maximum(values, 0) + 1 - h2
    return float(-0.5 * (values.size * np.log(np.mean(squares / spread)) + np.log(spread).sum()))


def blup(x: Float64Array, y: Float64Array, new: Float64Array, h2: float) -> Float64Array:
    """Predict new people at a given share."""
    z = standardised(x)
    across = ((new - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)).T @ z / len(z)
    covariance = h2 * (z.T @ z / len(z)) + (1 - h2) * np.eye(y.size)
    return np.asarray(y.mean() + h2 * across @ np.linalg.solve(covariance, y - y.mean()))
