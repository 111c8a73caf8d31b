"""What an evaluation found: the rows, their null test and their summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief, Columns, Table, columns_of, median_of, plural
from ..io.tables import optional_column
from ..kernels.arguments import finite_or_nan

__all__ = ["CrossGene", "Evaluation", "GeneRow", "Observed", "summary", "with_null"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GeneRow(Brief):
    """A row of ``genes.tsv``: a gene and model, or ``gene:track`` where the model has several tracks.

    ``tss`` is 1-based. What does not apply is None (no expression, no null, a table of predictions whose model is not
    known), what is undefined NaN.
    """

    gene_id: str
    name: str
    chrom: str
    tss: int
    strand: str
    model: str
    n_people: int
    n_variants: int | None = optional_column()
    n_haplotypes: int | None = optional_column()
    pearson_r: float | None = optional_column()
    pearson_p: float | None = optional_column()
    pearson_q: float | None = optional_column()
    spearman_rho: float | None = optional_column()
    phase_r_low: float | None = optional_column()
    phase_r_high: float | None = optional_column()
    phase_r_sd: float | None = optional_column()
    null_mean: float | None = optional_column()
    null_sd: float | None = optional_column()
    null_t: float | None = optional_column()
    null_p: float | None = optional_column()
    null_q: float | None = optional_column()
    mean_observed: float | None = optional_column()
    mean_predicted: float | None = optional_column()
    reference_prediction: float | None = optional_column()
    baseline_r: float | None = optional_column()
    status: str


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation(Table):
    """One row per gene, or per gene and track where there are several; R rows.

    Attributes
    ----------
    gene_id, name, chrom, strand : tuple of str, length R
        ``gene_id`` is ``gene_id:track`` where there are several tracks.
    tss : int64 array, shape (R,)
        0-based (`rows` gives it 1-based, as in files).
    model : str
    track : tuple of str, length R
    n_people : int64 array, shape (R,)
        People with a prediction and an expression value.
    n_variants, n_haplotypes : int64 arrays, shape (R,)
        As in the `PredictionSet`.
    pearson_r, pearson_p, pearson_log10p, pearson_q, spearman_rho : float64 arrays, shape (R,)
        NaN where ``status`` is not "ok". ``pearson_q``: Benjamini-Hochberg over the defined rows of a track.
    mean_observed, mean_predicted, reference_prediction : float64 arrays, shape (R,)
        Means over the shared people, before any regression; expression after an element-wise transform,
        but as given for ``inverse_normal`` (whose mean is 0 by construction).
    status : tuple of str, length R
        "ok" or why the correlation is undefined.
    phase_r_low, phase_r_high, phase_r_sd : float64 arrays, shape (R,), or None
        Interval of ``pearson_r`` over phasings that were drawn, filled by the phase step (`phase_interval`).
    null_mean, null_sd, null_t, null_p, null_q, baseline_r : float64 arrays, shape (R,), or None
        Filled by `with_null` and by the baseline step.
    options : dict
        Transform, regression and covariates used.
    counts : dict
        How many people and genes matched, and how.
    """

    gene_id: tuple[str, ...]
    name: tuple[str, ...]
    chrom: tuple[str, ...]
    tss: Int64Array
    strand: tuple[str, ...]
    model: str
    track: tuple[str, ...]
    n_people: Int64Array
    n_variants: Int64Array
    n_haplotypes: Int64Array
    pearson_r: Float64Array
    pearson_p: Float64Array
    pearson_log10p: Float64Array
    pearson_q: Float64Array
    spearman_rho: Float64Array
    mean_observed: Float64Array
    mean_predicted: Float64Array
    reference_prediction: Float64Array
    status: tuple[str, ...]
    phase_r_low: Float64Array | None = None
    phase_r_high: Float64Array | None = None
    phase_r_sd: Float64Array | None = None
    null_mean: Float64Array | None = None
    null_sd: Float64Array | None = None
    null_t: Float64Array | None = None
    null_p: Float64Array | None = None
    null_q: Float64Array | None = None
    baseline_r: Float64Array | None = None
    options: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.gene_id)

    def _facts(self) -> str:
        found = int((np.nan_to_num(self.pearson_q, nan=1.0) <= 0.05).sum())
        return (
            f"{self.model!r}, {plural(len(self), 'row')}, median r {median_of(self.pearson_r)}, {found} with q <= 0.05"
        )

    def _columns(self) -> Columns:
        return columns_of(GeneRow, self.rows())

    def rows(self) -> list[GeneRow]:
        """Return the rows of ``genes.tsv``."""
        there = {one.name: getattr(self, one.name) for one in fields(GeneRow) if one.name not in ("tss", "model")}
        columns = {name: _listed(values) for name, values in there.items() if values is not None}
        return [
            GeneRow(model=self.model, tss=int(self.tss[i]) + 1, **{name: values[i] for name, values in columns.items()})
            for i in range(len(self))
        ]


@dataclass(frozen=True, slots=True, repr=False)
class CrossGene(Brief):
    """Agreement across genes of mean observed expression with one track; NaN where undefined.

    ``reference_*`` uses the prediction for the reference sequence, ``predicted_*`` the mean over people.
    """

    track: str
    n_genes: int
    reference_pearson: float
    reference_spearman: float
    predicted_pearson: float
    predicted_spearman: float


@dataclass(frozen=True, slots=True, repr=False)
class Observed(Brief):
    """The expression that was correlated.

    Attributes
    ----------
    samples : tuple of str, length S
        The shared people, in the order of the predictions.
    values : float64 array, shape (G, S)
        One row per predicted gene, transformed; NaN where there is none.
    residuals : float64 array, shape (G, S), or None
        The same without the covariates, where there are any.
    """

    samples: tuple[str, ...]
    values: Float64Array
    residuals: Float64Array | None

    def _facts(self) -> str:
        left = "values" if self.residuals is None else "values and residuals"
        return f"{left} of {plural(len(self.values), 'gene')} x {len(self.samples)} people"

    @property
    def evaluated(self) -> Float64Array:
        """What was correlated: the residuals, or the values where there are no covariates."""
        return self.values if self.residuals is None else self.residuals


def _listed(values: Any) -> Sequence[Any]:
    listed: Sequence[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return listed


def with_null(
    evaluation: Evaluation,
    null_mean: ArrayLike,
    null_sd: ArrayLike,
    *,
    n_draws: int = 50,
    method: Literal["published", "textbook", "z"] = "published",
) -> Evaluation:
    """Return the evaluation with the test against gene-specific random scores filled in.

    Parameters
    ----------
    evaluation : Evaluation
    null_mean, null_sd : array-like of float, shape (R,)
    n_draws, method
        As in `gxfast.stats.null_test`. ``null_q`` is Benjamini-Hochberg per track.

    Raises
    ------
    InputError
        If the arrays do not have one value per row.
    """
    from ..stats import fdr, null_test

    mean = finite_or_nan(null_mean, "null_mean", (len(evaluation),))
    sd = finite_or_nan(null_sd, "null_sd", mean.shape)
    test = null_test(evaluation.pearson_r, mean, sd, n_draws=n_draws, method=method)
    q = np.full(mean.shape, np.nan)
    for track in dict.fromkeys(evaluation.track):
        rows = np.array([name == track for name in evaluation.track])
        q[rows] = fdr(test.p[rows])
    return replace(evaluation, null_mean=mean, null_sd=sd, null_t=test.t, null_p=test.p, null_q=q)


def summary(evaluation: Evaluation, *, alpha: float = 0.05) -> dict[str, Any]:
    """Count what the evaluation found.

    Returns
    -------
    dict
        ``n_genes`` (rows), ``n_defined``, ``mean_r``, ``median_r`` (None where nothing is defined),
        ``n_positive`` and ``n_negative`` (q <= ``alpha``), ``alpha``, ``n_undefined`` and
        ``undefined_by_status``.
    """
    r = evaluation.pearson_r
    defined = ~np.isnan(r)
    found = np.nan_to_num(evaluation.pearson_q, nan=1.0) <= alpha
    reasons = Counter(status for status in evaluation.status if status != "ok")
    return {
        "n_genes": len(evaluation),
        "n_defined": int(defined.sum()),
        "mean_r": float(r[defined].mean()) if defined.any() else None,
        "median_r": float(np.median(r[defined])) if defined.any() else None,
        "n_positive": int((found & (r > 0)).sum()),
        "n_negative": int((found & (r < 0)).sum()),
        "alpha": alpha,
        "n_undefined": int((~defined).sum()),
        "undefined_by_status": dict(sorted(reasons.items())),
    }
