"""What goes with a gene being predicted well or badly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief

__all__ = ["EXPLAINERS", "ExplainerRow", "explainer_rows"]

EXPLAINERS: Final = {
    "eqtl_log10p": "-log10 p of the lead eQTL (beta approximation)",
    "eqtl_distance": "distance of the lead eQTL to the TSS, bases",
    "h2": "heritability in cis",
    "n_variants": "variants in the model's window",
    "expression_variance": "variance of expression across people",
    "baseline_r": "held-out r of the elastic net",
}


@dataclass(frozen=True, slots=True, repr=False)
class ExplainerRow(Brief):
    """A row of ``explainers.tsv``: Spearman's rho of r, and of its absolute value, with what may explain it."""

    model: str
    explainer: str
    what: str
    n: int
    rho: float
    p: float
    rho_abs: float
    p_abs: float


def explainer_rows(
    model: str, gene_id: Sequence[str], r: NDArray[np.float64], explainers: Mapping[str, Mapping[str, float]]
) -> list[ExplainerRow]:
    """Return the rows of a model; an explainer that fewer than three genes have is left out.

    Parameters
    ----------
    model : str
    gene_id : sequence of str, length G
    r : float64 array, shape (G,)
    explainers : mapping of str to mapping of str to float
        Values by gene, by the names of `EXPLAINERS`.
    """
    from ..stats import spearman

    rows = []
    for name, values in explainers.items():
        x = np.array([values.get(gene, np.nan) for gene in gene_id])
        n = int((np.isfinite(x) & np.isfinite(r)).sum())
        if n < 3:
            continue
        found = spearman(np.stack([x, x]), np.stack([r, np.abs(r)]))
        (rho, rho_abs), (p, p_abs) = found.rho.tolist(), found.p.tolist()
        rows.append(ExplainerRow(model, name, EXPLAINERS[name], n, rho, p, rho_abs, p_abs))
    return rows
