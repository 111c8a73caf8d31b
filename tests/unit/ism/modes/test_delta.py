"""What the compiled executor alone follows, and where it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.delta import CompiledRunner
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.readout import Outputs, Readout

LENGTH, CHANNELS = 64, 6


class Net:
    """A graph under construction on an input (N, 64, 4)."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.top = self.add(
            "Conv", self.add("Transpose", "x", perm=[0, 2, 1]), self.random(CHANNELS, 4, 5), pads=[2, 2]
        )

    def add(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op_type, list(inputs), [f"t{len(self.nodes)}"], **attributes))
        return f"t{len(self.nodes) - 1}"

    def constant(self, array: Any) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(array), f"w{len(self.weights)}"))
        return f"w{len(self.weights) - 1}"

    def random(self, *shape: int) -> str:
        return self.constant(self.rng.normal(0, 0.6, shape).astype(np.float32))

    def attention_pool(self, group: int = 2, axis: int = -1) -> None:
        """As enformer-pytorch writes it."""
        shape = self.constant(np.array([0, CHANNELS, -1, group]))
        grouped = self.add("Reshape", self.top, shape)
        weights = self.add("Softmax", self.add("Conv", grouped, self.random(CHANNELS, CHANNELS, 1, 1)), axis=axis)
        total = self.add("Mul", grouped, weights)
        self.top = self.add("ReduceSum", total, self.constant(np.array([-1])), keepdims=0)

    def save(self, path: Path) -> Path:
        """Finish; the output is (N, ...) of whatever the top is, flattened."""
        flat = self.add("Flatten", self.top)
        self.nodes.append(helper.make_node("Identity", [flat], ["y"]))
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", LENGTH, 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])], self.weights,
        )  # fmt: skip
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path


def compare(path: Path) -> CompiledRunner:
    """Every base of a sequence against mode naive."""
    model = gx.Model(path, device="cpu")
    graph = load_graph(model)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    compiled = CompiledRunner(graph, model=model, readout=readout)
    codes = np.random.default_rng(1).integers(0, 4, LENGTH).astype(np.uint8)
    codes[9] = 4
    position = np.repeat(np.arange(LENGTH), 4)
    edits = Edits(np.arange(4 * LENGTH + 1), position, np.tile(np.arange(4, dtype=np.uint8), LENGTH))
    reference, expected = NaiveRunner(model, readout).evaluated(codes, edits)
    own, found = compiled.evaluated(codes, edits)
    tolerance = 1e-5 * max(1.0, float(np.abs(reference + expected).max()))
    np.testing.assert_allclose(own, reference, atol=tolerance)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert np.abs(expected).max() > 1e-3
    return compiled


def steps_behind(runner: CompiledRunner) -> list[str]:
    return [node.op_type for node in runner._program.behind]


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


@pytest.mark.parametrize("op_type", ["Sigmoid", "Tanh", "Elu", "Softplus", "Exp", "Erf", "LeakyRelu", "Clip"])
def test_functions(op_type: str, tmp_path: Path) -> None:
    net = Net()
    bounds = (net.constant(np.float32(-0.3)), net.constant(np.float32(0.4))) if op_type == "Clip" else ()
    net.top = net.add(op_type, net.top, *bounds)
    assert steps_behind(compare(net.save(tmp_path / "m.onnx"))) == ["Flatten", "Identity"]


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


def test_a_function_that_it_does_not_know_is_a_barrier_and_exact(tmp_path: Path) -> None:
    net = Net()
    net.top = net.add("Sin", net.add("Relu", net.top))
    runner = compare(net.save(tmp_path / "m.onnx"))
    assert runner.barriers == {runner._program.behind[0].outputs[0]: "no rule for operator Sin"}
    # The delta graph follows it, and is chosen.
    assert type(gx.ism.plan(runner.model, mode="delta").runner).__name__ == "DeltaRunner"


def test_only_the_positions_that_the_output_needs_are_computed(tmp_path: Path) -> None:
    net = Net()
    rows = net.add("Relu", net.add("Conv", net.top, net.random(CHANNELS, CHANNELS, 9), pads=[4, 4]))
    net.top = net.add("Slice", rows, *(net.constant(np.array([value])) for value in (30, 33, 2)))
    runner = compare(net.save(tmp_path / "m.onnx"))
    window: NDArray[np.int64] = runner.analysis.windows[rows].hi - runner.analysis.windows[rows].lo + 1
    assert window.max() > 3  # a change reaches further than the three positions that are read
