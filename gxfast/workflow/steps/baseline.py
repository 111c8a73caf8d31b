"""`gxfast baseline`: all genes of a cohort into a run directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..._memory import Room, worker_room
from ...io.predictdb import GeneWeights, write_covariances, write_predictdb
from ...io.tables import phenotype_bed, write_rows, write_table
from ...personal.dosage_sources import DosageSource, open_dosages, window_dosages
from ...personal.dosages import Dosages
from ...stats import fdr, split_people
from ...types import Progress
from ..blocks import GeneBlock, do_gene_blocks, gene_blocks, packed_rows, unpacked_rows
from ..cohort import LinearCohort
from ..inputs import NO_CONTIG
from ..options import InputPaths, TrainingOptions
from ..rows import BaselineRow
from ..rundir import RunDirectory
from ..shard import WHOLE, Part
from ..step import Job, Step
from .beside import beside_columns, read_evaluated
from .gene_models import GeneBaseline, packed_weights, predict_across, train_gene, unpacked_weights, wanted
from .linear import counted, linear_job, no_room

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation

__all__ = [
    "BASELINE", "Baselines", "held_out_blocks", "people_folds", "population_codes", "train", "train_across_blocks",
    "train_blocks", "train_one", "trained_genes",
]  # fmt: skip

Float64Array = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Baselines:
    """What was trained: one row per gene and model."""

    rows: list[BaselineRow]
    summary: dict[str, Any]
    counts: dict[str, int]


def train(
    paths: InputPaths,
    output: str,
    options: TrainingOptions,
    *,
    transform: str = "none",
    beside: Sequence[str] = (),
    n_threads: int = 1,
    resume: bool = False,
    part: Part = WHOLE,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train and cross-validate the baselines of every gene; write ``baseline/`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. ``beside``: tables of evaluated models
    (``genes.tsv``) to be put beside the baselines in ``beside.tsv``. With a ``part`` only that is done; the summary is
    empty unless results are put together.

    Raises
    ------
    InputError
    """
    evaluated = [model for path in beside for model in read_evaluated(path)]
    with linear_job(
        paths, output, "baseline", options, transform=transform, resume=resume, beside=beside, part=part
    ) as (run, cohort):  # fmt: skip
        train_blocks(run, cohort, options, n_threads=n_threads, max_mem=paths.max_mem, progress=progress)
        if not part.whole:
            return {}
        found = trained_genes(run, cohort, options)
        summary = found.summary
        if evaluated:
            table, others = beside_columns(found.rows, evaluated)
            write_table(run.path / "baseline" / "beside.tsv", table)
            summary = summary | {"beside": others}
        run.finish({"summary": summary, "counts": {"baseline": found.counts}})
    return summary


def train_blocks(
    run: RunDirectory, cohort: LinearCohort, options: TrainingOptions, *, n_threads: int = 1,
    max_mem: int | None = None, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Train the baselines of every gene, block by block."""
    folds = people_folds(cohort, options)
    source = open_dosages(cohort.genotypes, options.dosage)
    blocks, room = gene_blocks(cohort.genes, window=options.window), worker_room(max_mem, n_threads)

    def compute(block: GeneBlock) -> None:
        found = [train_one(cohort, source, folds, options, g, room) for g in block.genes]
        run.write_block(block.file("baseline"), _block_arrays(cohort, block, found, options))

    do_gene_blocks(
        run, blocks, lambda block: run.has_block(block.file("baseline")), compute, n_threads=n_threads,
        tell=lambda done, n: progress and progress("baseline", done, n),
    )  # fmt: skip


def trained_genes(run: RunDirectory, cohort: LinearCohort, options: TrainingOptions) -> Baselines:
    """Write ``baseline/`` from finished blocks."""
    folder, blocks = (
        run.subdirectory("baseline"),
        gene_blocks(cohort.genes, window=options.window),
    )
    folds = people_folds(cohort, options)
    write_table(folder / "folds.tsv", {"sample": cohort.people, "fold": folds.tolist()})
    stored = _Stored(run, blocks, options)
    for model in options.models if stored.any_held_out else ():
        name = "predictions" if model == "elastic_net" else f"predictions.{model}"
        stored.write_predictions(folder / f"{name}.bed.gz", cohort, model)
    rows = _with_q(stored.rows, options)
    write_rows(folder / "elastic_net.tsv", BaselineRow, rows)
    write_predictdb(folder / "weights.db", stored.weights, _q([gene.cv_p for gene in stored.weights]).tolist())
    write_covariances(folder / "weights.covariances.txt.gz", stored.weights)
    statuses = [row.status for row in rows[: len(cohort.genes)]]
    return Baselines(rows, _summary(rows, statuses, options), counted(statuses, stored.left_out))


def people_folds(cohort: LinearCohort, options: TrainingOptions) -> NDArray[np.int64]:
    """Outer folds: at random, each population spread evenly over them."""
    return split_people(cohort.people, options.folds, options.seed, labels=cohort.populations)


def train_one(
    cohort: LinearCohort, source: DosageSource, folds: NDArray[np.int64], options: TrainingOptions, g: int, room: Room
) -> tuple[GeneBaseline, int]:
    """Train the baselines of a gene; how many records of its window were left out."""
    genes, y = cohort.genes, cohort.values[g]
    if genes.chrom[g] not in cohort.genotypes.contigs:
        return GeneBaseline(NO_CONTIG, int(np.isfinite(y).sum()), 0), 0

    def trained(dosages: Dosages) -> tuple[GeneBaseline, int]:
        tss = int(genes.tss[g])
        found = train_gene(genes.gene_id[g], genes.name[g], tss, dosages, y, cohort.covariates, folds, options)
        return found, dosages.n_skipped

    return _with_dosages(cohort, source, options, g, room, trained)


def _with_dosages(
    cohort: LinearCohort, source: DosageSource, options: TrainingOptions, g: int, room: Room,
    use: Callable[[Dosages], T],
) -> T:  # fmt: skip
    """Use the wanted dosages of a gene's window, as soon as there is room for them.

    Raises
    ------
    InputError
        If there never is.
    """
    genes, there = cohort.genes, np.isfinite(cohort.values[g])
    start, end = int(genes.tss[g]) - options.window, int(genes.last[g]) + options.window + 1

    def used(allowed: int) -> T | None:
        dosages = window_dosages(
            source, genes.chrom[g], max(0, start), end, lambda piece: wanted(piece, there, options), allowed
        )
        return None if dosages is None or _bytes_needed(dosages) > allowed else use(dosages)

    found = room.within(used, whole=True)
    if found is None:
        raise no_room(cohort, g)
    return found


def held_out_blocks(job: Job) -> Iterator[tuple[GeneBlock, Float64Array]]:
    """Read the held-out predictions of the baselines of a run, block by block: (models, genes, people)."""
    cohort = job.linear_cohort()
    for block in gene_blocks(cohort.genes, window=job.options.baseline.window) if cohort else ():
        yield block, job.directory.read_block(block.file("baseline"))["predictions"]


def population_codes(populations: Sequence[str]) -> NDArray[np.int64]:
    """Number the populations of people; -1 of those who are in none."""
    names, codes = np.unique(populations, return_inverse=True)
    return np.where(names[codes] == "", -1, codes).astype(np.int64)


def train_across_blocks(job: Job) -> Iterator[tuple[GeneBlock, Float64Array]]:
    """Predict every population by baselines that are trained on all others; as `held_out_blocks`."""
    cohort, options, run = job.linear_cohort(), job.options.baseline, job.directory
    if cohort is None or not cohort.populations:
        return
    codes = population_codes(cohort.populations)
    source, room = open_dosages(cohort.genotypes, options.dosage), worker_room(job.inputs.max_mem, job.n_threads)
    blocks = gene_blocks(cohort.genes, window=options.window)

    def compute(block: GeneBlock) -> None:
        found = [_across_one(cohort, source, codes, options, g, room) for g in block.genes]
        run.write_block(block.file("across"), {"predictions": np.stack(found, axis=1)})

    do_gene_blocks(
        run, blocks, lambda block: run.has_block(block.file("across")), compute, n_threads=job.n_threads,
        tell=lambda done, n: job.tell("populations", done, n),
    )  # fmt: skip
    if run.part.whole:
        for block in blocks:
            yield block, run.read_block(block.file("across"))["predictions"]


def _across_one(
    cohort: LinearCohort, source: DosageSource, codes: NDArray[np.int64], options: TrainingOptions, g: int, room: Room
) -> Float64Array:
    """Predictions of a gene by models of the other populations, (models, people); NaN where there are none."""
    nothing = np.full((len(options.models), len(cohort.people)), np.nan)
    if cohort.genes.chrom[g] not in cohort.genotypes.contigs:
        return nothing

    def predicted(dosages: Dosages) -> Float64Array:
        tss = int(cohort.genes.tss[g])
        return predict_across(tss, dosages, cohort.values[g], cohort.covariates, codes, options)

    return _with_dosages(cohort, source, options, g, room, predicted)


def _bytes_needed(dosages: Dosages) -> int:
    """What training takes: standardised dosages with their copies, and what is made of the kinship."""
    n, people = dosages.values.shape
    return int(36 * n * people + 32 * min(n, people) ** 2)


def _block_arrays(
    cohort: LinearCohort, block: GeneBlock, found: Sequence[tuple[GeneBaseline, int]], options: TrainingOptions
) -> dict[str, NDArray[Any]]:
    """What is kept of a block: rows, gene by gene and model by model; held-out predictions; weights."""
    pairs = [(g, result) for g, (result, _) in zip(block.genes, found, strict=True)]
    rows = [_row(cohort, g, result, model, options) for g, result in pairs for model in options.models]
    values = [[_spread(cohort.values[g], result, model) for g, result in pairs] for model in options.models]
    return {
        "rows": packed_rows(rows),
        "held_out": np.array([result.held_out is not None for _, result in pairs]),
        "predictions": np.array(values).reshape(len(options.models), len(pairs), len(cohort.people)),
        "left_out": np.array([n for _, n in found], np.int64),
        **packed_weights([result.weights for _, result in pairs]),
    }


class _Stored:
    """Blocks of baselines: what is small of all of them, in the order of the gene table; predictions one at a time."""

    def __init__(self, run: RunDirectory, blocks: Sequence[GeneBlock], options: TrainingOptions) -> None:
        self._run, self._blocks, self._models = run, blocks, options.models
        of_gene: dict[int, tuple[list[BaselineRow], GeneWeights | None]] = {}
        self.left_out: list[int] = []
        self.any_held_out = False
        for block in blocks:
            arrays = run.read_block(block.file("baseline"))
            rows, n = unpacked_rows(BaselineRow, arrays), len(options.models)
            for i, (g, weights) in enumerate(zip(block.genes, unpacked_weights(arrays), strict=True)):
                of_gene[g] = rows[i * n : (i + 1) * n], weights
            self.left_out += arrays["left_out"].tolist()
            self.any_held_out |= bool(arrays["held_out"].any())
        in_order = [of_gene[g] for g in range(len(of_gene))]
        self.rows = [rows for rows, _ in in_order]
        self.weights = [weights for _, weights in in_order if weights is not None]

    def write_predictions(self, path: Path, cohort: LinearCohort, model: str) -> None:
        """Write the held-out predictions of a model; a block is in memory at a time."""
        m = self._models.index(model)
        with phenotype_bed(path, cohort.genes, cohort.people) as bed:
            for block in self._blocks:
                arrays = self._run.read_block(block.file("baseline"))
                there = np.flatnonzero(arrays["held_out"])
                genes = [block.genes[i] for i in there]
                bed.add([cohort.genes.gene_id[g] for g in genes], arrays["predictions"][m, there], genes)


def _q(p: Sequence[float] | Float64Array) -> Float64Array:
    return fdr(np.asarray(p, np.float64)) if len(p) else np.empty(0)


def _spread(y: Float64Array, result: GeneBaseline, model: str) -> Float64Array:
    """Held-out predictions of all people; NaN for those without expression."""
    out = np.full(y.size, np.nan)
    if result.held_out:
        out[np.isfinite(y)] = result.held_out.predictions[model]
    return out


def _with_q(of_genes: Sequence[Sequence[BaselineRow]], options: TrainingOptions) -> list[BaselineRow]:
    """One row per model and gene, with the q values of each model's genes."""
    rows = []
    for m in range(len(options.models)):
        mine = [of_gene[m] for of_gene in of_genes]
        cv_q, pearson_q = (_q(_numbers(mine, name)).tolist() for name in ("cv_p", "pearson_p"))
        rows += [replace(row, cv_q=a, pearson_q=b) for row, a, b in zip(mine, cv_q, pearson_q, strict=True)]
    return rows


def _row(cohort: LinearCohort, g: int, result: GeneBaseline, model: str, options: TrainingOptions) -> BaselineRow:
    genes, net, h = cohort.genes, model == "elastic_net", result.heritability
    cv_r, cv_p = result.held_out.fold_correlation(model) if result.held_out else (None, None)
    pooled = result.pooled.get(model)
    return BaselineRow(
        gene_id=genes.gene_id[g],
        name=genes.name[g],
        chrom=genes.chrom[g],
        tss=int(genes.tss[g]) + 1,
        model=model,
        n_people=result.n_people,
        n_variants=result.n_variants,
        n_nonzero=result.weights.weight.size if net and result.weights else None,
        lambda_=result.lambda_ if net else None,
        cv_r=cv_r,
        cv_p=cv_p,
        pearson_r=float(pooled.r) if pooled else None,
        pearson_p=float(pooled.p) if pooled else None,
        h2=h.h2 if h else None,
        h2_se=h.se if h else None,
        h2_p=h.p if h else None,
        folds=options.folds,
        inner_folds=options.inner_folds,
        seed=options.seed,
        status=result.status,
    )


def _numbers(rows: Sequence[BaselineRow], name: str) -> Float64Array:
    values = [getattr(row, name) for row in rows]
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _summary(rows: list[BaselineRow], statuses: list[str], options: TrainingOptions) -> dict[str, Any]:
    models = {}
    for model in options.models:
        mine = [row for row in rows if row.model == model]
        r, q = _numbers(mine, "cv_r"), _numbers(mine, "cv_q")
        models[model] = {
            "mean_cv_r": float(np.nanmean(r)) if np.isfinite(r).any() else None,
            "n_significant": int(np.count_nonzero(q <= 0.05)),
        }
    return {"n_genes": len(statuses), "n_done": statuses.count("ok"), "models": models}


def train_people_blocks(job: Job) -> None:
    """Do the blocks of the baselines of the people of a run."""
    cohort = job.linear_cohort()
    if cohort is not None:
        train_blocks(
            job.directory, cohort, job.options.baseline, n_threads=job.n_threads, max_mem=job.inputs.max_mem,
            progress=job.tell,
        )  # fmt: skip


def train_people(job: Job) -> None:
    """Train the baselines on the people of a run; put the elastic net's held-out r beside every gene."""
    cohort = job.linear_cohort()
    if cohort is None:
        return
    results = job.results
    train_people_blocks(job)
    found = trained_genes(job.directory, cohort, job.options.baseline)
    results.baseline += found.rows
    results.summary["baseline"], results.counts["baseline"] = found.summary, found.counts
    net = [row for row in found.rows if row.model == "elastic_net"]
    held_out = dict(zip((row.gene_id for row in net), _numbers(net, "cv_r").tolist(), strict=True))
    results.evaluations = tuple(replace(one, baseline_r=_by_gene(one, held_out)) for one in results.evaluations)


def _by_gene(evaluation: Evaluation, values: dict[str, float]) -> Float64Array:
    pairs = zip(evaluation.gene_id, evaluation.track, strict=True)
    return np.array([values.get(gene, values.get(gene.removesuffix(f":{track}"), np.nan)) for gene, track in pairs])


BASELINE = Step(
    "baseline", train_people, needs=("predictions",), writes=("baseline/", "genes.tsv"), blocks=train_people_blocks
)
