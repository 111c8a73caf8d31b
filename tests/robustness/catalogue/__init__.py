"""Cases of bad input by area."""

from __future__ import annotations

from . import (
    benchmark,
    effects,
    environment,
    expression,
    fasta,
    genes,
    genotypes,
    groups,
    hostile,
    model,
    naming,
    results,
    vcf_file,
    vcf_records,
)

_AREAS = (
    fasta, naming, vcf_file, vcf_records, genotypes, genes, expression, model, environment, hostile, results,
    effects, groups, benchmark,
)  # fmt: skip
CASES = [case for area in _AREAS for case in area.CASES]
