"""Predictions of every person, block of genes by block of genes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ...io.tables import write_phenotype_bed
from ...models.people import BlockPrediction, join_blocks, predict_block
from ...types import PredictionSet
from ..step import Job, Step
from .haplotype_files import StoredHaplotypes, block_arrays, haplotypes_file, read_block, write_haplotypes

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["PREDICT", "gene_parts", "part_of_predictions", "predicted_blocks"]

# Genes of a block at most, and bases that the model may read for one: work of seconds to minutes, which is what an
# interruption loses. They depend on the plan alone, so that blocks mean the same whatever the memory and the threads.
_MOST_GENES: Final = 32
_MOST_BASES: Final = 1 << 28


def predict_people(job: Job) -> None:
    """Predict every gene for every person with every model; write ``predictions/``."""
    job.results.predictions = tuple(_predicted(job, model) for model in job.inputs.models)
    job.results.counts |= {item.model: item.counts for item in job.results.predictions}
    if refused := job.refused_tiles():
        job.results.summary["refused_tiles"] = refused


def predict_blocks(job: Job) -> None:
    """Predict every gene with every model, block by block."""
    for model in job.inputs.models:
        _do_blocks(job, model)


def _do_blocks(job: Job, model: Model) -> None:
    inputs, run = job.inputs, job.directory
    genes, name = inputs.genes, model.card.name
    blocks = list(enumerate(gene_parts(job, model)))
    there = run.has_result(haplotypes_file(name))

    def missing(number: int) -> list[str]:
        wanted = [_block_file(name, number), *([] if there else [_haplotypes_file(name, number)])]
        return [file for file in wanted if not run.has_block(file)]

    todo = run.todo(blocks, lambda block: not missing(block[0]))
    total = sum(last - first for _, (first, last) in run.part.of(blocks))
    done = total - sum(last - first for _, (first, last) in todo)
    for number, (first, last) in todo:
        job.tell(f"predict {name}", done, total)
        block = predict_block(
            job.predictor(model),
            inputs.genome,
            inputs.genotypes,
            genes.take(range(first, last)),
            policy=inputs.policy,
            exons=inputs.exons,
            max_mem=inputs.max_mem,
            n_threads=job.n_threads,
        )
        large, small = block_arrays(block)
        for file in missing(number):
            run.write_block(file, small if file == _block_file(name, number) else large)
        done += last - first
    job.tell(f"predict {name}", done, total)


def _predicted(job: Job, model: Model) -> PredictionSet:
    inputs, run, genes, name = job.inputs, job.directory, job.inputs.genes, model.card.name
    _do_blocks(job, model)
    run.subdirectory("predictions")
    # What was computed is read back like what was resumed: one way only for results to be used.
    blocks = (block for _, block in predicted_blocks(job, model))
    predictions = join_blocks(name, genes, inputs.genotypes.samples, model.tracks, blocks, path=model.path)
    rows = predictions.rows
    write_phenotype_bed(
        run.path / "predictions" / f"{name}.bed.gz",
        genes,
        predictions.samples,
        [predictions.row_name(g, t) for g, t in rows],
        predictions.values.transpose(0, 2, 1).reshape(len(rows), -1),
        [g for g, _ in rows],
    )
    result = haplotypes_file(name)
    if not run.has_result(result):
        files = {_haplotypes_file(name, number): first for number, (first, _) in enumerate(gene_parts(job, model))}
        write_haplotypes(run, result, files, predictions)
        run.supersede(result, files)
    return predictions


def predicted_blocks(job: Job, model: Model) -> Iterator[tuple[int, BlockPrediction]]:
    """Read what was predicted again, block by block, each with its first gene; they alone hold the draws of phase."""
    stored = _in_result(job, model)
    for number, (first, last) in enumerate(gene_parts(job, model)):
        yield first, _stored_block(job, model, stored, number, (first, last))


def _in_result(job: Job, model: Model) -> StoredHaplotypes | None:
    """The haplotypes of all blocks, where a result is kept in their place."""
    result = haplotypes_file(model.card.name)
    return StoredHaplotypes(job.directory.path / result) if job.directory.has_result(result) else None


def _stored_block(
    job: Job, model: Model, stored: StoredHaplotypes | None, number: int, genes: tuple[int, int]
) -> BlockPrediction:  # fmt: skip
    run, name = job.directory, model.card.name
    large = stored.block(*genes) if stored else run.read_block(_haplotypes_file(name, number))
    return read_block(large, run.read_block(_block_file(name, number)), model.card.haplotypes)


def part_of_predictions(job: Job, model: Model, number: int) -> PredictionSet:
    """Return the predictions of the genes of a finished block."""
    inputs, part = job.inputs, gene_parts(job, model)[number]
    block = _stored_block(job, model, _in_result(job, model), number, part)
    return join_blocks(
        model.card.name, inputs.genes.take(range(*part)), inputs.genotypes.samples, model.tracks, [block],
        path=model.path, part=True,
    )  # fmt: skip


def gene_parts(job: Job, model: Model) -> list[tuple[int, int]]:
    """Return the first gene of each block, and that behind its last; effects of SNVs come in the same blocks."""
    n_genes, n_people = len(job.inputs.genes), len(job.inputs.genotypes.samples)
    step = max(1, min(_MOST_GENES, _MOST_BASES // max(1, 2 * n_people * model.card.read_length)))
    return [(first, min(first + step, n_genes)) for first in range(0, n_genes, step)]


def _block_file(name: str, number: int) -> str:
    return f"{name}/block-{number:05d}.npz"


def _haplotypes_file(name: str, number: int) -> str:
    return f"{name}/haplotypes-{number:05d}.npz"


PREDICT = Step("predict", predict_people, writes=("predictions/",), blocks=predict_blocks)
