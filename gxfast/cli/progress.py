"""Progress on stderr: bars on a terminal, one plain line every 10 s otherwise."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

__all__ = ["ProgressLine", "talk"]

_SECONDS_BETWEEN_LINES = 10.0


def talk(text: str) -> None:
    """Say something on stderr; a closed pipe or a full disk behind it is no reason to stop the work."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


class ProgressLine:
    """Callable ``(task, done, total)`` that shows how far a run has come.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    unit : str
        What is counted.
    """

    def __init__(self, *, quiet: bool, unit: str = "genes") -> None:
        self._quiet, self._unit = quiet, unit
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._started: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._last = self._begin = time.monotonic()

    def __enter__(self) -> ProgressLine:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bars = Progress(
                TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                console=Console(stderr=True),
            )  # fmt: skip
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, task: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` units of a task are finished."""
        if self._quiet:
            return
        if self._bars is not None:
            if task not in self._tasks:
                self._tasks[task] = self._bars.add_task(task, total=total)
            self._bars.update(self._tasks[task], completed=done, total=total)
            return
        now = time.monotonic()
        # A task starts when the one before it, or the program, has last been heard of.
        started = self._started.setdefault(task, max([self._begin, *self._heard.values()]))
        self._heard[task] = now
        if done == total or now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            left = (now - started) / done * (total - done) if done else 0.0
            rate = f" ({done / (now - started):.3g} a second)" if now - started >= 1.0 else ""
            talk(f"{task}: {done}/{total} {self._unit}{rate}, {left:.0f} s left")
