"""The gene-specific null of random weights."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import random_null


@pytest.fixture
def gene():
    rng = np.random.default_rng(4)
    return rng.integers(0, 3, (60, 120)).astype(np.int8), rng.normal(size=120)


@pytest.mark.parametrize("positive", [False, True])
def test_equals_the_plain_loop(gene, positive):
    dosages, observed = gene
    null = random_null(dosages, observed, n_draws=130, seed=9, positive=positive)
    weights = np.random.default_rng(9).standard_normal((130, 60), dtype=np.float32).astype(np.float64)
    weights = np.abs(weights) if positive else weights
    plain = np.array([np.corrcoef(w @ dosages, observed)[0, 1] for w in weights])
    np.testing.assert_allclose(null.r, plain, atol=1e-6)
    assert null.mean == pytest.approx(np.abs(plain).mean(), abs=1e-6)
    assert null.sd == pytest.approx(np.abs(plain).std(), abs=1e-6)
    r = float(np.median(np.abs(plain))) + 1e-4
    assert null.exceedance_p(-r) == ((np.abs(plain) >= r).sum() + 1) / 131


def test_published_rounding(gene):
    null = random_null(*gene, as_published=True)
    rounded = np.abs(np.round(null.r, 4))
    assert (null.mean, null.sd) == (round(rounded.mean(), 3), round(rounded.std(), 5))


def test_a_constant_variant_changes_no_other_weight(gene):
    dosages, observed = gene
    longer = np.vstack([dosages, np.full((1, 120), 2, dtype=np.int8)])
    first = random_null(longer, observed, n_draws=2, seed=5).r[0]
    assert first == pytest.approx(random_null(dosages, observed, n_draws=2, seed=5).r[0], abs=1e-6)


@pytest.mark.parametrize("n_variants", [0, 3])
def test_undefined_is_nan_and_as_published_zero(n_variants):
    dosages, observed = np.ones((n_variants, 8), dtype=np.int8), np.arange(8.0)
    null = random_null(dosages, observed)
    assert null.n_undefined == 50
    assert np.isnan([null.mean, null.sd, null.exceedance_p(0.1)]).all()
    published = random_null(dosages, observed, as_published=True)
    assert (published.mean, published.sd) == (0.0, 0.0)
    varying = np.tile(np.array([[0, 1]], dtype=np.int8), (2, 4))
    assert np.isnan(random_null(varying, np.full(8, 0.1)).mean)


def test_refusals(gene):
    dosages, observed = gene
    with pytest.raises(InputError, match="0, 1 or 2"):
        random_null(np.where(dosages == 2, -1, dosages), observed)
    with pytest.raises(InputError, match="whole numbers"):
        random_null(dosages.astype(float), observed)
    with pytest.raises(InputError, match="observed must have shape"):
        random_null(dosages, observed[:-1])
    with pytest.raises(InputError, match="finite"):
        random_null(dosages, np.where(observed > 0, np.nan, observed))
    with pytest.raises(InputError, match="n_draws"):
        random_null(dosages, observed, n_draws=1)
