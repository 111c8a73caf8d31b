"""Four cells of a run: seen and unseen genes, the same and another population, for everything that predicts people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...evaluation.cells import (
    CellGenes,
    CellRow,
    Groups,
    PersonRow,
    Predicted,
    cell_rows,
    person_rows,
    population_groups,
)
from ...io.files import write_parts
from ...io.tables import TextCells, rows_text, write_rows
from ...io.tables.groups import TEST, TRAIN
from ..step import Job, Step
from .baseline import held_out_blocks, people_folds, population_codes, train_across_blocks
from .heads import head_features

__all__ = ["CELLS"]

Float64Array = NDArray[np.float64]
_OF_GENES = ("gene_id", "model", "kind", "genes", "people", "population", "r", "signed_r2", "h2", "h2_se")


def compare_cells(job: Job) -> None:
    """Write ``cells.tsv``, ``cells.genes.tsv`` and ``people.tsv``."""
    results, observed = job.results, job.results.observed
    if observed is None:
        return
    populations, folder = job.inputs.populations, job.directory.path
    groups, left = population_groups(observed.samples, populations)
    genes = results.predictions[0].genes.gene_id
    h2 = {
        row.gene_id: (row.h2, np.nan if row.h2_se is None else row.h2_se)
        for row in results.baseline
        if row.model == "elastic_net" and row.h2 is not None
    }

    def of_genes() -> Iterator[bytes]:
        """Lines as they are made: genes x predictors x populations are too many to be kept."""
        yield ("\t".join(_OF_GENES) + "\n").encode()
        for one in _predicted(job, groups) if groups.names else ():
            rows, parts = cell_rows(one, observed.evaluated, groups, genes, h2, seed=job.options.baseline.seed)
            results.cells += rows
            if one.people != "other":
                results.people += person_rows(one, observed.evaluated, observed.samples, populations)
            yield from (_lines(part, genes) for part in parts)

    write_parts(folder / "cells.genes.tsv", of_genes())
    write_rows(folder / "cells.tsv", CellRow, results.cells)
    write_rows(folder / "people.tsv", PersonRow, results.people)
    results.summary["cells"] = {"populations": dict(zip(groups.names, _sizes(groups), strict=True)), "left_out": left}


def _lines(part: CellGenes, genes: Sequence[str]) -> bytes:
    n = len(part.gene)
    texts = [TextCells.of([genes[g] for g in part.gene.tolist()]), *(TextCells.repeated(text, n) for text in part.cell)]
    return rows_text([*texts, part.r, part.signed_r2, part.h2, part.h2_se], n)


def _sizes(groups: Groups) -> list[int]:
    return [int((groups.code == p).sum()) for p in range(len(groups.names))]


def _predicted(job: Job, groups: Groups) -> Iterator[Predicted]:
    """Everything that predicts people, one after the other."""
    results = job.results
    linear = {one.name for one in job.inputs.effects}
    for item in results.predictions:
        kind = "effects" if item.model in linear else "model"
        for t in range(len(item.tracks)):
            values = item.values[:, _columns(job, item.samples), t]
            yield Predicted(item.track_name(t), kind, "any", values, _seen(job))
    if "baseline" in job.steps:
        yield from _linear(job, groups)
    if "heads" in job.steps:
        yield from _heads(job, groups)


def _columns(job: Job, samples: Sequence[str]) -> list[int]:
    """Where the people who are evaluated are among others."""
    place = {name: i for i, name in enumerate(samples)}
    observed = job.results.observed
    return [] if observed is None else [place[name] for name in observed.samples]


def _seen(job: Job) -> NDArray[np.str_]:
    """Whether models have seen each gene, as the split says."""
    split = job.inputs.gene_split or {}
    names = {TRAIN: "seen", TEST: "unseen"}
    genes = job.results.predictions[0].genes.gene_id
    return np.array([names.get(split.get(gene, ""), "unknown") for gene in genes], np.str_)


def _linear(job: Job, groups: Groups) -> Iterator[Predicted]:
    """The linear baselines: of people held out at random, and of whole populations held out."""
    cohort = job.linear_cohort()
    if cohort is None:
        return
    genes = job.results.predictions[0].genes.gene_id
    seen = np.full(len(genes), "seen")
    kinds = [("same", held_out_blocks(job))]
    if len(groups.names) > 1:
        kinds.append(("other", train_across_blocks(job)))
    for people, blocks in kinds:
        found = np.full((len(job.options.baseline.models), len(genes), len(_columns(job, cohort.people))), np.nan)
        row = {gene: g for g, gene in enumerate(genes)}
        columns = _columns(job, cohort.people)
        for block, values in blocks:
            at = [row[cohort.genes.gene_id[g]] for g in block.genes]
            found[:, at] = values[:, :, columns]
        folds = people_folds(cohort, job.options.baseline)[columns]
        for model, values in zip(job.options.baseline.models, found, strict=True):
            yield Predicted(model, "linear", people, values, seen, folds if people == "same" else None)


def _heads(job: Job, groups: Groups) -> Iterator[Predicted]:
    """Heads on what all models predict: one per gene, and one over genes."""
    from ...stats import split_people
    from ...stats.personal_heads import head_per_gene, heads_over_genes

    found, observed, seed = head_features(job), job.results.observed, job.options.baseline.seed
    if found is None or observed is None:
        return
    usable, features = found
    y, genes = observed.evaluated[usable], [job.results.predictions[0].genes.gene_id[g] for g in usable]
    gene_folds = _gene_folds(job, genes, seed)
    labels = [str(code) for code in groups.code]
    folds = {"same": split_people(observed.samples, 5, seed, labels=labels)}
    if len(groups.names) > 1:
        populations = job.inputs.populations or {}
        folds["other"] = population_codes([populations.get(name, "") for name in observed.samples])
    n_all = len(job.results.predictions[0].genes)
    for people, of in folds.items():
        mine = np.where(of >= 0, y, np.nan)  # who is in no population may be of the one that is held out
        seen, unseen = heads_over_genes(features, mine, of, gene_folds)
        own = head_per_gene(features, mine, of)
        kinds = (
            ("head per gene", own, "seen"),
            ("head over genes", seen, "seen"),
            ("head over genes", unseen, "unseen"),
        )
        for kind, values, known in kinds:
            whole = np.full((n_all, len(of)), np.nan)
            whole[usable] = values
            yield Predicted("head", kind, people, whole, np.full(n_all, known), of if people == "same" else None)


def _gene_folds(job: Job, genes: Sequence[str], seed: int) -> NDArray[np.int64]:
    """Folds of genes: the test genes of the split against all others, or five at random."""
    from ...stats import split_people

    split = job.inputs.gene_split
    if split and any(split.get(gene) == TEST for gene in genes):
        return np.array([0 if split.get(gene) == TEST else -1 for gene in genes], np.int64)
    return split_people(genes, 5, seed)


def across_blocks(job: Job) -> None:
    """Train the baselines of whole populations held out, block by block."""
    cohort = job.linear_cohort()
    if cohort is not None and cohort.populations and "baseline" in job.steps:
        for _ in train_across_blocks(job):
            pass


CELLS = Step(
    "cells", compare_cells, needs=("evaluations", "observed"), writes=("cells.tsv", "cells.genes.tsv", "people.tsv"),
    asked_by=("evaluate",), blocks=across_blocks,
)  # fmt: skip
