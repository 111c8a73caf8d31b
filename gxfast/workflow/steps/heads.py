"""Heads learned from people's own genomes: regression of expression on what all models predict for each person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.tables import write_table
from ..step import Job, Results, Step

__all__ = ["HEADS", "head_features"]

# Fewer than this teach a head nothing that held-out ones could show.
_HEAD_GENES = 10
_HEAD_PEOPLE = 20


def head_features(job: Job) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Return what heads are fitted on: rows of genes, and what all models predict of these, (G, S, T).

    None where there are fewer than two features, 10 genes or 20 people.
    """
    results, observed = job.results, job.results.observed
    if observed is None:
        return None
    place = {name: i for i, name in enumerate(results.predictions[0].samples)}
    people = [place[name] for name in observed.samples]
    features = np.concatenate([item.values[:, people] for item in results.predictions], axis=2)
    usable = np.flatnonzero(np.isfinite(features).all(axis=(1, 2)) & (np.isfinite(observed.evaluated).sum(axis=1) > 2))
    if features.shape[2] < 2 or usable.size < _HEAD_GENES or len(people) < _HEAD_PEOPLE:
        return None
    return usable, features[usable]


def learn_heads(job: Job) -> None:
    """Write ``learned.tsv``; nothing where there are fewer than two features, 10 genes or 20 people."""
    from ...stats import fdr, split_people
    from ...stats.personal_heads import fit_personal_heads

    results, observed, seed = job.results, job.results.observed, job.options.baseline.seed
    given = head_features(job)
    if given is None or observed is None:
        return
    usable, features = given
    first, y = results.predictions[0], observed.evaluated
    genes = [first.genes.gene_id[g] for g in usable]
    found = fit_personal_heads(
        features, y[usable], split_people(observed.samples, 5, seed), split_people(genes, 5, seed)
    )
    columns: dict[str, Any] = {"gene_id": genes, "name": [first.genes.name[g] for g in usable]}
    columns["n_features"] = [features.shape[2]] * len(genes)
    for kind, r, p in (("people", found.people_r, found.people_p), ("genes", found.genes_r, found.genes_p)):
        columns |= {f"{kind}_r": r, f"{kind}_p": p, f"{kind}_q": fdr(p)}
    write_table(job.directory.path / "learned.tsv", columns | _beside(results, usable))
    means = {f"mean_{kind}_r": float(np.nanmean(columns[f"{kind}_r"])) for kind in ("people", "genes")}
    results.summary["heads"] = {"n_genes": len(genes), "n_features": features.shape[2], **means}


def _beside(results: Results, usable: Any) -> dict[str, Any]:
    """Correlations of every model, and of the elastic net, of the same genes."""
    columns = {}
    for item, evaluation in zip(results.predictions, results.evaluations, strict=True):
        for t in range(len(item.tracks)):
            columns[f"{item.track_name(t)}_r"] = evaluation.pearson_r[t :: len(item.tracks)][usable]
    baseline_r = results.evaluations[0].baseline_r
    if baseline_r is not None:
        columns["baseline_r"] = baseline_r[:: len(results.predictions[0].tracks)][usable]
    return columns


HEADS = Step("heads", learn_heads, needs=("evaluations", "observed"), writes=("learned.tsv",))
