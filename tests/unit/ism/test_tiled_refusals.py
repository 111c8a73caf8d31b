"""Networks whose first layers know of the length or the place: their cuts go before that; what differs is not used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.errors import ModelError
from gxfast.ism.closeness import share_of_outputs
from gxfast.ism.tiled import tiled, tiled_or_why
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model
from gxfast.models.session import Model

LENGTH, CHANNELS = 9_001, 8


def _conv(graph: GraphWriter, name: str, n_in: int, width: int, random: np.random.Generator) -> str:
    weights = random.normal(0, (n_in * width) ** -0.5, (CHANNELS, n_in, width)).astype(np.float32)
    made = graph.add("Conv", name, graph.constant(weights), pads=[width // 2, width // 2], kernel_shape=[width])
    return graph.add("Relu", made)


def _positions(graph: GraphWriter, kind: str, like: str, random: np.random.Generator) -> str:
    """What is added to each position, of a length that the graph finds out itself."""
    n = graph.add("Gather", graph.add("Shape", like), graph.constant(np.array([2])), axis=0)
    if kind == "embedding":
        table = graph.constant(random.normal(0, 0.5, (1, CHANNELS, LENGTH + 500)).astype(np.float32))
        zero, axis = graph.constant(np.array([0])), graph.constant(np.array([2]))
        return graph.add("Slice", table, zero, n, axis)
    if kind == "length":
        return graph.add("Div", graph.add("Cast", n, to=1), graph.constant(np.array([1e4], np.float32)))
    scalar = graph.add("Squeeze", n)
    limits = graph.constant(np.array(0)), scalar, graph.constant(np.array(1))
    place = graph.add("Range", *limits)
    if kind == "phase":
        place = graph.add("Mod", place, graph.constant(np.array(7)))
    return graph.add("Div", graph.add("Cast", place, to=1), graph.constant(np.array([7.0], np.float32)))


def _network(kind: str, folder: Path, scale: float = 1.0, *, behind: int = 5) -> Model:
    """A convolution, positions, another convolution, a dense layer."""
    random, graph = np.random.default_rng(1), GraphWriter(opset=17)
    top = _conv(graph, graph.input("sequence", ["n", 4, LENGTH], np.float32), 4, 7, random)
    top = graph.add("Add", top, _positions(graph, kind, top, random))
    top = _conv(graph, top, CHANNELS, behind, random)
    top = graph.add("MaxPool", top, kernel_shape=[5], strides=[5])
    top = graph.add("Flatten", top, axis=1)
    n = CHANNELS * ((LENGTH - 5) // 5 + 1)
    top = graph.add("MatMul", top, graph.constant(random.normal(0, n**-0.5, (n, 2)).astype(np.float32)))
    top = graph.add("Mul", top, graph.constant(np.array([scale], np.float32)))
    graph.append("Identity", [top], ["prediction"])
    graph.output("prediction", ["n", 2], np.float32)
    card = ModelCard(name=kind, layout="NCL", length=LENGTH, tss_index={"+": LENGTH // 2, "-": LENGTH // 2})
    save_model(graph.model("net"), card, folder / f"{kind}.onnx")
    return Model(folder / f"{kind}.onnx")


def _rows(n: int = 5) -> Any:
    return np.random.default_rng(3).choice(np.frombuffer(b"ACGT", np.uint8), (n, LENGTH))


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("kind", ["embedding", "length", "range", "phase"])
def test_positions_are_behind_the_cut(tmp_path: Path, kind: str, scale: float) -> None:
    model = _network(kind, tmp_path, scale, behind=25)
    expected = model.predict(_rows())
    found = tiled_or_why(model)
    if isinstance(found, str):
        assert "promises 1.3 times fewer" in found or "know of its length" in found
        return
    assert np.abs(found.predict(_rows()) - expected).max() <= 1e-5 * np.abs(expected).max()


def test_some_of_these_networks_have_tiles(tmp_path: Path) -> None:
    kinds = ("embedding", "length", "range", "phase")
    assert any(tiled(_network(kind, tmp_path, behind=1)) is not None for kind in kinds)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_a_cut_behind_positions_is_found_out(tmp_path: Path, scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxfast.ism.tiled.same_constants", lambda *_: True)
    found = tiled(_network("embedding", tmp_path, scale, behind=25))
    assert found is not None
    with pytest.raises(ModelError, match="predictions in tiles differ from whole ones"):
        found.predict(_rows())


def test_a_model_of_one_length_keeps_whole_windows_or_an_earlier_cut(tmp_path: Path) -> None:
    """Position features that the file holds for one length; bins, so that the window would be trimmed."""
    random, graph = np.random.default_rng(1), GraphWriter(opset=17)
    top = _conv(graph, graph.input("sequence", ["n", 4, 8_192], np.float32), 4, 7, random)
    top = graph.add("MaxPool", top, kernel_shape=[16], strides=[16])
    top = graph.add("Add", top, graph.constant(random.normal(0, 0.5, (1, CHANNELS, 512)).astype(np.float32)))
    graph.append("Identity", [_conv(graph, top, CHANNELS, 3, random)], ["prediction"])
    graph.output("prediction", ["n", CHANNELS, 512], np.float32)
    card = ModelCard(
        name="fixed", layout="NCL", length=8_192, tss_index={"+": 4_096, "-": 4_096}, output_layout="NTB",
        bins=(200, 201), reduce="mean",
    )  # fmt: skip
    save_model(graph.model("net"), card, tmp_path / "fixed.onnx")
    model = Model(tmp_path / "fixed.onnx")
    rows = np.random.default_rng(3).choice(np.frombuffer(b"ACGT", np.uint8), (3, 8_192))
    found = tiled(model)
    own = model if found is None else found
    assert np.abs(own.predict(rows) - model.predict(rows)).max() <= 1e-6
    longer = np.concatenate([rows[0], rows[1, :3]])
    assert gx.ism.deletions(model, longer, lengths=[3], start=4_090, end=4_092).shape[:2] == (2, 1)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 0.05, 0.5, 20.0])
def test_shares_of_outputs(size: float) -> None:
    outputs = np.array([[size, 1.0], [-size / 2, 0.3]])
    off = np.array([[2e-3 * size, 0.0], [0.0, 0.0]])
    found = share_of_outputs(outputs + off, outputs, outputs, lambda: outputs, 1e-5)
    assert 1e-4 < found <= 2.1e-3
    assert share_of_outputs(outputs, outputs, outputs, lambda: pytest.fail("not asked"), 1e-5) == 0


def test_outputs_that_are_small_by_chance() -> None:
    few = np.array([[1e-4], [2e-4]])
    assert share_of_outputs(few + 1e-6, few, few, lambda: np.array([[1.5]]), 1e-5) == pytest.approx(1e-6 / 1.5)


def test_values_that_are_no_numbers() -> None:
    none, one = np.array([[np.nan], [np.inf]]), np.array([[1.0], [np.inf]])
    assert share_of_outputs(none, none, none, lambda: none, 1e-5) == 0
    assert share_of_outputs(none, one, one, lambda: one, 1e-5) == np.inf
    assert share_of_outputs(one, -one, one, lambda: one, 1e-5) == np.inf
