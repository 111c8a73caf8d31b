"""Codes and edits as the model's input: the same bits as the host's one-hot encoding, and a graph that is sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import gxfast.demo
from gxfast.encode.one_hot import codes, one_hot
from gxfast.errors import InputError, ModelError
from gxfast.models.card import card_from_json
from gxfast.models.front import (
    FRONT_KERNELS,
    FRONT_KEY,
    code_input,
    edited_input,
    front_inputs,
    supports_front,
)

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")
LENGTH = 12
SHAPES: dict[str, list[Any]] = {"NLC": ["b", LENGTH, 4], "NCL": ["b", 4, LENGTH], "NC1L": ["b", 4, 1, LENGTH]}
DTYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "float64": TensorProto.DOUBLE}


def echo(
    layout: str = "NLC", *, dtype: str = "float32", opset: int = 17, ir: int = 8, shape: list[Any] | None = None
) -> Any:
    """A model that gives its input back, so that every bit of the encoding can be seen."""
    kind, dims = DTYPES[dtype], SHAPES[layout] if shape is None else shape
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "echo",
        [helper.make_tensor_value_info("x", kind, dims)],
        [helper.make_tensor_value_info("y", kind, [None] * len(dims))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


def outputs(model: Any, feeds: dict[str, NDArray[Any]]) -> NDArray[Any]:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = front_inputs(model)
    result: NDArray[Any] = session.run(None, {names.get(role, role): array for role, array in feeds.items()})[0]
    return result


def letters(n: int, length: int = LENGTH, seed: int = 1) -> NDArray[np.uint8]:
    bases = np.frombuffer(b"ACGTNacgtnRU-", np.uint8)
    return bases[np.random.default_rng(seed).integers(0, bases.size, (n, length))]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("unknown", ["zero", "quarter"])
@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("layout", sorted(SHAPES))
def test_codes_give_the_bits_of_the_host_encoder(layout: str, dtype: str, unknown: str, reverse: bool) -> None:
    sequences = letters(3)
    model = code_input(echo(layout, dtype=dtype), "x", layout=layout, unknown=unknown, channels="TGAC")
    found = outputs(model, {"codes": codes(sequences, reverse_complement=reverse)})
    expected = one_hot(
        sequences, layout=layout, dtype=dtype, unknown=unknown, channels="TGAC", reverse_complement=reverse
    )
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("number", "word"), [(0.0, "zero"), (0.25, "quarter")])
def test_the_unknown_value_may_be_the_number_of_the_card(number: float, word: str) -> None:
    by_number = code_input(echo(), "x", layout="NLC", unknown=number)
    assert by_number.SerializeToString() == code_input(echo(), "x", layout="NLC", unknown=word).SerializeToString()
    last_row = numpy_helper.to_array(by_number.graph.initializer[0])[4]
    assert last_row.tolist() == [number] * 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ACGTN", min_size=LENGTH, max_size=LENGTH), min_size=1, max_size=4), st.permutations("ACGT"))
def test_any_sequence_and_any_channel_order(sequences: list[str], order: list[str]) -> None:
    channels = "".join(order)
    model = code_input(echo("NCL"), "x", layout="NCL", channels=channels)
    expected = one_hot(sequences, layout="NCL", channels=channels)
    assert outputs(model, {"codes": codes(sequences)}).tobytes() == expected.tobytes()


# Opset and the IR version of its time; below IR 4 an initializer has to be an input as well.
OPSETS = [(7, 3), (9, 3), (10, 5), (11, 6), (12, 7), (13, 7), (17, 8), (21, 10), (23, 11)]


@pytest.mark.parametrize(("opset", "ir"), OPSETS)
@pytest.mark.parametrize("layout", sorted(SHAPES))
def test_every_opset_since_7(layout: str, opset: int, ir: int) -> None:
    sequences = letters(2)
    model = code_input(echo(layout, opset=opset, ir=ir), "x", layout=layout)
    assert (model.ir_version, model.opset_import[0].version) == (ir, opset)
    assert outputs(model, {"codes": codes(sequences)}).tobytes() == one_hot(sequences, layout=layout).tobytes()


def edited_letters(reference: bytes, edits: list[list[tuple[int, str]]]) -> NDArray[np.uint8]:
    rows = np.tile(np.frombuffer(reference, np.uint8), (len(edits), 1))
    for row, changes in zip(rows, edits, strict=True):
        for position, base in changes:
            row[position] = ord(base)
    return rows


REFERENCE = b"ACGTNACGTTNA"


@pytest.mark.parametrize(("opset", "ir"), [pair for pair in OPSETS if pair[0] >= 11])
@pytest.mark.parametrize("layout", sorted(SHAPES))
def test_haplotypes_equal_edited_sequences(layout: str, opset: int, ir: int) -> None:
    edits = [[], [(0, "T"), (11, "N")], [(4, "G"), (5, "C"), (6, "A")], []]
    flat = [(row, position, base) for row, changes in enumerate(edits) for position, base in changes]
    model = edited_input(echo(layout, opset=opset, ir=ir), "x", layout=layout)
    found = outputs(
        model,
        {
            "reference": codes(REFERENCE)[np.newaxis],
            "shape": np.array([len(edits), LENGTH], np.int64),
            "index": np.array([(row, position) for row, position, _ in flat], np.int64),
            "base": codes("".join(base for *_, base in flat)),
        },
    )
    assert found.tobytes() == one_hot(edited_letters(REFERENCE, edits), layout=layout).tobytes()


def test_haplotypes_without_any_edit() -> None:
    model = edited_input(echo(), "x", layout="NLC")
    feeds = {
        "reference": codes(REFERENCE)[np.newaxis],
        "shape": np.array([2, LENGTH], np.int64),
        "index": np.empty((0, 2), np.int64),
        "base": np.empty(0, np.uint8),
    }
    assert outputs(model, feeds).tobytes() == one_hot([REFERENCE, REFERENCE]).tobytes()


def element_types(model: Any) -> dict[str, str]:
    """Element type of every tensor, as inference finds it."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    values = [*graph.input, *graph.value_info, *graph.output]
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    kinds |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    return {name: TensorProto.DataType.Name(kind).lower() for name, kind in kinds.items()}


@pytest.mark.parametrize("opset", [11, 13, 17, 23])
@pytest.mark.parametrize("front", [code_input, edited_input])
@pytest.mark.parametrize("layout", sorted(SHAPES))
@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_the_front_uses_only_kernels_of_both_providers(dtype: str, layout: str, front: Any, opset: int) -> None:
    model = front(echo(layout, dtype=dtype, opset=opset), "x", layout=layout)
    types = element_types(model)
    added = [node for node in model.graph.node if node.op_type != "Identity"]
    assert len(added) == len(model.graph.node) - 1 >= 2
    for node in added:
        since, allowed = FRONT_KERNELS[node.op_type]
        assert opset >= since
        assert len(node.input) <= len(allowed)
        for name, kinds in zip(node.input, allowed, strict=False):
            assert types[name] in kinds, f"{node.op_type} reads {types[name]}"


def test_codes_need_only_cast_gather_and_the_layout() -> None:
    operators = {
        layout: [node.op_type for node in code_input(echo(layout), "x", layout=layout).graph.node[:-1]]
        for layout in SHAPES
    }
    assert operators == {
        "NLC": ["Cast", "Gather"],
        "NCL": ["Cast", "Gather", "Transpose"],
        "NC1L": ["Cast", "Gather", "Transpose", "Unsqueeze"],
    }


def dims(value: Any) -> list[Any]:
    return [dim.dim_param or dim.dim_value or None for dim in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize(
    ("layout", "shape", "expected"),
    [
        ("NLC", ["batch", LENGTH, 4], ["batch", LENGTH]),
        ("NCL", [8, 4, "length"], [8, "length"]),
        ("NC1L", [None, 4, 1, None], [None, None]),
        ("NLC", [-1, 0, 4], [None, None]),  # "any size" of some exporters
    ],
)
def test_batch_and_length_stay_as_declared(layout: str, shape: list[Any], expected: list[Any]) -> None:
    model = code_input(echo(layout, shape=shape), "x", layout=layout)
    assert [dims(value) for value in model.graph.input] == [expected]
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8
    edited = edited_input(echo(layout, shape=shape), "x", layout=layout)
    assert dims(edited.graph.input[0]) == [1, expected[1]]
    sequences = letters(8)
    assert outputs(model, {"codes": codes(sequences)}).tobytes() == one_hot(sequences, layout=layout).tobytes()


def test_an_input_without_a_shape() -> None:
    model = echo()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    sequences = letters(2, 5)
    coded = code_input(model, "x", layout="NLC")
    assert dims(coded.graph.input[0]) == [None, None]
    assert outputs(coded, {"codes": codes(sequences)}).tobytes() == one_hot(sequences).tobytes()


def test_the_original_is_not_changed() -> None:
    model = onnx.load(DEMO)
    before = model.SerializeToString(deterministic=True)
    code_input(model, "sequence", layout="NLC")
    edited_input(model, "sequence", layout="NLC")
    assert model.SerializeToString(deterministic=True) == before


def test_the_card_names_the_new_input() -> None:
    model = code_input(onnx.load(DEMO), "sequence", layout="NLC")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    card = card_from_json(metadata["gxfast.card"], source="test")
    assert card.input_name == "sequence_codes" == model.graph.input[0].name
    assert json.loads(metadata[FRONT_KEY]) == {"kind": "codes", "inputs": {"codes": "sequence_codes"}}
    edited = edited_input(onnx.load(DEMO), "sequence", layout="NLC")
    metadata = {entry.key: entry.value for entry in edited.metadata_props}
    assert card_from_json(metadata["gxfast.card"], source="test").input_name == "sequence_reference"


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"input": 3}', '{"input": {"name": "other"}}'])
def test_a_card_that_cannot_be_read_stays_as_it_is(text: str) -> None:
    model = echo()
    helper.set_model_props(model, {"gxfast.card": text})
    assert code_input(model, "x", layout="NLC").metadata_props[0].value == text


def test_the_new_input_stands_where_the_old_one_stood() -> None:
    model = echo()
    extra = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("before", "after")]
    model.graph.input.insert(0, extra[0])
    model.graph.input.append(extra[1])
    assert [v.name for v in code_input(model, "x", layout="NLC").graph.input] == ["before", "x_codes", "after"]
    edited = edited_input(model, "x", layout="NLC")
    names = [value.name for value in edited.graph.input]
    assert names == ["before", "x_reference", "x_shape", "x_index", "x_base", "after"]


def branching(names: dict[str, str]) -> Any:
    """A model that reads x inside both branches of an If, where the branches use the front's favourite names."""
    branches = {}
    for branch, (op, inner) in {"then_branch": ("Neg", names["then"]), "else_branch": ("Abs", names["else"])}.items():
        nodes = [helper.make_node(op, ["x"], [inner]), helper.make_node("Identity", [inner], [f"{branch}_y"])]
        result = helper.make_tensor_value_info(f"{branch}_y", TensorProto.FLOAT, None)
        branches[branch] = helper.make_graph(nodes, branch, [], [result])
    graph = helper.make_graph(
        [
            helper.make_node("Identity", ["switch"], ["x_eye"], name="x_cast_node"),
            helper.make_node("If", ["x_eye"], ["y"], **branches),
        ],
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPES["NLC"]),
            helper.make_tensor_value_info("switch", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, SHAPES["NLC"])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_names_of_subgraphs_are_not_taken_again() -> None:
    model = code_input(branching({"then": "x_codes", "else": "x_cast"}), "x", layout="NLC")
    assert front_inputs(model) == {"codes": "x_codes_2"}
    added = {name for node in model.graph.node[:2] for name in (node.name, *node.input, *node.output)}
    assert not added & {"x_codes", "x_cast", "x_eye", "x_cast_node"}
    sequences = letters(2)
    for switch, sign in ((True, -1), (False, 1)):
        found = outputs(model, {"codes": codes(sequences), "switch": np.array(switch)})
        assert found.tolist() == (sign * one_hot(sequences)).tolist()


def test_an_input_that_is_also_an_output() -> None:
    model = echo()
    model.graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPES["NLC"]))
    sequences = letters(2)
    assert outputs(code_input(model, "x", layout="NLC"), {"codes": codes(sequences)}).shape == (2, LENGTH, 4)


def test_what_was_known_of_the_shape_stays_known() -> None:
    graph = echo("NCL", shape=[8, 4, LENGTH])
    del graph.graph.output[0].type.tensor_type.shape.dim[:]
    graph.graph.output[0].type.tensor_type.ClearField("shape")
    model = edited_input(graph, "x", layout="NCL")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    assert dims(inferred.graph.output[0]) == [8, 4, LENGTH]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "LCN"}, "layout must be one of NLC, NCL, NC1L"),
        ({"unknown": 0.5}, "unknown must be zero, quarter"),
        ({"unknown": "error"}, "unknown must be zero, quarter"),
        ({"channels": "ACGU"}, "channels must be a permutation"),
    ],
)
def test_refuses_options(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        code_input(echo(), "x", **({"layout": "NLC"} | change))


def with_initializer(model: Any) -> Any:
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((1, LENGTH, 4), np.float32), "x"))
    return model


def of_type(model: Any, kind: int) -> Any:
    model.graph.input[0].type.tensor_type.elem_type = kind
    return model


@pytest.mark.parametrize(
    ("model", "layout", "message"),
    [
        (echo(opset=6, ir=3), "NLC", "opset 6 is too old"),
        (echo("NCL"), "NLC", r"x: input 'x' \[b, 4, 12\] does not fit layout NLC"),
        (echo("NCL"), "NC1L", "does not fit layout NC1L"),
        (echo("NC1L", shape=["b", 4, 2, 12]), "NC1L", "does not fit layout NC1L"),
        (with_initializer(echo()), "NLC", "no input is named 'x'"),
        (of_type(echo(), TensorProto.INT64), "NLC", "is int64; float32, float16 and float64"),
        (of_type(echo(), TensorProto.BFLOAT16), "NLC", "is bfloat16"),
    ],
)
def test_refuses_models(model: Any, layout: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        code_input(model, "x", layout=layout)


def test_refuses_an_input_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="no input is named 'z'; inputs: x"):
        code_input(echo(), "z", layout="NLC")


def test_edits_need_opset_11() -> None:
    with pytest.raises(ModelError, match=r"opset 10; operator ScatterND came with opset 11[\s\S]*opset 11 or newer"):
        edited_input(echo(opset=10, ir=5), "x", layout="NLC")


def test_a_second_front_is_refused() -> None:
    model = code_input(echo(), "x", layout="NLC")
    with pytest.raises(ModelError, match="is uint8"):
        code_input(model, "x_codes", layout="NLC")


def test_front_inputs_of_a_model_without_a_front() -> None:
    with pytest.raises(ModelError, match="no front that gxfast made"):
        front_inputs(echo())


def test_supports_front_goes_by_the_main_operator_set() -> None:
    assert supports_front({"ai.onnx": 7, "ai.onnx.ml": 3})
    assert not supports_front({"ai.onnx": 6})
    assert not supports_front({"com.microsoft": 1})


def test_codes_above_4_are_refused_by_the_cpu() -> None:
    model = code_input(echo(), "x", layout="NLC")
    with pytest.raises(Exception, match="indices element out of data bounds"):
        outputs(model, {"codes": np.full((1, LENGTH), 5, np.uint8)})


def test_external_data_stay_external(tmp_path: Path) -> None:
    weight = np.arange(LENGTH * 4, dtype=np.float32).reshape(-1, 1)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPES["NLC"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 1])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    coded = code_input(onnx.load(tmp_path / "m.onnx", load_external_data=False), "x", layout="NLC")
    assert coded.graph.initializer[0].data_location == TensorProto.EXTERNAL
    (tmp_path / "coded.onnx").write_bytes(coded.SerializeToString())
    onnx.checker.check_model(str(tmp_path / "coded.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "coded.onnx"), providers=["CPUExecutionProvider"])
    sequences = letters(2)
    found = session.run(None, {"x_codes": codes(sequences)})[0]
    assert found.tolist() == (one_hot(sequences).reshape(2, -1) @ weight).tolist()
