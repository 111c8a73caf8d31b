"""Linear predictors on held-out people, and the heritability of a window."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import plain_relatedness

from gxfast.errors import InputError
from gxfast.stats import blup, cis_heritability, cross_predict, pearson
from gxfast.stats.relatedness import Standardised, _Likelihood, _span, _tridiagonal, _tridiagonal_of_few


def _window(people, snps, h2, seed, *, n_causal=None):
    rng = np.random.default_rng(seed)
    x = (rng.random((2, snps, people)) < rng.uniform(0.1, 0.5, (1, snps, 1))).sum(axis=0).astype(np.int8)
    effects = np.zeros(snps)
    causal = rng.choice(snps, n_causal or snps, replace=False)
    effects[causal] = rng.normal(size=causal.size)
    genetic = effects @ ((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True))
    noise = rng.normal(size=people)
    return x, np.sqrt(h2) * genetic / genetic.std() + np.sqrt(1 - h2) * noise / noise.std(), causal


def test_heritability_is_recovered():
    found = [cis_heritability(*_window(400, 100, 0.5, seed)[:2]).h2 for seed in range(12)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)
    none = [cis_heritability(*_window(400, 100, 0.0, seed)[:2]) for seed in range(12)]
    assert np.mean([h.h2 for h in none]) < 0.06
    # at most chance: half of the p values of the null are 1
    assert sum(h.p < 0.05 for h in none) <= 3
    strong = cis_heritability(*_window(400, 100, 0.5, 1)[:2])
    assert strong.p < 1e-10
    assert 0 < strong.se < 0.2


def test_the_likelihood_is_that_of_the_covariance_itself():
    """REML by its textbook formula, with determinants and inverses, has its maximum at the same place."""
    x, y, _ = _window(60, 30, 0.5, 4)
    rng = np.random.default_rng(0)
    covariates = rng.normal(size=(2, 60))
    z = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    kinship, design = z.T @ z / 30, np.vstack([np.ones(60), covariates]).T

    def log_likelihood(h2):
        inverse = np.linalg.inv(h2 * kinship + (1 - h2) * np.eye(60))
        within = design.T @ inverse @ design
        p = inverse - inverse @ design @ np.linalg.inv(within) @ design.T @ inverse
        logdet = -np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(within)[1]
        return -0.5 * (57 * np.log(y @ p @ y / 57) + logdet)

    grid = np.linspace(0.001, 0.998, 998)
    best = grid[np.argmax([log_likelihood(h2) for h2 in grid])]
    assert cis_heritability(x, y, covariates=covariates).h2 == pytest.approx(best, abs=1.1e-3)


@pytest.mark.parametrize(("people", "snps", "n_covariates"), [(70, 200, 3), (70, 20, 3), (40, 1, 0), (60, 60, 13)])
def test_heritability_equals_that_from_eigenvalues(people, snps, n_covariates):
    """At every share: the curve without its constant, and where it is largest; collinear covariates count once."""
    x, y, _ = _window(people, snps, 0.4, people + snps)
    covariates = np.random.default_rng(5).normal(size=(n_covariates, people))
    if n_covariates:
        covariates = np.vstack([covariates, 2 * covariates[:1] - 1])
    known, design = Standardised(x, y), _span(covariates, people)
    curves = [_Likelihood(*_tridiagonal(known.kinship, design, y))]
    if snps + design.shape[1] < people:
        few = _tridiagonal_of_few(known.z, design, y)
        curves.append(_Likelihood(*few, people - design.shape[1] - few[0].size))

    def plain(h2):
        return plain_relatedness.likelihood(x, y, covariates, h2)

    shares = np.array([0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
    expected = np.array([plain(h2) for h2 in shares]) - plain(0.0)
    for own in curves:
        assert np.array([own(h2) for h2 in shares]) - own(0.0) == pytest.approx(expected, abs=1e-9)
        assert own.on_grid(shares) - own(0.0) == pytest.approx(expected, abs=1e-9)
    h2 = cis_heritability(x, y, covariates=covariates).h2
    # The curve is flat at its top: a share within 1e-4 of the best one is as good to 1e-8.
    around = [plain(min(max(h2 + shift, 0), 0.999)) for shift in (-1e-3, 1e-3)]
    assert plain(h2) >= max(around) - 1e-12


@pytest.mark.parametrize("h2", [0.001, 0.4, 0.999])
def test_blup_equals_that_with_the_covariance_of_new_people(h2):
    for people, snps in ((50, 120), (50, 10)):
        x, y, _ = _window(people, snps, 0.5, snps)
        new = np.random.default_rng(9).integers(0, 3, (snps, 15)).astype(float)
        assert blup(x, y, new, h2=h2) == pytest.approx(plain_relatedness.blup(x, y, new, h2), abs=1e-9)


def test_heritability_of_what_covariates_explain():
    """Nothing but rounding is left to explain: undefined, whatever the last digits are."""
    x, y, _ = _window(40, 30, 0.5, 3)
    found = cis_heritability(x, y, covariates=np.vstack([y, np.arange(40.0)]))
    assert np.isnan([found.h2, found.se, found.p]).all()
    exact = cis_heritability(x, np.arange(40.0), covariates=np.arange(40.0)[None])
    assert np.isnan(exact.h2)


def test_a_prediction_does_not_depend_on_the_other_models():
    x, y, _ = _window(60, 40, 0.5, 8)
    arguments = {"distance": np.arange(40.0), "folds": 3, "inner_folds": 3}
    together = cross_predict(x, y, **arguments).predictions
    for model, values in together.items():
        alone = cross_predict(x, y, **arguments, models=[model]).predictions[model]
        assert alone.tobytes() == values.tobytes()


def test_blup_is_ridge_regression():
    x, y, _ = _window(80, 50, 0.5, 2)
    new = _window(20, 50, 0.5, 3)[0]
    mean, sd = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    z, z_new = (x - mean) / sd, (new - mean) / sd
    penalty = 50 * (1 - 0.4) / 0.4
    b = np.linalg.solve(z @ z.T + penalty * np.eye(50), z @ (y - y.mean()))
    assert blup(x, y, new, h2=0.4) == pytest.approx(y.mean() + b @ z_new, abs=1e-12)
    assert blup(x, y, new, h2=0.0) == pytest.approx(np.full(20, y.mean()))


def test_held_out_people_are_predicted():
    x, y, causal = _window(300, 60, 0.4, 5, n_causal=1)
    distance = np.arange(60) - causal[0]
    held = cross_predict(x, y, distance=distance, seed=2)
    for model in ("elastic_net", "lead_snp", "promoter_snp"):
        r, p = held.fold_correlation(model)
        assert r > 0.5
        assert p < 1e-12
    # nothing to find: no model may find it
    rng = np.random.default_rng(8)
    null = [
        cross_predict(x, rng.permutation(y), distance=distance, seed=k).fold_correlation("lead_snp")[1]
        for k in range(8)
    ]
    assert np.count_nonzero(np.array(null) < 0.01) <= 1


def test_a_fold_is_predicted_from_the_others_alone():
    x, y, _ = _window(100, 40, 0.5, 6)
    covariates = np.random.default_rng(3).normal(size=(3, 100))
    distance = np.arange(40) - 20.0
    held = cross_predict(x, y, distance=distance, covariates=covariates, folds=4)
    changed = y.copy()
    changed[held.folds == 2] = 1e3
    other = cross_predict(x, changed, distance=distance, covariates=covariates, folds=held.folds)
    here = held.folds == 2
    for model, values in held.predictions.items():
        assert values[here].tobytes() == other.predictions[model][here].tobytes(), model
        assert not np.array_equal(values[~here], other.predictions[model][~here])
    design = np.vstack([np.ones(100), covariates]).T
    gamma = np.linalg.lstsq(design[~here], y[~here], rcond=None)[0]
    assert held.observed[here] == pytest.approx(y[here] - design[here] @ gamma)


def test_lead_snp_is_a_regression_on_the_best_snp_of_the_training_people():
    x, y, _ = _window(60, 30, 0.5, 7)
    held = cross_predict(x, y, folds=3, models=["lead_snp"])
    out = held.folds == 0
    train = y[~out] - y[~out].mean()
    best = int(np.argmax(np.abs(pearson(x[:, ~out].astype(float), train).r)))
    slope, intercept = np.polyfit(x[best, ~out], train, 1)
    assert held.predictions["lead_snp"][out] == pytest.approx(intercept + slope * x[best, out])


def test_without_variants():
    y = np.random.default_rng(1).normal(size=50)
    held = cross_predict(np.ones((3, 50), np.int8), y, distance=[1, 2, 3])
    assert np.isnan(held.predictions["lead_snp"]).all()
    assert np.isnan(held.predictions["promoter_snp"]).all()
    assert held.fold_correlation("lead_snp") == (0.0, pytest.approx(0.5))
    assert np.isnan(cis_heritability(np.ones((3, 50)), y).h2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"models": ["lasso"]}, "unknown model 'lasso'"),
        ({"distance": None}, "promoter_snp needs"),
        ({"distance": [1.0]}, "distance must have shape"),
        ({"covariates": np.full((1, 30), np.nan)}, "covariates: a missing or infinite value"),
        ({"folds": np.zeros(30, int)}, "at least two folds"),
    ],
)
def test_refusals(changed, message):
    x, y, _ = _window(30, 5, 0.2, 1)
    with pytest.raises(InputError, match=message):
        cross_predict(x, y, **{"distance": np.arange(5), **changed})
