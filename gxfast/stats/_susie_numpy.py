"""The readable twin of the compiled sum of single effects, for dosages that are no whole numbers too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["single_effects"]

Float64Array = NDArray[np.float64]


def single_effects(
    x: Float64Array, y: Float64Array, prior_variance: float, tolerance: float, most: int, alpha: Float64Array,
    mean: Float64Array, prior: Float64Array, lbf: Float64Array,
) -> tuple[float, float, int, bool]:  # fmt: skip
    """Fill the effects, arrays of shape (L, V) and (L,), from standardised variants (V, S) and a phenotype (S,).

    Returns the residual variance, the evidence lower bound, the number of iterations, and whether the bound rose by
    less than ``tolerance`` in the last one.
    """
    people, spread = y.size, y.size - 1.0
    variance = float(y @ y) / spread
    prior[:] = prior_variance * variance
    fitted, square, divergence = np.zeros((prior.size, people)), np.zeros(prior.size), np.zeros(prior.size)
    bound, iteration, converged = -np.inf, 0, False
    while iteration < most and not converged:
        iteration += 1
        for effect in range(prior.size):
            if prior[effect] == 0:
                fitted[effect] = mean[effect] = square[effect] = divergence[effect] = lbf[effect] = 0
                alpha[effect] = 1 / len(x)
                continue
            z = x @ (y - fitted.sum(axis=0) + fitted[effect])
            weight, lbf[effect] = _weights(z, prior[effect], variance, spread)
            narrow = 1 / (1 / prior[effect] + spread / variance)
            alpha[effect], mean[effect] = weight / weight.sum(), narrow / variance * z
            part = alpha[effect] * mean[effect]
            square[effect] = alpha[effect] @ (narrow + mean[effect] ** 2)
            fitted[effect] = part @ x
            divergence[effect] = -lbf[effect] - 0.5 / variance * (spread * square[effect] - 2 * part @ z)
            prior[effect] = square[effect] if _weights(z, square[effect], variance, spread)[1] > 0 else 0
        left = y - fitted.sum(axis=0)
        error = float(left @ left - (fitted**2).sum() + spread * square.sum())
        before, bound = bound, -people / 2 * np.log(2 * np.pi * variance) - error / (2 * variance) - divergence.sum()
        converged = bool(bound - before < tolerance)
        if not converged:
            if not error > 0:
                break
            variance = error / people
    return variance, float(bound), iteration, converged


def _weights(z: Float64Array, prior: float, variance: float, spread: float) -> tuple[Float64Array, float]:
    """Bayes factors over the largest, and the logarithm of their mean."""
    wide = variance + prior * spread
    log = 0.5 * np.log(variance / wide) + 0.5 * prior / (variance * wide) * z**2
    weight = np.exp(log - log.max())
    return weight, float(log.max() + np.log(weight.mean()))
