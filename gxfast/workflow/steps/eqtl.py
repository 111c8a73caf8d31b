"""`gxfast eqtl`: every variant near every gene, into tables with the column names of tensorQTL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...io.bgzf import bgzf_blocks, bgzf_text, write_gzi
from ...io.tables import write_rows
from ...personal.dosage_sources import DosageSource, open_dosages
from ...personal.dosages import Dosages
from ...stats import Association, CisScan, PermutedAssociation, eqtl, eqtl_permutations, fdr
from ...types import Progress
from ..blocks import GeneBlock, do_gene_blocks, gene_blocks, packed_rows, unpacked_rows
from ..cohort import LinearCohort
from ..inputs import NO_CONTIG
from ..options import InputPaths, MappingOptions
from ..rows import LeadRow, PairsRow
from ..rundir import RunDirectory
from ..shard import WHOLE, Part
from ..step import Job, Step
from .eqtl_rows import GeneText, VariantCells, nominal_header
from .linear import counted, linear_job

__all__ = ["EQTL", "NOMINAL", "CisMap", "map_blocks", "map_cis", "mapped_genes"]

Float64Array = NDArray[np.float64]

NOMINAL: Final = "eqtl/nominal.tsv.gz"
_PAIRS: Final = "pairs.npz"  # what a block holds of it


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
    """Map cis-eQTLs; write ``eqtl/nominal.tsv.gz`` and ``eqtl/permutation.tsv`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. A gene that cannot be tested says why in the
    column ``status``. With a ``part`` only that is done; the summary is empty unless results are put together.

    Raises
    ------
    InputError
    """
    with linear_job(paths, output, "eqtl", options, transform=transform, resume=resume, part=part) as (run, cohort):
        map_blocks(run, cohort, options, n_threads=n_threads, progress=progress)
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


def map_blocks(
    run: RunDirectory, cohort: LinearCohort, options: MappingOptions, *, n_threads: int = 1,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Map cis-eQTLs of every gene, block by block."""
    source = open_dosages(cohort.genotypes, options.dosage)
    blocks = gene_blocks(cohort.genes, window=options.window)
    there = run.has_result(NOMINAL)

    def finished(block: GeneBlock) -> bool:
        return run.has_block(block.file("eqtl")) and (there or run.has_block(block.file("eqtl", _PAIRS)))

    def compute(block: GeneBlock) -> None:
        found = _map_block(cohort, source, block, options)
        if not (there or run.has_block(block.file("eqtl", _PAIRS))):
            run.write_block(block.file("eqtl", _PAIRS), {"bgzf": np.frombuffer(found.pairs, np.uint8)})
        if not run.has_block(block.file("eqtl")):
            run.write_block(block.file("eqtl"), found.arrays())

    do_gene_blocks(
        run, blocks, finished, compute, n_threads=n_threads, tell=lambda done, n: progress and progress("eqtl", done, n)
    )


def mapped_genes(run: RunDirectory, cohort: LinearCohort, options: MappingOptions) -> CisMap:
    """Write ``eqtl/`` from finished blocks."""
    folder, blocks = run.subdirectory("eqtl"), gene_blocks(cohort.genes, window=options.window)
    stored = [run.read_block(block.file("eqtl")) for block in blocks]
    if not run.has_result(NOMINAL):
        _write_nominal(run, cohort, blocks, stored)
    rows = _in_table_order(blocks, stored)
    sizes = np.concatenate([one["sizes"] for one in stored])
    n_done = sum(row.status == "ok" for row in rows)
    summary = {"n_genes": len(rows), "n_done": n_done, "n_pairs": int(sizes[:, 0].sum())}
    counts = counted([row.status for row in rows], [int(one["left_out"]) for one in stored])
    if not options.permutations:
        return CisMap([], summary, counts)
    q = fdr(np.array([np.nan if row.pval_beta is None else row.pval_beta for row in rows], np.float64))
    rows = [replace(row, qval=value) for row, value in zip(rows, q.tolist(), strict=True)]
    write_rows(folder / "permutation.tsv", LeadRow, rows)
    return CisMap(rows, summary | {"n_egenes": int(np.count_nonzero(q <= 0.05))}, counts)


def _in_table_order(blocks: Sequence[GeneBlock], stored: Sequence[dict[str, NDArray[Any]]]) -> list[LeadRow]:
    found = zip(blocks, stored, strict=True)
    row_of = {
        g: row
        for block, one in found
        for g, row in zip(block.genes, unpacked_rows(LeadRow, one), strict=True)
    }  # fmt: skip
    return [row_of[g] for g in range(len(row_of))]


def _write_nominal(
    run: RunDirectory, cohort: LinearCohort, blocks: Sequence[GeneBlock], stored: Sequence[dict[str, NDArray[Any]]]
) -> None:
    """Join the pairs of the blocks, one at a time in memory; say where the pairs of each gene are."""
    names = [block.file("eqtl", _PAIRS) for block in blocks]
    index: list[PairsRow] = []
    with bgzf_text(run.path / NOMINAL) as out:
        out.write("\t".join(nominal_header(cohort)) + "\n")
        for block, name, one in zip(blocks, names, stored, strict=True):
            at = out.text_size
            for g, (n_pairs, size) in zip(block.genes, one["sizes"].tolist(), strict=True):
                index.append(PairsRow(cohort.genes.gene_id[g], n_pairs, at, size))
                at += size
            out.join(run.read_block(name)["bgzf"].tobytes())
    write_gzi(run.path / f"{NOMINAL}.gzi", out.starts)
    write_rows(run.path / "eqtl" / "nominal.genes.tsv", PairsRow, index)
    run.supersede(NOMINAL, names)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A block that was mapped: the pairs of its genes as BGZF, their lead variants, pairs and bytes of text of each."""

    pairs: bytes
    rows: list[LeadRow]
    sizes: list[tuple[int, int]]
    left_out: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "rows": packed_rows(self.rows),
            "sizes": np.array(self.sizes, np.int64).reshape(-1, 2),
            "left_out": np.array(self.left_out, np.int64),
        }


def _map_block(cohort: LinearCohort, source: DosageSource, block: GeneBlock, options: MappingOptions) -> _Mapped:
    status = _statuses(cohort, block)
    usable = [g for g in block.genes if status[g] == "ok"]
    lead = {g: LeadRow(phenotype_id=cohort.genes.gene_id[g], status=why) for g, why in status.items()}
    text: dict[int, GeneText] = {}
    left_out = 0
    if usable:
        tss = cohort.genes.tss[usable]
        last = int(cohort.genes.last[usable].max())
        region = max(0, int(tss.min()) - options.window), last + options.window + 1
        dosages = source.window(cohort.genes.chrom[usable[0]], *region)
        left_out = dosages.n_skipped
        same_people: dict[bytes, list[int]] = {}
        for g in usable:
            same_people.setdefault(np.isfinite(cohort.values[g]).tobytes(), []).append(g)
        for group in same_people.values():
            for g, row, lines in _map_group(cohort, group, dosages, options):
                lead[g] = row
                text[g] = lines
    # A gene begins a block of the file: its pairs are found by themselves, and a cut between genes changes no byte.
    pairs = b"".join(bgzf_blocks(text[g].lines) for g in block.genes if g in text)
    sizes = [(text[g].n_pairs, len(text[g].lines)) if g in text else (0, 0) for g in block.genes]
    return _Mapped(pairs, [lead[g] for g in block.genes], sizes, left_out)


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


def _map_group(
    cohort: LinearCohort, group: list[int], dosages: Dosages, options: MappingOptions
) -> Iterator[tuple[int, LeadRow, GeneText]]:
    """Map genes that the same people have values of: lead variant, and lines of the table of pairs."""
    people = np.isfinite(cohort.values[group[0]])
    among = dosages if people.all() else dosages.among(people)
    among = among.take(np.flatnonzero(among.minor_frequency >= max(options.min_maf, 1e-12)))
    covariates = None if cohort.covariates is None else cohort.covariates[:, people]
    y, tss = cohort.values[np.ix_(group, people)], cohort.genes.tss[group]
    first = np.searchsorted(among.position, tss - options.window, side="left")
    last = np.searchsorted(among.position, cohort.genes.last[group] + options.window, side="right")
    test = _each_by_itself if among.values.dtype.kind == "f" else _scanned
    pairs = test(among.values, y, covariates, first, last, options)
    variants = VariantCells(among)
    for g, low, high, (one, permuted) in zip(group, first.tolist(), last.tolist(), pairs, strict=True):
        gene = cohort.genes.gene_id[g]
        if one is None:
            yield g, LeadRow(phenotype_id=gene, status="no variants in the window"), GeneText(b"", 0)
            continue
        ends = [int(cohort.genes.tss[g])] + ([] if cohort.genes.end is None else [int(cohort.genes.last[g])])
        lines = variants.lines(gene, low, high, ends, one)
        row = variants.lead_row(gene, low, high, ends, one, permuted)
        yield g, row, GeneText(lines, high - low)


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
        map_blocks(job.directory, cohort, job.options.eqtl, n_threads=job.n_threads, progress=job.tell)


def map_people(job: Job) -> None:
    """Map the eQTLs of the people of a run."""
    cohort = job.linear_cohort()
    if cohort is not None:
        map_people_blocks(job)
        found = mapped_genes(job.directory, cohort, job.options.eqtl)
        job.results.eqtl = found.rows
        job.results.summary["eqtl"], job.results.counts["eqtl"] = found.summary, found.counts


EQTL = Step("eqtl", map_people, needs=("predictions",), writes=("eqtl/",), blocks=map_people_blocks)
