"""Linear predictors of expression from the genotypes of a window, on the same held-out people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import atanh, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import array_of, numbers, whole_numbers
from ._design import checked_covariates
from .correlation import pearson
from .elastic_net import elastic_net_cv
from .relatedness import Standardised
from .splits import split_people

__all__ = ["LINEAR_MODELS", "HeldOut", "cross_predict"]

Float64Array = NDArray[np.float64]

_NEAR = 1e-9
_MOST_R = 1 - 1e-15  # whose atanh is finite

LINEAR_MODELS = ("elastic_net", "lead_snp", "promoter_snp", "blup")


@dataclass(frozen=True, slots=True, repr=False)
class HeldOut(Brief):
    """Predictions of people by models that never saw them, and how good they are.

    Attributes
    ----------
    observed : float64 array, shape (S,)
        The phenotype less what covariates explain; their coefficients are those of each fold's training people.
    predictions : dict of str to float64 array, shape (S,)
        By model; NaN in a fold where the model has nothing to predict from.
    folds : int64 array, shape (S,)
    """

    observed: Float64Array
    predictions: dict[str, Float64Array]
    folds: NDArray[np.int64]

    def fold_correlation(self, model: str) -> tuple[float, float]:
        """Return the mean over folds of Pearson's r, and the one-sided p of all folds together.

        As PredictDB: a fold with a constant prediction counts as r = 0, folds are combined by Stouffer's method
        on Fisher's z. Unlike PredictDB, a fold without a defined r draws nothing at random.
        """
        from scipy import special

        rs, scores = [], []
        for fold in np.unique(self.folds):
            here = self.folds == fold
            r = float(pearson(np.nan_to_num(self.predictions[model][here]), self.observed[here]).r)
            r = 0.0 if np.isnan(r) else r
            rs.append(r)
            scores.append(atanh(max(-_MOST_R, min(_MOST_R, r))) * sqrt(max(int(here.sum()) - 3, 0)))
        together = sum(scores) / sqrt(len(scores))
        return float(np.mean(rs)), float(special.ndtr(-together))


def cross_predict(
    dosages: ArrayLike,
    y: ArrayLike,
    *,
    distance: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    folds: int | ArrayLike = 5,
    inner_folds: int = 10,
    seed: int = 0,
    stop_after: int | None = 20,
    models: Sequence[str] = LINEAR_MODELS,
) -> HeldOut:
    """Predict every person from the others by linear models of the SNPs of one window (nested cross-validation).

    Parameters
    ----------
    dosages : int8 array-like, shape (V, S)
        0, 1 or 2.
    y : array-like of float, shape (S,)
    distance : array-like of float, shape (V,), optional
        From the TSS, in bases; ``"promoter_snp"`` needs it.
    covariates : array-like of float, shape (K, S), optional
        Regressed out with the coefficients of each fold's training people.
    folds : int or int array-like, shape (S,)
        Outer folds: how many, or the fold of each person.
    inner_folds : int
        Folds in which the elastic net chooses its lambda, within the training people.
    seed : int
    stop_after : int or None
        As in `elastic_net_cv`.
    models : sequence of str
        Of `LINEAR_MODELS`: ``"elastic_net"`` (l1_ratio 0.5); ``"lead_snp"``, regression on the SNP with the
        largest abs(r) among the training people; ``"promoter_snp"``, on the SNP nearest to the TSS that varies
        in them; ``"blup"``, all SNPs with one variance.

    Returns
    -------
    HeldOut

    Raises
    ------
    InputError
        If shapes or options do not fit, or values are missing.
    """
    x = array_of(dosages, "dosages", ("V", "S"), "fiu")
    target = numbers(y, "y", x.shape[1:], finite=True)
    fits = _fits(models, distance, x.shape[0], inner_folds, seed, stop_after)
    ids = _outer(folds, target.size, seed)
    extra = checked_covariates(covariates, target.size)
    observed = np.empty(target.size)
    predictions = {name: np.full(target.size, np.nan) for name in fits}
    for fold in np.unique(ids):
        out = ids == fold
        observed_train, observed[out] = _less_covariates(target, extra, out)
        known = _Fold(x[:, ~out], observed_train, x[:, out])
        for name, fit in fits.items():
            predictions[name][out] = fit(known)
    return HeldOut(observed, predictions, ids)


class _Fold:
    """Training people and those held out of one fold; what models share is made once."""

    def __init__(self, x: NDArray[Any], y: Float64Array, new: NDArray[Any]) -> None:
        self.x, self.y, self.new = x, y, new

    @cached_property
    def standardised(self) -> Standardised:
        return Standardised(self.x, self.y)

    def one_snp(self, at: int | None) -> Float64Array:
        """Predict by the regression on one SNP; NaN without one."""
        if at is None:
            return np.full(self.new.shape[1], np.nan)
        dosage = self.x[at].astype(np.float64)
        centred = dosage - dosage.mean()
        slope = centred @ self.y / (centred @ centred)
        return np.asarray(self.y.mean() + slope * (self.new[at] - dosage.mean()))


Fit = Callable[[_Fold], Float64Array]


def _fits(
    models: Sequence[str], distance: ArrayLike | None, snps: int, inner_folds: int, seed: int, stop_after: int | None
) -> Mapping[str, Fit]:
    unknown = [name for name in models if name not in LINEAR_MODELS]
    if unknown:
        raise InputError(f"unknown model {unknown[0]!r}", remedy=f"choose from {', '.join(LINEAR_MODELS)}")
    away = None if distance is None else np.abs(numbers(distance, "distance", (snps,), finite=True))
    if "promoter_snp" in models and away is None:
        raise InputError("promoter_snp needs the distance of each SNP from the TSS", remedy="give distance")

    def elastic_net(of: _Fold) -> Float64Array:
        return elastic_net_cv(of.x, of.y, folds=inner_folds, seed=seed, stop_after=stop_after).predict(of.new)

    def promoter_snp(of: _Fold) -> Float64Array:
        varies = np.flatnonzero(of.x.min(axis=1) < of.x.max(axis=1)) if of.x.size else np.empty(0, np.int64)
        return of.one_snp(None if away is None or varies.size == 0 else int(varies[np.argmin(away[varies])]))

    known: dict[str, Fit] = {
        "elastic_net": elastic_net, "lead_snp": _lead_snp, "promoter_snp": promoter_snp,
        "blup": lambda of: of.standardised.blup(of.new.astype(np.float64)),
    }  # fmt: skip
    return {name: known[name] for name in models}


def _lead_snp(of: _Fold) -> Float64Array:
    known = of.standardised
    products = np.abs(known.z @ (of.y - of.y.mean()))
    if products.size == 0:
        return of.one_snp(None)
    # rounding is not to choose between SNPs that are copies or complements: `pearson` does, as on all of them
    near = np.flatnonzero(known.varies)[products >= products.max() * (1 - _NEAR)]
    r = np.abs(pearson(of.x[near].astype(np.float64), of.y).r)
    return of.one_snp(int(near[np.nanargmax(r)]) if np.isfinite(r).any() else None)


def _outer(folds: int | ArrayLike, people: int, seed: int) -> NDArray[np.int64]:
    if isinstance(folds, (int, np.integer)):
        return split_people([f"{i:09d}" for i in range(people)], int(folds), seed)
    ids = whole_numbers(folds, "folds", (people,))
    if np.unique(ids).size < 2:
        raise InputError(f"folds must name at least two folds, one for each of {people} people, found {ids.shape}")
    return ids


def _less_covariates(
    y: Float64Array, covariates: Float64Array, out: NDArray[np.bool_]
) -> tuple[Float64Array, Float64Array]:
    """Training and held-out values, both less the training people's regression on the covariates."""
    design = np.concatenate([np.ones((1, y.size)), covariates]).T
    coefficients = np.linalg.lstsq(design[~out], y[~out], rcond=None)[0]
    return y[~out] - design[~out] @ coefficients, y[out] - design[out] @ coefficients
