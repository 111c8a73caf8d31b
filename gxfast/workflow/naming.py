"""Names of contigs in a job: found by those of the genome, told once, and kept in the manifest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..io.contigs import ContigNames, Renamed
from ..io.fasta import Genome
from ..io.vcf_set import VariantFileSet
from ..types import CovariateTable
from .options import InputPaths

__all__ = ["TURNED", "contig_names", "contigs_of_plan", "tell_renamed", "tell_vcf"]

TURNED: Final = "people x covariates; read the other way round"


def contig_names(paths: InputPaths, genome: Genome) -> ContigNames:
    """Return the names of the genome's contigs, by which those of all other files are found."""
    return ContigNames(genome.contigs, paths.contigs)


def tell_vcf(cohort: VariantFileSet) -> tuple[Renamed, ...]:
    """Return which contigs of the VCF go by another name."""
    other = {cohort.spelled(contig): contig for contig in cohort.contigs if cohort.spelled(contig) != contig}
    return (Renamed("VCF", other, cohort.names_by),) if other else ()


def tell_renamed(renamed: Sequence[Renamed], covariates: CovariateTable | None = None) -> None:
    """Say once what was translated or turned, where no check of the inputs does."""
    log = logging.getLogger("gxfast")
    for one in renamed:
        log.warning("contigs of the %s", one.text)
    if covariates is not None and covariates.transposed:
        log.warning("%s: %s", covariates.source, TURNED)


def contigs_of_plan(paths: InputPaths, renamed: Sequence[Renamed]) -> dict[str, Any]:
    """Return how contigs were named, for the manifest and to guard a resumed run; nothing where nothing was done."""
    found: dict[str, Any] = {one.what: {"by": one.by, "names": one.names} for one in renamed}
    if paths.contigs:
        found["option"] = Path(paths.contigs).name
    return {"contigs": found} if found else {}
