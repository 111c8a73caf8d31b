"""The gate of the drop-in layer: no replaced function may be slower than the host's own, at any length.

Per function, length and dtype: the results of both are compared, then both are timed in turn, CPU time of one thread.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from ..compat import binding
from ..compat.targets import TOOLS, Target
from .drop_in_work import WORKS, Work
from .timing import cpu_seconds

__all__ = ["LENGTHS", "Verdict", "measure", "run_gate"]

LENGTHS: Final = {
    "tiny": (50, 1_000),
    "small": (50, 200, 1_000, 2_114, 20_000),
    "real": (50, 200, 1_000, 2_114, 20_000, 196_608, 2_000_000),
}
_NOISE: Final = 0.10
_SLOWER: Final = "SLOWER"
_BLOCK_SECONDS: Final = 0.002
_ROUNDS: Final = 9
_TRIES: Final = 3  # a loss is measured again, in more rounds: only one that stays is one
_SLOW_CALL: Final = 0.2  # seconds; such a host is called a few times only


@dataclass(frozen=True)
class Verdict:
    """One line of the table.

    Attributes
    ----------
    function, label : str
    length : int
        0 where nothing was measured.
    host, ours : float
        Seconds per call.
    problem : str
        Why the gate is closed, or ``""``.
    note : str
        Why nothing was measured, where that is no problem: the host is not here.
    """

    function: str
    label: str = ""
    length: int = 0
    host: float = 0.0
    ours: float = 0.0
    problem: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        """How often ours fits into the host's time."""
        return self.host / self.ours if self.ours else 0.0

    def line(self) -> str:
        """The line as printed."""
        if not self.length:
            return f"{self.function:62} {self.problem or self.note}"
        times = f"{self.host * 1e6:13,.1f} {self.ours * 1e6:11,.1f} {self.ratio:8.2f}"
        return f"{self.function:62} {self.label:12} {self.length:9,} {times}  {self.problem or 'ok'}"


def measure(original: Any, ours: Any, args: Any, kwargs: Any, rounds: int) -> tuple[float, float]:
    """Return the medians of interleaved blocks of calls, in CPU seconds per call."""
    calls = {name: _calls(function, args, kwargs) for name, function in (("host", original), ("ours", ours))}
    seconds: dict[str, list[float]] = {"host": [], "ours": []}
    for turn in range(rounds):
        if turn >= 2 and sum(seconds["host"]) > _SLOW_CALL * 4:
            break
        for name, function in (("host", original), ("ours", ours)):
            repeats = range(calls[name])
            start = cpu_seconds()
            for _ in repeats:
                function(*args, **kwargs)
            seconds[name].append((cpu_seconds() - start) / len(repeats))
    return float(np.median(seconds["host"])), float(np.median(seconds["ours"]))


def _calls(function: Any, args: Any, kwargs: Any) -> int:
    """How many calls last as long as a block."""
    calls, taken = 1, 0.0
    while taken < _BLOCK_SECONDS / 2 and calls < 10_000:
        start = cpu_seconds()
        for _ in range(calls):
            function(*args, **kwargs)
        taken = cpu_seconds() - start
        calls = calls if taken >= _BLOCK_SECONDS / 2 else calls * 4
    return max(1, min(10_000, int(calls * _BLOCK_SECONDS / max(taken, 1e-9))))


def _verdict(name: str, work: Work, length: int, original: Any, ours: Any, folder: Path) -> Verdict:
    args, kwargs = work.arguments(length, folder)
    problem = binding.difference(original, ours, args, kwargs)
    if problem:
        return Verdict(name, work.label, length, problem=problem)
    for attempt in range(1, _TRIES + 1):
        host, mine = measure(original, ours, args, kwargs, _ROUNDS * attempt)
        if mine <= host * (1 + _NOISE):
            return Verdict(name, work.label, length, host, mine)
    return Verdict(name, work.label, length, host, mine, problem=_SLOWER)


def _of_target(target: Target, ours: Any, lengths: tuple[int, ...], folder: Path) -> Iterator[Verdict]:
    if target.name not in WORKS:
        yield Verdict(target.name, problem="not measured: no arguments in gxfast/bench/drop_in_work.py")
        return
    for work in WORKS[target.name]:
        for length in lengths:
            if length <= work.longest:
                yield _verdict(target.name, work, length, ours.__gxfast_original__, ours, folder)


def _of_tool(name: str, wanted: str, lengths: tuple[int, ...], folder: Path) -> Iterator[Verdict]:
    targets = [target for target in TOOLS[name].targets if wanted in target.name]
    if not targets:
        return
    if not binding.is_installed(TOOLS[name]):
        yield Verdict(name, note=f"not here: {TOOLS[name].remedy or 'pip install ' + TOOLS[name].distribution}")
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        binding.patch(name)
    reasons = [str(one.message) for one in told if issubclass(one.category, binding.PatchWarning)]
    if reasons:
        yield Verdict(name, problem=reasons[0])
        return
    replaced = [getattr(*binding.owner_of(target)) for target in targets]
    # Taken out again before anything is timed: an original may call other functions that were replaced.
    binding.unpatch(name)
    for target, ours in zip(targets, replaced, strict=True):
        yield from _of_target(target, ours, lengths, folder)


def run_gate(wanted: str, size: str) -> int:
    """Print the table; return 1 if a function differs, is slower than the host's or not measured, or no host is here.

    Parameters
    ----------
    wanted : str
        Only functions whose name holds this text.
    size : {"tiny", "small", "real"}
        The lengths: 50 and 1,000; to 20,000; to 2,000,000.
    """
    click.echo(f"{'function':62} {'dtype':12} {'length':>9} {'host us':>13} {'gxfast us':>11} {'ratio':>8}")
    seen: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="gxfast-drop-in-") as folder:
        for name in (name for name, tool in TOOLS.items() if not tool.by_name):
            for verdict in _of_tool(name, wanted, LENGTHS[size], Path(folder)):
                click.echo(verdict.line())
                seen.append(verdict)
    click.echo(_told(seen))
    return 1 if any(one.problem for one in seen) or not any(one.length for one in seen) else 0


def _told(seen: list[Verdict]) -> str:
    """How many comparisons there were, and what the shortest sequences cost: little but the call."""
    compared = [one for one in seen if one.length]
    if not compared:
        return "nothing was compared: no host is here (scripts/hosts.sh installs them)"
    shortest = [one.ours * 1e6 for one in compared if one.length == min(one.length for one in compared)]
    n_slower, n_other = (sum(test(one) for one in seen) for test in (_is_slower, _is_other))
    return (
        f"{len(compared)} comparisons, {n_slower} slower, {n_other} other problems; calls of the shortest sequences "
        f"take {float(np.median(shortest)):.1f} us (median), {max(shortest):.1f} at most"
    )


def _is_slower(one: Verdict) -> bool:
    return one.problem == _SLOWER


def _is_other(one: Verdict) -> bool:
    return bool(one.problem) and one.problem != _SLOWER
