"""Nearest neighbours: where every position is repeated, and where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.local_network import CHANNELS, LENGTH, Net, compare, steps_behind

FLOOR = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def made(net: Net, folder: Path) -> list[str]:
    net.top = net.add("Conv", net.top, net.random(4, CHANNELS, 3), pads=[1, 1])
    return steps_behind(compare(net.save(folder / "m.onnx")))


@pytest.mark.parametrize("factor", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "settings",
    [
        FLOOR,
        {},
        {"nearest_mode": "round_prefer_ceil"},
        {"coordinate_transformation_mode": "half_pixel_symmetric"},
        {**FLOOR, "axes": [2]},
    ],
)
def test_whole_factors_repeat_positions(factor: int, settings: dict[str, Any], tmp_path: Path) -> None:
    net = Net(opset=19)
    scales = [float(factor)] if "axes" in settings else [1.0, 1.0, float(factor)]
    net.top = net.add("Resize", net.top, "", net.constant(np.array(scales, np.float32)), **settings)
    assert made(net, tmp_path) == ["Flatten", "Identity"]


def test_sizes_instead_of_factors(tmp_path: Path) -> None:
    net = Net(opset=18)
    net.top = net.add("Resize", net.top, "", "", net.constant(np.array([2 * LENGTH])), **FLOOR, axes=[2])
    assert made(net, tmp_path) == ["Flatten", "Identity"]


@pytest.mark.parametrize("opset", [7, 9])
def test_upsample(opset: int, tmp_path: Path) -> None:
    net = Net(opset=opset)
    scales = np.array([1, 1, 2], np.float32)
    if opset == 7:
        net.top = net.add("Upsample", net.top, scales=scales.tolist())
    else:
        net.top = net.add("Upsample", net.top, net.constant(scales))
    assert made(net, tmp_path) == ["Flatten", "Identity"]


@pytest.mark.parametrize(
    ("scale", "settings"),
    [
        (2.0, {"mode": "linear"}),
        (2.0, {"nearest_mode": "floor"}),
        (2.0, {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "ceil"}),
        (2.01, FLOOR),
        (1.5, {}),
        (0.5, {}),
    ],
)
def test_what_is_no_repeat_is_a_barrier(scale: float, settings: dict[str, Any], tmp_path: Path) -> None:
    net = Net(opset=13)
    scales = net.constant(np.array([1, 1, scale], np.float32))
    net.top = net.add("Resize", net.top, "", scales, **settings)
    assert "Resize" in made(net, tmp_path)
