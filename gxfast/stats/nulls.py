"""Tests of a correlation against a gene-specific null distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, whole_number

__all__ = ["NullTest", "null_test"]

Float64Array = NDArray[np.float64]
Method = Literal["published", "textbook", "z"]


@dataclass(frozen=True, slots=True, repr=False)
class NullTest(Arrays):
    """Statistic ``t`` and one-sided ``p`` (is abs(r) larger than the null?); NaN where undefined."""

    t: Float64Array
    p: Float64Array


def null_test(
    r: ArrayLike,
    null_mean: ArrayLike,
    null_sd: ArrayLike,
    *,
    n_draws: int = 50,
    method: Method = "published",
) -> NullTest:
    """Test abs(r) against the mean and standard deviation of its own random scores.

    ==========  ================================  =============================================
    method      t                                 p
    ==========  ================================  =============================================
    published   (abs(r) - mean) / sqrt(sd / n)    upper tail of Student's t, n - 1; 1 where t < 0
    textbook    (abs(r) - mean) / (sd / sqrt(n))  upper tail of Student's t, n - 1
    z           (abs(r) - mean) / sd              upper tail of the normal distribution
    ==========  ================================  =============================================

    ``published`` is what Sasse et al. (2023) computed; it puts the standard deviation where the variance
    belongs, and is kept so that their numbers can be had. ``published`` and ``textbook`` ask whether
    abs(r) differs from the *mean* of the null, ``z`` whether it lies outside the null.

    Parameters
    ----------
    r, null_mean, null_sd : array-like of float, shapes that broadcast
        Correlation across people; mean and standard deviation of the absolute correlation of the draws.
    n_draws : int, default 50
        Draws of the null, n above.
    method : {"published", "textbook", "z"}

    Returns
    -------
    NullTest
        NaN where an input is NaN or where mean and abs(r) agree and ``null_sd`` is 0.

    Raises
    ------
    InputError
        If ``n_draws`` < 2, a standard deviation is negative, or the shapes or the method do not fit.
    """
    from scipy import special

    n_draws = whole_number(n_draws, "n_draws", 2)
    try:
        size, mean, sd = np.broadcast_arrays(
            np.abs(finite_or_nan(r, "r")), finite_or_nan(null_mean, "null_mean"), finite_or_nan(null_sd, "null_sd")
        )
    except ValueError as error:
        raise InputError(f"r, null_mean and null_sd do not fit together: {error}") from error
    if (sd < 0).any():
        raise InputError(f"null_sd must not be negative, found {float(sd[sd < 0][0])!r}")
    scales = {"published": np.sqrt(sd / n_draws), "textbook": sd / np.sqrt(n_draws), "z": sd}
    if method not in scales:
        raise InputError(f"method must be one of {', '.join(scales)}, found {method!r}")
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.asarray((size - mean) / scales[method])
    p = np.asarray(special.ndtr(-t) if method == "z" else special.stdtr(n_draws - 1, -t))
    if method == "published":
        p = np.where(t < 0, 1.0, p)
    return NullTest(t, p)
