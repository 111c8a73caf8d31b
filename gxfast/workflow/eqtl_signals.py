"""The eQTL signals of a run for the steps after it, with the dosages of their leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.drivers import GeneDrivers
from ..evaluation.signals import EqtlSignals, Signal, tag_signals
from ..personal.dosages import count_alternative
from .rows import SignalRow, SusieRow
from .step import Job

__all__ = ["DriverTags", "signals_of"]


def signals_of(job: Job) -> EqtlSignals | None:
    """Return what the eQTL step found beyond one eQTL per gene; None where it did not look."""
    options = job.options.eqtl
    if "eqtl" not in job.steps or not (options.independent or options.susie):
        return None
    return EqtlSignals(
        _independent(job.results.independent) if options.independent else _leads(job.results.susie),
        _fine_mapped(job.results.susie),
        options.independent,
    )


def _independent(rows: Sequence[SignalRow]) -> Mapping[str, Sequence[Signal]]:
    found: dict[str, list[Signal]] = {}
    for row in rows:
        found.setdefault(row.phenotype_id, []).append(Signal(row.variant_id, row.slope, row.rank))
    return found


def _leads(rows: Sequence[SusieRow]) -> Mapping[str, Sequence[Signal]]:
    """The variant with the largest share of each credible set, the first of equal ones."""
    best: dict[tuple[str, int], SusieRow] = {}
    for row in rows:
        key = row.phenotype_id, row.cs_id
        if key not in best or row.alpha > best[key].alpha:
            best[key] = row
    found: dict[str, list[Signal]] = {}
    for row in best.values():
        own = found.setdefault(row.phenotype_id, [])
        own.append(Signal(row.variant_id, row.slope, len(own) + 1))
    return found


def _fine_mapped(rows: Sequence[SusieRow]) -> Mapping[tuple[str, str], tuple[float, float]]:
    """PIP, and the slope in the credible set that the variant is likeliest the one of."""
    best: dict[tuple[str, str], SusieRow] = {}
    for row in rows:
        key = row.phenotype_id, row.variant_id
        if key not in best or row.alpha > best[key].alpha:
            best[key] = row
    return {key: (row.pip, row.slope) for key, row in best.items()}


class DriverTags:
    """Says of the SNVs of genes which signals they tag.

    Parameters
    ----------
    job : Job
    signals : EqtlSignals
    """

    def __init__(self, job: Job, signals: EqtlSignals) -> None:
        self._job, self._signals = job, signals

    def add(self, gene_id: str, tracks: Sequence[GeneDrivers]) -> list[GeneDrivers]:
        """Return the entries of one gene, its SNVs tagged."""
        known = [
            (signal, dosages)
            for signal in self._signals.of_gene.get(gene_id, ())
            if (dosages := self._dosages(tracks[0].dosages.chrom, signal.lead)) is not None
        ]
        signals, leads = [signal for signal, _ in known], np.array([dosages for _, dosages in known])
        return [replace(one, tags=tag_signals(one.dosages.values, one.effect, signals, leads)) for one in tracks]

    def _dosages(self, chrom: str, variant: str) -> NDArray[Any] | None:
        """Dosages of a lead among the people of the run; None where the VCF calls it otherwise (imputed ones)."""
        position = int(variant.rsplit("_", 3)[1]) - 1
        there = count_alternative(self._job.inputs.genotypes.region(chrom, position, position + 1))
        if variant not in there.variant_id:
            return None
        return np.asarray(there.values[there.variant_id.index(variant)])
