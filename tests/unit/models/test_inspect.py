"""What ``gxfast model inspect`` says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import gxfast.demo
import gxfast.models
from gxfast.errors import ModelError
from gxfast.models.inspect import format_inspection, inspect_model

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")


def linear(path: Path, *, batch: object = "b", outputs: int = 1, opset: int = 17, external: bool = False) -> Path:
    nodes = [helper.make_node("Flatten", ["x"], ["f"], axis=1)]
    nodes += [helper.make_node("MatMul", ["f", "w"], [f"y{i}"]) for i in range(outputs)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4, 6])],
        [helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, [batch, 2]) for i in range(outputs)],
        [numpy_helper.from_array(np.ones((24, 2), np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if external:
        options = {"save_as_external_data": True, "location": "w.data", "size_threshold": 0}
        onnx.save_model(model, str(path), **options)
    else:
        path.write_bytes(model.SerializeToString())
    return path


def test_facts_of_the_packaged_model() -> None:
    facts = inspect_model(DEMO)
    data = DEMO.read_bytes()
    assert facts["files"] == {DEMO.name: hashlib.sha256(data).hexdigest()}
    assert facts["bytes"] == len(data)
    assert facts["opset"] == {"ai.onnx": 17}
    assert facts["inputs"] == [{"name": "sequence", "dtype": "float", "shape": [None, 2048, 4]}]
    assert facts["outputs"] == [{"name": "expression", "dtype": "float", "shape": [None, 1]}]
    assert facts["card"]["name"] == "demo-promoter"
    assert facts["card_origin"].endswith("(gxfast.card)")
    assert facts["read_length"] == 2048
    assert facts["warnings"] == []
    assert facts["problems"] == []
    assert json.loads(json.dumps(facts)) == facts


def test_guessed_card_is_shown_with_a_warning(tmp_path: Path) -> None:
    facts = inspect_model(linear(tmp_path / "m.onnx"))
    assert facts["card_origin"] == "default"
    assert facts["card"]["input"]["layout"] == "NCL"
    assert facts["card"]["window"]["tss_index"] == {"+": 3, "-": 3}
    assert len(facts["warnings"]) == 1
    assert "guessed" in facts["warnings"][0]


def test_warns_of_fixed_batch_external_data_and_new_opset(tmp_path: Path) -> None:
    facts = inspect_model(linear(tmp_path / "m.onnx", batch=3, opset=99, external=True))
    text = "\n".join(facts["warnings"])
    assert "fixes the batch at 3" in text
    assert "w.data" in text
    assert "opset 99 is newer" in text
    assert list(facts["files"]) == ["m.onnx", "w.data"]


def test_problems_are_told_not_raised(tmp_path: Path) -> None:
    facts = inspect_model(linear(tmp_path / "m.onnx", outputs=2))
    assert "2 outputs (y0, y1)" in facts["problems"][0]
    assert facts["card"] is None
    card = json.loads(gxfast.models.default_card(
        "m", "NCL", length=7, input_name="x", output_name="y0", output_layout="NT"
    ).to_json())  # fmt: skip
    (tmp_path / "m.card.json").write_text(json.dumps(card))
    facts = inspect_model(tmp_path / "m.onnx")
    assert "the card says 7" in facts["problems"][0]
    assert facts["card"] == card
    assert facts["card_origin"] == str(tmp_path / "m.card.json")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        inspect_model(tmp_path / "absent.onnx")


def test_text_names_what_a_user_needs(tmp_path: Path) -> None:
    text = format_inspection(inspect_model(DEMO))
    for part in (
        "sequence  float  [any, 2048, 4]",
        "demo-promoter",
        "2048 bases as NLC, channels ACGT, unknown base 0.0",
        "index 1024 (+), 1024 (-); minus reverse-complemented",
        "opset ai.onnx 17",
        "BSD-3-Clause",
    ):
        assert part in text
    broken = format_inspection(inspect_model(linear(tmp_path / "m.onnx", outputs=2)))
    assert "problem    " in broken
    assert "warning    no card was found" in broken


def test_names_of_the_package_are_lazy_and_complete() -> None:
    for name in gxfast.models.__all__:
        assert getattr(gxfast.models, name) is not None
    assert set(dir(gxfast.models)) >= {"Model", "ModelCard", "inspect_model"}
    with pytest.raises(AttributeError, match="nothing"):
        _ = gxfast.models.nothing
