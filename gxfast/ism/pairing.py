"""Every pair of changes in a stretch of a sequence: what two changes do together, and not each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..encode.edits import Edits
from ..errors import InputError
from .mutants import all_mutants
from .planning import Plan, planned
from .scanning import BLOCK_BYTES, checked_range, row_effects

if TYPE_CHECKING:
    from ..models.session import Model
    from .mutants import Sequences

__all__ = ["Pairs", "pairs", "scan_pairs"]

_MOST_BYTES = 2**31  # of an answer that is held as a whole


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Effects of pairs of changes of K positions.

    Attributes
    ----------
    start : int
        The first of them, 0-based.
    effects : float32 array, shape (K, 4, K, 4, T)
        Both changes minus the sequence as it is; ``effects[i, a, j, b]`` equals ``effects[j, b, i, a]``. 0 where both
        bases are those that are there; the effect of one change where the other base is; NaN for two bases at one
        position, unless they are the same one.
    """

    start: int
    effects: NDArray[np.float32]

    def __repr__(self) -> str:
        k, n_tracks = self.effects.shape[0], self.effects.shape[-1]
        return f"Pairs({k} positions from {self.start}, {n_tracks} tracks)"

    @property
    def singles(self) -> NDArray[np.float32]:
        """Effects of one change, float32 (K, 4, T)."""
        i, a = np.indices(self.effects.shape[:2])
        return np.ascontiguousarray(self.effects[i, a, i, a])

    @property
    def interaction(self) -> NDArray[np.float32]:
        """Effect of a pair minus the effects of both changes (epistasis), as ``effects``; NaN at one position."""
        alone = self.singles
        found = self.effects - alone[:, :, None, None] - alone[None, None]
        same = np.arange(len(found))
        found[same, :, same] = np.nan
        return found

    @property
    def strength(self) -> NDArray[np.float32]:
        """Largest absolute interaction of two positions (a dependency map), float32 (K, K, T); 0 on the diagonal."""
        found = np.abs(self.interaction)
        same = np.arange(len(found))
        found[same, :, same] = 0
        largest: NDArray[np.float32] = found.max(axis=(1, 3))
        return largest


def scan_pairs(
    plan_or_model: Plan | Model, sequence: Sequences, *, start: int = 0, end: int | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield the effects of all pairs of changes in a stretch, by the first position of the pair.

    Parameters
    ----------
    plan_or_model : Plan or Model
    sequence : str, bytes, or uint8 array, shape (L,)
        As the model reads it.
    start, end : int
        0-based half-open range of positions; ``end`` defaults to L.

    Yields
    ------
    positions : int64 array, shape (P,)
        First positions, one after the other.
    effects : float32 array, shape (P, 4, K, 4, T)
        Of the K positions of the stretch only those not before the first one are filled in; NaN before it.

    Raises
    ------
    InputError
        For a sequence of another length, or a wrong range.
    ModelError
        If the check of the plan fails.
    """
    plan = planned(plan_or_model)
    codes, first, last = checked_range(plan, sequence, start, end)
    return _blocks(plan, codes, first, last)


def pairs(
    plan_or_model: Plan | Model, sequence: Sequences, *, start: int = 0, end: int | None = None
) -> Pairs:  # fmt: skip
    """Return the effects of all pairs of changes in a stretch.

    Exact in every mode: mode delta follows both changes, packed puts pairs into shared passes, naive runs each pair.

    Parameters
    ----------
    plan_or_model, sequence, start, end
        As in `scan_pairs`.

    Returns
    -------
    Pairs

    Raises
    ------
    InputError
        As `scan_pairs`, and for more than 2 GiB of effects.
    ModelError
        As `scan_pairs`.
    """
    plan = planned(plan_or_model)
    codes, first, last = checked_range(plan, sequence, start, end)
    k, n_tracks = last - first, len(plan.tracks)
    if (4 * k) ** 2 * n_tracks * 4 > _MOST_BYTES:
        raise InputError(
            f"all pairs of {k} positions and {n_tracks} tracks are more than 2 GiB",
            remedy="take a shorter stretch or fewer tracks, or go through the blocks of scan_pairs",
        )
    result = np.empty((k, 4, k, 4, n_tracks), np.float32)
    for positions, effects in _blocks(plan, codes, first, last):
        result[positions - first] = effects
    i, j = np.triu_indices(k, 1)
    result[j, :, i] = result[i, :, j].swapaxes(1, 2)
    return Pairs(first, result)


def _blocks(
    plan: Plan, codes: NDArray[np.uint8], first: int, last: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    k, n_tracks = last - first, len(plan.tracks)
    if k > 0:
        plan.ensure_checked(codes)
    at, base = all_mutants(codes, np.arange(first, last))
    # One change alone; 0 where the base is the one that is there.
    alone = np.zeros((k, 4, n_tracks), np.float32)
    alone[at - first, base] = row_effects(plan, codes, Edits(np.arange(at.size + 1), at, base))
    size = max(1, BLOCK_BYTES // (64 * k * plan.readout.values_per_row)) if k else 1
    for a in range(first, last, size):
        positions = np.arange(a, min(last, a + size))
        yield positions, _block(plan, codes, positions - first, first, at, base, alone)


def _block(
    plan: Plan, codes: NDArray[np.uint8], rows: NDArray[np.int64], first: int, at: NDArray[np.int64],
    base: NDArray[np.uint8], alone: NDArray[np.float32],
) -> NDArray[np.float32]:  # fmt: skip
    """Effects of the pairs whose first position, counted from ``first``, is one of the rows.

    ``at``, ``base``: every single change; ``alone``: its effects.
    """
    # Where one of the two bases is the one that is there, the other change is alone.
    result = alone[rows, :, None, None] + alone
    row, before = np.nonzero(np.arange(len(alone)) <= rows[:, None])
    result[row, :, before] = np.nan
    bases = np.arange(4)
    result[np.arange(rows.size)[:, None], bases, rows[:, None], bases] = alone[rows]
    mine = np.flatnonzero(np.isin(at - first, rows))
    one, other = np.nonzero(at[mine, None] < at)
    one = mine[one]
    edits = Edits(
        np.arange(0, 2 * one.size + 1, 2),
        np.stack([at[one], at[other]], axis=1).reshape(-1),
        np.stack([base[one], base[other]], axis=1).reshape(-1),
    )
    result[at[one] - first - rows[0], base[one], at[other] - first, base[other]] = row_effects(plan, codes, edits)
    return result
