"""A window of linked variants in which two act on a phenotype, the same on every machine."""

from __future__ import annotations

import numpy as np


def two_signals(people=120, variants=60, seed=0):
    """Dosages (V, S), the phenotype (S,) that variants 10 and 40 act on, and two covariates (2, S)."""
    draw = np.random.RandomState(seed)
    x = np.zeros((variants, people), np.int8)
    for _ in range(2):
        row = draw.rand(people) < 0.4
        for v in range(variants):
            row = np.where(draw.rand(people) < 0.2, draw.rand(people) < 0.4, row)
            x[v] += row
    covariates = draw.randn(2, people)
    y = 0.8 * x[10] - 0.9 * x[40] + 0.5 * covariates[0] + draw.randn(people)
    return x, y, covariates
