"""Packages for statistics: bottleneck for means and ranks, statsmodels for the step-up adjustment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gxfast.bench.cases.statistics.correlation import masked, ranked
from gxfast.bench.packages import load
from gxfast.bench.peers import StatisticPeer

__all__ = ["BOTTLENECK", "BOTTLENECK_RANKS", "STATSMODELS", "peers"]

BOTTLENECK, BOTTLENECK_RANKS = "bottleneck idiom", "bottleneck rankdata idiom"
STATSMODELS = "statsmodels multipletests"


def _multipletests() -> Callable[..., Any]:
    adjust = partial(load("statsmodels.stats.multitest", "statsmodels").multipletests, method="fdr_bh")
    return lambda p: adjust(p)[1]


def peers() -> list[StatisticPeer]:
    """Return the three."""
    return [
        StatisticPeer(BOTTLENECK, "pearson-gaps", lambda: masked(load("bottleneck", "bottleneck").nanmean)),
        StatisticPeer(BOTTLENECK_RANKS, "spearman", lambda: ranked(load("bottleneck", "bottleneck").rankdata)),
        StatisticPeer(STATSMODELS, "bh-", _multipletests),
    ]
