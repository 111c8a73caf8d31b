"""The table of what goes with success and failure of each gene."""

from __future__ import annotations

import numpy as np

from ...evaluation.explainers import ExplainerRow, explainer_rows
from ...io.tables import write_rows
from ..step import Job, Results, Step

__all__ = ["EXPLAIN"]


def explain(job: Job) -> None:
    """Write ``explainers.tsv``: why a gene succeeds or fails, as far as this run knows."""
    results = job.results
    if job.linear_cohort() is None:
        return
    genes, known = results.predictions[0].genes.gene_id, _known(results)
    for item, evaluation in zip(results.predictions, results.evaluations, strict=True):
        known["n_variants"] = dict(zip(genes, item.n_variants.astype(float).tolist(), strict=True))
        for t in range(len(item.tracks)):
            r = evaluation.pearson_r[t :: len(item.tracks)]
            results.explainers += explainer_rows(item.track_name(t), genes, r, known)
    write_rows(job.directory.path / "explainers.tsv", ExplainerRow, results.explainers)


def _known(results: Results) -> dict[str, dict[str, float]]:
    """What may explain, by name and gene."""
    genes, observed = results.predictions[0].genes.gene_id, results.observed
    values = np.empty((0, 0)) if observed is None else observed.evaluated
    spread = {g: float(np.nanvar(row)) for g, row in zip(genes, values, strict=True) if np.isfinite(row).any()}
    known: dict[str, dict[str, float]] = {"expression_variance": spread}
    if results.eqtl:
        p = {row.phenotype_id: row.pval_beta for row in results.eqtl}
        distance = {row.phenotype_id: row.start_distance for row in results.eqtl}
        known["eqtl_log10p"] = {g: float(-np.log10(max(v, 1e-300))) for g, v in p.items() if v is not None and v == v}
        known["eqtl_distance"] = {g: abs(float(v)) for g, v in distance.items() if v is not None}
    if results.baseline:
        net = [row for row in results.baseline if row.model == "elastic_net"]
        known["h2"] = {row.gene_id: row.h2 for row in net if row.h2 is not None and row.h2 == row.h2}
        known["baseline_r"] = {row.gene_id: row.cv_r for row in net if row.cv_r is not None and row.cv_r == row.cv_r}
    return known


EXPLAIN = Step(
    "explain", explain, needs=("evaluations", "observed"), writes=("explainers.tsv",), asked_by=("baseline", "eqtl")
)
