"""Correlation: values worked by hand, undefined rows, p values that do not underflow."""

from __future__ import annotations

from math import asin, log10, pi, sqrt

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import pearson, spearman
from gxfast.stats.tails import correlation_p

BACKENDS = ["compiled", "numba", "numpy"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_pearson_by_hand(backend):
    # deviations -1 0 1 and -4/3 2/3 2/3: sxy 2, sxx 2, syy 24/9
    result = pearson([1.0, 2.0, 3.0], [1.0, 3.0, 3.0], backend=backend)
    r = 2 / sqrt(2 * 24 / 9)
    assert result.r == pytest.approx(r, abs=1e-15)
    # one degree of freedom is the Cauchy distribution: p = 1 - 2 asin(r) / pi
    assert result.p == pytest.approx(1 - 2 * asin(r) / pi, abs=1e-14)
    assert result.log10p == pytest.approx(log10(1 - 2 * asin(r) / pi), abs=1e-13)
    assert result.n == 3
    assert result.r.shape == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_pearson_leaves_out_pairs_with_nan(backend):
    nan = np.nan
    x = [[1.0, 2.0, 3.0, nan, 9.0], [1.0, nan, nan, 4.0, 5.0]]
    y = [[1.0, 3.0, 3.0, 7.0, nan], [2.0, 1.0, 1.0, nan, 3.0]]
    result = pearson(x, y, backend=backend)
    assert result.r[0] == pytest.approx(2 / sqrt(2 * 24 / 9), abs=1e-15)
    assert result.n.tolist() == [3, 2]
    assert np.isnan([result.r[1], result.p[1], result.log10p[1]]).all()
    assert result.why.tolist() == [0, 1]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_rows_are_undefined_whatever_their_value(backend, dtype):
    rng = np.random.default_rng(1)
    levels = rng.uniform(0, 8, size=(200, 1)).astype(dtype)
    x = np.repeat(levels, 839, axis=1)
    y = rng.normal(size=(200, 839)).astype(dtype)
    result = pearson(x, y, backend=backend)
    assert np.isnan(result.r).all()
    assert np.isnan(result.p).all()
    assert (result.why == 2).all()
    assert (pearson(y, x, backend=backend).why == 3).all()
    assert np.isnan(spearman(x, y, backend=backend).rho).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_row_that_is_constant_only_after_deletion(backend):
    result = pearson([0.1, 0.1, 0.1, 0.1, 7.0], [1.0, 2.0, 4.0, 3.0, np.nan], backend=backend)
    assert np.isnan(result.r)
    assert result.why == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_covariates_take_degrees_of_freedom(backend):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 3, 12))
    plain, corrected = pearson(x, y, backend=backend), pearson(x, y, n_covariates=4, backend=backend)
    assert np.array_equal(plain.r, corrected.r)
    assert corrected.p == pytest.approx(correlation_p(plain.r, 12 - 2 - 4)[0], rel=1e-15)
    per_row = pearson(x, y, n_covariates=np.array([0, 9, 10]), backend=backend)
    assert per_row.p[0] == plain.p[0]
    assert not np.isnan(per_row.r[1])
    assert np.isnan(per_row.r[2])
    assert per_row.why.tolist() == [0, 0, 1]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200, 4e307])
def test_scale_does_not_matter(backend, scale):
    # denormal values carry few digits, hence whole multiples of the scale
    x, y = np.array([1.0, 2.0, 3.0]) * scale, np.array([1.0, 3.0, 3.0])
    assert pearson(x, y, backend=backend).r == pytest.approx(2 / sqrt(2 * 24 / 9), abs=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_small_spread_on_a_large_mean(backend):
    x = 1e6 + np.array([0.0, 2.0**-20, 2.0**-19])
    assert pearson(x, [1.0, 3.0, 3.0], backend=backend).r == pytest.approx(2 / sqrt(2 * 24 / 9), abs=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_spearman_by_hand_with_ties(backend):
    # ranks 1 2.5 2.5 4 and 1 2 3 4: sxy 4.5, sxx 4.5, syy 5
    result = spearman([10.0, 20.0, 20.0, 90.0], [0.1, 0.2, 0.3, 0.4], backend=backend)
    assert result.rho == pytest.approx(4.5 / sqrt(4.5 * 5), abs=1e-15)
    # ranks are taken after deletion: the missing 15 would shift them
    gap = spearman([10.0, 15.0, 20.0, 20.0, 90.0], [0.1, np.nan, 0.2, 0.3, 0.4], backend=backend)
    assert gap.rho == result.rho
    assert gap.n == 4


def test_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    x = np.round(rng.normal(size=(20, 50)), 1)
    y = x + rng.normal(size=(20, 50)) * rng.uniform(0.1, 5, size=(20, 1))
    linear, ranked = pearson(x, y), spearman(x, y)
    for g in range(20):
        r, p = stats.pearsonr(x[g], y[g])
        rho, p_rho = stats.spearmanr(x[g], y[g])
        assert linear.r[g] == pytest.approx(r, abs=1e-14)
        assert linear.p[g] == pytest.approx(p, rel=1e-9)
        assert ranked.rho[g] == pytest.approx(rho, abs=1e-14)
        assert ranked.p[g] == pytest.approx(p_rho, rel=1e-9)


@pytest.mark.parametrize("r", [1e-12, 1e-6, 0.049, 0.051, 0.3, 0.9, 0.999999])
def test_p_by_closed_forms(r):
    # with 2 degrees of freedom p = 1 - r; with 4, p = 1 - r (3 - r^2) / 2
    two, log_two = correlation_p(np.array([r, -r]), 2)
    assert two == pytest.approx([1 - r, 1 - r], rel=1e-9 if r > 0.999 else 1e-13)
    assert log_two == pytest.approx(np.log10(two), abs=1e-13)
    four, _ = correlation_p(np.array([r]), 4)
    exact = (1 - r) ** 2 * (2 + r) / 2
    assert four[0] == pytest.approx(exact, rel=1e-9 if r > 0.999 else 1e-12)


def test_log10p_goes_on_where_p_is_zero():
    from fractions import Fraction

    df, r = 2000, Fraction(4, 5)
    # 2 m degrees of freedom: 1 - p = r * sum_k C(2k, k) / 4^k * (1 - r^2)^k for k < m
    term, total = Fraction(1), Fraction(0)
    y = 1 - r * r
    for k in range(df // 2):
        total += term
        term = term * y * Fraction(2 * k + 1, 2 * k + 2)
    exact = 1 - r * total
    digits = log10(exact.numerator) - log10(exact.denominator) if exact else 0.0
    # log10 of a big integer is exact to about 1e-16 of its size (thousands of digits)
    p, log10p = correlation_p(np.array([0.8]), df)
    assert p[0] == 0.0
    assert log10p[0] == pytest.approx(digits, abs=1e-8)
    assert log10p[0] < -400


def test_log10p_is_smooth_where_the_method_changes():
    r = np.linspace(0.65, 0.9, 400)
    _, log10p = correlation_p(r, 837)
    assert (log10p > -290).any()
    assert (log10p < -290).any()
    third = np.diff(log10p, 3)
    assert np.abs(third).max() < 1e-2
    assert (np.diff(log10p) < 0).all()


def test_perfect_correlation_has_the_limit():
    result = pearson([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0])
    assert (result.r, result.p, result.log10p) == (1.0, 0.0, -np.inf)


def test_threads_change_nothing():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 300, 41))
    x[rng.random(x.shape) < 0.1] = np.nan
    for function in (pearson, spearman):
        one, many = function(x, y), function(x, y, n_threads=3)
        assert one.p.tobytes() == many.p.tobytes()


def test_a_vector_is_paired_with_every_row():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(4, 10)), rng.normal(size=10)
    assert np.array_equal(pearson(x, y).r, [pearson(row, y).r for row in x])


def test_no_rows():
    assert pearson(np.empty((0, 5)), np.empty((0, 5))).r.shape == (0,)


@pytest.mark.parametrize("function", [pearson, spearman])
def test_refusals(function):
    with pytest.raises(InputError, match="same people"):
        function(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(InputError, match="as many rows"):
        function(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(InputError, match="numbers, found dtype"):
        function(["a", "b", "c"], [1, 2, 3])
    with pytest.raises(InputError, match=r"shape \(G, S\)"):
        function(np.zeros((2, 3, 4)), np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match="backend"):
        function([1, 2, 3], [1, 2, 4], backend="fortran")
    with pytest.raises(InputError, match="n_covariates"):
        function([1, 2, 3], [1, 2, 4], n_covariates=-1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", [pearson, spearman])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_infinite_values_are_named(function, backend, n_threads):
    x = np.random.default_rng(6).normal(size=(200, 9))
    x[150, 2], x[150, 3], x[150, 4] = np.inf, -np.inf, np.nan
    with pytest.raises(InputError, match="row 150: x or y has an infinite"):
        function(x, np.arange(9.0), backend=backend, n_threads=n_threads)
