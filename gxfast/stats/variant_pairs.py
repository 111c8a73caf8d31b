"""Variants against others: matched pairs, two models on the same variants, scores among those of null variants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, texts, whole_number
from .estimate import CONFIDENCE, Estimate, checked_confidence, factored, labels_of, spread, undefined, z_of

__all__ = ["MIN_PAIRS", "DirectionOdds", "direction_odds", "macro_mean", "null_percentile", "pairwise_accuracy"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
MIN_PAIRS: Final = 30


def pairwise_accuracy(
    scores: ArrayLike, labels: ArrayLike, sets: ArrayLike, *, confidence: float = CONFIDENCE
) -> Estimate:
    """Return the share of matched pairs in which the positive scores higher; ties count a half.

    Parameters
    ----------
    scores : array-like of float, shape (V,)
    labels : array-like of bool, or of 0, 1 and NaN, shape (V,)
    sets : array-like of str, shape (V,)
        Name of the matched set; a set's pairs are each of its positives with each of its negatives. Empty: none.
    confidence : float, default 0.95

    Returns
    -------
    Estimate
        ``n`` counts pairs. Wald's error ``sqrt(p (1 - p) / n)`` where every set has one pair; else that of sets as
        clusters, since the pairs of a set share its positive: no interval of one set.

    Raises
    ------
    InputError
    """
    score = finite_or_nan(scores, "scores", ("V",))
    label = labels_of(labels, "labels", score.shape)
    named = texts(sets, "sets", score.shape)
    checked_confidence(confidence)
    known = np.flatnonzero(~(np.isnan(score) | np.isnan(label)) & (named != ""))
    _, code = factored(named[known])
    won, n_pairs = _won(score[known], label[known] == 1, code)
    used, n = n_pairs[code] > 0, int(n_pairs.sum())
    counts = n, int((label[known][used] == 1).sum()), int(score.size - used.sum())
    if not n:
        return undefined(*counts, "no pair of a positive and a negative")
    share = float(won.sum() / n)
    if n_pairs.max() == 1:
        return spread(share, math.sqrt(share * (1 - share) / n), confidence, counts, "Wald")
    if np.count_nonzero(n_pairs) == 1:
        return spread(share, math.nan, confidence, counts, "no interval of one set")
    excess = won - share * n_pairs
    return spread(share, float(np.sqrt(np.sum(excess**2)) / n), confidence, counts, "Wald, sets as clusters")


def _won(score: Float64Array, positive: NDArray[np.bool_], code: Int64Array) -> tuple[Float64Array, Int64Array]:
    """Pairs of each set that the positive wins, half of the equal ones too, and all of its pairs; none is listed."""
    order = np.lexsort((score, code))
    score, positive, code = score[order], positive[order], code[order]
    below = np.concatenate([[0], np.cumsum(~positive)])  # negatives before each row
    sets = np.searchsorted(code, np.arange(int(code.max(initial=-1)) + 2))
    edges = np.flatnonzero(np.diff(code, prepend=-1, append=-1) | (np.diff(score, prepend=0, append=0) != 0))
    which = np.searchsorted(edges, np.flatnonzero(positive), side="right")
    mine = code[positive]
    twice = below[edges[which - 1]] + below[edges[which]] - 2 * below[sets[mine]]
    won: Float64Array = np.bincount(mine, twice / 2, sets.size - 1).astype(np.float64)
    return won, np.bincount(mine, minlength=sets.size - 1) * np.diff(below[sets])


def macro_mean(
    estimates: Sequence[Estimate], *, min_pairs: int = MIN_PAIRS, confidence: float = CONFIDENCE
) -> Estimate:
    """Average pairwise accuracy over subsets, all alike; those with fewer than ``min_pairs`` pairs are left out.

    Parameters
    ----------
    estimates : sequence of Estimate
        One per subset.
    min_pairs : int, default 30
    confidence : float, default 0.95

    Returns
    -------
    Estimate
        ``se`` as of independent subsets.
    """
    min_pairs = whole_number(min_pairs, "min_pairs", 1)
    kept = [one for one in estimates if one.n >= min_pairs]
    n = sum(one.n for one in kept)
    counts = n, sum(one.n_positive for one in kept), sum(one.n for one in estimates) - n
    if not kept:
        return undefined(*counts, f"no subset of {min_pairs} pairs")
    value = float(np.mean([one.value for one in kept]))
    se = math.sqrt(sum(one.se**2 for one in kept)) / len(kept)
    method = f"unweighted mean of {len(kept)} of {len(estimates)} subsets, those of {min_pairs} pairs and more"
    return spread(value, se, checked_confidence(confidence), counts, method)


@dataclass(frozen=True, slots=True, repr=False)
class DirectionOdds(Brief):
    """Odds of the right direction, model A against model B, on the same variants.

    Attributes
    ----------
    n : int
        Variants where both scores and the effect have a sign.
    both, only_a, only_b, neither : int
        Of them, those whose direction is right.
    paired, paired_low, paired_high, p : float
        McNemar's conditional odds ratio ``only_a / only_b``, its exact interval and exact two-sided p; infinite where
        ``only_b`` is 0, NaN where no variant tells the models apart.
    unpaired, unpaired_low, unpaired_high : float
        Odds of A over odds of B, as published ratios are, as if they were of different variants; interval by Woolf's
        logarithm. NaN where a model is right, or wrong, at none.
    n_dropped : int
    """

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    paired: float
    paired_low: float
    paired_high: float
    p: float
    unpaired: float
    unpaired_low: float
    unpaired_high: float
    n_dropped: int


def direction_odds(a: ArrayLike, b: ArrayLike, effects: ArrayLike, *, confidence: float = CONFIDENCE) -> DirectionOdds:
    """Compare how often two models have the sign of the effect.

    Parameters
    ----------
    a, b, effects : array-like of float, shape (V,)
        Rows where one is NaN or 0 are left out.
    confidence : float, default 0.95

    Returns
    -------
    DirectionOdds

    Raises
    ------
    InputError

    Notes
    -----
    McNemar (1947), Psychometrika 12, 153; Woolf (1955), Annals of Human Genetics 19, 251.
    """
    first = finite_or_nan(a, "a", ("V",))
    second, effect = finite_or_nan(b, "b", first.shape), finite_or_nan(effects, "effects", first.shape)
    checked_confidence(confidence)
    signs = np.sign(np.stack([first, second, effect]))
    one, other, truth = signs[:, np.isfinite(signs).all(axis=0) & (signs != 0).all(axis=0)]
    right, also = one == truth, other == truth
    both, only_a, only_b, neither = (
        int(np.sum(mask)) for mask in (right & also, right & ~also, ~right & also, ~right & ~also)
    )
    paired = _conditional(only_a, only_b, confidence)
    unpaired = _woolf(both + only_a, only_b + neither, both + only_b, only_a + neither, confidence)
    return DirectionOdds(one.size, both, only_a, only_b, neither, *paired, *unpaired, first.size - one.size)


def _conditional(b: int, c: int, confidence: float) -> tuple[float, float, float, float]:
    from scipy.stats import binomtest

    if b + c == 0:
        return math.nan, math.nan, math.nan, math.nan
    test = binomtest(b, b + c)
    interval = test.proportion_ci(confidence, method="exact")
    odds = [share / (1 - share) if share < 1 else math.inf for share in (interval.low, interval.high)]
    return b / c if c else math.inf, float(odds[0]), float(odds[1]), float(test.pvalue)


def _woolf(right: int, wrong: int, also: int, also_wrong: int, confidence: float) -> tuple[float, float, float]:
    if not min(right, wrong, also, also_wrong):
        return math.nan, math.nan, math.nan
    ratio = right * also_wrong / (wrong * also)
    half = z_of(confidence) * math.sqrt(1 / right + 1 / wrong + 1 / also + 1 / also_wrong)
    return ratio, ratio * math.exp(-half), ratio * math.exp(half)


def null_percentile(
    scores: ArrayLike, null: ArrayLike, *, strata: ArrayLike | None = None, null_strata: ArrayLike | None = None
) -> Float64Array:
    """Rank scores among those of null SNVs, in strata where they are given.

    Parameters
    ----------
    scores : array-like of float, shape (V,)
    null : array-like of float, shape (N,)
        NaN is left out.
    strata, null_strata : array-like of str, shapes (V,) and (N,), optional
        A score is ranked among the null scores of its stratum. Both or none.

    Returns
    -------
    float64 array, shape (V,)
        (smaller + half of the equal ones + 1/2) / (n + 1), never 0 nor 1, as ``quantile`` of ``gxfast ism variants``;
        NaN where the score is, or its stratum has no null score.

    Raises
    ------
    InputError
    """
    score, other = finite_or_nan(scores, "scores", ("V",)), finite_or_nan(null, "null", ("N",))
    if (strata is None) != (null_strata is None):
        raise InputError("strata of scores and of null scores belong together, found one of them")
    mine, theirs = np.zeros(score.shape, np.str_), np.zeros(other.shape, np.str_)
    if strata is not None:
        mine, theirs = texts(strata, "strata", score.shape), texts(null_strata, "null_strata", other.shape)
    found = np.full(score.shape, math.nan)
    for stratum in sorted(set(mine.tolist())):
        rows = (mine == stratum) & ~np.isnan(score)
        ranked = np.sort(other[(theirs == stratum) & ~np.isnan(other)])
        if ranked.size:
            below, up_to = (np.searchsorted(ranked, score[rows], side=side) for side in ("left", "right"))
            found[rows] = (below + up_to + 1) / (2 * (ranked.size + 1))
    return found
