"""Cases of the step-up adjustment."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....stats import fdr
from ...measure import Contender, Field, compare
from ...packages import load
from ...peers import StatisticPeer
from ...registry import Case, peers_of
from ...result import Row
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


_SCRIPTS = [
    StatisticPeer("NumPy argsort idiom", "bh-", lambda: _argsort_idiom),
    StatisticPeer(
        "scipy false_discovery_control", "bh-", lambda: load("scipy.stats", "scipy").false_discovery_control
    ),
]  # fmt: skip


def _case(name: str, kind: str, size: str) -> Row:
    p = make_p_values(max(1000, _SIZES[name] // _SMALLER[size]), kind)
    expected = _argsort_idiom(p)

    def check(q: Any) -> str:
        worst = float(np.abs(q / expected - 1).max())
        return "" if worst < 1e-14 else f"differs by {worst:.1e}"

    field = Field(Contender("gxfast", lambda: fdr(p), p.size, check))
    case = f"bh-{name}{'-ties' if kind == 'ties' else ''}"

    def contender(peer: StatisticPeer) -> Contender:
        return Contender(peer.name, partial(peer.build(), p), p.size, check)

    for peer in (*_SCRIPTS, *peers_of(StatisticPeer)):
        if case.startswith(peer.cases):
            field.add(peer.name, partial(contender, peer))
    return compare(case, field, size=size)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    found: dict[str, Case] = {f"bh-{name}": partial(_case, name, "plain") for name in _SIZES}
    return {**found, "bh-1e6-ties": partial(_case, "1e6", "ties")}
