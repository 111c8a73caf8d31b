"""Matched pairs, two models, null percentiles: published figures, figures by hand, slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.plain_variant_metrics import plain_pairwise
from scipy import stats as scipy_stats

from gxfast import stats
from gxfast.errors import InputError
from gxfast.stats.estimate import Estimate

NAN = math.nan


@given(st.integers(0, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_pairwise_accuracy_is_that_of_pairs_one_by_one(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, 5, n) / 2.0, rng.random(n) < 0.4
    sets = np.array(["", "a", "b", "c"])[rng.integers(0, 4, n)]
    found = stats.pairwise_accuracy(scores, positive, sets)
    value, pairs = plain_pairwise(scores, positive, sets)
    assert found.value == pytest.approx(value, abs=1e-12, nan_ok=True)
    assert found.n == pairs


def test_pairs_by_hand() -> None:
    # won, lost, tied; one positive has no score, one set no negative
    found = stats.pairwise_accuracy(
        [2, 1, 1, 2, 3, 3, NAN, 1, 4], [1, 0, 1, 0, 1, 0, 1, 0, 1], ["a", "a", "b", "b", "c", "c", "d", "d", "e"]
    )
    assert (found.value, found.n, found.n_positive, found.n_dropped) == (0.5, 3, 3, 3)
    assert found.se == pytest.approx(math.sqrt(0.25 / 3))
    assert found.method == "Wald"


def test_wald_errors_are_those_that_were_published() -> None:
    """AlphaGenome at 2,306 pairs of eQTLs: 0.621 +- 0.010; promoters, 241 pairs: 0.697 +- 0.030."""
    for n, won, share, se in ((2306, 1432, 0.621, 0.010), (241, 168, 0.697, 0.030)):
        scores = np.ravel([[1, 0]] * won + [[0, 1]] * (n - won))
        found = stats.pairwise_accuracy(scores, [1, 0] * n, np.repeat(np.arange(n).astype(str), 2))
        assert found.n == n
        assert round(found.value, 3) == share
        assert round(found.se, 3) == se


def test_macro_mean_is_that_which_was_published() -> None:
    """0.654 +- 0.021 over the six subsets of the same table; smaller subsets are left out."""
    subsets = [
        (0.604, 0.012, 1678), (0.697, 0.030, 241), (0.586, 0.039, 157), (0.678, 0.044, 115), (0.725, 0.062, 51),
        (0.633, 0.088, 30), (0.1, 0.2, 29),
    ]  # fmt: skip
    found = stats.macro_mean([Estimate(v, NAN, NAN, se, n, n, 0, "Wald") for v, se, n in subsets])
    assert round(found.value, 3) == 0.654
    assert round(found.se, 3) == 0.021
    assert (found.n, found.n_dropped) == (2272, 29)
    assert math.isnan(stats.macro_mean([]).value)


def test_pairs_that_share_a_positive_are_clusters() -> None:
    # positives win 2 of 2 and 0 of 2: clusters leave the error of two things, not of four
    found = stats.pairwise_accuracy([5, 1, 1, 0, 1, 1], [1, 0, 0, 1, 0, 0], ["a"] * 3 + ["b"] * 3)
    assert (found.value, found.n) == (0.5, 4)
    assert found.se == pytest.approx(math.sqrt((1 + 1) / 16))
    assert found.method == "Wald, sets as clusters"


def test_one_set_has_no_interval() -> None:
    # its pairs share one positive: there is nothing that they would vary around
    found = stats.pairwise_accuracy([3, 1, 2, 4], [1, 0, 0, 0], ["a"] * 4)
    assert found.value == pytest.approx(2 / 3)
    assert math.isnan(found.se)
    assert math.isnan(found.low)
    assert found.method == "no interval of one set"


def test_pairs_are_counted_and_not_listed() -> None:
    # 10^10 pairs: as many won as lost, and every score is that of a positive and of a negative
    n = 100_000
    found = stats.pairwise_accuracy(np.ravel([np.arange(n)] * 2), np.repeat([1, 0], n), ["a"] * 2 * n)
    assert (found.value, found.n) == (0.5, n * n)


def test_odds_of_the_right_direction_by_hand() -> None:
    # both right 2, only A 3, only B 1, neither 2; two rows have no sign
    effects = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
    a = [1, 1, 1, 1, 1, -1, -1, -1, NAN, 1]
    b = [1, 1, -1, -1, -1, 1, -1, -1, 1, 1]
    found = stats.direction_odds(a, b, effects)
    assert (found.both, found.only_a, found.only_b, found.neither, found.n, found.n_dropped) == (2, 3, 1, 2, 8, 2)
    assert found.paired == 3
    assert found.p == pytest.approx(0.625)
    # Clopper-Pearson of 3 in 4, as odds
    assert (found.paired_low, found.paired_high) == pytest.approx((0.24087, 157.5), rel=1e-3)
    assert found.unpaired == pytest.approx((5 / 3) / (3 / 5))
    half = 1.959964 * math.sqrt(1 / 5 + 1 / 3 + 1 / 3 + 1 / 5)
    assert found.unpaired_low == pytest.approx(25 / 9 * math.exp(-half), rel=1e-6)


def test_unpaired_odds_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    effects = rng.normal(size=300)
    a, b = effects + rng.normal(size=300), effects + rng.normal(0, 3, 300)
    found = stats.direction_odds(a, b, effects)
    right = [int((np.sign(one) == np.sign(effects)).sum()) for one in (a, b)]
    twin = scipy_stats.contingency.odds_ratio([[right[0], 300 - right[0]], [right[1], 300 - right[1]]], kind="sample")
    assert found.unpaired == pytest.approx(twin.statistic, rel=1e-12)
    assert found.unpaired_low == pytest.approx(twin.confidence_interval(0.95).low, rel=1e-9)


def test_odds_at_the_edges() -> None:
    only_a = stats.direction_odds([1, 1, 1], [-1, -1, 1], [1, 1, 1])
    assert only_a.paired == math.inf
    assert only_a.paired_high == math.inf
    assert 0 < only_a.paired_low < 1
    assert math.isnan(only_a.unpaired)
    same = stats.direction_odds([1, -1], [1, -1], [1, 1])
    assert math.isnan(same.paired)
    assert math.isnan(same.p)
    assert same.unpaired == 1
    none = stats.direction_odds([], [], [])
    assert none.n == 0
    assert math.isnan(none.paired)
    assert math.isnan(none.unpaired)


def test_null_percentiles_by_hand() -> None:
    found = stats.null_percentile([0, 1, 5, NAN], [1, 1, 2, NAN])
    assert found.tolist()[:3] == [0.125, (0 + 1 + 0.5) / 4, 0.875]
    assert math.isnan(found[3])
    parts = stats.null_percentile([1, 1, 1], [0, 2, 2], strata=["a", "b", "c"], null_strata=["a", "b", "b"])
    assert parts.tolist()[:2] == [0.75, pytest.approx(0.5 / 3)]
    assert math.isnan(parts[2])


def test_refusals() -> None:
    for call in (
        lambda: stats.pairwise_accuracy([1, 2], [0, 1], ["a"]),
        lambda: stats.pairwise_accuracy([1, math.inf], [0, 1], ["a", "a"]),
        lambda: stats.pairwise_accuracy([1, 2], [0, 3], ["a", "a"]),
        lambda: stats.direction_odds([1], [1, 2], [1, 2]),
        lambda: stats.null_percentile([1], [1], strata=["a"]),
        lambda: stats.null_percentile([1], [1], strata=["a"], null_strata=["a", "b"]),
        lambda: stats.null_percentile([math.inf], [1]),
        lambda: stats.macro_mean([], min_pairs=0),
    ):
        with pytest.raises(InputError):
            call()
