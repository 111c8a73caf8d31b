"""The fine-tuning head against the elastic net as its objective reads, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.plain_elastic_net import objective, plain_elastic_net, plain_elastic_net_cv

from gxfast.errors import InputError
from gxfast.stats import fit_tracks


def _genes(genes=160, tracks=40, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(genes, 6)) @ rng.normal(size=(6, tracks)) + rng.normal(size=(genes, tracks))
    x = x * rng.uniform(0.1, 30, tracks) + rng.normal(size=tracks) * 10
    y = x[:, :4] @ (1 / x[:, :4].std(axis=0)) + rng.normal(size=genes) * 2 + 7
    x[:, 9] = 3.0
    return x, y


@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
def test_the_path_is_the_objectives_minimum(l1_ratio):
    x, y = _genes()
    folds = np.arange(len(y), dtype=np.int32) % 4
    found = fit_tracks(x, y, folds=folds, l1_ratio=l1_ratio, n_lambdas=12, gap=1e-7)
    held_out, error = plain_elastic_net_cv(x.T, y, folds, found.lambdas, l1_ratio)
    np.testing.assert_allclose(found.cv_error, error, rtol=2e-3)
    assert found.chosen == np.argmin(error)
    np.testing.assert_allclose(found.held_out, held_out[found.chosen], atol=5e-3 * y.std())
    lambda_ = float(found.lambdas[found.chosen])
    best, _ = plain_elastic_net(x.T, y, np.array([lambda_]), l1_ratio)
    sd = x.std(axis=0)
    sd[9] = 1
    z, centred = (x - x.mean(axis=0)) / sd, y - y.mean()
    reached, optimum = (objective(z, centred, b * sd, lambda_, l1_ratio) for b in (found.coefficients, best[0]))
    assert -1e-12 <= reached / optimum - 1 < 1e-6
    assert found.coefficients[9] == 0
    assert found.intercept == pytest.approx(y.mean() - found.coefficients @ x.mean(axis=0), rel=1e-6)


def test_beside_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = _genes(genes=300, tracks=80)
    found = fit_tracks(x, y, folds=5, seed=3, n_lambdas=30, gap=1e-6)
    z = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1)
    alpha = float(found.lambdas[found.chosen])
    model = linear_model.ElasticNet(alpha=alpha, l1_ratio=0.5, tol=1e-10, max_iter=100_000).fit(z, y)
    np.testing.assert_allclose(found.predict(x), model.predict(z), atol=0.01 * y.std())
    assert np.corrcoef(found.held_out, y)[0, 1] > 0.5


def test_validation_genes_choose_the_penalty():
    x, y = _genes()
    validation = np.zeros(len(y), bool)
    validation[:40] = True
    found = fit_tracks(x, y, validation=validation, n_lambdas=15)
    # validation genes change nothing but the choice
    moved = y.copy()
    moved[:40] = y[:40][::-1]
    again = fit_tracks(x, moved, validation=validation, n_lambdas=15)
    np.testing.assert_allclose(again.lambdas, found.lambdas, rtol=1e-4)
    np.testing.assert_allclose(found.predict(x)[:40], found.held_out[:40], atol=1e-3)
    assert np.isnan(found.held_out[40:]).all()


def test_more_tracks_than_genes_and_the_same_bits():
    x, y = _genes(genes=50, tracks=120)
    one, two = (fit_tracks(x, y, folds=5, n_lambdas=20, gap=1e-5) for _ in range(2))
    assert one.coefficients.tobytes() == two.coefficients.tobytes()
    assert one.gap < 1e-4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1_ratio": 0.0}, "l1_ratio"),
        ({"folds": 1}, "folds"),
        ({"folds": np.zeros(160, int)}, "folds"),
        ({"validation": np.zeros(160, bool)}, "validation"),
        ({"validation": np.zeros(160)}, "validation"),
    ],
)
def test_refusals(options, message):
    x, y = _genes()
    with pytest.raises(InputError, match=message):
        fit_tracks(x, y, **options)


def test_refusals_of_values():
    x, y = _genes()
    with pytest.raises(InputError, match="finite"):
        fit_tracks(np.where(x == x[3, 4], np.nan, x), y)
    with pytest.raises(InputError, match="the same for all genes"):
        fit_tracks(x, np.full(len(y), 2.0))
    with pytest.raises(InputError, match="y must have shape"):
        fit_tracks(x, y[1:])
