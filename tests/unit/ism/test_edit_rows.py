"""Rows of edits: some of the rows, some of the edits."""

from __future__ import annotations

import numpy as np

from gxfast.encode.edits import Edits
from gxfast.ism.edit_rows import chosen_rows, kept_edits, rows_of, unedited

EDITS = Edits(np.array([0, 2, 2, 3, 6]), np.array([4, 9, 1, 0, 5, 7]), np.array([0, 1, 2, 3, 0, 1], np.uint8))


def listed(edits: Edits) -> list[list[tuple[int, int]]]:
    pairs = list(zip(edits.position.tolist(), edits.base.tolist(), strict=True))
    return [pairs[a:b] for a, b in zip(edits.offset[:-1], edits.offset[1:], strict=True)]


def test_rows_are_chosen_in_the_order_given() -> None:
    every = listed(EDITS)
    assert rows_of(EDITS).tolist() == [0, 0, 2, 3, 3, 3]
    for rows in ([3, 0], [1], [], [2, 2], [0, 1, 2, 3]):
        assert listed(chosen_rows(EDITS, np.array(rows, np.int64))) == [every[row] for row in rows]


def test_rows_stay_where_edits_are_dropped() -> None:
    even = kept_edits(EDITS, EDITS.position % 2 == 0)
    assert listed(even) == [[pair for pair in row if pair[0] % 2 == 0] for row in listed(EDITS)]
    assert listed(kept_edits(EDITS, np.zeros(6, bool))) == listed(unedited(4)) == [[]] * 4
