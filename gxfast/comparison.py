"""The models of one run against each other: ``agreement.tsv`` and ``side_by_side.tsv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .io.tables import write_table
from .model_agreement import ModelGenes, agreement, agreement_columns, side_by_side
from .types import PredictionSet

if TYPE_CHECKING:
    from .evaluation import Evaluation

__all__ = ["model_genes", "write_comparison"]


def model_genes(predictions: Sequence[PredictionSet], evaluations: Sequence[Evaluation]) -> list[ModelGenes]:
    """Return what is compared: one entry per model, or per track (``model:track``) where a model has several."""
    found = []
    for i, item in enumerate(predictions):
        genes, n_tracks = item.genes.gene_id, len(item.tracks)
        for t, track in enumerate(item.tracks):
            name = f"{item.model}:{track}" if n_tracks > 1 else item.model
            reference = dict(zip(genes, item.reference[:, t].tolist(), strict=True))
            # rows of an evaluation are gene by gene, track by track
            r = dict(zip(genes, evaluations[i].pearson_r[t::n_tracks].tolist(), strict=True)) if evaluations else {}
            found.append(ModelGenes(name, r, reference))
    return found


def write_comparison(folder: Path, predictions: Sequence[PredictionSet], evaluations: Sequence[Evaluation]) -> None:
    """Write both tables, if there is more than one model or track."""
    models = model_genes(predictions, evaluations)
    if len(models) < 2:
        return
    genes = predictions[0].genes
    write_table(folder / "agreement.tsv", agreement_columns(agreement(models)))
    names = dict(zip(genes.gene_id, genes.name, strict=True))
    write_table(folder / "side_by_side.tsv", side_by_side(models, names))
