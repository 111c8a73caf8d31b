"""Compiled and Numba kernels against their NumPy twins on generated and on awkward rows."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.tails import plain_correlation_p

from gxfast.errors import GxfastError
from gxfast.kernels.jit import jit_flags
from gxfast.stats import fdr, pearson, spearman
from gxfast.stats.tails import correlation_p

FAST = ["compiled", "numba"]
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.1, np.nan, 1e-300, 1e300]),
    st.floats(-100, 100, allow_subnormal=False),
)


def _same(a, b, name):
    left, right = getattr(a, name), getattr(b, name)
    assert np.array_equal(np.isnan(left), np.isnan(right))
    # where squares of tiny deviations cancel, both are only as good as the data
    assert np.nanmax(np.abs(left - right), initial=0.0) <= 1e-14


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("people", [3, 4, 7, 8, 9, 358, 839])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("backend", FAST)
def test_rows_like_predictions(dtype, people, missing, backend):
    rng = np.random.default_rng(people)
    spread = 10 ** rng.uniform(-3.5, -0.5, size=(60, 1))
    x = (rng.uniform(0, 8, size=(60, 1)) + spread * rng.normal(size=(60, people))).astype(dtype)
    y = rng.normal(size=(60, people)).astype(dtype)
    x[:5] = x[:5, :1]
    x[5:20] = np.round(x[5:20], 1)
    x[rng.random(x.shape) < missing] = np.nan
    for function, name in ((pearson, "r"), (spearman, "rho")):
        fast, slow = function(x, y, backend=backend), function(x, y, backend="numpy")
        _same(fast, slow, name)
        assert np.array_equal(fast.n, slow.n)
        assert np.array_equal(fast.why, slow.why)
        again = function(x, y, backend=backend, n_threads=2)
        assert getattr(again, name).tobytes() == getattr(fast, name).tobytes()


@pytest.mark.parametrize("backend", FAST)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 12).flatmap(lambda s: arrays(np.float64, (2, 3, s), elements=VALUES)))
def test_any_rows(backend, pair):
    fast, slow = pearson(*pair, backend=backend), pearson(*pair, backend="numpy")
    assert np.array_equal(fast.why, slow.why)
    assert np.array_equal(np.isnan(fast.r), np.isnan(slow.r))
    ranked, slow_ranked = spearman(*pair, backend=backend), spearman(*pair, backend="numpy")
    _same(ranked, slow_ranked, "rho")
    assert np.array_equal(ranked.why, slow_ranked.why)
    # a row is constant in ranks exactly when it is constant
    assert np.array_equal(ranked.why, fast.why)


@pytest.mark.parametrize("backend", FAST)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    arrays(
        np.float64,
        st.integers(0, 30),
        elements=st.one_of(st.sampled_from([0.0, 0.5, 1.0, np.nan]), st.floats(0, 1, allow_subnormal=False)),
    ),
    st.sampled_from(["bh", "by"]),
)
def test_any_p_values(backend, p, method):
    fast, slow = fdr(p, method=method, backend=backend), fdr(p, method=method, backend="numpy")
    assert fast.tobytes() == slow.tobytes()
    assert (np.isnan(p) | (fast >= p * (1 - 1e-15))).all()


def test_cache_can_be_switched_off(monkeypatch):
    monkeypatch.delenv("GXFAST_NUMBA_CACHE", raising=False)
    assert jit_flags()["cache"] is True
    monkeypatch.setenv("GXFAST_NUMBA_CACHE", "0")
    assert jit_flags()["cache"] is False
    assert "fastmath" not in jit_flags()


def test_no_folder_for_the_cache_is_explained(monkeypatch):
    from gxfast import kernels

    class _Refuses:
        def find_spec(self, name, path=None, target=None):
            if name == "gxfast.kernels._numba":
                raise RuntimeError("cannot cache function '_sums': no locator available")

    monkeypatch.delitem(sys.modules, "gxfast.kernels._numba", raising=False)
    monkeypatch.delattr(kernels, "_numba", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Refuses(), *sys.meta_path])
    with pytest.raises(GxfastError, match="GXFAST_NUMBA_CACHE=0"):
        kernels.load_kernels("numba")


def test_importing_the_statistics_costs_neither_numba_nor_scipy():
    code = (
        "import sys, gxfast.stats, gxfast.evaluation.across_people; gxfast.stats.pearson, gxfast.stats.fdr; "
        "from gxfast.stats import significant; assert callable(gxfast.stats.fdr); "
        "bad = {'numba', 'scipy', 'sklearn'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("n", [70_000, 3_000_000])
@pytest.mark.parametrize("kind", ["signals", "grid"])
def test_many_p_values(n, kind):
    # more values than buckets, and massive ties as permutation p values have them
    rng = np.random.default_rng(n)
    p = rng.uniform(size=n) ** 3 if kind == "signals" else (rng.integers(0, 300, size=n) + 1) / 301
    p[rng.random(n) < 0.01] = np.nan
    assert fdr(p).tobytes() == fdr(p, backend="numpy").tobytes()


@pytest.mark.parametrize("df", [1, 2, 3, 7, 30, 419, 837, 5000])
def test_tail_of_correlations(df):
    """The compiled tail against scipy's, whose own error near |r| = 1 is what the tolerance allows."""
    r = np.concatenate([np.linspace(-0.9999, 0.9999, 2001), [0.0, 1e-9, 1e-4, 1.0, -1.0, np.nan]])
    p, log10p = correlation_p(r, df)
    slow_p, slow_log10p = plain_correlation_p(r, df)
    large = slow_p > 1e-290
    assert np.allclose(p[large], slow_p[large], rtol=5e-11, atol=0)
    finite = np.isfinite(slow_log10p)
    assert np.allclose(log10p[finite], slow_log10p[finite], rtol=0, atol=1e-10)
    assert np.array_equal(np.isnan(p), np.isnan(r))
    assert log10p[np.abs(r) == 1].tolist() == [-np.inf, -np.inf]


def test_tail_with_several_degrees_of_freedom():
    r, df = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, 0.6]]), np.array([[5, 7, 5], [0, 9, 7]])
    p, log10p = correlation_p(r, df)
    for at in np.ndindex(r.shape):
        one = correlation_p(r[at].reshape(1), df[at])
        assert np.array_equal([p[at], log10p[at]], [one[0][0], one[1][0]], equal_nan=True)
