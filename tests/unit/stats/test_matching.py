"""Matched controls: least sums by trying everything, exact columns, no order, large groups, leakage."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.plain_variant_metrics import plain_matching

from gxfast.errors import InputError
from gxfast.stats import covariate_audit, match_controls, scaled_covariates
from gxfast.stats.matching import Matches

RNG = np.random.default_rng(2)


def as_names(found: Matches, names: np.ndarray) -> dict[str, tuple[str, ...]]:
    return {str(names[row]): tuple(names[own].tolist()) for row, own in zip(found.positive, found.control, strict=True)}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_sum_of_distances_is_least(k: int) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        positive = np.arange(9) < 2
        x, y = rng.normal(size=9), rng.integers(0, 3, 9) / 2.0
        found = match_controls(positive, {}, {"x": x, "y": y}, k=k)
        points = np.column_stack([x / x.std(), y / y.std()])
        cost = np.linalg.norm(points[:2, None] - points[None, 2:], axis=2)
        assert found.distance.sum() == pytest.approx(plain_matching(cost, k), abs=1e-12)
        assert found.distance == pytest.approx(
            np.linalg.norm(points[found.control] - points[found.positive][:, None], axis=2)
        )
        assert (np.diff(found.distance, axis=1) >= 0).all()


def test_a_greedy_choice_is_not_taken() -> None:
    # positives 0 and 1, controls 0.9 and -5: the nearest of both is 0.9, but 1 needs it more
    found = match_controls([True, True, False, False], {}, {"x": [0.0, 1, 0.9, -5]}, k=1)
    assert found.control.reshape(-1).tolist() == [3, 2]


def test_exact_columns_and_what_is_missing() -> None:
    chrom = ["1", "1", "1", "2", "2", "1", "", "1", "1"]
    kind = ["a", "a", "b", "a", "a", "a", "a", "a", ""]
    x = [0.0, 1, 0, 0, 0, 9, 0, np.nan, 0]
    positive = [True, False, False, False, True, False, True, True, False]
    found = match_controls(positive, {"chrom": chrom, "kind": kind}, {"x": x}, k=1)
    assert found.positive.tolist() == [0, 4]
    assert found.control.tolist() == [[1], [3]]
    assert found.unmatched == {6: "no chrom", 7: "no x"}
    assert found.sets(9).tolist() == ["0", "0", "", "1", "1", "", "", "", ""]


def test_positives_that_cannot_have_k_are_listed_and_no_control_is_used_twice() -> None:
    positive = np.arange(8) < 3
    x = np.array([0.0, 10, 1, 0.1, 0.2, 1.1, 1.2, 5])
    found = match_controls(positive, {}, {"x": x}, k=2)
    assert found.positive.tolist() == [0, 2]
    assert found.unmatched == {1: "5 candidates for 3 positives"}
    assert sorted(found.control.reshape(-1).tolist()) == [3, 4, 5, 6]
    none = match_controls([True, False], {}, {"x": [0.0, 1]}, k=2)
    assert none.control.shape == (0, 2)
    assert none.unmatched == {0: "1 candidates for 1 positives"}
    empty = match_controls(np.empty(0, bool), {}, {"x": []}, k=2)
    assert empty.control.shape == (0, 2)
    assert not empty.unmatched


def test_candidates_may_be_fewer_than_the_rest() -> None:
    found = match_controls([True, False, False], {}, {"x": [0.0, 0, 1]}, k=1, candidate=[False, False, True])
    assert found.control.tolist() == [[2]]


@pytest.mark.parametrize("dense", [True, False])
def test_nothing_depends_on_the_order_of_rows(dense: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not dense:
        monkeypatch.setattr("gxfast.stats.matching._DENSE", 0)
    n = 300
    positive = RNG.random(n) < 0.1
    chrom = RNG.choice(["1", "2"], n)
    x = RNG.integers(0, 6, n) / 1.0  # many equal ones
    names, ranks = np.arange(n).astype(str), RNG.permutation(n)
    first = match_controls(positive, {"chrom": chrom}, {"x": x}, k=3, order=ranks)
    assert first.n_nearest == (0 if dense else 2)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(n)
        other = match_controls(positive[order], {"chrom": chrom[order]}, {"x": x[order]}, k=3, order=ranks[order])
        assert as_names(first, names) == as_names(other, names[order])


@pytest.mark.parametrize(("many", "edges"), [(4_000_000, 8_000_000), (0, 8_000_000), (0, 3_000)])
def test_large_groups_are_matched_about_as_well(many: int, edges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(1200) < 60
    x, y = rng.normal(size=1200), rng.normal(size=1200)
    best = match_controls(positive, {}, {"x": x, "y": y}, k=4)
    monkeypatch.setattr("gxfast.stats.matching._DENSE", many)
    monkeypatch.setattr("gxfast.stats.matching._EDGES", edges)
    found = match_controls(positive, {}, {"x": x, "y": y}, k=4)
    assert np.unique(found.control).size == 240
    assert not positive[found.control].any()
    assert found.distance.sum() <= best.distance.sum() * (1 + 1e-12 if edges > 3000 else 1.1)


def test_equal_candidates_of_a_large_group_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest candidates of all positives are the same ones: more are looked at, or fewer positives at a time."""
    monkeypatch.setattr("gxfast.stats.matching._DENSE", 0)
    monkeypatch.setattr("gxfast.stats.matching._EDGES", 5000)
    positive = np.arange(1000) < 100
    found = match_controls(positive, {}, {"x": np.where(np.arange(1000) < 500, 1.0, 2.0)}, k=9)
    assert np.unique(found.control).size == 900


def test_scales_by_hand() -> None:
    found = scaled_covariates(tss_distance=[-999, 0, 9], frequency=[0.9, 0.5, 0.1], ld_score=[1, 2, np.nan])
    assert found["tss_distance"].tolist() == [3, 0, 1]
    assert found["frequency"] == pytest.approx([0.1, 0.5, 0.1])
    assert np.isnan(found["ld_score"][2])
    assert scaled_covariates() == {}


def test_what_was_matched_tells_nothing_and_what_was_not_is_flagged() -> None:
    rng = np.random.default_rng(7)
    positive = rng.random(5000) < 0.02
    near = rng.normal(size=5000) - 0.7 * positive
    other = rng.normal(size=5000) + 2 * positive
    found = match_controls(positive, {}, {"near": near}, k=5)
    rows = np.concatenate([found.positive, found.control.reshape(-1)])
    before = covariate_audit(positive, {"near": near})
    audit = covariate_audit(positive[rows], {"near": near[rows], "other": other[rows]})
    assert before[0].flagged
    assert before[0].high < 0.45
    assert [(one.covariate, one.flagged) for one in audit] == [("near", False), ("other", True)]
    assert audit[0].auroc == pytest.approx(0.5, abs=0.03)
    assert audit[1].n == 6 * audit[1].n_positive == rows.size


def test_refusals() -> None:
    for call in (
        lambda: match_controls([True, False], {}, {}, k=1),
        lambda: match_controls([True, False], {}, {"x": [1.0]}, k=1),
        lambda: match_controls([True, False], {"chrom": ["1"]}, {"x": [1.0, 2]}, k=1),
        lambda: match_controls([True, False], {}, {"x": [1.0, np.inf]}, k=1),
        lambda: match_controls([1, 0], {}, {"x": [1.0, 2]}, k=1),
        lambda: match_controls([True, False], {}, {"x": [1.0, 2]}, k=0),
        lambda: match_controls([True, False], {}, {"x": [1.0, 2]}, k=1, order=[1, 1]),
        lambda: scaled_covariates(frequency=[1.5]),
    ):
        with pytest.raises(InputError):
            call()
