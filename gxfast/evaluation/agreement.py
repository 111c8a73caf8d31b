"""Models against each other: do they agree in the direction of a gene's correlation, and in its size?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, Rows
from ..errors import InputError
from ..types import PredictionSet

if TYPE_CHECKING:
    from .result import Evaluation

__all__ = [
    "STRONG",
    "ModelGenes",
    "PairAgreement",
    "agreement",
    "model_genes",
    "side_by_side",
]

# |r| above which a gene counts as clearly predicted, right or wrong, by a model (Sasse et al. 2023).
STRONG = 0.2


@dataclass(frozen=True, slots=True, repr=False)
class ModelGenes(Brief):
    """What is compared of one model: values by gene.

    Attributes
    ----------
    name : str
    r : mapping of str to float
        Correlation across people; NaN or absent where undefined.
    reference : mapping of str to float
        Prediction for the reference sequence.
    """

    name: str
    r: Mapping[str, float] = field(default_factory=dict)
    reference: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class PairAgreement(Brief):
    """How two models agree over the genes that both have.

    Attributes
    ----------
    model_a, model_b : str
    n_reference : int
        Genes with both reference predictions.
    reference_pearson, reference_spearman : float
        Across genes.
    n_genes : int
        Genes with both correlations across people.
    direction_r, magnitude_r : float
        Pearson between the two models' r, and between their absolute values.
    difference, difference_low, difference_high, difference_p : float
        Magnitude less direction, with its 95 % bootstrap interval and p.
    n_signed, equal_sign, equal_sign_low, equal_sign_high, equal_sign_p
        Genes where both r have a sign, the share of equal ones, its Clopper-Pearson interval and the exact binomial
        test against one half.
    n_strong, strong_equal_sign, strong_equal_sign_p
        The same where both absolute r are above `STRONG`.
    """

    model_a: str
    model_b: str
    n_reference: int
    reference_pearson: float
    reference_spearman: float
    n_genes: int
    direction_r: float
    magnitude_r: float
    difference: float
    difference_low: float
    difference_high: float
    difference_p: float
    n_signed: int
    equal_sign: float
    equal_sign_low: float
    equal_sign_high: float
    equal_sign_p: float
    n_strong: int
    strong_equal_sign: float
    strong_equal_sign_p: float


def agreement(models: Sequence[ModelGenes], *, n_bootstrap: int = 2000, seed: int = 0) -> Rows[PairAgreement]:
    """Compare every pair of models.

    Parameters
    ----------
    models : sequence of ModelGenes
        At least two, with different names.
    n_bootstrap : int, default 2000
        Samples for the test of direction against magnitude, see `gxfast.stats.direction_test`.
    seed : int

    Returns
    -------
    list of PairAgreement, with ``to_pandas`` and the like
        In the order of the models.

    Raises
    ------
    InputError
        For fewer than two models, or two of one name.
    """
    names = [model.name for model in models]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"two or more models of different names are compared, found {', '.join(names) or 'none'}",
            remedy="name another run, table or column",
        )
    return Rows(PairAgreement, (_pair(a, b, n_bootstrap, seed) for a, b in combinations(models, 2)))


def _pair(a: ModelGenes, b: ModelGenes, n_bootstrap: int, seed: int) -> PairAgreement:
    from ..stats import direction_test, pearson, sign_agreement, spearman

    reference = _shared(a.reference, b.reference)
    several = reference[0].size > 1
    r = _shared(a.r, b.r)
    test = direction_test(*r, n_bootstrap=n_bootstrap, seed=seed)
    (signs,) = sign_agreement(*r)
    clear = (np.abs(r[0]) > STRONG) & (np.abs(r[1]) > STRONG)
    (strong,) = sign_agreement(r[0][clear], r[1][clear])
    return PairAgreement(
        a.name, b.name, int(reference[0].size),
        float(pearson(*reference).r) if several else float("nan"),
        float(spearman(*reference).rho) if several else float("nan"),
        test.n, test.direction, test.magnitude, test.difference, test.low, test.high, test.p,
        signs.n, signs.share, signs.low, signs.high, signs.p, strong.n, strong.share, strong.p,
    )  # fmt: skip


def _shared(a: Mapping[str, float], b: Mapping[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of the genes that have both, in the order of the first."""
    genes = [gene for gene in a if gene in b and not (np.isnan(a[gene]) or np.isnan(b[gene]))]
    return np.array([a[gene] for gene in genes]), np.array([b[gene] for gene in genes])


def side_by_side(models: Sequence[ModelGenes], names: Mapping[str, str] | None = None) -> dict[str, list[Any]]:
    """Return one row per gene with every model's reference prediction and r, None where there is none."""
    genes = list(dict.fromkeys(gene for model in models for values in (model.reference, model.r) for gene in values))
    columns: dict[str, list[Any]] = {"gene_id": genes}
    if names is not None:
        columns["name"] = [names.get(gene, gene) for gene in genes]
    for what in ("reference", "r"):
        for model in models:
            values: Mapping[str, float] = getattr(model, what)
            if values:
                heading = "reference_prediction" if what == "reference" else "pearson_r"
                columns[f"{model.name}_{heading}"] = [values.get(gene) for gene in genes]
    return columns


def model_genes(predictions: Sequence[PredictionSet], evaluations: Sequence[Evaluation]) -> list[ModelGenes]:
    """Return what is compared: one entry per model, or per track (``model:track``) where a model has several."""
    found = []
    for i, item in enumerate(predictions):
        genes, n_tracks = item.genes.gene_id, len(item.tracks)
        for t in range(n_tracks):
            reference = dict(zip(genes, item.reference[:, t].tolist(), strict=True))
            # rows of an evaluation are gene by gene, track by track
            r = dict(zip(genes, evaluations[i].pearson_r[t::n_tracks].tolist(), strict=True)) if evaluations else {}
            found.append(ModelGenes(item.track_name(t), r, reference))
    return found
