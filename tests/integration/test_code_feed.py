"""Models fed with codes or edits predict the same bits as models fed with one-hot sequences."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import gxfast.demo
from gxfast.encode.one_hot import codes
from gxfast.errors import InputError, ModelError
from gxfast.models import runtime
from gxfast.models.card import ModelCard
from gxfast.models.front import edited_input, front_inputs
from gxfast.models.importers.xpresso import LAYERS, SETTINGS, import_xpresso
from gxfast.models.runtime import CPU
from gxfast.models.session import Model

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")
LENGTH, TRACKS, WIDTH = 96, 3, 7
CARD = ModelCard(name="m", layout="NLC", length=LENGTH, tss_index={"+": 48, "-": 48})


def letters(n: int, length: int, seed: int = 7) -> NDArray[np.uint8]:
    """Random bases with runs of N, lower case and IUPAC letters."""
    rng = np.random.default_rng(seed)
    rows = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (n, length))]
    rows[rng.random(rows.shape) < 0.03] = ord("N")
    rows[rng.random(rows.shape) < 0.02] = ord("R")
    lower = rng.random(rows.shape) < 0.1
    rows[lower] += 32
    return rows


def conv_model(path: Path, layout: str, *, batch: Any = "b", dtype: int = TensorProto.FLOAT, opset: int = 17) -> Path:
    """Random convolution, ReLU, pooling, linear layer: rounding shows any change of what it reads."""
    rng = np.random.default_rng(3)
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    kernel = rng.normal(0, 0.3, (16, 4, WIDTH))
    dense = rng.normal(0, 0.1, (16 * (LENGTH // 8), TRACKS))
    flat = layout == "NC1L"
    constants = {"k": kernel[:, :, np.newaxis] if flat else kernel, "d": dense}
    shape = {"NLC": [batch, LENGTH, 4], "NCL": [batch, 4, LENGTH], "NC1L": [batch, 4, 1, LENGTH]}[layout]
    nodes = [helper.make_node("Transpose", ["x"], ["c"], perm=[0, 2, 1])] if layout == "NLC" else []
    read = "c" if nodes else "x"
    pad, pool = ([0, 3, 0, 3], [1, 8]) if flat else ([3, 3], [8])
    nodes += [
        helper.make_node("Conv", [read, "k"], ["h"], pads=pad),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=pool, strides=pool),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("MatMul", ["f", "d"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info("y", dtype, [batch, TRACKS])],
        [numpy_helper.from_array(array.astype(kind), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def both(path: Path, card: ModelCard | None = None, **options: Any) -> tuple[Model, Model]:
    made = [Model(path, card=card, device="cpu", feed=feed, **options) for feed in ("one_hot", "codes")]
    assert [model.feed for model in made] == ["one_hot", "codes"]
    return made[0], made[1]


@pytest.mark.parametrize("batch", ["b", 3])
@pytest.mark.parametrize("unknown", [0.0, 0.25])
@pytest.mark.parametrize("layout", ["NLC", "NCL", "NC1L"])
def test_same_bits_in_every_layout(tmp_path: Path, layout: str, unknown: float, batch: Any) -> None:
    path = conv_model(tmp_path / "m.onnx", layout, batch=batch)
    card = replace(
        CARD, layout=layout, unknown=unknown, channels="AGTC", ensemble_reverse_complement=True, shifts=(-2, 0, 5)
    )
    host, graph = both(path, card)
    rows = letters(8, card.read_length)
    expected = host.predict(rows)
    assert np.unique(expected, axis=0).shape == (8, TRACKS)
    assert graph.predict(rows).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_same_bits_in_other_float_types(tmp_path: Path, dtype: int) -> None:
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "d"], ["y"])]
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    dense = np.random.default_rng(1).normal(0, 0.1, (LENGTH * 4, TRACKS)).astype(kind)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", dtype, ["b", LENGTH, 4])],
        [helper.make_tensor_value_info("y", dtype, ["b", TRACKS])],
        [numpy_helper.from_array(dense, "d")],
    )
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    host, graph_fed = both(path, replace(CARD, unknown=0.25))
    rows = letters(6, LENGTH)
    assert graph_fed.predict(rows).tobytes() == host.predict(rows).tobytes()


def test_same_bits_of_the_demo_model_when_the_batch_is_tuned() -> None:
    host, graph = both(DEMO)
    rows = letters(80, host.card.read_length)
    assert graph.predict(rows, n_threads=2).tobytes() == host.predict(rows).tobytes()


@pytest.fixture(scope="module")
def xpresso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Xpresso architecture with random weights: NLC, 10,500 bases, a second input with constants."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("xpresso")
    names = [*SETTINGS, "promoter", "halflife", "flatten_1", "concatenate_1", "dropout_1", "dropout_2"]
    layers = [{"name": name, "config": dict(SETTINGS.get(name, {}))} for name in names]
    with h5py.File(folder / "w.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": {"layers": layers}})
        for layer, shape in LAYERS.items():
            kernel = rng.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape).astype(np.float32)
            file[f"model_weights/{layer}/{layer}/kernel:0"] = kernel
            file[f"model_weights/{layer}/{layer}/bias:0"] = rng.normal(0, 0.1, shape[-1:]).astype(np.float32)
    return import_xpresso(folder / "w.h5", folder / "m.onnx")


def test_same_bits_of_xpresso(xpresso: Path) -> None:
    host, graph = both(xpresso)
    rows = letters(5, host.card.read_length)
    assert graph.predict(rows).tobytes() == host.predict(rows).tobytes()


@pytest.mark.skipif(
    tuple(map(int, onnxruntime.__version__.split(".")[:2])) < (1, 21),
    reason="content with external data needs onnxruntime 1.21",
)
def test_external_data_are_found_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "model"
    inside.mkdir()
    plain = conv_model(tmp_path / "plain.onnx", "NCL")
    onnx.save(onnx.load(plain), inside / "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    card = replace(CARD, layout="NCL")
    host, graph = both(Path("model") / "m.onnx", card)
    assert len(graph.files) == 2
    rows = letters(4, LENGTH)
    expected = Model(plain, card=card, device="cpu").predict(rows)
    assert graph.predict(rows).tobytes() == host.predict(rows).tobytes() == expected.tobytes()


def test_auto_is_one_hot_on_the_cpu_and_codes_on_cuda(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Model(DEMO, device="cpu").feed == "one_hot"
    sources: list[Any] = []

    class OnCuda:
        def __init__(self, raw: Any) -> None:
            self.run, self.get_modelmeta = raw.run, raw.get_modelmeta

        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", CPU]

    create = runtime.create

    def as_if_on_cuda(ort: Any, source: Any, provider: str, options: Any, *, path: Any, arena: bool) -> Any:
        sources.append(source)
        return OnCuda(create(ort, source, CPU, {}, path=path, arena=arena))

    monkeypatch.setattr(runtime, "cuda_problem", lambda ort, index: None)
    monkeypatch.setattr(runtime, "create", as_if_on_cuda)
    rows = letters(3, 2048)
    model = Model(DEMO, device="cuda")
    assert (model.feed, model.device) == ("codes", "cuda:0")
    assert isinstance(sources[0], bytes)
    assert Model(DEMO, device="cuda", feed="one_hot").feed == "one_hot"
    assert sources[1] == DEMO
    assert model.predict(rows).tobytes() == Model(DEMO, device="cpu").predict(rows).tobytes()


def test_codes_of_an_opset_that_is_too_old(tmp_path: Path) -> None:
    path = conv_model(tmp_path / "m.onnx", "NLC")
    model = onnx.load(path)
    model.opset_import[0].version = 6
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"m\.onnx: x: opset 6 is too old"):
        Model(path, card=CARD, device="cpu", feed="codes")


def test_refuses_another_feed() -> None:
    with pytest.raises(InputError, match="feed must be one of auto, one_hot, codes, found 'edits'"):
        Model(DEMO, device="cpu", feed="edits")


def test_haplotypes_in_the_graph_equal_predictions_of_the_edited_sequences(tmp_path: Path) -> None:
    path = conv_model(tmp_path / "m.onnx", "NCL")
    model = Model(path, card=replace(CARD, layout="NCL"), device="cpu")
    rng = np.random.default_rng(5)
    reference = letters(1, LENGTH)[0]
    rows = np.tile(reference, (6, 1))
    index = np.array([(row, int(at)) for row in range(1, 6) for at in rng.choice(LENGTH, row, replace=False)])
    written = np.frombuffer(b"ACGTN", np.uint8)[rng.integers(0, 5, len(index))]
    rows[index[:, 0], index[:, 1]] = written
    edited = edited_input(onnx.load(path), "x", layout="NCL")
    names = front_inputs(edited)
    feeds = {
        "reference": codes(reference)[np.newaxis],
        "shape": np.array(rows.shape, np.int64),
        "index": index.astype(np.int64),
        "base": codes(written),
    }
    session = onnxruntime.InferenceSession(edited.SerializeToString(), providers=[CPU])
    found = session.run(None, {names[role]: array for role, array in feeds.items()})[0]
    np.testing.assert_array_equal(found.astype(np.float64), model.predict(rows))
