"""One gene: every linear model on the same held-out people, and the weights of the elastic net of everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.predictdb import GeneWeights
from ...personal.dosages import Dosages
from ...stats import (
    Correlation,
    HeldOut,
    Heritability,
    cis_heritability,
    cross_predict,
    elastic_net_cv,
    pearson,
    residualise,
)
from ..options import TrainingOptions

__all__ = ["GeneBaseline", "packed_weights", "predict_across", "train_gene", "unpacked_weights", "wanted"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GeneBaseline:
    """What was found for one gene; without ``held_out`` where ``status`` is not "ok"."""

    status: str
    n_people: int
    n_variants: int
    held_out: HeldOut | None = None
    weights: GeneWeights | None = None
    lambda_: float = float("nan")
    heritability: Heritability | None = None
    pooled: dict[str, Correlation] = field(default_factory=dict)


def train_gene(
    gene_id: str,
    name: str,
    tss: int,
    dosages: Dosages,
    y: Float64Array,
    covariates: Float64Array | None,
    folds: NDArray[np.int64],
    options: TrainingOptions,
) -> GeneBaseline:
    """Train all baselines for one gene.

    Parameters
    ----------
    gene_id, name : str
    tss : int
        0-based.
    dosages : Dosages
        Of the window, S people; those that are `wanted`.
    y : float64 array, shape (S,)
        NaN: the person is left out.
    covariates : float64 array, shape (K, S), or None
    folds : int64 array, shape (S,)
    options : TrainingOptions

    Returns
    -------
    GeneBaseline
    """
    there = np.isfinite(y)
    n_people = int(there.sum())
    kept = dosages if there.all() else dosages.among(there)
    n_variants = int(kept.position.size)
    status = _status(y[there], n_variants, covariates, folds[there], options)
    if status != "ok":
        return GeneBaseline(status, n_people, n_variants)
    x, target = kept.values, y[there]
    extra = None if covariates is None else covariates[:, there]
    held = cross_predict(
        x, target, distance=kept.position - tss, covariates=extra, folds=folds[there],
        inner_folds=options.inner_folds, seed=options.seed, stop_after=options.stop_after, models=options.models,
    )  # fmt: skip
    residual = target if extra is None else residualise(target[None], extra).values[0]
    fit = elastic_net_cv(x, residual, folds=options.inner_folds, seed=options.seed, stop_after=options.stop_after)
    used = np.flatnonzero(fit.coefficients)
    chosen = kept.take(used)
    r, p = held.fold_correlation("elastic_net") if "elastic_net" in held.predictions else (float("nan"),) * 2
    weights = GeneWeights(
        gene_id, name, chosen.variant_id, chosen.variant_id, chosen.ref, chosen.alt, fit.coefficients[used],
        np.cov(chosen.values.astype(np.float64)).reshape(used.size, used.size), r, p,
    )  # fmt: skip
    pooled = {model: pearson(np.nan_to_num(values), held.observed) for model, values in held.predictions.items()}
    heritability = cis_heritability(x, target, covariates=extra)
    return GeneBaseline("ok", n_people, n_variants, held, weights, float(fit.lambdas[fit.chosen]), heritability, pooled)


def predict_across(
    tss: int,
    dosages: Dosages,
    y: Float64Array,
    covariates: Float64Array | None,
    groups: NDArray[np.int64],
    options: TrainingOptions,
) -> Float64Array:
    """Predict each group of people by baselines that are trained on all others.

    Parameters
    ----------
    groups : int64 array, shape (S,)
        -1: of somebody who may be of any group, and has no part.
    tss, dosages, y, covariates, options
        As in `train_gene`.

    Returns
    -------
    float64 array, shape (M, S)
        By model of ``options.models``; NaN for people without expression, and where too few are trained on.
    """
    there = np.isfinite(y) & (groups >= 0)
    found = np.full((len(options.models), y.size), np.nan)
    kept = dosages if there.all() else dosages.among(there)
    used = 0 if covariates is None else covariates.shape[0]
    sizes = np.bincount(groups[there])
    fewest = there.sum() - sizes.max(initial=0)
    several = np.count_nonzero(sizes) > 1 and kept.position.size
    if not several or fewest < 2 * options.inner_folds + used + 2 or np.ptp(y[there]) == 0:
        return found
    held = cross_predict(
        kept.values, y[there], distance=kept.position - tss,
        covariates=None if covariates is None else covariates[:, there], folds=groups[there],
        inner_folds=options.inner_folds, seed=options.seed, stop_after=options.stop_after, models=options.models,
    )  # fmt: skip
    found[:, there] = np.stack([held.predictions[model] for model in options.models])
    return found


def wanted(dosages: Dosages, there: NDArray[np.bool_], options: TrainingOptions) -> NDArray[np.bool_]:
    """Return which variants are common, and vary, among the people who are there; shape (V,)."""
    among = dosages if there.all() else dosages.among(there)
    varies = among.values.min(axis=1, initial=2) < among.values.max(axis=1, initial=0)
    return np.asarray((among.minor_frequency >= options.min_maf) & varies)


def _status(
    y: Float64Array,
    n_variants: int,
    covariates: Float64Array | None,
    folds: NDArray[np.int64],
    options: TrainingOptions,
) -> str:
    used = 0 if covariates is None else covariates.shape[0]
    if np.unique(folds).size < options.folds or y.size < 2 * options.inner_folds + used + 2:
        return "too few people"
    if y.min() == y.max():
        return "constant expression"
    return "ok" if n_variants else "no variants in the window"


_TEXTS = ("gene", "name")
_NUMBERS = ("cv_r", "cv_p")
_OF_SNPS = ("rsid", "variant_id", "ref", "alt")


def packed_weights(genes: Sequence[GeneWeights | None]) -> dict[str, NDArray[Any]]:
    """Return the weights of G genes as arrays for a block; ``n_weights`` is -1 where a gene has no model."""
    there = [one for one in genes if one is not None]
    texts = {name: np.array([getattr(one, name) for one in there], np.str_) for name in _TEXTS}
    numbers = {name: np.array([getattr(one, name) for one in there], np.float64) for name in _NUMBERS}
    of_snps = {name: np.array([text for one in there for text in getattr(one, name)], np.str_) for name in _OF_SNPS}
    return {
        "n_weights": np.array([-1 if one is None else one.weight.size for one in genes], np.int64),
        **texts, **numbers, **of_snps,
        "weight": np.concatenate([np.empty(0), *(one.weight for one in there)]),
        "covariance": np.concatenate([np.empty(0), *(one.covariance.reshape(-1) for one in there)]),
    }  # fmt: skip


def unpacked_weights(stored: Mapping[str, NDArray[Any]]) -> list[GeneWeights | None]:
    """Return what `packed_weights` packed."""
    found: list[GeneWeights | None] = []
    i = at = square = 0
    for n in stored["n_weights"].tolist():
        if n < 0:
            found.append(None)
            continue
        rows = slice(at, at + n)
        named: dict[str, Any] = {name: str(stored[name][i]) for name in _TEXTS}
        named |= {name: float(stored[name][i]) for name in _NUMBERS}
        named |= {name: tuple(stored[name][rows].tolist()) for name in _OF_SNPS}
        covariance = stored["covariance"][square : square + n * n].reshape(n, n)
        found.append(GeneWeights(**named, weight=stored["weight"][rows], covariance=covariance))
        i, at, square = i + 1, at + n, square + n * n
    return found
