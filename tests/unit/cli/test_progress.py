"""What is said of a run while it goes on."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gxfast.cli import progress
from gxfast.cli.progress import ProgressLine
from gxfast.cli.wording import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min"), (7200, "2.0 h"), (200_000, "2.3 days")],
)
def test_times_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_estimate_leaves_out_what_was_found_finished(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """90 of 100 were there; one took 20 s: nine take 180."""
    clock = iter([0.0, 0.0, 20.0, 20.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    line = ProgressLine(quiet=False)
    line("baseline", 90, 100)
    line("baseline", 91, 100)
    assert capfd.readouterr().err == "baseline: 91/100 genes (0.05 a second), 3 min left\n"


def test_a_slow_task_is_heard_of(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.2)
    with ProgressLine(quiet=False) as line:
        line("predict slow", 0, 7)
        time.sleep(1.0)
    told = capfd.readouterr().err.splitlines()
    assert len(told) >= 2
    assert set(told) <= {f"predict slow: 0/7 genes, the first of them for {n} s" for n in (0, 1)}
    with ProgressLine(quiet=True) as line:
        line("predict slow", 0, 7)
        time.sleep(0.5)
    assert capfd.readouterr().err == ""


def test_the_end_is_said_once(capfd: Any) -> None:
    with ProgressLine(quiet=False) as line:
        line("eqtl", 0, 2)
        line("eqtl", 2, 2)
        line("eqtl", 2, 2)
    assert capfd.readouterr().err == "eqtl: 2/2 genes, 0 s\n"
