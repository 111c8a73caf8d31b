"""Shuffles that keep dinucleotides: counts, ends, unknown letters, and every arrangement with the same chance."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import gxfast as gx
from gxfast.errors import InputError


def pairs(text: str) -> Counter[str]:
    return Counter(text[i : i + 2] for i in range(len(text) - 1))


def texts(sequence: str, n: int, seed: int = 0) -> list[str]:
    return [row.tobytes().decode() for row in gx.dinucleotide_shuffle(sequence, n, seed)[0]]


def arrangements(text: str) -> set[str]:
    """All sequences with the same dinucleotides that begin alike, letter by letter; they also end alike."""
    found = set()

    def grow(made: str, left: Counter[str]) -> None:
        if len(made) == len(text):
            found.add(made)
        for letter in "ACGT":
            if left[made[-1] + letter]:
                grow(made + letter, left - Counter([made[-1] + letter]))

    grow(text[0], pairs(text))
    return found


@settings(max_examples=80, deadline=None)
@given(st.text("ACGT", max_size=60), st.integers(0, 5))
def test_counts_and_ends_stay(text: str, seed: int) -> None:
    for made in texts(text, 3, seed):
        assert pairs(made) == pairs(text)
        assert (made[:1], made[-1:]) == (text[:1], text[-1:])


@settings(max_examples=60, deadline=None)
@given(st.text("ACGTN", max_size=60))
def test_unknown_letters_stay_and_stretches_between_them_are_shuffled(text: str) -> None:
    (made,) = texts(text, 1)
    assert [letter == "N" for letter in made] == [letter == "N" for letter in text]
    for own, other in zip(made.split("N"), text.split("N"), strict=True):
        assert pairs(own) == pairs(other)


@pytest.mark.parametrize("text", ["ACAGATACA", "AACCGACAGC", "ACGTTGCATGA", "CCACCAACA"])
def test_every_arrangement_has_the_same_chance(text: str) -> None:
    expected = sorted(arrangements(text))
    assert len(expected) > 4
    found = Counter(texts(text, 200 * len(expected), seed=11))
    assert set(found) == set(expected)
    assert chisquare([found[one] for one in expected]).pvalue > 0.001


def test_letters_and_seed_alone_decide() -> None:
    rows = ["ACGGTACGATTAGCAT" * 4, "TTGACCATGACATTGG" * 4]
    both = gx.dinucleotide_shuffle(rows, 5, seed=3)
    assert both.shape == (2, 5, 64)
    assert np.array_equal(both[1:], gx.dinucleotide_shuffle(rows[1:], 5, seed=3))
    assert np.array_equal(both[:, :2], gx.dinucleotide_shuffle(rows, 2, seed=3))
    assert np.array_equal(both, gx.dinucleotide_shuffle(gx.codes(rows), 5, seed=3))
    assert np.array_equal(both[0, :, :], gx.dinucleotide_shuffle(rows[0].lower(), 5, seed=3)[0])
    assert not np.array_equal(both, gx.dinucleotide_shuffle(rows, 5, seed=4))
    assert len({row.tobytes() for row in both[0]}) == 5


def test_nothing_to_shuffle() -> None:
    assert texts("", 2) == ["", ""]
    assert texts("ACG", 2) == ["ACG", "ACG"]
    assert texts("NNNN", 1) == ["NNNN"]
    assert gx.dinucleotide_shuffle("ACGT", 0).shape == (1, 0, 4)


@pytest.mark.parametrize("arguments", [("ACGT", -1, 0), ("ACGT", 1, -1), ("ACGT", 1.5, 0), (np.zeros(3), 1, 0)])
def test_wrong_arguments(arguments: tuple[object, ...]) -> None:
    with pytest.raises(InputError):
        gx.dinucleotide_shuffle(*arguments)  # type: ignore[arg-type]
