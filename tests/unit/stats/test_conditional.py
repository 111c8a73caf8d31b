"""Conditionally independent eQTLs against least squares, and against what tensorQTL 1.0.10 found (typed in)."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.plain_conditional import plain_conditional
from oracles.two_signals import two_signals

from gxfast.errors import InputError
from gxfast.stats import ForwardBackward, conditional_eqtl, forward_backward


def _orders(people=120, n=500, seed=3):
    draw = np.random.RandomState(seed)
    return np.array([draw.permutation(people) for _ in range(n)])


def test_equals_tensorqtl():
    """`map_cis` and `map_independent` with nperm=500, seed=3 and a threshold of 0.05, on the same arrays."""
    x, y, covariates = two_signals()
    first, second = conditional_eqtl(x, y, covariates=covariates, orders=_orders())
    assert (first.rank, first.lead, second.rank, second.lead) == (1, 40, 2, 10)
    assert (first.df, second.df) == (115, 115)
    assert np.allclose([first.slope, second.slope], [-1.1318211555, 0.9439969063], rtol=1e-6)
    assert np.allclose([first.slope_se, second.slope_se], [0.1613527238, 0.1515012085], rtol=1e-6)
    assert np.allclose([first.p, second.p], [1.6966e-10, 7.858e-09], rtol=1e-3)
    assert [one.permuted.pval_perm for one in (first, second)] == [1 / 501, 1 / 501]
    # its searches for degrees of freedom and shapes end early
    assert np.allclose([first.pval_beta, second.pval_beta], [1.436e-07, 1.8864e-06], rtol=0.06)
    assert np.allclose([one.permuted.beta.true_df for one in (first, second)], [101.738, 101.829], rtol=0.02)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", [np.int8, np.float64])
def test_equals_the_definition(seed, kind):
    x, y, covariates = two_signals(people=90, variants=45, seed=seed) if seed else two_signals()
    y = y + 0.6 * x[25]
    orders = _orders(y.size, 200)
    found = conditional_eqtl(x.astype(kind), y, covariates=covariates, threshold=0.02, orders=orders)
    expected = plain_conditional(x, y, covariates, 0.02, orders)
    assert [(one.rank, one.lead) for one in found] == [(one[0], one[1]) for one in expected]
    got = [[one.r, one.slope, one.slope_se, one.p] for one in found]
    assert np.allclose(got, [one[2:6] for one in expected], rtol=1e-8)
    assert np.allclose([one.pval_beta for one in found], [one[6] for one in expected], rtol=2e-3)


def test_a_loose_threshold_answers_for_stricter_ones():
    x, y, covariates = two_signals(seed=4)
    y = y + 0.7 * x[25]
    options = {"covariates": covariates, "n_permutations": 100, "seed": 5}
    found = forward_backward(x, y, threshold=0.3, **options)
    assert len(found.forward) > 2
    for threshold in (1e-9, 1e-5, 0.01, 0.05, 0.3):
        strict = conditional_eqtl(x, y, threshold=threshold, **options)
        assert [(one.rank, one.lead, one.p) for one in found.signals(threshold)] == [
            (one.rank, one.lead, one.p) for one in strict
        ]


def test_nothing_passes_and_nothing_is_left():
    x, y, _ = two_signals()
    random = np.random.default_rng(1)
    assert conditional_eqtl(x, random.normal(size=120), threshold=1e-4) == ()
    assert conditional_eqtl(np.ones_like(x), y) == ()
    assert forward_backward(np.empty((0, 120), np.int8), y) == ForwardBackward((), ())
    # the only variant explains everything that is left of itself
    assert [one.lead for one in conditional_eqtl(x[10:11], x[10] + 0.1 * random.normal(size=120))] == [0]
    # fewer than ten permutations have no beta approximation
    assert conditional_eqtl(x, y, n_permutations=9) == ()


def test_leads_that_meet_are_one_signal():
    """Backwards two signals may come to one lead: the first of them stays, as in tensorQTL."""
    x, y, covariates = two_signals()
    found = forward_backward(x, y, covariates=covariates, n_permutations=50)
    first, second = found.backward[0]
    met = ForwardBackward(found.forward, ((first, second, first),))
    assert met.signals(0.05) == (first, second)


def test_degrees_of_freedom_run_out():
    x, y, _ = two_signals(people=6)
    found = conditional_eqtl(x[:5], y, covariates=np.random.default_rng(0).normal(size=(2, 6)), threshold=0.99)
    assert [one.df for one in found] == [1, 1]  # a third would have none


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("nan"), -1.0])
def test_threshold(threshold):
    x, y, _ = two_signals()
    with pytest.raises(InputError, match="threshold"):
        conditional_eqtl(x, y, threshold=threshold)


def test_whole_numbers_that_are_no_calls():
    x, y, covariates = two_signals()
    options = {"covariates": covariates, "n_permutations": 50}
    plain, tripled = (conditional_eqtl(dosages, y, **options) for dosages in (x, 3 * x))
    assert [one.lead for one in tripled] == [one.lead for one in plain]
    assert np.allclose([3 * one.slope for one in tripled], [one.slope for one in plain])
