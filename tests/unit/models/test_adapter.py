"""Models that read something else than four channels of floats, by what the plain one gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, parser
from onnx.numpy_helper import from_array

import gxfast as gx
from gxfast.models import ModelCard, card_from_json, code_input, front_inputs
from gxfast.models.card import LAYOUTS

LENGTH = 20
SEQUENCES = np.frombuffer(b"ACGTTGCANNACGTACGATT" + b"TTTTTGGGGGACACACACAC", np.uint8).reshape(2, LENGTH)
NUMBERS = {"A": 7, "C": 2, "G": 11, "T": 5, "N": 0}
RNG = np.random.default_rng(0)
WEIGHTS = {
    "w": RNG.normal(0, 0.5, (5, 4, 3)).astype(np.float32),
    "v": RNG.normal(0, 0.5, (5 * 18, 2)).astype(np.float32),
}
BODY = "c = Conv(h, w) r = Softplus(c) f = Flatten(r) y = MatMul(f, v)"


def model(folder: Path, front: str, shape: str, kind: str = "float", **weights: Any) -> Path:
    """A network on h, (n, 4, 20), which ``front`` makes of x."""
    text = f"{front} {BODY}".replace(") ", ")\n")
    graph = parser.parse_graph(f"g ({kind}[n, {shape}] x) => (float[n, 2] y) {{\n{text}\n}}")
    for name, values in (WEIGHTS | weights).items():
        graph.initializer.append(from_array(np.asarray(values), name))
    path = folder / f"m{len(list(folder.iterdir()))}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def card(**read: Any) -> ModelCard:
    return card_from_json(json.dumps({"gxfast_card": 1, "input": read}), source="a test")


def results(path: Path, given: ModelCard | None, **options: Any) -> list[np.ndarray]:
    """Predictions, effects of every mode, and, where there is one, the gradient."""
    opened = gx.Model(path, card=given, device="cpu", **options)
    scans = [gx.ism.saturate(gx.ism.plan(opened, mode=mode), SEQUENCES) for mode in ("naive", "auto", "packed")]
    return [opened.predict(SEQUENCES), *scans]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return model(tmp_path, "h = Identity(x)", f"4, {LENGTH}")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("feed", ["one_hot", "codes"])
def test_every_layout_is_guessed_and_read(layout: str, feed: str, plain: Path, tmp_path: Path) -> None:
    sizes = {"L": LENGTH, "C": 4, "1": 1}
    shape = ", ".join(str(sizes[axis]) for axis in layout[1:])
    kept = [layout.index("C"), layout.index("L")]
    order = [0, *kept, *(i for i in range(1, len(layout)) if i not in kept)]
    front = f"t = Transpose<perm={order}>(x) h = Reshape(t, k)".replace("'", "")
    path = model(tmp_path, front, shape, k=np.array([0, 4, LENGTH]))
    opened = gx.Model(path, device="cpu", feed=feed)
    assert opened.card.layout == layout
    for found, expected in zip(results(path, None, feed=feed), results(plain, None), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    expected = gx.ism.input_gradient(gx.Model(plain, device="cpu"), SEQUENCES)
    np.testing.assert_allclose(gx.ism.input_gradient(opened, SEQUENCES), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layout", ["NCL", "NLC", "NCL1"])
def test_constant_channels(layout: str, plain: Path, tmp_path: Path) -> None:
    sizes = {"L": str(LENGTH), "C": "6", "1": "1"}
    turned = {"NCL": "Identity(x)", "NLC": "Transpose<perm=[0, 2, 1]>(x)", "NCL1": "Squeeze(x, three)"}[layout]
    # What the constants add to the sequence, so that they count: 3 * 0.5 - 1.
    front = f"t = {turned} b, e = Split<axis=1>(t, parts) s = MatMul(weights, e) h = Add(b, s)"
    path = model(
        tmp_path, front, ", ".join(sizes[axis] for axis in layout[1:]), three=np.array([3]), parts=np.array([4, 2]),
        weights=np.array([[3.0, 1.0]] * 4, np.float32),
    )  # fmt: skip
    given = card(extra_channels=[0.5, -1.0])
    shifted = model(tmp_path, "h = Add(x, half)", f"4, {LENGTH}", half=np.float32(0.5))
    assert gx.Model(path, card=given, device="cpu").card.layout == layout
    for feed in ("one_hot", "codes"):
        for found, expected in zip(results(path, given, feed=feed), results(shifted, None), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    expected = gx.ism.input_gradient(gx.Model(shifted, device="cpu"), SEQUENCES)
    found = gx.ism.input_gradient(gx.Model(path, card=given, device="cpu"), SEQUENCES)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    with pytest.raises(gx.ModelError, match="extra_channels") as error:
        gx.Model(path, device="cpu")
    assert '"extra_channels": [0, 0]' in str(error.value.remedy)


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8"])
@pytest.mark.parametrize("feed", ["one_hot", "codes"])
def test_tokens(kind: str, feed: str, plain: Path, tmp_path: Path) -> None:
    table = np.zeros((12, 4), np.float32)
    for i, base in enumerate("ACGT"):
        table[NUMBERS[base], i] = 1
    front = f"i = Cast<to={TensorProto.INT64}>(x) e = Gather(table, i) h = Transpose<perm=[0, 2, 1]>(e)"
    path = model(tmp_path, front, str(LENGTH), kind, table=table)
    given = card(layout="NL", tokens=NUMBERS)
    for found, expected in zip(results(path, given, feed=feed), results(plain, None), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    with pytest.raises(gx.ModelError, match="no gradient reaches the input"):
        gx.ism.input_gradient(gx.Model(path, card=given, device="cpu"), SEQUENCES)
    with pytest.raises(gx.ModelError) as error:
        gx.Model(path, device="cpu")
    assert '"layout": "NL"' in str(error.value.remedy)


@pytest.mark.parametrize("kind", ["uint8", "int8", "bool", "int64"])
def test_one_hot_of_whole_numbers(kind: str, plain: Path, tmp_path: Path) -> None:
    path = model(tmp_path, f"h = Cast<to={TensorProto.FLOAT}>(x)", f"4, {LENGTH}", kind)
    for found, expected in zip(results(path, None), results(plain, None), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    expected = gx.ism.input_gradient(gx.Model(plain, device="cpu"), SEQUENCES)
    assert np.array_equal(gx.ism.input_gradient(gx.Model(path, device="cpu"), SEQUENCES), expected)
    with pytest.raises(gx.ModelError, match=r"cannot hold 0\.25"):
        gx.Model(path, card=card(unknown=0.25), device="cpu")


def test_a_whole_number_that_is_used_as_one(plain: Path, tmp_path: Path) -> None:
    front = f"d = Add(x, x) m = Cast<to={TensorProto.FLOAT}>(d) h = Mul(m, half)"
    path = model(tmp_path, front, f"4, {LENGTH}", "int32", half=np.float32(0.5))
    for found, expected in zip(results(path, None), results(plain, None), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    with pytest.raises(gx.ModelError, match="no gradient reaches"):
        gx.ism.input_gradient(gx.Model(path, device="cpu"), SEQUENCES)


def test_fronts_take_the_layouts(plain: Path) -> None:
    made = code_input(onnx.load(plain), "x", layout="NCL")
    assert front_inputs(made)["codes"] == "x_codes"


def test_single_numbers_fill_extra_inputs(tmp_path: Path) -> None:
    graph = parser.parse_graph("g (float[n, 4, 20] x, float[n, 3] z) => (float[n, 83] y) { f = Flatten(x)\n"
                               "y = Concat<axis=1>(f, z) }")  # fmt: skip
    path = tmp_path / "z.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    text = json.dumps({"gxfast_card": 1, "extra_inputs": {"z": 0.5}})
    opened = gx.Model(path, card=card_from_json(text, source="a test"), device="cpu")
    assert opened.predict(SEQUENCES)[:, 80:].tolist() == [[0.5] * 3] * 2
    assert card_from_json(opened.card.to_json(), source="a test") == replace(opened.card, origin="a test")
