"""Elastic net path on a Gram matrix in Numba; `_plain_elastic_net` is its specification.

Import inside functions only: importing Numba costs a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from ._jit import jit_flags

__all__ = ["gram_path"]

F = TypeVar("F", bound=Callable[..., Any])
_SWEEPS = 100_000


def _jit(function: F) -> F:
    return cast(F, numba.jit(**jit_flags())(function))


@_jit
def _sweep(gram: Any, left: Any, b: Any, l1: float, l2: float, active_only: bool) -> float:
    """One round of coordinate descent; the largest squared change."""
    largest = 0.0
    for j in range(b.size):
        old = b[j]
        if active_only and old == 0.0:
            continue
        z = left[j] + old
        size = abs(z) - l1
        new = 0.0
        if size > 0.0 and gram[j, j] > 0.0:
            new = (size if z > 0.0 else -size) / (1.0 + l2)
        change = new - old
        if change != 0.0:
            row = gram[j]
            for i in range(b.size):
                left[i] -= change * row[i]
            b[j] = new
            largest = max(largest, change * change)
    return largest


@_jit
def _gap(correlation: Any, left: Any, b: Any, yy: float, l1: float, l2: float) -> float:
    """Objective less the value of the dual at the scaled residual: a bound on the way to the optimum."""
    fit = rest = square = size = steepest = 0.0
    for j in range(b.size):
        fit += b[j] * correlation[j]
        rest += b[j] * left[j]
        square += b[j] * b[j]
        size += abs(b[j])
        steepest = max(steepest, abs(left[j] - l2 * b[j]))
    residual = yy - fit - rest
    scale = min(1.0, l1 / steepest) if steepest > 0.0 else 1.0
    primal = 0.5 * residual + l1 * size + 0.5 * l2 * square
    return float(primal + 0.5 * scale * scale * (residual + l2 * square) - scale * (yy - fit))


@_jit
def gram_path(gram: Any, correlation: Any, yy: float, lambdas: Any, l1_ratio: float, gap: float) -> Any:
    """Coefficients at each lambda, from the one before, and the largest gap as a share of ``yy / 2``.

    ``gram``: correlations of the standardised columns, float32 (p, p), with rows of 0 for columns without
    variation; ``correlation``: products with the centred response over n; ``yy``: its mean square.
    """
    b = np.zeros(correlation.size)
    left = correlation.copy()
    out = np.zeros((lambdas.size, b.size))
    worst = 0.0
    for at in range(lambdas.size):
        l1, l2 = lambdas[at] * l1_ratio, lambdas[at] * (1.0 - l1_ratio)
        enough = 1e-7 * yy
        for _ in range(_SWEEPS):
            if _sweep(gram, left, b, l1, l2, False) <= enough:
                found = _gap(correlation, left, b, yy, l1, l2)
                if found <= gap * 0.5 * yy or enough < 1e-22 * yy:
                    worst = max(worst, found / (0.5 * yy))
                    break
                enough *= 0.01
            for _ in range(_SWEEPS):
                if _sweep(gram, left, b, l1, l2, True) <= enough:
                    break
        out[at] = b
    return out, worst
