"""Tests against a gene-specific null: formulas by hand."""

from __future__ import annotations

from math import erfc, pi, sqrt

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.stats import null_test


def test_published_divides_by_the_root_of_the_standard_deviation():
    # (0.5 - 0.1) / sqrt(0.08 / 2) = 2; one degree of freedom: upper tail 1/2 - atan(2)/pi
    result = null_test([0.5, -0.5], 0.1, 0.08, n_draws=2)
    assert result.t == pytest.approx([2.0, 2.0], abs=1e-15)
    assert result.p == pytest.approx([0.5 - np.arctan(2) / pi] * 2, abs=1e-14)


def test_textbook_divides_by_the_standard_error():
    result = null_test(0.5, 0.1, 0.4, n_draws=4, method="textbook")
    assert result.t == pytest.approx(2.0, abs=1e-15)
    # three degrees of freedom
    tail = 0.5 - (np.arctan(2 / sqrt(3)) + (2 / sqrt(3)) / (1 + 4 / 3)) / pi
    assert result.p == pytest.approx(tail, abs=1e-14)


def test_z_asks_about_one_draw():
    result = null_test(0.5, 0.1, 0.2, method="z")
    assert result.t == pytest.approx(2.0, abs=1e-15)
    assert result.p == pytest.approx(erfc(2 / sqrt(2)) / 2, rel=1e-13)


def test_below_the_null():
    assert null_test(0.0, 0.1, 0.08, n_draws=2).p == 1.0
    # the published 1 is a convention; the true upper tail at t = -1/2, three degrees of freedom
    x = 0.5 / sqrt(3)
    tail = 0.5 + (np.arctan(x) + x / (1 + x * x)) / pi
    assert null_test(0.0, 0.1, 0.4, n_draws=4, method="textbook").p == pytest.approx(tail, abs=1e-14)


def test_undefined_and_degenerate():
    result = null_test([np.nan, 0.1, 0.2, 0.05], [0.1, 0.1, 0.1, 0.1], [0.1, 0.0, 0.0, 0.0])
    assert np.isnan(result.t[:2]).all()
    assert np.isnan(result.p[:2]).all()
    assert result.p[2:].tolist() == [0.0, 1.0]


def test_refusals():
    with pytest.raises(InputError, match="n_draws"):
        null_test(0.1, 0.1, 0.1, n_draws=1)
    with pytest.raises(InputError, match="negative"):
        null_test(0.1, 0.1, -0.1)
    with pytest.raises(InputError, match="published, textbook, z"):
        null_test(0.1, 0.1, 0.1, method="bayes")
    with pytest.raises(InputError, match="fit together"):
        null_test([0.1, 0.2], [0.1, 0.2, 0.3], 0.1)
