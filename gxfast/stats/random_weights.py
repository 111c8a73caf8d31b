"""Gene-specific null: correlations of scores that weigh a gene's variants at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_number

__all__ = ["RandomNull", "random_null"]

Float64Array = NDArray[np.float64]
# draws that are held at once: 64 x 839 people in float32 are 0.2 MB
BLOCK = 64


@dataclass(frozen=True, slots=True, repr=False)
class RandomNull(Brief):
    """Mean and population standard deviation of abs(r) over the draws, and ``r`` of each draw.

    ``n_undefined`` counts draws whose score was the same for everybody; their ``r`` is NaN.
    """

    mean: float
    sd: float
    r: Float64Array
    n_undefined: int

    def exceedance_p(self, r: float) -> float:
        """Empirical p of abs(r): (draws at least as large + 1) / (draws + 1); NaN where undefined."""
        drawn = np.abs(self.r[np.isfinite(self.r)])
        if not np.isfinite(r) or not len(drawn):
            return float("nan")
        return float((np.count_nonzero(drawn >= abs(r)) + 1) / (len(drawn) + 1))


def random_null(
    dosages: ArrayLike,
    observed: ArrayLike,
    *,
    n_draws: int = 50,
    seed: int = 1,
    positive: bool = False,
    as_published: bool = False,
) -> RandomNull:
    """Correlate a gene's expression with scores that weigh its variants by normal numbers.

    Parameters
    ----------
    dosages : array-like of int8, shape (V, S)
        Copies of the alternate allele, 0, 1 or 2; variants by people.
    observed : array-like of float, shape (S,)
        Expression of the gene; no NaN.
    n_draws : int, default 50
    seed : int, default 1
    positive : bool, default False
        Use the absolute values of the weights.
    as_published : bool, default False
        Round as Sasse et al. (2023): r to 4 decimals, an undefined r is 0, the mean to 3 decimals and the
        standard deviation to 5. The weights are ours, so that a single null differs from theirs by chance.

    Returns
    -------
    RandomNull
        NaN where no draw has a correlation: no variant differs between people, or constant expression.

    Raises
    ------
    InputError
        If the shapes do not fit, a dosage lies outside 0 to 2, expression is not finite or
        ``n_draws`` < 2.
    """
    genotypes, y = _checked(dosages, observed, n_draws)
    near = _near_zero(genotypes).astype(np.float32)
    target = y - y.mean()
    generator = np.random.default_rng(seed)
    r = np.full(n_draws, np.nan)
    if y.min() < y.max():
        for start in range(0, n_draws, BLOCK):
            draws = r[start : start + BLOCK]
            weights = generator.standard_normal((len(draws), len(near)), dtype=np.float32)
            draws[:] = _correlations(np.abs(weights) if positive else weights, near, target)
    return _summary(r, as_published)


def _near_zero(genotypes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Take off each variant the whole number next to its mean over some 32 people.

    Correlations do not see it, and products in float32 lose no digits to what everybody has. The numbers stay
    exact, and a variant that is the same for everybody is exactly 0.
    """
    some = genotypes[:, :: max(1, genotypes.shape[1] // 32)].astype(np.float32)
    mean = some @ np.full((some.shape[1], 1), 1 / some.shape[1], np.float32)
    return np.asarray(genotypes - np.rint(mean).astype(np.int8))


def _correlations(weights: NDArray[np.float32], near: NDArray[np.float32], target: Float64Array) -> Float64Array:
    scores = (weights @ near).astype(np.float64)
    scores -= (scores @ np.full(len(target), 1 / len(target)))[:, None]
    size = np.sqrt(np.einsum("ij,ij->i", scores, scores) * (target @ target))
    # variants that cancel leave only the rounding of float32
    floor = 1e-6 * np.sqrt(scores.shape[1]) * np.sqrt(target @ target)
    found = np.full(len(scores), np.nan)
    np.divide(scores @ target, size, out=found, where=size > floor)
    return np.asarray(np.clip(found, -1.0, 1.0))


def _summary(r: Float64Array, as_published: bool) -> RandomNull:
    undefined = int(np.isnan(r).sum())
    if as_published:
        drawn = np.abs(np.nan_to_num(np.round(r, 4)))
        return RandomNull(float(np.round(drawn.mean(), 3)), float(np.round(drawn.std(), 5)), r, undefined)
    drawn = np.abs(r[~np.isnan(r)])
    if not len(drawn):
        return RandomNull(float("nan"), float("nan"), r, undefined)
    return RandomNull(float(drawn.mean()), float(drawn.std()), r, undefined)


def _checked(dosages: ArrayLike, observed: ArrayLike, n_draws: int) -> tuple[NDArray[np.int8], Float64Array]:
    x = array_of(dosages, "dosages", ("V", "S"), "iu")
    y = numbers(observed, "observed", x.shape[1:], finite=True)
    if len(y) < 3:
        raise InputError(f"dosages and observed must be of at least 3 people, found {len(y)}")
    if x.size and (x.min() < 0 or x.max() > 2):
        raise InputError("dosages must be 0, 1 or 2", remedy="leave out variants with missing genotypes")
    whole_number(n_draws, "n_draws", 2)
    return x.astype(np.int8, copy=False), y
