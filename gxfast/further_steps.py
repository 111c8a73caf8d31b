"""The steps of a run behind the evaluation: baselines, eQTLs, mutagenesis with drivers, and what goes with success."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .baseline.training import TrainingOptions
from .cis_mapping import MappingOptions
from .direction import direction_columns, explainer_columns, read_finemapped
from .driver_snvs import DriverOptions, find_drivers, write_driver_tables, write_drivers
from .driver_surroundings import scan_surroundings
from .inputs import Inputs
from .io.tables import read_gene_values, write_table
from .linear_cohort import CohortFiles, LinearCohort, open_cohort
from .rundir import RunDirectory
from .types import PredictionSet

if TYPE_CHECKING:
    from .evaluation import Evaluation, Observed

__all__ = ["FurtherOptions", "baseline_step", "driver_step", "eqtl_step", "explain_step", "heads_step", "linear_cohort"]

# Fewer than this teach a head nothing that held-out ones could show.
_HEAD_GENES = 10
_HEAD_PEOPLE = 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class FurtherOptions:
    """Options of these steps; ``files`` says where the linear ones read, None without expression."""

    files: CohortFiles | None = None
    baseline: TrainingOptions = field(default_factory=TrainingOptions)
    eqtl: MappingOptions = field(default_factory=MappingOptions)
    drivers: DriverOptions = field(default_factory=DriverOptions)
    finemapped: str | None = None


def linear_cohort(options: FurtherOptions, steps: tuple[str, ...], failed: set[str]) -> tuple[LinearCohort | None, str]:
    """Open what baselines and eQTLs read, without genes that could not be predicted, or say why they are left out."""
    if options.files is None or not {"baseline", "eqtl"} & set(steps):
        return None, ""
    cohort = open_cohort(options.files)
    n_covariates = 0 if cohort.covariates is None else len(cohort.covariates)
    # a fold must leave enough people for the regression on covariates, and have some to predict
    if len(cohort.people) < max(2 * options.baseline.folds, 2 * (n_covariates + 3)):
        return None, f"baselines and eQTLs need more than {len(cohort.people)} people with {n_covariates} covariates"
    rows = [g for g, gene in enumerate(cohort.genes.gene_id) if gene not in failed]
    if not rows:
        return None, "baselines and eQTLs need a gene that could be predicted"
    return replace(cohort, genes=cohort.genes.take(rows), values=cohort.values[rows]), ""


def _teller(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return partial(progress, what) if progress else None


def baseline_step(
    run: RunDirectory, cohort: LinearCohort, options: FurtherOptions, evaluations: tuple[Evaluation, ...],
    n_threads: int, progress: Progress | None,
) -> tuple[dict[str, Any], dict[str, int], tuple[Evaluation, ...]]:  # fmt: skip
    """Train the baselines; put the elastic net's held-out r beside every gene."""
    from .baseline.running import train_into

    summary, counts = train_into(run, cohort, options.baseline, n_threads=n_threads, tell=_teller(progress, "baseline"))
    held_out = read_gene_values(run.path / "baseline" / "elastic_net.tsv", "cv_r", where=("model", "elastic_net"))
    filled = tuple(replace(one, baseline_r=_by_gene(one, held_out)) for one in evaluations)
    return summary, counts, filled


def _by_gene(evaluation: Evaluation, values: dict[str, float]) -> Any:
    return np.array([
        values.get(gene, values.get(gene.removesuffix(f":{track}"), np.nan))
        for gene, track in zip(evaluation.gene_id, evaluation.track, strict=True)
    ])  # fmt: skip


def eqtl_step(
    run: RunDirectory, cohort: LinearCohort, options: FurtherOptions, n_threads: int, progress: Progress | None
) -> tuple[dict[str, Any], dict[str, int]]:
    """Map eQTLs."""
    from .cis_mapping import map_into

    return map_into(run, cohort, options.eqtl, n_threads=n_threads, tell=_teller(progress, "eqtl"))


def driver_step(
    run: RunDirectory, inputs: Inputs, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...],
    observed: Observed | None, options: FurtherOptions, progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    """Write ``ism/``, tables of drivers, support, motifs and directions; return the numbers per model."""
    finemapped = read_finemapped(options.finemapped) if options.finemapped else None
    drivers, support, direction, motifs, clusters, summary = [], [], [], [], [], {}
    for i, (model, item) in enumerate(zip(inputs.models, predictions, strict=True)):
        found = find_drivers(run, model, inputs.genome, inputs.genotypes, item, observed, options.drivers, progress)
        rows = write_drivers(run, item, found, evaluations[i] if evaluations else None)
        around = scan_surroundings(run, model, inputs.genome, item, found, options.drivers.motif_reach)
        motifs.append(around[0])
        clusters.append(around[1])
        drivers.append(rows[0])
        support.append(rows[1])
        direction.append(direction_columns(item, found, finemapped))
        kinds = rows[0]["support"]
        summary[item.model] = {
            "n_snvs": sum(len(one.effect) for one in found), "n_genes": len(found), "n_drivers": len(kinds),
            "n_records_left_out": sum(one.dosages.n_skipped for one in found if one.track == 0),
            "n_supported": kinds.count("supported"), "n_unsupported": kinds.count("unsupported"),
        }  # fmt: skip
    write_driver_tables(run, drivers, support)
    write_table(run.path / "motifs.tsv", _stacked(motifs))
    write_table(run.path / "motif_clusters.tsv", _stacked(clusters))
    if any(part["model"] for part in direction):
        write_table(run.path / "direction.tsv", _stacked(direction))
    return summary


def _stacked(parts: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def heads_step(
    folder: Path, predictions: tuple[PredictionSet, ...], evaluations: tuple[Evaluation, ...], observed: Observed,
    seed: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Write ``learned.tsv``: heads on all models' predictions, fitted on people's own haplotypes; return mean r.

    None where there are fewer than two features, `_HEAD_GENES` genes or `_HEAD_PEOPLE` people.
    """
    from .stats import fdr, split_people
    from .stats.personal_heads import fit_personal_heads

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
