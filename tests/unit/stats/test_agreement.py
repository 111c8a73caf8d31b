"""Sign agreement with exact intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from gxfast.errors import InputError
from gxfast.stats import sign_agreement


def test_counts_interval_and_p():
    a = np.array([1.0, -2.0, 3.0, 4.0, np.nan, 0.0, 5.0])
    b = np.array([2.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0])
    (found,) = sign_agreement(a, b)
    assert (found.n, found.equal, found.share) == (5, 4, 0.8)
    assert found.p == pytest.approx(2 * (1 + 5) / 32)
    # the quantiles of the beta distribution are the definition of the interval
    assert found.low == pytest.approx(special.betaincinv(4, 2, 0.025))
    assert found.high == pytest.approx(special.betaincinv(5, 1, 0.975))


def test_strata_go_by_magnitude():
    a = np.array([4.0, -1.0, 3.0, 2.0])
    low, high = sign_agreement(a, np.array([1.0, 1.0, 1.0, -1.0]), strata=2)
    assert (low.equal, low.n, high.equal, high.n) == (0, 2, 2, 2)


def test_nothing_signed_is_nan():
    (found,) = sign_agreement([0.0, np.nan], [1.0, 1.0])
    assert found.n == 0
    assert all(math.isnan(v) for v in (found.share, found.low, found.high, found.p))


def test_refusals():
    with pytest.raises(InputError, match="b must have shape"):
        sign_agreement([1.0], [1.0, 2.0])
    with pytest.raises(InputError, match="strata"):
        sign_agreement([1.0], [1.0], strata=0)
    with pytest.raises(InputError, match="confidence"):
        sign_agreement([1.0], [1.0], confidence=1.0)


def test_ranks_with_and_without_direction():
    from scipy import stats

    from gxfast.stats import rank_agreement

    rng = np.random.default_rng(2)
    a = rng.normal(size=200)
    b = (np.abs(a) + rng.normal(size=200) * 0.1) * rng.choice([-1, 1], 200)
    a[3], b[9] = np.nan, np.nan
    found = rank_agreement(a, b)
    there = np.isfinite(a) & np.isfinite(b)
    signed, size = (stats.spearmanr(x, y) for x, y in ((a[there], b[there]), (abs(a[there]), abs(b[there]))))
    assert found.n == 198
    assert (found.signed, found.signed_p) == pytest.approx((signed.statistic, signed.pvalue), rel=1e-9)
    assert (found.absolute, found.absolute_p) == pytest.approx((size.statistic, size.pvalue), rel=1e-6)
    assert found.absolute > 0.9 > abs(found.signed) + 0.5
    with pytest.raises(InputError, match="b must have shape"):
        rank_agreement(a, b[1:])
