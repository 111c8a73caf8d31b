"""Per-person predictions: distinct haplotypes through the model once, then back to the people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, ModelError
from .io.fasta import Genome
from .io.vcf import GenotypeSource
from .personal import HaplotypeBatch, HaplotypePolicy, haplotypes
from .types import GeneTable, PredictionSet, Windows

if TYPE_CHECKING:
    from .models.card import ModelCard
    from .models.session import Model

__all__ = ["BlockPrediction", "join_blocks", "model_windows", "predict", "predict_block"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Progress = Callable[[int, int], None]

# Sequences of one step of a block are kept in memory together; this bounds them (bytes of letters).
_STEP_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class BlockPrediction:
    """Predictions of a run of genes: what one shard holds.

    Attributes
    ----------
    values : float64 array, shape (G, S, T)
    haplotype_values : float64 array, shape (N, T)
        One row per distinct haplotype; the first of each gene is the reference.
    haplotype_gene : int32 array, shape (N,)
        Gene (index within the block) of each row.
    carriers : int32 array, shape (G, S, 2)
        Row of ``haplotype_values`` per person and haplotype; -1 where there is none.
    n_variants, n_haplotypes : int64 arrays, shape (G,)
    status : tuple of str, length G
    counts : dict of str to int
    """

    values: Float64Array
    haplotype_values: Float64Array
    haplotype_gene: NDArray[np.int32]
    carriers: NDArray[np.int32]
    n_variants: Int64Array
    n_haplotypes: Int64Array
    status: tuple[str, ...]
    counts: dict[str, int]


def model_windows(card: ModelCard, genes: GeneTable) -> Windows:
    """Return the reference windows that a model reads for some genes."""
    spans = [card.window(int(tss), strand) for tss, strand in zip(genes.tss, genes.strand, strict=True)]
    return Windows(
        genes.chrom,
        np.array([start for start, _, _ in spans], np.int64),
        card.read_length,
        genes.tss,
        np.array([reverse for _, _, reverse in spans], bool),
    )


def predict(
    model: Model,
    genome: Genome,
    genotypes: GenotypeSource,
    genes: GeneTable,
    *,
    policy: HaplotypePolicy | None = None,
    n_threads: int = 1,
    progress: Progress | None = None,
) -> PredictionSet:
    """Predict every gene for every person.

    Parameters
    ----------
    model : Model
    genome : Genome
    genotypes : VariantFile, VariantFileSet or Genotypes
    genes : GeneTable
    policy : HaplotypePolicy, optional
    n_threads : int
        0 = all that this process may use; the result is the same for any number.
    progress : callable, optional
        Called with (genes done, genes in all).

    Returns
    -------
    PredictionSet

    Raises
    ------
    InputError
        For input that the policy refuses.
    ModelError
        If the model returns NaN or infinity, naming gene, sample and haplotype.
    """
    blocks = []
    for first in range(0, len(genes), 32):
        part = genes.take(range(first, min(first + 32, len(genes))))
        blocks.append(predict_block(model, genome, genotypes, part, policy=policy, n_threads=n_threads))
        if progress:
            progress(min(first + 32, len(genes)), len(genes))
    return join_blocks(model.card.name, genes, genotypes.samples, model.tracks, blocks)


def predict_block(
    model: Model,
    genome: Genome,
    genotypes: GenotypeSource,
    genes: GeneTable,
    *,
    policy: HaplotypePolicy | None = None,
    n_threads: int = 1,
) -> BlockPrediction:
    """Predict a run of genes; arguments and errors as in `predict`."""
    windows = model_windows(model.card, genes)
    known = getattr(genotypes, "contigs", None)
    status = tuple(
        "contig not in the FASTA" if chrom not in genome.contigs
        else "contig not in the VCF" if known is not None and chrom not in known
        else "TSS past the end of the contig" if tss >= genome.contigs[chrom]
        else "ok"
        for chrom, tss in zip(genes.chrom, genes.tss.tolist(), strict=True)
    )  # fmt: skip
    usable = [g for g, why in enumerate(status) if why == "ok"]
    worst_case = max(1, 2 * len(genotypes.samples) * windows.length)
    step = max(1, _STEP_BYTES // worst_case)
    parts = []
    for at in range(0, len(usable), step):
        rows = usable[at : at + step]
        batch = haplotypes(genome, genotypes, _take(windows, rows), policy=policy, n_threads=n_threads)
        values = model.predict(batch.sequences, n_threads=n_threads)
        _check_finite(values, batch, genes.take(rows), model)
        parts.append((rows, batch, values))
    return _assemble(model, genotypes.samples, len(genes), status, parts)


def _take(windows: Windows, rows: Sequence[int]) -> Windows:
    return Windows(
        tuple(windows.chrom[i] for i in rows),
        windows.start[rows],
        windows.length,
        windows.anchor[rows],
        windows.reverse[rows],
    )


def _check_finite(values: Float64Array, batch: HaplotypeBatch, genes: GeneTable, model: Model) -> None:
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if not bad.size:
        return
    row = int(bad[0])
    gene = genes.gene_id[int(batch.window[row])]
    carrier = np.argwhere(batch.carriers == row)
    whose = "the reference"
    if len(carrier):
        _, person, copy = (int(i) for i in carrier[0])
        whose = f"sample {batch.samples[person]}, haplotype {copy + 1}"
    raise ModelError(
        f"the model returned {values[row][~np.isfinite(values[row])][0]} for gene {gene}, {whose} "
        f"({len(bad)} of {len(values)} sequences)",
        path=model.path,
        record=gene,
        remedy="check the model's weights and the transform in its card (a log of a negative value?)",
    )


def _assemble(
    model: Model,
    samples: tuple[str, ...],
    n_genes: int,
    status: tuple[str, ...],
    parts: list[tuple[list[int], HaplotypeBatch, Float64Array]],
) -> BlockPrediction:
    n_tracks = len(model.tracks)
    values = np.full((n_genes, len(samples), n_tracks), np.nan)
    carriers = np.full((n_genes, len(samples), 2), -1, np.int32)
    n_variants, n_haplotypes = np.zeros(n_genes, np.int64), np.zeros(n_genes, np.int64)
    gene_of, rows_of = [np.empty(0, np.int32)], [np.empty((0, n_tracks))]
    counts: Counter[str] = Counter()
    first = 0
    for rows, batch, predicted in parts:
        index = np.array(rows, np.int64)
        values[index] = combine(predicted, batch.carriers, model.card.haplotypes)
        carriers[index] = np.where(batch.carriers >= 0, batch.carriers + first, -1)
        n_variants[index], n_haplotypes[index] = batch.n_variants, batch.n_haplotypes
        gene_of.append(index[batch.window].astype(np.int32))
        rows_of.append(predicted)
        counts.update(batch.counts)
        counts["model_sequences"] += len(batch)
        first += len(batch)
    return BlockPrediction(
        values, np.concatenate(rows_of), np.concatenate(gene_of), carriers, n_variants, n_haplotypes,
        status, dict(sorted(counts.items())),
    )  # fmt: skip


def combine(values: Float64Array, carriers: NDArray[np.int32], rule: str) -> Float64Array:
    """Make people out of haplotypes: mean or sum over the haplotypes a person has.

    Parameters
    ----------
    values : float64 array, shape (N, T)
    carriers : int32 array, shape (W, S, 2)
    rule : {"mean", "sum"}

    Returns
    -------
    float64 array, shape (W, S, T)
    """
    first, second = carriers[:, :, 0], carriers[:, :, 1]
    haploid = (second < 0)[:, :, np.newaxis]
    total = values[first] + np.where(haploid, 0.0, values[second])
    return total if rule == "sum" else total / np.where(haploid, 1.0, 2.0)


def join_blocks(
    name: str,
    genes: GeneTable,
    samples: tuple[str, ...],
    tracks: tuple[str, ...],
    blocks: Sequence[BlockPrediction],
) -> PredictionSet:
    """Put the blocks of consecutive genes together.

    Raises
    ------
    InputError
        If no gene could be predicted at all.
    """
    status = tuple(why for block in blocks for why in block.status)
    if status and all(why != "ok" for why in status):
        raise InputError(
            f"no gene can be predicted: {Counter(status).most_common(1)[0][0]} for all of them",
            remedy="use one contig naming in the genes, the FASTA and the VCF (see gxfast check)",
        )
    counts: Counter[str] = Counter()
    for block in blocks:
        counts.update(block.counts)
    n = sum(len(block.haplotype_values) for block in blocks)
    counts["people_x_genes_x_2"] = 2 * len(samples) * sum(why == "ok" for why in status)
    counts["model_sequences"] = n
    values: Any = [block.values for block in blocks]
    return PredictionSet(
        name, genes, samples, tracks,
        np.concatenate(values) if blocks else np.empty((0, len(samples), len(tracks))),
        np.concatenate([_reference_rows(block) for block in blocks]) if blocks else np.empty((0, len(tracks))),
        np.concatenate([block.n_variants for block in blocks]) if blocks else np.empty(0, np.int64),
        np.concatenate([block.n_haplotypes for block in blocks]) if blocks else np.empty(0, np.int64),
        status, dict(sorted(counts.items())),
    )  # fmt: skip


def _reference_rows(block: BlockPrediction) -> Float64Array:
    """The reference prediction of each gene: the first of its rows; NaN where the gene was not predicted."""
    reference = np.full((len(block.status), block.haplotype_values.shape[1]), np.nan)
    genes, first = np.unique(block.haplotype_gene, return_index=True)
    reference[genes] = block.haplotype_values[first]
    return reference
