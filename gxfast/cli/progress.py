"""Progress on stderr: bars on a terminal, one plain line every 10 s otherwise."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import click

from .wording import duration, fitted

if TYPE_CHECKING:
    from .bars import Bars

__all__ = ["ProgressLine", "say", "talk"]

_SECONDS_BETWEEN_LINES = 10.0


def talk(text: str) -> None:
    """Say something on stderr; a closed pipe or a full disk behind it is no reason to stop the work."""
    with suppress(OSError):
        print(fitted(text, sys.stderr), file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Say something on stdout."""
    click.echo(fitted(text, sys.stdout))


@dataclass(slots=True)
class _Task:
    """When a task was first heard of, and what was done by then: what was found finished tells nothing of speed."""

    started: float
    found: int
    done: int
    total: int

    def line(self, name: str, unit: str, now: float) -> str:
        """Say how far it is; the rest is estimated from what was done since it was first heard of."""
        text, seconds, new = f"{name}: {self.done}/{self.total} {unit}", now - self.started, self.done - self.found
        if self.done >= self.total:
            return f"{text}, {duration(seconds)}"
        if not new:
            return f"{text}, the first of them for {duration(seconds)}"
        rate = f" ({new / seconds:.3g} a second)" if seconds >= 1.0 else ""
        return f"{text}{rate}, {duration(seconds / new * (self.total - self.done))} left"


class ProgressLine:
    """Callable ``(task, done, total)`` that shows how far a run has come.

    On a terminal there is a bar for every task and step that takes more than 2 s, and one for the whole run, with what
    is left of all of it. Without one there is a plain line every 10 s, also where nothing was heard in between: slow
    is no hang.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    unit : str
        What is counted.
    """

    def __init__(self, *, quiet: bool, unit: str = "genes") -> None:
        self._quiet, self._unit = quiet, unit
        self._bars: Bars | None = None
        self._tasks: dict[str, _Task] = {}
        self._current = ""
        self._last = time.monotonic()
        self._lock, self._ended = threading.Lock(), threading.Event()

    def __enter__(self) -> ProgressLine:
        if self._quiet:
            return self
        if self.on_terminal:
            from .bars import Bars

            self._bars = Bars(self._unit)
            self._bars.start()
        else:
            threading.Thread(target=self._speak, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._bars is not None:
            self._bars.stop()

    @property
    def on_terminal(self) -> bool:
        """Whether bars are shown."""
        return not self._quiet and sys.stderr.isatty()

    def begin(self, step: str, number: int, of: int) -> None:
        """Report that a step of a run begins."""
        if self._bars is not None:
            self._bars.begin(step, number, of)

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Report what tasks are expected to take, those of the plan."""
        if self._bars is not None:
            self._bars.expect(seconds)

    def __call__(self, task: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` units of a task are finished."""
        if self._quiet:
            return
        if self._bars is not None:
            self._bars.told(task, done, total)
            return
        now = time.monotonic()
        with self._lock:
            known = self._tasks.setdefault(task, _Task(now, done, done, total))
            news = done > known.done or task != self._current
            known.done, known.total, self._current = done, total, task
            if (done >= total and news) or now - self._last >= _SECONDS_BETWEEN_LINES:
                self._say(now)

    def _speak(self) -> None:
        """Say something every 10 s."""
        while not self._ended.wait(_SECONDS_BETWEEN_LINES / 20):
            now = time.monotonic()
            with self._lock:
                if self._current and now - self._last >= _SECONDS_BETWEEN_LINES:
                    self._say(now)

    def _say(self, now: float) -> None:
        self._last = now
        talk(self._tasks[self._current].line(self._current, self._unit, now))
