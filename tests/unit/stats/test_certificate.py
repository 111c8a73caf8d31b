"""The certificate of direction: against quadrature, on planted truth, turned round, and where nothing can be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import plain_certificate as plain
from scipy import optimize, stats

from gxfast.errors import InputError
from gxfast.stats import (
    DirectionPrior,
    calibration,
    correlation_from_effects,
    direction_certificate,
    eqtl,
    pearson,
    residualise,
)

R = [0.45, 0.31, 0.2, 0.12, 0.05, 0.0, -0.03, -0.11, -0.28, 0.6, 0.02, -0.9]


@pytest.mark.parametrize(("n", "genes"), [(100, 10.0), (12, 2.5)])
def test_equals_quadrature_and_plain_loops(n: int, genes: float) -> None:
    found = direction_certificate(R, n, prior_genes=genes)
    expected, shares = plain.posterior(R, n - 2, genes)
    np.testing.assert_allclose(found.prior.edge, plain.default_edges(n - 2), rtol=1e-12)
    got = np.concatenate([[found.prior.none], found.prior.right, found.prior.wrong])
    np.testing.assert_allclose(got, shares, atol=2e-4)
    np.testing.assert_allclose(np.stack([found.p_right, found.p_wrong, found.p_none], axis=1), expected, atol=1e-3)


def test_of_a_given_prior_the_posterior_is_that_of_quadrature() -> None:
    edge, right, wrong = np.array([0.1, 0.5, 4.0]), np.array([0.2, 0.3, 0.05]), np.array([0.1, 0.1, 0.05])
    prior = DirectionPrior(edge, right, wrong, 0.2)
    for n, used in ((60, 5), (5, 0), (3, 0)):
        found = direction_certificate(R, n, n_covariates=used, prior=prior)
        table = plain.densities(R, n - 2 - used, edge.tolist()) * np.concatenate([[0.2], right, wrong])
        np.testing.assert_allclose(found.p_right, table[:, 1:4].sum(axis=1) / table.sum(axis=1), rtol=1e-6, atol=1e-12)
        assert found.prior.none == 0.2


def test_the_fit_is_the_largest_posterior_density() -> None:
    rng = np.random.default_rng(3)
    r = np.tanh(rng.normal(0.08, 0.15, 30))
    found = direction_certificate(r, 80)
    edge = found.prior.edge
    table = plain.densities(r.tolist(), 78, edge.tolist())
    start = np.concatenate([[0.5], np.full(2 * edge.size, 0.25 / edge.size)])

    def cost(free: NDArray[Any]) -> float:
        shares = np.exp(free - free.max())
        shares /= shares.sum()
        return float(-np.log(table @ shares).sum() - 10 * (start * np.log(shares)).sum())

    best = optimize.minimize(cost, np.log(start), method="BFGS", options={"maxiter": 2000})
    got = np.concatenate([[found.prior.none], found.prior.right, found.prior.wrong])
    assert cost(np.log(got)) <= best.fun + 1e-3


def linked(rng: np.random.Generator, n_snps: int, n_haplotypes: int) -> NDArray[np.float64]:
    """Haplotypes in which SNPs follow their neighbours, centred."""
    z = rng.normal(size=n_haplotypes)
    rows = []
    for threshold in rng.uniform(-1.3, 0.5, n_snps):
        z = 0.93 * z + np.sqrt(1 - 0.93**2) * rng.normal(size=n_haplotypes)
        rows.append(z < threshold)
    x = np.array(rows, np.float64)
    return x - x.mean(axis=1, keepdims=True)


def planted(seed: int, n: int, genes: int, null: float, right: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Correlations across people, and signs of the covariance of prediction and genetic component in the population."""
    rng = np.random.default_rng(seed)
    r, truth = np.empty(genes), np.empty(genes, np.int64)
    for g in range(genes):
        if g % 50 == 0:
            x = linked(rng, 30, 1000)
        b, a = np.zeros(30), rng.normal(size=30) * (rng.random(30) < 0.3) * rng.choice([0.2, 1.0])
        causal = rng.choice(30, 2, replace=False)
        b[causal] = rng.normal(size=2)
        a[causal] += b[causal]
        genetic, predicted = b @ x, a @ x
        sign = 1 if rng.random() < right else -1
        predicted = predicted * sign * np.sign(genetic @ predicted)
        people = rng.integers(0, 1000, (2, n))
        y = rng.normal(size=n)
        h2 = np.exp(rng.uniform(np.log(0.02), np.log(0.4)))
        if rng.random() < null:
            sign = 0
        else:
            y = np.sqrt(1 - h2) * y + np.sqrt(h2 / 2) * genetic[people].sum(axis=0) / genetic.std()
        r[g], truth[g] = np.corrcoef(predicted[people].sum(axis=0), y)[0, 1], sign
    return r, truth


@pytest.mark.parametrize(("n", "null", "right"), [(100, 0.5, 0.7), (358, 0.4, 0.5)])
def test_statements_hold_as_often_as_they_say(n: int, null: float, right: float) -> None:
    """Three standard errors of what was stated, and two points for what the prior cannot know."""
    r, truth = planted(11, n, 4000, null, right)
    found = direction_certificate(r, n)
    said = found.direction != 0
    certainty, holds = found.certainty[said], found.direction[said] == truth[said]
    assert 0.2 < said.mean() < 0.8
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.0)):
        near = (certainty >= low) & (certainty <= high)
        stated, held = certainty[near].mean(), holds[near].mean()
        assert abs(stated - held) < 0.02 + 3 * np.sqrt(stated * (1 - stated) / near.sum()), (low, stated, held)


def test_without_any_genetic_component_hardly_anything_is_said() -> None:
    rng = np.random.default_rng(5)
    for n in (20, 300):
        r = pearson(rng.normal(size=(2000, n)), rng.normal(size=(2000, n))).r
        found = direction_certificate(r, n)
        assert (found.direction != 0).mean() < 0.02
        assert found.prior.none > 0.7


def test_a_few_genes_are_judged_by_the_default() -> None:
    alone = direction_certificate(0.2, 200)
    default = direction_certificate(0.2, 200, prior_genes=np.inf)
    assert alone.p_right.shape == ()
    assert default.prior.n_genes == 0
    assert (default.prior.none, default.prior.right.sum()) == pytest.approx((0.5, 0.25))
    # one gene in eleven is this one: it draws the shares to its side
    assert float(default.p_right) < float(alone.p_right) < float(default.p_right) + 0.12


def test_turned_scaled_and_in_another_order() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(200, 60)), rng.normal(size=(200, 60))
    y[:80] += 0.4 * x[:80]
    first = direction_certificate(pearson(x, y).r, 60)
    turned = direction_certificate(pearson(-x, y).r, 60)
    scaled = direction_certificate(pearson(7 * x + 3, 0.01 * y - 5).r, 60)
    np.testing.assert_allclose(turned.p_wrong, first.p_right, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(turned.p_none, first.p_none, rtol=1e-6)
    assert np.array_equal(turned.direction, -first.direction)
    np.testing.assert_allclose(scaled.p_right, first.p_right, rtol=1e-8)
    order = rng.permutation(200)
    r = pearson(x, y).r
    assert np.array_equal(direction_certificate(r[order], 60).p_right, direction_certificate(r, 60).p_right[order])
    np.testing.assert_allclose(first.p_right + first.p_wrong + first.p_none, 1, rtol=1e-12)


def test_phasings_are_averaged() -> None:
    prior = DirectionPrior(np.array([0.3, 6.0]), np.array([0.2, 0.1]), np.array([0.2, 0.1]), 0.4)
    r = np.array([[0.3, 0.1, np.nan], [0.2, 0.2, 0.2], [np.nan, np.nan, np.nan]])
    found = direction_certificate(r, 90, prior=prior)
    one = direction_certificate([0.3, 0.1, 0.2], 90, prior=prior).p_right
    assert found.p_right[:2].tolist() == pytest.approx([(one[0] + one[1]) / 2, one[2]], rel=1e-12)
    assert np.isnan(found.p_right[2])
    fitted = direction_certificate(np.repeat(np.array(R)[:, np.newaxis], 3, axis=1), 90)
    np.testing.assert_allclose(fitted.p_right, direction_certificate(R, 90).p_right, atol=1e-6)
    assert fitted.prior.n_genes == 12


def test_where_nothing_can_be_said() -> None:
    found = direction_certificate([np.nan, 0.5, 0.0, 1.0, -1.0], [100, 2, 100, 10**7, 50])
    assert np.isnan(found.p_right[:2]).all()
    assert found.direction.tolist() == [0, 0, 0, 1, -1]
    assert np.isnan(found.certainty[:3]).all()
    assert found.p_right[2] == pytest.approx(found.p_wrong[2], rel=0.2)
    assert direction_certificate([], 10).p_right.shape == (0,)
    assert np.isnan(direction_certificate([np.nan, np.nan], 10).p_none).all()
    nobody = direction_certificate(0.1, 10, n_covariates=8)
    assert np.isnan(nobody.p_right)
    assert nobody.direction == 0


def prior_of(edge: float, right: float, wrong: float) -> DirectionPrior:
    return DirectionPrior(np.array([edge]), np.array([right]), np.array([wrong]), 0.0)


@pytest.mark.parametrize("bad", [
    ({"r": [1.2], "n": 10}, "between -1 and 1"),
    ({"r": [[[0.1]]], "n": 10}, "shape"),
    ({"r": [0.1], "n": [10, 20]}, "one per gene"),
    ({"r": [0.1], "n": 10, "n_covariates": -1}, ">= 0"),
    ({"r": [0.1], "n": 10, "prior_genes": 0.0}, "prior_genes"),
    ({"r": [0.1], "n": 10, "prior_genes": np.nan}, "prior_genes"),
    ({"r": [0.1], "n": 10, "prior": prior_of(1.0, 0.5, 0.6)}, "sum to 1"),
    ({"r": [0.1], "n": 10, "prior": prior_of(0.0, 0.5, 0.5)}, "edges"),
])  # fmt: skip
def test_refused(bad: tuple[dict[str, Any], str]) -> None:
    with pytest.raises(InputError, match=bad[1]):
        direction_certificate(**bad[0])


def test_effects_and_linkage_give_the_correlation_of_people() -> None:
    rng = np.random.default_rng(1)
    dosages = rng.binomial(2, 0.3, (6, 150)).astype(np.int8)
    dosages[3] = dosages[2]  # complete linkage
    y, effects = rng.normal(size=150) + 0.5 * dosages[2], np.array([0.1, -0.2, 0.4, 0.3, 0.0, -1.0])
    found = eqtl(dosages, y)
    r = correlation_from_effects(effects, np.cov(dosages), found.slope, found.slope_se, 150)
    assert r == pytest.approx(stats.pearsonr(effects @ dosages, y).statistic, abs=1e-6)
    covariates = rng.normal(size=(3, 150))
    left, y_left = residualise(dosages, covariates).values, residualise(y[np.newaxis], covariates).values[0]
    found = eqtl(dosages, y, covariates=covariates)
    r = correlation_from_effects(effects, np.cov(left), found.slope, found.slope_se, 150, n_covariates=3)
    assert r == pytest.approx(stats.pearsonr(effects @ left, y_left).statistic, abs=1e-6)


def test_effects_without_a_prediction_and_of_another_population() -> None:
    c, one = np.array([[0.5, 0.5], [0.5, 0.5]]), np.ones(2)
    assert np.isnan(correlation_from_effects([1.0, -1.0], c, one, one, 50))  # linkage cancels them
    assert np.isnan(correlation_from_effects([0.0, 0.0], c, one, one, 50))
    assert correlation_from_effects([1.0, 0.0], c, [0.2, np.nan], [0.1, np.nan], 50) == pytest.approx(
        0.2 / np.sqrt(0.2**2 + 48 * 0.1**2)
    )
    with pytest.raises(InputError, match="not of one population"):
        correlation_from_effects([1.0, 1.0], np.array([[0.5, -0.45], [-0.45, 0.5]]), one, one * 0.01, 50)
    with pytest.raises(InputError, match="are needed where"):
        correlation_from_effects([1.0, 0.0], c, [np.nan, 1.0], one, 50)
    with pytest.raises(InputError, match="symmetric"):
        correlation_from_effects([1.0, 1.0], np.array([[0.5, 0.1], [0.2, 0.5]]), one, one, 50)
    with pytest.raises(InputError, match="degree of freedom"):
        correlation_from_effects([1.0, 0.0], c, one, one, 3, n_covariates=1)


def test_calibration_by_hand() -> None:
    found = calibration(
        [0.1, 0.55, 0.6, 0.9, 1.0, np.nan], [True, True, False, True, True, True], bins=[0.5, 0.75, 1.0]
    )
    assert found.n.tolist() == [2, 2]
    assert found.n_right.tolist() == [1, 2]
    assert found.stated.tolist() == pytest.approx([0.575, 0.95])
    assert found.share.tolist() == [0.5, 1.0]
    expected = stats.binomtest(1, 2).proportion_ci(0.95, "exact")
    assert (found.share_low[0], found.share_high[0]) == pytest.approx((expected.low, expected.high))
    empty = calibration([], np.zeros(0, bool), bins=2)
    assert empty.n.tolist() == [0, 0]
    assert np.isnan(empty.share).all()
    assert empty.low.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(("p", "right", "bins"), [
    ([1.1], [True], 10), ([0.5], [1.0], 10), ([0.5], [True, False], 10), ([0.5], [True], [0.5]), ([0.5], [True], 0),
    ([0.5], [True], [0.5, 0.5]),
])  # fmt: skip
def test_calibration_refuses(p: Any, right: Any, bins: Any) -> None:
    with pytest.raises(InputError):
        calibration(p, right, bins=bins)
