"""Cases of the step-up adjustment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...stats import fdr
from ..measure import Contestant, Field, compare
from ..peers import load
from ..result import Goal, Row
from .data import make_p_values

__all__ = ["cases"]

_SIZES = {"2e4": 20_000, "1e6": 1_000_000, "1e7": 10_000_000}
_SMALLER = {"tiny": 1000, "small": 10, "real": 1}


def _argsort_idiom(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """What scripts do."""
    order = np.argsort(p)
    ranked = p[order] * p.size / np.arange(1, p.size + 1)
    q = np.empty_like(p)
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1)
    return q


def _statsmodels(p: NDArray[np.float64]) -> Callable[[], Any]:
    multitest = load("statsmodels.stats.multitest", "statsmodels")
    return lambda: multitest.multipletests(p, method="fdr_bh")[1]


def _peer(name: str, build: Callable[[], Callable[[], Any]], items: int, check: Callable[[Any], str]) -> Contestant:
    return Contestant(name, build(), items, check)


def _case(name: str, kind: str, size: str) -> Row:
    p = make_p_values(max(1000, _SIZES[name] // _SMALLER[size]), kind)
    expected = _argsort_idiom(p)

    def check(q: Any) -> str:
        worst = float(np.abs(q / expected - 1).max())
        return "" if worst < 1e-14 else f"differs by {worst:.1e}"

    field = Field(Contestant("gxfast", lambda: fdr(p), p.size, check))
    field.peers = [Contestant("NumPy argsort idiom", lambda: _argsort_idiom(p), p.size, check)]
    peers: dict[str, Callable[[], Callable[[], Any]]] = {
        "scipy false_discovery_control": lambda: partial(load("scipy.stats", "scipy").false_discovery_control, p),
        "statsmodels multipletests": lambda: _statsmodels(p),
    }
    for peer, build in peers.items():
        field.add(peer, partial(_peer, peer, build, p.size, check))
    names = ("NumPy argsort idiom", "scipy false_discovery_control", "statsmodels multipletests")
    goals = [Goal("BH", peer, 4) for peer in names] if name != "2e4" else []
    return compare(f"bh-{name}{'-ties' if kind == 'ties' else ''}", field, size=size, goals=goals)


def cases() -> dict[str, Callable[[str], Row]]:
    """Return the cases by name."""
    found: dict[str, Callable[[str], Row]] = {f"bh-{name}": partial(_case, name, "plain") for name in _SIZES}
    return {**found, "bh-1e6-ties": partial(_case, "1e6", "ties")}
