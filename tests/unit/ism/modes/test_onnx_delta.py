"""Mode delta, as a graph and compiled, against every mutant through the whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.ism.delta import DeltaRunner
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.delta import CompiledRunner
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.readout import Outputs, Readout
from gxfast.ism.modes.runner import Runner


def runners(path: Path, executor: str, batch: int, n_threads: int = 1) -> tuple[NaiveRunner, Runner]:
    model = gx.Model(path, device="cpu")
    graph = load_graph(model)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    kind = DeltaRunner if executor == "graph" else CompiledRunner
    return NaiveRunner(model, readout), kind(graph, model=model, readout=readout, batch=batch, n_threads=n_threads)


def every_mutant(length: int) -> Edits:
    position = np.repeat(np.arange(length), 4)
    return Edits(np.arange(len(position) + 1), position, np.tile(np.arange(4, dtype=np.uint8), length))


def a_sequence(length: int, seed: int) -> np.ndarray:
    """Random bases with two unknown ones, and a repeat, which makes ties in max-pools."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, length).astype(np.uint8)
    codes[10:22] = np.tile(codes[4:10], 2)
    codes[rng.integers(0, length, 2)] = 4
    return codes


# 125: a pool whose last window onnx counts and onnxruntime does not; refused, see below
@pytest.mark.parametrize("executor", ["graph", "compiled"])
@pytest.mark.parametrize("seed", [seed for seed in range(130) if seed != 125])
def test_every_base_of_random_networks(seed: int, executor: str, tmp_path: Path) -> None:
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    naive, delta = runners(tmp_path / "m.onnx", executor, batch=(7, 48, 200)[seed % 3])
    length = naive.readout.card.length
    sequence, edits = a_sequence(length, seed), every_mutant(length)
    reference, expected = naive.evaluated(sequence, edits)
    own_reference, found = delta.evaluated(sequence, edits)
    tolerance = 1e-5 * max(1.0, float(np.abs(reference + expected).max()))
    assert np.abs(found - expected).max() <= tolerance
    assert np.abs(own_reference - reference).max() <= tolerance
    # Not vacuous: something has an effect (a network may ignore single bases).
    assert np.abs(expected).max() > 0


def test_what_cannot_be_read_right_is_refused(tmp_path: Path) -> None:
    onnx.save(random_network(125), tmp_path / "m.onnx")
    with pytest.raises(gx.ModelError, match="not the expected"):
        runners(tmp_path / "m.onnx", "graph", batch=8)


@pytest.mark.parametrize("executor", ["graph", "compiled"])
@pytest.mark.parametrize("seed", [3, 4, 8, 21, 33, 40])
def test_rows_of_several_edits_and_order(seed: int, executor: str, tmp_path: Path) -> None:
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    naive, delta = runners(tmp_path / "m.onnx", executor, batch=16)
    rng = np.random.default_rng(seed)
    length = naive.readout.card.length
    counts = rng.integers(0, 4, 50)
    offset = np.concatenate([[0], np.cumsum(counts)])
    position = np.concatenate([rng.choice(length, n, replace=False) for n in counts])
    edits = Edits(offset, position.astype(np.int64), rng.integers(0, 4, offset[-1]).astype(np.uint8))
    sequence = a_sequence(length, seed)
    expected, found = naive.row_effects(sequence, edits), delta.row_effects(sequence, edits)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, float(np.abs(expected).max())))


@pytest.mark.parametrize("executor", ["graph", "compiled"])
def test_threads_and_order_do_not_change_a_bit(executor: str, tmp_path: Path) -> None:
    onnx.save(random_network(7), tmp_path / "m.onnx")
    results: list[Any] = []
    for threads in (1, 2):
        _, delta = runners(tmp_path / "m.onnx", executor, batch=24, n_threads=threads)
        length = delta.readout.card.length
        results.append(delta.row_effects(a_sequence(length, 7), every_mutant(length)))
    assert np.array_equal(*results)
