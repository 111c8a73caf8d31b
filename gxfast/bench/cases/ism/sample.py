"""The sequence of a case and the mutants that are timed and compared on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....ism.mutants import all_mutants
from ....ism.planning import Plan

__all__ = ["Mutants", "Sample", "make_sample", "packed_block"]

_REPEAT = (0, 1, 2, 3, 2, 1)  # a repeated 6-mer ties within wide max-pools
_REPEAT_LENGTH = 120
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Mutants:
    """Single-base changes: 0-based positions, and codes of the bases written there."""

    positions: Int64Array
    bases: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.positions)

    def picked(self, index: Int64Array) -> Mutants:
        """Return some of them."""
        return Mutants(self.positions[index], self.bases[index])


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What one case runs.

    Attributes
    ----------
    codes : uint8 array, shape (L,)
        A, C, G, T = 0 to 3; one unknown base (4) and a tandem repeat near the middle.
    block : Mutants
        Every change at neighbouring positions around the middle, in order: what a scan does.
    few : Mutants
        Changes at the edges, the unknown base, the repeat and elsewhere in the block: every mode is compared on
        them, and the modes that run every mutant in full are timed on them.
    """

    codes: NDArray[np.uint8]
    block: Mutants
    few: Mutants

    def in_block(self) -> Int64Array:
        """Return the indices of those of `few` that are in `block`."""
        few, block = (4 * part.positions + part.bases for part in (self.few, self.block))
        return np.flatnonzero(np.isin(few, block))


def make_sample(length: int, n_positions: int, n_few: int, *, seed: int = 5) -> Sample:
    """Draw the sequence and choose the mutants.

    Parameters
    ----------
    length : int
    n_positions : int
        Of the block; ``length`` and more is a whole scan.
    n_few : int
        Mutants to compare: an edge, the other, the unknown base and the repeat first, then anywhere in the block.
    seed : int

    Returns
    -------
    Sample
    """
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, length, dtype=np.uint8)
    middle = length // 2
    repeat = slice(middle, min(length, middle + _REPEAT_LENGTH))
    codes[repeat] = np.resize(np.array(_REPEAT, np.uint8), repeat.stop - repeat.start)
    unknown = middle - 1
    codes[unknown] = 4
    begin = max(0, middle - n_positions // 2)
    block = Mutants(*all_mutants(codes, np.arange(begin, min(length, begin + n_positions))))
    special = [0, length - 1, unknown, middle, 1, length - 2, middle + 1, unknown - 1]
    at, bases = all_mutants(codes, np.array(special))
    first = np.unique(at, return_index=True)[1]  # one change at each of them
    first = first[np.argsort([special.index(p) for p in at[first].tolist()])]
    inside = rng.permutation(np.flatnonzero(~np.isin(block.positions, special)))
    few = Mutants(
        np.concatenate([at[first], block.positions[inside]])[:n_few],
        np.concatenate([bases[first], block.bases[inside]])[:n_few],
    )
    return Sample(codes, block, few)


def packed_block(plan: Plan, codes: NDArray[np.uint8], at_least: int) -> Mutants:
    """Return the changes that mode packed runs side by side: positions one distance apart, as in a whole scan."""
    stride = min(plan.frontier.distance, len(codes))
    classes, positions = 0, np.empty(0, np.int64)
    while len(positions) * 3 < at_least and classes < stride:
        classes += 1
        every = np.arange(len(codes))
        positions = every[every % stride < classes]
    return Mutants(*all_mutants(codes, positions))
