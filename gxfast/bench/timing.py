"""Interleaved timing: every contestant once per round, so that a busy moment hits all of them."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Measured", "interleave"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds per call of one contestant over the rounds (CPU time, or wall time for other processes)."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return float(np.median(self.seconds))


def _cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def interleave(
    contestants: Mapping[str, Callable[[], object]], *, rounds: int, clock: str = "cpu"
) -> dict[str, Measured]:
    """Run each contestant once to warm up, then ``rounds`` times in turn.

    Parameters
    ----------
    contestants : mapping of name to callable
    rounds : int
    clock : {"cpu", "wall"}
        CPU time counts child processes too, and does not see other users of the machine.
    """
    now = _cpu_seconds if clock == "cpu" else time.perf_counter
    for call in contestants.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            start = now()
            call()
            seconds[name].append(now() - start)
    return {name: Measured(tuple(values)) for name, values in seconds.items()}
