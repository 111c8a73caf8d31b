"""What runs where tensors stay on a device (edits in the graph, IOBinding), on the CPU provider."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.packed_device import DevicePackedRunner
from gxfast.ism.modes.readout import Outputs, Readout
from gxfast.ism.modes.runner import Part, Runner
from gxfast.models.runtime import open_session


def model_and_readout(folder: Path, seed: int) -> tuple[gx.Model, Readout]:
    onnx.save(random_network(seed), folder / "m.onnx")
    model = gx.Model(folder / "m.onnx", device="cpu")
    graph = load_graph(model)
    return model, Readout(model, Outputs(), graph.shape(graph.output_name))


def rows_of_edits(length: int, seed: int) -> Edits:
    """Every single change, rows of none, and rows of several."""
    rng = np.random.default_rng(seed)
    counts = np.concatenate([np.ones(4 * length, np.int64), rng.integers(0, 4, 40)])
    singles = np.repeat(np.arange(length), 4)
    position = np.concatenate([singles, *(rng.choice(length, n, replace=False) for n in counts[4 * length :])])
    base = np.concatenate([np.tile(np.arange(4), length), rng.integers(0, 4, len(position) - 4 * length)])
    return Edits(np.concatenate([[0], np.cumsum(counts)]), position.astype(np.int64), base.astype(np.uint8))


def a_sequence(length: int, seed: int) -> np.ndarray:
    codes = np.random.default_rng(seed).integers(0, 4, length).astype(np.uint8)
    codes[5] = 4
    return codes


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_edits_in_the_graph_give_the_same_bits(seed: int, tmp_path: Path) -> None:
    model, readout = model_and_readout(tmp_path, seed)
    host, graph = (NaiveRunner(model, readout, in_graph=way) for way in (False, True))
    length = readout.card.read_length
    sequence, edits = a_sequence(length, seed), rows_of_edits(length, seed)
    for expected, found in zip(host.evaluated(sequence, edits), graph.evaluated(sequence, edits), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("seed", range(1, 60, 4))
def test_packed_with_tensors_that_stay_where_they_are(seed: int, tmp_path: Path) -> None:
    model, readout = model_and_readout(tmp_path, seed)
    length = readout.card.read_length
    sequence, edits = a_sequence(length, seed), rows_of_edits(length, seed)
    runner: Runner = DevicePackedRunner(model, readout)
    reference, expected = NaiveRunner(model, readout).evaluated(sequence, edits)
    own, found = runner.evaluated(sequence, edits)
    tolerance = 1e-5 * max(1.0, float(np.abs(reference + expected).max()))
    np.testing.assert_allclose(own, reference, atol=tolerance)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert np.abs(expected).max() > 0
    assert np.array_equal(found, DevicePackedRunner(model, readout, n_threads=2).row_effects(sequence, edits))


def test_run_bound_and_run_agree_and_errors_are_named(tmp_path: Path) -> None:
    model, _ = model_and_readout(tmp_path, 2)
    graph = load_graph(model, batch=3)
    content = graph.subgraph([graph.input_name], [graph.output_name])
    session = open_session(content, device="cpu", path=model.path)
    x = np.random.default_rng(0).normal(size=graph.shape(graph.input_name)).astype(np.float32)
    plain = session.raw.run([graph.output_name], {graph.input_name: x})[0]
    for value in (x, session.to_device(x)):
        for keep in (False, True):
            (found,) = session.run_bound([graph.output_name], {graph.input_name: value}, keep=keep)
            assert np.array_equal(found.numpy() if keep else found, plain)
    part = Part(content, model, [graph.output_name])
    with pytest.raises(gx.ModelError, match="a part of the model fails"):
        part.run({graph.input_name: session.to_device(x[:, :1])})
