"""The cases, and what a checkout adds to them: more cases, peers of other packages, goals against these peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .result import Goal, Row

__all__ = ["Case", "add_cases", "add_goals", "add_peers", "added_cases", "goals_of", "peers_of"]

Case = Callable[[str], Row]  # takes the size
Peer = TypeVar("Peer")

_cases: dict[str, Case] = {}
_peers: list[Any] = []
_goals: dict[str, tuple[Goal, ...]] = {}


def add_cases(cases: Mapping[str, Case]) -> None:
    """Add cases by name, to run in this order."""
    _cases.update(cases)


def added_cases() -> dict[str, Case]:
    """Return the cases that were added, by name."""
    return dict(_cases)


def add_peers(*peers: object) -> None:
    """Add peers; the type of each (see `gxfast.bench.peers`) says which cases it takes part in."""
    _peers.extend(peers)


def peers_of(kind: type[Peer]) -> list[Peer]:
    """Return the peers of one type that were added."""
    return [peer for peer in _peers if isinstance(peer, kind)]


def add_goals(goals: Mapping[str, Sequence[Goal]]) -> None:
    """Add goals by the name of the case: those against peers that the package does not bring."""
    for case, more in goals.items():
        _goals[case] = (*_goals.get(case, ()), *more)


def goals_of(case: str) -> tuple[Goal, ...]:
    """Return the goals that were added to a case."""
    return _goals.get(case, ())
