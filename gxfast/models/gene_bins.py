"""The bins on the exons of a gene: where bins lie in a sequence, how much each counts, and ALT's aligned to REF's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from .gene_mask import GeneMask, readout
from .outputs import OutputRule

__all__ = ["BinPlaces", "aligned_total", "masked_values", "predict_whole", "refuse_gene_mask"]

Float64Array = NDArray[np.float64]
# Of the bins of one sequence: no more tracks are read at a time.
MAX_PROFILE: Final = 2**27
# Bins of several sequences are held so many bytes at a time.
_STEP_BYTES: Final = 128 << 20


@dataclass(frozen=True, slots=True, eq=False)
class BinPlaces:
    """Where the kept bins of a model lie in the sequences that it is given.

    Attributes
    ----------
    mask : GeneMask
    first : int64 array, shape (B,)
        Index of the first base of each bin, in sequences as `Model.predict` takes them.
    length : int
        Of those sequences, L.
    """

    mask: GeneMask
    first: NDArray[np.int64]
    length: int

    @staticmethod
    def of(rule: OutputRule) -> BinPlaces | None:
        """Return the places of the bins that a card keeps; None where its bins are the same for all genes.

        Raises
        ------
        ModelError
            If a bin would lie outside what the model reads, members of the ensemble disagree, or the bins are too many.
        """
        card, mask = rule.card, rule.card.gene_mask
        if mask is None:
            return None

        def refused(field: str, why: str, remedy: str) -> ModelError:
            return ModelError(why, path=rule.path, record=f"output.gene_mask.{field}", remedy=remedy)

        end = mask.bin_start + rule.n_bins * mask.bin_size
        if end > card.length:
            why = f"{rule.n_bins} bins of {mask.bin_size} bases from base {mask.bin_start} on end at {end}, but the"
            raise refused("bin_start", f"{why} model reads {card.length}", "count the bins of the whole output")
        if card.ensemble_reverse_complement and mask.bin_start != card.length - end:
            why = "the bins are not in the middle, so that those of the reverse complement are other places"
            raise refused("bin_start", why, "set ensemble.reverse_complement to false")
        bins = np.arange(rule.n_bins) if card.bins is None else np.array(card.bins)
        tracks = rule.n_tracks if card.tracks is None else len(card.tracks)
        if len(bins) * tracks > MAX_PROFILE:
            why = f"{len(bins)} bins x {tracks} tracks a sequence are too many"
            raise ModelError(why, path=rule.path, record="output.tracks", remedy="select output.tracks in the card")
        first = mask.bin_start + bins.astype(np.int64) * mask.bin_size - min(card.shifts)
        return BinPlaces(mask, first, card.read_length)

    def __len__(self) -> int:
        return len(self.first)

    def counts(self, genic: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many bases of each bin are the gene's: bool (N, L) to int64 (N, B)."""
        upto = np.zeros((len(genic), self.length + 1), np.int32)
        np.cumsum(genic, axis=1, out=upto[:, 1:])
        return (upto[:, self.first + self.mask.bin_size] - upto[:, self.first]).astype(np.int64)

    def weights(self, genic: NDArray[np.bool_]) -> Float64Array:
        """Return how much each bin counts: bool (N, L) to float64 (N, B)."""
        counts = self.counts(genic)
        return counts / self.mask.bin_size if self.mask.overlap == "fraction" else (counts > 0).astype(np.float64)

    def by_base(self, genic: NDArray[np.bool_]) -> Float64Array:
        """Return how much each base of one sequence counts, which for every bin sums to its weight: (L,) to (L,)."""
        found = np.zeros(self.length)
        at = self.first[:, None] + np.arange(self.mask.bin_size)
        mine = genic[at] if self.mask.overlap == "fraction" else genic[at].any(axis=1)[:, None]
        found[at] = mine / self.mask.bin_size
        return found

    def of_bases(self) -> NDArray[np.int64]:
        """Return the bin of each base, (L,); -1 outside the kept ones."""
        found = np.full(self.length, -1, np.int64)
        found[self.first[:, None] + np.arange(self.mask.bin_size)] = np.arange(len(self))[:, None]
        return found


def masked_values(
    profiles: Callable[[NDArray[np.uint8]], Float64Array], rows: NDArray[np.uint8], weights: Float64Array | None,
    places: BinPlaces | None, rule: OutputRule, n_tracks: int,
) -> Float64Array:  # fmt: skip
    """Predict sequences and reduce their bins by the weights of each, (N, B), to (N, T).

    Raises
    ------
    InputError
        Without weights, if they are of another shape, or for a card that reads the same bins of all genes.
    """
    if places is None:
        remedy = "leave weights out, or say in the card where the bins are (output.gene_mask)"
        raise InputError(f"{rule.card.name} reads out no bins of a gene", path=rule.path, remedy=remedy)
    shape = (len(rows), len(places))
    if weights is None:
        refuse_gene_mask(rule)
    weights = np.asarray(weights, np.float64)
    if weights.shape != shape:
        raise InputError(f"weights must have the shape {shape}: sequences, bins; found {weights.shape}")
    values = np.empty((len(rows), n_tracks))
    step = max(1, _STEP_BYTES // (8 * len(places) * n_tracks))
    for first in range(0, len(rows), step):
        found = profiles(rows[first : first + step])
        for i, profile in enumerate(found, start=first):
            kept = np.flatnonzero(weights[i])
            total = (profile[kept] * weights[i, kept, None]).sum(axis=0)
            values[i] = readout(rule.card.reduce, total, weights[i].sum())
    return values


def predict_whole(model: Any, rows: NDArray[np.uint8]) -> Float64Array:
    """Predict rows for which no gene is known: all kept bins count, where a card reads out those of a gene."""
    weights = None if model.places is None else np.ones((len(rows), len(model.places)))
    found: Float64Array = model.predict(rows, weights=weights)
    return found


def refuse_gene_mask(model: Any) -> None:
    """Raise InputError where a card reads out bins of a gene: a sequence alone has none."""
    mask = model.card.gene_mask
    if mask is not None:
        raise InputError(
            f"{model.card.name} reads out the {mask.over} of each gene, which a sequence alone does not have",
            path=model.path, record="output.gene_mask",
            remedy="use gxfast predict, run or ism variants, gxfast.predict with "
            "`exons=`, or a card without gene_mask",
        )  # fmt: skip


def aligned_total(
    profile: Float64Array, index: NDArray[np.int64], by_base: Float64Array, of_bases: NDArray[np.int64], reverse: bool
) -> Float64Array:
    """Sum the bins of ALT over the bases that count in REF, base by base: ALT aligned to REF as AlphaGenome does it.

    A base of REF that ALT lacks adds nothing. The base before an insertion (on the forward strand) adds the largest
    value among it and the inserted bases. What REF counts is left as it is, so that a mean is divided by its bases.

    Parameters
    ----------
    profile : float64 array, shape (B, T)
        Of ALT.
    index : int64 array, shape (L,)
        Of each base of ALT, the index of its base in REF's window; -1 where inserted, -2 where it lies outside.
    by_base : float64 array, shape (L,)
        How much each base of REF's window counts, see `BinPlaces.by_base`.
    of_bases : int64 array, shape (L,)
        The bin of each base, see `BinPlaces.of_bases`.
    reverse : bool
        Whether the model reads the reverse complement.

    Returns
    -------
    float64 array, shape (T,)
    """
    known = index >= 0
    mine = np.zeros(len(index))
    mine[known] = by_base[index[known]]
    largest = np.zeros(profile.shape[1])
    edges = np.flatnonzero(np.diff(index == -1, prepend=False, append=False))
    for begin, end in edges.reshape(-1, 2).tolist():
        before = end if reverse else begin - 1
        if not 0 <= before < len(index) or not mine[before]:
            continue
        bins = np.unique(of_bases[min(before, begin) : max(before + 1, end)])
        bins = bins[bins >= 0]
        if bins.size:
            largest += mine[before] * profile[bins].max(axis=0)
        mine[before] = 0.0
    inside = of_bases >= 0
    weights = np.bincount(of_bases[inside], mine[inside], len(profile))
    kept = np.flatnonzero(weights)
    return np.asarray((profile[kept] * weights[kept, None]).sum(axis=0) + largest)
