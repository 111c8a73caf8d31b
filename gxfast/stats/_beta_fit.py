"""The distribution of a window's smallest p under permutation, as a beta distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from .tails import correlation_p

__all__ = ["BetaApproximation", "fit_beta"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class BetaApproximation(Brief):
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


def _p_of(r2: Float64Array, df: float) -> Float64Array:
    return correlation_p(np.sqrt(r2), df)[0]


def fit_beta(r2: Float64Array, best: float, df: int) -> BetaApproximation | None:
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
    shape1, shape2 = _most_likely(p)
    lead = float(_p_of(np.array([best]), true_df)[0])
    return BetaApproximation(shape1, shape2, true_df, lead, float(special.betainc(shape1, shape2, lead)))


def _most_likely(p: Float64Array) -> tuple[float, float]:
    """Shapes under which the mean logarithms of p and 1 - p are those found: Newton's method from the moments."""
    from scipy.special import psi, zeta

    logs, complements = float(np.log(p).mean()), float(np.log1p(-np.minimum(p, 1 - 1e-16)).mean())
    mean, variance = float(p.mean()), float(p.var())
    moment = mean * (1 - mean) / variance - 1
    a, b = mean * moment, (1 - mean) * moment
    for _ in range(100):
        places = np.array([a, b, a + b])
        (of_a, of_b, both), (slope_a, slope_b, slope) = psi(places).tolist(), zeta(2, places).tolist()
        off_a, off_b = of_a - both - logs, of_b - both - complements
        slope_a, slope_b = slope_a - slope, slope_b - slope
        determinant = slope_a * slope_b - slope * slope
        step_a = (off_a * slope_b + off_b * slope) / determinant
        step_b = (off_b * slope_a + off_a * slope) / determinant
        # a step that would leave the positive numbers goes half the way there
        a, b = max(a - step_a, a / 2), max(b - step_b, b / 2)
        # the next step would be of the square of this size, which is rounding
        if abs(step_a) <= 1e-8 * a and abs(step_b) <= 1e-8 * b:
            break
    return a, b
