"""Folds of people and genes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxfast.errors import InputError
from gxfast.stats import split_by_label, split_by_lists, split_people


@given(st.integers(2, 60), st.data())
def test_people_are_balanced_within_labels_and_overall(n, data):
    n_folds = data.draw(st.integers(2, n))
    labels = data.draw(st.lists(st.sampled_from("ABC"), min_size=n, max_size=n))
    ids = [f"P{i}" for i in range(n)]
    folds = split_people(ids, n_folds, 3, labels)
    assert np.ptp(np.bincount(folds, minlength=n_folds)) <= 1
    for label in set(labels):
        assert np.ptp(np.bincount(folds[np.array(labels) == label], minlength=n_folds)) <= 1


def test_the_order_of_the_ids_does_not_matter_and_the_seed_does():
    ids = [f"P{i}" for i in range(40)]
    folds = dict(zip(ids, split_people(ids, 5, 1).tolist(), strict=True))
    assert dict(zip(ids[::-1], split_people(ids[::-1], 5, 1).tolist(), strict=True)) == folds
    assert dict(zip(ids, split_people(ids, 5, 2).tolist(), strict=True)) != folds


def test_labels_and_lists():
    folds, names = split_by_label(["a", "b", "c"], ["YRI", "CEU", "YRI"])
    assert (folds.tolist(), names) == ([1, 0, 1], ["CEU", "YRI"])
    folds, names = split_by_lists(["g1", "g2", "g3"], {"train": ["g3", "other"], "test": ["g1"]})
    assert (folds.tolist(), names) == ([1, -1, 0], ["train", "test"])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: split_people(["a", "a"], 2), "more than once"),
        (lambda: split_people(["a", "b"], 3), "n_folds"),
        (lambda: split_people(["a", "b"], 2, 0, ["x"]), "labels must have shape"),
        (lambda: split_by_label(["a", "b"], ["x", "x"]), "two labels"),
        (lambda: split_by_lists(["g"], {"train": ["g"], "test": ["g"]}), "both train and test"),
    ],
)
def test_refusals(call, match):
    with pytest.raises(InputError, match=match):
        call()
