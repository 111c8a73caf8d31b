"""Numba kernels against their NumPy twins on generated and on awkward rows."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gxfast.errors import GxfastError
from gxfast.stats import fdr, pearson, spearman
from gxfast.stats._jit import jit_flags

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
def test_rows_like_predictions(dtype, people, missing):
    rng = np.random.default_rng(people)
    spread = 10 ** rng.uniform(-3.5, -0.5, size=(60, 1))
    x = (rng.uniform(0, 8, size=(60, 1)) + spread * rng.normal(size=(60, people))).astype(dtype)
    y = rng.normal(size=(60, people)).astype(dtype)
    x[:5] = x[:5, :1]
    x[5:20] = np.round(x[5:20], 1)
    x[rng.random(x.shape) < missing] = np.nan
    for function, name in ((pearson, "r"), (spearman, "rho")):
        fast, slow = function(x, y), function(x, y, backend="numpy")
        _same(fast, slow, name)
        assert np.array_equal(fast.n, slow.n)
        assert np.array_equal(fast.why, slow.why)
        again = function(x, y)
        assert getattr(again, name).tobytes() == getattr(fast, name).tobytes()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 12).flatmap(lambda s: arrays(np.float64, (2, 3, s), elements=VALUES)))
def test_any_rows(pair):
    fast, slow = pearson(*pair), pearson(*pair, backend="numpy")
    assert np.array_equal(fast.why, slow.why)
    assert np.array_equal(np.isnan(fast.r), np.isnan(slow.r))
    ranked, slow_ranked = spearman(*pair), spearman(*pair, backend="numpy")
    _same(ranked, slow_ranked, "rho")
    assert np.array_equal(ranked.why, slow_ranked.why)
    # a row is constant in ranks exactly when it is constant
    assert np.array_equal(ranked.why, fast.why)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    arrays(
        np.float64,
        st.integers(0, 30),
        elements=st.one_of(st.sampled_from([0.0, 0.5, 1.0, np.nan]), st.floats(0, 1, allow_subnormal=False)),
    ),
    st.sampled_from(["bh", "by"]),
)
def test_any_p_values(p, method):
    fast, slow = fdr(p, method=method), fdr(p, method=method, backend="numpy")
    assert fast.tobytes() == slow.tobytes()
    assert (np.isnan(p) | (fast >= p * (1 - 1e-15))).all()


def test_cache_can_be_switched_off(monkeypatch):
    monkeypatch.delenv("GXFAST_NUMBA_CACHE", raising=False)
    assert jit_flags()["cache"] is True
    monkeypatch.setenv("GXFAST_NUMBA_CACHE", "0")
    assert jit_flags()["cache"] is False
    assert "fastmath" not in jit_flags()


def test_no_folder_for_the_cache_is_explained(monkeypatch):
    from gxfast.stats import _jit

    class _Refuses:
        def find_spec(self, name, path=None, target=None):
            if name == "gxfast.stats._numba_fns":
                raise RuntimeError("cannot cache function '_sums': no locator available")

    import gxfast.stats

    monkeypatch.delitem(sys.modules, "gxfast.stats._numba_fns", raising=False)
    monkeypatch.delattr(gxfast.stats, "_numba_fns", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Refuses(), *sys.meta_path])
    with pytest.raises(GxfastError, match="GXFAST_NUMBA_CACHE=0"):
        _jit.load_kernels("numba")


def test_importing_the_statistics_costs_neither_numba_nor_scipy():
    code = (
        "import sys, gxfast.stats, gxfast.evaluation; gxfast.stats.pearson, gxfast.stats.fdr; "
        "from gxfast.stats import significant; assert callable(gxfast.stats.fdr); "
        "bad = {'numba', 'scipy', 'sklearn'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
