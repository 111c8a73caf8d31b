"""Areas under curves, their errors and samples: as scikit-learn, as slow twins, on random and degenerate tables."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.plain_variant_metrics import (
    plain_auroc,
    plain_average_precision,
    plain_delong,
    plain_jackknife,
    plain_samples,
)
from sklearn.metrics import average_precision_score, roc_auc_score

from gxfast.stats.ranked_labels import RankedLabels


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and labels of both classes."""
    n = draw(st.integers(2, 40))
    scores = draw(st.lists(st.sampled_from([-2.5, -1.0, -0.0, 0.0, 0.1, 1.0, 3.0, 1e300]), min_size=n, max_size=n))
    labels = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    labels[0], labels[1] = True, False
    return np.array(scores), np.array(labels)


@given(tables())
@settings(max_examples=150, deadline=None)
def test_areas_are_those_of_scikit_learn_and_of_pairs(table: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = table
    ranked = RankedLabels(scores, positive)
    assert ranked.auroc() == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert ranked.auroc() == pytest.approx(plain_auroc(scores, positive), abs=1e-12)
    assert ranked.average_precision() == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    assert ranked.average_precision() == pytest.approx(plain_average_precision(scores, positive), abs=1e-12)


@pytest.mark.parametrize("decimals", [1, 8])
def test_large_tables_are_those_of_scikit_learn(decimals: int) -> None:
    rng = np.random.default_rng(3)
    positive = rng.random(50_000) < 0.03
    scores = np.round(rng.normal(size=50_000) + positive, decimals)
    ranked = RankedLabels(scores, positive)
    assert ranked.auroc() == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert ranked.average_precision() == pytest.approx(average_precision_score(positive, scores), abs=1e-12)


@given(tables())
@settings(max_examples=30, deadline=None)
def test_nothing_depends_on_the_order_of_rows(table: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = table
    order = np.random.default_rng(len(scores)).permutation(len(scores))
    one, other = RankedLabels(scores, positive), RankedLabels(scores[order], positive[order])
    assert one.auroc() == other.auroc()
    assert one.average_precision() == other.average_precision()
    for mine, its in zip(one.bootstrap(5, 1), other.bootstrap(5, 1), strict=True):
        assert mine.tobytes() == its.tobytes()


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_errors_are_those_of_slow_twins(decimals: int) -> None:
    rng = np.random.default_rng(11)
    positive = rng.random(60) < 0.3
    scores = np.round(rng.normal(size=60) + positive, decimals)
    ranked = RankedLabels(scores, positive)
    assert ranked.auroc_se() == pytest.approx(plain_delong(scores, positive), rel=1e-12)
    assert ranked.average_precision_se() == pytest.approx(plain_jackknife(scores, positive), rel=1e-5)


def test_errors_by_hand() -> None:
    # positives 3 and 1, negatives 2 and 0: the positives win 2 and 1 of 2 pairs, the negatives lose 1 and 2 of 2
    ranked = RankedLabels(np.array([3.0, 1, 2, 0]), np.array([True, True, False, False]))
    assert ranked.auroc() == 0.75
    assert ranked.auroc_se() == pytest.approx(math.sqrt(0.125 / 2 + 0.125 / 2))


@pytest.mark.parametrize("decimals", [1, 8])
def test_samples_are_those_drawn_row_by_row(decimals: int) -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(80) < 0.2
    scores = np.round(rng.normal(size=80) + positive, decimals)
    auroc, precision = RankedLabels(scores, positive).bootstrap(20, 9)
    for i, (drawn, label) in enumerate(plain_samples(scores, positive, 20, 9)):
        assert auroc[i] == pytest.approx(roc_auc_score(label, drawn), abs=1e-12)
        assert precision[i] == pytest.approx(average_precision_score(label, drawn), abs=1e-12)


def test_samples_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    positive = rng.random(101) < 0.2
    ranked = RankedLabels(rng.normal(size=101), positive)
    whole = ranked.bootstrap(30, 2)
    monkeypatch.setattr("gxfast.stats.ranked_labels._AT_ONCE", 250)
    parts = ranked.bootstrap(30, 2)
    assert [one.tobytes() for one in whole] == [one.tobytes() for one in parts]


def test_analytic_errors_are_about_those_of_many_samples() -> None:
    rng = np.random.default_rng(8)
    positive = rng.random(3000) < 0.1
    ranked = RankedLabels(np.round(rng.normal(size=3000) + positive, 2), positive)
    auroc, precision = ranked.bootstrap(2000, 0)
    assert ranked.auroc_se() == pytest.approx(auroc.std(ddof=1), rel=0.06)
    assert ranked.average_precision_se() == pytest.approx(precision.std(ddof=1), rel=0.06)


@pytest.mark.parametrize("labels", [[], [True], [False], [True, True, True], [False, False]])
def test_one_class_has_no_area(labels: list[bool]) -> None:
    ranked = RankedLabels(np.arange(float(len(labels))), np.array(labels, np.bool_))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [ranked.auroc(), ranked.average_precision(), ranked.auroc_se(), ranked.average_precision_se()]
        samples = np.concatenate(ranked.bootstrap(3, 0))
    assert not ranked.is_defined
    assert np.isnan(found).all()
    assert np.isnan(samples).all()


def test_constant_scores_are_chance() -> None:
    ranked = RankedLabels(np.zeros(10), np.arange(10) < 3)
    assert ranked.auroc() == 0.5
    assert ranked.average_precision() == pytest.approx(0.3)
    assert ranked.auroc_se() == 0
