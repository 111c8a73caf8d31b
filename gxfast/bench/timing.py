"""Interleaved timing: every contender once per round, so that a busy moment hits all of them."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Measured", "calls_for", "cpu_seconds", "interleave"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds per call of one contender over the rounds (CPU time, or wall time for other processes)."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return float(np.median(self.seconds))


def cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def calls_for(call: Callable[[], object], *, at_least: float, most: int = 100_000) -> int:
    """Return how often to call in one block so that the block lasts ``at_least`` CPU seconds."""
    calls = 1
    while True:
        start = cpu_seconds()
        for _ in range(calls):
            call()
        taken = cpu_seconds() - start
        if taken >= at_least / 2 or calls >= most:
            return min(most, max(1, math.ceil(calls * at_least / max(taken, 1e-9)))) if taken < at_least else calls
        calls = min(most, calls * 10)


def interleave(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    clock: str = "cpu",
    calls: Mapping[str, int] | None = None,
    rounds_of: Mapping[str, int] | None = None,
    warm_up: bool = True,
) -> dict[str, Measured]:
    """Run each contender once to warm up, then ``rounds`` times in turn.

    Parameters
    ----------
    contenders : mapping of name to callable
    rounds : int
    clock : {"cpu", "wall"}
        CPU time counts child processes too, and does not see other users of the machine.
    calls : mapping of name to int, optional
        How often a contender is called per round (1); seconds are per call all the same.
    rounds_of : mapping of name to int, optional
        Slow contenders leave after fewer rounds.
    warm_up : bool
        False where each has been called before.
    """
    now = cpu_seconds if clock == "cpu" else time.perf_counter
    many, leave = calls or {}, rounds_of or {}
    if warm_up:
        for call in contenders.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for done in range(rounds):
        for name, call in contenders.items():
            if done >= leave.get(name, rounds):
                continue
            repeats = range(many.get(name, 1))
            start = now()
            for _ in repeats:
                call()
            seconds[name].append((now() - start) / len(repeats))
    return {name: Measured(tuple(values)) for name, values in seconds.items()}
