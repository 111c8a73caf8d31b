"""Models whose rows are not independent are refused, with the node; those that only look so are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, parser
from onnx.numpy_helper import from_array

import gxfast as gx
from gxfast.models import inspect_model

FLAT = "f = Flatten(x)"


def save(folder: Path, body: str, batch: str = "n", opset: int = 17, **weights: Any) -> Path:
    """A model of x, (n, 4, 12), in ONNX's text form."""
    text = body.replace(") ", ")\n")
    graph = parser.parse_graph(f"g (float[{batch}, 4, 12] x) => (float[{batch}, m] y) {{\n{text}\n}}")
    for name, values in weights.items():
        graph.initializer.append(from_array(np.asarray(values), name))
    path = folder / "m.onnx"
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


ONES = np.ones(4, np.float32)
KEPT = {"k": np.array([0, -1])}
TRAINING = {"r": np.float32(0.5), "t": np.array(True)}
QUANTISED = "q, s, z = DynamicQuantizeLinear(f) y = DequantizeLinear(q, s, z)"
STEPS = {
    "w": np.random.default_rng(0).normal(0, 1, (1, 12, 12)).astype(np.float32),
    "u": np.random.default_rng(1).normal(0, 1, (1, 12, 3)).astype(np.float32),
    "o": np.array([1]),
}
BY_GRAPH = {
    "dynamic quantisation": (f"{FLAT} {QUANTISED}", {}, "DynamicQuantizeLinear", "quantize_static"),
    "random numbers": (f"{FLAT} r = RandomNormalLike(f) y = Add(f, r)", {}, "RandomNormalLike", "model.eval()"),
    "random from nothing": (
        f"{FLAT} r = RandomUniform<shape=[1, 48]>() y = Add(f, r)", {}, "RandomUniform", "model.eval()",
    ),
    "dropout": (f"{FLAT} y = Dropout(f, r, t)", TRAINING, "Dropout", "model.eval()"),
    "dropout with mask": (f"{FLAT} y, m = Dropout(f, r, t)", TRAINING, "Dropout", "model.eval()"),
    "statistics of the batch": (
        "a, b, c = BatchNormalization<training_mode=1>(x, s, s, s, s) y = Flatten(a)", {"s": ONES},
        "BatchNormalization", "model.eval()",
    ),
}  # fmt: skip
BY_RUN = {
    "mean": (f"{FLAT} m = ReduceMean<axes=[0]>(f) y = Sub(f, m)", {}, "ReduceMean"),
    "softmax": (f"{FLAT} y = Softmax<axis=0>(f)", {}, "Softmax"),
    "sum of rows before": (f"{FLAT} y = CumSum(f, k)", {"k": np.array(0)}, "CumSum"),
    "sum of rows behind": (f"{FLAT} y = CumSum<reverse=1>(f, k)", {"k": np.array(0)}, "CumSum"),
    "sorted rows": (
        "s = ReduceSum<keepdims=0>(x, o) y, i = TopK<axis=0>(s, k)", {"k": np.array([2]), "o": np.array([2])}, "TopK",
    ),
    "norm": (f"{FLAT} y = LpNormalization<axis=0>(f)", {}, "LpNormalization"),
    "batch as steps": ("h = LSTM<hidden_size=3>(x, w, u) q = Squeeze(h, o) y = Flatten(q)", STEPS, "LSTM"),
    "every row with every other": (
        f"{FLAT} t = Transpose(f) p = MatMul(f, t) y = ReduceSum(p, o)", {"o": np.array([1])}, "MatMul",
    ),
}  # fmt: skip
OTHERS = {
    "number of rows": (f"{FLAT} s = Shape<end=1>(x) c = Cast<to=1>(s) y = Div(f, c)", {}, "how many there are"),
    "place of the row": ("a, i = MaxPool<kernel_shape=[3]>(x) c = Cast<to=1>(i) y = Flatten(c)", {}, "place in the"),
    "a batch that is built in": ("y = Reshape(x, k)", {"k": np.array([2, 48])}, "batch of 2 alone"),
}
FINE = {
    "plain": (FLAT.replace("f =", "y ="), {}),
    "dropout of nothing": (f"{FLAT} y = Dropout(f, r, t)", TRAINING | {"r": np.float32(0)}),
    "dropout at rest": (f"{FLAT} y = Dropout(f, r, t)", TRAINING | {"t": np.array(False)}),
    "mean of a row": ("m = ReduceMean<axes=[1, 2]>(x) s = Sub(x, m) y = Flatten(s)", {}),
    "a reduction of the first axis, moved": (
        "t = Transpose<perm=[2, 0, 1]>(x) y = ReduceMax<axes=[0], keepdims=0>(t)", {},
    ),
    "random numbers that nobody reads": ("r = RandomNormalLike(x) y = Flatten(x)", {}),
    "the range of a constant": (f"{FLAT} {QUANTISED.replace('(f)', '(w)').replace('y =', 'd =')} y = Add(f, d)",
                                {"w": np.linspace(0, 1, 48, dtype=np.float32)}),
    "steps of positions": (
        "t = Transpose<perm=[2, 0, 1]>(x) , h = LSTM<hidden_size=3>(t, w, u) q = Squeeze(h, o) y = Identity(q)",
        STEPS | {"w": STEPS["w"][:, :, :4], "o": np.array([0])},
    ),
    "not a number": (f"{FLAT} l = Log(f) z = Sub(l, l) y = Add(z, f)", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_GRAPH)
def test_what_the_graph_shows(name: str, tmp_path: Path) -> None:
    body, weights, operator, remedy = BY_GRAPH[name]
    path = save(tmp_path, body, **weights)
    with pytest.raises(gx.ModelError, match="rows of a batch are not independent") as error:
        gx.Model(path, device="cpu")
    assert operator in str(error.value.record)
    assert remedy in str(error.value.remedy)
    assert "not independent" in inspect_model(path, opened=False)["problems"][0]


@pytest.mark.parametrize("name", BY_RUN)
def test_what_a_run_shows(name: str, tmp_path: Path) -> None:
    body, weights, operator = BY_RUN[name]
    path = save(tmp_path, body, **weights)
    for feed in ("one_hot", "codes"):
        with pytest.raises(gx.ModelError, match="rows of a batch are not independent") as error:
            gx.Model(path, device="cpu", feed=feed)
        assert operator in str(error.value.record)
    assert "not independent" in inspect_model(path)["problems"][0]


@pytest.mark.parametrize("name", OTHERS)
def test_what_another_place_or_size_shows(name: str, tmp_path: Path) -> None:
    body, weights, words = OTHERS[name]
    with pytest.raises(gx.ModelError, match=words):
        gx.Model(save(tmp_path, body, **weights), device="cpu")


@pytest.mark.parametrize("name", FINE)
def test_what_only_looks_so(name: str, tmp_path: Path) -> None:
    body, weights = FINE[name]
    assert gx.Model(save(tmp_path, body, **weights), device="cpu").rows_seen


def test_a_batch_of_one_mixes_nothing(tmp_path: Path) -> None:
    body, weights, *_ = BY_GRAPH["dynamic quantisation"]
    assert gx.Model(save(tmp_path, body, batch="1", **weights), device="cpu").rows_seen
    body, weights, *_ = BY_GRAPH["random numbers"]
    with pytest.raises(gx.ModelError, match="random numbers"):
        gx.Model(save(tmp_path, body, batch="1", **weights), device="cpu")


def test_a_fixed_batch_is_looked_at_too(tmp_path: Path) -> None:
    body, weights, operator = BY_RUN["mean"]
    with pytest.raises(gx.ModelError, match="not independent") as error:
        gx.Model(save(tmp_path, body, batch="3", **weights), device="cpu")
    assert operator in str(error.value.record)
    body, weights, _ = OTHERS["a batch that is built in"]
    assert gx.Model(save(tmp_path, body, batch="2", **weights), device="cpu").rows_seen


def test_a_function_of_the_file_is_looked_into(tmp_path: Path) -> None:
    path = save(tmp_path, f"{FLAT} y = Identity(f)")
    model = onnx.load(path)
    inner = [helper.make_node("RandomNormalLike", ["a"], ["b"]), helper.make_node("Add", ["a", "b"], ["c"])]
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "noisy", ["a"], ["c"], inner, opsets))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[1].op_type, model.graph.node[1].domain = "noisy", "own"
    onnx.save(model, path)
    with pytest.raises(gx.ModelError, match="random numbers"):
        gx.Model(path, device="cpu")
