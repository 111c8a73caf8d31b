"""Rows of edits: some of the rows, some of the edits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..encode.edits import Edits

__all__ = ["chosen_rows", "kept_edits", "rows_of", "unedited"]


def unedited(n_rows: int) -> Edits:
    """Return rows without edits."""
    return Edits(np.zeros(n_rows + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))


def rows_of(edits: Edits) -> NDArray[np.int64]:
    """Return the row of every edit."""
    return np.repeat(np.arange(len(edits.offset) - 1), np.diff(edits.offset))


def chosen_rows(edits: Edits, rows: NDArray[np.int64]) -> Edits:
    """Return some rows, in the order given."""
    counts = np.diff(edits.offset)[rows]
    offset = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    taken = np.repeat(edits.offset[rows] - offset[:-1], counts) + np.arange(offset[-1])
    return Edits(offset, edits.position[taken], edits.base[taken])


def kept_edits(edits: Edits, keep: NDArray[np.bool_]) -> Edits:
    """Return all rows, with the edits that are kept."""
    offset = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)[edits.offset]
    return Edits(offset, edits.position[keep], edits.base[keep])
