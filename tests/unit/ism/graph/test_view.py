"""Reading graphs: folding, unknown operators, several tensors at the cut; and how mutations share passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from oracles.ism_networks import random_network

from gxfast import ism
from gxfast.errors import ModelError
from gxfast.ism.graph.intervals import analyse
from gxfast.ism.graph.view import load_graph
from gxfast.ism.modes.packing import assign_passes, frontier
from gxfast.models.importers.xpresso import import_xpresso
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGT", np.uint8)
LENGTH = 61
RNG = np.random.default_rng(0)


def weights(*shape: int) -> NDArray[np.float32]:
    return RNG.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)


def model_of(
    path: Path, nodes: list[Any], constants: dict[str, Any], tracks: int, domains: tuple[str, ...] = (), **save: Any
) -> Model:
    """Write a model that reads NCL and gives (N, tracks)."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4, LENGTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", tracks])],
        initializer=[numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    card = {
        "gxfast_card": 1, "name": "m", "input": {"layout": "NCL", "length": LENGTH},
        "window": {"tss_index": {"+": 0, "-": 0}},
    }  # fmt: skip
    helper.set_model_props(model, {"gxfast.card": json.dumps(card)})
    onnx.save(model, path, **save)
    return Model(path, device="cpu", batch_size=8)


def assert_modes_agree(model: Model, modes: tuple[str, ...] = ("naive", "packed", "auto")) -> None:
    letters = LETTERS[np.random.default_rng(5).integers(0, 4, model.length)]
    mutants = np.repeat(letters[None], 4 * model.length, axis=0)
    mutants[np.arange(4 * model.length), np.repeat(np.arange(model.length), 4)] = np.tile(LETTERS, model.length)
    expected = (model.predict(mutants) - model.predict(letters[None])).reshape(model.length, 4, -1)
    assert np.abs(expected).max() > 1e-3
    for mode in modes:
        found = ism.saturate(ism.plan(model, mode=mode), letters)[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=mode)


node = helper.make_node


def test_shape_arithmetic_and_constant_nodes_are_folded(tmp_path: Path) -> None:
    nodes = [
        node("Constant", [], ["w"], value=numpy_helper.from_array(weights(6, 4, 5))),
        node("Conv", ["x", "w"], ["a"]),
        node("Shape", ["a"], ["s"]),
        node("Gather", ["s", "zero"], ["n"], axis=0),
        node("Concat", ["n", "minus"], ["to"], axis=0),
        node("Reshape", ["a", "to"], ["f"]),
        node("MatMul", ["f", "v"], ["y"]),
    ]
    constants = {"zero": np.array([0]), "minus": np.array([-1]), "v": weights(6 * (LENGTH - 4), 2)}
    model = model_of(tmp_path / "m.onnx", nodes, constants, 2)
    graph = load_graph(model, batch=5)
    assert [n.op_type for n in graph.nodes] == ["Conv", "Reshape", "MatMul"]
    assert graph.shape("f") == (5, 6 * (LENGTH - 4))
    assert graph.constant("to").tolist() == [5, -1]
    assert graph.batch == 5
    assert graph.is_constant("w")
    assert [n.op_type for n in graph.consumers("a")] == ["Reshape"]
    producer = graph.producer("f")
    assert producer is not None
    assert producer.op_type == "Reshape"
    assert_modes_agree(model)


def test_two_tensors_at_the_cut_and_the_input_behind_it(tmp_path: Path) -> None:
    """A gate from global pooling (squeeze and excite), a second branch, and the input itself behind the barrier."""
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[2, 2]),
        node("Relu", ["a"], ["b"]),
        node("MaxPool", ["b"], ["c"], kernel_shape=[3], strides=[3]),
        node("Conv", ["c", "v"], ["d"], pads=[1, 1]),
        node("GlobalAveragePool", ["d"], ["gate"]),
        node("Mul", ["b", "gate"], ["e"]),
        node("GlobalAveragePool", ["x"], ["composition"]),
        node("ReduceMean", ["e"], ["pooled"], axes=[2], keepdims=0),
        node("Flatten", ["composition"], ["flat"]),
        node("Concat", ["pooled", "flat"], ["features"], axis=1),
        node("Gemm", ["features", "u"], ["y"]),
    ]
    constants = {"w": weights(6, 4, 5), "v": weights(6, 6, 3), "u": 30 * weights(10, 2)}
    model = model_of(tmp_path / "m.onnx", nodes, constants, 2)
    assert set(ism.plan(model, mode="packed").frontier.tensors) == {"b", "d", "x"}
    assert_modes_agree(model, ("naive", "packed"))


def test_operators_inside_if_are_a_barrier_and_still_right(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    branches = [helper.make_graph([node(kind, ["a"], ["z"])], kind, [], [value]) for kind in ("Relu", "Neg")]
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("ReduceSum", ["a"], ["total"], keepdims=0),
        node("Greater", ["total", "never"], ["condition"]),
        node("If", ["condition"], ["b"], then_branch=branches[0], else_branch=branches[1]),
        node("ReduceMean", ["b"], ["y"], axes=[2], keepdims=0),
    ]
    model = model_of(tmp_path / "m.onnx", nodes, {"w": 40 * weights(3, 4, 5), "never": np.float32(1e9)}, 3)
    assert_modes_agree(model, ("naive", "packed"))


def test_sizes_that_inference_does_not_know_are_observed(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("FastGelu", ["a"], ["b"], domain="com.microsoft"),
        node("Flatten", ["b"], ["f"]),
        node("Gemm", ["f", "v"], ["y"]),
    ]
    constants = {"w": weights(6, 4, 5), "v": weights(6 * (LENGTH - 4), 2)}
    model = model_of(tmp_path / "m.onnx", nodes, constants, 2, domains=("com.microsoft",))
    graph = load_graph(model, batch=3)
    assert graph.shape("b") == (3, 6, LENGTH - 4)
    assert analyse(graph).windows["b"].width == 5
    assert_modes_agree(model, ("naive", "packed"))


def test_positions_that_are_cropped_away_have_no_effect_and_cost_nothing(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Slice", ["a", "first", "last", "axis"], ["c"]),
        node("GlobalMaxPool", ["c"], ["p"]),
        node("Flatten", ["p"], ["y"]),
    ]
    constants = {"w": weights(3, 4, 5), "first": [10], "last": [40], "axis": [2]}
    model = model_of(tmp_path / "m.onnx", nodes, constants, 3)
    plan = ism.plan(model, mode="packed")
    assert np.flatnonzero(plan.frontier.live).tolist() == list(range(10, 44))
    assert f"{LENGTH - 34} positions cannot change the output" in plan.explain()
    assert_modes_agree(model, ("naive", "packed"))


def test_a_first_layer_that_mixes_everything_is_naive(tmp_path: Path) -> None:
    nodes = [node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "w"], ["y"])]
    model = model_of(tmp_path / "m.onnx", nodes, {"w": weights(4 * LENGTH, 1)}, 1)
    with pytest.raises(ModelError, match="cannot be packed"):
        ism.plan(model, mode="packed")
    assert_modes_agree(model, ("auto", "naive"))


def test_external_data(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Flatten", ["a"], ["f"]),
        node("Gemm", ["f", "v"], ["y"]),
    ]
    constants = {"w": weights(6, 4, 5), "v": weights(6 * (LENGTH - 4), 3)}
    save = {"save_as_external_data": True, "location": "m.data", "size_threshold": 64}
    model = model_of(tmp_path / "m.onnx", nodes, constants, 3, **save)
    assert (tmp_path / "m.data").exists()
    np.testing.assert_array_equal(load_graph(model).constant("w"), constants["w"])
    assert_modes_agree(model, ("naive", "packed"))
    letters = LETTERS[np.random.default_rng(5).integers(0, 4, LENGTH)]
    sliced = ism.saturate(ism.plan(model, [2], mode="packed"), letters)
    np.testing.assert_allclose(sliced, ism.saturate(ism.plan(model), letters)[..., 2:], rtol=0, atol=1e-5)


def test_xpresso_with_random_weights(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    from gxfast.models.importers.xpresso import LAYERS, SETTINGS

    rng = np.random.default_rng(3)
    names = [*SETTINGS, "promoter", "halflife", "flatten_1", "concatenate_1", "dropout_1", "dropout_2"]
    layers = [{"name": name, "config": dict(SETTINGS.get(name, {}))} for name in names]
    with h5py.File(tmp_path / "K562_x.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": {"layers": layers}})
        for layer, shape in LAYERS.items():
            scale = 3 / np.sqrt(np.prod(shape[:-1]))
            file[f"model_weights/{layer}/{layer}/kernel:0"] = rng.normal(0, scale, shape).astype(np.float32)
            file[f"model_weights/{layer}/{layer}/bias:0"] = rng.normal(0.3, 0.1, shape[-1:]).astype(np.float32)
    model = Model(import_xpresso(tmp_path / "K562_x.h5", tmp_path / "x.onnx"), device="cpu")
    letters = np.frombuffer(b"ACGTN", np.uint8)[rng.integers(0, 5, model.length)]
    plan = ism.plan(model, mode="packed")
    assert plan.frontier.distance == 545
    assert plan.verify(letters, n=150) <= 1e-5
    assert ism.plan(model).verify(letters, n=60, seed=1) <= 1e-5
    for start in (0, 10_470):  # both edges
        found = ism.saturate(plan, letters, start=start, end=start + 30)
        expected = ism.saturate(ism.plan(model, mode="naive"), letters, start=start, end=start + 30)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        assert np.abs(expected).max() > 1e-4


@given(st.integers(0, 104), st.lists(st.tuples(st.integers(0, 32), st.integers(0, 3)), min_size=1, max_size=40))
def test_rows_of_one_pass_never_touch_and_passes_are_few(seed: int, spans: list[tuple[int, int]]) -> None:
    cut = FRONTIERS[seed % len(FRONTIERS)]
    first = np.array([a for a, _ in spans])
    last = np.minimum(first + [b for _, b in spans], len(cut.free_from) - 1)
    passes = assign_passes(first, last, cut.free_from)
    for number in range(passes.max() + 1):
        members = np.flatnonzero(passes == number)
        assert members.size
        for k in range(len(cut.tensors)):
            touched = [set(range(int(cut.lo[k, first[row]]), int(cut.hi[k, last[row]]) + 1)) for row in members]
            assert sum(map(len, touched)) == len(set().union(*touched))
    # No more passes than rows that are all in the way of each other at one place.
    crowd = max(int(((first <= p) & (cut.free_from[last] > p)).sum()) for p in range(len(cut.free_from)))
    assert passes.max() + 1 == crowd


def _frontiers() -> list[Any]:
    from gxfast.ism.graph.view import build_graph
    from gxfast.models.card import AXES

    found = []
    for seed in range(24):
        proto, layout = random_network(seed), ("NLC", "NCL", "NC1L")[seed % 3]
        dims = [dim.dim_value for dim in proto.graph.input[0].type.tensor_type.shape.dim]
        graph = build_graph(proto, input_name="sequence", output_name="y", layout=layout, length=dims[AXES[layout][0]])
        found.append(frontier(graph, analyse(graph)))
    return found


FRONTIERS = _frontiers()
