"""What each system does before the first sequence: from a VCF or BCF to something it can cut windows from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gxfast.bench.data import Cohort
from gxfast.bench.packages import load, missing

from . import genvarloader, pyconsensus

__all__ = ["PreparationPeer", "peers"]


@dataclass(frozen=True, slots=True)
class PreparationPeer:
    """A way to prepare a cohort: ``run`` returns how many sites or bytes it made, for the log."""

    name: str
    available: Callable[[], str | None]
    run: Callable[[Cohort], object]


def _pyconsensus_cold(cohort: Cohort) -> object:
    pyconsensus.cache_file(cohort).unlink(missing_ok=True)
    return pyconsensus.open_engine(cohort)


def _pyconsensus_cached(cohort: Cohort) -> object:
    if not pyconsensus.cache_file(cohort).exists():
        pyconsensus.open_engine(cohort)
    return pyconsensus.open_engine(cohort)


def _genvarloader(cohort: Cohort) -> object:
    with tempfile.TemporaryDirectory() as folder:
        return genvarloader.build_store(cohort, Path(folder)).name


def _cyvcf2(path: Path) -> int:
    """Read every genotype array, and keep none: the floor of any preparation through this package."""
    total = 0
    for record in load("cyvcf2", "cyvcf2").VCF(str(path)):
        total += int(record.genotype.array().shape[0] > 0)
    return total


def peers() -> list[PreparationPeer]:
    """Return the peers; VCF.gz or BCF is part of their name."""
    cyvcf2 = lambda: missing("cyvcf2", "cyvcf2")  # noqa: E731
    return [
        PreparationPeer("pyconsensus-rs cold, VCF.gz", pyconsensus.available, _pyconsensus_cold),
        PreparationPeer("pyconsensus-rs with its cache file", pyconsensus.available, _pyconsensus_cached),
        PreparationPeer("GenVarLoader norm + svar, BCF", genvarloader.available, _genvarloader),
        PreparationPeer("cyvcf2 reads genotypes, BCF", cyvcf2, lambda cohort: _cyvcf2(cohort.bcf)),
        PreparationPeer("cyvcf2 reads genotypes, VCF.gz", cyvcf2, lambda cohort: _cyvcf2(cohort.vcf)),
    ]
