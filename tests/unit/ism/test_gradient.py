"""Gradients of models: against predictions of every change, and torch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from oracles.gradient_networks import torch_gradient
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.encode.one_hot import one_hot
from gxfast.errors import InputError, ModelError
from gxfast.ism.gradient import Gradient
from gxfast.ism.graph.view import load_graph
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
SEEDS = [seed for seed in range(130) if seed != 125]  # 125: a pool that onnx counts otherwise than its runtime
DATA = Path(os.environ.get("GXFAST_DATA", Path(__file__).parents[3] / "../shared/data")) / "geuvadis_chr22"


def linear_model(folder: Path, card: dict[str, Any], *, layout: str, output: str, name: str = "linear") -> Model:
    """Two tracks and six bins, each a linear function of all bases: first-order effects are the effects."""
    rng, length, shape = np.random.default_rng(7), 24, {"NLC": [24, 4], "NCL": [4, 24], "NC1L": [4, 1, 24]}[layout]
    nodes = [
        helper.make_node("Flatten", ["sequence"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["values"]),
        helper.make_node("Reshape", ["values", "sizes"], ["y"]),
    ]
    sizes = {"NT": [-1, 12], "NBT": [-1, 6, 2], "NTB": [-1, 2, 6]}[output]
    constants = {"w": rng.normal(0, 1, (96, 12)).astype(np.float32), "b": np.full(12, 40, np.float32)}
    constants["sizes"] = np.array(sizes)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("sequence", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", *sizes[1:]])],
        initializer=[numpy_helper.from_array(array, key) for key, array in constants.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    parts: dict[str, Any] = {
        "gxfast_card": 1, "name": name, "input": {"layout": layout, "length": length},
        "window": {"tss_index": {"+": 0, "-": 0}}, "output": {"layout": output},
    }  # fmt: skip
    for key, value in card.items():
        parts[key] = {**parts.get(key, {}), **value}
    helper.set_model_props(proto, {"gxfast.card": json.dumps(parts)})
    onnx.save(proto, folder / f"{name}.onnx")
    return Model(folder / f"{name}.onnx", device="cpu", batch_size=8)


def letters_for(model: Model, n: int = 1, seed: int = 5) -> NDArray[np.uint8]:
    """Random letters with unknown ones."""
    return LETTERS[np.random.default_rng(seed).choice(5, (n, model.card.read_length), p=[0.23] * 4 + [0.08])]


def every_change(model: Model, letters: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.uint8], NDArray[np.uint8]]:
    """Positions and bases of all single-base changes, and the mutants."""
    position, base = np.repeat(np.arange(len(letters)), 4), np.tile(LETTERS[:4], len(letters))
    mutants = np.repeat(letters[None], len(position), axis=0)
    mutants[np.arange(len(position)), position] = base
    return position, base, mutants


CARDS: list[dict[str, Any]] = [
    {},
    {"input": {"channels": "TGAC", "unknown": 0.25}},
    {"ensemble": {"reverse_complement": True}},
    {"ensemble": {"reverse_complement": True, "shifts": [-2, 0, 3]}, "input": {"channels": "GTCA"}},
    {"ensemble": {"shifts": [1, 4]}, "input": {"unknown": 0.25}},
]
VALUES: list[tuple[str, str, dict[str, Any], gx.ism.Outputs, int | str]] = [
    ("NLC", "NT", {}, gx.ism.Outputs(), 3),
    ("NCL", "NBT", {"bins": [4, 1, 0], "reduce": "sum"}, gx.ism.Outputs(), "track1"),
    ("NC1L", "NTB", {"tracks": [1], "track_names": ["rna"], "reduce": "mean"}, gx.ism.Outputs(), "rna"),
    ("NLC", "NTB", {}, gx.ism.Outputs(), "track1:bin2"),
    ("NCL", "NTB", {"reduce": "sum"}, gx.ism.Outputs(tracks=[1, 0], bins=[5, 3, 2], reduce="mean"), 1),
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(("layout", "output", "kept", "outputs", "track"), VALUES)
def test_effects_of_linear_models_are_exact(
    tmp_path: Path, card: dict[str, Any], layout: str, output: str, kept: dict[str, Any], outputs: Any, track: Any
) -> None:
    """Layouts, channels, unknown bases, strand, shifts, bins and tracks: against Model.predict of every mutant."""
    model = linear_model(tmp_path, {**card, "output": {"layout": output, **kept}}, layout=layout, output=output)
    letters = letters_for(model)[0]
    position, base, mutants = every_change(model, letters)
    found = gx.ism.gradient_x_variant(model, letters, position, base, track=track, outputs=outputs)
    if outputs.bins is None:
        expected = model.predict(mutants) - model.predict(letters[None])
        index = model.tracks.index(track) if isinstance(track, str) else track
    else:
        chosen = {"layout": output, "tracks": list(outputs.tracks), "bins": list(outputs.bins), "reduce": "mean"}
        other = linear_model(tmp_path, {**card, "output": chosen}, layout=layout, output=output, name="other")
        expected, index = other.predict(mutants) - other.predict(letters[None]), track
    assert found.dtype == np.float32
    assert np.abs(found - expected[:, index]).max() <= 2e-5  # of predictions of about 40
    assert np.abs(found).max() > 0.1
    assert (found[letters[position] == base] == 0).all()


@pytest.mark.parametrize("transform", ["log2", "ln1p", "log10p1", "log2p1"])
@pytest.mark.parametrize("reduce", ["sum", "none"])
def test_transforms_are_differentiated(tmp_path: Path, transform: str, reduce: str) -> None:
    """The chain rule by hand, on the bins of the same model without transform."""
    card = {"ensemble": {"reverse_complement": True, "shifts": [0, 2]}}
    output = {"layout": "NBT", "bins": [1, 4]}
    plain = linear_model(tmp_path, {**card, "output": output}, layout="NLC", output="NBT", name="plain")
    bent = linear_model(
        tmp_path, {**card, "output": {**output, "transform": transform, "reduce": reduce}},
        layout="NLC", output="NBT", name="bent",
    )  # fmt: skip
    letters = letters_for(plain)[0]
    position, base, mutants = every_change(plain, letters)
    values = plain.predict(letters[None])[0]  # bin 1: tracks 0 and 1; bin 4: tracks 0 and 1
    effects = plain.predict(mutants) - values
    scale = {"log2": np.log(2), "log2p1": np.log(2), "ln1p": 1.0, "log10p1": np.log(10)}[transform]
    slopes = effects / ((values if transform == "log2" else 1.0 + values) * scale)
    expected = slopes[:, 1] + slopes[:, 3] if reduce == "sum" else slopes[:, 3]
    track = "track1" if reduce == "sum" else "track1:bin4"
    found = gx.ism.gradient_x_variant(bent, letters, position, base, track=track)
    assert np.abs(found - expected).max() <= 1e-6
    assert np.abs(found).max() > 0.01


def test_input_x_gradient_is_the_gradient_at_the_base_that_is_there(tmp_path: Path) -> None:
    for unknown, name in ((0.0, "zero"), (0.25, "quarter")):
        model = linear_model(tmp_path, {"input": {"unknown": unknown}}, layout="NLC", output="NT", name=name)
        letters = letters_for(model, 3)
        gradient = gx.ism.input_gradient(model, letters, track=2)
        encoded = one_hot(letters, unknown=name)
        found = gx.ism.input_x_gradient(model, letters, track=2)
        assert found.shape == letters.shape
        assert (letters == ord("N")).any()
        assert np.array_equal(found, (gradient * encoded).sum(axis=-1, dtype=np.float32))


@pytest.mark.parametrize("seed", [0, 7, 16, 37])
def test_bits_do_not_depend_on_the_number_of_sequences(tmp_path: Path, seed: int) -> None:
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx", device="cpu")
    gradient = Gradient(model)
    letters = letters_for(model, 2 * gradient.batch + 3)
    expected = gradient(letters)
    assert np.abs(expected).max() > 0
    for rows in (slice(0, 1), slice(1, 4), slice(gradient.batch - 1, None), slice(None, None, -1)):
        assert gradient(letters[rows]).tobytes() == expected[rows].tobytes()
    assert gradient(letters[:0]).shape == (0, model.length, 4)
    assert gx.ism.input_gradient(model, letters).tobytes() == expected.tobytes()


def test_weights_in_external_data_are_found(tmp_path: Path) -> None:
    onnx.save(random_network(7), tmp_path / "inside.onnx")
    settings = {"save_as_external_data": True, "location": "outside.weights", "size_threshold": 0}
    onnx.save(random_network(7), tmp_path / "outside.onnx", **settings)
    inside, outside = (Model(tmp_path / f"{name}.onnx", device="cpu") for name in ("inside", "outside"))
    letters = letters_for(inside, 3)
    assert (tmp_path / "outside.weights").stat().st_size > 1000
    expected = gx.ism.input_gradient(inside, letters)
    assert gx.ism.input_gradient(outside, letters).tobytes() == expected.tobytes()


def test_a_fixed_batch_keeps_its_size(tmp_path: Path) -> None:
    proto = random_network(2)
    onnx.save(proto, tmp_path / "free.onnx")
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 3
    onnx.save(proto, tmp_path / "fixed.onnx")
    free, fixed = (Model(tmp_path / f"{name}.onnx", device="cpu") for name in ("free", "fixed"))
    letters = letters_for(free, 5)
    assert Gradient(fixed).batch == 3
    np.testing.assert_allclose(
        gx.ism.input_gradient(fixed, letters), gx.ism.input_gradient(free, letters), rtol=1e-4, atol=1e-6
    )


def test_the_demo_model_adds_up_its_responses(tmp_path: Path) -> None:
    """Where one detector is on, its gradient is its weights: the one flank base that is wrong costs 1 of them."""
    from gxfast.demo import model as demo

    (tmp_path / "demo.onnx").write_bytes(demo.packaged_model())
    model = Model(tmp_path / "demo.onnx", device="cpu")
    row = np.full((1, demo.LENGTH), ord("A"), np.uint8)
    start = demo.TSS_INDEX - 40
    row[0, start : start + 10] = np.frombuffer(b"ACCGGAAGTG", np.uint8)
    gradient = gx.ism.input_gradient(model, row)[0]
    # See test_demo_model: weights 1/2 1/2 1 1 1 1 1 1 1/2 1/2 at the bases of the motif, times 127 / 256
    bases = ["ACGT".index(base) for base in "ACCGGAAGTG"]
    there, others = gradient[np.arange(start, start + 10), bases], gradient[start : start + 10].min(axis=1)
    expected = np.array([0.5, 0.5, 1, 1, 1, 1, 1, 1, 0.5, 0.5]) * 127 / 256
    np.testing.assert_allclose(there - others, 2 * expected, rtol=1e-6)
    mutant = row.copy()
    mutant[0, start] = ord("T")
    effect = gx.ism.gradient_x_variant(model, row[0], [start], "T")
    np.testing.assert_allclose(effect[0], (model.predict(mutant) - model.predict(row))[0, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"track": "liver"}, "0 values are named 'liver'"),
        ({"track": 12}, "track must be from 0 to 11"),
        ({"positions": [24]}, "positions: 24 is outside"),
        ({"positions": [-1]}, "positions: -1 is outside"),
        ({"bases": "N"}, "bases must be A, C, G or T, found 'N'"),
        ({"bases": "AC"}, "bases must be one per position"),
        ({"positions": [0.5]}, "positions must hold whole numbers"),
        ({"sequence": np.zeros((1, 24), np.uint8)}, "sequence must be one row"),
        ({"sequence": np.zeros(23, np.uint8)}, r"24 bases \(N, 24\)"),
        ({"outputs": gx.ism.Outputs(bins=[0])}, "has none"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: dict[str, Any], words: str) -> None:
    model = linear_model(tmp_path, {}, layout="NLC", output="NT")
    given: dict[str, Any] = {"sequence": letters_for(model)[0], "positions": [3], "bases": "A", **arguments}
    with pytest.raises(InputError, match=words):
        gx.ism.gradient_x_variant(model, **given)
    assert gx.ism.gradient_x_variant(model, letters_for(model)[0], [], "").shape == (0,)


def test_gradients_take_text_as_sequences(tmp_path: Path) -> None:
    model = linear_model(tmp_path, {}, layout="NLC", output="NT")
    rows = letters_for(model)
    texts = [row.tobytes().decode() for row in rows]
    assert np.array_equal(gx.ism.input_gradient(model, texts), gx.ism.input_gradient(model, rows))
    assert np.array_equal(gx.ism.input_x_gradient(model, texts), gx.ism.input_x_gradient(model, rows))
    left, right = (gx.ism.gradient_x_variant(model, one, [3], "A") for one in (texts[0], rows[0]))
    assert np.array_equal(left, right)


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    proto = random_network(1)
    weight = next(tensor for tensor in proto.graph.initializer if len(tensor.dims) > 1)
    broken = numpy_helper.to_array(weight).copy()
    broken.flat[0] = np.nan
    weight.CopyFrom(numpy_helper.from_array(broken, weight.name))
    onnx.save(proto, tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx", device="cpu")
    with pytest.raises(ModelError, match=r"not finite") as caught:
        gx.ism.input_gradient(model, letters_for(model, 2))
    assert "sequence 0" in str(caught.value)


def compare_with_torch(model: Model, letters: NDArray[np.uint8]) -> tuple[float, float]:
    """Largest difference from torch's autograd, and the largest gradient; the card has no ensemble."""
    graph, card = load_graph(model, batch=len(letters)), model.card
    seed = np.zeros(graph.shape(graph.output_name), np.float32)
    seed.reshape(len(seed), -1)[:, 0] = 1.0  # the first value of every layout
    expected = torch_gradient(graph, one_hot(letters, layout=card.layout), seed)
    axis = card.layout.index("C")
    expected = np.moveaxis(expected, axis, -1).reshape(*letters.shape, 4)
    found = gx.ism.input_gradient(model, letters)
    return float(np.abs(found - expected).max()), float(np.abs(expected).max())


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_against_torch(seed: int, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is only compared with")
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx", device="cpu")
    difference, largest = compare_with_torch(model, letters_for(model, 3, seed))
    print(f"seed {seed}: {difference:.1e} of {largest:.2g}")
    assert difference <= 2e-5 * max(1.0, largest)


def test_published_xpresso_against_torch(tmp_path: Path) -> None:
    """Random promoters with repeats of 6-mers, which are ties in pools of 30."""
    pytest.importorskip("torch", reason="torch is only compared with")
    if not DATA.is_dir():
        pytest.skip("real data absent (set GXFAST_DATA)")
    from gxfast.models.importers.xpresso import import_xpresso

    for weights in sorted((DATA / "models").glob("*.h5")):
        model = Model(import_xpresso(weights, tmp_path), device="cpu")
        letters = letters_for(model, 4)
        letters[:, 6000:7200] = np.tile(letters[:, 6000:6006], 200)
        difference, largest = compare_with_torch(model, letters)
        print(f"{model.card.name}: {difference:.1e} of {largest:.2g}")
        assert difference <= 1e-6 * max(1.0, largest)
        assert largest > 0.01
