"""Predictions of every person, block of genes by block of genes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...io.files import atomic_write, npz_bytes
from ...io.tables import write_phenotype_bed
from ...models.people import BlockPrediction, join_blocks, predict_block
from ...types import PredictionSet
from ..rundir import RunDirectory
from ..step import Job, Step

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["PREDICT", "gene_parts", "predicted_blocks", "predicted_statuses"]

# Genes of a block at most, and bases that the model may read for one: work of seconds to minutes, which is what an
# interruption loses. They depend on the plan alone, so that blocks mean the same whatever the memory and the threads.
_MOST_GENES: Final = 32
_MOST_BASES: Final = 1 << 28


def predict_people(job: Job) -> None:
    """Predict every gene for every person with every model; write ``predictions/``."""
    job.results.predictions = tuple(_predicted(job, model) for model in job.inputs.models)
    job.results.counts |= {item.model: item.counts for item in job.results.predictions}


def predict_blocks(job: Job) -> None:
    """Predict every gene with every model, block by block."""
    for model in job.inputs.models:
        _do_blocks(job, model)


def _do_blocks(job: Job, model: Model) -> None:
    inputs, run = job.inputs, job.directory
    genes, name = inputs.genes, model.card.name
    blocks = list(enumerate(gene_parts(job, model)))
    todo = run.todo(blocks, lambda block: run.has_block(_block_file(name, block[0])))
    total = sum(last - first for _, (first, last) in run.part.of(blocks))
    done = total - sum(last - first for _, (first, last) in todo)
    for number, (first, last) in todo:
        job.tell(f"predict {name}", done, total)
        block = predict_block(
            model,
            inputs.genome,
            inputs.genotypes,
            genes.take(range(first, last)),
            policy=inputs.policy,
            max_mem=inputs.max_mem,
            n_threads=job.n_threads,
        )
        run.write_block(_block_file(name, number), _block_arrays(block))
        done += last - first
    job.tell(f"predict {name}", done, total)


def _predicted(job: Job, model: Model) -> PredictionSet:
    inputs, run, genes, name = job.inputs, job.directory, job.inputs.genes, model.card.name
    _do_blocks(job, model)
    blocks = []
    for number, _ in enumerate(gene_parts(job, model)):
        # What was computed is read back like what was resumed: one way only for results to be used.
        block = _block_from(run.read_block(_block_file(name, number)))
        blocks.append(replace(block, drawn=block.drawn[:0], draws=block.draws[:0]))
    predictions = join_blocks(name, genes, inputs.genotypes.samples, model.tracks, blocks, path=model.path)
    _write_predictions(run, predictions, blocks)
    return predictions


def predicted_blocks(job: Job, model: Model) -> Iterator[tuple[int, BlockPrediction]]:
    """Read the finished blocks of a model again, each with its first gene; they alone hold the draws of phase."""
    for number, (first, _) in enumerate(gene_parts(job, model)):
        yield first, _block_from(job.directory.read_block(_block_file(model.card.name, number)))


def predicted_statuses(job: Job, model: Model, number: int) -> tuple[str, ...]:
    """Return the statuses of the genes of a finished block."""
    return _block_from(job.directory.read_block(_block_file(model.card.name, number))).status


def gene_parts(job: Job, model: Model) -> list[tuple[int, int]]:
    """Return the first gene of each block, and that behind its last; effects of SNVs come in the same blocks."""
    n_genes, n_people = len(job.inputs.genes), len(job.inputs.genotypes.samples)
    step = max(1, min(_MOST_GENES, _MOST_BASES // max(1, 2 * n_people * model.card.read_length)))
    return [(first, min(first + step, n_genes)) for first in range(0, n_genes, step)]


def _block_file(name: str, number: int) -> str:
    return f"{name}/block-{number:05d}.npz"


def _block_arrays(block: BlockPrediction) -> dict[str, NDArray[Any]]:
    return {
        "values": block.values,
        "haplotype_values": block.haplotype_values,
        "haplotype_gene": block.haplotype_gene,
        "carriers": block.carriers,
        "n_variants": block.n_variants,
        "n_haplotypes": block.n_haplotypes,
        "drawn": block.drawn,
        "draws": block.draws,
        "status": np.array(block.status, np.str_),
        "count_names": np.array(list(block.counts), np.str_),
        "count_values": np.array(list(block.counts.values()), np.int64),
    }


def _block_from(arrays: dict[str, NDArray[Any]]) -> BlockPrediction:
    names, counts = arrays.pop("count_names"), arrays.pop("count_values")
    status = tuple(str(why) for why in arrays.pop("status"))
    return BlockPrediction(status=status, counts=dict(zip(names.tolist(), counts.tolist(), strict=True)), **arrays)


def _write_predictions(run: RunDirectory, predictions: PredictionSet, blocks: list[BlockPrediction]) -> None:
    folder = run.subdirectory("predictions")
    rows = predictions.rows
    write_phenotype_bed(
        folder / f"{predictions.model}.bed.gz",
        predictions.genes,
        predictions.samples,
        [predictions.row_name(g, t) for g, t in rows],
        predictions.values.transpose(0, 2, 1).reshape(len(rows), -1),
        [g for g, _ in rows],
    )
    _write_haplotypes(run, predictions, blocks)


def _write_haplotypes(run: RunDirectory, predictions: PredictionSet, blocks: list[BlockPrediction]) -> None:
    """``predictions/MODEL.haplotypes.npz``: the value of each distinct haplotype, and who carries it."""
    first_row = np.cumsum([0, *(len(block.haplotype_values) for block in blocks)])
    first_gene = np.cumsum([0, *(len(block.status) for block in blocks)])
    carriers = [
        np.where(block.carriers >= 0, block.carriers + first, -1).astype(np.int32)
        for block, first in zip(blocks, first_row, strict=False)
    ]
    genes = [block.haplotype_gene + first for block, first in zip(blocks, first_gene, strict=False)]
    content = npz_bytes(
        {
            "values": np.concatenate([block.haplotype_values for block in blocks]),
            "gene": np.concatenate(genes).astype(np.int32),
            "carriers": np.concatenate(carriers),
            "gene_id": np.array(predictions.genes.gene_id, np.str_),
            "samples": np.array(predictions.samples, np.str_),
            "tracks": np.array(predictions.tracks, np.str_),
        }
    )
    atomic_write(run.path / "predictions" / f"{predictions.model}.haplotypes.npz", content)


PREDICT = Step("predict", predict_people, writes=("predictions/",), blocks=predict_blocks)
