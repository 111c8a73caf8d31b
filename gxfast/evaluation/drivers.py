"""The SNVs in the window of a gene: effect, eQTL, whether they drive predictions, and whether eQTLs support that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..io.tables import optional_column
from ..personal.dosages import Dosages
from ..stats.drivers import DriverSelection, Rule, driver_support, select_drivers
from ..types import PredictionSet
from .signals import SignalTags

if TYPE_CHECKING:
    from .result import Evaluation, Observed

__all__ = ["LINEAR_R", "DriverRow", "GeneDrivers", "SupportRow", "driver_rows", "gene_drivers", "support_rows"]

Float64Array = NDArray[np.float64]
# Genes whose linear approximation correlates less with the model are left out of what is said about drivers.
LINEAR_R: Final = 0.2


@dataclass(frozen=True, slots=True, repr=False)
class GeneDrivers(Brief):
    """One gene and track: V SNVs in the model's window that differ between people.

    Attributes
    ----------
    gene, track : int
        Row of the predictions, and track.
    dosages : Dosages
    effect, slope, eqtl_r, eqtl_p : float64 arrays, shape (V,)
        Predicted effect on the reference; OLS of the expression that was evaluated on the dosage, without covariates;
        NaN without expression.
    selection : gxfast.stats.DriverSelection
    support : str array, shape (V,)
    tags : SignalTags or None
        The eQTL signal that each SNV tags, where the run looked for more than one.
    """

    gene: int
    track: int
    dosages: Dosages
    effect: Float64Array
    slope: Float64Array
    eqtl_r: Float64Array
    eqtl_p: Float64Array
    selection: DriverSelection
    support: NDArray[np.str_]
    tags: SignalTags | None = None

    def _facts(self) -> str:
        return f"gene {self.gene}, track {self.track}, {self.selection!r}"

    @property
    def allele_freq(self) -> Float64Array:
        """Frequency of each alternative allele, shape (V,)."""
        return self.dosages.frequency


@dataclass(frozen=True, slots=True, repr=False)
class DriverRow(Brief):
    """A row of ``drivers.tsv``; ``pos`` and ``tss`` are 1-based.

    ``signal`` is the lead variant of the eQTL signal that the driver is most correlated with (``signal_r``), where the
    run looked for signals; `SignalTags` defines ``signal_support``.
    """

    model: str
    gene_id: str
    name: str
    chrom: str
    tss: int
    strand: str
    variant_id: str
    pos: int
    ref: str
    alt: str
    tss_distance: int
    ism: float
    linear_r: float
    own_r: float
    own_p: float
    increase: float
    drop: float
    is_main: bool
    n_carriers: int
    carrier_freq: float
    allele_freq: float
    eqtl_slope: float
    eqtl_r: float
    eqtl_p: float
    support: str
    signal: str | None = optional_column()
    signal_r: float | None = optional_column()
    signal_slope: float | None = optional_column()
    signal_support: str | None = optional_column()


@dataclass(frozen=True, slots=True, repr=False)
class SupportRow(Brief):
    """A row of ``support.tsv``: the fraction of a gene's drivers that eQTLs support, plain and weighted by increase.

    ``signal_supported_fraction`` is that of the drivers that tag a signal.
    """

    model: str
    gene_id: str
    name: str
    pearson_r: float | None
    pearson_q: float | None
    linear_r: float
    n_snvs: int
    n_drivers: int
    n_supported: int
    n_unsupported: int
    supported_fraction: float | None
    supported_fraction_weighted: float | None
    main_driver: str | None
    main_support: str | None
    main_tss_distance: int | None
    n_signal_supported: int | None = optional_column()
    n_signal_unsupported: int | None = optional_column()
    n_untagged: int | None = optional_column()
    signal_supported_fraction: float | None = optional_column()
    main_signal_support: str | None = optional_column()


def gene_drivers(
    predictions: PredictionSet,
    observed: Observed | None,
    gene: int,
    dosages: Dosages,
    effects: Float64Array,
    *,
    haplotypes: str = "mean",
    rule: Rule = "published",
    gain: float = 0.05,
    alpha: float = 0.01,
) -> list[GeneDrivers]:
    """Select the drivers of a gene; one entry per track.

    The linear approximation counts alleles as the model's card puts haplotypes together, so that it is exact for a
    model that is linear in the sequence, whatever the ploidy.

    Parameters
    ----------
    predictions : PredictionSet
    observed : Observed or None
    gene : int
        Row of the predictions.
    dosages : Dosages
        V SNVs, the people of the predictions.
    effects : float64 array, shape (V, T)
    haplotypes : {"mean", "sum"}
        How the model's card makes people out of haplotypes.
    rule, gain, alpha
        As in `gxfast.stats.select_drivers`.
    """
    x = dosages.as_read(None if predictions.ploidy is None else predictions.ploidy[gene], haplotypes)
    slope, r, p = _eqtl(dosages, predictions, observed, gene)
    found = []
    for t in range(len(predictions.tracks)):
        effect = np.ascontiguousarray(effects[:, t])
        values = _beside_reference(predictions, gene, t, haplotypes)
        there = np.isfinite(values)  # nobody is predicted without a haplotype
        own = x if there.all() else np.ascontiguousarray(x[:, there])
        selection = select_drivers(own, effect, values[there], rule=rule, gain=gain, alpha=alpha)
        found.append(GeneDrivers(gene, t, dosages, effect, slope, r, p, selection, driver_support(effect, slope)))
    return found


def _beside_reference(predictions: PredictionSet, gene: int, track: int, haplotypes: str) -> Float64Array:
    """Predictions; where sums are over different numbers of haplotypes, less the reference's for each of them."""
    values: Float64Array = predictions.values[gene, :, track]
    ploidy = None if predictions.ploidy is None else predictions.ploidy[gene]
    if haplotypes != "sum" or ploidy is None or (ploidy == ploidy[:1]).all():
        return values
    return np.asarray(values - ploidy * predictions.reference[gene, track])


def _eqtl(
    snvs: Dosages, predictions: PredictionSet, observed: Observed | None, gene: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Slope, r and p of each SNV against the expression that was evaluated."""
    from ..stats import eqtl

    nothing = np.full(len(snvs.position), np.nan)
    if observed is None:
        return nothing, nothing, nothing
    y = observed.evaluated[gene]
    there = np.isfinite(y)
    if there.sum() < 3 or np.ptp(y[there]) == 0:
        return nothing, nothing, nothing
    place = {name: i for i, name in enumerate(predictions.samples)}
    people = np.array([place[name] for name in observed.samples])[there]
    found = eqtl(snvs.values[:, people].astype(np.float64), y[there])
    return found.slope, found.r, found.p


def driver_rows(predictions: PredictionSet, found: Sequence[GeneDrivers]) -> list[DriverRow]:
    """Return the drivers of all genes, gene by gene."""
    return [_driver_row(predictions, one, v) for one in found for v in np.flatnonzero(one.selection.is_driver).tolist()]


def _driver_row(predictions: PredictionSet, one: GeneDrivers, v: int) -> DriverRow:
    genes, g, snvs, chosen = predictions.genes, one.gene, one.dosages, one.selection
    position, tss = int(snvs.position[v]), int(genes.tss[g])
    carriers, people = int(snvs.n_carriers[v]), int(snvs.n_people[v])
    return DriverRow(
        model=predictions.model,
        gene_id=predictions.row_name(g, one.track),
        name=genes.name[g],
        chrom=snvs.chrom,
        tss=tss + 1,
        strand=genes.strand[g],
        variant_id=snvs.variant_id[v],
        pos=position + 1,
        ref=snvs.ref[v],
        alt=snvs.alt[v],
        tss_distance=position - tss,
        ism=float(one.effect[v]),
        linear_r=chosen.linear_r,
        own_r=float(chosen.own_r[v]),
        own_p=float(chosen.own_p[v]),
        increase=float(chosen.increase[v]),
        drop=float(chosen.drop[v]),
        is_main=v == chosen.main,
        n_carriers=carriers,
        carrier_freq=carriers / people if people else float("nan"),
        allele_freq=float(one.allele_freq[v]),
        eqtl_slope=float(one.slope[v]),
        eqtl_r=float(one.eqtl_r[v]),
        eqtl_p=float(one.eqtl_p[v]),
        support=str(one.support[v]),
        **_tag_cells(one.tags, v),
    )


def _tag_cells(tags: SignalTags | None, v: int) -> dict[str, Any]:
    if tags is None:
        return {}
    return {
        "signal": tags.lead[v] or "", "signal_r": float(tags.r[v]), "signal_slope": float(tags.slope[v]),
        "signal_support": str(tags.support[v]),
    }  # fmt: skip


def _signal_cells(one: GeneDrivers, drivers: NDArray[np.int64]) -> dict[str, Any]:
    """Columns of ``support.tsv`` on the signals that drivers tag."""
    if one.tags is None:
        return {}
    kinds, main = one.tags.support[drivers].tolist(), one.selection.main
    supported, unsupported = kinds.count("supported"), kinds.count("unsupported")
    tagged = len(kinds) - kinds.count("untagged")
    return {
        "n_signal_supported": supported, "n_signal_unsupported": unsupported, "n_untagged": len(kinds) - tagged,
        "signal_supported_fraction": supported / tagged if tagged else float("nan"),
        "main_signal_support": None if main is None else str(one.tags.support[main]),
    }  # fmt: skip


def support_rows(
    predictions: PredictionSet, found: Sequence[GeneDrivers], evaluation: Evaluation | None
) -> list[SupportRow]:
    """Return one row per gene."""
    return [_support_row(predictions, one, evaluation) for one in found]


def _support_row(predictions: PredictionSet, one: GeneDrivers, evaluation: Evaluation | None) -> SupportRow:
    chosen, row = one.selection, one.gene * len(predictions.tracks) + one.track
    drivers = np.flatnonzero(chosen.is_driver)
    supported, main = one.support[drivers] == "supported", chosen.main
    tss = int(predictions.genes.tss[one.gene])
    return SupportRow(
        model=predictions.model,
        gene_id=predictions.row_name(one.gene, one.track),
        name=predictions.genes.name[one.gene],
        pearson_r=None if evaluation is None else float(evaluation.pearson_r[row]),
        pearson_q=None if evaluation is None else float(evaluation.pearson_q[row]),
        linear_r=chosen.linear_r,
        n_snvs=len(one.dosages.position),
        n_drivers=int(drivers.size),
        n_supported=int(supported.sum()),
        n_unsupported=int((one.support[drivers] == "unsupported").sum()),
        supported_fraction=float(supported.mean()) if drivers.size else None,
        supported_fraction_weighted=(
            float(np.average(supported, weights=chosen.increase[drivers])) if drivers.size else None
        ),
        main_driver=None if main is None else one.dosages.variant_id[main],
        main_support=None if main is None else str(one.support[main]),
        main_tss_distance=None if main is None else int(one.dosages.position[main]) - tss,
        **_signal_cells(one, drivers),
    )
