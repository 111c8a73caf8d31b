"""Every operator that is known, with each optional input and output there or left out, and names that say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, defs, helper, numpy_helper

import gxfast as gx
from gxfast.ism.ops import registry

LENGTH, CHANNELS = 24, 4
X = "x"  # the tensor of the sequence, (n, 4, 24)
F = np.float32


def drawn(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).normal(0, 0.4, shape).astype(F)


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


class Recipe(NamedTuple):
    """Inputs of a node (``x``, a constant, or the tensor of another node), how many it needs, and its attributes."""

    inputs: tuple[Any, ...] = (X,)
    needs: int = 1
    settings: Mapping[str, Any] = MappingProxyType({})
    opset: int = 18
    outputs: int = 0  # of an operator with any number of them


POSITIVE, ROWS, FLAT, WHOLE, ON = "positive", "rows", "flat", "whole", "on"
ONE, NORMAL = np.ones(CHANNELS, F), (drawn(CHANNELS), drawn(CHANNELS), np.abs(drawn(CHANNELS)) + 1)
GATES = {"hidden_size": 3}
RECIPES: dict[str, list[Recipe]] = {
    "Conv": [Recipe((X, drawn(5, 4, 3), drawn(5)), 2), Recipe((X, drawn(5, 4, 3)), 2, {"auto_pad": "SAME_UPPER"})],
    "ConvTranspose": [
        Recipe((X, drawn(4, 5, 3), drawn(5)), 2, {"strides": [2]}),
        Recipe((X, drawn(4, 5, 3)), 2, {"strides": [2], "auto_pad": "SAME_LOWER"}),
        Recipe((X, drawn(4, 5, 3)), 2, {"strides": [2], "output_shape": [48]}),
    ],
    "MaxPool": [Recipe(settings={"kernel_shape": [3], "strides": [2]})],
    "AveragePool": [Recipe(settings={"kernel_shape": [3], "strides": [2]})],
    "LpPool": [Recipe(settings={"kernel_shape": [3]})],
    "BatchNormalization": [
        Recipe((X, ONE, *NORMAL), 5, opset=9), Recipe((X, ONE, *NORMAL), 5),
        Recipe((X, ONE, *NORMAL), 5, {"training_mode": 1}),
    ],
    "LayerNormalization": [Recipe((X, drawn(24), drawn(24)), 2), Recipe((ROWS, drawn(4), drawn(4)), 2)],
    "RMSNormalization": [Recipe((X, drawn(24)), 2, opset=23)],
    "InstanceNormalization": [Recipe((X, ONE, ONE), 3)],
    "GroupNormalization": [
        Recipe((X, drawn(2), drawn(2)), 3, {"num_groups": 2}), Recipe((X, ONE, ONE), 3, {"num_groups": 2}, opset=21),
    ],
    "com.microsoft::SimplifiedLayerNormalization": [Recipe((X, drawn(24)), 2)],
    "Dropout": [Recipe((X, np.float32(0.5), np.array(False)), 1), Recipe((X, np.float32(0.5), np.array(True)), 3)],
    "Clip": [Recipe((X, np.float32(-0.2), np.float32(0.3)), 1)],
    "Cast": [Recipe(settings={"to": TensorProto.DOUBLE}), Recipe(settings={"to": TensorProto.INT32})],
    "CastLike": [Recipe((X, np.zeros(1)), 2)],
    "Split": [
        Recipe((X, ints(10, 14)), 2, {"axis": 2}, outputs=2), Recipe((X,), 1, {"axis": 1, "num_outputs": 2}, outputs=2),
        Recipe((X,), 1, {"axis": 2}, opset=13, outputs=3),
    ],
    "Slice": [Recipe((X, ints(1), ints(3), ints(1), ints(2)), 3), Recipe((X, ints(2), ints(20), ints(2)), 4)],
    "Pad": [
        *(Recipe((X, ints(0, 0, 2, 0, 0, 1)), 2, {"mode": mode}) for mode in ("reflect", "edge")),
        Recipe((X, ints(2, 1), np.float32(1), ints(2)), 4), Recipe((X, ints(0, 0, 2, 0, 0, 1), np.float32(1)), 2),
    ],
    "Resize": [
        Recipe((X, np.zeros(0, F), np.array([1, 1, 2], F)), 3), Recipe((X, "", "", ints(2, 4, 36)), 4),
        *(Recipe((X, "", np.array([1, 1, 1.5], F)), 3, {"mode": mode}) for mode in ("nearest", "linear", "cubic")),
    ],
    "Upsample": [Recipe((X, np.array([1, 1, 2], F)), 2, opset=9)],
    "Gather": [Recipe((X, ints(3, 4)), 2, {"axis": 2}), Recipe((drawn(9, 2), "whole"), 2)],
    "Expand": [Recipe((X, ints(1, 1, 1)), 2)],
    "Tile": [Recipe((X, ints(1, 1, 2)), 2)],
    "Reshape": [Recipe((X, ints(0, 8, 12)), 2)],
    "Squeeze": [Recipe((X,), 1)],
    "Unsqueeze": [Recipe((X, ints(2)), 2)],
    "Transpose": [Recipe(settings={"perm": [0, 2, 1]})],
    "Concat": [Recipe((X, X), 1, {"axis": 1})],
    "MatMul": [Recipe((X, drawn(24, 5)), 2), Recipe((ROWS, drawn(4, 5)), 2)],
    "Gemm": [Recipe((FLAT, drawn(96, 5), drawn(5)), 2)],
    "Einsum": [Recipe((X, drawn(4, 3)), 2, {"equation": "ncl,cd->ndl"})],
    "OneHot": [Recipe((WHOLE, np.array(5), np.array([0, 1], F)), 3)],
    "NonZero": [], "Shape": [], "Size": [],  # of no use behind a sequence: their sizes are data, or constants
    "PRelu": [Recipe((X, drawn(4, 1)), 2)],
    "Where": [Recipe((ON, X, drawn(4, 1)), 3)],
    "Pow": [Recipe((POSITIVE, np.float32(2)), 2), Recipe((np.abs(drawn(4, 1)) + F(0.5), X), 2)],
    "Mod": [Recipe((X, np.float32(0.3)), 2, {"fmod": 1})],
    "com.microsoft::BiasGelu": [Recipe((X, drawn(24)), 2)],
    "LSTM": [
        Recipe(("steps", drawn(1, 12, 4), drawn(1, 12, 3), drawn(1, 24)), 3, GATES),
        Recipe(("steps", drawn(2, 12, 4), drawn(2, 12, 3), drawn(2, 24)), 3, {**GATES, "direction": "bidirectional"}),
    ],
    "GRU": [
        Recipe(("steps", drawn(1, 9, 4), drawn(1, 9, 3), drawn(1, 18)), 3, {**GATES, "linear_before_reset": 1}),
        Recipe(("steps", drawn(1, 9, 4), drawn(1, 9, 3)), 3, {**GATES, "direction": "reverse"}),
    ],
    "RNN": [Recipe(("steps", drawn(1, 3, 4), drawn(1, 3, 3), drawn(1, 6)), 3, GATES)],
}  # fmt: skip
for _name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Mean", "Sum"):
    RECIPES[_name] = [Recipe((X, drawn(4, 1) + 2), 2), Recipe((X, POSITIVE), 2)]
for _name in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
    RECIPES[_name] = [Recipe((X, np.float32(0.1)), 2)]
for _name in ("And", "Or", "Xor", "Not"):
    RECIPES[_name] = [Recipe((ON, np.array(True)), 2) if _name != "Not" else Recipe((ON,))]
for _name in (
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceProd",
):
    RECIPES[_name] = [Recipe((POSITIVE, axes), 2) for axes in (ints(1), ints(2), ints(1, 2))]
RECIPES["ReduceSumSquare"] = RECIPES["ReduceLogSumExp"] = RECIPES["ReduceSum"]
for _name in ("ArgMax", "ArgMin"):
    RECIPES[_name] = [Recipe(settings={"axis": axis}) for axis in (1, 2)]
for _name in ("Log", "Sqrt", "Reciprocal"):
    RECIPES[_name] = [Recipe((POSITIVE,))]
for _name in ("Acosh",):
    RECIPES[_name] = [Recipe(("above",))]
for _name in ("Asin", "Acos", "Atanh"):
    RECIPES[_name] = [Recipe(("small",))]
OPSETS = {"Gelu": 20, "Swish": 24, "Mish": 18}


def recipes(name: str) -> list[Recipe]:
    return RECIPES.get(name, [Recipe(opset=OPSETS.get(name, 18))])


def forms(name: str, recipe: Recipe) -> Iterator[tuple[list[Any], list[str]]]:
    """Inputs with a tail of the optional ones left out, and every choice of outputs."""
    optional = 0
    if "::" not in name:
        schema = defs.get_schema(name, recipe.opset)
        optional = sum(each.option == defs.OpSchema.FormalParameterOption.Optional for each in schema.outputs)
        first = schema.outputs[0].option == defs.OpSchema.FormalParameterOption.Optional
    always = recipe.outputs or (0 if optional and first else 1)
    for n in range(recipe.needs, len(recipe.inputs) + 1):
        for chosen in product((True, False), repeat=optional):
            outputs = [f"o{i}" if keep else "" for i, keep in enumerate((*[True] * always, *chosen))]
            while outputs and not outputs[-1]:
                outputs.pop()
            if any(outputs):
                yield list(recipe.inputs[:n]), outputs


class Network:
    """A convolution, the node, and a flat output of some of what it gives."""

    def __init__(self, name: str, recipe: Recipe, inputs: list[Any], outputs: list[str], used: tuple[str, ...]) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        weight = self.stored(drawn(CHANNELS, 4, 3))
        self.node("Conv", ["seq", weight], "x", pads=[1, 1])
        self.made = {X}
        domain, _, op_type = name.rpartition("::")
        names = [self.source(each) for each in inputs]
        self.nodes.append(helper.make_node(op_type, names, outputs, domain=domain, **recipe.settings))
        steps = op_type in ("LSTM", "GRU", "RNN")
        self.node("Concat", [self.flat(each, steps) for each in used], "y", axis=1)
        opsets = [helper.make_opsetid("", recipe.opset), helper.make_opsetid("com.microsoft", 1)]
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info("seq", TensorProto.FLOAT, ["n", 4, LENGTH])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])], self.weights,
        )  # fmt: skip
        self.model = helper.make_model(graph, opset_imports=opsets, ir_version=9 if recipe.opset < 23 else 11)

    def stored(self, value: Any) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value), f"w{len(self.weights)}"))
        return f"w{len(self.weights) - 1}"

    def node(self, op_type: str, inputs: list[str], output: str, **settings: Any) -> str:
        self.nodes.append(helper.make_node(op_type, inputs, [output], **settings))
        return output

    def source(self, value: Any) -> str:
        if not isinstance(value, str):
            return self.stored(value)
        if not value or value in self.made:
            return value
        self.made.add(value)
        if value == ROWS:
            return self.node("Transpose", [X], value, perm=[0, 2, 1])
        if value == "steps":
            return self.node("Transpose", [X], value, perm=[2, 0, 1])
        if value == FLAT:
            return self.node("Flatten", [X], value)
        if value == ON:
            return self.node("Greater", [X, self.stored(np.float32(0))], value)
        if value == WHOLE:
            scaled = self.node("Abs", [self.node("Mul", [X, self.stored(np.float32(3))], "scaled")], "size")
            return self.node("Cast", [self.node("Clip", [scaled, "", self.stored(F(4))], "clipped")], value, to=7)
        small = self.node("Sigmoid", [X], "small" if value == "small" else f"{value}_s")
        return small if value == "small" else self.node("Add", [small, self.stored(F(1.1))], value)

    def flat(self, name: str, steps: bool) -> str:
        real = self.node("Cast", [name], f"{name}_real", to=1)
        if steps:  # the batch is the last axis but one
            real = self.node("Transpose", [real], f"{name}_t", perm=[1, 0, 2] if name != "o0" else [2, 0, 1, 3])
        return self.node("Flatten", [real], f"{name}_flat", axis=1)


def cases(name: str) -> Iterator[onnx.ModelProto]:
    for recipe in recipes(name):
        for inputs, outputs in forms(name, recipe):
            there = [each for each in outputs if each]
            for used in dict.fromkeys([(there[0],), (there[-1],), tuple(there)]):
                yield Network(name, recipe, inputs, outputs, used).model


NAMES = sorted({*registry._OPERATORS, "LSTM", "GRU", "RNN"})


@pytest.mark.parametrize("name", NAMES)
def test_modes_agree_or_say_why_not(name: str, tmp_path: Path) -> None:
    sequence = np.frombuffer(b"ACGTTGCAANCGTACGATTGCATG", np.uint8)[None]
    refused = run = 0
    for i, proto in enumerate(cases(name)):
        proto.graph.node[-1].name = "Conv_0" if i % 2 else ""  # what a node without a name may be called
        path = tmp_path / f"{i}.onnx"
        onnx.save(proto, path)
        try:
            model = gx.Model(path, device="cpu")
            size = max(1.0, float(np.abs(model.predict(sequence)).max()))
            expected = gx.ism.saturate(gx.ism.plan(model, mode="naive"), sequence)
        except gx.ModelError:  # onnxruntime lacks it, or rows mix
            refused += 1
            continue
        run += 1
        for mode in ("auto", "packed", "delta"):
            try:
                plan = gx.ism.plan(model, mode=mode)
                assert plan.explain()
                found = gx.ism.saturate(plan, sequence)
            except gx.ModelError as error:
                assert mode != "auto" or name in TIES, error  # noqa: PT017
                continue
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * size)
        try:
            gradient = gx.ism.input_gradient(model, sequence)
        except gx.ModelError:
            continue
        assert gradient.shape == (1, LENGTH, 4)
    assert run or not refused or name in NOT_RUN


# Where two values are equal, the last bits decide.
TIES = ("ArgMax", "ArgMin", "Hardmax")
# onnxruntime has no kernel for these on the CPU, in the types and opsets above.
NOT_RUN = ("RMSNormalization", "Swish", "com.microsoft::SimplifiedLayerNormalization")


def test_what_a_branch_takes_from_outside(tmp_path: Path) -> None:
    """An If reads a convolution that is none of its inputs."""
    branches = [
        helper.make_graph(
            [helper.make_node(kind, ["x"], [f"{kind}_out"])], kind, [],
            [helper.make_tensor_value_info(f"{kind}_out", TensorProto.FLOAT, None)],
        )
        for kind in ("Tanh", "Neg")
    ]  # fmt: skip
    proto = Network("Relu", Recipe(), [X], ["o0"], ("o0",)).model
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    first, *rest = nodes
    proto.graph.node.append(first)
    proto.graph.node.append(helper.make_node("ReduceSum", ["seq"], ["total"], keepdims=0))
    proto.graph.node.append(helper.make_node("Cast", ["total"], ["on"], to=TensorProto.BOOL))
    proto.graph.node.append(
        helper.make_node("If", ["on"], ["chosen"], then_branch=branches[0], else_branch=branches[1])
    )
    rest[0].input[0] = "chosen"
    proto.graph.node.extend(rest)
    onnx.save(proto, tmp_path / "m.onnx")
    model = gx.Model(tmp_path / "m.onnx", device="cpu")
    sequence = np.frombuffer(b"ACGTTGCAANCGTACGATTGCATG", np.uint8)[None]
    expected = gx.ism.saturate(gx.ism.plan(model, mode="naive"), sequence)
    assert np.abs(expected).max() > 1e-3
    for mode in ("auto", "packed", "delta"):
        found = gx.ism.saturate(gx.ism.plan(model, mode=mode), sequence)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    with pytest.raises(gx.ModelError, match="no gradient through operator If"):
        gx.ism.input_gradient(model, sequence)
