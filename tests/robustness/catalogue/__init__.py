"""Cases of bad input by area."""

from __future__ import annotations

from . import environment, expression, fasta, genes, genotypes, hostile, model, naming, results, vcf_file, vcf_records

_AREAS = (
    fasta, naming, vcf_file, vcf_records, genotypes, genes, expression, model, environment, hostile, results
)  # fmt: skip
CASES = [case for area in _AREAS for case in area.CASES]
