"""The compiled sum of single effects against its NumPy twin."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.two_signals import two_signals

from gxfast.stats import susie


@pytest.mark.parametrize(("people", "variants", "seed"), [(120, 60, 0), (33, 9, 1), (64, 203, 2), (19, 31, 3)])
def test_equals_the_twin(people, variants, seed):
    x, y, covariates = two_signals(people, max(variants, 41), seed)
    x = x[-variants:]
    compiled, twin = (susie(x.astype(kind), y, covariates=covariates) for kind in (np.int8, np.float64))
    assert compiled.n_iterations == twin.n_iterations
    assert np.allclose(compiled.pip, twin.pip, atol=1e-10, equal_nan=True)
    assert np.allclose(compiled.alpha, twin.alpha, atol=1e-10)
    assert np.allclose(compiled.slope, twin.slope, atol=1e-10)
    assert np.allclose(compiled.prior_variance, twin.prior_variance, atol=1e-10)
    assert np.allclose(compiled.lbf, twin.lbf, atol=1e-9)
    assert compiled.bound == pytest.approx(twin.bound, abs=1e-9)
    assert [one.variants.tolist() for one in compiled.sets] == [one.variants.tolist() for one in twin.sets]


def test_twice_the_same_bits():
    x, y, covariates = two_signals()
    first, second = (susie(x, y, covariates=covariates) for _ in range(2))
    assert first.alpha.tobytes() == second.alpha.tobytes()
