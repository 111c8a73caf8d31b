"""False discovery rate: worked by hand, ties, gaps, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import fdr, significant

BACKENDS = ["numba", "numpy"]


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
    with pytest.raises(InputError, match="'bh' or 'by'"):
        fdr([0.5], method="storey")
    with pytest.raises(InputError, match="alpha"):
        significant([0.5], alpha=0.0)
