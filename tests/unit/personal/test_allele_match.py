"""Alleles of weights among the records of a VCF."""

from __future__ import annotations

import pytest

from gxfast.personal.allele_match import AlleleFinder

RECORDS = [
    (9, ("A", "G")),
    (19, ("A", "T")),
    (29, ("G", "T", "A")),
    (39, ("GA", "G", "TA")),  # a deletion, and an SNV spelled longer
    (49, ("CA", "CG")),  # an SNV one base on
    (59, ("A", "<DEL>")),
    (69, ("A",)),
]


@pytest.mark.parametrize(
    ("place", "ref", "effect", "expected"),
    [
        (9, "A", "G", ("matched", 0, 1)),
        (9, "G", "A", ("swapped", 0, 0)),
        (9, "T", "C", ("other strand", 0, 1)),
        (9, "C", "T", ("other strand, swapped", 0, 0)),
        (9, "A", "C", ("other alleles", -1, -1)),
        (10, "A", "G", ("not in the VCF", -1, -1)),
        # both strands read the same: as written
        (19, "A", "T", ("matched", 1, 1)),
        (19, "T", "A", ("swapped", 1, 0)),
        (29, "G", "T", ("matched", 2, 1)),
        (29, "G", "A", ("matched", 2, 2)),
        (29, "A", "G", ("swapped", 2, 0)),
        (29, "C", "A", ("other strand", 2, 1)),
        (29, "G", "C", ("other alleles", -1, -1)),
        (29, "T", "A", ("other alleles", -1, -1)),
        (39, "G", "T", ("matched", 3, 2)),
        (39, "GA", "G", ("matched", 3, 1)),
        (39, "G", "GA", ("swapped", 3, 0)),
        # a deletion of the other strand would begin elsewhere
        (39, "CT", "C", ("other alleles", -1, -1)),
        (50, "A", "G", ("matched", 4, 1)),
        (49, "CA", "CG", ("matched", 4, 1)),
        (59, "A", "G", ("other alleles", -1, -1)),
        (69, "A", "G", ("other alleles", -1, -1)),
    ],
)
def test_find(place, ref, effect, expected):
    finder = AlleleFinder([at for at, _ in RECORDS], [alleles for _, alleles in RECORDS])
    assert tuple(finder.find(place, ref, effect)) == expected


def test_the_first_of_equal_records_is_taken():
    assert AlleleFinder([9, 9], [("A", "G"), ("A", "G")]).find(9, "A", "G").record == 0
    assert AlleleFinder([9, 9], [("A", "C"), ("A", "G")]).find(9, "A", "G").record == 1
