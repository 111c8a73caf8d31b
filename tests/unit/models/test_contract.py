"""What a model file must be before anything of it runs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gxfast.errors import InputError, ModelError
from gxfast.models._contract import bind
from gxfast.models._file import read_model_file
from gxfast.models.card import ModelCard
from gxfast.models.session import Model

FLOAT = TensorProto.FLOAT
CARD = ModelCard(name="m", layout="NLC", length=6, tss_index={"+": 3, "-": 3})


def build(inputs: dict[str, tuple[int, list[Any]]], *, outputs: int = 1, opset: int = 17, **model_options: Any) -> Any:
    """A model that sums its inputs' absolute values to (N,) per input; its shapes are what is tested."""
    nodes, totals = [], []
    for i, (name, (_, shape)) in enumerate(inputs.items()):
        nodes.append(helper.make_node("Cast", [name], [f"f{i}"], to=FLOAT))
        if len(shape) > 1:
            axes = list(range(1, len(shape)))
            nodes.append(helper.make_node("ReduceL1", [f"f{i}"], [f"r{i}"], axes=axes, keepdims=0))
        totals.append(f"r{i}" if len(shape) > 1 else f"f{i}")
    nodes += [helper.make_node("Sum", totals, [f"y{k}"]) for k in range(outputs)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(f"y{k}", FLOAT, ["b"]) for k in range(outputs)],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], **({"ir_version": 8} | model_options)
    )


def save(path: Path, model: Any) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def refusal(path: Path, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as error:
        Model(path, device="cpu", **options)
    assert error.value.path == str(path)
    return error.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\n<html>", "web page"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x80\x02}q", "pickle"),
        (b"\x00\x01\x02 random bytes", "not an ONNX model"),
        (b"\x08\x08", "no complete graph"),
    ],
)
def test_refuses_files_that_are_not_onnx(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert message in str(refusal(path))


def test_refuses_missing_folder_and_fifo(tmp_path: Path) -> None:
    assert "No such file" in str(refusal(tmp_path / "absent.onnx"))
    assert "regular file" in str(refusal(tmp_path))
    os.mkfifo(tmp_path / "fifo.onnx")
    assert "regular file" in str(refusal(tmp_path / "fifo.onnx"))


def test_refuses_every_truncation(tmp_path: Path) -> None:
    data = build({"x": (FLOAT, ["b", 6, 4])}).SerializeToString()
    path = tmp_path / "m.onnx"
    for size in range(1, len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(ModelError, match="not an ONNX model"):
            read_model_file(path)
    path.write_bytes(data)
    assert read_model_file(path).files == {"m.onnx": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("options", [{"opset": 99}, {"ir_version": 99}])
def test_too_new_models_name_the_installed_runtime(tmp_path: Path, options: dict[str, int]) -> None:
    import onnxruntime

    model = build({"x": (FLOAT, ["b", 6, 4])}, **options)  # type: ignore[arg-type]
    text = str(refusal(save(tmp_path / "m.onnx", model)))
    assert f"onnxruntime {onnxruntime.__version__} cannot load" in text
    assert "update onnxruntime" in text
    assert "onnxruntime_src" not in text


def test_refuses_custom_operators_also_inside_subgraphs(tmp_path: Path) -> None:
    model = build({"x": (FLOAT, ["b", 6, 4])})
    model.graph.node.append(helper.make_node("Magic", ["y0"], ["z"], domain="acme"))
    assert "acme::Magic" in str(refusal(save(tmp_path / "m.onnx", model)))
    inner = helper.make_graph(
        [helper.make_node("Magic", ["y0"], ["z"], domain="acme")],
        "then",
        [],
        [helper.make_tensor_value_info("z", FLOAT, None)],
    )
    model = build({"x": (FLOAT, ["b", 6, 4])})
    model.graph.node.append(helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner))
    assert "acme::Magic" in str(refusal(save(tmp_path / "m2.onnx", model)))


def test_onnxruntime_refusal_is_one_clean_line(tmp_path: Path) -> None:
    model = build({"x": (FLOAT, ["b", 6, 4])})
    model.graph.node.append(helper.make_node("NoSuchOp", ["y0"], ["z"]))
    text = str(refusal(save(tmp_path / "m.onnx", model)))
    assert "NoSuchOp" in text
    assert "[ONNXRuntimeError]" not in text
    assert text.count("\n") == 1  # before the remedy


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": (FLOAT, ["b", 6, 5])}, "one axis of length 4"),
        ({"x": (FLOAT, ["b", 24])}, "one axis of length 4"),
        ({"x": (FLOAT, ["b", 4, 4])}, "not clear"),
        ({"x": (FLOAT, ["b", 4, 2, 6])}, "one axis of length 4"),
        ({"x": (FLOAT, ["b", 6, 5]), "z": (FLOAT, ["b", 3])}, "no input has an axis of length 4"),
        ({"x": (FLOAT, ["b", 6, 4]), "z": (FLOAT, ["b", 6, 4])}, "2 sequence inputs"),
        ({"x": (FLOAT, ["b", 6, 4]), "z": (FLOAT, ["b", 3])}, "inputs besides the sequence (z)"),
        ({"x": (TensorProto.UINT16, ["b", 6, 4])}, "is uint16"),
        ({"x": (TensorProto.STRING, ["b", 6, 4])}, "is string"),
        ({"x": (FLOAT, ["b", "length", 4])}, "any sequence length"),
    ],
)
def test_refuses_inputs_that_break_the_contract(
    tmp_path: Path, inputs: dict[str, tuple[int, list[Any]]], message: str
) -> None:
    assert message in str(refusal(save(tmp_path / "m.onnx", build(inputs))))


@pytest.mark.parametrize(
    ("card", "field", "message"),
    [
        (replace(CARD, layout="NCL"), "input.layout", "axis 1 must have length 4"),
        (replace(CARD, layout="NC1L"), "input.layout", "rank 3"),
        (replace(CARD, length=7), "input.length", "reads 6 bases, the card says 7"),
        (replace(CARD, input_name="seq"), "input.name", "inputs: x"),
        (replace(CARD, output_name="out"), "output.name", "outputs: y0"),
        (replace(CARD, extra_inputs={"z": (1.0,)}), None, "'z', which is no input"),
        (replace(CARD, output_layout="NBT"), "output.layout", "rank 1"),
        (replace(CARD, tracks=(1,)), "output.tracks", "which has 1"),
        (replace(CARD, track_names=("a", "b")), "output.track_names", "2 names for 1"),
    ],
)
def test_refuses_a_card_that_does_not_fit(tmp_path: Path, card: ModelCard, field: str | None, message: str) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", 6, 4])}))
    error = refusal(path, card=card)
    assert message in str(error)
    assert error.record == field


def test_several_outputs_must_be_named(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", 6, 4])}, outputs=2))
    assert "2 outputs (y0, y1)" in str(refusal(path))
    assert Model(path, card=replace(CARD, output_name="y1"), device="cpu").card.output_name == "y1"


def test_dynamic_length_comes_from_the_card_or_the_argument(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", "length", 4])}))
    assert Model(path, length=9, device="cpu").length == 9
    assert Model(path, card=CARD, device="cpu").length == 6
    assert "the card says 6" in str(refusal(path, card=CARD, length=9))
    fixed = save(tmp_path / "f.onnx", build({"x": (FLOAT, ["b", 6, 4])}))
    assert "the model reads 6" in str(refusal(fixed, length=9))
    with pytest.raises(InputError, match="length must be positive"):
        Model(path, length=0, device="cpu")


def test_ambiguous_layout_is_settled_by_the_card(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", 4, 4])}))
    card = replace(CARD, layout="NCL", length=4)
    assert bind(read_model_file(path), card).card.layout == "NCL"


@pytest.mark.parametrize(
    ("kind", "shape", "values", "expected"),
    [
        (FLOAT, ["b", 3], (1.0, 2.0, 3.0), ((1, 3), True)),
        (FLOAT, ["b", None], (1.0, 2.0), ((1, 2), True)),
        (FLOAT, ["b"], (1.0,), ((1,), True)),
        (TensorProto.INT64, ["b", 2, 2], (1.0, 2.0, 3.0, 4.0), ((1, 2, 2), True)),
        (FLOAT, [3], (1.0, 2.0, 3.0), ((3,), False)),
        (FLOAT, [], (1.0,), ((), False)),
    ],
)
def test_extra_inputs_take_their_shape(
    tmp_path: Path, kind: int, shape: list[Any], values: tuple[float, ...], expected: tuple[Any, bool]
) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", 6, 4]), "z": (kind, shape)}))
    binding = bind(read_model_file(path), replace(CARD, extra_inputs={"z": values}))
    array, per_row = binding.extra_inputs["z"]
    assert (array.shape, per_row) == expected
    assert array.ravel().tolist() == list(values)


@pytest.mark.parametrize(
    ("kind", "shape", "values", "message"),
    [
        (FLOAT, ["b", 3], (1.0, 2.0), "gives 2 values"),
        (TensorProto.INT64, ["b", 1], (0.5,), "whole numbers"),
        (TensorProto.BOOL, ["b", 1], (1.0,), "type bool"),
    ],
)
def test_refuses_extra_values_that_do_not_fit(
    tmp_path: Path, kind: int, shape: list[Any], values: tuple[float, ...], message: str
) -> None:
    path = save(tmp_path / "m.onnx", build({"x": (FLOAT, ["b", 6, 4]), "z": (kind, shape)}))
    error = refusal(path, card=replace(CARD, input_name="x", extra_inputs={"z": values}))
    assert message in str(error)
    assert error.record == "extra_inputs.z"
    missing = refusal(path, card=replace(CARD, input_name="x"))
    assert "gives no values for input 'z'" in str(missing)


def external_model(folder: Path) -> Path:
    """A linear model whose (24, 1) weights lie in ``m.data``."""
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"], axis=1),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    weights = np.arange(24, dtype=np.float32)[:, None]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, ["b", 6, 4])],
        [helper.make_tensor_value_info("y", FLOAT, ["b", 1])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = {"save_as_external_data": True, "location": "m.data", "size_threshold": 0}
    onnx.save_model(model, str(folder / "m.onnx"), **options)
    return folder / "m.onnx"


def point_to(path: Path, location: str) -> None:
    model = onnx.load(str(path), load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    path.write_bytes(model.SerializeToString())


def test_external_data_are_hashed_and_used(tmp_path: Path) -> None:
    path = external_model(tmp_path)
    model = Model(path, device="cpu")
    digest = hashlib.sha256((tmp_path / "m.data").read_bytes()).hexdigest()
    assert model.files == {"m.onnx": model.sha256, "m.data": digest}
    # AAAAAA: the weight of channel A at each position: 0 + 4 + ... + 20
    assert model.predict(np.full((1, 6), ord("A"), np.uint8)).tolist() == [[60.0]]


def test_refuses_external_data_that_are_missing_or_short(tmp_path: Path) -> None:
    path = external_model(tmp_path)
    (tmp_path / "m.data").write_bytes(b"\0" * 95)
    assert "cut off: 95 bytes of 96" in str(refusal(path))
    (tmp_path / "m.data").unlink()
    assert "'m.data' are missing" in str(refusal(path))


@pytest.mark.parametrize("location", ["../m.data", "a/../../m.data", "/etc/passwd", "", "*/_ORT_MEM_ADDR_/*"])
def test_refuses_external_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "m.data").write_bytes(b"\0" * 96)
    path = external_model(folder)
    point_to(path, location)
    assert "external data" in str(refusal(path))


@pytest.mark.parametrize("key", ["offset", "length"])
@pytest.mark.parametrize("text", ["-4", "٣", "²", "9" * 5000, str(2**64), "1e1", "4", "95", "", " ", "0x60"])
def test_refuses_places_in_external_data_that_are_none(tmp_path: Path, key: str, text: str) -> None:
    path = external_model(tmp_path)
    model = onnx.load(str(path), load_external_data=False)
    (tensor,) = model.graph.initializer
    kept = [(entry.key, entry.value) for entry in tensor.external_data if entry.key != key]
    del tensor.external_data[:]
    for one, value in [*kept, (key, text)]:
        tensor.external_data.add(key=one, value=value)
    path.write_bytes(model.SerializeToString())
    message = str(refusal(path))
    assert "m.data" in message
    assert "tensor w: its external data" in message or "cut off: 96 bytes of 1" in message


def test_refuses_two_places_for_one_tensor(tmp_path: Path) -> None:
    path = external_model(tmp_path)
    model = onnx.load(str(path), load_external_data=False)
    model.graph.initializer[0].external_data.add(key="location", value="other.data")
    path.write_bytes(model.SerializeToString())
    assert "tensor w" in str(refusal(path))


def test_a_model_that_is_a_link_reads_the_data_that_are_hashed(tmp_path: Path) -> None:
    """Onnxruntime looks beside the link, not beside what it links to; so does the hash."""
    real, linked = tmp_path / "real", tmp_path / "linked"
    for folder in (real, linked):
        folder.mkdir()
    path = linked / "m.onnx"
    path.symlink_to(external_model(real))
    assert "'m.data' are missing" in str(refusal(path))
    data = np.ones(24, np.float32).tobytes()
    (linked / "m.data").write_bytes(data)
    model = Model(path, device="cpu")
    assert model.files["m.data"] == hashlib.sha256(data).hexdigest()
    assert model.predict(np.full((1, 6), ord("A"), np.uint8)).tolist() == [[6.0]]


@pytest.mark.parametrize(("link", "message"), [(os.symlink, "a link to a place"), (os.link, "hard link")])
def test_refuses_links_to_data_outside_the_folder(tmp_path: Path, link: Any, message: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = external_model(folder)
    (folder / "m.data").rename(tmp_path / "elsewhere")
    link(tmp_path / "elsewhere", folder / "m.data")
    assert message in str(refusal(path))


def test_refuses_external_data_that_would_block(tmp_path: Path) -> None:
    path = external_model(tmp_path)
    (tmp_path / "m.data").unlink()
    os.mkfifo(tmp_path / "m.data")
    assert "not a regular file" in str(refusal(path))


def test_finds_external_data_of_every_kind_of_tensor(tmp_path: Path) -> None:
    """Data files may also hang on node attributes, inside subgraphs and in sparse initializers."""

    def outside(name: str) -> Any:
        tensor = numpy_helper.from_array(np.ones(1, np.float32), name)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=f"../{name}")
        return tensor

    def constant(name: str) -> Any:
        return helper.make_node("Constant", [], [name], value=outside(name))

    branch = helper.make_graph([constant("inner")], "b", [], [helper.make_tensor_value_info("inner", FLOAT, [1])])
    sparse = onnx.SparseTensorProto(values=outside("sparse"), indices=numpy_helper.from_array(np.array([0])))
    for extend in (
        lambda graph: graph.node.append(constant("attribute")),
        lambda graph: graph.node.append(helper.make_node("Constant", [], ["z"], sparse_value=sparse)),
        lambda graph: graph.node.append(helper.make_node("If", ["c"], ["z"], then_branch=branch)),
        lambda graph: graph.sparse_initializer.append(sparse),
    ):
        model = build({"x": (FLOAT, ["b", 6, 4])})
        extend(model.graph)
        assert "outside the model's folder" in str(refusal(save(tmp_path / "m.onnx", model)))
