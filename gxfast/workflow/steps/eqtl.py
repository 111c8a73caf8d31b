"""`gxfast eqtl`: every variant near every gene, into tables with the column names of tensorQTL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..._memory import Room, worker_room
from ...io.tables import write_rows
from ...personal.dosage_sources import DosageSource, open_dosages, skipped_records, window_dosages
from ...personal.dosages import Dosages
from ...stats import Association, CisScan, PermutedAssociation, eqtl, eqtl_permutations, fdr
from ...types import Progress
from ..blocks import GeneBlock, do_gene_blocks, gene_blocks, packed_rows, unpacked_rows
from ..cohort import LinearCohort
from ..inputs import NO_CONTIG
from ..options import FDR, InputPaths, MappingOptions
from ..rows import LeadRow
from ..rundir import RunDirectory
from ..shard import WHOLE, Part
from ..step import Job, Step
from .eqtl_rows import VariantCells
from .linear import counted, linear_job, no_room
from .nominal import GenePairs, pairs_format, pairs_of
from .signals import FoundSignals, GeneSignals, gene_signals, pack_signals, unpack_signals, write_signals

__all__ = ["EQTL", "CisMap", "MappedBlock", "map_block", "map_blocks", "map_cis", "mapped_genes"]

Float64Array = NDArray[np.float64]


def map_cis(
    paths: InputPaths,
    output: str,
    options: MappingOptions,
    *,
    transform: str = "none",
    n_threads: int = 1,
    resume: bool = False,
    part: Part = WHOLE,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Map cis-eQTLs; write the pairs, ``eqtl/permutation.tsv`` and the tables of signals of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. A gene that cannot be tested says why in the
    column ``status``. With a ``part`` only that is done; the summary is empty unless results are put together.

    Raises
    ------
    InputError
    """
    with linear_job(paths, output, "eqtl", options, transform=transform, resume=resume, part=part) as (run, cohort):
        map_blocks(run, cohort, options, n_threads=n_threads, max_mem=paths.max_mem, progress=progress)
        if not part.whole:
            return {}
        found = mapped_genes(run, cohort, options)
        run.finish({"summary": found.summary, "counts": {"eqtl": found.counts}})
    return found.summary


@dataclass(frozen=True, slots=True)
class CisMap:
    """What was mapped: the lead variants, in order of the genes; none without permutations."""

    rows: list[LeadRow]
    summary: dict[str, Any]
    counts: dict[str, int]
    signals: FoundSignals


def map_blocks(
    run: RunDirectory, cohort: LinearCohort, options: MappingOptions, *, n_threads: int = 1,
    max_mem: int | None = None, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Map cis-eQTLs of every gene, block by block."""
    source = open_dosages(cohort.genotypes, options.dosage)
    form = pairs_format(options.format, cohort)
    room = worker_room(max_mem, n_threads)

    def has_pairs(block: GeneBlock) -> bool:
        result = form.result(cohort.genes.chrom[block.genes[0]])
        return run.has_result(result) or run.has_block(pairs_of(block))

    def compute(block: GeneBlock) -> None:
        found = map_block(cohort, source, block, options, room)
        pairs, sizes = form.pack([found.pairs.get(g) for g in block.genes])
        if not has_pairs(block):
            run.write_block(pairs_of(block), pairs)
        if not run.has_block(block.file("eqtl")):
            arrays = {"sizes": np.array(sizes, np.int64).reshape(-1, 2), "left_out": np.array(found.left_out, np.int64)}
            arrays |= pack_signals([found.signals.get(g) for g in block.genes], found.rows, options)
            run.write_block(block.file("eqtl"), {"rows": packed_rows(found.rows), **arrays})

    do_gene_blocks(
        run, gene_blocks(cohort.genes, window=options.window),
        lambda block: run.has_block(block.file("eqtl")) and has_pairs(block), compute,
        n_threads=n_threads, tell=lambda done, n: progress and progress("eqtl", done, n),
    )  # fmt: skip


def mapped_genes(run: RunDirectory, cohort: LinearCohort, options: MappingOptions) -> CisMap:
    """Write ``eqtl/`` from finished blocks."""
    folder, blocks = run.subdirectory("eqtl"), gene_blocks(cohort.genes, window=options.window)
    stored = [run.read_block(block.file("eqtl")) for block in blocks]
    sizes = [one["sizes"] for one in stored]
    pairs_format(options.format, cohort).write(run, list(zip(blocks, sizes, strict=True)))
    rows, signals = _in_table_order(blocks, stored)
    n_done = sum(row.status == "ok" for row in rows)
    summary = {"n_genes": len(rows), "n_done": n_done, "n_pairs": sum(int(one[:, 0].sum()) for one in sizes)}
    counts = counted([row.status for row in rows], [int(one["left_out"]) for one in stored])
    if not options.permutations:
        found = write_signals(run, rows, signals, options)
        return CisMap([], summary | found.summary, counts, found)
    q = fdr(np.array([np.nan if row.pval_beta is None else row.pval_beta for row in rows], np.float64))
    rows = [replace(row, qval=value) for row, value in zip(rows, q.tolist(), strict=True)]
    write_rows(folder / "permutation.tsv", LeadRow, rows)
    found = write_signals(run, rows, signals, options)
    summary |= {"n_egenes": int(np.count_nonzero(q <= FDR)), **found.summary}
    return CisMap(rows, summary, counts, found)


def _in_table_order(
    blocks: Sequence[GeneBlock], stored: Sequence[dict[str, NDArray[Any]]]
) -> tuple[list[LeadRow], list[GeneSignals]]:
    of: dict[int, tuple[LeadRow, GeneSignals]] = {}
    for block, one in zip(blocks, stored, strict=True):
        rows = unpacked_rows(LeadRow, one)
        of |= dict(zip(block.genes, zip(rows, unpack_signals(one, rows), strict=True), strict=True))
    return [of[g][0] for g in range(len(of))], [of[g][1] for g in range(len(of))]


@dataclass(frozen=True, slots=True)
class MappedBlock:
    """A block that was mapped: lead variants in its order, pairs and signals by gene, records that were left out."""

    rows: list[LeadRow]
    pairs: dict[int, GenePairs]
    signals: dict[int, GeneSignals]
    left_out: int


def map_block(
    cohort: LinearCohort, source: DosageSource, block: GeneBlock, options: MappingOptions, room: Room
) -> MappedBlock:
    """Map the genes of a block."""
    status = _statuses(cohort, block)
    usable = [g for g in block.genes if status[g] == "ok"]
    lead = {g: LeadRow(phenotype_id=cohort.genes.gene_id[g], status=why) for g, why in status.items()}
    pairs: dict[int, GenePairs] = {}
    signals: dict[int, GeneSignals] = {}
    left_out = 0
    if usable:
        mapped, n_skipped = _map_genes(cohort, source, usable, options, room)
        lead |= {g: row for g, row, *_ in mapped}
        pairs = {g: found for g, _, found, _ in mapped if found is not None}
        signals = {g: found for g, *_, found in mapped if found is not None}
        if n_skipped is None:
            where = _region(cohort, usable, options.window)
            n_skipped = room.within(lambda allowed: skipped_records(source, *where, allowed), whole=False)
        left_out = n_skipped or 0
    return MappedBlock([lead[g] for g in block.genes], pairs, signals, left_out)


def _statuses(cohort: LinearCohort, block: GeneBlock) -> dict[int, str]:
    """Say of each gene whether it can be tested at all."""
    if cohort.genes.chrom[block.genes[0]] not in cohort.genotypes.contigs:
        return dict.fromkeys(block.genes, NO_CONTIG)
    used = 0 if cohort.covariates is None else cohort.covariates.shape[0]
    found = {}
    for g in block.genes:
        y = cohort.values[g][np.isfinite(cohort.values[g])]
        few, constant = y.size < used + 3, y.size and y.min() == y.max()
        found[g] = "too few people" if few else "constant expression" if constant else "ok"
    return found


def _region(cohort: LinearCohort, genes: Sequence[int], window: int) -> tuple[str, int, int]:
    """What the windows of neighbouring genes span."""
    first, last = int(cohort.genes.tss[genes].min()), int(cohort.genes.last[genes].max())
    return cohort.genes.chrom[genes[0]], max(0, first - window), last + window + 1


# Bytes per person of what is left of variants beside the covariates, as far as `CisScan` keeps it.
_TILES: Final = 1 << 13
# Bytes per variant of the effects of a fine-mapping.
_EFFECTS: Final = 1 << 9
_MappedGene = tuple[int, LeadRow, GenePairs | None, GeneSignals | None]


def _map_genes(
    cohort: LinearCohort, source: DosageSource, genes: Sequence[int], options: MappingOptions, room: Room
) -> tuple[list[_MappedGene], int | None]:
    """Map neighbouring genes together, or in halves where there is no room for all of their variants.

    Also returns how many records of their region were left out; None where it was not read as a whole.
    """
    same_people: dict[bytes, list[int]] = {}
    for g in genes:
        same_people.setdefault(np.isfinite(cohort.values[g]).tobytes(), []).append(g)
    groups = list(same_people.values())

    def keep(dosages: Dosages) -> NDArray[np.bool_]:
        common = np.array([_common(_among(cohort, group, dosages), options) for group in groups])
        return np.asarray(common.any(axis=0))

    where = _region(cohort, genes, options.window)

    def mapped(allowed: int) -> tuple[list[_MappedGene], int | None] | None:
        dosages = window_dosages(source, *where, keep, allowed)
        if dosages is None or _bytes_needed(dosages, options) > allowed:
            return None
        return [one for group in groups for one in _map_group(cohort, group, dosages, options)], dosages.n_skipped

    found = room.within(mapped, whole=len(genes) == 1)
    if found is not None:
        return found
    if len(genes) == 1:
        raise no_room(cohort, genes[0])
    middle = len(genes) // 2
    halves = (_map_genes(cohort, source, some, options, room)[0] for some in (genes[:middle], genes[middle:]))
    return [one for half in halves for one in half], None


def _bytes_needed(dosages: Dosages, options: MappingOptions) -> int:
    """What testing takes: dosages and what is made of them on the way, and the permuted values of one gene."""
    people, size = dosages.values.shape[1], dosages.values.dtype.itemsize
    permuted = people * (20 * options.permutations + _TILES) if options.permutations else 0
    effects = _EFFECTS if options.susie else 0
    return int(len(dosages.position) * (people * 4 * size + effects) + permuted)


def _among(cohort: LinearCohort, group: Sequence[int], dosages: Dosages) -> Dosages:
    """Dosages of the people who have values of a group of genes."""
    people = np.isfinite(cohort.values[group[0]])
    return dosages if people.all() else dosages.among(people)


def _common(dosages: Dosages, options: MappingOptions) -> NDArray[np.bool_]:
    return dosages.minor_frequency >= max(options.min_maf, 1e-12)


def _map_group(
    cohort: LinearCohort, group: list[int], dosages: Dosages, options: MappingOptions
) -> Iterator[_MappedGene]:
    """Map genes that the same people have values of: lead variant, and pairs."""
    people = np.isfinite(cohort.values[group[0]])
    among = _among(cohort, group, dosages)
    common = _common(among, options)
    among = among if common.all() else among.take(np.flatnonzero(common))
    covariates = None if cohort.covariates is None else cohort.covariates[:, people]
    y, tss = cohort.values[np.ix_(group, people)], cohort.genes.tss[group]
    first = np.searchsorted(among.position, tss - options.window, side="left")
    last = np.searchsorted(among.position, cohort.genes.last[group] + options.window, side="right")
    test = _each_by_itself if among.values.dtype.kind == "f" else _scanned
    pairs = test(among.values, y, covariates, first, last, options)
    variants = VariantCells(among)
    for g, target, low, high, (one, permuted) in zip(group, y, first.tolist(), last.tolist(), pairs, strict=True):
        gene = cohort.genes.gene_id[g]
        if one is None:
            yield g, LeadRow(phenotype_id=gene, status="no variants in the window"), None, None
            continue
        ends = [int(cohort.genes.tss[g])] + ([] if cohort.genes.end is None else [int(cohort.genes.last[g])])
        signals = gene_signals(
            variants, gene, (low, high), ends, among.values[low:high], target, covariates, (one, permuted), options
        )
        row = variants.lead_row(gene, low, high, ends, one, permuted)
        yield g, row, variants.pairs(gene, low, high, ends, one), signals


_Tested = list[tuple[Association | None, PermutedAssociation | None]]  # None: no variant, nothing permuted


def _scanned(
    x: NDArray[np.int8], y: Float64Array, covariates: Float64Array | None, first: NDArray[np.int64],
    last: NDArray[np.int64], options: MappingOptions,
) -> _Tested:  # fmt: skip
    """Test calls: what covariates leave of a variant serves all genes."""
    scan = CisScan(x, covariates=covariates)
    nominal = scan.associations(y, first, last)
    permuted: list[PermutedAssociation | None] = [None] * len(y)
    if options.permutations:
        permuted = [*scan.permutations(
            y, first, last, found=nominal, n_permutations=options.permutations, seed=options.seed,
            shared=options.shared,
        )]  # fmt: skip
    return [(nominal.of(i) if first[i] < last[i] else None, permuted[i]) for i in range(len(y))]


def _each_by_itself(
    x: Float64Array, y: Float64Array, covariates: Float64Array | None, first: NDArray[np.int64],
    last: NDArray[np.int64], options: MappingOptions,
) -> _Tested:  # fmt: skip
    """Test imputed dosages, which are no whole numbers."""
    tested: _Tested = []
    for target, low, high in zip(y, first.tolist(), last.tolist(), strict=True):
        one = eqtl(x[low:high], target, covariates=covariates) if low < high else None
        permuted = None
        if one is not None and options.permutations:
            permuted = eqtl_permutations(
                x[low:high], target, covariates=covariates, n_permutations=options.permutations, seed=options.seed
            )
        tested.append((one, permuted))
    return tested


def map_people_blocks(job: Job) -> None:
    """Do the blocks of the eQTLs of the people of a run."""
    cohort = job.linear_cohort()
    if cohort is not None:
        map_blocks(
            job.directory, cohort, job.options.eqtl, n_threads=job.n_threads, max_mem=job.inputs.max_mem,
            progress=job.tell,
        )  # fmt: skip


def map_people(job: Job) -> None:
    """Map the eQTLs of the people of a run."""
    cohort = job.linear_cohort()
    if cohort is not None:
        map_people_blocks(job)
        found = mapped_genes(job.directory, cohort, job.options.eqtl)
        job.results.eqtl += found.rows
        job.results.independent += found.signals.independent
        job.results.susie += found.signals.susie
        job.results.undone += found.signals.undone
        job.results.summary["eqtl"], job.results.counts["eqtl"] = found.summary, found.counts


EQTL = Step("eqtl", map_people, needs=("predictions",), writes=("eqtl/",), blocks=map_people_blocks)
