"""Do scores of variants find the causal ones, and their direction? Metrics of tables, each with its interval.

Pairs with a NaN are left out and counted; infinite values are refused. Every result is an `Estimate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels.arguments import finite_or_nan, texts, whole_number
from .estimate import CONFIDENCE, Estimate, checked_confidence, factored, fisher_interval, labels_of, spread, undefined
from .ranked_labels import RankedLabels, resampled_groups

__all__ = [
    "N_BOOTSTRAPS", "auprc", "auprc_by_chromosome", "auroc", "effect_correlation", "ranking", "sign_auroc",
    "sign_share", "tissue_mean",
]  # fmt: skip

Float64Array = NDArray[np.float64]
N_BOOTSTRAPS: Final = 100
# Draws of all samples together, above which errors are analytic: about a fifth of a second.
_MOST_DRAWS: Final = 5_000_000
_ONE_CLASS: Final = "one class only"


def sign_share(scores: ArrayLike, effects: ArrayLike, *, confidence: float = CONFIDENCE) -> Estimate:
    """Return the share of variants whose score has the sign of the effect.

    Parameters
    ----------
    scores, effects : array-like of float, shape (V,)
        Rows where one is NaN or 0 have no sign and are left out.
    confidence : float, default 0.95

    Returns
    -------
    Estimate
        With the exact binomial interval of Clopper and Pearson (1934), Biometrika 26, 404.

    Raises
    ------
    InputError
        If the shapes differ, or a value is infinite.
    """
    from .agreement import sign_agreement

    score, effect = _two(scores, effects)
    (found,) = sign_agreement(score, effect, confidence=confidence)
    dropped = effect.size - found.n
    n_positive = int(((effect > 0) & ~np.isnan(score) & (score != 0)).sum())
    if not found.n:
        return undefined(0, 0, dropped, "no two signs")
    se = math.sqrt(found.share * (1 - found.share) / found.n)
    return Estimate(found.share, found.low, found.high, se, found.n, n_positive, dropped, "Clopper-Pearson")


def sign_auroc(
    scores: ArrayLike, effects: ArrayLike, *, n_bootstraps: int = N_BOOTSTRAPS, seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Return the AUROC of signed scores for the sign of the effect; effects of 0 have none and are left out.

    Parameters, result and errors are those of `auroc`, with effects in place of labels.
    """
    score, effect = _two(scores, effects)
    labels = np.where(np.isnan(effect) | (effect == 0), np.nan, effect > 0)
    return ranking(score, labels, n_bootstraps=n_bootstraps, seed=seed, confidence=confidence)[0]


def auroc(
    scores: ArrayLike, labels: ArrayLike, *, n_bootstraps: int = N_BOOTSTRAPS, seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Return the area under the ROC curve of scores for labels; causality takes absolute scores.

    Parameters
    ----------
    scores : array-like of float, shape (V,)
    labels : array-like of bool, or of 0, 1 and NaN, shape (V,)
    n_bootstraps : int, default 100
        Samples drawn within each class, whose standard deviation is ``se``; 0 for the analytic error of DeLong et al.
        (1988), which tables take too in which all samples have more than 5 million draws.
    seed : int
    confidence : float, default 0.95
        Of the interval: value +- z se, within 0 and 1.

    Returns
    -------
    Estimate
        NaN where there is one class only; no interval where there is one variant of a class. Of classes that are apart
        (an area of 1 or 0) the interval has no width.

    Raises
    ------
    InputError
        If the shapes differ, a score is infinite or a label is something else.
    """
    return ranking(scores, labels, n_bootstraps=n_bootstraps, seed=seed, confidence=confidence)[0]


def auprc(
    scores: ArrayLike, labels: ArrayLike, *, n_bootstraps: int = N_BOOTSTRAPS, seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Return the average precision of scores for labels, ties taken together.

    As `auroc`; the analytic error is that of the infinitesimal jackknife within classes, the limit of the bootstrap.
    """
    return ranking(scores, labels, n_bootstraps=n_bootstraps, seed=seed, confidence=confidence)[1]


def ranking(
    scores: ArrayLike, labels: ArrayLike, *, n_bootstraps: int = N_BOOTSTRAPS, seed: int = 0,
    confidence: float = CONFIDENCE,
) -> tuple[Estimate, Estimate]:  # fmt: skip
    """Return `auroc` and `auprc` of one sort and one set of samples."""
    score, label = _both(scores, labels)
    checked_confidence(confidence)
    known = ~(np.isnan(score) | np.isnan(label))
    ranked = RankedLabels(score[known], label[known] == 1)
    n = int(known.sum())
    counts = n, ranked.n_positive, score.size - n
    if not ranked.is_defined:
        none = undefined(*counts, _ONE_CLASS)
        return none, none
    n_bootstraps = _bootstraps(n_bootstraps, n)
    if min(ranked.n_positive, ranked.n_negative) < 2:
        errors, methods = [math.nan] * 2, ["no interval: one variant of a class"] * 2
    elif n_bootstraps:
        errors = [_deviation(drawn) for drawn in ranked.bootstrap(n_bootstraps, seed)]
        methods = [f"{n_bootstraps} bootstraps within class"] * 2
    else:
        errors = [ranked.auroc_se(), ranked.average_precision_se()]
        methods = ["DeLong", "infinitesimal jackknife within class"]
    values = ranked.auroc(), ranked.average_precision()
    both = [spread(v, e, confidence, counts, m) for v, e, m in zip(values, errors, methods, strict=True)]
    return both[0], both[1]


def effect_correlation(
    scores: ArrayLike, effects: ArrayLike, *, method: Literal["spearman", "pearson"] = "spearman",
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Correlate signed scores with effects.

    Parameters
    ----------
    scores, effects : array-like of float, shape (V,)
    method : {"spearman", "pearson"}
    confidence : float, default 0.95

    Returns
    -------
    Estimate
        NaN where one is constant or there are fewer than 3 variants. Interval by Fisher's z (1921), for ranks with the
        variance (1 + rho^2 / 2) / (n - 3) of Bonett and Wright (2000), Psychometrika 65, 23; none below 4 variants.
        ``se`` is that of z times 1 - r^2.

    Raises
    ------
    InputError
        If the shapes differ, a value is infinite or the method is another.
    """
    from .correlation import pearson, spearman

    if method not in ("spearman", "pearson"):
        raise InputError(f"method must be spearman or pearson, found {method!r}")
    score, effect = _two(scores, effects)
    known = ~(np.isnan(score) | np.isnan(effect))
    n, n_positive = int(known.sum()), int((effect[known] > 0).sum())
    r = float((spearman(score, effect).rho if method == "spearman" else pearson(score, effect).r) if n else math.nan)
    checked_confidence(confidence)
    if math.isnan(r):
        why = "fewer than 3 variants" if n < 3 else "constant scores or effects"
        return undefined(n, n_positive, score.size - n, why)
    low, high, se = fisher_interval(r, n, confidence, ranks=method == "spearman")
    name = "Fisher's z" if method == "pearson" else "Fisher's z, Bonett-Wright"
    return Estimate(r, low, high, se, n, n_positive, score.size - n, name)


def auprc_by_chromosome(
    scores: ArrayLike, labels: ArrayLike, chrom: ArrayLike, *,
    resample: Literal["chromosomes", "class"] = "chromosomes", n_bootstraps: int | None = None, seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Return the average precision per chromosome, averaged with weights by number of variants.

    Parameters
    ----------
    scores, labels
        As in `auroc`.
    chrom : array-like of str, shape (V,)
    resample : {"chromosomes", "class"}
        What the standard error is of: chromosomes drawn with replacement, as TraitGym's; or positives drawn among
        positives and negatives among negatives. Samples in which a chromosome has no positive are without it.
    n_bootstraps : int, optional
        1000 of chromosomes, 100 within class by default; 0: no interval, within class the analytic one.
    seed, confidence
        As in `auroc`.

    Returns
    -------
    Estimate
        Chromosomes with one class only are left out: their rows are among ``n_dropped``, ``method`` counts them.

    Raises
    ------
    InputError

    Notes
    -----
    Benegas et al. (2025), TraitGym, bioRxiv 2025.02.11.637758. There a chromosome without positives counts as 0.
    """
    if resample not in ("chromosomes", "class"):
        raise InputError(f"resample must be chromosomes or class, found {resample!r}")
    score, label = _both(scores, labels)
    names = texts(chrom, "chrom", score.shape)
    checked_confidence(confidence)
    known = ~(np.isnan(score) | np.isnan(label))
    parts = _by_chromosome(score[known], label[known] == 1, names[known])
    kept = [part for part in parts if part.is_defined]
    sizes = np.array([part.n_positive + part.n_negative for part in kept], np.float64)
    n = int(sizes.sum())
    counts = n, sum(part.n_positive for part in kept), score.size - n
    if not kept:
        return undefined(*counts, _ONE_CLASS)
    values = np.array([part.average_precision() for part in kept])
    default = 1000 if resample == "chromosomes" else N_BOOTSTRAPS
    n_bootstraps = whole_number(default if n_bootstraps is None else n_bootstraps, "n_bootstraps", 0, 1_000_000)
    if resample == "class" and not (n_bootstraps := _within_reach(n_bootstraps, n)):
        errors = np.array([part.average_precision_se() for part in kept])
        se, how = float(np.sqrt(np.sum((sizes * errors) ** 2)) / sizes.sum()), "infinitesimal jackknife within class"
    else:
        draw = _drawn_chromosomes if resample == "chromosomes" else _drawn_within
        alone = resample == "chromosomes" and len(kept) < 2
        se = math.nan if alone else _deviation(draw(kept, values, sizes, n_bootstraps, seed))
        how = f"{n_bootstraps} bootstraps " + ("of chromosomes" if resample == "chromosomes" else "within class")
        how = "no interval of one chromosome" if alone else how
    value = float(np.sum(values * sizes) / sizes.sum())
    return spread(value, se, confidence, counts, f"{how}, {len(kept)} of {len(parts)} chromosomes")


def _by_chromosome(score: Float64Array, positive: NDArray[np.bool_], chrom: NDArray[np.str_]) -> list[RankedLabels]:
    names, code = factored(chrom)
    order = np.argsort(code, kind="stable")
    edges = np.searchsorted(code[order], np.arange(len(names) + 1))
    rows = [order[edges[i] : edges[i + 1]] for i in range(len(names))]
    return [RankedLabels(score[part], positive[part]) for part in rows]


def _drawn_chromosomes(
    parts: Sequence[RankedLabels], values: Float64Array, sizes: Float64Array, n_bootstraps: int, seed: int
) -> Float64Array:
    stream = np.random.Generator(np.random.Philox(seed))
    drawn = stream.integers(0, len(parts), (n_bootstraps, len(parts)))
    return np.asarray(np.sum(values[drawn] * sizes[drawn], axis=1) / np.sum(sizes[drawn], axis=1), np.float64)


def _drawn_within(
    parts: Sequence[RankedLabels], values: Float64Array, sizes: Float64Array, n_bootstraps: int, seed: int
) -> Float64Array:
    """Weighted averages of samples over all chromosomes."""
    edges = np.cumsum([0, *(part.tp.size for part in parts)])
    all_tp, all_fp = (np.concatenate([getattr(part, name) for part in parts]) for name in ("tp", "fp"))
    found = np.full(n_bootstraps, math.nan)
    for rows, tp, fp in resampled_groups(all_tp, all_fp, n_bootstraps, seed):
        total, weight = np.zeros(len(tp)), np.zeros(len(tp))
        for c in range(len(parts)):
            true, false = tp[:, edges[c] : edges[c + 1]], fp[:, edges[c] : edges[c + 1]]
            above = np.cumsum(true, axis=1)
            precision = above / np.maximum(above + np.cumsum(false, axis=1), 1)
            hits, n = true.sum(axis=1), true.sum(axis=1) + false.sum(axis=1)
            total += np.where(hits > 0, n * np.sum(true * precision, axis=1) / np.maximum(hits, 1), 0)
            weight += np.where(hits > 0, n, 0)
        found[rows] = total / weight
    return found


def tissue_mean(
    estimates: Sequence[Estimate], *, weighted: bool = True, bounds: tuple[float, float] = (0, 1),
    confidence: float = CONFIDENCE,
) -> Estimate:  # fmt: skip
    """Average a metric over tissues.

    Parameters
    ----------
    estimates : sequence of Estimate
        One per tissue; those with fewer than 2 variants or no value are left out and counted.
    weighted : bool
        By number of variants, as AlphaGenome's evaluation; else all alike, as Borzoi's.
    bounds : pair of float
        Of the metric, where the interval is cut: (-1, 1) for correlations.
    confidence : float, default 0.95

    Returns
    -------
    Estimate
        ``se`` as if tissues were independent; they share people and variants, so that it is too small. Tissues whose
        own is not known add nothing to it; ``method`` counts them.

    Notes
    -----
    alphagenome_research, ``colabs/variant_eval_examples.ipynb``; Borzoi, ``analysis/eqtl/plot_eqtl_coef.ipynb``.
    """
    kept = [one for one in estimates if one.n >= 2 and math.isfinite(one.value)]
    sizes = np.array([one.n for one in kept], np.float64)
    others = sum(one.n for one in estimates) - int(sizes.sum())
    counts = int(sizes.sum()), sum(one.n_positive for one in kept), others + sum(one.n_dropped for one in estimates)
    if not kept:
        return undefined(*counts, "no tissue with a value")
    weights = sizes / sizes.sum() if weighted else np.full(len(kept), 1 / len(kept))
    value = float(np.sum(weights * np.array([one.value for one in kept])))
    errors = np.array([one.se for one in kept])
    known = np.isfinite(errors)
    se = float(np.sqrt(np.sum((weights * errors)[known] ** 2))) if known.any() else math.nan
    how = "weighted by variants" if weighted else "unweighted"
    method = f"mean of {len(kept)} of {len(estimates)} tissues, {how}; tissues as independent"
    method += "" if known.all() else f", {int((~known).sum())} without an error of their own"
    return spread(value, se, checked_confidence(confidence), counts, method, bounds)


def _two(scores: ArrayLike, effects: ArrayLike) -> tuple[Float64Array, Float64Array]:
    score = finite_or_nan(scores, "scores", ("V",))
    return score, finite_or_nan(effects, "effects", score.shape)


def _both(scores: ArrayLike, labels: ArrayLike) -> tuple[Float64Array, Float64Array]:
    score = finite_or_nan(scores, "scores", ("V",))
    return score, labels_of(labels, "labels", score.shape)


def _bootstraps(n_bootstraps: int, n: int) -> int:
    return _within_reach(whole_number(n_bootstraps, "n_bootstraps", 0, 1_000_000), n)


def _within_reach(n_bootstraps: int, n: int) -> int:
    """No samples where all of them have too many draws."""
    return 0 if n_bootstraps * n > _MOST_DRAWS else n_bootstraps


def _deviation(drawn: Float64Array) -> float:
    known = drawn[np.isfinite(drawn)]
    return float(np.std(known, ddof=1)) if known.size > 1 else math.nan
