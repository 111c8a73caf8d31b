"""The Xpresso importer against a NumPy network with TensorFlow's conventions, and its refusals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from gxfast.errors import InputError, ModelError
from gxfast.models import IMPORTERS, importer
from gxfast.models.importers.xpresso import LAYERS, SETTINGS, import_xpresso
from gxfast.models.session import Model

Weights = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def random_weights() -> Weights:
    rng = np.random.default_rng(3)
    return {
        layer: (
            rng.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape).astype(np.float32),
            rng.normal(0, 0.1, shape[-1:]).astype(np.float32),
        )
        for layer, shape in LAYERS.items()
    }


def config() -> dict[str, Any]:
    names = [*SETTINGS, "promoter", "halflife", "flatten_1", "concatenate_1", "dropout_1", "dropout_2"]
    layers = [{"name": name, "config": dict(SETTINGS.get(name, {}))} for name in names]
    return {"class_name": "Model", "config": {"layers": layers}}


def write_h5(path: Path, weights: Weights, model_config: Any = None) -> Path:
    with h5py.File(path, "w") as file:
        if model_config is not False:
            file.attrs["model_config"] = json.dumps(model_config or config())
        for layer, (kernel, bias) in weights.items():
            file[f"model_weights/{layer}/{layer}/kernel:0"] = kernel
            file[f"model_weights/{layer}/{layer}/bias:0"] = bias
    return path


def conv_same(x: NDArray[np.float64], kernel: NDArray[Any], bias: NDArray[Any]) -> NDArray[np.float64]:
    """TensorFlow's Conv1D(padding="same") and ReLU on (L, C); an even width gets its odd pad at the end."""
    width = len(kernel)
    before = (width - 1) // 2
    padded = np.pad(x, ((before, width - 1 - before), (0, 0)))
    result = sum(padded[i : i + len(x)] @ kernel[i].astype(float) for i in range(width)) + bias
    return np.maximum(result, 0.0)


def pool(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return x.reshape(-1, size, x.shape[1]).max(axis=1)


def oracle(sequence: NDArray[np.uint8], weights: Weights) -> float:
    x = (sequence[:, None] == np.frombuffer(b"ACGT", np.uint8)).astype(float)
    x = pool(conv_same(x, *weights["conv1d_1"]), 30)
    x = pool(conv_same(x, *weights["conv1d_2"]), 10)
    features = np.concatenate([x.ravel(), np.zeros(6)])
    for layer in ("dense_1", "dense_2"):
        kernel, bias = weights[layer]
        features = np.maximum(features @ kernel + bias, 0.0)
    kernel, bias = weights["dense_3"]
    return float((features @ kernel + bias)[0])


def test_converted_network_equals_the_numpy_network(tmp_path: Path) -> None:
    weights = random_weights()
    path = import_xpresso(write_h5(tmp_path / "GM12878_x.h5", weights), tmp_path / "out.onnx")
    assert path == tmp_path / "out.onnx"
    model = Model(path, device="cpu")
    rows = np.frombuffer(b"ACGTN", np.uint8)[np.random.default_rng(4).integers(0, 5, (4, 10_500))]
    expected = [oracle(row, weights) for row in rows]
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(model.predict(rows)[:, 0], expected, atol=1e-6)


def test_card_is_embedded_and_bytes_are_reproducible(tmp_path: Path) -> None:
    source = write_h5(tmp_path / "K562_trainepoch.11-0.4917.h5", random_weights())
    path = import_xpresso(source, tmp_path)
    assert path == tmp_path / "xpresso-k562.onnx"
    first = path.read_bytes()
    import_xpresso(source, tmp_path)
    assert path.read_bytes() == first
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [source.name, path.name]
    card = Model(path, device="cpu").card
    assert card.name == "xpresso-k562"
    assert card.tss_index == {"+": 6999, "-": 6999}
    assert card.reverse_complement_minus
    assert card.unknown == 0.0
    assert card.extra_inputs == {"halflife": (0.0,) * 6}
    assert card.license == "MIT"
    model = onnx.load(str(path))
    assert model.opset_import[0].version == 17
    onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("GM12878_trainepoch.06-0.5062.h5", "xpresso-gm12878"),
        ("humanMedian_trainepoch.11-0.426.h5", "xpresso-humanmedian"),
        ("_.h5", "xpresso-model"),
    ],
)
def test_name_comes_from_the_file(tmp_path: Path, file: str, name: str) -> None:
    assert import_xpresso(write_h5(tmp_path / file, random_weights()), tmp_path).stem == name


def test_name_can_be_given_but_not_as_a_path(tmp_path: Path) -> None:
    source = write_h5(tmp_path / "a.h5", random_weights())
    assert import_xpresso(source, tmp_path, name="mine").name == "mine.onnx"
    with pytest.raises(ModelError, match="name"):
        import_xpresso(source, tmp_path, name="../mine")


def change_shape(weights: Weights) -> None:
    weights["conv1d_1"] = (weights["conv1d_1"][0][:5], weights["conv1d_1"][1])


def drop_layer(weights: Weights) -> None:
    del weights["dense_2"]


def poison(weights: Weights) -> None:
    weights["dense_3"][0][0] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_shape, r"conv1d_1 kernel has shape \(5, 4, 128\), expected \(6, 4, 128\)"),
        (drop_layer, "dense_2 kernel has shape None"),
        (poison, "dense_3 kernel holds values that are not finite"),
    ],
)
def test_refuses_other_weights(tmp_path: Path, change: Any, message: str) -> None:
    weights = random_weights()
    change(weights)
    with pytest.raises(InputError, match=message):
        import_xpresso(write_h5(tmp_path / "a.h5", weights), tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


def changed_config(layer: str, key: str, value: Any) -> dict[str, Any]:
    model = config()
    for entry in model["config"]["layers"]:
        if entry["name"] == layer:
            entry["config"][key] = value
    return model


def test_refuses_other_architectures(tmp_path: Path) -> None:
    cases = [
        (changed_config("conv1d_1", "padding", "valid"), "padding 'valid', expected 'same'"),
        (changed_config("max_pooling1d_2", "pool_size", [5]), r"pool_size \[5\]"),
        (changed_config("activation_1", "activation", "elu"), "activation 'elu'"),
        ({"config": {"layers": config()["config"]["layers"][1:]}}, "no layer conv1d_1"),
        ({"config": {"layers": [*config()["config"]["layers"], {"name": "lstm_1", "config": {}}]}}, "lstm_1"),
        ({"config": []}, "no layer conv1d_1"),
        ({"config": [{}]}, "describes no model"),
        (False, "no Keras model_config"),
    ]
    for model_config, message in cases:
        source = write_h5(tmp_path / "a.h5", random_weights(), model_config)
        with pytest.raises(InputError, match=message):
            import_xpresso(source, tmp_path)


def test_refuses_files_that_are_not_hdf5(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot open the Keras weight file: No such file"):
        import_xpresso(tmp_path / "absent.h5", tmp_path)
    (tmp_path / "a.h5").write_bytes(b"<html>")
    with pytest.raises(InputError, match="is not an HDF5 file"):
        import_xpresso(tmp_path / "a.h5", tmp_path)
    whole = write_h5(tmp_path / "b.h5", random_weights()).read_bytes()
    (tmp_path / "a.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"is damaged, or holds something else: .*truncated"):
        import_xpresso(tmp_path / "a.h5", tmp_path)


def test_says_how_to_get_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_h5(tmp_path / "a.h5", random_weights())
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"gxfast\[models\]"):
        import_xpresso(source, tmp_path)


def test_refuses_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    source = write_h5(tmp_path / "a.h5", random_weights())
    with pytest.raises(InputError, match="cannot write"):
        import_xpresso(source, tmp_path / "absent" / "m.onnx")


def test_registry() -> None:
    assert importer("xpresso") is import_xpresso
    for kind in IMPORTERS:
        assert callable(importer(kind))
    with pytest.raises(InputError, match="choose from basenji2, borzoi, enformer, expecto, keras, torch, xpresso"):
        importer("malinois")
