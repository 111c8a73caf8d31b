"""cis-eQTL statistics of one window against regressions written out."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import CisScan, eqtl, eqtl_permutations


def _window(people=80, variants=30, seed=1, effect=0.0):
    rng = np.random.default_rng(seed)
    x = (rng.random((2, variants, people)) < rng.uniform(0.1, 0.9, (1, variants, 1))).sum(axis=0).astype(np.int8)
    covariates = rng.normal(size=(4, people)) * [[1], [100], [0.01], [1]] + 5
    y = 3 + covariates[0] + effect * x[7] + rng.normal(size=people)
    return x, y, covariates


def test_every_variant_is_a_regression():
    from scipy import stats

    x, y, covariates = _window(effect=0.8)
    found = eqtl(x, y, covariates=covariates)
    assert found.df == 80 - 2 - 4
    for v in range(len(x)):
        design = np.vstack([x[v], np.ones(80), covariates]).T
        b, squares, _, _ = np.linalg.lstsq(design, y, rcond=None)
        se = np.sqrt(squares[0] / found.df * np.linalg.inv(design.T @ design)[0, 0])
        assert found.slope[v] == pytest.approx(b[0], rel=1e-9)
        assert found.slope_se[v] == pytest.approx(se, rel=1e-9)
        assert found.p[v] == pytest.approx(2 * stats.t.sf(abs(b[0] / se), found.df), rel=1e-8)
        t = found.slope[v] / found.slope_se[v]
        assert found.r[v] == pytest.approx(t / np.sqrt(found.df + t * t), rel=1e-9)
    assert found.lead == 7


def test_variants_that_cannot_be_tested():
    x, y, covariates = _window()
    x[3] = 1
    covariates[2] = 2.0 * x[5]  # a variant that is a covariate
    found = eqtl(x, y, covariates=covariates)
    assert np.isnan(found.r[[3, 5]]).all()
    assert np.isnan(found.p[[3, 5]]).all()
    assert np.isfinite(np.delete(found.p, [3, 5])).all()
    nothing = eqtl(x, np.full(80, 2.0))
    assert nothing.lead is None
    assert np.isnan(nothing.slope).all()
    assert np.isnan(eqtl(x, covariates[0] * 3 + 1, covariates=covariates).p).all()
    assert np.isnan(eqtl_permutations(x, np.full(80, 2.0)).pval_perm)


def test_permutations_one_by_one():
    x, y, covariates = _window(effect=0.35)
    found = eqtl_permutations(x, y, covariates=covariates, n_permutations=300, seed=4)
    rng = np.random.default_rng(4)
    slow = [np.nanmax(eqtl(x, rng.permutation(y), covariates=covariates).r ** 2) for _ in range(300)]
    assert found.r2 == pytest.approx(slow, rel=1e-5)
    best = np.nanmax(eqtl(x, y, covariates=covariates).r ** 2)
    assert found.pval_perm == pytest.approx((np.count_nonzero(slow >= best) + 1) / 301)
    again = eqtl_permutations(x, y, covariates=covariates, n_permutations=300, seed=4)
    assert again.r2.tobytes() == found.r2.tobytes()


def test_beta_approximation_follows_the_permutations():
    from scipy import stats

    x, y, covariates = _window(people=200, variants=60, effect=0.12)
    found = eqtl_permutations(x, y, covariates=covariates, n_permutations=4000, seed=2)
    assert found.beta is not None
    assert found.beta.pval_beta == pytest.approx(found.pval_perm, rel=0.25, abs=0.01)
    # among as many variants, fewer are independent
    assert 5 < found.beta.shape2 < 60
    assert found.beta.shape1 == pytest.approx(1.0, abs=0.1)
    # the smallest p values of the permutations are beta distributed with these shapes
    t2 = found.r2 / (1 - found.r2) * found.beta.true_df
    p = 2 * stats.t.sf(np.sqrt(t2), found.beta.true_df)
    assert stats.kstest(p, stats.beta(found.beta.shape1, found.beta.shape2).cdf).pvalue > 0.01
    shapes = stats.beta.fit(p, floc=0, fscale=1)[:2]
    assert (found.beta.shape1, found.beta.shape2) == pytest.approx(shapes, rel=1e-3)


def test_the_null_is_uniform():
    values = []
    for seed in range(60):
        x, y, covariates = _window(people=60, variants=12, seed=seed)
        values.append(eqtl_permutations(x, y, covariates=covariates, n_permutations=200, seed=1).pval_perm)
    assert 0.35 < np.mean(values) < 0.65
    assert np.count_nonzero(np.array(values) < 0.05) <= 8


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": np.arange(79.0)}, "shape"),
        ({"y": np.full(80, np.nan)}, "y: a missing or infinite value at .0."),
        ({"dosages": np.full((2, 80), np.nan)}, "missing"),
        ({"covariates": np.ones((2, 80))}, "collinear"),
        ({"covariates": np.ones((2, 8))}, "covariates must have shape"),
        ({"covariates": np.random.default_rng(0).normal(size=(79, 80))}, "no degrees of freedom"),
    ],
)
def test_refusals(changed, message):
    x, y, covariates = _window()
    arguments = {"dosages": x, "y": y, "covariates": covariates, **changed}
    with pytest.raises(InputError, match=message):
        eqtl(arguments["dosages"], arguments["y"], covariates=arguments["covariates"])


def _stretch(people=90, variants=70, genes=5, seed=3):
    rng = np.random.default_rng(seed)
    x = (rng.random((2, variants, people)) < rng.uniform(0.05, 0.95, (1, variants, 1))).sum(axis=0).astype(np.int8)
    covariates = rng.normal(size=(9, people)) * 10 + 5
    values = np.sort(rng.normal(size=people))
    y = np.array([rng.permutation(values) for _ in range(genes)])
    first = np.array([0, 3, 11, 40, 70])[:genes]
    last = np.array([70, 20, 12, 69, 70])[:genes]  # all, some, one, some, none
    return x, y, covariates, first, last


@pytest.mark.parametrize("people", [5, 90, 101])
@pytest.mark.parametrize("covariates", [0, 1, 9, 30])
def test_a_scan_equals_each_phenotype_alone(people, covariates):
    if covariates > people - 3:
        pytest.skip("no degrees of freedom")
    x, y, _, first, last = _stretch(people=people)
    x[6] = 1
    y[1] = 2.0
    design = np.random.default_rng(1).normal(size=(covariates, people)) if covariates else None
    found = CisScan(x, covariates=design).associations(y, first, last)
    threaded = CisScan(x, covariates=design, n_threads=3).associations(y, first, last)
    assert found.r.tobytes() == threaded.r.tobytes()
    for g in range(len(y)):
        alone, here = eqtl(x[first[g] : last[g]], y[g], covariates=design), found.of(g)
        assert here.df == alone.df
        for name in ("r", "slope", "slope_se", "p", "log10p"):
            expected = getattr(alone, name)
            scale = np.nanmax(np.abs(expected), initial=0)
            np.testing.assert_allclose(getattr(here, name), expected, rtol=1e-9, atol=1e-12 * scale)


def test_permutations_of_a_scan_equal_each_phenotype_alone():
    x, y, covariates, first, last = _stretch()
    scan = CisScan(x, covariates=covariates)
    found = scan.permutations(y, first, last, n_permutations=150, seed=8)
    threaded = CisScan(x, covariates=covariates, n_threads=2).permutations(y, first, last, n_permutations=150, seed=8)
    for g in range(4):
        alone = eqtl_permutations(x[first[g] : last[g]], y[g], covariates=covariates, n_permutations=150, seed=8)
        np.testing.assert_allclose(found[g].r2, alone.r2, rtol=2e-5, atol=1e-8)
        assert found[g].pval_perm == alone.pval_perm
        assert found[g].r2.tobytes() == threaded[g].r2.tobytes()
    again = scan.permutations(y, first, last, found=scan.associations(y, first, last), n_permutations=150, seed=8)
    assert [one.beta for one in again] == [one.beta for one in found]
    with pytest.raises(InputError, match="other windows"):
        scan.permutations(y, first, last, found=scan.associations(y, first, first))
    assert found[4].beta is None
    assert np.isnan(found[4].pval_perm)


@pytest.mark.parametrize("people", [90, 9001])
def test_bits_do_not_depend_on_the_stretch_or_on_other_phenotypes(people):
    """Above 8,192 people some sums go through a buffer of NumPy's; permutations take 256 variants at a time."""
    x, y, covariates, _, _ = _stretch(people=people, variants=400, genes=5)
    first, last = np.array([0, 30, 250, 280, 399]), np.array([300, 260, 270, 400, 400])
    whole = CisScan(x, covariates=covariates)
    nominal = whole.associations(y, first, last)
    permuted = whole.permutations(y, first, last, n_permutations=20, seed=3)
    for g in range(len(y)):
        begin = max(0, first[g] - 7)
        part = CisScan(x[begin : last[g]], covariates=covariates)
        place = np.array([first[g] - begin]), np.array([last[g] - begin])
        alone = part.associations(y[g : g + 1], *place).of(0)
        for name in ("r", "slope", "slope_se", "p"):
            assert getattr(nominal.of(g), name).tobytes() == getattr(alone, name).tobytes()
        (again,) = part.permutations(y[g : g + 1], *place, n_permutations=20, seed=3)
        assert again.r2.tobytes() == permuted[g].r2.tobytes()


def test_shared_permutations():
    x, y, covariates, first, last = _stretch()
    y[3] += np.linspace(0, 1, y.shape[1])  # other values: permuted on its own
    scan = CisScan(x, covariates=covariates)
    found = scan.permutations(y, first, last, n_permutations=150, seed=8, shared=True)
    for g in range(4):
        values = y[3] if g == 3 else np.sort(y[g])
        alone = eqtl_permutations(x[first[g] : last[g]], values, covariates=covariates, n_permutations=150, seed=8)
        np.testing.assert_allclose(found[g].r2, alone.r2, rtol=2e-5, atol=1e-8)
        best = np.nanmax(eqtl(x[first[g] : last[g]], y[g], covariates=covariates).r ** 2)
        assert found[g].pval_perm == (np.count_nonzero(found[g].r2 >= best) + 1) / 151


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dosages": np.full((70, 90), 3, np.int8)}, "0, 1 or 2"),
        ({"dosages": np.zeros((70, 90))}, "0, 1 or 2"),
        ({"y": np.full((5, 90), np.nan)}, "phenotypes: a missing or infinite value"),
        ({"last": np.array([71, 20, 12, 69, 70])}, "first and last must be 5 stretches"),
        ({"first": np.array([0, 30, 11, 40, 70])}, "first and last must be 5 stretches"),
    ],
)
def test_refusals_of_a_scan(changed, message):
    x, y, covariates, first, last = _stretch()
    given = {"dosages": x, "y": y, "first": first, "last": last, **changed}
    with pytest.raises(InputError, match=message):
        CisScan(given["dosages"], covariates=covariates).associations(given["y"], given["first"], given["last"])


def test_given_orders_of_the_people() -> None:
    random = np.random.default_rng(3)
    dosages = random.integers(0, 3, (30, 40)).astype(np.int8)
    scan, y = CisScan(dosages), random.normal(size=(2, 40))
    drawn = np.random.default_rng(9)
    orders = np.array([drawn.permutation(40) for _ in range(25)])
    expected = scan.permutations(y, [0, 5], [20, 30], n_permutations=25, seed=9)
    found = scan.permutations(y, [0, 5], [20, 30], orders=orders)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a.r2, b.r2)
        assert a.beta == b.beta
    for wrong in (orders[:, :39], orders[:0], np.zeros_like(orders)):
        with pytest.raises(InputError, match="orders"):
            scan.permutations(y, [0, 5], [20, 30], orders=wrong)
