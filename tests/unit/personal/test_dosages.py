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
    # missing calls take the most frequent dosage; of 0, 1, 2 once each, the smallest
    assert found.values.tolist() == [[1, 2, 0, 0], [1, 0, 1, 0], [2, 2, 2, 1]]
    assert found.n_missing.tolist() == [1, 0, 1]
    assert found.n_skipped == 2
    assert found.take(np.array([2])).variant_id == ("chr1_31_G_C",)


def test_records_that_start_before_the_region_are_of_another_one():
    found = count_alternative(_genotypes([("ACGTA", "A"), ("A", "C")], [8, 12], [[[0, 1]], [[1, 1]]]))
    assert found.variant_id == ("chr1_13_A_C",)
    assert found.n_skipped == 0
