"""Counts of alternative alleles."""

from __future__ import annotations

import numpy as np

from gxfast import Genotypes
from gxfast.personal.dosages import count_alternative


def _genotypes(alleles, positions, calls):
    first = np.cumsum([0, *(len(a) for a in alleles)])
    texts = [text.encode() for record in alleles for text in record]
    calls = np.array(calls, np.int8)
    shape = calls.shape[:2]
    return Genotypes(
        "chr1", 10, 50, tuple("abcd"[: shape[1]]), np.array(positions, np.int64),
        np.array([len(a[0]) for a in alleles], np.int64), first.astype(np.int64),
        np.cumsum([0, *map(len, texts)]).astype(np.int64), np.frombuffer(b"".join(texts), np.uint8), calls,
        np.zeros(shape, bool), np.ones(shape[0], bool),
    )  # fmt: skip


def test_counts_by_hand():
    found = count_alternative(
        _genotypes(
            [("A", "g"), ("C", "T", "G"), ("AT", "A"), ("A", "<DEL>"), ("G", "C")],
            [12, 15, 20, 25, 30],
            [
                [[0, 1], [1, 1], [0, 0], [-1, -1]],
                [[0, 1], [2, 1], [0, 0], [0, 0]],
                [[1, -2], [0, -2], [0, 1], [0, 0]],
                [[0, 1], [0, 0], [0, 0], [0, 0]],
                [[1, 1], [1, 1], [0, -1], [0, 1]],
            ],
        )
    )
    assert found.variant_id == ("chr1_13_A_G", "chr1_21_AT_A", "chr1_31_G_C")
    # missing calls take the most frequent dosage; of 0, 1, 2 once each, the smallest; a haploid ALT counts double
    assert found.values.tolist() == [[1, 2, 0, 0], [2, 0, 1, 0], [2, 2, 2, 1]]
    assert found.n_missing.tolist() == [1, 0, 1]
    assert found.n_skipped == 2
    assert found.take(np.array([2])).variant_id == ("chr1_31_G_C",)


def test_records_that_start_before_the_region_are_of_another_one():
    found = count_alternative(_genotypes([("ACGTA", "A"), ("A", "C")], [8, 12], [[[0, 1]], [[1, 1]]]))
    assert found.variant_id == ("chr1_13_A_C",)
    assert found.n_skipped == 0


def test_frequencies_count_called_alleles():
    """As AF and AN of bcftools: 1 of a haploid call, 2 of a diploid one, what was called of a half-missing one."""
    found = count_alternative(
        _genotypes(
            [("A", "G"), ("C", "T"), ("G", "C"), ("T", "A")],
            [12, 15, 20, 25],
            [
                [[1, -2], [0, 1], [0, -2], [1, 1]],
                [[-1, -2], [-1, -1], [1, -2], [0, 1]],
                [[-1, 1], [1, 1], [0, -1], [1, -2]],
                [[-1, -2], [-1, -1], [-1, -2], [-1, -1]],
            ],
        )
    )
    assert found.n_called.tolist() == [6, 3, 5, 0]
    np.testing.assert_array_equal(found.frequency, [4 / 6, 2 / 3, 4 / 5, np.nan])
    np.testing.assert_allclose(found.minor_frequency, [2 / 6, 1 / 3, 1 / 5, np.nan])
    people, copies = found.minor_counts
    assert (people.tolist(), copies.tolist()) == ([2, 1, 1, 0], [2, 1, 1, 0])
    assert (found.n_carriers.tolist(), found.n_people.tolist()) == ([3, 2, 3, 0], [4, 2, 4, 0])
    men = found.among(np.array([0, 2]))
    assert men.n_called.tolist() == [2, 1, 2, 0]
    assert men.take(np.array([0])).frequency.tolist() == [0.5]
    assert found.take(np.array([2, 0])).frequency.tolist() == [4 / 5, 4 / 6]


def test_all_called_and_diploid():
    found = count_alternative(_genotypes([("A", "G")], [12], [[[0, 1], [1, 1], [0, 0]]]))
    assert found.calls is None
    assert (found.n_called.tolist(), found.n_people.tolist()) == ([6], [3])
    assert found.frequency.tolist() == [0.5]
    assert [part.tolist() for part in found.minor_counts] == [[2], [3]]
    assert found.as_read(None, "mean").tolist() == [[1, 2, 0]]


def test_dosages_as_a_model_reads_them():
    """A haploid call counts double in the mean of one haplotype, once in a sum and beside a second haplotype."""
    found = count_alternative(_genotypes([("A", "G"), ("C", "T")], [12, 15], [[[1, -2], [1, -2], [0, 1]],
                                                                             [[1, -2], [1, 1], [1, 1]]]))  # fmt: skip
    ploidy = np.array([1, 2, 2], np.int8)
    assert found.as_read(ploidy, "mean").tolist() == [[2, 1, 1], [2, 2, 2]]
    assert found.as_read(ploidy, "sum").tolist() == [[1, 1, 1], [1, 2, 2]]
    # what is missing is the reference on the haplotypes, and the most frequent dosage elsewhere
    found = count_alternative(_genotypes([("A", "G")], [12], [[[1, 1], [1, 1], [-1, -1], [1, -1]]]))
    assert found.values.tolist() == [[2, 2, 2, 2]]
    assert found.as_read(None, "mean").tolist() == [[2, 2, 0, 1]]
