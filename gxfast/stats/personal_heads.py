"""Heads learned from personal genomes: expression of people from what models predict for each of them.

The reference-trained models stay as they are; a ridge regression on their predictions (tracks, embeddings, several
models) is fitted on people's own haplotypes. Held-out people and held-out genes are two different questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, numbers, whole_numbers

__all__ = ["PENALTIES", "PersonalHeads", "fit_personal_heads", "head_per_gene", "heads_over_genes"]

Float64Array = NDArray[np.float64]
PENALTIES: Final = tuple(10.0**k for k in range(-3, 5))  # times the people (or rows) of a fit


@dataclass(frozen=True, slots=True, repr=False)
class PersonalHeads(Brief):
    """Correlation of held-out predictions with expression, per gene; NaN where undefined.

    Attributes
    ----------
    people_r, people_p : float64 arrays, shape (G,)
        A head per gene, fitted on some people of that gene and tested on the others: Pearson over everybody, each
        predicted by the fold that left them out.
    genes_r, genes_p : float64 arrays, shape (G,)
        One head for all genes, fitted on other genes and tested on this one. A feature that predicts the right
        direction in most genes has a positive weight; it cannot mend the direction of a single gene.
    """

    people_r: Float64Array
    people_p: Float64Array
    genes_r: Float64Array
    genes_p: Float64Array


def fit_personal_heads(
    features: ArrayLike, expression: ArrayLike, people_folds: ArrayLike, gene_folds: ArrayLike
) -> PersonalHeads:
    """Fit and test both kinds of heads.

    Features and expression are standardised within each gene, in the people a head is fitted on (held-out genes: in
    all people). The penalty of each fit is chosen by the leave-one-out error of scikit-learn's ``RidgeCV``.

    Parameters
    ----------
    features : array-like of float, shape (G, S, T)
        What models predict for each person. A feature that is constant in a gene has no part in it.
    expression : array-like of float, shape (G, S)
        NaN where a person has none.
    people_folds : array-like of int, shape (S,)
    gene_folds : array-like of int, shape (G,)

    Returns
    -------
    PersonalHeads

    Raises
    ------
    InputError
        If shapes do not agree, features are not finite, or there is one fold only.
    """
    x = numbers(features, "features", ("G", "S", "T"), finite=True)
    y = finite_or_nan(expression, "expression", x.shape[:2])
    by_person = whole_numbers(people_folds, "people_folds", y.shape[1:])
    by_gene = whole_numbers(gene_folds, "gene_folds", y.shape[:1])
    if not x.shape[2]:
        raise InputError("features must have at least one feature")
    if len(np.unique(by_person)) < 2:
        raise InputError("people_folds must name two folds or more")
    genes = _of_genes(x, y, by_gene)
    return PersonalHeads(*_judged(_per_gene(x, y, by_person), y), *_judged(genes, y))


def head_per_gene(features: ArrayLike, expression: ArrayLike, people_folds: ArrayLike) -> Float64Array:
    """Predict people by heads that are fitted on other people, a head per gene.

    Parameters
    ----------
    features, expression, people_folds
        As in `fit_personal_heads`; folds may be populations.

    Returns
    -------
    float64 array, shape (G, S)
        In the units of standardised expression; NaN where a fold leaves fewer than three people.
    """
    x = numbers(features, "features", ("G", "S", "T"), finite=True)
    y = finite_or_nan(expression, "expression", x.shape[:2])
    return _per_gene(x, y, whole_numbers(people_folds, "people_folds", y.shape[1:]))


def heads_over_genes(
    features: ArrayLike, expression: ArrayLike, people_folds: ArrayLike, gene_folds: ArrayLike
) -> tuple[Float64Array, Float64Array]:
    """Predict people by one head for all genes, that saw neither them nor, or but, the gene.

    For each fold of genes and of people, a head is fitted on the other genes of the other people. It predicts the
    people of the fold: the genes that it has not seen, and those of the fold of genes before it, which it has.

    Parameters
    ----------
    features, expression, people_folds, gene_folds
        As in `fit_personal_heads`. Genes of fold -1 are fitted on always: nothing unseen is predicted for them.

    Returns
    -------
    seen, unseen : float64 arrays, shape (G, S)
        NaN where no head predicts.
    """
    x = numbers(features, "features", ("G", "S", "T"), finite=True)
    y = finite_or_nan(expression, "expression", x.shape[:2])
    by_person = whole_numbers(people_folds, "people_folds", y.shape[1:])
    by_gene = whole_numbers(gene_folds, "gene_folds", y.shape[:1])
    seen, unseen = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    folds = [fold for fold in np.unique(by_gene).tolist() if fold >= 0]
    for people in np.unique(by_person[by_person >= 0]).tolist():
        out = by_person == people
        scaled, target = _all_standardised(x, y, ~out)
        for i, fold in enumerate(folds):
            test = by_gene == fold
            rows = np.flatnonzero((~test[:, None] & np.isfinite(target) & ~out).reshape(-1))
            if not rows.size:
                continue
            weight = _ridge(scaled.reshape(-1, x.shape[2])[rows], target.reshape(-1)[rows])
            known = ~test if len(folds) == 1 else by_gene == folds[i - 1]
            for values, genes in ((unseen, test), (seen, known)):
                values[np.ix_(genes, out)] = scaled[np.ix_(genes, out)] @ weight
    return seen, unseen


def _per_gene(x: Float64Array, y: Float64Array, folds: NDArray[np.int64]) -> Float64Array:
    return np.array([_of_people(x[g], y[g], folds) for g in range(len(y))]).reshape(y.shape)


def _all_standardised(x: Float64Array, y: Float64Array, people: NDArray[np.bool_]) -> tuple[Float64Array, Float64Array]:
    """Features and expression of every gene, standardised in some people; NaN where there is no expression."""
    scaled, target = np.empty_like(x), np.full(y.shape, np.nan)
    for g in range(len(y)):
        scaled[g] = _standardised(x[g], people)
        there = np.isfinite(y[g])
        if (there & people).sum() > 2:
            target[g, there] = _standardised(y[g, there, None], people[there])[:, 0]
    return scaled, target


def _standardised(values: Float64Array, rows: Any = slice(None)) -> Float64Array:
    """Columns around their mean and by their deviation in ``rows``; 0 where they are constant there."""
    mean, spread = values[rows].mean(axis=0), values[rows].std(axis=0)
    flat = spread <= 1e-9 * np.maximum(np.abs(mean), 1e-300)
    return np.asarray(np.where(flat, 0.0, (values - mean) / np.where(flat, 1.0, spread)))


def _ridge(x: Float64Array, y: Float64Array) -> Float64Array:
    from sklearn.linear_model import RidgeCV

    fit = RidgeCV(alphas=np.array(PENALTIES) * len(y), fit_intercept=False).fit(x, y)
    return np.asarray(fit.coef_, np.float64)


def _of_people(x: Float64Array, y: Float64Array, folds: NDArray[np.int64]) -> Float64Array:
    """Held-out predictions of one gene, in the units of standardised expression."""
    out, there = np.full(y.size, np.nan), np.isfinite(y)
    for fold in np.unique(folds):
        train, test = there & (folds != fold), there & (folds == fold)
        if train.sum() < 3 or not test.any():
            continue
        scaled, target = _standardised(x, train), _standardised(y[:, None], train)[:, 0]
        if not scaled[train].any() or not target[train].any():
            out[test] = 0.0
            continue
        out[test] = scaled[test] @ _ridge(scaled[train], target[train])
    return out


def _of_genes(x: Float64Array, y: Float64Array, folds: NDArray[np.int64]) -> Float64Array:
    """Predictions of every gene by the head of the other folds' genes."""
    out = np.full(y.shape, np.nan)
    scaled = np.stack([_standardised(gene) for gene in x]) if len(x) else x
    there = np.isfinite(y)
    target = np.zeros_like(y)
    for g in range(len(y)):
        if there[g].sum() > 2:
            target[g, there[g]] = _standardised(y[g, there[g], None])[:, 0]
    for fold in np.unique(folds):
        test = folds == fold
        rows = np.flatnonzero((~test[:, None] & there).reshape(-1))
        if not rows.size:
            continue
        weight = _ridge(scaled.reshape(-1, x.shape[2])[rows], target.reshape(-1)[rows])
        out[test] = scaled[test] @ weight
    return out


def _judged(predicted: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    from .correlation import pearson

    found = pearson(predicted, y)
    return np.asarray(found.r), np.asarray(found.p)
