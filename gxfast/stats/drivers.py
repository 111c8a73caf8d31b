"""Driver SNVs: which variants make the differences between people that a model predicts.

A person's prediction is approximated by the sum over SNVs of effect (in-silico mutagenesis) times dosage. Sums are
updated SNV by SNV, so that a selection costs O(V S) for V variants and S people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Arrays, Brief, plural
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, numbers

__all__ = ["DRIVER_RULES", "DriverSelection", "Rule", "SupportTest", "driver_support", "select_drivers", "support_test"]

Float64Array = NDArray[np.float64]
Rule = Literal["published", "accepted", "backward"]
DRIVER_RULES: Final = ("published", "accepted", "backward")
_ROUNDING: Final = 1e-12  # of the variance of a sum: below it nothing but rounding is left


@dataclass(frozen=True, slots=True, repr=False)
class DriverSelection(Arrays):
    """What was found for one gene, by variant in the order given.

    Attributes
    ----------
    is_driver : bool array, shape (V,)
    linear_r : float
        Pearson between the linear approximation and the predictions; NaN where one of them is constant.
    own_r, own_p : float64 arrays, shape (V,)
        Of a variant's own contribution with the predictions, and the two-sided p; NaN where it is constant.
    increase : float64 array, shape (V,)
        What the walk gained at the variant, as a share of ``linear_r``.
    drop : float64 array, shape (V,)
        What ``linear_r`` loses without the variant, as a share of it.
    main : int or None
        The driver with the largest increase.
    """

    is_driver: NDArray[np.bool_]
    linear_r: float
    own_r: Float64Array
    own_p: Float64Array
    increase: Float64Array
    drop: Float64Array
    main: int | None

    def _facts(self) -> str:
        return f"{int(self.is_driver.sum())} of {plural(self.is_driver.size, 'variant')}, linear_r={self.linear_r:.4g}"


@dataclass(frozen=True, slots=True, repr=False)
class SupportTest(Brief):
    """Fractions of supported drivers in genes of positive and of negative correlation, and their difference.

    ``p`` is that of the two-sided Mann-Whitney test; NaN where a group is empty.
    """

    n_positive: int
    n_negative: int
    mean_positive: float
    mean_negative: float
    median_positive: float
    median_negative: float
    p: float


def select_drivers(
    dosages: ArrayLike, effects: ArrayLike, predictions: ArrayLike, *, rule: Rule = "published", gain: float = 0.05,
    alpha: float = 0.01,
) -> DriverSelection:  # fmt: skip
    """Select the driver SNVs of a gene.

    Variants are walked by decreasing absolute effect (equal ones in the order given). The score of a sum of
    contributions is its Pearson correlation with the predictions, as a share of that of all of them. A variant is a
    driver if the score rises by more than ``gain`` and its own contribution correlates positively with the predictions
    at p < ``alpha`` / V.

    Parameters
    ----------
    dosages : array-like of numbers, shape (V, S)
        Complete.
    effects : array-like of float, shape (V,)
        Predicted effect of one copy of the allele that dosages count.
    predictions : array-like of float, shape (S,)
        Of the model itself.
    rule : {"published", "accepted", "backward"}
        "published": the sum goes over all variants so far (Sasse et al. 2023). "accepted": over the drivers accepted
        so far and the candidate (Rastogi et al. 2024; a gain of exactly ``gain`` counts). "backward": from the whole
        sum, the variant whose loss costs most correlation is taken out until what is left no longer correlates
        at p < ``alpha`` / V; those taken out are drivers, ``increase`` is what each loss cost.
    gain, alpha : float

    Returns
    -------
    DriverSelection

    Raises
    ------
    InputError
        If shapes do not agree, values are missing, or the rule is unknown.

    References
    ----------
    Sasse et al. (2023), Nature Genetics 55, 2060; Rastogi et al. (2024).

    Examples
    --------
    >>> import gxfast as gx
    >>> dosages = [[0, 1, 2, 1, 0, 2, 1, 1], [1, 0, 1, 0, 0, 0, 1, 0]]
    >>> chosen = gx.drivers(dosages, [0.5, 0.01], [0.01, 0.5, 1.01, 0.5, 0.0, 1.0, 0.51, 0.5])
    >>> chosen.is_driver.tolist(), chosen.main
    ([True, False], 0)
    """
    if rule not in DRIVER_RULES:
        raise InputError(f"rule must be one of {', '.join(DRIVER_RULES)}, found {rule!r}")
    x = numbers(dosages, "dosages", ("V", "S"), finite=True)
    beta = numbers(effects, "effects", x.shape[:1], finite=True)
    y = numbers(predictions, "predictions", x.shape[1:], finite=True)
    return _Walk(x, beta, y).select(rule, gain, alpha)


class _Walk:
    """Contributions around their means, and what every score is made of."""

    def __init__(self, x: Float64Array, beta: Float64Array, y: Float64Array) -> None:
        from .correlation import pearson

        self.parts = beta[:, None] * (x - x.mean(axis=1, keepdims=True))
        self.y = y - y.mean()
        self.products = np.einsum("vs,s->v", self.parts, self.y)
        self.squares = np.einsum("vs,vs->v", self.parts, self.parts)
        self.norm = float(np.sqrt(np.einsum("s,s->", self.y, self.y)))
        self.order = np.argsort(-np.abs(beta), kind="stable")
        own = pearson(beta[:, None] * x, np.broadcast_to(y, x.shape)) if len(x) else None
        self.own_r = np.empty(0) if own is None else np.asarray(own.r)
        self.own_p = np.empty(0) if own is None else np.asarray(own.p)
        self.whole = self.parts.sum(axis=0)
        self.square = float(np.einsum("s,s->", self.whole, self.whole))
        self.linear_r = self._r(float(self.products.sum()), self.square)

    def _r(self, product: float, square: float) -> float:
        """Correlation of a sum with the predictions; NaN where one of them is constant."""
        if not square > _ROUNDING * float(self.squares.sum()) or not self.norm > 0:
            return float("nan")
        return float(np.clip(product / (np.sqrt(square) * self.norm), -1.0, 1.0))

    def select(self, rule: Rule, gain: float, alpha: float) -> DriverSelection:
        n = len(self.products)
        drivers, increase = np.zeros(n, bool), np.zeros(n)
        if n and np.isfinite(self.linear_r) and self.linear_r != 0:
            level = alpha / n
            if rule == "backward":
                self._backward(level, drivers, increase)
            else:
                self._forward(rule == "accepted", gain, level, drivers, increase)
        main = int(np.argmax(np.where(drivers, increase, -np.inf))) if drivers.any() else None
        return DriverSelection(drivers, self.linear_r, self.own_r, self.own_p, increase, self._drops(), main)

    def _forward(
        self, accepted_only: bool, gain: float, level: float, drivers: NDArray[np.bool_], increase: Float64Array
    ) -> None:
        total = np.zeros_like(self.y)
        product = square = before = 0.0
        for v in self.order.tolist():
            part = self.parts[v]
            new_square = square + 2 * float(np.einsum("s,s->", total, part)) + float(self.squares[v])
            new_product = product + float(self.products[v])
            score = self._r(new_product, new_square) / self.linear_r
            score = score if np.isfinite(score) else 0.0
            increase[v] = score - before
            clear = self.own_r[v] > 0 and self.own_p[v] < level
            enough = increase[v] >= gain if accepted_only else increase[v] > gain
            drivers[v] = bool(clear and enough)
            if drivers[v] or not accepted_only:
                total += part
                product, square, before = new_product, new_square, score

    def _backward(self, level: float, drivers: NDArray[np.bool_], increase: Float64Array) -> None:
        left = np.ones(len(self.products), bool)
        shared = np.einsum("vs,s->v", self.parts, self.whole)
        product, square, score = float(self.products.sum()), self.square, self.linear_r
        while left.any() and np.isfinite(score) and score > 0 and self._p(score) < level:
            without = np.where(left, self._without(product, square, shared), np.inf)
            # what leaves nothing behind costs all there is
            v = int(np.argmin(np.where(left & ~np.isfinite(without), 0.0, without)))
            drivers[v], left[v] = True, False
            after = without[v]
            increase[v] = (score - (after if np.isfinite(after) else 0.0)) / self.linear_r
            product -= float(self.products[v])
            square += float(self.squares[v]) - 2 * float(shared[v])
            shared -= np.einsum("us,s->u", self.parts, self.parts[v])
            score = float(after)

    def _p(self, r: float) -> float:
        from .tails import correlation_p

        return float(correlation_p(np.array([min(r, 1.0)]), len(self.y) - 2)[0][0])

    def _without(self, product: float, square: float, shared: Float64Array) -> Float64Array:
        """Correlations of a sum without each of the variants; NaN where nothing is left."""
        squares = square - 2 * shared + self.squares
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (product - self.products) / (np.sqrt(squares) * self.norm)
        return np.where(squares > _ROUNDING * float(self.squares.sum()), r, np.nan)

    def _drops(self) -> Float64Array:
        shared = np.einsum("vs,s->v", self.parts, self.whole)
        without = self._without(float(self.products.sum()), self.square, shared)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.linear_r - np.nan_to_num(without)) / self.linear_r)


def driver_support(effects: ArrayLike, slopes: ArrayLike) -> NDArray[np.str_]:
    """Compare the direction of predicted effects with that of eQTLs.

    Parameters
    ----------
    effects, slopes : array-like of float, shape (D,)
        Of the same allele.

    Returns
    -------
    str array, shape (D,)
        ``supported`` (equal signs), ``unsupported`` (opposite ones), or ``neither`` (one is 0 or NaN).
    """
    effect = finite_or_nan(effects, "effects", ("D",))
    sign = np.sign(effect) * np.sign(finite_or_nan(slopes, "slopes", effect.shape))
    return np.where(sign > 0, "supported", np.where(sign < 0, "unsupported", "neither"))


def support_test(fractions: ArrayLike, r: ArrayLike) -> SupportTest:
    """Compare the fractions of supported drivers between genes predicted in the right and the wrong direction.

    Parameters
    ----------
    fractions : array-like of float, shape (G,)
        Per gene; NaN (no driver) is left out.
    r : array-like of float, shape (G,)
        Correlation of predictions with expression; genes with 0 or NaN are left out.

    Returns
    -------
    SupportTest
    """
    from scipy.stats import mannwhitneyu

    share = finite_or_nan(fractions, "fractions", ("G",))
    sign = finite_or_nan(r, "r", share.shape)
    groups: Sequence[Float64Array] = [share[np.isfinite(share) & side] for side in (sign > 0, sign < 0)]
    nan = float("nan")
    means = [float(group.mean()) if group.size else nan for group in groups]
    medians = [float(np.median(group)) if group.size else nan for group in groups]
    positive, negative = groups
    both = positive.size > 0 and negative.size > 0
    p = float(mannwhitneyu(positive.tolist(), negative.tolist(), alternative="two-sided").pvalue) if both else nan
    return SupportTest(groups[0].size, groups[1].size, means[0], means[1], medians[0], medians[1], p)
