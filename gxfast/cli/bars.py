"""Bars on a terminal: one for the whole run, and one for every task that takes more than 2 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .wording import duration

__all__ = ["Bars", "Forecast"]

_SLOW: Final = 2.0  # seconds after which a task has a bar
_TICK: Final = 0.25
_WHOLE: Final = "whole run"


@dataclass(slots=True)
class _Work:
    """A task or a step: when it was first heard of, and how far it was then; the end of one that is finished."""

    started: float
    found: int = 0
    done: int = 0
    total: int = 0
    ended: float | None = None
    bar: Any = None
    hidden: bool = False  # a step whose tasks are shown

    def seconds(self, now: float) -> float:
        return (now if self.ended is None else self.ended) - self.started

    def left(self, now: float) -> float | None:
        """Seconds to its end at the pace it had until now; None where nothing tells."""
        if self.ended is not None:
            return 0.0
        new = self.done - self.found
        return self.seconds(now) / new * (self.total - self.done) if new else None


@dataclass(slots=True)
class Forecast:
    """What is left of a whole run: tasks under way by their own pace, later ones by what the plan expects of them.

    The plan's seconds are those of its measurement. What tasks have really taken, beside what was expected of them,
    corrects those of the others.
    """

    expected: dict[str, float] = field(default_factory=dict)

    def left(self, works: Mapping[str, _Work], now: float) -> float | None:
        """Seconds to the end; None where the plan has said nothing."""
        if not self.expected:
            return None
        pace, rest = self._pace(works, now), 0.0
        for name, seconds in self.expected.items():
            work = works.get(name)
            own = work.left(now) if work else None
            if own is None:
                share = 1 - work.done / work.total if work and work.total else 1.0
                own = max(0.0, pace * seconds * share - (work.seconds(now) if work else 0.0))
            rest += own
        others = [work.left(now) for name, work in works.items() if name not in self.expected]
        return rest + sum(seconds for seconds in others if seconds is not None)

    def _pace(self, works: Mapping[str, _Work], now: float) -> float:
        """How many times longer tasks take than was expected."""
        taken = planned = 0.0
        for name, seconds in self.expected.items():
            work = works.get(name)
            if work and work.total and work.done > work.found:
                taken += work.seconds(now)
                planned += seconds * (work.done - work.found) / work.total
        return min(10.0, max(0.1, taken / planned)) if planned > 0 else 1.0


class Bars:
    """The bars of a run on a terminal.

    Parameters
    ----------
    unit : str
        What tasks count.
    """

    def __init__(self, unit: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        def text(name: str, **settings: Any) -> Any:
            return TextColumn(f"{{task.{name}}}", table_column=Column(no_wrap=True, overflow="ellipsis", **settings))

        self._unit, self._forecast = unit, Forecast()
        self._lock, self._ended = threading.RLock(), threading.Event()
        self._started = time.monotonic()
        self._works: dict[str, _Work] = {}
        self._step, self._place = "", ""
        self._progress = Progress(
            text("description", max_width=30),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=6)),
            text("fields[count]", justify="right"), text("fields[left]", justify="right", min_width=11),
            console=Console(stderr=True), expand=True,
        )  # fmt: skip
        self._whole: Any = None

    def start(self) -> None:
        """Show them, until `stop`."""
        self._progress.start()
        threading.Thread(target=self._tick, daemon=True).start()

    def stop(self) -> None:
        """Leave them as they are."""
        self._ended.set()
        with self._lock:
            self._end_step(time.monotonic())
            self._show(time.monotonic(), last=True)
            self._progress.stop()

    def begin(self, step: str, number: int, of: int) -> None:
        """Begin a step; it has a bar of its own unless its tasks have some."""
        with self._lock:
            now = time.monotonic()
            self._end_step(now)
            self._step, self._place = step, f"step {number}/{of}"
            self._works.setdefault(step, _Work(now))

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Take what the plan says of tasks."""
        with self._lock:
            self._forecast.expected = dict(seconds)

    def told(self, task: str, done: int, total: int) -> None:
        """Take how far a task is."""
        with self._lock:
            now = time.monotonic()
            work = self._works.setdefault(task, _Work(now))
            if not work.total:
                work.found = done
            work.done, work.total = done, total
            work.ended = (work.ended or now) if done >= total else None
            step = self._works.get(self._step)
            if step is not None and step is not work and step.bar is None:
                step.hidden = True
            self._show(now)

    def _end_step(self, now: float) -> None:
        work = self._works.get(self._step)
        if work is not None and work.ended is None:
            work.ended = now
            self._show(now)

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            with self._lock:
                if not self._ended.is_set():
                    self._show(time.monotonic())

    def _show(self, now: float, *, last: bool = False) -> None:
        """Bring every bar up to date; what has taken long enough gets one."""
        if self._place and (self._whole is not None or now - self._started >= _SLOW):
            if self._whole is None:
                self._whole = self._progress.add_task(_WHOLE, total=1.0, count="", left="")
            left = self._forecast.left(self._works, now)
            passed = now - self._started
            done = 1.0 if last else 0.0 if left is None else passed / (passed + left)
            self._progress.update(
                self._whole, count=self._place, completed=done,
                left=duration(passed) if last else "" if left is None else f"{duration(left)} left",
            )  # fmt: skip
        for name, work in self._works.items():
            self._draw(name, work, now)

    def _draw(self, name: str, work: _Work, now: float) -> None:
        if work.bar is None:
            if work.hidden or work.seconds(now) < _SLOW:
                return
            work.bar = self._progress.add_task(name, total=work.total or None, count="", left="")
        seconds = work.left(now)
        if work.ended is not None:
            told = duration(work.seconds(now))
        else:
            told = f"{duration(seconds)} left" if seconds is not None else f"for {duration(work.seconds(now))}"
        self._progress.update(
            work.bar, left=told, count=f"{work.done}/{work.total} {self._unit}" if work.total else "",
            total=work.total or (None if work.ended is None else 1), completed=work.done if work.total else 1,
        )  # fmt: skip
