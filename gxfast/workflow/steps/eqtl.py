"""`gxfast eqtl`: every variant near every gene, into tables with the column names of tensorQTL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._threads import worker_pool
from ...io.bgzf import write_bgzf
from ...io.tables import write_rows
from ...personal.dosage_sources import DosageSource, open_dosages
from ...personal.dosages import Dosages
from ...stats import Association, CisScan, PermutedAssociation, eqtl, eqtl_permutations, fdr
from ...types import Progress
from ..cohort import LinearCohort
from ..inputs import NO_CONTIG
from ..options import InputPaths, MappingOptions
from ..rows import LeadRow
from ..rundir import RunDirectory
from ..step import Job, Step
from .linear import counted, linear_job

__all__ = ["EQTL", "CisMap", "map_cis", "map_genes"]

Float64Array = NDArray[np.float64]

_NOMINAL = ("phenotype_id", "variant_id", "start_distance", "end_distance", "af", "ma_samples", "ma_count",
            "pval_nominal", "slope", "slope_se", "r", "log10_pval_nominal")  # fmt: skip
_SPAN = 1_000_000  # between the first and the last gene of a batch, beside the window


@dataclass(frozen=True, slots=True)
class _Gene:
    """What was found for one gene; the dosages are those of the people who have expression."""

    status: str
    dosages: Dosages | None = None
    found: Association | None = None
    permuted: PermutedAssociation | None = None


def map_cis(
    paths: InputPaths,
    output: str,
    options: MappingOptions,
    *,
    transform: str = "none",
    n_threads: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Map cis-eQTLs; write ``eqtl/nominal.tsv.gz`` and ``eqtl/permutation.tsv`` of the run directory.

    Returns the summary. Results do not depend on ``n_threads``. A gene that cannot be tested says why in the
    column ``status``.

    Raises
    ------
    InputError
    """
    with linear_job(paths, output, "eqtl", options, transform=transform, resume=resume) as (run, cohort):
        found = map_genes(run, cohort, options, n_threads=n_threads, progress=progress)
        run.finish({"summary": found.summary, "counts": {"eqtl": found.counts}})
    return found.summary


@dataclass(frozen=True, slots=True)
class CisMap:
    """What was mapped: the lead variants, in order of the genes; none without permutations."""

    rows: list[LeadRow]
    summary: dict[str, Any]
    counts: dict[str, int]


def map_genes(
    run: RunDirectory, cohort: LinearCohort, options: MappingOptions, *, n_threads: int = 1,
    progress: Progress | None = None,
) -> CisMap:  # fmt: skip
    """Map cis-eQTLs of every gene; write ``eqtl/``."""
    folder = run.subdirectory("eqtl")
    source = open_dosages(cohort.genotypes, options.dosage)
    lines_of: dict[int, list[str]] = {}
    row_of: dict[int, LeadRow] = {}
    left_out: list[int] = []
    with worker_pool(n_threads) as pool:
        batches = list(_batches(cohort, options))
        for found in pool.map(lambda batch: _map_batch(cohort, source, batch, options, left_out), batches):
            for g, gene in found.items():
                lines_of[g] = _nominal_lines(cohort, g, gene)
                row_of[g] = _lead_row(cohort, g, gene)
            if progress:
                progress("eqtl", len(row_of), len(cohort.genes))
    rows = [row_of[g] for g in range(len(cohort.genes))]
    lines = ["\t".join(_nominal_header(cohort)), *(line for g in range(len(rows)) for line in lines_of[g])]
    write_bgzf(folder / "nominal.tsv.gz", ("\n".join(lines) + "\n").encode())
    n_done = sum(row.status == "ok" for row in rows)
    summary = {"n_genes": len(rows), "n_done": n_done, "n_pairs": len(lines) - 1}
    counts = counted([row.status for row in rows], left_out)
    if not options.permutations:
        return CisMap([], summary, counts)
    q = fdr(np.array([np.nan if row.pval_beta is None else row.pval_beta for row in rows], np.float64))
    rows = [replace(row, qval=value) for row, value in zip(rows, q.tolist(), strict=True)]
    write_rows(folder / "permutation.tsv", LeadRow, rows)
    return CisMap(rows, summary | {"n_egenes": int(np.count_nonzero(q <= 0.05))}, counts)


def _nominal_header(cohort: LinearCohort) -> list[str]:
    return [name for name in _NOMINAL if name != "end_distance" or cohort.genes.end is not None]


def _batches(cohort: LinearCohort, options: MappingOptions) -> Iterator[list[int]]:
    """Genes whose windows are read together: neighbours on a chromosome."""
    order = sorted(range(len(cohort.genes)), key=lambda g: (cohort.genes.chrom[g], int(cohort.genes.tss[g])))
    batch: list[int] = []
    for g in order:
        far = batch and cohort.genes.tss[g] - cohort.genes.tss[batch[0]] > 2 * options.window + _SPAN
        if batch and (far or cohort.genes.chrom[g] != cohort.genes.chrom[batch[0]]):
            yield batch
            batch = []
        batch.append(g)
    yield batch


def _map_batch(
    cohort: LinearCohort, source: DosageSource, batch: list[int], options: MappingOptions, left_out: list[int]
) -> dict[int, _Gene]:
    if cohort.genes.chrom[batch[0]] not in cohort.genotypes.contigs:
        return {g: _Gene(NO_CONTIG) for g in batch}
    found: dict[int, _Gene] = {}
    same_people: dict[bytes, list[int]] = {}
    used = 0 if cohort.covariates is None else cohort.covariates.shape[0]
    for g in batch:
        y = cohort.values[g]
        people = np.isfinite(y)
        if people.sum() < used + 3:
            found[g] = _Gene("too few people")
        elif y[people].min() == y[people].max():
            found[g] = _Gene("constant expression")
        else:
            same_people.setdefault(people.tobytes(), []).append(g)
    if same_people:
        tss = cohort.genes.tss[batch]
        last = int(cohort.genes.last[batch].max())
        region = max(0, int(tss.min()) - options.window), last + options.window + 1
        dosages = source.window(cohort.genes.chrom[batch[0]], *region)
        left_out.append(dosages.n_skipped)
        for group in same_people.values():
            found |= _map_group(cohort, group, dosages, options)
    return found


def _map_group(cohort: LinearCohort, group: list[int], dosages: Dosages, options: MappingOptions) -> dict[int, _Gene]:
    """Map genes that the same people have values of."""
    people = np.isfinite(cohort.values[group[0]])
    among = dosages.among(people)
    among = among.take(np.flatnonzero(among.minor_frequency >= max(options.min_maf, 1e-12)))
    covariates = None if cohort.covariates is None else cohort.covariates[:, people]
    y, tss = cohort.values[np.ix_(group, people)], cohort.genes.tss[group]
    first = np.searchsorted(among.position, tss - options.window, side="left")
    last = np.searchsorted(among.position, cohort.genes.last[group] + options.window, side="right")
    test = _each_by_itself if among.values.dtype.kind == "f" else _scanned
    pairs = test(among.values, y, covariates, first, last, options)
    found = {}
    for g, low, high, (one, permuted) in zip(group, first.tolist(), last.tolist(), pairs, strict=True):
        if one is None:
            found[g] = _Gene("no variants in the window")
            continue
        near = among.take(np.arange(low, high))
        if one.lead is None:
            found[g] = _Gene("nothing is left beside the covariates", near, one)
        else:
            found[g] = _Gene("ok", near, one, permuted)
    return found


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


def _nominal_lines(cohort: LinearCohort, g: int, gene: _Gene) -> list[str]:
    if gene.dosages is None or gene.found is None:
        return []
    samples, counts = gene.dosages.minor_counts
    af = gene.dosages.frequency
    found = gene.found
    numbers = zip(
        gene.dosages.variant_id, *_distances(cohort, g, gene.dosages), af.tolist(), samples.tolist(), counts.tolist(),
        found.p.tolist(), found.slope.tolist(), found.slope_se.tolist(), found.r.tolist(), found.log10p.tolist(),
        strict=True,
    )  # fmt: skip
    name = cohort.genes.gene_id[g]
    return ["\t".join([name, *("" if value != value else str(value) for value in row)]) for row in numbers]


def _distances(cohort: LinearCohort, g: int, dosages: Dosages) -> list[list[int]]:
    """From the TSS; from the start and the end of phenotypes that are intervals."""
    ends = [cohort.genes.tss] if cohort.genes.end is None else [cohort.genes.tss, cohort.genes.last]
    return [(dosages.position - int(end[g])).tolist() for end in ends]


def _lead_row(cohort: LinearCohort, g: int, gene: _Gene) -> LeadRow:
    row = LeadRow(phenotype_id=cohort.genes.gene_id[g], status=gene.status)
    if gene.dosages is None or gene.found is None or gene.found.lead is None:
        return row
    lead, found, permuted = gene.found.lead, gene.found, gene.permuted
    variant = gene.dosages.take(np.array([lead]))
    samples, counts = variant.minor_counts
    row = replace(
        row,
        num_var=gene.dosages.position.size,
        variant_id=variant.variant_id[0],
        start_distance=int(variant.position[0]) - int(cohort.genes.tss[g]),
        end_distance=None if cohort.genes.end is None else int(variant.position[0] - cohort.genes.last[g]),
        ma_samples=int(samples[0]),
        ma_count=int(counts[0]),
        af=float(variant.frequency[0]),
        pval_nominal=float(found.p[lead]),
        slope=float(found.slope[lead]),
        slope_se=float(found.slope_se[lead]),
        pval_perm=permuted.pval_perm if permuted else None,
    )
    fit = permuted.beta if permuted else None
    if fit is None:
        return row
    return replace(
        row,
        beta_shape1=fit.shape1,
        beta_shape2=fit.shape2,
        true_df=fit.true_df,
        pval_true_df=fit.pval_true_df,
        pval_beta=fit.pval_beta,
    )


def map_people(job: Job) -> None:
    """Map the eQTLs of the people of a run."""
    cohort = job.linear_cohort()
    if cohort is not None:
        found = map_genes(job.directory, cohort, job.options.eqtl, n_threads=job.n_threads, progress=job.tell)
        job.results.eqtl = found.rows
        job.results.summary["eqtl"], job.results.counts["eqtl"] = found.summary, found.counts


EQTL = Step("eqtl", map_people, needs=("predictions",), writes=("eqtl/",))
