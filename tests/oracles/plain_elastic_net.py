"""The elastic net as its objective reads: the specification of the compiled one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["objective", "plain_elastic_net", "plain_elastic_net_cv"]

Float64Array = NDArray[np.float64]


def _standardised(dosages: NDArray[np.int8]) -> tuple[Float64Array, Float64Array, Float64Array]:
    x = dosages.T.astype(np.float64)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    sd[(dosages == dosages[:, :1]).all(axis=1)] = np.inf  # without variation: column and coefficient are 0
    return (x - mean) / sd, mean, sd


def objective(x: Float64Array, y: Float64Array, b: Float64Array, lambda_: float, l1_ratio: float) -> float:
    """Value of the objective for standardised columns ``x`` and centred ``y``."""
    residual = y - x @ b
    penalty = l1_ratio * np.abs(b).sum() + (1 - l1_ratio) / 2 * (b @ b)
    return float(residual @ residual / (2 * y.size) + lambda_ * penalty)


def plain_elastic_net(
    dosages: NDArray[np.int8], y: Float64Array, lambdas: Float64Array, l1_ratio: float
) -> tuple[Float64Array, Float64Array]:
    """Coefficients per dosage, shape (Q, V), and intercepts, by cyclic coordinate descent to rounding."""
    x, mean, sd = _standardised(dosages)
    centred = y - y.mean()
    n, p = x.shape
    b = np.zeros(p)
    out = np.zeros((lambdas.size, p))
    for at, lambda_ in enumerate(lambdas):
        for _ in range(100_000):
            largest = 0.0
            for j in np.flatnonzero(np.isfinite(sd)):
                z = x[:, j] @ (centred - x @ b) / n + b[j]
                new = np.sign(z) * max(abs(z) - lambda_ * l1_ratio, 0.0) / (1 + lambda_ * (1 - l1_ratio))
                largest = max(largest, abs(new - b[j]))
                b[j] = new
            if largest < 1e-12 * (1 + np.abs(b).max()):
                break
        out[at] = b / sd
    return out, y.mean() - out @ mean


def plain_elastic_net_cv(
    dosages: NDArray[np.int8], y: Float64Array, folds: NDArray[np.int32], lambdas: Float64Array, l1_ratio: float
) -> tuple[Float64Array, Float64Array]:
    """Held-out predictions, shape (Q, S), at common lambdas, and their mean squared errors, shape (Q,)."""
    held_out = np.empty((lambdas.size, y.size))
    for fold in np.unique(folds):
        out = folds == fold
        coefficients, intercepts = plain_elastic_net(dosages[:, ~out], y[~out], lambdas, l1_ratio)
        held_out[:, out] = coefficients @ dosages[:, out] + intercepts[:, None]
    return held_out, ((y - held_out) ** 2).mean(axis=1)
