"""Which signal a variant tags, and what it says of the direction: worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gxfast.evaluation.direction import direction_rows
from gxfast.evaluation.drivers import GeneDrivers
from gxfast.evaluation.signals import EqtlSignals, Signal, tag_signals
from gxfast.personal.dosages import Dosages
from gxfast.types import GeneTable, PredictionSet

LEADS = np.array([[0, 0, 1, 1, 2, 2], [0, 2, 0, 2, 0, 2]], np.int8)
SIGNALS = [Signal("one", 0.5, 1), Signal("two", -0.3, 2)]


def test_tags():
    dosages = np.array(
        [
            [0, 0, 1, 1, 2, 2],  # the first lead itself
            [2, 2, 1, 1, 0, 0],  # its other allele
            [0, 2, 0, 2, 0, 2],  # the second lead
            [0, 1, 0, 1, 0, 2],  # r^2 = 0.7 with the second
            [0, 0, 0, 0, 0, 1],  # r^2 below 0.5 with both
            [1, 1, 1, 1, 1, 1],  # does not vary
        ],
        np.int8,
    )
    tags = tag_signals(dosages, np.array([1.0, 1.0, 1.0, -1.0, 1.0, 1.0]), SIGNALS, LEADS)
    assert tags.lead[:5] == ("one", "one", "two", "two", "one")
    assert tags.support.tolist() == ["supported", "unsupported", "unsupported", "supported", "untagged", "untagged"]
    assert np.allclose(tags.r[:3], [1, -1, 1])
    assert np.abs(tags.r).max() <= 1
    # 2/3 of the carriers' mean against six people: 8/6 - (4/6)(1), over sqrt(10/3 * 6)
    assert tags.r[3] == pytest.approx(4 / np.sqrt(20 / 6 * 6))
    assert tags.slope.tolist()[:4] == [0.5, 0.5, -0.3, -0.3]


def test_an_effect_of_nothing_is_neither():
    tags = tag_signals(LEADS, np.array([0.0, np.nan]), SIGNALS, LEADS)
    assert tags.support.tolist() == ["neither", "neither"]


def test_a_gene_without_signals():
    tags = tag_signals(LEADS, np.ones(2), [], np.empty((0, 6)))
    assert tags.lead == (None, None)
    assert np.isnan(tags.r).all()
    assert tags.support.tolist() == ["untagged", "untagged"]


def _predictions(n):
    genes = GeneTable(tuple(f"g{i}" for i in range(n)), tuple("x" * n), ("1",) * n, np.full(n, 1000), ("+",) * n)
    values, reference, counts = np.zeros((n, 6, 1)), np.zeros((n, 1)), np.ones(n, int)
    return PredictionSet("m", genes, tuple("abcdef"), ("t",), values, reference, counts, counts, ("ok",) * n)


def test_directions_at_signals_and_in_credible_sets():
    """Marginal slopes of the second lead are masked by the first; given the first they agree with the effect."""
    dosages = Dosages("1", np.array([5, 9]), ("one", "two"), ("A", "A"), ("C", "C"), LEADS, np.zeros(2, int))
    effect, slope = np.array([1.0, -1.0]), np.array([0.4, 0.1])
    one = GeneDrivers(0, 0, dosages, effect, slope, slope, np.array([0.01, 0.5]), None, np.array(["", ""]))
    found = [replace(one, gene=g) for g in range(3)]
    signals = EqtlSignals(
        {f"g{g}": SIGNALS for g in range(3)} | {"g9": [Signal("elsewhere", 1.0, 1)]},
        {("g0", "one"): (0.95, -0.2), ("g1", "two"): (0.5, -0.1)},
        True,
    )
    rows = [row for row in direction_rows(_predictions(3), found, signals=signals) if row.stratum == "signal"]
    assert [(row.low, row.high, row.n) for row in rows] == [(None, None, 6), (1, 1, 3), (2, 2, 3)]
    assert [row.equal_sign for row in rows] == [0.5, 1, 0]
    assert [row.conditional_equal_sign for row in rows] == [1, 1, 1]
    rows = [row for row in direction_rows(_predictions(3), found, signals=signals) if row.stratum == "susie_pip"]
    assert [(row.low, row.n) for row in rows] == [(0.1, 2), (0.5, 2), (0.9, 1)]
    assert [row.equal_sign for row in rows] == [0.5, 0.5, 1]
    assert [row.conditional_equal_sign for row in rows] == [0.5, 0.5, 0]


def test_leads_of_credible_sets_alone_are_no_conditional_signals():
    dosages = Dosages("1", np.array([5, 9]), ("one", "two"), ("A", "A"), ("C", "C"), LEADS, np.zeros(2, int))
    one = GeneDrivers(0, 0, dosages, np.ones(2), np.ones(2), np.ones(2), np.ones(2), None, np.array(["", ""]))
    rows = direction_rows(_predictions(1), [one], signals=EqtlSignals({"g0": SIGNALS}, {("g0", "one"): (1.0, 1.0)}))
    assert {row.stratum for row in rows} == {"all", "susie_pip"}
