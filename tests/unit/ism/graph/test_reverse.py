"""Gradients of graphs: every operator against float64 finite differences, ties, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from oracles.gradient_cases import CASES, LENGTH, Case, network
from oracles.gradient_networks import in_float64
from oracles.ism_networks import random_network

from gxfast.errors import InputError, ModelError
from gxfast.ism.graph.reverse import GRADIENT, SEED, gradient_model
from gxfast.ism.graph.view import Graph, build_graph, load_graph
from gxfast.ism.ops import registry
from gxfast.ism.ops.activation import no_gradient
from gxfast.models.runtime import open_session
from gxfast.models.saving import save_model
from gxfast.models.session import Model

SEEDS = [seed for seed in range(130) if seed != 125]  # 125: a pool that onnx counts otherwise than its runtime


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


RESIZES = {
    f"{mode} {way} {scale}": Case(
        f'a = Unsqueeze(x, two) y = Resize<mode="{mode}", coordinate_transformation_mode="{way}">(a, , k)',
        {"k": np.array([1, 1, 1, scale], np.float32), "two": np.array([2])},
        opset=19,
    )
    for mode in ("nearest", "linear", "cubic")
    for way in ("half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners", "pytorch_half_pixel")
    for scale in (0.3, 0.7, 1.9, 2.5)
}
NEAREST = {
    f"nearest {rule} {way}": Case(
        f'y = Resize<nearest_mode="{rule}", coordinate_transformation_mode="{way}">(x, , , k)',
        {"k": np.array([2, 6, 30])},
    )
    for rule in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    for way in ("half_pixel", "asymmetric")
}
LINEAR = {
    **RESIZES,
    **NEAREST,
    "cubic that leaves the outside out": Case(
        'a = Unsqueeze(x, two) y = Resize<mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1>(a, , k)',
        {"k": np.array([1, 1, 1, 1.5], np.float32), "two": np.array([2])},
    ),
    "two axes": Case(
        'a = Unsqueeze(x, one) y = Resize<mode="linear">(a, , k)',
        {"k": np.array([1, 1, 2.5, 0.5], np.float32), "one": np.array([1])},
    ),
    "ConvTranspose same upper": Case('y = ConvTranspose<strides=[2], auto_pad="SAME_UPPER">(x, w)', {"w": (4, 5, 5)}),
    "ConvTranspose same lower": Case('y = ConvTranspose<strides=[2], auto_pad="SAME_LOWER">(x, w)', {"w": (4, 5, 5)}),
    "ConvTranspose to a size": Case("y = ConvTranspose<strides=[2], output_shape=[22]>(x, w)", {"w": (4, 5, 4)}),
}


@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_against_the_runtime(name: str) -> None:
    """Its own change along random directions: no other program has the same roundings."""
    graph = graph_of(network(LINEAR[name]))
    rng = np.random.default_rng(3)
    seed = rng.normal(0, 1, graph.shape("y")).astype(np.float32)
    start, gradient = run(graph, np.zeros(graph.shape("x"), np.float32), seed)
    for _ in range(4):
        direction = rng.normal(0, 1, graph.shape("x")).astype(np.float32)
        change = (run(graph, direction, seed)[0] - start).astype(np.float64)
        size = np.abs(change * seed).sum()
        assert abs((change * seed).sum() - (gradient.astype(np.float64) * direction).sum()) <= 2e-6 * size


def test_group_normalization_with_a_scale_per_channel() -> None:
    new = Case("y = GroupNormalization<num_groups=2>(x, s, b)", {"s": (4,), "b": (4,)}, opset=21)
    same = {"one": np.ones(2, np.float32), "zero": np.zeros(2, np.float32), "k": np.array([0, 2, -1])}
    body = "r = Reshape(x, k) i = InstanceNormalization(r, one, zero) j = Reshape(i, l) m = Mul(j, t) y = Add(m, c)"
    graph = graph_of(network(new))
    scale, offset = (graph.constant(name).reshape(4, 1) for name in "sb")
    old = graph_of(network(Case(body, {**same, "l": np.array([0, 4, 12]), "t": scale, "c": offset})))
    rng = np.random.default_rng(5)
    x, seed = (rng.normal(0, 1, (2, 4, LENGTH)).astype(np.float32) for _ in range(2))
    for found, expected in zip(run(graph, x, seed), run(old, x, seed), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_against_finite_differences(seed: int) -> None:
    graph = graph_of(random_network(seed))
    x = np.random.default_rng(seed).normal(0, 1, graph.shape("sequence")).astype(np.float32)
    assert_is_the_gradient(graph, x, 5e-5)


def test_xpresso_with_random_weights_against_finite_differences(tmp_path: Path) -> None:
    from gxfast.models.importers.xpresso import LAYERS, _build, _card

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


def test_every_registered_gradient_is_covered() -> None:
    covered = {node.op_type for case in CASES.values() for node in graph_of(network(case)).nodes}
    known = {name for name, operator in registry._OPERATORS.items() if operator.gradient not in (None, no_gradient)}
    assert known <= covered


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
        (
            Case('y = Resize<antialias=1, mode="linear">(x, , k)', {"k": np.array([1, 1, 0.5], np.float32)}, opset=18),
            "Resize: antialias",
        ),
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
