"""Gradients: every rule against float64 finite differences, whole models against predictions and torch."""

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
from oracles.gradient_networks import CASES, LENGTH, Case, in_float64, network, torch_gradient
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.encode.one_hot import one_hot
from gxfast.errors import InputError, ModelError
from gxfast.ism import gradient_rules
from gxfast.ism.gradient import GRADIENT, SEED, Gradient, gradient_model
from gxfast.ism.graph.view import Graph, build_graph, load_graph
from gxfast.models.runtime import open_session
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
SEEDS = [seed for seed in range(130) if seed != 125]  # 125: refused, see test_ism_delta
DATA = Path(os.environ.get("GXFAST_DATA", Path(__file__).parents[3] / "../shared/data")) / "geuvadis_chr22"


def graph_of(proto: onnx.ModelProto, batch: int = 2) -> Graph:
    if not proto.metadata_props:
        return build_graph(proto, input_name="x", output_name="y", layout="NCL", length=LENGTH, batch=batch)
    card = json.loads(proto.metadata_props[0].value)["input"]
    return build_graph(
        proto, input_name="sequence", output_name="y", layout=card["layout"], length=card["length"], batch=batch
    )


def run(graph: Graph, x: NDArray[Any], seed: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Output and gradient, by onnxruntime."""
    session = open_session(gradient_model(graph), device="cpu").raw
    output, gradient = session.run([graph.output_name, GRADIENT], {graph.input_name: x, SEED: seed})
    return output, gradient


def assert_is_the_gradient(graph: Graph, x: NDArray[Any], allowed: float) -> None:
    """Compare slopes along random directions: central differences in float64 need no tolerance of their own."""
    rng = np.random.default_rng(1)
    seed = rng.normal(0, 1, graph.shape(graph.output_name)).astype(np.float32)
    output, gradient = run(graph, x, seed)
    exact = in_float64(graph.subgraph([graph.input_name], [graph.output_name]))
    expected = exact(x)
    assert expected.dtype == np.float64
    assert np.abs(output - expected).max() <= 2e-6 * max(1.0, np.abs(expected).max())  # the oracle is the model
    size = np.sqrt((gradient.astype(np.float64) ** 2).sum())
    assert size > 0.005
    for _ in range(4):
        # So short that no kink of the networks (a Relu, another maximum) lies on the way.
        direction, length = rng.normal(0, 1, x.shape), 1e-8
        change = (exact(x + length * direction) - exact(x - length * direction)) * seed
        assert abs(change.sum() / (2 * length) - (gradient * direction).sum()) <= allowed * size


@pytest.mark.parametrize("name", CASES)
def test_every_rule_against_finite_differences(name: str) -> None:
    graph = graph_of(network(CASES[name]))
    if CASES[name].opset > 21:  # newer than what the oldest supported onnxruntime reads
        try:
            open_session(graph.subgraph(["x"], ["y"]), device="cpu")
        except ModelError as error:
            pytest.skip(str(error))
    rng = np.random.default_rng(2)
    low, high = (0.3, 1.7) if CASES[name].positive else (-2.0, 2.0)
    assert_is_the_gradient(graph, rng.uniform(low, high, graph.shape("x")).astype(np.float32), 2e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_against_finite_differences(seed: int) -> None:
    graph = graph_of(random_network(seed))
    x = np.random.default_rng(seed).normal(0, 1, graph.shape("sequence")).astype(np.float32)
    assert_is_the_gradient(graph, x, 5e-5)


def test_xpresso_with_random_weights_against_finite_differences(tmp_path: Path) -> None:
    from gxfast.models.importers.xpresso import LAYERS, _build, _card
    from gxfast.models.saving import save_model

    rng = np.random.default_rng(3)
    weights = {
        layer: (
            rng.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape).astype(np.float32),
            rng.normal(0.1, 0.1, shape[-1:]).astype(np.float32),
        )
        for layer, shape in LAYERS.items()
    }
    save_model(_build(weights, "random"), _card("random"), tmp_path / "m.onnx")
    graph = load_graph(Model(tmp_path / "m.onnx", device="cpu"))
    x = rng.normal(0, 0.5, graph.shape(graph.input_name)).astype(np.float32)
    # 90,000 pools of 30 numbers: where two are equal in float32, float64 may choose the other one.
    assert_is_the_gradient(graph, x, 2e-3)


def test_every_registered_rule_is_covered() -> None:
    covered = {node.op_type for case in CASES.values() for node in graph_of(network(case)).nodes}
    flat = {"Floor", "Ceil", "Round", "Equal", "GreaterOrEqual", "LessOrEqual", "Not", "And", "Or", "Xor", "Sign"}
    flat |= {"ArgMax", "ArgMin", "IsNaN", "IsInf", "OneHot", "NonZero", "Shape", "Size"}
    assert set(gradient_rules._registry._RULES) - flat <= covered


# --- what is not unique, and what is refused -----------------------------------------------------------------


def test_the_first_of_equal_maxima_gets_all_of_the_gradient() -> None:
    x = np.zeros((2, 4, LENGTH), np.float32)
    x[0, 0] = [3, 1, 3, 3, 0, 0, 5, 5, 2, 5, 9, 9]
    expected = {
        "y = MaxPool<kernel_shape=[3], strides=[3]>(x)": [1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0],
        # Windows 0-3, 2-5, 4-7, 6-9, 8-11
        "y = MaxPool<kernel_shape=[4], strides=[2]>(x)": [1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0],
        # Two zeros of padding in front: they are below every number, also below those that are negative.
        "y = MaxPool<kernel_shape=[4], strides=[4], pads=[2, 2]>(x)": [1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0],
        "y = GlobalMaxPool(x)": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        "y = ReduceMax<axes=[2]>(x)": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        "y = ReduceMin<axes=[2]>(x)": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        "y = Relu(x)": [1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1],
    }
    for body, row in expected.items():
        graph = graph_of(network(Case(body)))
        for offset in (0.0, -20.0) if "Relu" not in body else (0.0,):
            _, gradient = run(graph, x + np.float32(offset), np.ones(graph.shape("y"), np.float32))
            assert gradient[0, 0].tolist() == row, (body, offset)


def test_equal_inputs_of_max_share() -> None:
    graph = graph_of(network(Case("a = Mul(x, t) y = Max(x, a)", {"t": np.float32(3)})))
    _, gradient = run(graph, np.zeros((2, 4, LENGTH), np.float32), np.ones((2, 4, LENGTH), np.float32))
    assert (gradient == 2.0).all()  # half of slope 1 and half of slope 3


def test_a_constant_seed_is_built_in() -> None:
    graph = graph_of(network(CASES["Conv pads"]))
    rng = np.random.default_rng(4)
    x, seed = (rng.normal(0, 1, graph.shape(name)).astype(np.float32) for name in "xy")
    session = open_session(gradient_model(graph, seed), device="cpu").raw
    assert np.array_equal(session.run([GRADIENT], {"x": x})[0], run(graph, x, seed)[1])
    with pytest.raises(InputError, match="seed has shape"):
        gradient_model(graph, seed[:1])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case("y = CumSum(x, k)", {"k": np.array(2)}), "CumSum: there is no rule"),
        (Case('y = Pad<mode="reflect">(x, k)', {"k": np.array([0, 0, 1, 0, 0, 1])}), "Pad: mode reflect"),
        (
            Case("t = Slice(x, s, e, a) y = Conv(t, t)", {"s": np.array([0]), "e": np.array([4]), "a": np.array([2])}),
            "Conv: its weights",
        ),
        (Case("y = Pow(x, x)"), "Pow: input 0 depends"),
        (Case("y = Floor(x)"), "no gradient reaches the input 'x'"),
        (Case("v, i = TopK(x, k) y = Identity(v)", {"k": np.array([2])}), "TopK: there is no rule"),
        (
            Case("v, m = LayerNormalization(x, w) y = Add(v, m)", {"w": (12,)}),
            "LayerNormalization: one of its further outputs",
        ),
        (Case('y = Einsum<equation="ncl->nc">(x)'), "sums over a letter of one input alone"),
        (Case("y = Dropout(x, , t)", {"t": np.array(True)}), "Dropout: it is in training mode"),
    ],
)
def test_what_has_no_rule_is_named(case: Case, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        gradient_model(graph_of(network(case)))
    assert words in str(caught.value)


def test_old_opsets_are_refused() -> None:
    with pytest.raises(ModelError, match="opset 10 is too old"):
        gradient_model(graph_of(network(Case("y = Relu(x)", opset=10))))


def test_rules_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_rules._registry, "_RULES", dict(gradient_rules._registry._RULES))

    @gradient_rules.register("CumSum")
    def cumulative(r: gradient_rules.Reverse) -> gradient_rules.Gradients:
        return [r.emit.op("CumSum", r.dy, r.name(1), reverse=1)]

    graph = graph_of(network(Case("y = CumSum(x, k)", {"k": np.array(2)})))
    assert_is_the_gradient(graph, np.random.default_rng(0).normal(0, 1, (2, 4, LENGTH)).astype(np.float32), 1e-6)


# --- whole models --------------------------------------------------------------------------------------------


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
        ({"positions": [24]}, "position 24 is outside"),
        ({"positions": [-1]}, "position -1 is outside"),
        ({"bases": "N"}, "bases must be A, C, G or T, found 'N'"),
        ({"bases": "AC"}, "one base per position"),
        ({"positions": [0.5]}, "one base per position"),
        ({"sequence": np.zeros((1, 24), np.uint8)}, "one sequence is needed"),
        ({"sequence": np.zeros(23, np.uint8)}, r"uint8 array \(N, 24\)"),
        ({"outputs": gx.ism.Outputs(bins=[0])}, "has none"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: dict[str, Any], words: str) -> None:
    model = linear_model(tmp_path, {}, layout="NLC", output="NT")
    given: dict[str, Any] = {"sequence": letters_for(model)[0], "positions": [3], "bases": "A", **arguments}
    with pytest.raises(InputError, match=words):
        gx.ism.gradient_x_variant(model, **given)
    assert gx.ism.gradient_x_variant(model, letters_for(model)[0], [], "").shape == (0,)


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


# --- torch ---------------------------------------------------------------------------------------------------


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
