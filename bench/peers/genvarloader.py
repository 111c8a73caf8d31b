"""GenVarLoader on its documented path: bcftools norm, a sparse variant store, a dataset of windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.data import CHROM, Cohort, temporary_folder
from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Batches, CohortPeer, CohortWork, in_batches

from .composing import table_encoder

__all__ = ["NAME", "WITH_SEQPRO", "available", "build_store", "peers", "quiet"]

NAME = "GenVarLoader svar"
WITH_SEQPRO = "GenVarLoader + seqpro"


def available() -> str | None:
    """Return the remedy where the package is not installed."""
    return missing("genvarloader", "genvarloader", "genoray")


def quiet() -> None:
    """Silence the packages' log, whose lines would be timed."""
    for name in ("genvarloader", "genoray"):
        load("loguru", "genvarloader").logger.disable(name)


def build_store(cohort: Cohort, folder: Path) -> Path:
    """Normalise the BCF as the package's documentation asks for, and build its sparse store."""
    import pysam.bcftools

    quiet()
    genoray = load("genoray", "genvarloader")
    normal, store = folder / "normal.bcf", folder / "store.svar"
    pysam.bcftools.norm(
        "-f", str(cohort.fasta), "-a", "--atom-overlaps", ".", "-m", "-any", "--multi-overlaps", ".",
        "-Ob", "-o", str(normal), str(cohort.bcf), catch_stdout=False,
    )  # fmt: skip
    pysam.bcftools.index("-f", str(normal), catch_stdout=False)
    genoray.SparseVar.from_vcf(store, genoray.VCF(normal), max_mem="4g", overwrite=True)
    return store


class _Stores:
    """The store of the cohort in use, found by its file."""

    held: dict[Path, Path] = {}  # noqa: RUF012

    @classmethod
    def of(cls, cohort: Cohort) -> Path:
        if cohort.vcf not in cls.held:
            cls.held.clear()
            # Always a new folder: the package would take an index that an earlier run left for another file.
            cls.held[cohort.vcf] = build_store(cohort, temporary_folder("genvarloader"))
        return cls.held[cohort.vcf]


@lru_cache(maxsize=1)
def _dataset(work: CohortWork) -> Any:
    """Write and open the dataset of this work's windows."""
    package, polars = load("genvarloader", "genvarloader"), load("polars", "genvarloader")
    store = _Stores.of(work.cohort)
    windows = [work.window(gene) for gene in range(work.genes)]
    bed = polars.DataFrame({
        "chrom": [CHROM] * len(windows),
        "chromStart": [start for start, _ in windows],
        "chromEnd": [end for _, end in windows],
    })  # fmt: skip
    path = store.with_name(f"windows-{work.length}.gvl")
    package.write(path, bed, variants=load("genoray", "genvarloader").SparseVar(store), overwrite=True)
    dataset = package.Dataset.open(path, reference=str(work.cohort.fasta))
    return dataset.with_seqs("haplotypes").with_len(work.length)


def _letters(work: CohortWork) -> Callable[[int], NDArray[Any]]:
    dataset = _dataset(work)
    return lambda gene: dataset[gene, : work.people].reshape(work.n, work.length)


def _composed(work: CohortWork, rows: int, encode: Callable[[NDArray[Any], slice], NDArray[Any]]) -> Any:
    """Sequences of 80 haplotypes per call, the package's better size at most lengths; encoded in batches."""
    dataset = _dataset(work)

    def batches(gene: int) -> Batches:
        for part in in_batches(work.n, 80):
            letters = dataset[gene, part.start // 2 : part.stop // 2].reshape(-1, work.length)
            for piece in in_batches(len(letters), rows):
                rows_of = slice(part.start + piece.start, part.start + piece.stop)
                yield rows_of, encode(letters[piece], rows_of)

    return batches


def _with_numba(work: CohortWork, rows: int, out: NDArray[Any] | None = None) -> Any:
    return _composed(work, rows, table_encoder(rows, work.length, out))


def _with_seqpro(work: CohortWork) -> Any:
    dna = load("seqpro", "genvarloader").DNA
    return _composed(work, 8, lambda letters, _: dna.ohe(letters).astype(np.float32))


def peers() -> list[CohortPeer]:
    """Return the package alone and composed with encoders."""
    both = lambda: available() or missing("numba", "numba")  # noqa: E731
    composed = f"{NAME} + numba table"
    return [
        CohortPeer(NAME, available, letters=_letters),
        CohortPeer(composed, both, stream=lambda work, out: _with_numba(work, 8, out)),
        CohortPeer(f"{composed}, 8 at a time", both, batches=lambda work: _with_numba(work, 8)),
        CohortPeer(f"{composed}, our buffer size", both, batches=lambda work: _with_numba(work, work.buffer_rows)),
        CohortPeer(WITH_SEQPRO, available, batches=_with_seqpro, stream=lambda work, _: _with_seqpro(work)),
    ]
