"""Mode delta against every mutant through the whole model, and where it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from oracles.ism_networks import random_network
from oracles.local_network import CHANNELS, LENGTH, Net, compare, steps_behind

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.delta import DeltaRunner
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.readout import Outputs, Readout
from gxfast.ism.planning import Plan

WIDE = [seed for seed in range(84) if seed not in (1, 7, 73)]  # in those no base has an effect


def runners(path: Path, batch: int, n_threads: int = 1) -> tuple[NaiveRunner, DeltaRunner]:
    model = gx.Model(path, device="cpu")
    graph = load_graph(model)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    delta = DeltaRunner(graph, model=model, readout=readout, batch=batch, n_threads=n_threads)
    return NaiveRunner(model, readout), delta


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


@pytest.mark.parametrize(("wide", "seed"), [*((False, seed) for seed in range(130)), *((True, seed) for seed in WIDE)])
def test_every_base_of_random_networks(wide: bool, seed: int, tmp_path: Path) -> None:
    onnx.save(random_network(seed, wide=wide), tmp_path / "m.onnx")
    naive, delta = runners(tmp_path / "m.onnx", batch=(7, 48, 200)[seed % 3])
    length = naive.readout.card.length
    sequence, edits = a_sequence(length, seed), every_mutant(length)
    reference, expected = naive.evaluated(sequence, edits)
    own_reference, found = delta.evaluated(sequence, edits)
    tolerance = 1e-5 * max(1.0, float(np.abs(reference + expected).max()))
    assert np.abs(found - expected).max() <= tolerance
    assert np.abs(own_reference - reference).max() <= tolerance
    # Not vacuous: something has an effect (a network may ignore single bases).
    assert np.abs(expected).max() > 0


@pytest.mark.parametrize("seed", [3, 4, 8, 21, 33, 40])
def test_rows_of_several_edits_and_order(seed: int, tmp_path: Path) -> None:
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    naive, delta = runners(tmp_path / "m.onnx", batch=16)
    rng = np.random.default_rng(seed)
    length = naive.readout.card.length
    counts = rng.integers(0, 4, 50)
    offset = np.concatenate([[0], np.cumsum(counts)])
    position = np.concatenate([rng.choice(length, n, replace=False) for n in counts])
    edits = Edits(offset, position.astype(np.int64), rng.integers(0, 4, offset[-1]).astype(np.uint8))
    sequence = a_sequence(length, seed)
    expected, found = naive.row_effects(sequence, edits), delta.row_effects(sequence, edits)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, float(np.abs(expected).max())))


def test_threads_and_order_do_not_change_a_bit(tmp_path: Path) -> None:
    onnx.save(random_network(7), tmp_path / "m.onnx")
    results: list[Any] = []
    for threads in (1, 2):
        _, delta = runners(tmp_path / "m.onnx", batch=24, n_threads=threads)
        length = delta.readout.card.length
        results.append(delta.row_effects(a_sequence(length, 7), every_mutant(length)))
    assert np.array_equal(*results)


@pytest.mark.parametrize("group", [2, 4])
def test_attention_pooling_of_groups_stays_local(group: int, tmp_path: Path) -> None:
    net = Net()
    net.attention_pool(group)
    net.top = net.add("Relu", net.add("Conv", net.top, net.random(CHANNELS, CHANNELS, 3), pads=[1, 1]))
    net.attention_pool(2)
    assert steps_behind(compare(net.save(tmp_path / "m.onnx"))) == ["Flatten", "Identity"]


def test_softmax_over_all_groups_is_no_attention_pool(tmp_path: Path) -> None:
    net = Net()
    net.attention_pool(2, axis=2)
    assert "Softmax" in steps_behind(compare(net.save(tmp_path / "m.onnx")))


def test_normalisation_over_channels_heads_and_products(tmp_path: Path) -> None:
    net = Net()
    rows = net.add("Transpose", net.top, perm=[0, 2, 1])
    rows = net.add("LayerNormalization", rows, net.random(CHANNELS), net.random(CHANNELS), axis=-1)
    rows = net.add("Softmax", net.add("MatMul", rows, net.random(CHANNELS, 8)), axis=-1)
    heads = net.add("Reshape", rows, net.constant(np.array([0, LENGTH, 2, 4])))
    net.top = net.add("Mul", heads, net.constant(np.float32(3)))
    assert steps_behind(compare(net.save(tmp_path / "m.onnx"))) == ["Flatten", "Identity"]


def test_layer_normalisation_over_positions_too_is_left_to_the_runtime(tmp_path: Path) -> None:
    net = Net()
    rows = net.add("Transpose", net.top, perm=[0, 2, 1])
    net.top = net.add("LayerNormalization", rows, net.random(LENGTH, CHANNELS), axis=1)
    assert "LayerNormalization" in steps_behind(compare(net.save(tmp_path / "m.onnx")))


@pytest.mark.parametrize("kind", ["GlobalMaxPool", "GlobalAveragePool", "ReduceMax"])
def test_what_is_over_all_positions(kind: str, tmp_path: Path) -> None:
    net = Net()
    settings = {"axes": [2], "keepdims": 0} if kind == "ReduceMax" else {}
    net.top = net.add(kind, net.top, **settings)
    assert steps_behind(compare(net.save(tmp_path / "m.onnx")))[0] == "Flatten"


@pytest.mark.parametrize("factor", [None, 1.702])
@pytest.mark.parametrize("read_again", [False, True])
def test_gates_of_two_and_three_operators(factor: float | None, read_again: bool, tmp_path: Path) -> None:
    net = Net()
    scaled = net.top if factor is None else net.add("Mul", net.top, net.constant(np.float32(factor)))
    gate = net.add("Sigmoid", scaled)
    gated = net.add("Mul", gate, net.top)
    # Where the gate is read once more it has to be there by itself.
    net.top = net.add("Add", gated, gate) if read_again else gated
    runner = compare(net.save(tmp_path / "m.onnx"))
    assert steps_behind(runner) == ["Flatten", "Identity"]
    assert len(runner._program.references) == (2 if not read_again else 4 if factor else 3)


def test_an_operator_without_a_step_is_a_barrier_and_exact(tmp_path: Path) -> None:
    net = Net()
    net.top = net.add("LpNormalization", net.add("Relu", net.top), axis=1)
    runner = compare(net.save(tmp_path / "m.onnx"))
    reason = "no compiled step for operator LpNormalization"
    assert runner.barriers == {runner._program.behind[0].outputs[0]: reason}
    assert f"barrier: {reason}" in gx.ism.plan(runner.model, mode="delta").explain()


def test_only_the_positions_that_the_output_needs_are_computed(tmp_path: Path) -> None:
    net = Net()
    rows = net.add("Relu", net.add("Conv", net.top, net.random(CHANNELS, CHANNELS, 9), pads=[4, 4]))
    net.top = net.add("Slice", rows, *(net.constant(np.array([value])) for value in (30, 33, 2)))
    runner = compare(net.save(tmp_path / "m.onnx"))
    window: NDArray[np.int64] = runner.analysis.windows[rows].hi - runner.analysis.windows[rows].lo + 1
    assert window.max() > 3  # a change reaches further than the three positions that are read


def test_other_devices_are_told_to_use_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx.save(random_network(0), tmp_path / "m.onnx")
    model = gx.Model(tmp_path / "m.onnx", device="cpu")
    monkeypatch.setattr(Plan, "_ranking", lambda plan, mode: [("delta", 1.0), ("naive", 2.0)])
    made = Plan._made
    monkeypatch.setattr(Plan, "_made", lambda plan, mode: _elsewhere(made, plan, mode))
    with pytest.raises(gx.ModelError, match='mode "packed", or "auto"'):
        gx.ism.plan(model, mode="delta")
    plan = gx.ism.plan(model, mode="auto")
    assert plan.mode == "naive"
    assert "delta is not possible: mode delta runs on the CPU" in plan.reason


def _elsewhere(made: Any, plan: Plan, mode: str) -> Any:
    """As on a GPU, for the mode that cannot be there."""
    plan.model.device = "cuda:0" if mode == "delta" else "cpu"
    try:
        return made(plan, mode)
    finally:
        plan.model.device = "cpu"
