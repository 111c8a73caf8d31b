"""Model files: whole or absent, with their card, in two parts where they are large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from gxfast.errors import InputError, ModelError
from gxfast.models.card import METADATA_KEY, ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model, serialized, with_card

CARD = ModelCard(name="net", layout="NCL", length=8, tss_index={"+": 4, "-": 4}, input_name="x", output_name="y")


def net() -> Any:
    graph = GraphWriter()
    flow = graph.input("x", ["n", 4, 8])
    graph.output(graph.add("Mul", flow, graph.constant(np.ones((4, 8)), np.float32, name="w"), name="y"), ["n", 4, 8])
    return graph.model("net")


def test_a_saved_model_carries_its_card_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    path = save_model(net(), CARD, tmp_path)
    assert path == tmp_path / "net.onnx"
    assert path.read_bytes() == serialized(with_card(net(), CARD))
    assert {entry.key: entry.value for entry in onnx.load(path).metadata_props} == {METADATA_KEY: CARD.to_json()}
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


def test_large_models_are_two_files(tmp_path: Path) -> None:
    path = save_model(net(), CARD, tmp_path / "m.onnx", limit=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.onnx", "m.onnx.data"]
    x = np.ones((2, 4, 8), np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], x)


def test_what_is_not_valid_is_not_written(tmp_path: Path) -> None:
    broken = net()
    broken.graph.node[0].input[1] = "absent"
    for limit in (0, 2**20):
        with pytest.raises(ModelError, match="no valid ONNX model"):
            save_model(broken, CARD, tmp_path / "m.onnx", limit=limit)
    card = ModelCard(name="../up", layout="NCL", length=8, tss_index={"+": 4, "-": 4})
    with pytest.raises(ModelError, match="name"):
        save_model(net(), card, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", [0, 2**20])
def test_an_output_that_cannot_be_written(tmp_path: Path, limit: int) -> None:
    with pytest.raises(InputError, match="cannot write"):
        save_model(net(), CARD, tmp_path / "absent" / "m.onnx", limit=limit)


@pytest.mark.parametrize("limit", [0, 2**20])
@pytest.mark.parametrize(
    "message", ["the model fails on a batch of 1", r"gives shape \[1, 8, 4\], not", "a value that is not finite"]
)
def test_what_onnxruntime_cannot_run_is_not_written(tmp_path: Path, message: str, limit: int) -> None:
    """Graphs that are valid: what is wrong with them shows when they are run."""
    graph = GraphWriter()
    flow = graph.input("x", ["n", 4, 8])
    bases = graph.add("Cast", graph.sum(flow, [1, 2], keepdims=False), to=onnx.TensorProto.INT64)  # 8
    if "finite" in message:
        graph.add("Log", graph.add("Neg", flow), name="y")
    elif "shape" in message:
        half = graph.add("Div", bases, graph.sizes([2]))
        graph.add("Reshape", flow, graph.add("Concat", graph.sizes([1]), bases, half, axis=0), name="y")
    else:
        graph.add("Reshape", flow, graph.add("Concat", bases, bases, bases, axis=0), name="y")
    graph.output("y", ["n", 4, 8])
    with pytest.raises(ModelError, match=message) as caught:
        save_model(graph.model("net"), CARD, tmp_path / "m.onnx", limit=limit)
    assert str(tmp_path / "m.onnx") in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_onnxruntime_cannot_load_is_not_written(tmp_path: Path) -> None:
    """Valid by ONNX, but nothing computes it: found also where the run is left out."""
    graph = GraphWriter()
    flow = graph.add("Cast", graph.input("x", ["n", 4, 8]), to=onnx.TensorProto.BFLOAT16)
    graph.output(graph.add("Cast", graph.add("Neg", flow), name="y", to=onnx.TensorProto.FLOAT), ["n", 4, 8])
    with pytest.raises(ModelError, match=r"cannot load the model: .*Neg"):
        save_model(graph.model("net"), CARD, tmp_path / "m.onnx", trial=False)
    assert not list(tmp_path.iterdir())
