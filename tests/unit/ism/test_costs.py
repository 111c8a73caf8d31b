"""What the estimate behind mode `auto` counts, by hand; and what it chooses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
import gxfast.demo
from gxfast.ism.costs import costs_of, node_macs, node_work
from gxfast.ism.graph.intervals import analyse
from gxfast.ism.graph.view import Graph, build_graph
from gxfast.ism.modes.packing import frontier
from gxfast.models.card import card_from_json
from gxfast.models.onnx_writer import GraphWriter

LENGTH = 200
DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")


def graph_of(w: GraphWriter, top: str, shape: tuple[object, ...]) -> Graph:
    w.append("Identity", [top], ["y"])
    w.output("y", shape, np.float32)
    return build_graph(w.model("net"), input_name="x", output_name="y", layout="NCL", length=LENGTH)


def begun() -> GraphWriter:
    w = GraphWriter(opset=17)
    w.input("x", ("n", 4, LENGTH), np.float32)
    return w


def weights(w: GraphWriter, *shape: int) -> str:
    return w.constant(np.random.default_rng(1).normal(0, 0.1, shape), np.float32)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_layers_are_counted(kind: str, gates: int) -> None:
    w, hidden, directions = begun(), 5, 2
    sequence = w.transpose("x", [2, 0, 1])
    settings = {"hidden_size": hidden, "direction": "bidirectional"}
    y = w.add(kind, sequence, weights(w, directions, gates * hidden, 4), weights(w, directions, gates * hidden, hidden),
              **settings)  # fmt: skip
    graph = graph_of(w, w.transpose(y, [2, 0, 1, 3]), ("n", LENGTH, directions, hidden))
    (node,) = (node for node in graph.nodes if node.op_type == kind)
    assert node_macs(graph, node) == LENGTH * directions * gates * hidden * (4 + hidden)
    assert node_work(graph, node) > node_macs(graph, node)


def test_functions_and_groups_cost_more_than_sums() -> None:
    w = begun()
    y = w.add("Conv", "x", weights(w, 8, 4, 1))
    y = w.add("Conv", y, weights(w, 8, 1, 1), group=8)
    y = w.add("Add", w.add("Sigmoid", y), weights(w, 1, 8, 1))
    graph = graph_of(w, w.reshape(y, [-1, 8 * LENGTH]), ("n", 8 * LENGTH))
    work = {node.op_type: node_work(graph, node) for node in graph.nodes[1:]}
    assert work["Conv"] > work["Add"]  # of one multiply-add per element, but in groups
    assert work["Sigmoid"] > 1.5 * work["Add"]
    assert work["Reshape"] == 0


def test_a_kernel_as_long_as_the_sequence_is_paired_with_changed_rows_alone() -> None:
    w = begun()
    y = w.add("Conv", "x", weights(w, 16, 4, 5), pads=[2, 2])
    y = w.add("Conv", y, weights(w, 16, 16, LENGTH), pads=[LENGTH // 2, LENGTH // 2])
    graph = graph_of(w, y, ("n", 16, LENGTH + 1))
    analysis = analyse(graph)
    assert analysis.windows[graph.output_name].width >= LENGTH
    costs = costs_of(graph, analysis, frontier(graph, analysis))
    # 5 of 200 positions change before it; what is left is the output itself, of which all changes
    assert costs.naive / costs.delta > 10


# What was fastest, by bench/networks.
FASTEST = {
    "beluga": "delta", "borzoi_unet": "delta", "chrombpnet": "delta", "danq_lstm": "delta", "gru_ceil": "delta",
    "legnet": "delta", "malinois": "delta",
}  # fmt: skip


@pytest.mark.parametrize("name", FASTEST)
def test_what_was_fastest_is_chosen(name: str, data_dir: Path) -> None:
    path = data_dir / f"cases/models/{name}.onnx"
    if not path.exists():
        pytest.skip("the models of the cases are not here")
    import onnx

    output = onnx.load(path).graph.output[0].name
    card = card_from_json(f'{{"gxfast_card": 1, "output": {{"name": "{output}"}}}}', source=name)
    plan = gx.ism.plan(gx.Model(path, card=card, device="cpu"), check=0)
    assert plan.mode == FASTEST[name]
    assert plan.costs.naive > getattr(plan.costs, plan.mode)


def test_the_check_says_what_it_took() -> None:
    plan = gx.ism.plan(gx.Model(DEMO, device="cpu"), mode="delta", check=16)
    assert plan.probed == ""
    assert "checked" not in plan.explain()
    letters = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(2).integers(0, 4, plan.model.length)]
    gx.ism.saturate(plan, letters, start=0, end=1)
    assert plan.probed.startswith("16 mutants took ")
    assert plan.explain().splitlines()[-1] == f"checked: {plan.probed}"
