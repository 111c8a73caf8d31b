"""Do a model's effects point the way eQTLs do, and what goes with success: two tables over genes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..io.tables import optional_column
from .signals import EqtlSignals

if TYPE_CHECKING:
    from ..types import PredictionSet
    from .drivers import GeneDrivers

__all__ = ["PIPS", "DirectionRow", "Directions", "direction_rows"]

Float64Array = NDArray[np.float64]
PIPS: Final = (0.1, 0.5, 0.9)
_STRATA: Final = 3  # groups of equal size by distance, frequency and effect


@dataclass(frozen=True, slots=True, repr=False)
class DirectionRow(Brief):
    """A row of ``direction.tsv``: do effects and eQTL slopes of a group of SNVs have one sign?

    ``low`` and ``high`` bound the group. Share of equal signs with the Clopper-Pearson interval and the exact
    binomial p; Spearman's rho of effect and slope, and of their absolute values. ``conditional_``: of the same SNVs
    with the slope given the gene's other signals (strata ``signal``, by rank) or the posterior mean (``susie_pip``).
    """

    model: str
    track: str
    stratum: str
    low: float | None
    high: float | None
    n: int
    equal_sign: float
    equal_sign_low: float
    equal_sign_high: float
    equal_sign_p: float
    signed_rho: float
    signed_p: float
    absolute_rho: float
    absolute_p: float
    conditional_equal_sign: float | None = optional_column()
    conditional_equal_sign_low: float | None = optional_column()
    conditional_equal_sign_high: float | None = optional_column()
    conditional_equal_sign_p: float | None = optional_column()
    conditional_signed_rho: float | None = optional_column()
    conditional_signed_p: float | None = optional_column()


def direction_rows(
    predictions: PredictionSet, found: Iterable[GeneDrivers],
    finemapped: Mapping[tuple[str, str], float] | None = None, signals: EqtlSignals | None = None,
) -> list[DirectionRow]:  # fmt: skip
    """Return the rows of a model: per gene the SNV of its window with the smallest eQTL p.

    First all of them, then thirds by absolute distance to the TSS, by minor allele frequency and by absolute
    effect; then the fine-mapped SNVs with a posterior inclusion probability of at least `PIPS`, any number per gene.

    Parameters
    ----------
    predictions : PredictionSet
    found : iterable of GeneDrivers
    finemapped : mapping of (gene, variant) to float, optional
        Posterior inclusion probabilities; variants as ``chrom_pos_ref_alt``.
    signals : EqtlSignals, optional
        Of the run itself: the leads of all signals (all; the first; the others), and the SNVs of credible sets with
        a posterior inclusion probability of at least `PIPS`.
    """
    collected = Directions(predictions, finemapped, signals)
    collected.add(found)
    return collected.rows()


class Directions:
    """What `direction_rows` needs of each gene, so that genes may come one after the other and be forgotten.

    Parameters
    ----------
    predictions, finemapped, signals
        As in `direction_rows`.

    Attributes
    ----------
    n_finemapped : int
        Fine-mapped SNVs that were met.
    """

    def __init__(
        self, predictions: PredictionSet, finemapped: Mapping[tuple[str, str], float] | None = None,
        signals: EqtlSignals | None = None,
    ) -> None:  # fmt: skip
        self._predictions, self._pips, self._eqtls = predictions, finemapped, signals or EqtlSignals()
        n_tracks = len(predictions.tracks)
        self._leads: list[list[tuple[float, float, float, float]]] = [[] for _ in range(n_tracks)]
        self._finemapped: list[list[tuple[float, float, float]]] = [[] for _ in range(n_tracks)]
        # effect, marginal slope, slope given the others, and rank or posterior inclusion probability
        self._signals: list[list[tuple[float, float, float, float]]] = [[] for _ in range(n_tracks)]
        self._susie: list[list[tuple[float, float, float, float]]] = [[] for _ in range(n_tracks)]
        self.n_finemapped = 0

    def add(self, found: Iterable[GeneDrivers]) -> None:
        """Take the leads, and the fine-mapped SNVs, of genes."""
        for one in found:
            lead = _lead(self._predictions, one)
            if lead is not None:
                self._leads[one.track].append(lead)
            if self._pips:
                known = _finemapped(self._predictions, one, self._pips)
                self._finemapped[one.track] += known
                self.n_finemapped += len(known) if one.track == 0 else 0
            self._add_signals(one)

    def _add_signals(self, one: GeneDrivers) -> None:
        gene = self._predictions.genes.gene_id[one.gene]
        lead = {each.lead: each for each in self._eqtls.of_gene.get(gene, ())} if self._eqtls.conditional else {}
        for v, variant in enumerate(one.dosages.variant_id):
            both = float(one.effect[v]), float(one.slope[v])
            if variant in lead:
                self._signals[one.track].append((*both, lead[variant].slope, lead[variant].rank))
            if (gene, variant) in self._eqtls.fine_mapped:
                pip, slope = self._eqtls.fine_mapped[gene, variant]
                self._susie[one.track].append((*both, slope, pip))

    def rows(self) -> list[DirectionRow]:
        """Return the rows of all genes that were added."""
        rows = []
        for t, track in enumerate(self._predictions.tracks):
            add = partial(_row, self._predictions.model, track)
            leads = self._leads[t]
            if not leads:
                continue
            effect, slope, distance, frequency = np.array(leads).T
            by = {"all": None, "distance": np.abs(distance), "frequency": frequency, "effect": np.abs(effect)}
            for name, values in by.items():
                for group in _groups(values, len(leads)):
                    low = None if values is None else float(values[group].min())
                    high = None if values is None else float(values[group].max())
                    rows.append(add(name, low, high, effect[group], slope[group]))
            if self._pips:
                known = np.array(self._finemapped[t]).reshape(-1, 3)
                for least in PIPS:
                    kept = known[known[:, 2] >= least]
                    rows.append(add("pip", least, 1.0, kept[:, 0], kept[:, 1]))
            rows += self._signal_rows(t, add)
        return rows

    def _signal_rows(self, t: int, add: Callable[..., DirectionRow]) -> Iterator[DirectionRow]:
        """Rows of the leads of signals, and of the SNVs of credible sets, where there are any."""
        if self._eqtls.conditional:
            leads = np.array(self._signals[t]).reshape(-1, 4)
            first, last = leads[:, 3] == 1, float(leads[:, 3].max(initial=2))
            for low, high, kept in ((None, None, leads), (1.0, 1.0, leads[first]), (2.0, last, leads[~first])):
                yield _beside(add("signal", low, high, kept[:, 0], kept[:, 1]), kept)
        if self._eqtls.fine_mapped:
            sets = np.array(self._susie[t]).reshape(-1, 4)
            for least in PIPS:
                kept = sets[sets[:, 3] >= least]
                yield _beside(add("susie_pip", least, 1.0, kept[:, 0], kept[:, 1]), kept)


def _row(
    model: str, track: str, stratum: str, low: float | None, high: float | None, effect: Any, slope: Any
) -> DirectionRow:
    from ..stats import rank_agreement, sign_agreement

    (signs,) = sign_agreement(effect, slope)
    ranks = rank_agreement(effect, slope)
    sign = signs.n, signs.share, signs.low, signs.high, signs.p
    rank = ranks.signed, ranks.signed_p, ranks.absolute, ranks.absolute_p
    return DirectionRow(model, track, stratum, low, high, *sign, *rank)


def _beside(row: DirectionRow, found: Float64Array) -> DirectionRow:
    """The row with what slopes given the other signals say of the same SNVs."""
    from ..stats import rank_agreement, sign_agreement

    (signs,), ranks = sign_agreement(found[:, 0], found[:, 2]), rank_agreement(found[:, 0], found[:, 2])
    return replace(
        row, conditional_equal_sign=signs.share, conditional_equal_sign_low=signs.low,
        conditional_equal_sign_high=signs.high, conditional_equal_sign_p=signs.p, conditional_signed_rho=ranks.signed,
        conditional_signed_p=ranks.signed_p,
    )  # fmt: skip


def _finemapped(
    predictions: PredictionSet, one: GeneDrivers, pip: Mapping[tuple[str, str], float]
) -> list[tuple[float, float, float]]:
    """Effect, eQTL slope and PIP of the fine-mapped SNVs that the window of a gene holds."""
    gene = predictions.genes.gene_id[one.gene]
    return [
        (float(one.effect[v]), float(one.slope[v]), pip[gene, variant])
        for v, variant in enumerate(one.dosages.variant_id)
        if (gene, variant) in pip
    ]


def _lead(predictions: PredictionSet, one: GeneDrivers) -> tuple[float, float, float, float] | None:
    if not np.isfinite(one.eqtl_p).any():
        return None
    v = int(np.nanargmin(one.eqtl_p))
    distance = float(one.dosages.position[v] - predictions.genes.tss[one.gene])
    return float(one.effect[v]), float(one.slope[v]), distance, float(one.dosages.minor_frequency[v])


def _groups(values: Float64Array | None, n: int) -> list[NDArray[np.int64]]:
    if values is None:
        return [np.arange(n)]
    if n < 2 * _STRATA:
        return []
    return [np.asarray(part) for part in np.array_split(np.argsort(values, kind="stable"), _STRATA)]
