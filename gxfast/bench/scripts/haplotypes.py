"""Personal sequences by hand: pysam fetches, alleles are put into copies of the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data import CHROM
from ..peers import CohortPeer, CohortWork, always

__all__ = ["FEW", "few", "peers"]

FEW = 6  # haplotypes per call, where each takes milliseconds


def few(work: CohortWork) -> int:
    """Return how many haplotypes a slow peer makes."""
    return min(FEW, work.n)


def _pysam(work: CohortWork) -> Callable[[int], Any]:
    """Fetch reference and records of the window, put the SNVs of each haplotype into a copy."""
    import pysam

    fasta, vcf = pysam.FastaFile(str(work.cohort.fasta)), pysam.VariantFile(str(work.cohort.bcf))
    people = work.cohort.samples[: few(work) // 2]

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
    """Return the script; it sets SNVs only."""
    return [CohortPeer("pysam + NumPy", always, letters=_pysam, rows=few, kinds=("snv",))]
