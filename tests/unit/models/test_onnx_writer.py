"""The writer of ONNX graphs: names, shared constants, forms by opset, models that are extended."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from gxfast.errors import ModelError
from gxfast.models.onnx_writer import GraphWriter, names_in, opset_of

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def run(model: Any) -> Any:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


def started(opset: int = 17) -> GraphWriter:
    graph = GraphWriter(opset=opset)
    graph.input("x", ["n", 3, 4])
    return graph


def finished(graph: GraphWriter, result: str, rank: int = 3) -> Any:
    graph.output(graph.add("Identity", result, name="y"), [None] * rank)
    return graph.model("test", ir_version=4)


def test_made_up_names_do_not_clash() -> None:
    graph = GraphWriter(prefix="new/", taken={"new/relu_1", "taken"})
    assert graph.add("Relu", "taken") == "new/relu_2"
    assert graph.nodes[0].name == "new/relu_2"
    assert [graph.free("taken"), graph.free("mine")] == ["taken_2", "mine"]
    with pytest.raises(ModelError, match="two tensors of the graph would be called 'taken'"):
        graph.add("Relu", "taken", name="taken")


def test_an_output_may_take_over_a_name() -> None:
    graph = GraphWriter(taken={"x"})
    assert graph.add("Relu", "z", output="x") == "x"
    assert (graph.nodes[0].name, list(graph.nodes[0].output)) == ("relu_1", ["x"])


def test_equal_constants_are_stored_once_under_a_name_that_is_made_up() -> None:
    graph = GraphWriter()
    assert graph.sizes([1, 2]) == graph.constant([1, 2], np.int64) != graph.constant([1, 2], np.int32)
    assert graph.constant([1.0], np.float32, name="one") == graph.constant([1.0], np.float32, name="one") == "one"
    assert graph.constant([1.0], np.float32) != "one"
    assert len(graph.constants) == 4
    with pytest.raises(ModelError, match="'one'"):
        graph.constant([2.0], np.float32, name="one")


def test_constants_keep_their_shape_and_order() -> None:
    graph = GraphWriter()
    for values in (np.float32(3.0), np.arange(6.0).reshape(2, 3).T):
        graph.constant(values)
    found = [numpy_helper.to_array(tensor) for tensor in graph.constants]
    assert found[0].shape == ()
    np.testing.assert_array_equal(found[1], np.arange(6.0).reshape(2, 3).T)


@pytest.mark.parametrize("opset", [11, 12, 13, 17])
def test_forms_that_changed_with_the_opset(opset: int) -> None:
    graph = started(opset)
    summed = graph.sum(graph.sum("x", [2]), [1], keepdims=False)
    made = finished(graph, graph.unsqueeze(summed, 0))
    assert opset_of(made) == opset
    np.testing.assert_array_equal(run(made), X.sum(axis=2, keepdims=True).sum(axis=1)[None])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([0, 0, 0], [0, 0, 0], X),
        ([0, 1, -1], [0, 0, -2], np.pad(X[:, :, 1:-2], ((0, 0), (1, 0), (0, 0)))),
        ([0, -2, 3], [0, 1, -1], np.pad(X[:, 2:, :-1], ((0, 0), (0, 1), (3, 0)))),
    ],
)
def test_pad_adds_and_cuts(before: list[int], after: list[int], expected: Any) -> None:
    graph = started(11)
    np.testing.assert_array_equal(run(finished(graph, graph.pad("x", before, after))), expected)


def test_shapes_slices_and_choices() -> None:
    graph = started()
    assert graph.transpose("x", [0, 1, 2]) == graph.sum("x", []) == "x"
    backwards = graph.slice("x", 2, -1, -5, -1)
    chosen = graph.take(graph.transpose(backwards, [0, 2, 1]), [2, 0], 2)
    made = finished(graph, graph.reshape(chosen, [-1, 8]), 2)
    np.testing.assert_array_equal(run(made), X[:, :, ::-1].transpose(0, 2, 1)[:, :, [2, 0]].reshape(2, 8))


def test_nodes_with_several_outputs_and_of_other_domains() -> None:
    graph = started()
    graph.append("Split", ["x"], ["first", "second"], name="parts", axis=0)
    made = finished(graph, graph.add("FusedMatMul", "first", "second", domain="com.microsoft", transB=1))
    assert {entry.domain: entry.version for entry in made.opset_import} == {"": 17, "com.microsoft": 1}
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(session.run(None, {"x": X})[0], X[:1] @ X[1:].transpose(0, 2, 1))


@pytest.mark.parametrize("ir_version", [3, 8])
def test_a_model_is_extended_on_both_sides(ir_version: int) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="relu_1")]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3, 4]) for name in ("x", "y")]
    model = helper.make_model(
        helper.make_graph(nodes, "g", values[:1], values[1:]), opset_imports=[helper.make_opsetid("", 13)],
        ir_version=ir_version,
    )  # fmt: skip
    before = GraphWriter(opset=opset_of(model), taken=names_in(model.graph))
    before.input("raw", [2, 3, 4])
    before.add("Sub", "raw", before.constant(12.0, np.float32), output="x")
    del model.graph.input[:]
    before.put_into(model, first=True)
    behind = GraphWriter(opset=opset_of(model), taken=names_in(model.graph))
    behind.output(behind.add("Mul", "y", behind.input("factor", [1])), [2, 3, 4])
    behind.put_into(model, input_at=0)
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == 3
    assert names[1] == "relu_1"
    shown = [value.name for value in model.graph.input]
    assert shown == ["factor", "raw"] + (["constant_1"] if ir_version == 3 else [])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"raw": X, "factor": np.array([3], np.float32)})
    np.testing.assert_array_equal(found[1], 3 * np.maximum(X - 12, 0))
