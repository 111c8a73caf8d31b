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
