"""Predictions against expression: per-gene correlation across people, and across genes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..types import CovariateTable, ExpressionTable, PredictionSet
from .alignment import NO_GENE, match_genes
from .cohort import Cohort, check_shapes, gather, pick, row_means, transformed
from .result import CrossGene, Evaluation, Observed, summary, with_null

__all__ = [
    "CrossGene",
    "Evaluation",
    "Observed",
    "Residualise",
    "Transform",
    "corrected",
    "cross_gene",
    "evaluate",
    "observed_values",
    "summary",
    "with_null",
]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Transform = Literal["none", "log2p1", "inverse_normal"]
Residualise = Literal["expression", "both"]

# indexed by the codes of Correlation.why
_REASONS = ("ok", "too few people", "constant prediction", "constant expression")


def evaluate(
    predictions: PredictionSet,
    expression: ExpressionTable,
    *,
    covariates: CovariateTable | None = None,
    transform: Transform = "none",
    residualise: Residualise = "expression",
    n_threads: int = 1,
    match_versions: bool = True,
) -> Evaluation:
    """Correlate predicted with observed expression across people, gene by gene.

    People are matched by sample id and genes by id (see ``match_versions``). Expression is transformed
    over the shared people, then the covariates are regressed out.

    Parameters
    ----------
    predictions : PredictionSet
        G genes, S people, T tracks.
    expression : ExpressionTable
        NaN where missing; a gene's missing people are left out of that gene only.
    covariates : CovariateTable, optional
        Regressed out together with an intercept; people without covariates are left out.
    transform : {"none", "log2p1", "inverse_normal"}
        Of expression: log2(value + 1), or normal quantiles of (rank - 0.5) / n as in QTLtools and FastQTL.
    residualise : {"expression", "both"}
        "expression" regresses the covariates out of expression only and tests with n - 2 degrees of
        freedom, as the ROSMAP paper and QTLtools do; under the null the p value is calibrated, and
        conservative where the prediction follows the covariates. "both" is the partial correlation, with
        n - 2 - K degrees of freedom, as in tensorQTL.
    n_threads : int, default 1
        0 for all; results do not depend on it.
    match_versions : bool, default True
        Match Ensembl ids without their version where there is no exact match and one candidate.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If fewer than three people or no gene are shared, ids are doubled, covariates are redundant or too
        many for the people, or values do not suit the transform.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> genome, people = gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf)
    >>> model = gx.Model(cohort.model, device="cpu")
    >>> predictions = gx.predict(model, genome, people, gx.read_genes(cohort.genes))
    >>> result = gx.evaluate(predictions, gx.read_expression(cohort.expression))
    >>> result.gene_id[2], round(float(result.pearson_r[2]), 2), result.status[6]
    ('DEMO0003', 0.74, 'one haplotype in the cohort')
    """
    if residualise not in ("expression", "both"):
        raise InputError(f"residualise must be 'expression' or 'both', found {residualise!r}")
    cohort = gather(predictions, expression, covariates, transform, match_versions)
    parts = [
        _one_track(predictions, cohort, track=t, residualise=residualise, n_threads=n_threads)
        for t in range(len(predictions.tracks))
    ]
    used = () if covariates is None else covariates.name
    options = {"transform": transform, "residualise": residualise, "covariates": used}
    return _assemble(predictions, parts, options, cohort.counts)


def _one_track(
    predictions: PredictionSet, cohort: Cohort, *, track: int, residualise: Residualise, n_threads: int
) -> dict[str, Any]:
    from ..stats import fdr, pearson, spearman

    predicted = np.ascontiguousarray(predictions.values[:, cohort.people, track], dtype=np.float64)
    raw = pearson(predicted, cohort.expression, n_threads=n_threads)
    x, y, used = corrected(predicted, cohort, residualise)
    linear = raw if cohort.design is None else pearson(x, y, n_covariates=used, n_threads=n_threads)
    ranked = spearman(x, y, n_covariates=used, n_threads=n_threads)
    status = [_status(predictions, cohort, g, int(raw.why[g]), int(linear.why[g])) for g in range(cohort.rows.size)]
    undefined = np.array([text != "ok" for text in status], dtype=np.bool_)
    part: dict[str, Any] = {"status": status, "n_people": raw.n, "mean_observed": cohort.mean_observed}
    columns = {"pearson_r": linear.r, "pearson_p": linear.p, "pearson_log10p": linear.log10p}
    for column, values in (columns | {"spearman_rho": ranked.rho}).items():
        part[column] = np.where(undefined, np.nan, values)
    part["pearson_q"] = fdr(part["pearson_p"])
    part["mean_predicted"] = row_means(predicted)
    part["reference_prediction"] = predictions.reference[:, track].astype(np.float64)
    return part


def _status(predictions: PredictionSet, cohort: Cohort, g: int, before: int, after: int) -> str:
    """Return the first reason why row ``g`` is undefined; the codes are those of Correlation.why."""
    if predictions.status[g] != "ok":
        return predictions.status[g]
    if cohort.rows[g] == NO_GENE:
        return "no expression"
    if predictions.n_haplotypes[g] == 1:
        return "one haplotype in the cohort"
    if before:
        return _REASONS[before]
    return _REASONS[after] + (" after the covariates" if after else "")


def corrected(
    predicted: Float64Array, cohort: Cohort, residualise: Residualise
) -> tuple[Float64Array, Float64Array, Any]:
    """Return both sides without the covariates, and how many to take off the degrees of freedom."""
    from ..stats import residualise as regress

    if cohort.design is None or cohort.regressed is None:
        return predicted, cohort.expression, 0
    if residualise == "expression":
        return predicted, cohort.regressed, 0
    # the same people on both sides, or the partial correlation would be none
    gaps = np.isnan(predicted) | np.isnan(cohort.expression)
    x = regress(np.where(gaps, np.nan, predicted), cohort.design)
    y = regress(np.where(gaps, np.nan, cohort.expression), cohort.design)
    return x.values, y.values, x.n_covariates


def _assemble(
    predictions: PredictionSet, parts: list[dict[str, Any]], options: dict[str, Any], counts: dict[str, int]
) -> Evaluation:
    genes, tracks, order = predictions.genes, predictions.tracks, predictions.rows
    of_gene = np.array([g for g, _ in order], dtype=np.int64)
    stacked = {
        column: np.stack([part[column] for part in parts], axis=1).reshape(-1)
        for column in parts[0]
        if column != "status"
    }
    return Evaluation(
        gene_id=tuple(predictions.row_name(g, t) for g, t in order),
        name=tuple(genes.name[g] for g, _ in order),
        chrom=tuple(genes.chrom[g] for g, _ in order),
        tss=genes.tss[of_gene],
        strand=tuple(genes.strand[g] for g, _ in order),
        model=predictions.model,
        track=tuple(tracks[t] for _, t in order),
        n_variants=predictions.n_variants[of_gene],
        n_haplotypes=predictions.n_haplotypes[of_gene],
        status=tuple(parts[t]["status"][g] for g, t in order),
        options=options,
        counts=counts,
        **stacked,
    )


def observed_values(
    predictions: PredictionSet,
    expression: ExpressionTable,
    *,
    covariates: CovariateTable | None = None,
    transform: Transform = "none",
    match_versions: bool = True,
) -> Observed:
    """Return the expression that `evaluate` correlates with: transformed, and with the covariates out.

    Parameters and errors are those of `evaluate`.
    """
    cohort = gather(predictions, expression, covariates, transform, match_versions)
    samples = tuple(predictions.samples[i] for i in cohort.people)
    return Observed(samples, cohort.expression, cohort.regressed)


def cross_gene(
    predictions: PredictionSet,
    expression: ExpressionTable,
    *,
    transform: Literal["none", "log2p1"] = "none",
    match_versions: bool = True,
) -> tuple[CrossGene, ...]:
    """Correlate mean observed expression with predictions across genes.

    Means are over everybody in the respective table: the people need not be shared.

    Parameters
    ----------
    predictions : PredictionSet
    expression : ExpressionTable
    transform : {"none", "log2p1"}
        Of expression, before the mean.
    match_versions : bool, default True
        As in `evaluate`.

    Returns
    -------
    tuple of CrossGene, one per track

    Raises
    ------
    InputError
        If no gene is shared, ids are doubled, or values do not suit the transform.
    """
    from ..stats import pearson, spearman

    if transform not in ("none", "log2p1"):
        raise InputError(f"transform must be 'none' or 'log2p1' across genes, found {transform!r}")
    check_shapes(predictions, expression, None)
    rows, _ = match_genes(
        predictions.genes.gene_id,
        expression.gene_id,
        match_versions=match_versions,
        source=expression.source,
    )
    everybody = np.arange(len(expression.samples), dtype=np.int64)
    values = pick(expression.values, rows, everybody)
    observed = row_means(transformed(values, transform, expression.source)[1])
    results = []
    for t, track in enumerate(predictions.tracks):
        reference = predictions.reference[:, t]
        predicted = row_means(predictions.values[:, :, t])
        linear = [pearson(side, observed) for side in (reference, predicted)]
        ranked = [spearman(side, observed) for side in (reference, predicted)]
        results.append(
            CrossGene(
                track=track,
                n_genes=int(linear[0].n),
                reference_pearson=float(linear[0].r),
                reference_spearman=float(ranked[0].rho),
                predicted_pearson=float(linear[1].r),
                predicted_spearman=float(ranked[1].rho),
            )
        )
    return tuple(results)
