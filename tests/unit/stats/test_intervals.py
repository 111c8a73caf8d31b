"""Intervals and permutation p-values of correlations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from gxfast.errors import InputError
from gxfast.stats import correlation_interval, permutation_p


@pytest.fixture
def pair():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 80))
    return x, x * [[0.0], [0.2], [0.6], [2.0]] + rng.normal(size=x.shape)


def test_fisher_equals_scipy(pair):
    found = correlation_interval(*pair, confidence=0.9)
    for i, (u, v) in enumerate(zip(*pair, strict=True)):
        expected = stats.pearsonr(u, v)
        bounds = expected.confidence_interval(0.9)
        assert found.r[i] == pytest.approx(expected.statistic, abs=1e-14)
        assert (found.low[i], found.high[i]) == pytest.approx((bounds.low, bounds.high), abs=1e-12)


def test_bootstrap_is_near_fisher_on_normal_data(pair):
    found, fisher = correlation_interval(*pair, method="bootstrap"), correlation_interval(*pair)
    np.testing.assert_allclose(found.low, fisher.low, atol=0.1)
    np.testing.assert_allclose(found.high, fisher.high, atol=0.1)
    again = correlation_interval(*(v[:2] for v in pair), method="bootstrap")
    assert np.array_equal(again.low, found.low[:2])


def test_permutations_are_near_all_permutations():
    x, y = np.array([1.0, 2.0, 3.0, 4.0, 9.0]), np.array([2.0, 1.0, 4.0, 3.0, 5.0])
    seen = abs(np.corrcoef(x, y)[0, 1])
    all_r = [abs(np.corrcoef(x, order)[0, 1]) for order in itertools.permutations(y)]
    exact = np.mean(np.array(all_r) >= seen - 1e-12)
    assert permutation_p(x, y, n_draws=4000)[0] == pytest.approx(exact, abs=0.02)


def test_strong_rows_get_the_smallest_p_and_null_rows_do_not(pair):
    p = permutation_p(*pair, n_draws=200)
    assert p[3] == 1 / 201
    assert p[0] > 0.05


def test_nan_is_left_out_and_constant_is_nan(pair):
    x, y = (v.copy() for v in pair)
    x[1, :5] = np.nan
    y[2] = 0.1
    found = correlation_interval(x, y)
    alone = correlation_interval(x[1, 5:], y[1, 5:])
    assert (found.low[1], found.high[1]) == (alone.low[0], alone.high[0])
    assert np.isnan([found.r[2], found.low[2], found.high[2], permutation_p(x, y, n_draws=2)[2]]).all()


def test_refusals(pair):
    x, y = pair
    with pytest.raises(InputError, match="one shape"):
        correlation_interval(x, y[:, 1:])
    with pytest.raises(InputError, match="confidence"):
        correlation_interval(x, y, confidence=95)
    with pytest.raises(InputError, match="fisher or bootstrap"):
        correlation_interval(x, y, method="other")
    with pytest.raises(InputError, match="infinite"):
        permutation_p(np.full_like(x, np.inf), y)
    with pytest.raises(InputError, match="n_draws"):
        permutation_p(x, y, n_draws=1)
