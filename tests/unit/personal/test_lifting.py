"""Stretches of the reference on personal sequences, and indels in repeats however they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.gene_readouts import exonic, personal

from gxfast.personal.lifting import left_aligned, on_haplotypes, within
from gxfast.personal.policy import HaplotypePolicy
from gxfast.personal.windows import WindowHaplotypes, plan_window

#               0         1         2         3         4         5
#               0123456789012345678901234567890123456789012345678901234567
TEXT = 20 * "G" + "ACTGCACACACATTGACGGATCCATTTTTTGCAGTACCTAGATGACTCGTAAGCTACG" + 22 * "T"
START, LENGTH, ANCHOR = 17, 55, 60  # the repeat CACACACA is at 24 to 31, TTTTTT at 44 to 49


def haplotypes(folder: Path, make_world: Any, records: list[Any], *, reverse: bool = False) -> Any:
    """The haplotype of one person who carries all records, its letters, and its positions as they are moved."""
    place = make_world(folder, {"c": TEXT}, [("c", p + 1, ref, alt, ("0|1",)) for p, ref, alt in records])
    plan = plan_window(
        place.genome, place.variants, "c", START, LENGTH, ANCHOR, reverse, HaplotypePolicy()
    )  # fmt: skip
    letters, positions = np.empty((len(plan), LENGTH), np.uint8), np.empty((len(plan), LENGTH), np.int64)
    plan.write_letters(letters, 0, 1)
    plan.write_positions(positions, 1)
    return plan, letters, left_aligned(plan, letters, positions)


# Several ways to write one change, the left-aligned one first.
SPELLINGS = {
    "two bases of the repeat less": [
        (23, "GCA", "G"), (25, "ACA", "A"), (29, "ACA", "A"), (28, "CAC", "C"), (23, "GCACACACA", "GCACACA"),
        (22, "TGCAC", "TGC"),
    ],
    "two bases of the repeat more": [
        (23, "G", "GCA"), (24, "C", "CAC"), (31, "A", "ACA"), (23, "GCACACACA", "GCACACACACA"), (30, "CA", "CACA"),
    ],
    "a T less": [(43, "AT", "A"), (48, "TT", "T"), (42, "CATTTTTTG", "CATTTTTG"), (49, "TG", "G")],
    "a T more": [(43, "A", "AT"), (49, "T", "TT"), (49, "TG", "TTG"), (46, "TTT", "TTTT")],
    "one base moves": [(33, "TGAC", "T"), (34, "GACG", "G"), (33, "TGACGG", "TGG"), (32, "TTGACGGA", "TTGGA")],
}  # fmt: skip


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", list(SPELLINGS))
def test_all_spellings_have_the_positions_of_the_left_aligned_one(
    tmp_path: Path, make_world: Any, name: str, reverse: bool
) -> None:
    first, *others = SPELLINGS[name]
    bases = personal(TEXT, [first])
    at = [position for _, position in bases].index(ANCHOR)
    expected = bases[at - (ANCHOR - START) :][:LENGTH]
    for i, spelling in enumerate([first, *others]):
        _, letters, positions = haplotypes(tmp_path / str(i), make_world, [spelling], reverse=reverse)
        assert positions[1][:: -1 if reverse else 1].tolist() == [position for _, position in expected], spelling
        if not reverse:
            assert letters[1].tobytes().decode() == "".join(base for base, _ in expected)


def test_two_indels_of_one_repeat_do_not_pass_each_other(tmp_path: Path, make_world: Any) -> None:
    # One T less and one more: the letters are the reference's, and every gap stays behind the one before it.
    _, letters, positions = haplotypes(tmp_path, make_world, [(43, "AT", "A"), (48, "T", "TT")])
    assert letters[1].tobytes() == letters[0].tobytes()
    row = positions[1].tolist()
    known = [position for position in row if position >= 0]
    assert known == sorted(known)
    assert row.count(-1) == 1


def test_within_typed_by_hand() -> None:
    positions = np.array([-1, 3, 4, -1, 5, 6, -1, -1, 9, 10, -1])
    inside = within(positions, np.array([[4, 7], [9, 11]]))
    # What is inserted between 4 and 5 is in; between 6 and 9, or at an end of the window, it is not.
    assert inside.tolist() == [False, False, True, True, True, True, True, True, True, True, False]
    assert not within(positions, np.empty((0, 2), np.int64)).any()


@pytest.mark.parametrize("reverse", [False, True])
def test_haplotypes_against_a_list_of_bases(tmp_path: Path, make_world: Any, reverse: bool) -> None:
    """Indels, a substitution and an insertion at an exon's edge; left-aligned as they are typed."""
    records = [(27, "A", "AGG"), (33, "TGAC", "T"), (40, "TC", "T"), (52, "A", "T"), (57, "C", "CAAA")]
    exons = [(25, 36), (38, 43), (50, 58)]
    plan, letters, _ = haplotypes(tmp_path, make_world, records, reverse=reverse)
    assert isinstance(plan, WindowHaplotypes)
    found = on_haplotypes(plan, np.array(exons), letters, 0)
    for row, edits in zip(found, ([], records), strict=True):
        bases = personal(TEXT, edits)
        at = [position for _, position in bases].index(ANCHOR)
        expected = exonic(bases, exons)[at - (ANCHOR - START) :][:LENGTH]
        assert row[:: -1 if reverse else 1].tolist() == expected
    assert on_haplotypes(plan, np.array(exons), letters[1:], 1).tolist() == found[1:].tolist()
