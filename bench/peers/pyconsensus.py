"""pyconsensus-rs: bcftools consensus semantics, variants resident in memory, one bytes object per haplotype."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.data import CHROM, Cohort
from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Batches, CohortPeer, CohortWork, in_batches
from gxfast.bench.scripts.one_hot import table

from .composing import table_encoder

__all__ = ["NAME", "available", "cache_file", "open_engine", "peers"]

NAME = "pyconsensus-rs"
# Bases asked for beyond the window, so that a net deletion can be filled up and the row cut to the length.
_SLACK = 512


def available() -> str | None:
    """Return the remedy where the package is not installed."""
    return missing("pyconsensus-rs", "pyconsensus")


def open_engine(cohort: Cohort) -> Any:
    """Open the VCF; a cache file that an earlier engine left beside it is used."""
    engine = load("pyconsensus", "pyconsensus-rs").ConsensusEngine
    # regions_overlap=1: without it deletions that begin before the window are dropped.
    return engine(
        ref_path=str(cohort.fasta), vcfs={"cohort": str(cohort.vcf)}, regions_overlap=1, log_level="off",
        compile_threads=1,
    )  # fmt: skip


def cache_file(cohort: Cohort) -> Path:
    """Return the file in which an engine keeps the parsed VCF."""
    return cohort.vcf.with_name(cohort.vcf.name + ".cvcf")


class _Engines:
    """The engine of the cohort in use, found by its file."""

    engines: dict[Path, Any] = {}  # noqa: RUF012

    @classmethod
    def of(cls, cohort: Cohort) -> Any:
        if cohort.vcf not in cls.engines:
            cls.engines.clear()
            cls.engines[cohort.vcf] = open_engine(cohort)
        return cls.engines[cohort.vcf]


def _tasks(work: CohortWork, slack: int) -> list[list[Any]]:
    task = load("pyconsensus", "pyconsensus-rs").Task
    found = []
    for gene in range(work.genes):
        start, end = work.window(gene)
        found.append([
            task(CHROM, start + 1, end + slack, "cohort", str(gene), work.cohort.samples[h // 2], str(h % 2 + 1))
            for h in range(work.n)
        ])  # fmt: skip
    return found


def _letters(work: CohortWork) -> Callable[[int], Any]:
    engine, tasks = _Engines.of(work.cohort), _tasks(work, 0)
    return lambda gene: [result.seq for result in engine.consensus_many(tasks[gene], threads=1)]


def _composed(work: CohortWork, rows: int, encode: Callable[[NDArray[Any], slice], NDArray[Any]]) -> Any:
    engine = _Engines.of(work.cohort)
    tasks = _tasks(work, 0 if work.kind == "snv" else _SLACK)

    def batches(gene: int) -> Batches:
        for part in in_batches(work.n, rows):
            results = engine.consensus_many(tasks[gene][part], threads=1)
            letters = np.stack([np.frombuffer(result.seq, np.uint8)[: work.length] for result in results])
            yield part, encode(letters, part)

    return batches


def _with_numba(work: CohortWork, rows: int, out: NDArray[Any] | None = None) -> Any:
    return _composed(work, rows, table_encoder(rows, work.length, out))


def _with_numpy(work: CohortWork) -> Any:
    rows = table("float32", False).view(np.float32)
    return _composed(work, 8, lambda letters, _: rows[letters])


def peers() -> list[CohortPeer]:
    """Return the package alone and composed with encoders."""
    both = lambda: available() or missing("numba", "numba")  # noqa: E731
    composed = f"{NAME} + numba table"
    return [
        CohortPeer(NAME, available, letters=_letters),
        CohortPeer(composed, both, stream=lambda work, out: _with_numba(work, 8, out)),
        CohortPeer(f"{composed}, 8 at a time", both, batches=lambda work: _with_numba(work, 8)),
        CohortPeer(f"{composed}, our buffer size", both, batches=lambda work: _with_numba(work, work.buffer_rows)),
        CohortPeer(f"{NAME} + numpy table[letters]", available, batches=_with_numpy),
    ]
