"""How sure is it that a model's differences between people point the way the genetic differences do?"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays, Brief, plural
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, numbers, truths, whole_number, whole_numbers

__all__ = [
    "Calibration",
    "DirectionCertificate",
    "DirectionPrior",
    "calibration",
    "correlation_from_effects",
    "direction_certificate",
]

Float64Array = NDArray[np.float64]

_NONE: Final = 0.5  # share of genes without a slope, in the default prior
_FIRST: Final = 2.0  # standard errors: slopes are not told apart within fewer
_LAST: Final = 6.0  # r = 0.986
_ROUNDS, _SETTLED = 2_000, 1e-6


@dataclass(frozen=True, slots=True, repr=False)
class DirectionPrior(Brief):
    """How large slopes are: a share of genes has none; the others' lie in intervals, on the right or the wrong side.

    Attributes
    ----------
    edge : float64 array, shape (K,)
        Upper ends of the intervals, the first of which begins at 0; within one, slopes are alike. Unit: standard
        deviations of expression, without what the prediction explains, per standard deviation of the prediction:
        ``r / sqrt(1 - r^2)`` of a correlation r. An estimate beyond the last counts as one there.
    right, wrong : float64 arrays, shape (K,)
        Shares of genes.
    none : float
        Share of genes without a slope; all shares sum to 1.
    n_genes : int
        Genes that it was fitted to; 0 of the default.
    """

    edge: Float64Array
    right: Float64Array
    wrong: Float64Array
    none: float
    n_genes: int = 0

    def _facts(self) -> str:
        shares = f"right {self.right.sum():.3f}, wrong {self.wrong.sum():.3f}, none {self.none:.3f}"
        return f"{shares}, fitted to {plural(self.n_genes, 'gene')}"


@dataclass(frozen=True, slots=True, repr=False)
class DirectionCertificate(Arrays):
    """What can be said of each gene; every array has shape (G,), or () for one.

    Attributes
    ----------
    p_right, p_wrong, p_none : float64 arrays
        Probability that prediction and genetic component covary positively, negatively, or not; sum 1, NaN where r
        is undefined.
    direction : int8 array
        1 right, -1 wrong: what is likelier than everything else together; 0 where nothing is.
    certainty : float64 array
        Probability of ``direction``; NaN where that is 0.
    prior : DirectionPrior
    """

    p_right: Float64Array
    p_wrong: Float64Array
    p_none: Float64Array
    direction: NDArray[np.int8]
    certainty: Float64Array
    prior: DirectionPrior


@dataclass(frozen=True, slots=True, repr=False)
class Calibration(Arrays):
    """Do statements hold as often as they say? One entry per bin of probabilities, ``low <= p < high``.

    ``n`` statements of which ``n_right`` held; ``stated`` is their mean probability, ``share`` what held, with its
    Clopper-Pearson interval from ``share_low`` to ``share_high``. NaN in bins without statements.
    """

    low: Float64Array
    high: Float64Array
    n: NDArray[np.int64]
    n_right: NDArray[np.int64]
    stated: Float64Array
    share: Float64Array
    share_low: Float64Array
    share_high: Float64Array


def direction_certificate(
    r: ArrayLike,
    n: ArrayLike,
    *,
    n_covariates: ArrayLike = 0,
    prior: DirectionPrior | None = None,
    prior_genes: float = 10.0,
) -> DirectionCertificate:
    """Return how probable it is that a model's direction is right in each gene.

    Right: prediction and cis-genetic component of expression covary positively across people drawn from the population
    of the cohort. Both carry their linkage with them, so that a variant need not be causal to be right, nor causal
    variants be known.

    Parameters
    ----------
    r : array-like of float, shape (G,) or (G, K)
        Correlation of prediction and expression across people; with K columns, in each of K phasings that were drawn,
        and probabilities are means over those that are defined. NaN where undefined.
    n : array-like of int, shape () or (G,)
        People behind r.
    n_covariates : array-like of int, shape () or (G,), default 0
        Covariates that were regressed out of both sides, taken off the degrees of freedom.
    prior : DirectionPrior, optional
        Of another cohort. By default it is fitted to the genes: give all of a model, not those that were chosen by r.
    prior_genes : float, default 10
        How many genes the default prior counts in the fit: of few genes it decides, of many they do. ``inf``: no fit.

    Returns
    -------
    DirectionCertificate

    Raises
    ------
    InputError
        If shapes do not agree, r lies outside -1 to 1, or shares of the prior are no shares.

    Notes
    -----
    Likelihood of a slope: Student's t around it with n - 2 - n_covariates degrees of freedom. Prior: no slope, or
    uniform in intervals that double in width, the first of two standard errors of the middle gene; the shares of the
    two sides are free of each other and fitted by EM (empirical Bayes: Stephens 2017, Biostatistics 18, 275, here
    without the assumption that small slopes are the most frequent). The default prior has no slope in half of the
    genes, and the other intervals alike. A gene without a genetic component is never right: ``1 - p_right`` is the
    local false sign rate of "right".

    Examples
    --------
    >>> import gxfast as gx
    >>> found = gx.stats.direction_certificate([0.4, -0.3, 0.02], 200)
    >>> found.direction.tolist(), found.certainty.round(2).tolist()
    ([1, -1, 0], [1.0, 1.0, nan])
    """
    values, freedom = _checked(r, n, n_covariates)
    if not prior_genes > 0:
        raise InputError(f"prior_genes must be above 0, found {prior_genes!r}")
    gene, draw = np.nonzero(~np.isnan(values) & (freedom[:, np.newaxis] >= 1))
    weight = 1.0 / np.bincount(gene, minlength=len(values))[gene]
    start = _default_prior(freedom[np.unique(gene)]) if prior is None else _checked_prior(prior)
    density = _densities(values[gene, draw], freedom[gene].astype(np.float64), start.edge)
    if prior is None and gene.size and np.isfinite(prior_genes):
        start = _fitted(density, weight, start, prior_genes)
    posterior = _posterior(density, _shares(start))
    return _certificate(posterior, weight, gene, np.shape(values)[:1] if np.ndim(r) else (), start)


def correlation_from_effects(
    effects: ArrayLike, covariance: ArrayLike, slope: ArrayLike, slope_se: ArrayLike, n: int, *, n_covariates: int = 0
) -> float:
    """Return the correlation of a model's additive prediction with expression, from eQTLs and linkage alone.

    For `direction_certificate`, where people's expression is not at hand: the prediction of a person is the sum of
    effect times dosage.

    Parameters
    ----------
    effects : array-like of float, shape (V,)
        Of the model, per alternate allele.
    covariance : array-like of float, shape (V, V)
        Of the dosages: that of the people of the eQTLs, without the covariates, gives exactly their correlation; that
        of others of the same population an estimate.
    slope, slope_se : array-like of float, shape (V,)
        Marginal eQTL effects per alternate allele and their standard errors, from one regression per SNV. A NaN is
        refused unless the effect there is 0.
    n : int
        People of the eQTLs.
    n_covariates : int, default 0

    Returns
    -------
    float
        NaN where the prediction does not vary.

    Raises
    ------
    InputError
        If shapes do not agree, people are too few, or slopes and covariance cannot be of one population.

    Notes
    -----
    ``sum(effect * slope * variance) / sqrt(effect' C effect * var(y))``: the statistic of transcriptome-wide
    association with summary data (Gusev et al. 2016, Nature Genetics 48, 245). ``var(y)`` is what each regression
    splits into explained and residual: ``variance * (slope^2 + (n - 2 - n_covariates) * slope_se^2)``, median over
    SNVs.
    """
    a = numbers(effects, "effects", ("V",), finite=True)
    c = numbers(covariance, "covariance", (a.size, a.size), finite=True)
    b, se = (finite_or_nan(values, name, a.shape) for values, name in ((slope, "slope"), (slope_se, "slope_se")))
    freedom = whole_number(n, "n", 0) - 2 - whole_number(n_covariates, "n_covariates", 0)
    if freedom < 1:
        raise InputError(f"eQTLs of {n} people with {n_covariates} covariates have no degree of freedom left")
    variance = np.diag(c)
    if (variance < 0).any() or not np.allclose(c, c.T, rtol=1e-6, atol=1e-9 * float(np.abs(c).max(initial=0.0))):
        raise InputError("covariance is no covariance: it is symmetric, and no variance is negative")
    if np.isnan((b + se)[a != 0]).any() or (se < 0).any():
        raise InputError("slope and slope_se are needed where an effect is not 0, and no error is negative")
    there = (a != 0) & (variance > 0)
    predicted = float(np.einsum("i,ij,j->", a, c, a))
    if not there.any() or predicted <= 1e-12 * float(np.sum(a * a * variance)):
        return float("nan")
    observed = float(np.median(variance[there] * (b[there] ** 2 + freedom * se[there] ** 2)))
    r = float(np.sum((a * b * variance)[there])) / float(np.sqrt(predicted * observed)) if observed > 0 else np.nan
    if abs(r) > 1 + 1e-9:
        raise InputError(
            f"slope, slope_se and covariance give a correlation of {r:.3g}: they are not of one population",
            remedy="take the linkage of the people of the eQTLs, and the same alleles",
        )
    return float(np.clip(r, -1.0, 1.0))


def calibration(probability: ArrayLike, right: ArrayLike, *, bins: int | ArrayLike = 10) -> Calibration:
    """Compare how often statements hold with how often they say that they do.

    Parameters
    ----------
    probability : array-like of float, shape (N,)
        Of each statement; those with NaN are left out.
    right : array-like of bool, shape (N,)
        Whether it holds.
    bins : int or array-like of float, default 10
        So many bins of equal width from 0 to 1, or their edges, which increase. The last bin has its upper end.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If shapes differ, a probability lies outside 0 to 1, or edges do not increase.

    Notes
    -----
    Clopper and Pearson (1934), Biometrika 26, 404; 95 %.
    """
    p = finite_or_nan(probability, "probability", ("N",))
    holds = truths(right, "right", p.shape)
    if ((p < 0) | (p > 1)).any():
        raise InputError("a probability lies between 0 and 1")
    if np.ndim(bins):
        edges = numbers(bins, "bins", ("B",), finite=True)
    else:
        edges = np.linspace(0.0, 1.0, whole_number(bins, "bins", 1, 10_000) + 1)
    if edges.size < 2 or (np.diff(edges) <= 0).any():
        raise InputError("bins need two edges or more, that increase")
    rows = [_bin(p, holds, low, high, high == edges[-1]) for low, high in itertools.pairwise(edges.tolist())]
    low, high, n, n_right, stated, share, share_low, share_high = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Calibration(low, high, n, n_right, stated, share, share_low, share_high)


def _bin(p: Float64Array, right: NDArray[np.bool_], low: float, high: float, last: bool) -> tuple[Any, ...]:
    from scipy.stats import binomtest

    inside = (p >= low) & ((p <= high) if last else (p < high))
    n, held = int(inside.sum()), int(right[inside].sum())
    if not n:
        return low, high, 0, 0, *[math.nan] * 4
    interval = binomtest(held, n).proportion_ci(0.95, method="exact")
    return low, high, n, held, float(p[inside].mean()), held / n, float(interval.low), float(interval.high)


def _certificate(
    posterior: Float64Array,
    weight: Float64Array,
    gene: NDArray[np.int64],
    shape: tuple[int, ...],
    prior: DirectionPrior,
) -> DirectionCertificate:
    size, k = int(np.prod(shape)), len(prior.edge)
    sides = [posterior[:, 1 : 1 + k].sum(axis=1), posterior[:, 1 + k :].sum(axis=1), posterior[:, 0]]
    there = np.bincount(gene, minlength=size) > 0
    right, wrong, none = (
        np.where(there, np.minimum(np.bincount(gene, side * weight, size), 1.0), np.nan) for side in sides
    )
    likelier = np.fmax(right, wrong)
    said = there & (np.nan_to_num(likelier) > 0.5)
    direction = np.where(said, np.where(np.nan_to_num(right) > np.nan_to_num(wrong), 1, -1), 0).astype(np.int8)
    certainty = np.where(said, likelier, np.nan)
    right, wrong, none = (values.reshape(shape) for values in (right, wrong, none))
    return DirectionCertificate(right, wrong, none, direction.reshape(shape), certainty.reshape(shape), prior)


def _densities(r: Float64Array, freedom: Float64Array, edge: Float64Array) -> Float64Array:
    """Density of t in each part of the prior: none, right, wrong; shape (M, 1 + 2 K)."""
    from scipy.special import gammaln, stdtr

    with np.errstate(divide="ignore"):
        t = np.sqrt(freedom) * np.clip(r / np.sqrt(1 - r * r), -edge[-1], edge[-1])
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(np.pi * freedom)
    none = np.exp(constant - (freedom + 1) / 2 * np.log1p(t * t / freedom))
    df = freedom[:, np.newaxis]
    ends = np.sqrt(df) * np.concatenate([[0.0], edge])
    sides = []
    for side in (t[:, np.newaxis], -t[:, np.newaxis]):
        # P(side - upper < T < side - lower), from the tail in which nothing cancels
        below, above = -np.diff(stdtr(df, side - ends), axis=1), np.diff(stdtr(df, ends - side), axis=1)
        sides.append(np.where(side > ends[:, 1:], above, below) / np.diff(ends, axis=1))
    return np.concatenate([none[:, np.newaxis], *sides], axis=1)


def _default_prior(freedom: NDArray[np.int64]) -> DirectionPrior:
    first = _FIRST / math.sqrt(max(float(np.median(freedom)), 1.0)) if freedom.size else 1.0
    edge = np.ldexp(first, np.arange(1 + max(0, math.ceil(math.log2(_LAST / first)))))
    side = np.full(edge.size, (1 - _NONE) / (2 * edge.size))
    return DirectionPrior(edge, side, side.copy(), _NONE)


def _shares(prior: DirectionPrior) -> Float64Array:
    return np.concatenate([[prior.none], prior.right, prior.wrong])


def _posterior(density: Float64Array, shares: Float64Array) -> Float64Array:
    joint = density * shares
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _fitted(density: Float64Array, weight: Float64Array, start: DirectionPrior, genes: float) -> DirectionPrior:
    """Shares of largest posterior density (EM), where the default prior counts as so many genes."""
    # a fixed order of rows: sums do not depend on that of the genes
    order = np.lexsort([weight, *density.T])
    density, weight = density[order], weight[order]
    shares = _shares(start)
    pseudo = genes * shares
    for _ in range(_ROUNDS):
        counts = np.einsum("m,mk->k", weight, _posterior(density, shares)) + pseudo
        new = counts / counts.sum()
        change, shares = float(np.abs(new - shares).max()), new
        if change < _SETTLED:
            break
    k = start.edge.size
    return DirectionPrior(start.edge, shares[1 : 1 + k], shares[1 + k :], float(shares[0]), round(float(weight.sum())))


def _checked(r: ArrayLike, n: ArrayLike, n_covariates: ArrayLike) -> tuple[Float64Array, NDArray[np.int64]]:
    values = finite_or_nan(r, "r")
    if values.ndim > 2:
        raise InputError(f"r must have shape (G,) or (G, K), found {values.shape}")
    if (np.abs(values) > 1).any():
        raise InputError(f"a correlation lies between -1 and 1, found {values[np.abs(values) > 1][0]:g}")
    shape = values.shape[:1]
    people, used = whole_numbers(n, "n"), whole_numbers(n_covariates, "n_covariates")
    for name, one in (("n", people), ("n_covariates", used)):
        if one.shape not in ((), shape) or (one < 0).any():
            raise InputError(f"{name} must be a whole number >= 0, or one per gene, found shape {one.shape}")
    freedom = np.broadcast_to(people - 2 - used, shape).reshape(int(np.prod(shape)))
    return values.reshape(freedom.size, values.shape[1] if values.ndim == 2 else 1), freedom


def _checked_prior(prior: DirectionPrior) -> DirectionPrior:
    edge = numbers(prior.edge, "prior: edge", ("K",), finite=True)
    right = numbers(prior.right, "prior: right", edge.shape, finite=True)
    wrong = numbers(prior.wrong, "prior: wrong", edge.shape, finite=True)
    found = DirectionPrior(edge, right, wrong, float(prior.none), prior.n_genes)
    shares = _shares(found)
    grows = edge.size and edge[0] > 0 and (np.diff(edge) > 0).all()
    if not (grows and (shares >= 0).all() and abs(float(shares.sum()) - 1) < 1e-9 and right[-1] + wrong[-1] > 0):
        raise InputError(
            "the edges of a prior increase from above 0, its shares are not negative and sum to 1, and the last "
            "interval has a share"
        )
    return found
