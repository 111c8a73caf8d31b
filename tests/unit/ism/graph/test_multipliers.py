"""Multipliers of graphs: of every operator they add up to the change of the output, or it is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.gradient_cases import CASES, network
from oracles.gradient_networks import in_float64
from oracles.ism_networks import random_network

from gxfast.errors import ModelError
from gxfast.ism.graph.reverse import GRADIENT, SEED, gradient_model, row_axes
from gxfast.ism.graph.view import Graph
from gxfast.models.runtime import open_session

from .test_reverse import graph_of

# What chooses by the sequence, counts in whole numbers, or goes through time has no rule.
REFUSED = {
    "Min": "operator Min: it combines several tensors",
    "Where": "operator Where: input 0 depends on the sequence",
    "Where no": "operator Where: input 0 depends on the sequence",
    "Cast and dead branch": "operator Cast: it casts to or from whole numbers",
    **{
        name: f"operator {name.split()[0]}: there is no rule"
        for name in CASES
        if name.startswith(("LSTM", "GRU", "RNN"))
    },
}
OUTPUT_ROWS = {"Sub constant": 1, "Expand": 1}  # axis of the rows of the output


def multipliers(graph: Graph, x: NDArray[Any], seed: NDArray[Any], other: Graph | None = None) -> NDArray[Any]:
    content = gradient_model(graph, rows=row_axes(graph, other))
    session = open_session(content, device="cpu").raw
    (found,) = session.run([GRADIENT], {graph.input_name: x, SEED: seed})
    return np.asarray(found, np.float64)


def assert_adds_up(graph: Graph, x: NDArray[Any], axis: int = 0) -> None:
    """The sum of multiplier times change is the change of the output, by the interpreter in float64."""
    shape = list(graph.shape(graph.output_name))
    shape[axis] = 1
    seed = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
    found = multipliers(graph, x, np.repeat(seed, len(x), axis=axis))
    exact = in_float64(graph.subgraph([graph.input_name], [graph.output_name]))
    value = np.moveaxis(exact(x) * seed, axis, 0).reshape(len(x), -1).sum(1)
    added = (found * (x.astype(np.float64) - x[:1])).reshape(len(x), -1)
    assert np.isfinite(found).all()
    assert (np.abs(added.sum(1) - (value - value[0])) <= 2e-5 * (np.abs(added).sum(1) + 0.01)).all()


@pytest.mark.parametrize("name", CASES)
def test_every_rule_adds_up(name: str) -> None:
    case = CASES[name]
    graph = graph_of(network(case))
    if case.opset > 21:
        try:
            open_session(graph.subgraph(["x"], ["y"]), device="cpu")
        except ModelError as error:
            pytest.skip(str(error))
    if name in REFUSED:
        with pytest.raises(ModelError, match=REFUSED[name]):
            gradient_model(graph, rows=row_axes(graph, None))
        return
    rng = np.random.default_rng(2)
    low, high = (0.3, 1.7) if case.positive else (-2.0, 2.0)
    x = rng.uniform(low, high, graph.shape("x")).astype(np.float32)
    assert_adds_up(graph, x, OUTPUT_ROWS.get(name, 0))
    x[1, :, 5:] = x[0, :, 5:]  # the same in part, where a rule has its slope
    assert_adds_up(graph, x, OUTPUT_ROWS.get(name, 0))


@pytest.mark.parametrize("seed", range(0, 120, 3))
def test_random_networks_add_up(seed: int) -> None:
    graph = graph_of(random_network(seed))
    assert_adds_up(graph, np.random.default_rng(seed).normal(0, 1, graph.shape("sequence")).astype(np.float32))
