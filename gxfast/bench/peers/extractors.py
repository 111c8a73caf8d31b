"""kipoiseq's variant extractor, and a script with pysam and NumPy: one haplotype at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data import CHROM
from . import load, missing
from .cohort_interface import Batches, CohortPeer, CohortWork

__all__ = ["peers"]

_FEW = 6  # haplotypes per call: these peers take milliseconds for each
_SLACK = 512  # kipoiseq fills a net deletion from variants beyond the window, if they are given


def _few(work: CohortWork) -> int:
    return min(_FEW, work.n)


def _kipoiseq(work: CohortWork) -> Callable[[int], Any]:
    extractor = load("kipoiseq.extractors", "kipoiseq six").VariantSeqExtractor(fasta_file=str(work.cohort.fasta))
    interval = load("kipoiseq.dataclasses", "kipoiseq six").Interval
    given = [[_carried(work, gene, h) for h in range(_few(work))] for gene in range(work.genes)]

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


def _pysam(work: CohortWork) -> Callable[[int], Any]:
    """Fetch reference and records of the window, put the SNVs of each haplotype into a copy."""
    import pysam

    fasta, vcf = pysam.FastaFile(str(work.cohort.fasta)), pysam.VariantFile(str(work.cohort.bcf))
    people = work.cohort.samples[: _few(work) // 2]

    def letters(gene: int) -> list[bytes]:
        start, end = work.window(gene)
        reference = fasta.fetch(CHROM, start, end).upper().encode()
        rows = [bytearray(reference) for _ in range(2 * len(people))]
        for record in vcf.fetch(CHROM, start, end):
            for person, name in enumerate(people):
                for copy, allele in enumerate(record.samples[name]["GT"]):
                    if allele:
                        rows[2 * person + copy][record.pos - 1 - start] = ord(record.alleles[allele])
        return [bytes(row) for row in rows]

    return letters


def peers() -> list[CohortPeer]:
    """Return both."""
    kipoiseq = lambda: missing("kipoiseq six", "kipoiseq", "six")  # noqa: E731
    return [
        CohortPeer("kipoiseq VariantSeqExtractor", kipoiseq, letters=_kipoiseq, rows=_few),
        CohortPeer("kipoiseq extractor + one_hot_dna", kipoiseq, batches=_kipoiseq_one_hot, rows=_few),
        CohortPeer("pysam + NumPy", lambda: None, letters=_pysam, rows=_few, kinds=("snv",)),
    ]
