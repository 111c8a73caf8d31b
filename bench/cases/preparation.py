"""Case K2d: from a cohort's file to a store, CPU time and size."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

from gxfast.bench.cases.haplotypes import open_store
from gxfast.bench.data import CHROM, Cohort, open_cohort
from gxfast.bench.measure import Contender, Field, UnavailableError, compare
from gxfast.bench.registry import Case
from gxfast.bench.result import Goal, Row

from ..peers import preparation

__all__ = ["cases"]

_COLD = "pyconsensus-rs cold, VCF.gz"
_STORE_RATIO = "store bytes / (4 per alternative call)"
# A store may take 0.25x (BCF) or 0.8x (VCF.gz) of that peer's time.
_FASTER_THAN_COLD = {"bcf": 4.0, "vcf": 1.25}


def _read(cohort: Cohort, form: str) -> Any:
    from gxfast.io.fasta import Genome
    from gxfast.io.vcf import VariantFile
    from gxfast.personal.store import HaplotypeStore

    path = cohort.bcf if form == "bcf" else cohort.vcf
    return HaplotypeStore.read(Genome(cohort.fasta), VariantFile(path), CHROM)


def _check(cohort: Cohort, store: Any) -> str:
    if len(store) != len(cohort.position):
        return f"{len(store)} variants, expected {len(cohort.position)}"
    start, end = cohort.window(0, 10_500)
    letters = store.letters(start, end, haplotypes=range(4))
    right = all(bytes(letters[h]) == cohort.expected(h, start, end) for h in range(4))
    return "" if right else "its sequences differ"


def _case(kind: str, form: str, size: str) -> Row:
    cohort = open_cohort(kind, size)
    open_store.cache_clear()  # its memory is not this case's
    field = Field(Contender("gxfast", partial(_read, cohort, form), 1, partial(_check, cohort)))
    for peer in preparation.peers():
        field.add(peer.name, partial(_contender, peer, cohort))
    ratio = _read(cohort, form).nbytes / (4 * cohort.carried)
    goals = [Goal("K2d", _COLD, _FASTER_THAN_COLD[form]), Goal("K2d", _STORE_RATIO, 1.5, at_least=False)]
    return compare(
        f"preparation-{kind}-{form}", field, size=size, goals=goals, figures={_STORE_RATIO: ratio},
        note=f"{len(cohort.position)} sites x {len(cohort.samples)} people; GenVarLoader's windows are not in its time",
    )  # fmt: skip


def _contender(peer: preparation.PreparationPeer, cohort: Cohort) -> Contender:
    remedy = peer.available()
    if remedy:
        raise UnavailableError(remedy)
    return Contender(peer.name, partial(peer.run, cohort), 1)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {
        f"preparation-{kind}-{form}": partial(_case, kind, form)
        for kind, form in itertools.product(("snv", "mix"), ("bcf", "vcf"))
    }
