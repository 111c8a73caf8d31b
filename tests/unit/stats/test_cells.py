"""Correlations by cell: within populations, over genes, beside heritability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as peer

from gxfast.errors import InputError
from gxfast.stats import across_genes, cell_summary, cis_heritability, within_groups


def test_within_groups_equals_scipy_group_by_group():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(4, 40)), rng.normal(size=(4, 40))
    groups = rng.integers(-1, 3, 40)
    y[2, groups == 1] = np.nan
    found = within_groups(x, y, groups, 3)
    for g in range(4):
        for p in range(3):
            mine = groups == p
            expected = np.nan if (g, p) == (2, 1) else peer.pearsonr(x[g, mine], y[g, mine]).statistic
            np.testing.assert_allclose(found[g, p], expected, atol=1e-12)


def test_a_difference_between_populations_is_not_a_correlation_within_them():
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 200)
    shift = 5.0 * groups
    x, y = shift + rng.normal(size=400), shift + rng.normal(size=400)
    assert peer.pearsonr(x, y).statistic > 0.8
    assert np.abs(within_groups(x[None], y[None], groups, 2)).max() < 0.2


@pytest.mark.parametrize("groups", [[0, 0, -1, -1], [1, 1, 1, 1]])
def test_too_few_people_and_none(groups):
    assert np.isnan(within_groups(np.arange(4.0)[None], np.arange(4.0)[None], groups, 2)[0, 0])


def test_summary_by_hand():
    found = cell_summary([0.5, -0.3, np.nan, 0.0], [0.4, 0.1, 0.2, np.nan])
    assert found.n_genes == 3
    assert found.n_h2 == 2
    assert found.mean_r == pytest.approx(0.2 / 3)
    assert found.median_r == 0.0
    assert found.share_positive == 0.5
    assert found.signed_r2 == pytest.approx((0.25 - 0.09) / 3)
    assert found.h2 == pytest.approx(0.25)
    assert found.h2_se == pytest.approx(np.std([0.4, 0.1], ddof=1) / np.sqrt(2))
    assert found.ceiling_ratio == pytest.approx((0.25 - 0.09) / 0.5)
    assert np.isnan([found.ceiling_low, found.ceiling_high]).all()  # two genes bound nothing


def test_what_chance_adds_to_r2_is_taken_off():
    # of 11 people: r^2 - (1 - r^2) / 9, that is 0.25 - 0.75 / 9 and 0.09 - 0.91 / 9
    found = cell_summary([0.5, -0.3], [0.4, 0.1], noise=[0.1, 0.1])
    assert found.signed_r2 == pytest.approx((1 / 6 + 0.1 / 9) / 2)
    assert found.ceiling_ratio == pytest.approx((1 / 6 + 0.1 / 9) / 0.5)


@pytest.mark.parametrize(("people", "within"), [(25, 0.08), (89, 0.03), (358, 0.02)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_of_the_ceiling_comes_back(people, within, share):
    """Predictions that explain a share of a heritability of 0.1, whatever the number of people."""
    rng = np.random.default_rng(people)
    x, e = rng.normal(size=(2, 5000, people))
    y = np.sqrt(0.1 * share) * x + np.sqrt(1 - 0.1 * share) * e
    r = within_groups(x, y, np.zeros(people, int), 1)[:, 0]
    found = cell_summary(r, np.full(5000, 0.1), noise=np.full(5000, 1 / (people - 1)), n_draws=0)
    assert abs(found.ceiling_ratio - share) < within


def test_summary_of_nothing_is_nothing():
    found = cell_summary([np.nan, np.nan])
    assert found.n_genes == 0
    assert np.isnan([found.mean_r, found.signed_r2, found.h2, found.ceiling_ratio]).all()


def test_interval_covers_the_mean_and_is_the_same_every_time():
    rng = np.random.default_rng(1)
    inside = 0
    for trial in range(200):
        found = cell_summary(rng.normal(0.1, 0.2, 40), seed=trial)
        inside += found.mean_r_low <= 0.1 <= found.mean_r_high
    assert 180 <= inside <= 200
    r = rng.normal(size=20) / 4
    assert cell_summary(r, seed=5) == cell_summary(r, seed=5) or np.isnan(cell_summary(r, seed=5).h2)


def test_people_across_genes():
    rng = np.random.default_rng(2)
    level = 10 * rng.normal(size=(30, 1))  # genes differ much, people little, and what people differ in is noise
    x, y = level + rng.normal(size=(30, 8)), level + rng.normal(size=(30, 8))
    x[5, 3] = np.nan
    found = across_genes(x, y)
    assert found.n_genes.tolist() == [30, 30, 30, 29, 30, 30, 30, 30]
    assert found.r.min() > 0.95
    assert np.abs(found.centred_r).mean() < 0.3
    kept = np.arange(30) != 5
    np.testing.assert_allclose(found.r[3], peer.pearsonr(x[kept, 3], y[kept, 3]).statistic, atol=1e-12)
    u, v = peer.zscore(x[:, :3], axis=1), peer.zscore(y[:, :3], axis=1)
    same = across_genes(x[:, :3], y[:, :3])
    np.testing.assert_allclose(same.centred_r[1], peer.pearsonr(u[:, 1], v[:, 1]).statistic, atol=1e-12)


def test_genes_that_do_not_vary_have_no_part():
    x = np.vstack([np.full((1, 6), 3.3), np.random.default_rng(0).normal(size=(4, 6))])
    found, without = across_genes(x, 2 * x), across_genes(x[1:], 2 * x[1:])
    np.testing.assert_allclose(found.centred_r, without.centred_r)
    assert found.n_genes.tolist() == [5] * 6


@pytest.mark.parametrize("wrong", [([[1.0, np.inf]], [[1.0, 2.0]]), ([[1.0, 2.0]], [[1.0]]), ([1.0, 2.0], [1.0, 2.0])])
def test_refused(wrong):
    with pytest.raises(InputError):
        across_genes(*wrong)


@pytest.mark.parametrize("h2", [0.0, 0.2, 0.5])
def test_known_heritability_comes_back(h2):
    """Simulated genes with many causal SNPs in linkage: the mean estimate within two standard errors of the truth."""
    rng = np.random.default_rng(int(100 * h2))
    estimates = []
    for _ in range(60):
        ancestors = rng.random((8, 60)) < rng.uniform(0.1, 0.5, 60)
        x = sum(ancestors[rng.integers(0, 8, 300)].astype(float) for _ in range(2)).T
        x = x[x.std(axis=1) > 0]
        z = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
        g = rng.normal(size=len(z)) @ z
        y = np.sqrt(h2) * g / g.std() + np.sqrt(1 - h2) * rng.normal(size=300)
        estimates.append(cis_heritability(x, y).h2)
    found = cell_summary(np.zeros(60), estimates)
    # an estimate cannot be negative: at 0 the mean of the upper halves is a little above it
    slack = 0.01 if h2 == 0 else 0.0
    assert abs(found.h2 - h2) < 2 * found.h2_se + slack


def test_what_was_trained_and_found_nothing_counts_as_nothing():
    x = np.vstack([np.full(10, 0.1), np.arange(10.0), np.arange(10.0)])
    y = np.vstack([np.arange(10.0), np.arange(10.0), np.full(10, 2.0)])
    groups = np.zeros(10, int)
    np.testing.assert_allclose(within_groups(x, y, groups, 1)[:, 0], [np.nan, 1, np.nan])
    np.testing.assert_allclose(within_groups(x, y, groups, 1, constant=0.0)[:, 0], [0, 1, np.nan])


def test_across_genes_at_any_scale():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 9)), rng.normal(size=(6, 9))
    expected = across_genes(x, y).centred_r
    scale = 2.0 ** np.array([[-1000], [-600], [0], [300], [600], [1000]])
    with np.errstate(all="raise", under="ignore"):
        found = across_genes(x, y * scale).centred_r
    assert found.tolist() == expected.tolist()


def test_the_order_of_genes_does_not_matter():
    rng = np.random.default_rng(4)
    r, h2 = rng.normal(0, 0.2, 50), rng.uniform(0, 0.5, 50)
    r[3] = h2[7] = np.nan
    noise = rng.uniform(0, 0.01, 50)
    order = rng.permutation(50)
    assert repr(cell_summary(r, h2, noise=noise)) == repr(cell_summary(r[order], h2[order], noise=noise[order]))


def test_people_of_several_fits_are_centred_within_them():
    """What one fit adds to all of its people is nothing about a person."""
    rng = np.random.default_rng(5)
    x, y, folds = rng.normal(size=(40, 30)), rng.normal(size=(40, 30)), np.arange(30) % 3
    shifted = x + 10 * rng.normal(size=(40, 3))[:, folds]
    plain, moved = across_genes(x, y, folds), across_genes(shifted, y, folds)
    np.testing.assert_allclose(plain.centred_r, moved.centred_r, atol=1e-9)
    assert np.abs(across_genes(shifted, y).centred_r - plain.centred_r).max() > 0.1
