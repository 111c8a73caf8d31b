"""Operators that the compiled executor follows: every base, and rows of several, against the whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.local_network import CHANNELS, Net, compare, steps_behind

LOCAL = ["Flatten", "Identity"]  # what is always left to onnxruntime

FUNCTIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("Relu", "Sigmoid", "Tanh", "Exp", "Softplus", "Erf", "Celu", "Selu", "HardSigmoid")),
    *((name, {}) for name in ("HardSwish", "Mish", "Softsign", "ThresholdedRelu", "Abs", "Neg", "Sin", "Cos")),
    *((name, {}) for name in ("Sinh", "Cosh", "Asinh", "Atan", "Identity", "Shrink", "Elu", "LeakyRelu")),
    *((name, {}) for name in ("com.microsoft.Gelu", "com.microsoft.FastGelu", "com.microsoft.QuickGelu")),
    ("Elu", {"alpha": 0.3}), ("Celu", {"alpha": 0.7}), ("Selu", {"alpha": 1.2, "gamma": 0.8}),
    ("LeakyRelu", {"alpha": 0.2}), ("HardSigmoid", {"alpha": 0.4, "beta": 0.3}), ("ThresholdedRelu", {"alpha": 0.2}),
    ("Shrink", {"lambd": 0.3, "bias": 0.1}),
]  # fmt: skip


def finish(net: Net, folder: Path) -> list[str]:
    """Put a convolution behind, so that windows go on, and compare."""
    net.top = net.add("Conv", net.top, net.random(4, CHANNELS, 3), pads=[1, 1])
    return steps_behind(compare(net.save(folder / "m.onnx")))


def positive(net: Net, least: float = 0.1) -> str:
    return net.add("Add", net.add("Softplus", net.top), net.constant(np.float32(least)))


@pytest.mark.parametrize(("name", "settings"), FUNCTIONS)
def test_functions(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    net = Net(opset=18)
    domain, _, op_type = name.rpartition(".")
    net.top = net.add(op_type, net.top, domain=domain, **settings)
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("settings", [{}, {"approximate": "tanh"}])
def test_gelu_with_erf_and_with_tanh(settings: dict[str, Any], tmp_path: Path) -> None:
    net = Net(opset=20)
    net.top = net.add("Gelu", net.top, **settings)
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("name", ["Sqrt", "Log", "Reciprocal", "Acosh", "Asin", "Acos", "Atanh", "Tan"])
def test_functions_of_a_part_of_the_numbers(name: str, tmp_path: Path) -> None:
    net = Net()
    inside = name in ("Asin", "Acos", "Atanh", "Tan")
    net.top = net.add(name, net.add("Softsign", net.top) if inside else positive(net, 1.1 if name == "Acosh" else 0.1))
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("name", ["Sign", "Round", "Floor", "Ceil"])
def test_steps_of_whole_numbers(name: str, tmp_path: Path) -> None:
    net = Net()
    net.top = net.add(name, net.add("Mul", net.top, net.constant(np.float32(3.3))))
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("bounds", [(-0.3, 0.4), (None, 0.2), (-0.1, None)])
def test_clip(bounds: tuple[float | None, float | None], tmp_path: Path) -> None:
    net = Net()
    net.top = net.add("Clip", net.top, *("" if each is None else net.constant(np.float32(each)) for each in bounds))
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("shape", [(), (CHANNELS, 1)])
@pytest.mark.parametrize(
    "form", ["x / c", "c / x", "x ** c", "c ** x", "max", "min", "x * c", "x + c", "c - x", "prelu", "mean", "bounds"]
)
def test_with_constants_alike_or_per_channel(form: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    net = Net()
    values = net.rng.uniform(0.3, 1.6, shape).astype(np.float32)
    c, x = net.constant(values), net.top
    if form in ("c / x", "x ** c"):
        x = positive(net, 0.5)
    made = {
        "x / c": ("Div", x, c), "c / x": ("Div", c, x), "x ** c": ("Pow", x, c), "c ** x": ("Pow", c, x),
        "max": ("Max", c, x), "min": ("Min", x, c), "x * c": ("Mul", x, c), "x + c": ("Add", x, c),
        "c - x": ("Sub", c, x), "prelu": ("PRelu", x, c), "mean": ("Mean", x, c),
        "bounds": ("Max", x, c, net.constant(values - np.float32(0.5))),
    }  # fmt: skip
    net.top = net.add(*made[form])
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("exponent", [2.0, 3.0, 0.5, -1.0])
def test_powers(exponent: float, tmp_path: Path) -> None:
    net = Net()
    net.top = net.add("Pow", positive(net, 0.4), net.constant(np.float32(exponent)))
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("name", ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Mean", "Sum"])
@pytest.mark.parametrize("reach", [1, 5])
def test_of_two_tensors_whose_windows_differ(name: str, reach: int, tmp_path: Path) -> None:
    net = Net()
    one = positive(net, 0.4)
    net.top = net.add("Conv", net.top, net.random(CHANNELS, CHANNELS, reach), pads=[reach // 2] * 2)
    net.top = net.add(name, one, positive(net, 0.4))
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("name", ["Div", "Max", "Mul", "Pow", "Sub"])
def test_of_one_tensor_with_itself(name: str, tmp_path: Path) -> None:
    net = Net()
    one = positive(net, 0.4)
    net.top = net.add("Add", net.add(name, one, one), one)
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("name", ["Sum", "Mean"])
def test_of_many_tensors(name: str, tmp_path: Path) -> None:
    net = Net()
    parts = [
        net.add("Conv", net.top, net.random(CHANNELS, CHANNELS, k), pads=[k // 2, (k - 1) // 2]) for k in (1, 3, 4)
    ]
    net.top = net.add(name, *parts, net.random(CHANNELS, 1), net.top)
    assert finish(net, tmp_path) == LOCAL


def test_extremes_of_three_tensors_are_left_to_the_runtime(tmp_path: Path) -> None:
    net = Net()
    net.top = net.add("Max", net.top, net.add("Sin", net.top), net.add("Cos", net.top))
    assert "Max" in finish(net, tmp_path)


@pytest.mark.parametrize("groups", [2, 3, CHANNELS])
@pytest.mark.parametrize("settings", [{"pads": [2, 1]}, {"strides": [2]}, {"dilations": [3], "pads": [0, 5]}])
@pytest.mark.parametrize("scaled", [False, True])
def test_convolutions_of_groups(groups: int, settings: dict[str, Any], scaled: bool, tmp_path: Path) -> None:
    net = Net()
    wide = 2 * CHANNELS if groups == CHANNELS else CHANNELS
    net.top = net.add("Conv", net.top, net.random(wide, CHANNELS // groups, 4), group=groups, **settings)
    if scaled:
        numbers = [net.constant(net.rng.uniform(0.5, 1.5, wide).astype(np.float32)) for _ in range(4)]
        net.top = net.add("BatchNormalization", net.top, *numbers)
    assert steps_behind(compare(net.save(tmp_path / "m.onnx"))) == LOCAL


@pytest.mark.parametrize("groups", [1, 2, CHANNELS])
@pytest.mark.parametrize(
    "settings",
    [
        {"strides": [2]},
        {"strides": [3], "pads": [1, 2], "output_padding": [1]},
        {"strides": [2], "dilations": [2], "pads": [3, 0]},
        {"pads": [4, 1]},
        {"strides": [5], "kernel_shape": [4], "auto_pad": "VALID"},
    ],
)
def test_transposed_convolutions(groups: int, settings: dict[str, Any], tmp_path: Path) -> None:
    net = Net()
    made = net.add("ConvTranspose", net.top, net.random(CHANNELS, 6 // groups, 4), group=groups, **settings)
    net.top = net.add("Relu", made)
    assert finish(net, tmp_path) == LOCAL


@pytest.mark.parametrize("high", [1, 3])
def test_windows_on_another_axis_are_left_to_the_runtime(high: int, tmp_path: Path) -> None:
    """Padding of the axis of height makes rows there that hold no sequence."""
    net = Net()
    flat = net.add("Unsqueeze", net.top, net.constant(np.array([2])))
    pads = [high // 2, 1, high // 2, 1]
    net.top = net.add("Conv", flat, net.random(CHANNELS, CHANNELS, 1, 3), pads=pads)
    assert ("Conv" in steps_behind(compare(net.save(tmp_path / "m.onnx")))) == (high > 1)
