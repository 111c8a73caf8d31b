"""Residuals: by hand, with gaps, and rows that the covariates explain."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import flat_rows, pearson, residualise


def test_line_by_hand():
    # y = 1 0 2 on x = -1 0 1: mean 1, slope 1/2
    result = residualise([[1.0, 0.0, 2.0]], [[-1.0, 0.0, 1.0]])
    assert result.values == pytest.approx(np.array([[0.5, -1.0, 0.5]]), abs=1e-15)
    assert result.n_covariates.tolist() == [1]
    assert result.flat.tolist() == [False]


def test_agrees_with_least_squares_on_badly_scaled_covariates():
    rng = np.random.default_rng(1)
    covariates = rng.normal(size=(6, 80)) * 10.0 ** np.arange(-3, 3)[:, None] + 1e5
    covariates[5] = covariates[4] + 1e-3 * rng.normal(size=80)
    y = rng.normal(size=(5, 80)) + 50
    centred = covariates - covariates.mean(axis=1, keepdims=True)
    design = np.vstack([np.ones(80), centred / np.abs(centred).max(axis=1, keepdims=True)]).T
    expected = y.T - design @ np.linalg.lstsq(design, y.T, rcond=None)[0]
    result = residualise(y, covariates)
    assert result.values == pytest.approx(expected.T, abs=1e-9)
    assert np.abs(result.values @ design).max() < 1e-9


def test_missing_values_are_regressed_among_the_others():
    rng = np.random.default_rng(2)
    covariates, y = rng.normal(size=(2, 12)), rng.normal(size=(3, 12))
    y[1, [0, 5]] = np.nan
    result = residualise(y, covariates)
    kept = np.delete(np.arange(12), [0, 5])
    alone = residualise(y[1:2, kept], covariates[:, kept])
    assert np.array_equal(result.values[1, kept], alone.values[0])
    assert np.isnan(result.values[1, [0, 5]]).all()
    assert not np.isnan(result.values[[0, 2]]).any()


def test_a_row_does_not_depend_on_the_others():
    rng = np.random.default_rng(3)
    covariates, y = rng.normal(size=(13, 358)), rng.normal(size=(70, 358))
    together = residualise(y, covariates).values
    assert all(residualise(y[g : g + 1], covariates).values.tobytes() == together[g].tobytes() for g in range(70))


def test_rows_in_the_span_of_the_covariates_are_exactly_undefined():
    rng = np.random.default_rng(4)
    covariates = rng.normal(size=(3, 50))
    y = np.vstack([0.3 * covariates[0] - 7 * covariates[2] + 5, np.full(50, 0.1), rng.normal(size=50)])
    y = np.vstack([y, covariates[1] + 1e-6 * rng.normal(size=50)])
    result = residualise(y, covariates)
    assert result.flat.tolist() == [True, True, False, False]
    assert (result.values[:2] == 0.0).all()
    assert np.isnan(pearson(result.values, rng.normal(size=50)).r).tolist() == [True, True, False, False]


def test_pattern_with_too_few_people_is_flat():
    rng = np.random.default_rng(5)
    y = rng.normal(size=(2, 10))
    y[0, :6] = np.nan
    result = residualise(y, rng.normal(size=(3, 10)))
    assert result.flat.tolist() == [True, False]


def test_covariate_that_is_redundant_only_for_some_people():
    covariates = np.array([[0.0, 0, 0, 0, 1, 1], [1.0, 2, 3, 5, 4, 9]])
    y = np.array([[1.0, 3, 2, 7, 1, 5], [1.0, 3, 2, 7, np.nan, np.nan]])
    result = residualise(y, covariates)
    assert result.n_covariates.tolist() == [2, 1]
    assert result.values[1, :4] == pytest.approx(residualise(y[1:, :4], covariates[1:, :4]).values[0], abs=1e-15)


@pytest.mark.parametrize(("scale", "shift"), [(2.0, 0.0), (0.0, 7.0), (1.0, 1e6)])
def test_redundant_covariate_is_named(scale, shift):
    base = np.array([1.0, 2.0, 3.0, 1.5, 4.0, 2.5])
    with pytest.raises(InputError, match="covariate row 1 is constant or follows"):
        residualise(np.eye(6), [base, scale * base + shift])


def test_flat_rows_alone():
    y = np.array([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0], [np.nan, np.nan, np.nan]])
    assert flat_rows(y, y - 1).tolist() == [False, True, True]
    assert flat_rows(y[:1], [[1e-12, 0.0, 0.0]]).tolist() == [True]


def test_refusals():
    with pytest.raises(InputError, match=r"shape \(K, 4\)"):
        residualise(np.zeros((2, 4)), np.zeros((1, 5)))
    with pytest.raises(InputError, match=r"shape \(G, S\)"):
        residualise(np.zeros(4), np.zeros((1, 4)))
    with pytest.raises(InputError, match="covariate row 0 has no finite value for person 2"):
        residualise(np.zeros((2, 4)), [[1.0, 2.0, np.nan, 3.0]])
    with pytest.raises(InputError, match=r"y: an infinite value at .1, 0."):
        residualise([[0.0, 1.0], [np.inf, 1.0]], np.empty((0, 2)))
