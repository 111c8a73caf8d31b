"""False discovery rate: worked by hand, ties, gaps, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import fdr, null_share, significant

BACKENDS = ["compiled", "numba", "numpy"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_bh_by_hand(backend):
    # times 5/rank: .05 .05 .0667 .05 .9 in rank order, then the running minimum from the right
    p = [0.04, 0.01, 0.02, 0.9, 0.04]
    assert fdr(p, backend=backend) == pytest.approx([0.05, 0.05, 0.05, 0.9, 0.05], abs=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_by_is_bh_times_the_harmonic_sum(backend):
    # three tests: 1 + 1/2 + 1/3 = 11/6
    assert fdr([0.01, 0.2, 0.6], method="by", backend=backend) == pytest.approx([0.055, 0.55, 1.0], abs=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_is_no_test(backend):
    q = fdr([np.nan, 0.01, np.nan, 0.5], backend=backend)
    assert np.isnan(q[[0, 2]]).all()
    assert q[[1, 3]] == pytest.approx([0.02, 0.5], abs=1e-15)
    assert np.isnan(fdr([np.nan, np.nan], backend=backend)).all()
    assert fdr([], backend=backend).shape == (0,)


@pytest.mark.parametrize("backend", BACKENDS)
def test_ties_are_equal_to_the_bit(backend):
    rng = np.random.default_rng(1)
    p = (rng.integers(0, 50, size=5000) + 1) / 101
    q = fdr(p, backend=backend)
    for value in np.unique(p):
        assert np.unique(q[p == value]).size == 1


def test_agrees_with_the_definition():
    rng = np.random.default_rng(2)
    p = rng.uniform(size=40) ** 2
    slow = [min(min(1.0, other * 40 / np.count_nonzero(p <= other)) for other in p if other >= mine) for mine in p]
    assert fdr(p) == pytest.approx(slow, rel=1e-14)


def test_ends_of_the_range():
    assert fdr([0.0, 1.0]) == pytest.approx([0.0, 1.0])


def test_strict_drops_the_test_on_the_threshold():
    p = [0.001, 0.02, 0.9, np.nan]
    assert significant(p).tolist() == [True, True, False, False]
    assert significant(p, strict=True).tolist() == [True, False, False, False]
    assert not significant([0.9, 0.8], strict=True).any()


@pytest.mark.parametrize("bad", [-1e-9, 1.0000001, np.inf])
def test_values_outside_the_range(bad):
    with pytest.raises(InputError, match="test 1: p values must lie in"):
        fdr([0.5, bad])


def test_refusals():
    with pytest.raises(InputError, match="shape"):
        fdr([[0.5]])
    with pytest.raises(InputError, match="'bh', 'by' or 'storey'"):
        fdr([0.5], method="holm")
    with pytest.raises(InputError, match="pi0 belongs"):
        fdr([0.5], pi0=0.5)
    with pytest.raises(InputError, match="no p value is large enough"):
        fdr([0.01, 0.02], method="storey")
    with pytest.raises(InputError, match="alpha"):
        significant([0.5], alpha=0.0)


def test_share_of_null_tests_by_hand():
    # 3 of 5 tests at or above 0.5: 3 / 5 / (1 - 0.5), at most 1
    assert null_share([0.01, 0.02, 0.5, 0.7, np.nan, 0.9], lambda_=0.5) == 1.0
    # 1 of 4 at or above 0.5
    assert null_share([0.01, 0.02, 0.03, 0.9], lambda_=0.5) == pytest.approx(0.5)
    with pytest.raises(InputError, match="lambda_"):
        null_share([0.5], lambda_=1.0)
    with pytest.raises(InputError, match="no tests"):
        null_share([np.nan])


@pytest.mark.parametrize("backend", BACKENDS)
def test_storey_is_bh_times_the_share_of_null_tests(backend):
    p = [0.01, 0.2, 0.6, np.nan]
    expected = np.asarray(fdr(p)) * 0.4
    assert fdr(p, method="storey", pi0=0.4, backend=backend)[:3] == pytest.approx(expected[:3], rel=1e-14)
    assert fdr(p, method="storey", pi0=1.0) == pytest.approx(fdr(p), nan_ok=True)


def test_share_of_null_tests_is_recovered():
    rng = np.random.default_rng(7)
    p = np.concatenate([rng.uniform(size=80_000), rng.uniform(size=20_000) ** 12])
    assert null_share(p) == pytest.approx(0.8, abs=0.03)
    assert null_share(rng.uniform(size=100_000)) == pytest.approx(1.0, abs=0.03)
