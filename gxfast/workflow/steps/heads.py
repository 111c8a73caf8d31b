"""The steps of a run behind the evaluation: baselines, eQTLs, mutagenesis with drivers, and what goes with success."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...io.tables import write_table
from ...types import PredictionSet

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation, Observed

__all__ = ["heads_step"]


# Fewer than this teach a head nothing that held-out ones could show.
_HEAD_GENES = 10
_HEAD_PEOPLE = 20


def heads_step(
    folder: Path, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...], observed: Observed,
    seed: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Write ``learned.tsv``: heads on all models' predictions, fitted on people's own haplotypes; return mean r.

    None where there are fewer than two features, `_HEAD_GENES` genes or `_HEAD_PEOPLE` people.
    """
    from ...stats import fdr, split_people
    from ...stats.personal_heads import fit_personal_heads

    first, place = predictions[0], {name: i for i, name in enumerate(predictions[0].samples)}
    people = [place[name] for name in observed.samples]
    features = np.concatenate([item.values[:, people] for item in predictions], axis=2)
    y = observed.values if observed.residuals is None else observed.residuals
    usable = np.flatnonzero(np.isfinite(features).all(axis=(1, 2)) & (np.isfinite(y).sum(axis=1) > 2))
    if features.shape[2] < 2 or usable.size < _HEAD_GENES or len(people) < _HEAD_PEOPLE:
        return None
    genes = [first.genes.gene_id[g] for g in usable]
    found = fit_personal_heads(
        features[usable], y[usable], split_people(observed.samples, 5, seed), split_people(genes, 5, seed)
    )
    columns: dict[str, list[Any]] = {"gene_id": genes, "name": [first.genes.name[g] for g in usable]}
    columns["n_features"] = [features.shape[2]] * len(genes)
    for kind, r, p in (("people", found.people_r, found.people_p), ("genes", found.genes_r, found.genes_p)):
        columns |= {f"{kind}_r": r.tolist(), f"{kind}_p": p.tolist(), f"{kind}_q": fdr(p).tolist()}
    for item, evaluation in zip(predictions, evaluations, strict=True):
        for t, track in enumerate(item.tracks):
            name = f"{item.model}:{track}" if len(item.tracks) > 1 else item.model
            columns[f"{name}_r"] = evaluation.pearson_r[t :: len(item.tracks)][usable].tolist()
    if evaluations[0].baseline_r is not None:
        columns["baseline_r"] = evaluations[0].baseline_r[:: len(first.tracks)][usable].tolist()
    write_table(folder / "learned.tsv", columns)
    means = {name: float(np.nanmean(np.array(columns[f"{name}_r"]))) for name in ("people", "genes")}
    return {"n_genes": len(genes), "n_features": features.shape[2], **{f"mean_{k}_r": v for k, v in means.items()}}
