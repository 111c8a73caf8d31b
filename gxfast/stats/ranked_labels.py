"""Labels in the order of scores: one sort, from which areas under curves, their errors and their bootstraps come."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["RankedLabels", "resampled_groups"]

Float64Array = NDArray[np.float64]
_AT_ONCE: Final = 2_000_000  # draws that are in memory at a time


class RankedLabels:
    """Positives and negatives counted per distinct score, the highest score first.

    Nothing depends on the order in which rows are given.

    Parameters
    ----------
    scores : float64 array, shape (V,)
        Finite.
    positive : bool array, shape (V,)

    Attributes
    ----------
    tp, fp : float64 arrays, shape (G,)
        Positives and negatives with each of G distinct scores.
    n_positive, n_negative : int
    """

    def __init__(self, scores: Float64Array, positive: NDArray[np.bool_]) -> None:
        order = np.argsort(scores)
        ranked = scores[order]
        ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)[: ranked.size]
        below = np.cumsum(positive[order], dtype=np.int64)[ends]
        tp = np.diff(below, prepend=0)
        self.tp = tp[::-1].astype(np.float64)
        self.fp = (np.diff(ends, prepend=-1) - tp)[::-1].astype(np.float64)
        self.n_positive = int(below[-1]) if below.size else 0
        self.n_negative = scores.size - self.n_positive

    def __repr__(self) -> str:
        return f"RankedLabels({self.n_positive} positives, {self.n_negative} negatives, {self.tp.size} scores)"

    @property
    def is_defined(self) -> bool:
        """Whether there are both positives and negatives."""
        return min(self.n_positive, self.n_negative) > 0

    def auroc(self) -> float:
        """Return the area under the ROC curve: the share of pairs in which the positive is higher, ties a half."""
        return float(_auroc(self.tp, self.fp)) if self.is_defined else math.nan

    def average_precision(self) -> float:
        """Return the mean precision at the positives, ties together, as scikit-learn."""
        return float(_average_precision(self.tp, self.fp)) if self.is_defined else math.nan

    def auroc_se(self) -> float:
        """Return the standard error of DeLong et al. (1988), Biometrics 44, 837; NaN below two of a class."""
        n, m = self.n_positive, self.n_negative
        if min(n, m) < 2:
            return math.nan
        area = self.auroc()
        of_positives = (m - np.cumsum(self.fp) + self.fp / 2) / m
        of_negatives = (np.cumsum(self.tp) - self.tp / 2) / n
        variance = np.sum(self.tp * (of_positives - area) ** 2) / (n - 1) / n
        variance += np.sum(self.fp * (of_negatives - area) ** 2) / (m - 1) / m
        return float(np.sqrt(variance))

    def average_precision_se(self) -> float:
        """Return the standard error by the infinitesimal jackknife within classes: the limit of the bootstrap.

        What a positive, or a negative, more of a score would do to the average precision, by its derivative (Efron
        1982, The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6). NaN below two of a class.
        """
        n, m = self.n_positive, self.n_negative
        if min(n, m) < 2:
            return math.nan
        above, false = np.cumsum(self.tp), np.cumsum(self.fp)
        share, all_above = self.tp / n, above + false
        more_true = share * n * false / all_above**2
        more_false = -share * m * above / all_above**2
        of_positives = above / all_above + _from_here(more_true)
        of_negatives = _from_here(more_false)
        variance = _variance(of_positives, self.tp, n) / n + _variance(of_negatives, self.fp, m) / m
        return float(np.sqrt(variance))

    def bootstrap(self, n_bootstraps: int, seed: int) -> tuple[Float64Array, Float64Array]:
        """Draw positives among positives and negatives among negatives, with replacement.

        A sample is how often each score was drawn: nothing is sorted again.

        Returns
        -------
        auroc, average_precision : float64 arrays, shape (n_bootstraps,)
        """
        found = np.full((2, n_bootstraps), math.nan)
        if self.is_defined:
            for rows, tp, fp in resampled_groups(self.tp, self.fp, n_bootstraps, seed):
                found[0, rows], found[1, rows] = _auroc(tp, fp), _average_precision(tp, fp)
        return found[0], found[1]


def resampled_groups(tp: Float64Array, fp: Float64Array, n_bootstraps: int, seed: int) -> Any:
    """Yield, some samples at a time, how often positives and negatives of each group were drawn.

    Parameters
    ----------
    tp, fp : float64 arrays, shape (G,)
        Positives and negatives of each group.
    n_bootstraps, seed : int
        The draws are the same for the same seed, however many are made at a time.

    Yields
    ------
    rows : slice
        Of the samples.
    tp, fp : float64 arrays, shape (samples, G)
    """
    streams = [np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, k]))) for k in range(2)]
    members = [np.repeat(np.arange(one.size), one.astype(np.int64)) for one in (tp, fp)]
    step = max(1, _AT_ONCE // max(1, members[0].size + members[1].size))
    for first in range(0, n_bootstraps, step):
        rows = slice(first, min(n_bootstraps, first + step))
        n = rows.stop - rows.start
        drawn = [_drawn(stream, groups, tp.size, n) for stream, groups in zip(streams, members, strict=True)]
        yield rows, drawn[0], drawn[1]


def _drawn(stream: np.random.Generator, groups: NDArray[np.int64], n_groups: int, n: int) -> Float64Array:
    picked = groups[stream.integers(0, groups.size, (n, groups.size))] if groups.size else np.empty((n, 0), np.int64)
    picked += n_groups * np.arange(n)[:, np.newaxis]
    return np.bincount(picked.reshape(-1), minlength=n * n_groups).reshape(n, n_groups).astype(np.float64)


def _auroc(tp: Float64Array, fp: Float64Array) -> Any:
    above = np.cumsum(tp, axis=-1) - tp / 2
    return np.sum(fp * above, axis=-1) / (tp.sum(axis=-1) * fp.sum(axis=-1))


def _average_precision(tp: Float64Array, fp: Float64Array) -> Any:
    """Average precision of counts (..., G); NaN where no positive is."""
    above = np.cumsum(tp, axis=-1)
    precision = above / np.maximum(above + np.cumsum(fp, axis=-1), 1)
    with np.errstate(invalid="ignore"):
        return np.sum(tp * precision, axis=-1) / tp.sum(axis=-1)


def _from_here(values: Float64Array) -> Float64Array:
    return np.cumsum(values[::-1])[::-1]


def _variance(values: Float64Array, counts: Float64Array, n: int) -> float:
    mean = np.sum(counts * values) / n
    return float(np.sum(counts * (values - mean) ** 2) / n)
