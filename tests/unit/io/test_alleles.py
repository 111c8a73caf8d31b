"""Names and spellings of variants."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.io.alleles import is_palindromic, other_strand, parse_names, shortest, shortest_arrays


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((10, "A", "G"), (10, "A", "G")),
        ((10, "AT", "GT"), (10, "A", "G")),
        ((10, "TA", "TG"), (11, "A", "G")),
        ((10, "ATT", "AT"), (10, "AT", "A")),
        ((10, "GATT", "GAT"), (11, "AT", "A")),
        ((10, "A", "AT"), (10, "A", "AT")),
    ],
)
def test_shortest(given, expected):
    assert shortest(*given) == expected
    position, ref, alt = (np.array([one]) for one in given)
    found = shortest_arrays(position, ref, alt)
    assert tuple(one.tolist()[0] for one in found) == expected


def test_names():
    found = parse_names(
        ["chr1_123_A_G_b38", "chr1:124:AC:A", "1-125-A-G", "chr22:36201698:A>C", "chrUn_KI270742v1_7_A_T", "6_9_G_T"]
    )
    assert found.chrom.tolist() == ["chr1", "chr1", "1", "chr22", "chrUn_KI270742v1", "6"]
    assert found.position.tolist() == [123, 124, 125, 36201698, 7, 9]
    assert found.ref.tolist() == ["A", "AC", "A", "A", "A", "G"]
    assert found.alt.tolist() == ["G", "A", "G", "C", "T", "T"]
    assert (found.builds, found.bad) == (("b38",), None)
    assert parse_names(["chr1_1_A_G_b37", "chr1_1_A_G:hg38"]).builds == ("b37", "b38")
    assert parse_names(["chr1_1_A_G", "rs12", "chr1_1_A"]).bad == 1
    assert len(parse_names([]).chrom) == 0


def test_strands():
    assert other_strand("ACC") == "GGT"
    ref, alt = np.array(["A", "C", "A", "AT", "T"]), np.array(["T", "G", "G", "TA", "A"])
    assert is_palindromic(ref, alt).tolist() == [True, True, False, False, True]
