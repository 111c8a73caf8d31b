"""Plans and sessions of gradients stay with their model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.bench.cases.ism.networks import basset
from gxfast.encode.edits import Edits
from gxfast.ism import gradient
from gxfast.ism.modes import runner
from gxfast.models.saving import save_model
from gxfast.models.session import Model


@pytest.fixture
def model(tmp_path: Path) -> Model:
    made = basset(600, (8, 6, 6), 12, 3)
    return Model(save_model(made.model, made.card, tmp_path / "m.onnx"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every session of a part of a model."""
    found: list[int] = []
    real = runner.open_session
    monkeypatch.setattr(runner, "open_session", lambda *args, **options: (found.append(1), real(*args, **options))[1])
    return found


def test_a_second_call_opens_nothing(model: Model, opened: list[int]) -> None:
    sequence = np.random.default_rng(3).choice(np.frombuffer(b"ACGT", np.uint8), 600)
    first = gx.ism.saturate(model, sequence, start=100, end=110)
    n = len(opened)
    assert n > 0
    again = gx.ism.saturate(model, sequence, start=100, end=110)
    edits = Edits.single(np.array([105]), np.frombuffer(b"A", np.uint8))
    gx.ism.variants(model, sequence, edits)
    assert len(list(gx.ism.scan(model, sequence, start=0, end=3))) == 1
    assert len(opened) == n
    assert again.tobytes() == first.tobytes()
    assert gx.ism.saturate(gx.ism.plan(model), sequence, start=100, end=110).tobytes() == first.tobytes()
    assert len(opened) > n  # a plan that is asked for is a new one
    model.forget()
    n = len(opened)
    gx.ism.saturate(model, sequence, start=100, end=110)
    assert len(opened) > n


def test_gradients_are_kept_by_track(model: Model, opened: list[int]) -> None:
    rows = np.random.default_rng(3).choice(np.frombuffer(b"ACGT", np.uint8), (2, 600))
    first = [gradient.input_gradient(model, rows, track=track) for track in (0, 1)]
    n = len(opened)
    again = [gradient.input_gradient(model, rows, track=track) for track in (0, 1)]
    assert len(opened) == n
    assert not np.array_equal(first[0], first[1])
    for one, other in zip(first, again, strict=True):
        assert one.tobytes() == other.tobytes()


def test_threads_share_one_plan(model: Model, opened: list[int]) -> None:
    rows = np.random.default_rng(4).choice(np.frombuffer(b"ACGT", np.uint8), (6, 600))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda row: gx.ism.saturate(model, row, start=0, end=40), rows))
    n = len(opened)
    for row, own in zip(rows, found, strict=True):
        assert gx.ism.saturate(model, row, start=0, end=40).tobytes() == own.tobytes()
    assert len(opened) == n


def test_what_is_kept_is_bounded(model: Model) -> None:
    made: list[int] = []

    def make(i: int) -> Any:
        return model.keep(("test", i), lambda: (made.append(i), i)[1])

    assert [make(i) for i in range(12)] == list(range(12))
    assert [make(i) for i in range(11, 3, -1)] == list(range(11, 3, -1))
    assert made == list(range(12))
    assert make(0) == 0
    assert made[-1] == 0
