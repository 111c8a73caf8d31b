"""A figure with its interval, what it was found on, and how: what metrics of variant scores return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, finite_or_nan

__all__ = [
    "CONFIDENCE",
    "Estimate",
    "checked_confidence",
    "factored",
    "fisher_interval",
    "labels_of",
    "spread",
    "undefined",
    "z_of",
]

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(Brief):
    """A metric of some variants.

    Attributes
    ----------
    value, low, high, se : float
        The metric, its interval and standard error; NaN where undefined.
    n : int
        Variants (pairs, of pairwise accuracy) it was found on.
    n_positive : int
        Those of them that are positives: causal, or of positive effect.
    n_dropped : int
        Rows left out: a score, label or effect is missing, or has no sign where one is needed.
    method : str
        Of the interval; or why there is no value.
    """

    value: float
    low: float
    high: float
    se: float
    n: int
    n_positive: int
    n_dropped: int
    method: str


def undefined(n: int, n_positive: int, n_dropped: int, why: str) -> Estimate:
    """Return an estimate without a value."""
    nan = math.nan
    return Estimate(nan, nan, nan, nan, n, n_positive, n_dropped, f"undefined: {why}")


def z_of(confidence: float) -> float:
    """Return the normal quantile of a two-sided interval, 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def fisher_interval(
    r: float, n: int, confidence: float = CONFIDENCE, *, ranks: bool = False
) -> tuple[float, float, float]:
    """Return the interval of a correlation of n pairs by Fisher's z (1921), and its error, that of z times 1 - r^2.

    ``ranks``: of Spearman's, with the variance (1 + r^2 / 2) / (n - 3) of Bonett and Wright (2000), Psychometrika 65,
    23. NaN below four pairs; of r = 1 and -1 the interval has no width.
    """
    if n < 4:
        return math.nan, math.nan, math.nan
    if abs(r) == 1:
        return r, r, 0.0
    se = math.sqrt((1 + r * r / 2 if ranks else 1.0) / (n - 3))
    half, z = z_of(confidence) * se, math.atanh(r)
    return math.tanh(z - half), math.tanh(z + half), (1 - r * r) * se


def checked_confidence(confidence: float) -> float:
    """Return a coverage.

    Raises
    ------
    InputError
        If it lies outside 0 to 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie between 0 and 1, found {confidence}")
    return confidence


def spread(
    value: float, se: float, confidence: float, counts: Sequence[int], method: str, bounds: tuple[float, float] = (0, 1)
) -> Estimate:
    """Return ``value`` +- z ``se``, cut at the bounds of what is measured; ``counts``: n, n_positive, n_dropped."""
    half = z_of(confidence) * se
    low, high = (min(bounds[1], max(bounds[0], value + side)) if half == half else math.nan for side in (-half, half))
    n, n_positive, n_dropped = counts
    return Estimate(value, low, high, se, n, n_positive, n_dropped, method)


def labels_of(values: ArrayLike, name: str, shape: tuple[Any, ...] = ("V",)) -> NDArray[np.float64]:
    """Return labels as 1, 0 and NaN; truth values are labels.

    Raises
    ------
    InputError
        If a value is something else.
    """
    array = array_of(values, name, shape)
    labels = array.astype(np.float64) if array.dtype.kind == "b" else finite_or_nan(values, name, shape)
    other = ~(np.isnan(labels) | (labels == 0) | (labels == 1))
    if other.any():
        raise InputError(
            f"{name} must be 0, 1 or NaN, found {labels[np.argmax(other)]:g} at [{int(np.argmax(other))}]",
            remedy="make labels of probabilities by thresholds first",
        )
    return labels


def factored(texts: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the sorted names in an array, and the place of each entry among them."""
    entries = texts.tolist()
    names = sorted(set(entries))
    place = {name: i for i, name in enumerate(names)}
    return names, np.array(list(map(place.__getitem__, entries)), np.int64)
