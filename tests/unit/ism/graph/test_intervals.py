"""Change intervals against the truth: perturb every base, look at every tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.ism_networks import random_network

from gxfast.ism.graph.intervals import analyse, needed
from gxfast.ism.graph.view import Graph, build_graph
from gxfast.ism.ops import operator_of, register
from gxfast.models.card import AXES
from gxfast.models.runtime import open_session

SEEDS = range(105)


def graph_of(seed: int, batch: int) -> Graph:
    proto = random_network(seed)
    dims = [dim.dim_value for dim in proto.graph.input[0].type.tensor_type.shape.dim]
    layout = ("NLC", "NCL", "NC1L")[seed % 3]
    return build_graph(
        proto, input_name="sequence", output_name="y", layout=layout, length=dims[AXES[layout][0]], batch=batch
    )


def one_hot_rows(graph: Graph, rows: NDArray[Any]) -> NDArray[Any]:
    encoded = np.eye(5, 4, dtype=np.float32)[rows]
    if graph.layout == "NCL":
        return np.ascontiguousarray(encoded.transpose(0, 2, 1))
    return np.ascontiguousarray(encoded.transpose(0, 2, 1)[:, :, None]) if graph.layout == "NC1L" else encoded


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_changes_outside_the_interval(seed: int) -> None:
    length = graph_of(seed, 2).length
    graph = graph_of(seed, length + 1)
    analysis = analyse(graph)
    tensors = [name for node in graph.nodes for name in node.outputs]
    session = open_session(graph.subgraph([graph.input_name], tensors), device="cpu").raw
    changed = {name: np.zeros((length, window.length), bool) for name, window in analysis.windows.items()}
    rng = np.random.default_rng(seed)
    for _ in range(6):
        rows = np.repeat(rng.integers(0, 5, (1, length)), length + 1, axis=0)
        rows[np.arange(length), np.arange(length)] = (rows[-1] + rng.integers(1, 4, length)) % 4
        for name, values in zip(tensors, session.run(tensors, {"sequence": one_hot_rows(graph, rows)}), strict=True):
            if name in changed:
                others = tuple(i for i in range(1, values.ndim) if i != analysis.windows[name].axis)
                # equal rows of one batch may differ in their last bits, by where they lie in memory
                noise = 1e-5 * max(1.0, float(np.abs(values).max()))
                changed[name] |= (np.abs(values[:-1] - values[-1:]) > noise).any(axis=others)
    for name in changed.keys() - {graph.input_name}:
        window, position = analysis.windows[name], np.arange(analysis.windows[name].length)
        inside = (position >= window.lo[:, None]) & (position <= window.hi[:, None])
        assert not (changed[name] & ~inside).any(), f"{name}: a change outside its interval"
        assert (window.free_lo[window.lo <= window.hi] <= window.lo[window.lo <= window.hi]).all()
        assert inside.sum(axis=1).max() <= window.width
    assert analysis.windows or analysis.dense
    assert not (analysis.windows.keys() & analysis.dense)


def test_a_convolution_interval_is_tight() -> None:
    graph = graph_of(1, 2)
    first = next(node for node in graph.nodes if node.op_type == "Conv")
    window, kernel = analyse(graph).windows[first.outputs[0]], graph.shape(first.inputs[1])[-1]
    stride = first.attributes["strides"][-1]
    counts = np.bincount(np.concatenate([np.arange(a, b + 1) for a, b in zip(window.lo, window.hi, strict=True)]))
    inner = counts[kernel:-kernel]
    dilation = first.attributes["dilations"][-1]
    assert (inner == (kernel - 1) * dilation + 1).all() or stride > 1


@pytest.mark.parametrize("seed", range(3, 60, 7))  # heads that leave a sequence axis in the output
def test_needed_positions_are_those_whose_interval_meets_the_output(seed: int) -> None:
    graph = graph_of(seed, 2)
    analysis = analyse(graph)
    if graph.output_name not in analysis.windows:
        pytest.fail("a profile head keeps its sequence axis")
    window = analysis.windows[graph.output_name]
    for first in range(window.length):
        hits = np.flatnonzero((window.lo <= first) & (window.hi >= first))
        found = needed(graph, analysis, np.array([first]))[graph.input_name]
        if hits.size:
            assert found[0] <= hits[0]
            assert found[1] >= hits[-1]
            assert found[1] - found[0] <= hits[-1] - hits[0] + 2 * 8 * len(graph.nodes)
    assert needed(graph, analysis, np.arange(0)).get(graph.input_name, (1, 0)) == (1, 0)


def test_an_operator_may_say_why_it_is_a_barrier() -> None:
    graph = graph_of(0, 2)
    kind = next(node.op_type for node in graph.nodes if node.op_type in ("Relu", "BatchNormalization"))
    original = operator_of(kind)
    assert original.reach is not None
    for reach, reason in ((None, f"no reach for operator {kind}"), (lambda context: "it moved", "it moved")):
        try:
            register(replace(original, names=kind, reach=reach))
            blocked = analyse(graph)
            assert reason in blocked.barriers.values()
            assert graph.output_name in blocked.dense
        finally:
            register(original)
        assert reason not in analyse(graph).barriers.values()
