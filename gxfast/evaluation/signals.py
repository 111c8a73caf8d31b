"""Which eQTL signal a driver tags, and whether that signal bears its direction out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from ..stats.drivers import driver_support

__all__ = ["TAGGED_R2", "EqtlSignals", "Signal", "SignalTags", "tag_signals"]

Float64Array = NDArray[np.float64]
TAGGED_R2: Final = 0.5  # squared correlation of dosages from which on a variant tags a signal


@dataclass(frozen=True, slots=True, repr=False)
class Signal(Brief):
    """One of a gene's eQTL signals.

    Attributes
    ----------
    lead : str
        Variant, as ``chrom_pos_ref_alt``.
    slope : float
        Per copy of the lead's alternative allele, given the gene's other signals.
    rank : int
        From 1.
    """

    lead: str
    slope: float
    rank: int


@dataclass(frozen=True, slots=True, repr=False)
class EqtlSignals(Brief):
    """What a run found beyond one eQTL per gene.

    Attributes
    ----------
    of_gene : mapping of str to sequence of Signal
        Independent eQTLs by gene; where those were not looked for, the leads of credible sets.
    fine_mapped : mapping of (gene, variant) to (float, float)
        Posterior inclusion probability, and posterior mean slope, of the variants of credible sets.
    conditional : bool
        Whether independent eQTLs were looked for.
    """

    of_gene: Mapping[str, Sequence[Signal]] = field(default_factory=dict)
    fine_mapped: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    conditional: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class SignalTags(Brief):
    """Of each of V variants the signal whose lead it is most correlated with.

    Attributes
    ----------
    lead : tuple of str or None, length V
        None where the gene has no signal.
    r, slope : float64 arrays, shape (V,)
        Correlation of the variant's dosages with the lead's; slope of the signal. NaN where there is none.
    support : str array, shape (V,)
        ``supported`` or ``unsupported`` by the sign of effect, slope and r; ``neither`` where one of them is 0 or NaN;
        ``untagged`` where r^2 is below `TAGGED_R2`.
    """

    lead: tuple[str | None, ...]
    r: Float64Array
    slope: Float64Array
    support: NDArray[np.str_]


def tag_signals(
    dosages: NDArray[np.number], effects: Float64Array, signals: Sequence[Signal], leads: NDArray[np.number]
) -> SignalTags:
    """Say which signal each variant tags, and whether effect and signal have one direction.

    Parameters
    ----------
    dosages : array, shape (V, S)
    effects : float64 array, shape (V,)
        Predicted, of the alternative alleles.
    signals : sequence of Signal, length K
    leads : array, shape (K, S)
        Dosages of the signals' leads in the same people.
    """
    none = np.full(len(dosages), np.nan)
    if not signals:
        return SignalTags((None,) * len(dosages), none, none.copy(), np.full(len(dosages), "untagged"))
    r = np.clip(np.nan_to_num(_unit(dosages) @ _unit(leads).T), -1.0, 1.0)
    best = np.argmax(np.abs(r), axis=1)
    r = r[np.arange(len(r)), best]
    slope = np.array([one.slope for one in signals])[best]
    tagged = r * r >= TAGGED_R2
    support = np.where(tagged, driver_support(effects, slope * np.sign(r)), "untagged")
    return SignalTags(tuple(signals[k].lead for k in best.tolist()), r, slope, support)


def _unit(rows: NDArray[np.number]) -> Float64Array:
    """Rows less their means, with length 1; NaN where they are constant."""
    left = rows - rows.mean(axis=1, keepdims=True, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(left / np.sqrt(np.einsum("vs,vs->v", left, left))[:, None])
