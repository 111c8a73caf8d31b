"""Conditionally independent eQTLs as their definition reads: least squares for every variant, scipy for the rest."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats


def _left(rows, design):
    """What an intercept and the rows of a design leave of other rows."""
    columns = np.column_stack([np.ones(rows.shape[1]), *design])
    return rows - (columns @ np.linalg.lstsq(columns, rows.T, rcond=None)[0]).T


def _p(r2, df):
    return 2 * stats.t.sf(np.sqrt(df * r2 / (1 - r2)), df)


def _beta_p(r2, best, df):
    def shape(log_df):
        p = _p(r2, np.exp(log_df))
        return np.log(p.mean() * (p.mean() * (1 - p.mean()) / p.var() - 1))

    true_df = np.exp(optimize.brentq(shape, np.log(df * 0.05), np.log(df * 4)))
    p = _p(r2, true_df)
    moment = p.mean() * (1 - p.mean()) / p.var() - 1
    a, b = optimize.minimize(
        lambda s: stats.beta.nnlf((*s, 0, 1), p), [p.mean() * moment, (1 - p.mean()) * moment], method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    ).x  # fmt: skip
    return stats.beta.cdf(_p(best, true_df), a, b)


def _lead(x, y, design, orders):
    """Lead variant, r, slope, its error, p and beta p of a window given a design."""
    left, df = _left(x, design), len(y) - 2 - len(design)
    known = (left**2).sum(axis=1) > 1e-10 * ((x - x.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    left[~known] = 0
    length = np.where(known, np.sqrt((left**2).sum(axis=1)), np.inf)
    target = _left(y[None], design)[0]
    r = left @ target / (length * np.sqrt(target @ target))
    lead = int(np.argmax(np.abs(r)))
    permuted = _left(y[orders], design)
    best = (left @ permuted.T / length[:, None] / np.sqrt((permuted**2).sum(axis=1))) ** 2
    slope = r[lead] * np.sqrt(target @ target) / length[lead]
    error = abs(slope) / np.sqrt(df * r[lead] ** 2 / (1 - r[lead] ** 2))
    return lead, r[lead], slope, error, _p(r[lead] ** 2, df), _beta_p(best.max(axis=0), r[lead] ** 2, df)


def plain_conditional(x, y, covariates, threshold, orders):
    """Rank, lead, r, slope, error, p and beta p of each signal, as tensorQTL's ``map_independent`` selects them."""
    x, design = x.astype(float), list(covariates)
    forward = []
    while True:
        found = _lead(x, y, design + [x[one[0]] for one in forward], orders)
        if found[-1] > threshold:
            break
        forward.append(found)
    if len(forward) < 2:
        return [(1, *one) for one in forward]
    kept = []
    for rank, (own, *_) in enumerate(forward, start=1):
        found = _lead(x, y, design + [x[one[0]] for one in forward if one[0] != own], orders)
        if found[-1] <= threshold and found[0] not in [one[1] for one in kept]:
            kept.append((rank, *found))
    return kept
