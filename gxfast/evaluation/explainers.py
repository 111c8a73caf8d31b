"""What goes with a gene being predicted well or badly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from .direction import Float64Array

__all__ = ["EXPLAINERS", "explainer_columns"]


EXPLAINERS: Final = {
    "eqtl_log10p": "-log10 p of the lead eQTL (beta approximation)",
    "eqtl_distance": "distance of the lead eQTL to the TSS, bases",
    "h2": "heritability in cis",
    "n_variants": "variants in the model's window",
    "expression_variance": "variance of expression across people",
    "baseline_r": "held-out r of the elastic net",
}


def explainer_columns(
    model: str, gene_id: Sequence[str], r: Float64Array, explainers: Mapping[str, Mapping[str, float]]
) -> dict[str, list[Any]]:
    """Return ``explainers.tsv`` of a model: Spearman's rho of r, and of its absolute value, with what may explain it.

    Parameters
    ----------
    model : str
    gene_id : sequence of str, length G
    r : float64 array, shape (G,)
    explainers : mapping of str to mapping of str to float
        Values by gene, by the names of `EXPLAINERS`.
    """
    from ..stats import spearman

    columns: dict[str, list[Any]] = {
        name: [] for name in ("model", "explainer", "what", "n", "rho", "p", "rho_abs", "p_abs")
    }
    for name, values in explainers.items():
        x = np.array([values.get(gene, np.nan) for gene in gene_id])
        n = int((np.isfinite(x) & np.isfinite(r)).sum())
        if n < 3:
            continue
        found = spearman(np.stack([x, x]), np.stack([r, np.abs(r)]))
        row = (model, name, EXPLAINERS[name], n, *(float(v) for k in (0, 1) for v in (found.rho[k], found.p[k])))
        for column, value in zip(columns, row, strict=True):
            columns[column].append(value)
    return columns
