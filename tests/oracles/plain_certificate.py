"""The certificate of direction as it is written down: integrals by quadrature, shares by plain EM."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats


def density(r: float, freedom: int, low: float, high: float) -> float:
    """Of t, averaged over slopes between two; both 0: no slope."""
    t = math.sqrt(freedom) * r / math.sqrt(1 - r * r)
    if low == high == 0:
        return float(stats.t.pdf(t, freedom))

    def at(slope: float) -> float:
        return float(stats.t.pdf(t - math.sqrt(freedom) * slope, freedom))

    peak = t / math.sqrt(freedom)
    width = 1 / math.sqrt(freedom)
    breaks = [x for x in (peak - 3 * width, peak, peak + 3 * width) if low < x < high]
    found, _ = integrate.quad(at, low, high, points=breaks or None, epsabs=0, epsrel=1e-10, limit=200)
    return float(found) / (high - low)


def densities(r: Sequence[float], freedom: int, edges: Sequence[float]) -> NDArray[np.float64]:
    """None, right, wrong; one row per gene."""
    parts = [(0.0, 0.0)]
    ends = [0.0, *edges]
    parts += list(itertools.pairwise(ends))
    parts += [(-high, -low) for low, high in itertools.pairwise(ends)]
    return np.array([[density(value, freedom, low, high) for low, high in parts] for value in r])


def default_edges(freedom: int) -> list[float]:
    """Two standard errors, then twice the one before, until 6 is passed."""
    edges = [2 / math.sqrt(freedom)]
    while edges[-1] < 6:
        edges.append(2 * edges[-1])
    return edges


def posterior(r: Sequence[float], freedom: int, genes: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities (G, 3) of right, wrong and none, and shares of the prior."""
    edges = default_edges(freedom)
    k = len(edges)
    table = densities(r, freedom, edges)
    start = [0.5] + [0.25 / k] * (2 * k)
    shares = list(start)
    for _ in range(4_000):
        counts = [genes * share for share in start]
        for row in table:
            joint = [share * value for share, value in zip(shares, row, strict=True)]
            total = sum(joint)
            counts = [count + one / total for count, one in zip(counts, joint, strict=True)]
        shares = [count / sum(counts) for count in counts]
    joint = table * shares
    joint /= joint.sum(axis=1, keepdims=True)
    sides = [joint[:, 1 : 1 + k].sum(axis=1), joint[:, 1 + k :].sum(axis=1), joint[:, 0]]
    return np.stack(sides, axis=1), np.array(shares)
