"""Scores of variants on a gene: what its readout is with ALT, minus what it is with REF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ...models.gene_mask import aligned_total, readout
from ...models.gene_windows import GeneBins
from ...personal.lifting import left_aligned
from ...personal.observed import Allele, alone, left_aligned_allele
from ...personal.policy import HaplotypePolicy
from ...personal.windows import WindowHaplotypes, plan_window
from .sources import ReferenceSource

if TYPE_CHECKING:
    from .observed import VariantScan

__all__ = ["ALIGNMENTS", "gene_effects"]

Float64Array = NDArray[np.float64]
ALIGNMENTS: Final = ("reference", "haplotype", "shift")
_MOST_ALLELES: Final = 64
_STEP_BYTES: Final = 256 << 20  # of letters, positions and bins at a time


def gene_effects(scan: VariantScan, bins: GeneBins, w: int, alleles: Sequence[Allele]) -> list[Float64Array]:
    """Return the score of each allele on the gene of a window, (T,): the difference of the card's readout.

    Every allele is predicted in a window of its own, in its shortest spelling, left-aligned. Of an indel, by
    ``scan.options.align``:

    - ``reference``: the bins of ALT are aligned to REF, see `aligned_total` (AlphaGenome);
    - ``haplotype``: the mean or sum over the bins on the exons as ALT has them, as in predictions of people;
    - ``shift``: the mean of two scores by the bins of REF, the bases on the left or those on the right of the indel
      being where they are in REF (Borzoi; calico/baskerville, pull request 8, without stitching). What moves in at an
      end of the window is sequence, where baskerville pads.
    """
    model = scan.predictor
    letters = ReferenceSource(scan.genome).rows(scan.layout, w).sequences
    genic = bins.genic(w)
    weights = bins.places.weights(genic[np.newaxis])
    reference = model.predict(letters, weights=weights)[0]
    row_bytes = 24 * scan.layout.length + 8 * len(bins.places) * (model.n_tracks + 1)
    step = max(1, min(_MOST_ALLELES, _STEP_BYTES // row_bytes))
    spelled = [left_aligned_allele(allele, scan.genome, scan.layout.chrom[w]) for allele in alleles]
    found = np.empty((len(alleles), model.n_tracks))
    moved = np.array([len(allele.ref) != len(allele.alt) for allele in spelled], np.bool_)
    start, anchor = int(scan.layout.start[w]), int(scan.layout.anchor[w])
    ends = (start, start + scan.layout.length - 1) if scan.options.align == "shift" else (anchor,)
    for rows in _parts(np.flatnonzero(~moved), step):
        _, sequences, index = _windows(scan, w, [spelled[i] for i in rows], anchor)
        values = model.predict(sequences, weights=np.repeat(weights, len(sequences), axis=0))
        found[rows] = values[index] - reference
    for rows in _parts(np.flatnonzero(moved), step):
        scores = []
        for end in ends:
            plan, sequences, index = _windows(scan, w, [spelled[i] for i in rows], end)
            if scan.options.align == "reference":
                values = _aligned(scan, bins, w, plan, sequences, genic, weights.sum())
            elif scan.options.align == "haplotype":
                values = model.predict(sequences, weights=bins.weights(w, plan, sequences, 0, model.n_threads))
            else:
                values = model.predict(sequences, weights=np.repeat(weights, len(sequences), axis=0))
            scores.append(values[index] - reference)
        found[rows] = sum(scores) / len(scores)
    return list(found)


def _parts(rows: NDArray[np.int64], step: int) -> Iterator[NDArray[np.int64]]:
    return (rows[first : first + step] for first in range(0, len(rows), step))


def _windows(
    scan: VariantScan, w: int, alleles: Sequence[Allele], anchor: int
) -> tuple[WindowHaplotypes, NDArray[np.uint8], NDArray[np.int32]]:
    """Return the haplotypes with one allele each, their letters, and the row of every allele."""
    layout = scan.layout
    plan = plan_window(
        scan.genome, alone(alleles, layout.chrom[w]), layout.chrom[w], int(layout.start[w]), layout.length, anchor,
        bool(layout.reverse[w]), HaplotypePolicy(),
    )  # fmt: skip
    sequences = np.empty((len(plan), layout.length), np.uint8)
    plan.write_letters(sequences, 0, scan.predictor.n_threads)
    return plan, sequences, plan.carriers[:, 0]


def _aligned(
    scan: VariantScan, bins: GeneBins, w: int, plan: WindowHaplotypes, sequences: NDArray[np.uint8],
    genic: NDArray[np.bool_], weight: float,
) -> Float64Array:  # fmt: skip
    """Readouts of haplotypes whose bins are aligned to REF, (n, T)."""
    model, places, length = scan.predictor, bins.places, scan.layout.length
    by_base, of_bases = places.by_base(genic), places.of_bases()
    positions = np.empty(sequences.shape, np.int64)
    plan.write_positions(positions, model.n_threads)
    profiles = model.profiles(sequences, n_threads=model.n_threads)
    values, start = np.empty((len(sequences), model.n_tracks)), int(scan.layout.start[w])
    for i, row in enumerate(left_aligned(plan, sequences, positions)):
        index = start + length - 1 - row if plan.reverse else row - start
        index[(index < 0) | (index >= length)] = -2
        index[row < 0] = -1
        total = aligned_total(profiles[i], index, by_base, of_bases, plan.reverse)
        values[i] = readout(model.card.reduce, total, weight)
    return values
