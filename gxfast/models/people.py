"""Per-person predictions: distinct haplotypes through the model once, then back to the people."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from .._threads import resolve_threads
from ..errors import InputError, ModelError
from ..io.fasta import Genome
from ..io.tables.exons import ExonTable
from ..personal.policy import HaplotypePolicy, policy_for
from ..personal.presence import people_on
from ..personal.windows import Source, WindowHaplotypes, plan_window
from ..types import GeneTable, PredictionSet, Progress
from .gene_windows import NO_EXON_INSIDE, NO_EXONS, TSS_OUTSIDE, GeneBins, gene_statuses, model_windows, require_genes

if TYPE_CHECKING:
    from .card import ModelCard

__all__ = [
    "TSS_OUTSIDE",
    "BlockPrediction",
    "gene_statuses",
    "join_blocks",
    "model_windows",
    "predict",
    "predict_block",
]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


class Predictor(Protocol):
    """A `Model`, or what predicts in its place."""

    @property
    def card(self) -> ModelCard: ...
    @property
    def path(self) -> Path: ...
    @property
    def tracks(self) -> tuple[str, ...]: ...
    def predict(self, sequences: NDArray[np.uint8], *, n_threads: int | None = None) -> Float64Array:
        """Predict sequences (N, card.read_length); float64 (N, T)."""
        ...


# Sequences are handed to the model so many bytes of letters at a time.
_STEP_BYTES = 256 << 20
_NOT_FINITE: Final = "the model returned"


@dataclass(frozen=True, slots=True, repr=False)
class BlockPrediction(Brief):
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
    drawn : int32 array, shape (M, 2)
        Gene and person of every prediction whose phase was drawn: its value is the mean over the draws, its carriers
        are those of the first.
    draws : int32 array, shape (M, K, 2)
        Rows of ``haplotype_values`` of these in each of K draws.
    """

    values: Float64Array
    haplotype_values: Float64Array
    haplotype_gene: NDArray[np.int32]
    carriers: NDArray[np.int32]
    n_variants: Int64Array
    n_haplotypes: Int64Array
    status: tuple[str, ...]
    counts: dict[str, int]
    drawn: NDArray[np.int32]
    draws: NDArray[np.int32]

    @staticmethod
    def of_haplotypes(rule: str, **stored: Any) -> BlockPrediction:
        """Make people's values of what else a block holds; ``rule`` as in `combine`."""
        known, carriers, drawn = stored["haplotype_values"], stored["carriers"], stored["drawn"]
        values = np.empty((*carriers.shape[:2], known.shape[1]))
        for g, mine in enumerate(carriers):
            values[g] = combine(known, mine[np.newaxis], rule)[0]
        if len(drawn):
            of_draws = combine(known, stored["draws"].transpose(1, 0, 2), rule)
            values[drawn[:, 0], drawn[:, 1]] = of_draws.mean(axis=0)
        return BlockPrediction(values, **stored)

    def in_each_draw(self, gene: int, rule: str) -> Float64Array:
        """Return the predictions of a gene in every draw, (K, S, T); ``rule`` as in `combine`."""
        mine = self.drawn[:, 0] == gene
        values = np.repeat(self.values[np.newaxis, gene], self.draws.shape[1], axis=0)
        values[:, self.drawn[mine, 1]] = combine(self.haplotype_values, self.draws[mine].transpose(1, 0, 2), rule)
        return values


def predict(
    model: Predictor,
    genome: Genome,
    genotypes: Source,
    genes: GeneTable,
    *,
    policy: HaplotypePolicy | None = None,
    exons: ExonTable | None = None,
    max_mem: int | None = None,
    n_threads: int = 1,
    progress: Progress | None = None,
) -> PredictionSet:
    """Predict every gene for every person.

    Parameters
    ----------
    model : Model
        Or what `gxfast.tiled` made of it.
    genome : Genome
    genotypes : VariantFile, VariantFileSet, Genotypes or HaplotypeStore
    genes : GeneTable
    policy : HaplotypePolicy, optional
    exons : ExonTable, optional
        For a card with a gene mask; `read_exons` reads them.
    max_mem : int, optional
        Bytes for reading genotypes and for sequences on their way to the model (half of it; the model's own
        batches are bounded by ``Model(max_bytes=)``). The result is the same for any number.
    n_threads : int
        0 = all that this process may use; the result is the same for any number.
    progress : callable, optional
        Called with (task, genes done, genes in all).

    Returns
    -------
    PredictionSet

    Raises
    ------
    InputError
        For input that the policy refuses, without genes, as where an expression BED names no strands, and without
        exons for a card that reads out those of each gene, or with them for another one.
    ModelError
        If the model returns NaN or infinity for every gene; where it does for some, their status says so.

    Examples
    --------
    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> genome, people, genes = gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf), gx.read_genes(cohort.genes)
    >>> gx.predict(gx.Model(cohort.model, device="cpu"), genome, people, genes).values.shape  # genes, people, tracks
    (9, 20, 1)
    """
    require_genes(genes)
    if exons is not None and model.card.gene_mask is None:
        remedy = "leave `exons=` out, or say in the card where the bins are (output.gene_mask)"
        raise InputError(f"{model.card.name} does not read out the exons of each gene", path=model.path, remedy=remedy)
    blocks = []
    for first in range(0, len(genes), 32):
        part = genes.take(range(first, min(first + 32, len(genes))))
        options: Any = {"policy": policy, "exons": exons, "max_mem": max_mem, "n_threads": n_threads}
        blocks.append(predict_block(model, genome, genotypes, part, **options))
        if progress:
            progress(f"predict {model.card.name}", min(first + 32, len(genes)), len(genes))
    return join_blocks(model.card.name, genes, genotypes.samples, model.tracks, blocks, path=model.path)


def predict_block(
    model: Predictor,
    genome: Genome,
    genotypes: Source,
    genes: GeneTable,
    *,
    policy: HaplotypePolicy | None = None,
    exons: ExonTable | None = None,
    max_mem: int | None = None,
    n_threads: int = 1,
) -> BlockPrediction:
    """Predict a run of genes; arguments and errors as in `predict`."""
    windows, bins = model_windows(model.card, genes), GeneBins.of(model, genes, exons)
    status = gene_statuses(genes, genome, genotypes)
    outside = bins.settle(status) if bins else Counter[str]()
    usable = [g for g, why in enumerate(status) if why == "ok"]
    policy = policy_for(genotypes, policy)
    # A quarter each for reading, for letters; the rest is the model's.
    share = None if max_mem is None else max(1, max_mem // 4)
    present = {chrom: people_on(genotypes, chrom) for chrom in {genes.chrom[g] for g in usable}}
    plans = [
        plan_window(
            genome, present[windows.chrom[g]][0], windows.chrom[g], int(windows.start[g]), windows.length,
            int(windows.anchor[g]), bool(windows.reverse[g]), policy, share,
        )
        for g in usable
    ]  # fmt: skip
    step_bytes = min(_STEP_BYTES, share or _STEP_BYTES)
    values, lost = _run(model, plans, windows.length, step_bytes, n_threads, bins, usable)
    rows = np.concatenate([[0], np.cumsum([len(plan) for plan in plans])]).astype(np.int64)
    for g, plan, first, last in zip(usable, plans, rows[:-1], rows[1:], strict=True):
        status[g] = _status(values[first:last], lost[first:last], plan, present[genes.chrom[g]][0].samples)
    done = [i for i, g in enumerate(usable) if status[g] == "ok"]
    if len(done) < len(usable):
        values = np.concatenate([values[:0], *(values[rows[i] : rows[i + 1]] for i in done)])
        usable, plans = [usable[i] for i in done], [plans[i] for i in done]
    people = [present[genes.chrom[g]][1] for g in usable]
    return _assemble(model, genotypes.samples, tuple(status), usable, plans, people, values, outside)


def _run(
    model: Predictor, plans: Sequence[WindowHaplotypes], length: int, step_bytes: int, n_threads: int,
    bins: GeneBins | None, genes: Sequence[int],
) -> tuple[Float64Array, NDArray[np.bool_]]:  # fmt: skip
    """Run all haplotypes of all plans through the model, so many at a time.

    Returns values (N, T), and where no bin is left of the gene (N,). ``genes``: of each plan, its number in ``bins``.
    """
    threads = resolve_threads(n_threads)
    todo = deque((i, 0) for i in range(len(plans)))
    total = sum(len(plan) for plan in plans)
    values, lost = [np.empty((0, len(model.tracks)))], list[NDArray[np.bool_]]()
    n_bins = 0 if bins is None else len(bins.places)
    buffer = np.empty((min(total, max(1, step_bytes // max(1, length + 8 * n_bins))), length), np.uint8)
    weights = np.ones((len(buffer), max(1, n_bins)))
    filled = 0
    while todo:
        i, first = todo.popleft()
        plan = plans[i]
        n = min(len(plan) - first, len(buffer) - filled)
        mine = slice(filled, filled + n)
        plan.write_letters(buffer[mine], first, threads)
        if bins is not None:
            weights[mine] = bins.weights(genes[i], plan, buffer[mine], first, threads)
        filled += n
        if first + n < len(plan):
            todo.appendleft((i, first + n))
        if filled == len(buffer) or not todo:
            own: Any = {} if bins is None else {"weights": weights[:filled]}
            values.append(model.predict(buffer[:filled], n_threads=n_threads, **own))
            lost.append(np.asarray(~weights[:filled].any(axis=1)))
            filled = 0
    return np.concatenate(values), np.concatenate([np.empty(0, np.bool_), *lost])


def _status(
    values: Float64Array, lost: NDArray[np.bool_], plan: WindowHaplotypes, samples: tuple[str, ...]
) -> str:  # fmt: skip
    """Say whether all values of a gene are numbers, or for whom one is not; ``lost``: where nothing is read out."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if not bad.size:
        return "ok"
    row = int(bad[0])
    carrier = [*np.argwhere(plan.carriers == row), *np.argwhere(plan.draws == row)]
    whose = "the reference"
    if carrier:
        person, copy = (int(i) for i in carrier[0][-2:])
        person = person if len(carrier[0]) == 2 else int(plan.drawn[person])
        whose = f"sample {samples[person]}, haplotype {copy + 1}"
    if lost[row]:
        return f"nothing of it is left in the bins of {whose} ({int(lost.sum())} of {len(values)} sequences)"
    found = values[row][~np.isfinite(values[row])][0]
    return f"{_NOT_FINITE} {found} for {whose} ({len(bad)} of {len(values)} sequences)"


def _assemble(
    model: Predictor,
    samples: tuple[str, ...],
    status: tuple[str, ...],
    usable: Sequence[int],
    plans: Sequence[WindowHaplotypes],
    people: Sequence[NDArray[np.int64]],
    predicted: Float64Array,
    counts: Counter[str],
) -> BlockPrediction:
    n_genes = len(status)
    carriers = np.full((n_genes, len(samples), 2), -1, np.int32)
    n_variants, n_haplotypes = np.zeros(n_genes, np.int64), np.zeros(n_genes, np.int64)
    sizes = [len(plan) for plan in plans]
    n_draws = max((len(plan.draws) for plan in plans), default=0)
    drawn, draws = [np.empty((0, 2), np.int32)], [np.empty((0, n_draws, 2), np.int32)]
    for g, plan, there, first in zip(usable, plans, people, np.cumsum([0, *sizes])[:-1], strict=True):
        carriers[g, there] = np.where(plan.carriers >= 0, plan.carriers + first, -1)
        if len(plan.drawn):
            whose = there[plan.drawn]
            drawn.append(np.stack([np.full(len(whose), g), whose], axis=1).astype(np.int32))
            draws.append(np.where(plan.draws >= 0, plan.draws + first, -1).astype(np.int32).transpose(1, 0, 2))
        n_variants[g], n_haplotypes[g] = plan.n_variants, plan.n_haplotypes
        counts.update(plan.counts)
    counts["model_sequences"] += len(predicted)
    return BlockPrediction.of_haplotypes(
        model.card.haplotypes, haplotype_values=predicted, haplotype_gene=np.repeat(np.array(usable, np.int32), sizes),
        carriers=carriers, n_variants=n_variants, n_haplotypes=n_haplotypes, status=status,
        counts=dict(sorted(counts.items())), drawn=np.concatenate(drawn), draws=np.concatenate(draws),
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
    if (first < 0).any():  # no haplotype: no value
        values = np.concatenate([values, np.full((1, values.shape[1]), np.nan)])
    total = values[first] + np.where(haploid, 0.0, values[second])
    return total if rule == "sum" else total / np.where(haploid, 1.0, 2.0)


def join_blocks(
    name: str,
    genes: GeneTable,
    samples: tuple[str, ...],
    tracks: tuple[str, ...],
    blocks: Iterable[BlockPrediction],
    *,
    path: object = None,
    part: bool = False,
) -> PredictionSet:
    """Put the blocks of consecutive genes together, one at a time; ``path`` is the model's, for messages.

    Raises
    ------
    InputError, ModelError
        If no gene could be predicted at all, unless they are but a ``part`` of the genes.
    """
    n = len(genes)
    values, reference = np.empty((n, len(samples), len(tracks))), np.empty((n, len(tracks)))
    n_variants, n_haplotypes = np.empty(n, np.int64), np.empty(n, np.int64)
    ploidy = np.empty((n, len(samples)), np.int8)
    status: list[str] = []
    counts: Counter[str] = Counter()
    for block in blocks:
        rows = slice(len(status), len(status) + len(block.status))
        values[rows], reference[rows] = block.values, _reference_rows(block)
        n_variants[rows], n_haplotypes[rows] = block.n_variants, block.n_haplotypes
        ploidy[rows] = (block.carriers >= 0).sum(axis=2, dtype=np.int8)
        status += block.status
        counts.update(block.counts)
    if status and not part and all(why != "ok" for why in status):
        _refuse_all(path, genes, status)
    counts["people_x_genes_x_2"] = 2 * len(samples) * status.count("ok")
    return PredictionSet(
        name, genes, samples, tracks, values, reference, n_variants, n_haplotypes, tuple(status),
        dict(sorted(counts.items())), ploidy if n else None,
    )  # fmt: skip


def _refuse_all(path: object, genes: GeneTable, status: Sequence[str]) -> None:
    """Raise the reason why nothing was predicted."""
    g = next((g for g, why in enumerate(status) if why.startswith(_NOT_FINITE)), None)
    if g is not None:
        raise ModelError(
            f"no gene can be predicted: for gene {genes.gene_id[g]}, {status[g]}",
            path=path,
            record=genes.gene_id[g],
            remedy="check the model's weights and the transform in its card (a log of a negative value?)",
        )
    why = Counter(status).most_common(1)[0][0]
    files = (
        "the genes and the GTF of exons" if why in (NO_EXONS, NO_EXON_INSIDE) else "the genes, the FASTA and the VCF"
    )
    raise InputError(
        f"no gene can be predicted: {why} for all of them",
        remedy=f"name the contigs so that {files} mean the same (see gxfast check)",
    )


def _reference_rows(block: BlockPrediction) -> Float64Array:
    """The reference prediction of each gene: the first of its rows; NaN where the gene was not predicted."""
    reference = np.full((len(block.status), block.haplotype_values.shape[1]), np.nan)
    genes, first = np.unique(block.haplotype_gene, return_index=True)
    reference[genes] = block.haplotype_values[first]
    return reference
