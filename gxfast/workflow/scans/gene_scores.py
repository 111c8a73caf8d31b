"""Scores of variants on a gene: what its readout is with ALT, minus what it is with REF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ...io.fasta import Genome
from ...models.gene_bins import aligned_total
from ...models.gene_mask import readout
from ...models.gene_windows import GeneBins
from ...personal.lifting import left_aligned
from ...personal.observed import Allele, alone, left_aligned_allele
from ...personal.policy import HaplotypePolicy
from ...personal.windows import WindowHaplotypes, plan_window
from .sources import ReferenceSource
from .targets import Layout

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["GeneScorer"]

Float64Array = NDArray[np.float64]
_MOST_ALLELES: Final = 64
_STEP_BYTES: Final = 256 << 20  # of letters, positions and bins at a time


@dataclass(frozen=True, slots=True, eq=False)
class GeneScorer:
    """Scores alleles on the genes of a layout.

    Attributes
    ----------
    model : Model
    genome : Genome
    layout : Layout
    bins : GeneBins
        Of the genes of the layout.
    align : {"reference", "haplotype", "shift"}
        How an indel's bins are compared with REF's:

        - ``reference``: the bins of ALT are aligned to REF, see `aligned_total` (AlphaGenome);
        - ``haplotype``: the readout of the bins on the exons as ALT has them, as in predictions of people;
        - ``shift``: the mean of two scores by the bins of REF, with the bases on the left, and with those on the right
          of the indel where they are in REF (Borzoi; calico/baskerville, pull request 8, without stitching). What moves
          in at an end of the window is sequence, where baskerville pads.
    """

    model: Model
    genome: Genome
    layout: Layout
    bins: GeneBins
    align: str

    def effects(self, w: int, alleles: Sequence[Allele]) -> Float64Array:
        """Return the score of each allele on the gene of a window, (V, T): the difference of the card's readout.

        Every allele is predicted in a window of its own, in its shortest spelling, left-aligned.
        """
        genic = self.bins.genic(w)
        weights = self.bins.places.weights(genic[np.newaxis])
        letters = ReferenceSource(self.genome).rows(self.layout, w).sequences
        reference = self.model.predict(letters, weights=weights)[0]
        spelled = [left_aligned_allele(allele, self.genome, self.layout.chrom[w]) for allele in alleles]
        moved = np.array([len(allele.ref) != len(allele.alt) for allele in spelled], np.bool_)
        start, anchor = int(self.layout.start[w]), int(self.layout.anchor[w])
        ends = (start, start + self.layout.length - 1) if self.align == "shift" else (anchor,)
        found = np.empty((len(alleles), self.model.n_tracks))
        for rows in self._parts(np.flatnonzero(~moved)):
            found[rows] = self._values(w, [spelled[i] for i in rows], anchor, "shift", genic, weights)
        for rows in self._parts(np.flatnonzero(moved)):
            part = [spelled[i] for i in rows]
            scores = [self._values(w, part, end, self.align, genic, weights) for end in ends]
            found[rows] = sum(scores) / len(scores)
        effects: Float64Array = found - reference
        return effects

    def _parts(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        row_bytes = 24 * self.layout.length + 8 * len(self.bins.places) * (self.model.n_tracks + 1)
        step = max(1, min(_MOST_ALLELES, _STEP_BYTES // row_bytes))
        return (rows[first : first + step] for first in range(0, len(rows), step))

    def _values(
        self, w: int, alleles: Sequence[Allele], anchor: int, align: str, genic: NDArray[np.bool_],
        weights: Float64Array,
    ) -> Float64Array:  # fmt: skip
        """Return the readout with each of some alleles, (V, T)."""
        layout, bins, n_threads = self.layout, self.bins, self.model.n_threads
        order = np.argsort([allele.position for allele in alleles], kind="stable")
        chrom, start, reverse = layout.chrom[w], int(layout.start[w]), bool(layout.reverse[w])
        people = alone([alleles[i] for i in order], chrom)
        plan = plan_window(self.genome, people, chrom, start, layout.length, anchor, reverse, HaplotypePolicy())
        first = int(plan.carriers[:, 0].min())  # the reference is predicted once, unless an allele changes nothing
        letters = np.empty((len(plan) - first, layout.length), np.uint8)
        plan.write_letters(letters, first, n_threads)
        if align == "reference":
            values = self._aligned(w, plan, letters, first, genic, float(weights.sum()))
        else:
            lifted = align == "haplotype"
            own = bins.weights(w, plan, letters, first, n_threads) if lifted else np.repeat(weights, len(letters), 0)
            values = self.model.predict(letters, weights=own)
        found = np.empty((len(alleles), values.shape[1]))
        found[order] = values[plan.carriers[:, 0] - first]
        return found

    def _aligned(
        self, w: int, plan: WindowHaplotypes, letters: NDArray[np.uint8], first: int, genic: NDArray[np.bool_],
        weight: float,
    ) -> Float64Array:  # fmt: skip
        """Return the readouts of haplotypes [first, first + n) whose bins are aligned to REF, (n, T)."""
        model, places, length = self.model, self.bins.places, self.layout.length
        by_base, of_bases = places.by_base(genic), places.of_bases()
        positions = np.empty(letters.shape, np.int64)
        plan.write_positions(positions, model.n_threads, first)
        profiles = model.profiles(letters, n_threads=model.n_threads)
        values, start = np.empty((len(letters), model.n_tracks)), int(self.layout.start[w])
        for i, row in enumerate(left_aligned(plan, letters, positions)):
            index = start + length - 1 - row if plan.reverse else row - start
            index[(index < 0) | (index >= length)] = -2
            index[row < 0] = -1
            total = aligned_total(profiles[i], index, by_base, of_bases, plan.reverse)
            values[i] = readout(model.card.reduce, total, weight)
        return values
