"""The sum of single effects against what tensorQTL 1.0.10 computes in float64 (typed in), and its credible sets."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.two_signals import two_signals

from gxfast.errors import InputError
from gxfast.stats import susie


@pytest.mark.parametrize("kind", [np.int8, np.float64])
def test_equals_tensorqtl(kind):
    """`susie.susie` on float64 tensors with max_iter=200, on the same arrays."""
    x, y, covariates = two_signals()
    fit = susie(x.astype(kind), y, covariates=covariates)
    expected = {9: 0.011139774970398864, 10: 0.9879067053597539, 40: 0.9962539493189029}
    assert np.flatnonzero(fit.pip > 0.005).tolist() == [9, 10, 40]
    for variant, pip in expected.items():
        assert fit.pip[variant] == pytest.approx(pip, abs=1e-9)
    assert (fit.n_iterations, fit.converged) == (5, True)
    # its prior weights are float32
    assert fit.bound == pytest.approx(-192.5567479, abs=1e-6)
    assert fit.residual_variance == pytest.approx(1.1891, abs=1e-4)
    assert np.allclose(fit.prior_variance, [0.4928, 0.3861] + [0] * 8, atol=1e-4)
    assert np.allclose(fit.lbf[:2], [18.633, 13.455], atol=1e-3)
    assert [(one.effect, one.variants.tolist(), one.lead, one.min_abs_corr) for one in fit.sets] == [
        (0, [40], 40, 1.0),
        (1, [10], 10, 1.0),
    ]
    assert fit.sets[0].coverage == pytest.approx(0.99625, abs=1e-4)


def test_slopes_shrink_towards_zero_and_keep_their_sign():
    x, y, covariates = two_signals()
    fit = susie(x, y, covariates=covariates)
    # least squares with the other signal among the covariates: -1.132 and 0.944 (tensorQTL)
    assert -1.132 < fit.slope[0, 40] < -1.0
    assert 0.8 < fit.slope[1, 10] < 0.944


@pytest.mark.parametrize("kind", [np.int8, np.float64])
def test_copies_share_what_they_carry(kind):
    x, y, covariates = two_signals()
    x = x.astype(kind)
    x[11], x[12] = x[10], 2 - x[10]
    fit = susie(x, y, covariates=covariates)
    assert np.allclose(fit.pip[[11, 12]], fit.pip[10], atol=1e-9)
    assert fit.sets[1].variants.tolist() == [10, 11, 12]
    assert fit.sets[1].lead == 10
    assert fit.sets[1].min_abs_corr == pytest.approx(1)
    assert fit.slope[1, 12] == pytest.approx(-fit.slope[1, 10])


def test_what_cannot_be_tested_is_undefined():
    x, y, covariates = two_signals()
    x[3] = 1
    fit = susie(x, y, covariates=np.vstack([covariates, x[5]]))
    assert np.isnan(fit.pip[[3, 5]]).all()
    assert np.isfinite(np.delete(fit.pip, [3, 5])).all()
    assert (fit.alpha[:, [3, 5]] == 0).all()
    nothing = susie(np.ones((4, 120), np.int8), y)
    assert np.isnan(nothing.pip).all()
    assert nothing.sets == ()


def test_noise_has_no_set():
    x, _, _ = two_signals()
    fit = susie(x, np.random.default_rng(2).normal(size=120))
    assert fit.sets == ()
    assert fit.pip.max() < 0.5


def test_wide_sets_are_left_out():
    x, y, covariates = two_signals()
    assert len(susie(x, y, covariates=covariates, coverage=1 - 1e-12).sets) == 0  # holds unlinked variants
    loose = susie(x, y, covariates=covariates, coverage=1 - 1e-12, min_abs_corr=0).sets
    assert len(loose) == 1  # both effects have the whole window: equal sets are one
    assert loose[0].min_abs_corr < 0.1


def test_without_convergence_there_are_no_sets():
    x, y, covariates = two_signals()
    fit = susie(x, y, covariates=covariates, max_iterations=2)
    assert (fit.n_iterations, fit.converged, fit.sets) == (2, False, ())
    assert "not converged" in repr(fit)


def test_fewer_variants_than_effects():
    x, y, _ = two_signals()
    assert susie(x[[10, 40]], y).alpha.shape == (2, 2)


def test_refuses():
    x, y, _ = two_signals()
    for wrong, message in (
        ({"y": np.ones(120)}, "constant"),
        ({"y": y[:5]}, "dosages"),
        ({"coverage": 0}, "coverage"),
        ({"prior_variance": 0}, "prior_variance"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"min_abs_corr": float("nan")}, "min_abs_corr"),
        ({"n_effects": 0}, "n_effects"),
        ({"dosages": np.where(x == 2, np.nan, x)}, "missing"),
        ({"covariates": np.ones((1, 120))}, "collinear"),
    ):
        with pytest.raises(InputError, match=message):
            susie(**{"dosages": x, "y": y, **wrong})
