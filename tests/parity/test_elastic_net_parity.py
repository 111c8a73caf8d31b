"""The compiled elastic net against its definition and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.plain_elastic_net import objective, plain_elastic_net, plain_elastic_net_cv

from gxfast.errors import InputError
from gxfast.stats import elastic_net_cv


def _linked(people, snps, seed, *, signal=0.4):
    """Genotypes in blocks of linked SNPs with exact copies, complements and constants, and a phenotype."""
    rng = np.random.default_rng(seed)
    haplotypes = []
    for _ in range(2):
        rows, row = [], rng.random(people) < 0.4
        for _ in range(snps):
            fresh = rng.random(people) < rng.uniform(0.05, 0.6)
            row = np.where(rng.random(people) < 0.1, fresh, row)
            rows.append(row)
        haplotypes.append(np.array(rows, np.int8))
    x = haplotypes[0] + haplotypes[1]
    x[3], x[5], x[7] = x[2], 2 - x[4], 1
    causal = rng.choice(snps, 4, replace=False)
    genetic = rng.normal(size=4) @ x[causal]
    y = 20 + 3 * (signal * genetic / max(genetic.std(), 1e-9) + rng.normal(size=people))
    return x, y


@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("snps", [12, 60])
def test_equals_the_definition(l1_ratio, snps):
    x, y = _linked(50, snps, snps)
    fit = elastic_net_cv(
        x, y, folds=4, seed=1, l1_ratio=l1_ratio, n_lambdas=12, lambda_ratio=0.05, stop_after=None, gap=1e-11
    )
    held_out, error = plain_elastic_net_cv(x, y, fit.folds, fit.lambdas, l1_ratio)
    scale = y.std()
    assert fit.chosen == int(np.argmin(error))
    assert np.allclose(fit.cv_error, error, rtol=1e-6)
    assert np.abs(fit.held_out - held_out[fit.chosen]).max() < 2e-5 * scale
    coefficients, intercepts = plain_elastic_net(x, y, fit.lambdas[: fit.chosen + 1], l1_ratio)
    assert np.abs(fit.predict(x) - (coefficients[-1] @ x + intercepts[-1])).max() < 2e-5 * scale
    assert fit.n_nonzero[0] == 0


@pytest.mark.parametrize(
    ("people", "snps", "l1_ratio"), [(120, 80, 0.5), (100, 250, 0.5), (150, 60, 1.0), (90, 120, 0.2)]
)
def test_objectives_equal_those_of_scikit_learn(people, snps, l1_ratio):
    from sklearn.linear_model import enet_path

    x, y = _linked(people, snps, people)
    fit = elastic_net_cv(x, y, folds=5, l1_ratio=l1_ratio, stop_after=None, keep_path=True)
    assert fit.gap <= 1.1e-8
    varies = x.min(axis=1) < x.max(axis=1)
    columns = x[varies].T.astype(np.float64)
    sd = columns.std(axis=0)
    columns = (columns - columns.mean(axis=0)) / sd
    centred = y - y.mean()
    null = centred @ centred / (2 * people)
    _, reference, _ = enet_path(columns, centred, l1_ratio=l1_ratio, alphas=fit.lambdas, tol=1e-11, max_iter=10**6)
    for at, lambda_ in enumerate(fit.lambdas):
        b = fit.path[at][varies] * sd
        excess = objective(columns, centred, b, lambda_, l1_ratio) - objective(
            columns, centred, reference[:, at], lambda_, l1_ratio
        )
        assert excess <= 1e-8 * null
        # Karush-Kuhn-Tucker conditions, as far as the gap allows
        slope = columns.T @ (centred - columns @ b) / people - lambda_ * (1 - l1_ratio) * b
        assert np.abs(slope).max() <= lambda_ * l1_ratio + 1e-3 * centred.std()
        assert np.abs(slope[b != 0] - lambda_ * l1_ratio * np.sign(b[b != 0])).max(initial=0) <= 1e-3 * centred.std()


def test_stopping_early_changes_nothing_before():
    x, y = _linked(200, 150, 5)
    whole, part = elastic_net_cv(x, y, stop_after=None), elastic_net_cv(x, y, stop_after=20)
    visited = part.lambdas.size
    assert visited < whole.lambdas.size
    assert part.chosen == whole.chosen
    assert part.cv_error.tobytes() == whole.cv_error[:visited].tobytes()
    assert part.coefficients.tobytes() == whole.coefficients.tobytes()
    assert part.held_out.tobytes() == whole.held_out.tobytes()


def test_copies_share_their_effect():
    x, y = _linked(200, 30, 8, signal=2.0)
    fit = elastic_net_cv(x, y, l1_ratio=0.3)
    assert fit.coefficients[2] == fit.coefficients[3]
    assert fit.coefficients[4] == -fit.coefficients[5]
    assert fit.coefficients[7] == 0


def test_threads_and_repeats_give_the_same_bits():
    from concurrent.futures import ThreadPoolExecutor

    genes = [_linked(120, 90, seed) for seed in range(6)]
    alone = [elastic_net_cv(x, y, seed=3) for x, y in genes]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda gene: elastic_net_cv(*gene, seed=3), genes))
    for one, other in zip(alone, together, strict=True):
        assert one.coefficients.tobytes() == other.coefficients.tobytes()
        assert one.held_out.tobytes() == other.held_out.tobytes()


def test_nothing_to_explain():
    x, _ = _linked(40, 12, 2)
    for genotypes, y in ((x, np.full(40, 3.5)), (np.ones((5, 40), np.int8), np.arange(40.0)), (x[:0], np.arange(40.0))):
        fit = elastic_net_cv(genotypes, y, folds=4)
        assert not fit.coefficients.any()
        assert fit.intercept == pytest.approx(y.mean())
        assert np.isfinite(fit.held_out).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dosages": np.full((3, 20), -1, np.int8)}, "SNP 0, person 0"),
        ({"dosages": np.full((3, 20), "1")}, "dosages must hold numbers"),
        ({"y": np.arange(19.0)}, "y must have shape"),
        ({"y": np.where(np.arange(20) == 4, np.nan, 1.0)}, "y: a missing or infinite value at .4."),
        ({"folds": 1}, "folds must be 2"),
        ({"folds": np.repeat([0, 2], 10)}, "renumber"),
        ({"l1_ratio": 0.0}, "l1_ratio"),
        ({"lambdas": [1.0, 2.0]}, "descending"),
        ({"stop_after": 0}, "stop_after"),
        ({"gap": 0.0}, "gap"),
    ],
)
def test_refusals(changed, message):
    arguments = {"dosages": np.zeros((3, 20), np.int8), "y": np.arange(20.0), **changed}
    with pytest.raises(InputError, match=message):
        elastic_net_cv(arguments.pop("dosages"), arguments.pop("y"), **arguments)


def test_imputed_dosages_equal_the_definition():
    """Numbers between 0 and 2 go another way to the same fit."""
    x, y = _linked(60, 20, 3)
    blurred = np.clip(x + 0.1 * np.random.default_rng(1).normal(size=x.shape), 0, 2)
    for dosages in (blurred, x.astype(np.float64)):
        fit = elastic_net_cv(dosages, y, folds=4, seed=1)
        _, error = plain_elastic_net_cv(dosages, y, fit.folds, fit.lambdas[: fit.chosen + 2], 0.5)
        np.testing.assert_allclose(fit.cv_error[: fit.chosen + 2], error, rtol=1e-3)
    whole = elastic_net_cv(x, y, folds=4, seed=1, stop_after=None)
    np.testing.assert_allclose(fit.lambdas, whole.lambdas, rtol=1e-5)
    assert abs(fit.chosen - whole.chosen) <= 1
    np.testing.assert_allclose(fit.predict(x), whole.predict(x), atol=0.02 * y.std())


@pytest.mark.parametrize(("snps", "constant"), [(3, True), (3, False)])
def test_imputed_dosages_with_nothing_to_explain(snps, constant):
    y = np.full(20, 3.0) if constant else np.arange(20.0)
    fit = elastic_net_cv(np.full((snps, 20), 0.5), y, folds=4)
    assert not fit.coefficients.any()
    assert fit.intercept == y.mean()
    with pytest.raises(InputError, match="0 to 2"):
        elastic_net_cv(np.full((snps, 20), 2.5), y)
    with pytest.raises(InputError, match="0, 1 and 2"):
        elastic_net_cv(np.full((snps, 20), 0.5), y, keep_path=True)
