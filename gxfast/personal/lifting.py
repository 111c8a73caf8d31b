"""Stretches of the reference in people's own sequences, whichever way their indels are written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..encode.one_hot import reverse_complement
from .windows import WindowHaplotypes

__all__ = ["left_aligned", "on_haplotypes", "within"]

Int64Array = NDArray[np.int64]


def on_haplotypes(
    plan: WindowHaplotypes, spans: Int64Array, letters: NDArray[np.uint8], first: int, n_threads: int = 1
) -> NDArray[np.bool_]:
    """Which bases of haplotypes [first, first + n) lie in stretches of the reference.

    What a person lacks is not there; what is inserted between two bases of a stretch is of it.

    Parameters
    ----------
    plan : WindowHaplotypes
    spans : int64 array, shape (E, 2)
        0-based half-open, ascending, apart from each other.
    letters : uint8 array, shape (n, L)
        As `WindowHaplotypes.write_letters` gives them.
    first : int
    n_threads : int

    Returns
    -------
    bool array, shape (n, L)
        Along the sequences as the model reads them.
    """
    positions = np.empty(letters.shape, np.int64)
    plan.write_positions(positions, n_threads, first)
    return np.stack([within(row, spans) for row in left_aligned(plan, letters, positions)])


def within(positions: Int64Array, spans: Int64Array) -> NDArray[np.bool_]:
    """Whether each base of one sequence lies in a stretch, by its reference position, -1 where inserted; (L,)."""
    edges = spans.reshape(-1)
    inside = (np.searchsorted(edges, positions, side="right") & 1).astype(np.bool_)
    inside &= positions >= 0
    ends = np.flatnonzero(np.diff(positions < 0, prepend=False, append=False))
    for begin, end in ends.reshape(-1, 2).tolist():
        # Between two bases of one stretch; at the end of the window it is not known where it belongs.
        inside[begin:end] = begin > 0 and end < len(positions) and inside[begin - 1] and inside[end]
    return inside


def left_aligned(plan: WindowHaplotypes, letters: NDArray[np.uint8], positions: Int64Array) -> Int64Array:
    """Move every indel of some haplotypes as far to the left (forward strand) as its letters allow, in ``positions``.

    The same sequence then has the same positions, whether an indel in a repeat is written at its left end, at its right
    end or with bases around it (Tan et al. 2015, doi:10.1093/bioinformatics/btv112); not in a repeat that passes an end
    of the window, of which only a part is seen.

    Parameters
    ----------
    plan : WindowHaplotypes
    letters : uint8 array, shape (n, L)
    positions : int64 array, shape (n, L)
        As `WindowHaplotypes.write_positions` gives them; changed, and returned.
    """
    reference, start = plan.reference
    known = reference.tobytes()
    for row, own in zip(positions, letters, strict=True):
        forward = row[::-1] if plan.reverse else row
        gaps = np.flatnonzero((np.diff(forward) != 1) & (forward[:-1] >= 0)).tolist()
        text = np.asarray(reverse_complement(own) if plan.reverse else own).tobytes() if gaps else b""
        for i in gaps:  # from left to right; a gap stops behind the one before it
            _move(forward, text, known, start, i)
    return positions


def _move(positions: Int64Array, own: bytes, reference: bytes, start: int, at: int) -> None:
    """Move the gap behind base ``at``: bases that are missing, or inserted; where it is both, it stays."""
    if positions[at + 1] >= 0:
        _move_deletion(positions, own, reference, start, at)
        return
    end = at + 1
    while end < len(positions) and positions[end] < 0:
        end += 1
    if end < len(positions) and positions[end] == positions[at] + 1:
        _move_insertion(positions, own, reference, start, at + 1, end)


def _move_deletion(positions: Int64Array, own: bytes, reference: bytes, start: int, at: int) -> None:
    """Move what is missing behind base ``at``."""
    last = int(positions[at + 1]) - 1
    while at > 0 and positions[at - 1] == positions[at] - 1 and own[at] == reference[last - start]:
        positions[at] = last
        at, last = at - 1, last - 1


def _move_insertion(positions: Int64Array, own: bytes, reference: bytes, start: int, begin: int, end: int) -> None:
    """Move the inserted bases [begin, end)."""
    while begin > 1:
        before = int(positions[begin - 1])
        if positions[begin - 2] != before - 1 or own[end - 1] != reference[before - start]:
            return
        positions[end - 1], positions[begin - 1] = before, -1
        begin, end = begin - 1, end - 1
