"""Metrics of variant scores: figures typed by hand or of scikit-learn and SciPy, degenerate tables, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.metrics import average_precision_score, roc_auc_score

from gxfast import stats
from gxfast.errors import InputError
from gxfast.stats.estimate import Estimate

NAN = math.nan
RNG = np.random.default_rng(1)
N = 400
EFFECTS = np.round(RNG.normal(size=N), 2)
SCORES = np.round(EFFECTS + RNG.normal(0, 2, N), 1)
LABELS = (RNG.random(N) < 0.2).astype(float)
CHROM = np.array([f"chr{i}" for i in RNG.integers(1, 6, N)])


def estimate(value: float, n: int, se: float = 0.1, n_positive: int = 1, n_dropped: int = 0) -> Estimate:
    return Estimate(value, value - 0.1, value + 0.1, se, n, n_positive, n_dropped, "by hand")


def test_share_of_equal_signs() -> None:
    found = stats.sign_share([1, -1, 2, 0, NAN, -3, 5], [2, -2, -1, 1, 1, -1, 0])
    assert (found.value, found.n, found.n_positive, found.n_dropped) == (0.75, 4, 1, 3)
    # Clopper-Pearson of 3 in 4
    assert (found.low, found.high) == pytest.approx((0.19412, 0.99369), abs=1e-5)
    assert found.se == pytest.approx(math.sqrt(0.75 * 0.25 / 4))


def test_sign_auroc_is_that_of_scikit_learn() -> None:
    signed = EFFECTS != 0
    found = stats.sign_auroc(SCORES, EFFECTS)
    assert found.value == pytest.approx(roc_auc_score(EFFECTS[signed] > 0, SCORES[signed]), abs=1e-12)
    assert (found.n, found.n_positive, found.n_dropped) == (signed.sum(), (EFFECTS > 0).sum(), N - signed.sum())


def test_areas_leave_out_what_is_missing_and_count_it() -> None:
    scores, labels = SCORES.copy(), LABELS.copy()
    scores[:7], labels[5:10] = NAN, NAN
    auroc, auprc = stats.ranking(np.abs(scores), labels)
    known = slice(10, None)
    assert auroc.value == pytest.approx(roc_auc_score(labels[known], np.abs(scores[known])), abs=1e-12)
    assert auprc.value == pytest.approx(average_precision_score(labels[known], np.abs(scores[known])), abs=1e-12)
    assert (auroc.n, auroc.n_dropped, auroc.n_positive) == (N - 10, 10, labels[known].sum())
    assert auroc.method == "100 bootstraps within class"
    assert auroc.low < auroc.value < auroc.high
    assert stats.auroc(np.abs(scores), labels) == auroc
    assert stats.auprc(np.abs(scores), labels) == auprc


def test_errors_are_analytic_where_asked_or_where_samples_would_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stats.ranking(SCORES, LABELS, n_bootstraps=0)
    assert [one.method for one in asked] == ["DeLong", "infinitesimal jackknife within class"]
    monkeypatch.setattr("gxfast.stats.variant_metrics._MOST_DRAWS", 100 * N - 1)
    assert stats.ranking(SCORES, LABELS) == asked


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_correlation_is_that_of_scipy(method: Any) -> None:
    found = stats.effect_correlation(SCORES, EFFECTS, method=method)
    twin = scipy_stats.spearmanr(SCORES, EFFECTS) if method == "spearman" else scipy_stats.pearsonr(SCORES, EFFECTS)
    assert found.value == pytest.approx(twin.statistic, abs=1e-12)
    assert (found.n, found.n_positive, found.n_dropped) == (N, (EFFECTS > 0).sum(), 0)
    if method == "pearson":
        interval = twin.confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_interval_of_a_rank_correlation_by_hand() -> None:
    # rho 0.5 of 4 variants: z 0.5493, variance 1.125
    found = stats.effect_correlation([1, 2, 3, 4], [1, 4, 2, 3])
    assert found.value == pytest.approx(0.4)
    half = 1.959964 * math.sqrt(1.08)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.4) - half), abs=1e-6)
    assert found.se == pytest.approx((1 - 0.16) * math.sqrt(1.08))


def test_weighted_and_unweighted_mean_over_tissues_by_hand() -> None:
    """As AlphaGenome's notebook: (0.75 * 4 + 1.0 * 2) / 6; one variant, and one class, are dropped."""
    liver = stats.sign_auroc([3, 1, 2, 0], [1, 1, -1, -1])  # 3 of 4 pairs
    brain = stats.sign_auroc([0.5, -0.5], [0.1, -0.1])
    one = stats.sign_auroc([0.5], [0.1])
    same = stats.sign_auroc([0.5, 0.4, 0.1], [0.1, 0.2, 0.3])
    found = stats.tissue_mean([liver, brain, one, same])
    assert (liver.value, brain.value) == (0.75, 1.0)
    assert found.value == pytest.approx(5 / 6, abs=1e-15)
    assert (found.n, found.n_positive, found.n_dropped) == (6, 3, 4)
    assert found.method.startswith("mean of 2 of 4 tissues, weighted by variants")
    assert stats.tissue_mean([liver, brain, one, same], weighted=False).value == 0.875


def test_error_of_a_mean_over_tissues_by_hand() -> None:
    found = stats.tissue_mean([estimate(0.5, 30, 0.3), estimate(0.8, 10, 0.4)])
    assert found.value == pytest.approx(0.575)
    assert found.se == pytest.approx(math.sqrt((0.75 * 0.3) ** 2 + (0.25 * 0.4) ** 2))
    unknown = stats.tissue_mean([estimate(0.5, 30, 0.3), estimate(0.8, 10, NAN)])
    assert unknown.se == pytest.approx(0.75 * 0.3)
    assert unknown.method.endswith("1 without an error of their own")


def test_average_precision_by_chromosome_by_hand() -> None:
    """As TraitGym: chr1 1.0 of 3 variants, chr2 (1/2 + 2/4) / 2 of 5; chr3 has no positive and is dropped."""
    scores = [3, 2, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 1, 2]
    labels = [1, 0, 0, 0, 1, 0, 1, 0, 0, 0]
    chrom = ["1"] * 3 + ["2"] * 5 + ["3"] * 2
    found = stats.auprc_by_chromosome(scores, labels, chrom)
    assert found.value == pytest.approx((3 * 1.0 + 5 * 0.5) / 8, abs=1e-15)
    assert (found.n, found.n_positive, found.n_dropped) == (8, 3, 2)
    assert found.method == "1000 bootstraps of chromosomes, 2 of 3 chromosomes"
    # two chromosomes drawn from two: 1, 0.6875 twice, 0.5
    values = np.array([1, 0.6875, 0.6875, 0.5])
    assert found.se == pytest.approx(values.std(), rel=0.05)


def test_average_precision_by_chromosome_is_that_of_scikit_learn() -> None:
    found = stats.auprc_by_chromosome(SCORES, LABELS, CHROM)
    parts = [(name == CHROM) for name in sorted(set(CHROM))]
    values = [average_precision_score(LABELS[part], SCORES[part]) for part in parts]
    assert found.value == pytest.approx(np.average(values, weights=[part.sum() for part in parts]), abs=1e-12)


def test_samples_within_class_over_chromosomes_by_rows() -> None:
    """Positives are drawn among all positives: rows of chromosome c, then samples of them, one by one."""
    scores, labels, chrom = SCORES[:60], LABELS[:60], CHROM[:60]
    found = stats.auprc_by_chromosome(scores, labels, chrom, resample="class", n_bootstraps=25, seed=4)
    streams = [np.random.Generator(np.random.Philox(np.random.SeedSequence([4, k]))) for k in range(2)]
    names = [name for name in sorted(set(chrom)) if 0 < labels[chrom == name].sum() < (chrom == name).sum()]
    classes = []
    for label in (1, 0):
        rows = [np.flatnonzero((chrom == name) & (labels == label)) for name in names]
        classes.append(np.concatenate([part[np.argsort(-scores[part])] for part in rows]))
    values = []
    for _ in range(25):
        drawn = np.concatenate([
            rows[stream.integers(0, rows.size, (1, rows.size))[0]]
            for stream, rows in zip(streams, classes, strict=True)
        ])  # fmt: skip
        total = weight = 0.0
        for name in names:
            mine = drawn[chrom[drawn] == name]
            if labels[mine].sum():
                total += mine.size * average_precision_score(labels[mine], scores[mine])
                weight += mine.size
        values.append(total / weight)
    assert found.se == pytest.approx(np.std(values, ddof=1), abs=1e-12)


def test_many_draws_within_class_are_replaced_by_derivatives(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = stats.auprc_by_chromosome(SCORES, LABELS, CHROM, resample="class", n_bootstraps=2000)
    monkeypatch.setattr("gxfast.stats.variant_metrics._MOST_DRAWS", 100)
    analytic = stats.auprc_by_chromosome(SCORES, LABELS, CHROM, resample="class")
    assert stats.auprc_by_chromosome(SCORES, LABELS, CHROM, resample="class", n_bootstraps=0) == analytic
    assert analytic.method.startswith("infinitesimal jackknife within class")
    assert analytic.se == pytest.approx(drawn.se, rel=0.25)


METRICS: dict[str, Callable[[Any, Any], Estimate]] = {
    "sign_share": stats.sign_share,
    "sign_auroc": stats.sign_auroc,
    "auroc": lambda x, y: stats.auroc(x, np.where(np.isnan(y), NAN, np.asarray(y) > 0)),
    "auprc": lambda x, y: stats.auprc(x, np.where(np.isnan(y), NAN, np.asarray(y) > 0)),
    "spearman": stats.effect_correlation,
    "pearson": lambda x, y: stats.effect_correlation(x, y, method="pearson"),
    "by_chromosome": lambda x, y: stats.auprc_by_chromosome(
        x, np.where(np.isnan(y), NAN, np.asarray(y) > 0), ["1"] * len(x)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n", [0, 1])
def test_no_row_and_one_row_have_no_value(name: str, n: int) -> None:
    found = METRICS[name](np.full(n, 0.5), np.full(n, -1.0))
    if name == "sign_share" and n:
        assert (found.value, found.n) == (0, 1)
        return
    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert math.isnan(found.se)
    assert (found.n, found.n_dropped) == ((0, n) if name == "by_chromosome" else (n, 0))
    assert found.method.startswith("undefined: ")


@pytest.mark.parametrize("name", METRICS)
def test_nothing_but_nan_has_no_value(name: str) -> None:
    found = METRICS[name](np.full(5, NAN), np.array([1.0, -1, 1, -1, 1]))
    assert math.isnan(found.value)
    assert (found.n, found.n_dropped) == (0, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sign_auroc", 0.5), ("auroc", 0.5), ("auprc", 0.6), ("by_chromosome", 0.6), ("spearman", NAN), ("pearson", NAN)],
)
def test_constant_scores(name: str, value: float) -> None:
    found = METRICS[name](np.full(5, 2.0), np.array([1.0, -1, 1, -1, 1]))
    assert found.value == pytest.approx(value, nan_ok=True)
    assert found.n == 5


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("bad", [math.inf, -math.inf])
def test_infinite_scores_are_refused(name: str, bad: float) -> None:
    with pytest.raises(InputError, match="infinite"):
        METRICS[name](np.array([1.0, bad, 2.0]), np.array([1.0, -1, 1]))


def test_one_class_says_so() -> None:
    assert stats.auroc([1, 2, 3], [1, 1, 1]).method == "undefined: one class only"
    assert stats.sign_auroc([1, 2, 3], [1, 1, 1]).method == "undefined: one class only"


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0.5, 1], [-1, 1, 1]])
def test_other_labels_are_refused(labels: list[float]) -> None:
    with pytest.raises(InputError, match="0, 1 or NaN"):
        stats.auroc([1, 2, 3], labels)


def test_other_options_are_refused() -> None:
    for call in (
        lambda: stats.auroc([1, 2], [0, 1], confidence=1.0),
        lambda: stats.auroc([1, 2], [0, 1], n_bootstraps=-1),
        lambda: stats.auroc([1, 2], [0, 1, 1]),
        lambda: stats.effect_correlation([1, 2], [0, 1], method="kendall"),  # type: ignore[arg-type]
        lambda: stats.auprc_by_chromosome([1, 2], [0, 1], ["1", "1"], resample="genes"),  # type: ignore[arg-type]
        lambda: stats.auprc_by_chromosome([1, 2], [0, 1], ["1"]),
    ):
        with pytest.raises(InputError):
            call()


def test_seeds_tell_samples_apart() -> None:
    assert stats.auroc(SCORES, LABELS, seed=1) == stats.auroc(SCORES, LABELS, seed=1)
    assert stats.auroc(SCORES, LABELS, seed=1).se != stats.auroc(SCORES, LABELS, seed=2).se


@pytest.mark.parametrize("n_bootstraps", [0, 100])
def test_one_variant_of_a_class_has_no_interval(n_bootstraps: int) -> None:
    found = stats.auroc([3, 1, 2, 0], [1, 0, 0, 0], n_bootstraps=n_bootstraps)
    assert found.value == 1
    assert math.isnan(found.se)
    assert math.isnan(found.low)
    assert found.method == "no interval: one variant of a class"


def test_one_chromosome_has_no_interval_by_chromosome() -> None:
    found = stats.auprc_by_chromosome(SCORES, LABELS, ["1"] * N)
    assert found.value == pytest.approx(average_precision_score(LABELS, SCORES), abs=1e-12)
    assert math.isnan(found.se)
    assert found.method == "no interval of one chromosome, 1 of 1 chromosomes"
    assert stats.auprc_by_chromosome(SCORES, LABELS, ["1"] * N, resample="class").se > 0
