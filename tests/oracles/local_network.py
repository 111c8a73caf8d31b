"""A small network that is built operator by operator, and its mutants in every mode against the whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import gxfast as gx
from gxfast.encode.edits import Edits
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.delta import DeltaRunner
from gxfast.ism.modes.naive import NaiveRunner
from gxfast.ism.modes.packed import PackedRunner
from gxfast.ism.modes.readout import Outputs, Readout

LENGTH, CHANNELS = 64, 6


class Net:
    """A graph under construction on an input (N, 64, 4)."""

    def __init__(self, seed: int = 0, opset: int = 17) -> None:
        self.rng, self.opset = np.random.default_rng(seed), opset
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
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", LENGTH, 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])], self.weights,
        )  # fmt: skip
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
        return path


def compare(path: Path) -> DeltaRunner:
    """Every base of a sequence, and rows of several, in mode delta (and packed, where it can be) against naive."""
    model = gx.Model(path, device="cpu")
    graph = load_graph(model)
    readout = Readout(model, Outputs(), graph.shape(graph.output_name))
    delta = DeltaRunner(graph, model=model, readout=readout)
    codes = np.random.default_rng(1).integers(0, 4, LENGTH).astype(np.uint8)
    codes[9] = 4
    edits = _edits()
    reference, expected = NaiveRunner(model, readout).evaluated(codes, edits)
    tolerance = 1e-5 * max(1.0, float(np.abs(reference + expected).max()))
    for runner in (delta, PackedRunner(model, readout)):
        own, found = runner.evaluated(codes, edits)
        np.testing.assert_allclose(own, reference, rtol=0, atol=tolerance)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    assert np.abs(expected).max() > 1e-3
    return delta


def _edits() -> Edits:
    """Every single change, and rows of two and three."""
    rng = np.random.default_rng(2)
    counts = np.concatenate([np.ones(4 * LENGTH, np.int64), rng.integers(2, 4, 20)])
    several = [rng.choice(LENGTH, n, replace=False) for n in counts[4 * LENGTH :]]
    position = np.concatenate([np.repeat(np.arange(LENGTH), 4), *several]).astype(np.int64)
    base = np.concatenate([np.tile(np.arange(4), LENGTH), rng.integers(0, 4, len(position) - 4 * LENGTH)])
    return Edits(np.concatenate([[0], np.cumsum(counts)]), position, base.astype(np.uint8))


def steps_behind(runner: DeltaRunner) -> list[str]:
    """What is left to onnxruntime."""
    return [node.op_type for node in runner._program.behind]
