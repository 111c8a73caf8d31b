"""The generic Keras importer against layers written out in NumPy, for both ways Keras describes a model."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from gxfast.errors import GxfastError, InputError
from gxfast.models import Model
from gxfast.models.importers.keras_stack import import_keras

LENGTH = 41
RNG = np.random.default_rng(8)
KERNEL, BIAS = RNG.normal(size=(4, 4, 6)).astype("f4"), RNG.normal(size=6).astype("f4")
SECOND = RNG.normal(size=(3, 6, 6)).astype("f4")
NORM = {n: RNG.uniform(0.5, 1.5, 6).astype("f4") for n in ("gamma", "beta", "moving_mean", "moving_variance")}
DENSE, DENSE_BIAS = RNG.normal(size=(6, 2)).astype("f4"), RNG.normal(size=2).astype("f4")
WEIGHTS = {
    "a": {"kernel": KERNEL, "bias": BIAS},
    "n": NORM,
    "b": {"kernel": SECOND},
    "d": {"kernel": DENSE, "bias": DENSE_BIAS},
}


def _layer(kind, name, inputs=(), version=2, **config):
    row = {"class_name": kind, "config": {"name": name, **config}, "name": name}
    if version == 2:
        row["inbound_nodes"] = [[[before, 0, 0, {}] for before in inputs]] if inputs else []
    else:
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [b, 0, 0]}} for b in inputs]
        row["inbound_nodes"] = [{"args": tensors if len(tensors) == 1 else [tensors], "kwargs": {}}] if inputs else []
    return row


def _functional(version):
    shape = {"batch_input_shape": [None, LENGTH, 4]} if version == 2 else {"batch_shape": [None, LENGTH, 4]}
    same = {"padding": "same", "data_format": "channels_last", "strides": [1], "dilation_rate": [1]}
    rows = [
        _layer("InputLayer", "x", version=version, **shape),
        _layer("Conv1D", "a", ["x"], version, activation="relu", use_bias=True, **{**same, "strides": [2]}),
        _layer("BatchNormalization", "n", ["a"], version, axis=[2], epsilon=1e-3),
        _layer("Conv1D", "b", ["n"], version, activation="linear", use_bias=False, **{**same, "dilation_rate": [3]}),
        _layer("Add", "s", ["n", "b"], version),
        _layer("Dropout", "o", ["s"], version, rate=0.2),
        _layer("MaxPooling1D", "p", ["o"], version, pool_size=[2], strides=[2], padding="same"),
        _layer("GlobalAveragePooling1D", "g", ["p"], version),
        _layer("Dense", "d", ["g"], version, activation="softplus", use_bias=True),
    ]  # fmt: skip
    outputs = [["d", 0, 0]] if version == 2 else ["d", 0, 0]
    return {"class_name": "Functional", "config": {"layers": rows[::-1], "output_layers": outputs}}


def _write(path, config, weights=WEIGHTS):
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        for layer, parts in weights.items():
            for name, values in parts.items():
                file[f"model_weights/{layer}/{layer}/{name}:0"] = values
    return path


def _same(x, width, stride):
    total = max((-(-len(x) // stride) - 1) * stride + width - len(x), 0)
    return total // 2, total - total // 2


def _conv(x, kernel, stride=1, dilation=1):
    reach = dilation * (len(kernel) - 1) + 1
    padded = np.pad(x, (_same(x, reach, stride), (0, 0)))
    columns = range(0, len(padded) - reach + 1, stride)
    return np.array([sum(padded[c + i * dilation] @ kernel[i] for i in range(len(kernel))) for c in columns])


def _oracle(x):
    x = np.maximum(_conv(x, KERNEL.astype(float), 2) + BIAS, 0)
    x = NORM["gamma"] * (x - NORM["moving_mean"]) / np.sqrt(NORM["moving_variance"] + 1e-3) + NORM["beta"]
    x = x + _conv(x, SECOND.astype(float), 1, 3)
    padded = np.pad(x, (_same(x, 2, 2), (0, 0)), constant_values=-np.inf)
    x = padded.reshape(-1, 2, 6).max(axis=1).mean(axis=0)
    return np.log1p(np.exp(x @ DENSE + DENSE_BIAS))


@pytest.mark.parametrize("version", [2, 3])
def test_a_functional_model(tmp_path, version):
    path = import_keras(_write(tmp_path / "net.h5", _functional(version)), tmp_path)
    model = Model(path, device="cpu")
    assert (path.name, model.card.layout, model.card.length) == ("net.onnx", "NLC", LENGTH)
    codes = np.random.default_rng(1).integers(0, 4, (3, LENGTH))
    found = model.predict(np.frombuffer(b"ACGT", np.uint8)[codes])
    expected = np.stack([_oracle(np.eye(4)[row]) for row in codes])
    assert np.abs(found.reshape(3, 2) - expected).max() < 1e-5


def test_a_sequential_model_with_flatten(tmp_path):
    kernel = RNG.normal(size=(5 * 4, 3)).astype("f4")
    rows = [
        {"class_name": "Cropping1D", "config": {"name": "c", "cropping": [1, 2], "batch_input_shape": [None, 8, 4]}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "activation": "linear", "use_bias": False}},
        {"class_name": "Activation", "config": {"name": "t", "activation": "tanh"}},
    ]
    source = _write(
        tmp_path / "s.h5", {"class_name": "Sequential", "config": {"layers": rows}}, {"d": {"kernel": kernel}}
    )
    model = Model(import_keras(source, tmp_path, name="mine"), device="cpu")
    codes = np.random.default_rng(1).integers(0, 4, (2, 8))
    found = model.predict(np.frombuffer(b"ACGT", np.uint8)[codes])
    expected = np.tanh(np.eye(4)[codes][:, 1:6].reshape(2, -1) @ kernel)
    assert np.abs(found - expected).max() < 1e-6


def _changed(**config):
    described = _functional(2)
    next(row for row in described["config"]["layers"] if row["name"] == "a")["config"].update(config)
    return described


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "describes no model"),
        (_changed(groups=2), "grouped convolution"),
        (_changed(activation="mish"), "activation 'mish'"),
        (_changed(data_format="channels_first"), "channels first"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path, config, message):
    with pytest.raises(InputError, match=message):
        import_keras(_write(tmp_path / "n.h5", config), tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


def test_an_unknown_layer_and_a_missing_weight(tmp_path):
    described = _functional(2)
    next(row for row in described["config"]["layers"] if row["name"] == "o")["class_name"] = "LSTM"
    with pytest.raises(InputError, match="the layer LSTM is not converted"):
        import_keras(_write(tmp_path / "n.h5", described), tmp_path)
    weights = {**WEIGHTS, "b": {"other": SECOND}}
    with pytest.raises(InputError, match="b: 'kernel' is missing"):
        import_keras(_write(tmp_path / "m.h5", _functional(2), weights), tmp_path)
    with pytest.raises(InputError, match="not 40"):
        import_keras(_write(tmp_path / "l.h5", _functional(2)), tmp_path, length=40)


def _with(place, kind=None, /, **config):
    """The functional model with another kind of layer, or other settings, at one place."""
    described = _functional(2)
    row = next(row for row in described["config"]["layers"] if row["name"] == place)
    row["class_name"] = kind or row["class_name"]
    row["config"].update(config)
    return described


HOSTILE = [
    _with("o", "Lambda", function=["4wEAAAAAAAAA", None, None]),
    _with("o", "TFOpLambda", function="math.exp"),
    _with("a", strides=[0]),
    _with("a", strides=[-1]),
    _with("a", strides=[1.5]),
    _with("a", strides="2"),
    _with("a", strides=[]),
    _with("a", dilation_rate=[10**30]),
    _with("a", padding={"a": 1}),
    _with("a", activation={"class_name": "relu"}),
    _with("a", padding="valid", dilation_rate=[1000]),
    _with("n", axis=[2, 3]),
    _with("n", epsilon=-100.0),
    _with("n", epsilon="small"),
    _with("p", pool_size=[0]),
    _with("p", pool_size=[1000], padding="valid"),
    _with("o", "ZeroPadding1D", padding=[10**15, 0]),
    _with("o", "ZeroPadding1D", padding=[2**30, 0]),
    _with("o", "ZeroPadding1D", padding=3),
    _with("o", "Cropping1D", cropping=[20, 20]),
    _with("o", "Cropping1D", cropping=[-5, 0]),
    _with("o", "Concatenate", axis=7),
    _with("o", "LeakyReLU", alpha="steep"),
    _with("x", batch_input_shape=[None, "41", 4]),
    _with("x", batch_input_shape=[None, -41, 4]),
    _with("x", batch_input_shape=[None, 10**12, 4]),
    _with("x", batch_input_shape=5),
    _with("d", name=["d"]),
    _with("d", name="a"),
    _with("s", "Dense"),
    {"class_name": "Functional", "config": {"layers": []}},
    {"class_name": "Sequential", "config": []},
    {"class_name": "Functional", "config": {"layers": [5]}},
    {"class_name": "Functional", "config": {"layers": "abc"}},
    {"class_name": "Functional", "config": [_functional(2)["config"]["layers"][0]]},
    {**_functional(2), "config": {**_functional(2)["config"], "output_layers": [["nobody", 0, 0]]}},
    {**_functional(2), "config": {**_functional(2)["config"], "output_layers": 7}},
    {**_functional(2), "config": {**_functional(2)["config"], "output_layers": [[]]}},
    [],
    5,
]


@pytest.mark.parametrize("config", HOSTILE, ids=range(len(HOSTILE)))
def test_descriptions_of_no_network(tmp_path, config):
    with pytest.raises(GxfastError) as caught:
        import_keras(_write(tmp_path / "n.h5", config), tmp_path / "n.onnx")
    assert str(tmp_path) in str(caught.value)
    assert not list(tmp_path.glob("*.onnx*"))


def test_the_layer_is_named(tmp_path):
    for config, name in ((HOSTILE[0], "o"), (HOSTILE[2], "a"), (HOSTILE[11], "n"), (HOSTILE[16], "o")):
        with pytest.raises(InputError, match=f"n.h5: {name}: ") as caught:
            import_keras(_write(tmp_path / "n.h5", config), tmp_path / "n.onnx")
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("layer", "name", "values"),
    [
        ("a", "kernel", KERNEL[:, :3]),
        ("a", "kernel", KERNEL[0]),
        ("a", "bias", BIAS[:5]),
        ("n", "gamma", NORM["gamma"][:1]),
        ("n", "moving_variance", -NORM["moving_variance"]),
        ("d", "kernel", DENSE.T),
        ("d", "bias", DENSE_BIAS[:1]),
        ("b", "kernel", np.full_like(SECOND, np.nan)),
        ("b", "kernel", np.full(SECOND.shape, 1e300)),
        ("b", "kernel", np.full_like(SECOND, 3e38)),
    ],
)
def test_weights_that_do_not_fit(tmp_path, layer, name, values):
    """Of the last one every weight is fine, and no value is."""
    weights = {**WEIGHTS, layer: {**WEIGHTS[layer], name: values}}
    with pytest.raises(GxfastError):
        import_keras(_write(tmp_path / "n.h5", _functional(2), weights), tmp_path / "n.onnx")
    assert not list(tmp_path.glob("*.onnx*"))
