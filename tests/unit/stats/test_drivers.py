"""Driver SNVs against the walks written out correlation by correlation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gxfast.errors import InputError
from gxfast.stats import driver_support, select_drivers, support_test


def _cohort(seed, v=25, s=120):
    rng = np.random.default_rng(seed)
    x = (rng.random((v, s, 2)) < rng.uniform(0.05, 0.5, (v, 1, 1))).sum(axis=2).astype(float)
    x[3] = 2  # nobody differs
    x[7] = x[2]
    beta = rng.normal(size=v) ** 3
    beta[5] = 0
    linear = beta @ x
    return x, beta, linear + rng.normal(size=s) * linear.std() * 0.4


def _r(a, b):
    return stats.pearsonr(a, b).statistic if np.ptp(a) > 1e-9 and np.ptp(b) > 1e-9 else np.nan


def _forward(x, beta, y, gain, alpha, accepted_only):
    """Recomputes every sum from nothing."""
    parts, v = beta[:, None] * x, len(beta)
    total = _r(parts.sum(axis=0), y)
    drivers, increase, taken, before = set(), np.zeros(v), [], 0.0
    for i in sorted(range(v), key=lambda k: -abs(beta[k])):
        score = np.nan_to_num(_r(parts[[*taken, i]].sum(axis=0), y) / total)
        increase[i] = score - before
        own = stats.pearsonr(parts[i], y) if np.ptp(parts[i]) > 0 else None
        clear = own is not None and own.statistic > 0 and own.pvalue < alpha / v
        if clear and (increase[i] >= gain if accepted_only else increase[i] > gain):
            drivers.add(i)
        if i in drivers or not accepted_only:
            taken.append(i)
            before = score
    return drivers, increase, total


def _backward(x, beta, y, alpha):
    parts, left, drivers = beta[:, None] * x, list(range(len(beta))), []
    while left:
        whole = parts[left].sum(axis=0)
        if not np.ptp(whole) > 1e-9:
            break
        found = stats.pearsonr(whole, y)
        if not (found.statistic > 0 and found.pvalue < alpha / len(beta)):
            break
        after = {i: np.nan_to_num(_r(parts[[k for k in left if k != i]].sum(axis=0), y)) for i in left}
        worst = min(left, key=lambda i: after[i])
        drivers.append(worst)
        left.remove(worst)
    return set(drivers)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rule", ["published", "accepted"])
def test_forward_walks(seed, rule):
    x, beta, y = _cohort(seed)
    found = select_drivers(x, beta, y, rule=rule)
    drivers, increase, total = _forward(x, beta, y, 0.05, 0.01, rule == "accepted")
    assert set(np.flatnonzero(found.is_driver).tolist()) == drivers
    assert found.linear_r == pytest.approx(total, abs=1e-12)
    assert found.increase == pytest.approx(increase, abs=1e-9)
    assert found.main == max(drivers, key=lambda k: increase[k])
    assert np.isnan(found.own_r[[3, 5]]).all()
    parts = beta[:, None] * x
    drop = [(total - _r(parts.sum(axis=0) - part, y)) / total for part in parts]
    assert found.drop == pytest.approx(drop, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_backward_walk(seed):
    x, beta, y = _cohort(seed)
    # the copy of a variant costs as much as the variant: no unique answer
    x[7] = np.random.default_rng(seed + 50).permutation(x[7])
    found = select_drivers(x, beta, y, rule="backward")
    assert set(np.flatnonzero(found.is_driver).tolist()) == _backward(x, beta, y, 0.01)


def test_nothing_to_find():
    x, beta, y = _cohort(0)
    for dosages, effects, predictions in (
        (x, beta * 0, y), (x, beta, y * 0), (x * 0, beta, y), (x[:0], beta[:0], y),
    ):  # fmt: skip
        for rule in ("published", "accepted", "backward"):
            found = select_drivers(dosages, effects, predictions, rule=rule)
            assert not found.is_driver.any()
            assert found.main is None
            assert np.isnan(found.linear_r)
    one = select_drivers(x[:1], [2.0], x[0], rule="backward")
    assert one.is_driver.tolist() == [True]
    assert one.drop[0] == pytest.approx(1)


def test_refusals():
    x, beta, y = _cohort(0)
    with pytest.raises(InputError, match="effects must have shape"):
        select_drivers(x, beta[:-1], y)
    with pytest.raises(InputError, match="finite"):
        select_drivers(x, beta, np.where(y > y.mean(), np.nan, y))
    with pytest.raises(InputError, match="rule"):
        select_drivers(x, beta, y, rule="best")


def test_support():
    found = driver_support([1.0, -2.0, 3.0, 0.0, 1.0], [2.0, 1.0, np.nan, 1.0, 1e-9])
    assert found.tolist() == ["supported", "unsupported", "neither", "neither", "supported"]
    test = support_test([1.0, 0.8, np.nan, 0.1, 0.0, 0.5], [0.3, 0.2, 0.4, -0.2, -0.1, np.nan])
    assert (test.n_positive, test.n_negative, test.mean_positive, test.median_negative) == (2, 2, 0.9, 0.05)
    assert test.p == stats.mannwhitneyu([1.0, 0.8], [0.1, 0.0], alternative="two-sided").pvalue
    assert np.isnan(support_test([1.0], [0.5]).p)
