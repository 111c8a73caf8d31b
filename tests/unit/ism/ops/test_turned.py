"""Sequences that a model turns round itself: both strands in one graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model

LENGTH, CHANNELS = 160, 5


def by_slice(w: GraphWriter, x: str) -> str:
    """Both axes at once, as PyTorch's flip is exported."""
    ends = w.constant([-(2**62), -(2**62)], np.int64)
    minus = w.constant([-1, -1], np.int64)
    return w.add("Slice", x, minus, ends, w.constant([1, 2], np.int64), minus)


def by_gather(w: GraphWriter, x: str) -> str:
    """One axis after the other, by index."""
    x = w.add("Gather", x, w.constant([3, 2, 1, 0], np.int64), axis=1)
    return w.add("Gather", x, w.constant(np.arange(LENGTH)[::-1], np.int64), axis=2)


def positions_alone(w: GraphWriter, x: str) -> str:
    """Backwards, not complemented, and without the ends."""
    bounds = w.constant([LENGTH - 3], np.int64), w.constant([1], np.int64)
    return w.add("Slice", x, *bounds, w.constant([2], np.int64), w.constant([-1], np.int64))


def features_alone(w: GraphWriter, x: str) -> str:
    """Complemented, not backwards."""
    minus = w.constant([-1], np.int64)
    return w.add("Slice", x, minus, w.constant([-9], np.int64), w.constant([1], np.int64), minus)


def all_features(w: GraphWriter, x: str) -> str:
    """All of the bases, without the ends of the sequence."""
    starts, ends = w.constant([0, 2], np.int64), w.constant([4, LENGTH - 2], np.int64)
    return w.add("Slice", x, starts, ends, w.constant([1, 2], np.int64))


def some_features(w: GraphWriter, x: str) -> str:
    """Two of the bases."""
    return w.add("Gather", x, w.constant([3, -3], np.int64), axis=1)


@pytest.fixture
def model(tmp_path: Path, request: pytest.FixtureRequest) -> gx.Model:
    """The sum of a branch that reads the sequence and one that reads it turned."""
    turn: Callable[[GraphWriter, str], str] = request.param
    rng, w = np.random.default_rng(3), GraphWriter(opset=17)
    w.input("x", ("n", 4, LENGTH), np.float32)
    branches = []
    for read in ("x", turn(w, "x")):
        bases = 2 if turn is some_features and read != "x" else 4
        length = LENGTH - 4 if turn in (positions_alone, all_features) and read != "x" else LENGTH
        taps = w.constant(rng.normal(0, 0.5, (CHANNELS, bases, 7)), np.float32)
        y = w.add("Relu", w.add("Conv", read, taps, pads=[3, 3]))
        y = w.add("MaxPool", y, kernel_shape=[4], strides=[4])
        dense = w.constant(rng.normal(0, 0.2, (CHANNELS * (length // 4), 6)), np.float32)
        y = w.add("Relu", w.add("Gemm", w.add("Flatten", y), dense))
        branches.append(w.add("Gemm", y, w.constant(rng.normal(0, 0.5, (6, 2)), np.float32)))
    w.append("Add", branches, ["y"], name="sum")
    w.output("y", ("n", 2), np.float32)
    card = ModelCard(name="turned", layout="NCL", length=LENGTH, tss_index={"+": 0, "-": 0}, input_name="x")
    return gx.Model(save_model(w.model("turned"), card, tmp_path / "turned.onnx"), device="cpu")


TURNS = (by_slice, by_gather, positions_alone, features_alone, all_features, some_features)


@pytest.mark.parametrize("model", TURNS, indirect=True)
def test_every_mode_gives_the_numbers_of_whole_mutants(model: gx.Model) -> None:
    letters = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(5).integers(0, 4, LENGTH)]
    letters[40] = ord("N")
    mutants = np.repeat(letters[None], 4 * LENGTH, axis=0)
    mutants[np.arange(4 * LENGTH), np.repeat(np.arange(LENGTH), 4)] = np.tile(np.frombuffer(b"ACGT", np.uint8), LENGTH)
    expected = (model.predict(mutants) - model.predict(letters[None])).reshape(LENGTH, 4, 2)
    assert np.abs(expected).max() > 0.05
    for mode in ("naive", "packed", "delta"):
        found = gx.ism.saturate(gx.ism.plan(model, mode=mode), letters)[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6, err_msg=mode)


@pytest.mark.parametrize("model", TURNS, indirect=True)
def test_windows_go_on_behind_it(model: gx.Model) -> None:
    plan: Any = gx.ism.plan(model, mode="delta")
    assert all("Slice" not in reason and "Gather" not in reason for reason in plan.runner.barriers.values())
    assert plan.costs.naive / plan.costs.delta > 1.0
    assert plan.frontier.distance < 30  # mutations share passes, whichever strand is read


@pytest.mark.parametrize("model", [by_slice, by_gather], indirect=True)
def test_several_changes_at_once(model: gx.Model) -> None:
    rng = np.random.default_rng(8)
    letters = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, LENGTH)]
    position = np.sort(np.stack([rng.choice(LENGTH, 3, replace=False) for _ in range(40)]), axis=1)
    base = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, position.shape)]
    mutants = np.repeat(letters[None], 40, axis=0)
    mutants[np.arange(40)[:, None], position] = base
    expected = model.predict(mutants) - model.predict(letters[None])
    edits = Edits(np.arange(0, 121, 3), position.reshape(-1), base.reshape(-1))
    for mode in ("packed", "delta"):
        found = gx.ism.variants(gx.ism.plan(model, mode=mode), letters, edits)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6, err_msg=mode)
