"""The table of what goes with success and failure of each gene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...evaluation.explainers import explainer_columns
from ...io.tables import read_gene_values, write_table
from ...types import PredictionSet
from .drivers import _stacked

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation, Observed

__all__ = ["explain_step"]


def explain_step(
    folder: Path, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...], observed: Observed
) -> None:
    """Write ``explainers.tsv``: why a gene succeeds or fails, as far as this run knows."""
    genes = predictions[0].genes.gene_id
    values = observed.values if observed.residuals is None else observed.residuals
    with np.errstate(invalid="ignore"):
        spread = {g: float(np.nanvar(row)) for g, row in zip(genes, values, strict=True) if np.isfinite(row).any()}
    known: dict[str, dict[str, float]] = {"expression_variance": spread}
    lead, net = folder / "eqtl" / "permutation.tsv", folder / "baseline" / "elastic_net.tsv"
    if lead.exists():
        p = read_gene_values(lead, "pval_beta")
        known["eqtl_log10p"] = {g: float(-np.log10(max(value, 1e-300))) for g, value in p.items()}
        known["eqtl_distance"] = {g: abs(value) for g, value in read_gene_values(lead, "start_distance").items()}
    if net.exists():
        known["h2"] = read_gene_values(net, "h2", where=("model", "elastic_net"))
        known["baseline_r"] = read_gene_values(net, "cv_r", where=("model", "elastic_net"))
    tables = []
    for item, evaluation in zip(predictions, evaluations, strict=True):
        known["n_variants"] = dict(zip(genes, item.n_variants.astype(float).tolist(), strict=True))
        for t, track in enumerate(item.tracks):
            name = f"{item.model}:{track}" if len(item.tracks) > 1 else item.model
            r = evaluation.pearson_r[t :: len(item.tracks)]
            tables.append(explainer_columns(name, genes, r, known))
    write_table(folder / "explainers.tsv", _stacked(tables))
