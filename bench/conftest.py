"""Tests of the checkout's part of the benchmark find it wherever pytest is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.append(ROOT)


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry of the benchmark with all that the checkout adds, and nothing else."""
    from bench import add_everything
    from gxfast.bench import registry

    for name, empty in (("_cases", {}), ("_peers", []), ("_goals", {})):
        monkeypatch.setattr(registry, name, empty)
    add_everything()
