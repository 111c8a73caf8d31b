"""scipy, scikit-learn, statsmodels, tensorQTL: twins and hosts give the same numbers, and the rest is handed on."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.compat import scipy as for_scipy
from gxfast.compat import sklearn as for_sklearn
from gxfast.compat import statsmodels as for_statsmodels
from gxfast.compat import tensorqtl as for_tensorqtl
from gxfast.compat._hosts import host_original

Host = Callable[[str, str], Any]
RANDOM = np.random.default_rng


def pairs(shape: tuple[int, ...], dtype: Any = np.float64) -> tuple[Any, Any]:
    x = RANDOM(1).normal(size=shape).astype(dtype)
    return x, (0.2 * x + RANDOM(2).normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("shape", "axis"), [((3,), 0), ((200,), -1), ((7, 60), 1), ((60, 7), 0), ((60, 7), -2)])
def test_pearsonr(host: Host, shape: tuple[int, ...], axis: int, dtype: Any) -> None:
    x, y = pairs(shape, dtype)
    theirs, ours = (f(x, y, axis=axis) for f in (host("scipy.stats", "pearsonr"), for_scipy.pearsonr))
    assert type(theirs) is type(ours)
    assert type(theirs.pvalue) is type(ours.pvalue)
    single = dtype == np.float32
    np.testing.assert_allclose(ours.statistic, theirs.statistic, rtol=0, atol=1e-6 if single else 1e-13)
    np.testing.assert_allclose(ours.pvalue, theirs.pvalue, rtol=1e-4 if single else 1e-9)
    low, high = (each.confidence_interval(0.9) for each in (theirs, ours))
    np.testing.assert_allclose(high.low, low.low, rtol=1e-3 if single else 1e-9)


@pytest.mark.parametrize("change", ["constant", "near", "nan", "inf", "short", "list", "int", "less", "wrong axis"])
def test_pearsonr_hands_on(host: Host, agree: Any, change: str) -> None:
    x, y = pairs((5, 40))
    options: dict[str, Any] = {"axis": 1}
    if change in ("constant", "near"):
        x[2] = 3.0
        x[2, 20] += 1e-13 if change == "near" else 0
    elif change in ("nan", "inf"):
        x[1, 7] = np.nan if change == "nan" else np.inf
    elif change == "short":
        x, y = x[:, :2], y[:, :2]
    elif change == "list":
        x = x.tolist()
    elif change == "int":
        x, y = np.arange(40), np.arange(40)[::-1] % 7
        options = {}
    else:
        options |= {"alternative": "less"} if change == "less" else {"axis": 5}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        agree(host("scipy.stats", "pearsonr"), for_scipy.pearsonr, x, y, **options)
    # each warning is given by both
    assert len(seen) % 2 == 0
    assert change not in ("constant", "near") or len(seen) == 2


def test_spearmanr(host: Host) -> None:
    for n in (3, 40, 1000):
        x, y = pairs((n,))
        for a, b in ((x, y), (np.round(x, 1), np.round(y, 1))):
            theirs, ours = host("scipy.stats", "spearmanr")(a, b), for_scipy.spearmanr(a, b)
            assert type(theirs) is type(ours)
            assert abs(theirs.statistic - ours.statistic) <= 1e-13
            assert ours.pvalue == pytest.approx(theirs.pvalue, rel=1e-9, nan_ok=True)
            assert ours.correlation == ours.statistic


@pytest.mark.parametrize("options", [{}, {"alternative": "greater"}, {"nan_policy": "omit"}, {"axis": 1}])
def test_spearmanr_hands_on(host: Host, agree: Any, options: dict[str, Any]) -> None:
    x, y = pairs((4, 9))
    x[0, 2] = np.nan
    agree(host("scipy.stats", "spearmanr"), for_scipy.spearmanr, x, y, **options)
    agree(host("scipy.stats", "spearmanr"), for_scipy.spearmanr, x[0], y[0], **options)


@pytest.mark.parametrize("method", ["bh", "BY"])
@pytest.mark.parametrize("size", [2, 1000, 3001])
def test_false_discovery(host: Host, method: str, size: int) -> None:
    p = np.round(RANDOM(3).uniform(size=size) ** 3, 3)
    theirs = host("scipy.stats", "false_discovery_control")(p, method=method)
    np.testing.assert_allclose(for_scipy.false_discovery_control(p, method=method), theirs, rtol=1e-14)


@pytest.mark.parametrize(
    "ps", [[0.1, 0.2], np.array([0.1, 2]), np.array([0.1, np.nan]), np.array(0.3), np.ones((2, 3))]
)
def test_false_discovery_hands_on(host: Host, agree: Any, ps: Any) -> None:
    agree(host("scipy.stats", "false_discovery_control"), for_scipy.false_discovery_control, ps)
    agree(host("scipy.stats", "false_discovery_control"), for_scipy.false_discovery_control, ps, method="x")


def test_statsmodels(host: Host, agree: Any) -> None:
    single, many = (host("statsmodels.stats.multitest", name) for name in ("fdrcorrection", "multipletests"))
    p = RANDOM(4).uniform(size=3000) ** 4
    tied = np.round(p, 2)
    # 0.05 * k / m for every k: q is alpha but for rounding
    edge = np.concatenate([0.05 * np.arange(1, 1001) / 2000, np.ones(1000)])
    for values in (p, tied, edge, p[:9], np.where(p > 0.9, np.nan, p), np.sort(p), p.tolist(), -p):
        for alpha in (0.05, 0.3):
            for name in ("indep", "n", "unknown"):
                agree(single, for_statsmodels.fdrcorrection, values, alpha, name)
            for name in ("fdr_bh", "fdr_by", "holm", "unknown"):
                agree(many, for_statsmodels.multipletests, values, alpha, name)
        agree(many, for_statsmodels.multipletests, values, method="fdr_bh", returnsorted=True)
    rejected, adjusted = for_statsmodels.fdrcorrection(p)
    np.testing.assert_array_equal(rejected, single(p)[0])
    np.testing.assert_allclose(adjusted, single(p)[1], rtol=1e-14)


def regression(people: int, columns: int, seed: int = 0) -> tuple[Any, Any]:
    random = RANDOM(seed)
    x = random.binomial(2, random.uniform(0.05, 0.5, columns), (people, columns)).astype(np.float64)
    for j in range(1, columns):
        x[:, j] = np.where(random.random(people) < 0.7, x[:, j - 1], x[:, j]) if j % 4 else x[:, j]
    weights = np.where(np.arange(columns) % 9 == 4, 0.4, 0)
    return x, 3 + x @ weights + random.normal(size=people)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"l1_ratio": [0.2, 0.9, 1.0], "eps": 1e-2},
        {"cv": 3, "fit_intercept": False, "alphas": [0.5, 0.02, 0.1]},
        {"precompute": True, "selection": "random", "random_state": 1, "eps": 1e-2},
        {"positive": True},
    ],
)
@pytest.mark.parametrize("shape", [(80, 12), (60, 90)])
def test_elastic_net_cv(host: Host, shape: tuple[int, int], options: dict[str, Any]) -> None:
    x, y = regression(*shape)
    options = {"eps": 0.05, "tol": 1e-8, "max_iter": 100_000} | options
    theirs = host("sklearn.linear_model", "ElasticNetCV")(**options).fit(x, y)
    ours = for_sklearn.ElasticNetCV(**options).fit(x, y)
    assert ours.alpha_ == theirs.alpha_
    assert ours.l1_ratio_ == theirs.l1_ratio_
    np.testing.assert_array_equal(ours.alphas_, theirs.alphas_)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-4)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), atol=1e-3)
    assert ours.get_params() == theirs.get_params()
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.coef_, ours.coef_)


def test_every_path_ends_within_the_tolerance(host: Host) -> None:
    x, y = regression(70, 120)
    x, y = x - x.mean(axis=0), y - y.mean()
    for ratio in (0.1, 0.5, 0.95):
        alphas, coefs, gaps = for_sklearn.enet_path(x, y, alphas=[0.3, 0.1, 0.03], l1_ratio=ratio, tol=1e-5)
        assert (gaps <= 1e-5 * y @ y / y.size).all()
        exact = host("sklearn.linear_model", "enet_path")(x, y, alphas=alphas, l1_ratio=ratio, tol=1e-12)[1]
        for alpha, found, best in zip(alphas, coefs.T, exact.T, strict=True):
            values = [
                ((y - x @ b) ** 2).mean() / 2 + alpha * (ratio * abs(b).sum() + (1 - ratio) / 2 * b @ b)
                for b in (found, best)
            ]
            assert values[0] - values[1] <= 1e-5 * y @ y / y.size


def test_elastic_net_weights_errors_and_warnings(host: Host) -> None:
    theirs, ours = host("sklearn.linear_model", "ElasticNetCV"), for_sklearn.ElasticNetCV
    x, y = regression(60, 20)
    weights = RANDOM(5).uniform(0.5, 2, y.size)
    fits = [kind(eps=0.1, tol=1e-8).fit(x, y, sample_weight=weights) for kind in (theirs, ours)]
    np.testing.assert_allclose(fits[1].mse_path_, fits[0].mse_path_, rtol=1e-5)
    x[0, 0] = np.nan
    for kind in (theirs, ours):
        with pytest.raises(ValueError, match="NaN"):
            kind().fit(x, y)
        with pytest.raises(ValueError, match="eps"):
            kind(eps=-1).fit(x[1:], y[1:])
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(ConvergenceWarning):
        for_sklearn.enet_path(*regression(50, 80), alphas=[1e-4], tol=1e-9, max_iter=1)


def test_patched_scipy_and_sklearn(host: Host) -> None:
    from scipy import stats
    from sklearn.linear_model import ElasticNetCV, LassoCV

    x, y = regression(60, 20)
    plain, lasso = ElasticNetCV(eps=0.1).fit(x, y), LassoCV(eps=0.1).fit(x, y)
    kept = stats.pearsonr
    with gx.accelerate("scipy", "sklearn"):
        assert stats.pearsonr is not kept
        assert stats.pearsonr(x[:, 0], y).statistic == pytest.approx(kept(x[:, 0], y).statistic, rel=1e-12)
        fitted = ElasticNetCV(eps=0.1).fit(x, y)
        np.testing.assert_array_equal(LassoCV(eps=0.1).fit(x, y).mse_path_, lasso.mse_path_)
        with pytest.raises(ValueError, match="multi-task"):
            ElasticNetCV().fit(x, np.c_[y, y])
    assert stats.pearsonr is kept
    assert fitted.alpha_ == plain.alpha_
    assert "path" not in vars(fitted)
    # the paths were gxfast's: close to the host's, and not the same bits
    assert np.abs(fitted.mse_path_ / plain.mse_path_ - 1).max() < 0.01
    assert (fitted.mse_path_ != plain.mse_path_).any()


def study(people: int = 50, phenotypes: int = 6, variants: int = 240, covariates: int = 3, ends: bool = False) -> Any:
    pd = pytest.importorskip("pandas", reason="tensorQTL's tables are of pandas")
    random = RANDOM(6)
    names = [f"s{i}" for i in range(people)]
    dosages = random.binomial(2, random.uniform(0.02, 0.95, variants)[:, None], (variants, people)).astype(np.int8)
    dosages[10] = 1
    chrom = np.where(np.arange(variants) < variants // 2, "chr1", "chr2")
    places = np.tile(np.sort(random.integers(1, 20_000, variants // 2)), 2)
    ids = [f"v{i}" for i in range(variants)]
    y = pd.DataFrame(
        random.normal(size=(phenotypes, people)), index=[f"g{i}" for i in range(phenotypes)], columns=names
    )
    y.iloc[0] += dosages[20]
    y.iloc[phenotypes - 2] = 1.0  # constant
    of = np.where(np.arange(phenotypes) < phenotypes // 2, "chr1", "chr2")
    start = np.sort(random.integers(1_000, 15_000, phenotypes))
    start[0] = places[20]
    where = {"chr": of, "start": start, "end": start + 100} if ends else {"chr": of, "pos": start}
    where["chr"] = np.where(np.arange(phenotypes) == phenotypes - 1, "chrX", where["chr"])
    table = pd.DataFrame(random.normal(size=(people, covariates)), index=names) if covariates else None
    variant_table = pd.DataFrame({"chrom": chrom, "pos": places}, index=ids)
    # people in another order in the genotypes
    turned = pd.DataFrame(np.ascontiguousarray(dosages[:, ::-1]), index=ids, columns=names[::-1])
    return turned, variant_table, y, pd.DataFrame(where, index=y.index), table


def same_table(theirs: Any, ours: Any, rounding: float) -> None:
    assert list(theirs.columns) == list(ours.columns)
    assert list(theirs.index) == list(ours.index)
    for name in theirs.columns:
        assert theirs[name].dtype == ours[name].dtype, name
        if theirs[name].dtype.kind == "f":
            np.testing.assert_allclose(ours[name], theirs[name], rtol=rounding, atol=1e-6, err_msg=name)
        else:
            assert (theirs[name] == ours[name]).all(), name


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"covariates": 0, "ends": True}, {"maf_threshold": 0.1}),
    ({}, {"window": 200}),
]


@pytest.mark.parametrize(("made", "options"), CASES)
def test_map_nominal(host: Host, tmp_path: Path, made: dict[str, Any], options: dict[str, Any]) -> None:
    theirs = host("tensorqtl.cis", "map_nominal")
    import pandas as pd

    *tables, covariates = study(**made)
    options = {"covariates_df": covariates, "window": 3000, "output_dir": str(tmp_path), "verbose": False} | options
    theirs(*tables, "theirs", **options)
    for_tensorqtl.map_nominal(*tables, "ours", **options)
    written = sorted(path.name.removeprefix("theirs") for path in tmp_path.glob("theirs*"))
    assert written
    assert written == sorted(path.name.removeprefix("ours") for path in tmp_path.glob("ours*"))
    for name in written:
        same_table(pd.read_parquet(tmp_path / f"theirs{name}"), pd.read_parquet(tmp_path / f"ours{name}"), 1e-4)


@pytest.mark.parametrize(("made", "options"), CASES)
def test_map_cis(host: Host, made: dict[str, Any], options: dict[str, Any]) -> None:
    theirs = host("tensorqtl.cis", "map_cis")
    *tables, covariates = study(**made)
    options = {"covariates_df": covariates, "window": 3000, "nperm": 200, "seed": 7, "verbose": False} | options
    expected, found = theirs(*tables, **options), for_tensorqtl.map_cis(*tables, **options)
    assert expected.index.name == found.index.name
    same_table(expected, found, 1e-3)


def test_tensorqtl_hands_on_what_is_not_counted(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host("tensorqtl.cis", "map_cis")
    *tables, covariates = study()
    for change in (0.5, -9):
        imputed = tables[0].astype(float)
        imputed.iloc[3, 4] = change
        given = (imputed, *tables[1:], covariates)
        options = {"window": 3000, "nperm": 50, "seed": 3, "verbose": False}
        expected = host("tensorqtl.cis", "map_cis")(*given, **options)
        assert for_tensorqtl.map_cis(*given, **options).equals(expected)


def test_without_the_host_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotImplementedError, match="install nosuchtool"):
        host_original("nosuchtool", "nosuchtool.stats", "f", "this")
