"""The run directory that the comparisons of `gxfast eqtl` read, and its cohort (docs/statistics.md)."""

from __future__ import annotations

import os
from pathlib import Path

from gxfast.io.tables import read_table
from gxfast.workflow.cohort import LinearCohort, linear_cohort
from gxfast.workflow.inputs import open_people
from gxfast.workflow.options import InputPaths

WINDOW, REGION = 100_000, "chr22:16050001-19990000"


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a table of the run directory."""
    columns = read_table(path)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def vcf_path() -> str:
    """Path of the VCF in the folder that GXFAST_DATA names."""
    return str(_data() / "geno" / "geuvadis358.chr22.vcf.gz")


def cohort_of_the_run() -> LinearCohort:
    """Open the genotypes, transformed expression and covariates that the run used."""
    expression, covariates = "geuvadis358.chr22.rpkm.bed.gz", "geuvadis358.covariates.pc50.txt.gz"
    folder = _data() / "expr"
    paths = InputPaths(
        fasta="",
        vcf=(vcf_path(),),
        models=(),
        expression=str(folder / expression),
        covariates=str(folder / covariates),
        n_covariates=13,
        regions=(REGION,),
    )
    return linear_cohort(open_people(paths, strands=False), "inverse_normal")


def _data() -> Path:
    return Path(os.environ["GXFAST_DATA"]) / "geuvadis_chr22"
