"""The people and genes that predictions, expression and covariates share, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..kernels.arguments import array_of
from ..types import CovariateTable, ExpressionTable, PredictionSet
from .alignment import NO_GENE, match_genes, shared_people

__all__ = ["Cohort", "check_shapes", "covariate_design", "gather", "pick", "row_means", "transformed"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cohort:
    """What predictions, expression and covariates have in common; rows are those of the predictions.

    Attributes
    ----------
    people : int64 array, shape (S,)
        The shared people, as indices into the predictions' samples.
    rows : int64 array, shape (G,)
        Row of each predicted gene in the expression, or -1.
    mean_observed : float64 array, shape (G,)
        As in `Evaluation`.
    expression : float64 array, shape (G, S)
        Transformed.
    design : float64 array, shape (K, S), or None
        Covariates.
    regressed : float64 array, shape (G, S), or None
        ``expression`` without the covariates.
    counts : dict
        How many people and genes matched, and how.
    """

    people: Int64Array
    rows: Int64Array
    mean_observed: Float64Array
    expression: Float64Array
    design: Float64Array | None
    regressed: Float64Array | None
    counts: dict[str, int]


def gather(
    predictions: PredictionSet,
    expression: ExpressionTable,
    covariates: CovariateTable | None,
    transform: str,
    match_versions: bool,
) -> Cohort:
    """Match people and genes, transform the expression and regress the covariates out of it.

    Errors are those of `gxfast.evaluate`.
    """
    from ..stats import residualise

    check_shapes(predictions, expression, covariates)
    tables = [
        ("predictions", predictions.samples, ""),
        ("expression", expression.samples, expression.source),
    ]
    if covariates is not None:
        tables.append(("covariates", covariates.samples, covariates.source))
    people = shared_people(tables)
    rows, counts = match_genes(
        predictions.genes.gene_id,
        expression.gene_id,
        match_versions=match_versions,
        source=expression.source,
    )
    counts["people_shared"] = people[0].size
    for (what, samples, _), shared in zip(tables, people, strict=True):
        counts[f"people_only_in_{what}"] = len(samples) - shared.size
    values, reported = transformed(pick(expression.values, rows, people[1]), transform, expression.source)
    design = None if covariates is None else covariate_design(covariates, people[2])
    return Cohort(
        people=people[0],
        rows=rows,
        mean_observed=row_means(reported),
        expression=values,
        design=design,
        regressed=None if design is None else residualise(values, design).values,
        counts=counts,
    )


def check_shapes(predictions: PredictionSet, expression: ExpressionTable, covariates: CovariateTable | None) -> None:
    """Refuse what is no array of numbers of the shape that the names ask for."""
    genes, people, tracks = len(predictions.genes), len(predictions.samples), len(predictions.tracks)
    _check(predictions.values, "predictions: values", (genes, people, tracks), "")
    _check(predictions.reference, "predictions: reference", (genes, tracks), "")
    if not tracks:
        raise InputError("predictions have no track")
    size = len(expression.gene_id), len(expression.samples)
    _check(expression.values, "expression: values", size, expression.source)
    if covariates is not None:
        size = len(covariates.name), len(covariates.samples)
        _check(covariates.values, "covariates: values", size, covariates.source)


def _check(values: Any, what: str, shape: tuple[int, ...], source: str) -> None:
    try:
        if not isinstance(values, np.ndarray):
            raise InputError(f"{what} must be an array, found {type(values).__name__}")
        array_of(values, what, shape)
    except InputError as error:
        raise InputError(error.message, path=source or None, remedy=error.remedy) from None


def pick(values: Float64Array, rows: Int64Array, people: Int64Array) -> Float64Array:
    """Return the rows (NaN where -1) and columns asked for."""
    picked = np.full((rows.size, people.size), np.nan)
    there = rows != NO_GENE
    picked[there] = values[np.ix_(rows[there], people)]
    return picked


def transformed(values: Float64Array, transform: str, source: str) -> tuple[Float64Array, Float64Array]:
    """Return the values to correlate and the values whose mean is reported."""
    if transform == "none":
        return values, values
    if transform == "inverse_normal":
        return _normal_quantiles(values), values
    if transform != "log2p1":
        raise InputError(f"transform must be 'none', 'log2p1' or 'inverse_normal', found {transform!r}")
    if (values < 0).any():
        raise InputError(
            f"log2(value + 1) needs values >= 0, found {float(values[values < 0][0]):g}",
            path=source or None,
            remedy="this expression looks transformed already: use transform none",
        )
    logs = np.log2(values + 1.0)
    return logs, logs


def _normal_quantiles(values: Float64Array) -> Float64Array:
    from scipy import special

    from ..kernels.numpy_stats import average_ranks

    ranks = np.empty(values.shape)
    average_ranks(values, np.argsort(values, axis=1), ranks)
    n = np.count_nonzero(~np.isnan(values), axis=1, keepdims=True)
    return np.asarray(special.ndtri((ranks - 0.5) / np.maximum(n, 1)))


def covariate_design(covariates: CovariateTable, people: Int64Array) -> Float64Array:
    """Return the covariates of some people (columns), shape (K, S), checked with their names.

    Raises
    ------
    InputError
        If one is missing, they are too many for the people, or one says nothing new.
    """
    design = np.ascontiguousarray(covariates.values[:, people], dtype=np.float64)
    bad = ~np.isfinite(design)
    if bad.any():
        k, i = (int(j) for j in np.argwhere(bad)[0])
        raise InputError(
            f"covariate {covariates.name[k]!r} has no finite value for {covariates.samples[people[i]]}",
            path=covariates.source or None,
            remedy="leave the person or the covariate out",
        )
    if people.size < design.shape[0] + 3:
        raise InputError(
            f"{design.shape[0]} covariates need at least {design.shape[0] + 3} shared people, found {people.size}",
            path=covariates.source or None,
            remedy="give fewer covariates",
        )
    if _is_redundant(design):
        redundant = next(k for k in range(len(design)) if _is_redundant(design[: k + 1]))
        raise InputError(
            f"of the covariates, {covariates.name[redundant]!r} is constant or follows from those before it",
            path=covariates.source or None,
            remedy="leave that covariate out",
        )
    return design


def _is_redundant(design: Float64Array) -> bool:
    from ..stats import residualise

    try:
        residualise(np.empty((0, design.shape[1])), design)
    except InputError:
        return True
    return False


def row_means(values: Float64Array) -> Float64Array:
    """Return the mean of each row without its NaN; NaN where nothing is left."""
    there = ~np.isnan(values)
    n = there.sum(axis=1)
    sums = np.where(there, values, 0.0).sum(axis=1)
    return np.where(n > 0, sums / np.maximum(n, 1), np.nan)
