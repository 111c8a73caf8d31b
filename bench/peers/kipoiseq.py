"""kipoiseq's variant extractor: one haplotype at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gxfast.bench.data import CHROM
from gxfast.bench.packages import load, missing
from gxfast.bench.peers import Batches, CohortPeer, CohortWork
from gxfast.bench.scripts.haplotypes import few

__all__ = ["peers"]

_SLACK = 512  # kipoiseq fills a net deletion from variants beyond the window, if they are given


def _kipoiseq(work: CohortWork) -> Callable[[int], Any]:
    extractor = load("kipoiseq.extractors", "kipoiseq six").VariantSeqExtractor(fasta_file=str(work.cohort.fasta))
    interval = load("kipoiseq.dataclasses", "kipoiseq six").Interval
    given = [[_carried(work, gene, h) for h in range(few(work))] for gene in range(work.genes)]

    def letters(gene: int) -> list[bytes]:
        start, end = work.window(gene)
        window = interval(CHROM, start, end)
        return [
            extractor.extract(window, variants, anchor=start, fixed_len=True).upper().encode()
            for variants in given[gene]
        ]

    return letters


def _carried(work: CohortWork, gene: int, haplotype: int) -> list[Any]:
    """Variants of one haplotype as the package's objects: fetched beforehand, outside the timer."""
    variant = load("kipoiseq.dataclasses", "kipoiseq six").Variant
    cohort, (start, end) = work.cohort, work.window(gene)
    found = []
    low, high = np.searchsorted(cohort.position, (start - 64, end + _SLACK))
    for v in range(low, high):
        allele, ref = int(cohort.calls[v, haplotype]), cohort.alleles[v][0]
        if allele and cohort.position[v] + len(ref) > start:
            alt = cohort.alleles[v][allele]
            found.append(variant(CHROM, int(cohort.position[v]) + 1, ref.decode(), alt.decode()))
    return found


def _kipoiseq_one_hot(work: CohortWork) -> Callable[[int], Batches]:
    letters = _kipoiseq(work)
    encode = load("kipoiseq.transforms.functional", "kipoiseq six").one_hot_dna

    def batches(gene: int) -> Batches:
        rows = [encode(row.decode(), neutral_value=0) for row in letters(gene)]
        yield slice(0, len(rows)), np.stack(rows)

    return batches


def peers() -> list[CohortPeer]:
    """Return both."""
    kipoiseq = lambda: missing("kipoiseq six", "kipoiseq", "six")  # noqa: E731
    return [
        CohortPeer("kipoiseq VariantSeqExtractor", kipoiseq, letters=_kipoiseq, rows=few),
        CohortPeer("kipoiseq extractor + one_hot_dna", kipoiseq, batches=_kipoiseq_one_hot, rows=few),
    ]
