"""Tiles whose tensors stay on a device (IOBinding, gathered in the graph), on the CPU provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from oracles.ism_networks import people, random_network

from gxfast.bench.cases.ism.networks import basenji2, basset
from gxfast.ism.tiled import tiled
from gxfast.ism.tiled_device import DeviceTiledModel
from gxfast.ism.tiled_model import TiledModel
from gxfast.models.saving import save_model
from gxfast.models.session import Model


def pair(model: Model, n_bytes: int = 1 << 24) -> tuple[TiledModel, TiledModel]:
    """A model in tiles as on the CPU, and as on a device."""
    host = tiled(model, max_mem=8 * n_bytes)
    assert host is not None
    device = tiled(model, max_mem=8 * n_bytes, on_device=True)
    assert isinstance(device, DeviceTiledModel)
    return host, device


@pytest.mark.parametrize("seed", range(0, 60, 2))
def test_the_same_bits(seed: int, tmp_path: Path) -> None:
    onnx.save(random_network(seed, length=6001, wide=seed % 4 == 2), tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx")
    found = tiled(model)
    if found is None or found.tiling.pool is not None:
        pytest.skip("whole windows are as good, or a pool makes it small")
    host, device = pair(model)
    rows = people(model.card.read_length, 9, seed)
    assert device.predict(rows).tobytes() == host.predict(rows).tobytes()
    device.check()


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("net")
    made = basenji2(16_384, first=8, tower=(8,) * 6, inner=4, layers=2, last=8, tracks=5, crop=8)
    card = replace(made.card, bins=(54, 55, 56), tracks=(3,), reduce="mean", ensemble_reverse_complement=True)
    return Model(save_model(made.model, card, folder / "m.onnx"))


def test_a_part_of_a_window_and_both_strands(profile: Model) -> None:
    host, device = pair(profile)
    rows = people(16_384, 30)
    assert device.predict(rows).tobytes() == host.predict(rows).tobytes()
    assert (device.n_tiles, device.n_distinct) == (host.n_tiles, host.n_distinct)


def test_few_slots_change_no_bit(profile: Model) -> None:
    host, device = pair(profile, n_bytes=1)
    rows = people(16_384, 70)
    expected = host.predict(rows)
    assert device.predict(rows).tobytes() == expected.tobytes()
    assert device.predict(rows[::-1]).tobytes() == expected[::-1].tobytes()  # now of slots in another order
    roomy, _ = pair(profile)
    roomy.predict(rows)
    assert device.n_distinct > roomy.n_distinct  # some were dropped, and computed again


def test_pages_that_are_wanted_stay(tmp_path: Path) -> None:
    made = basset(9_000, (12, 8, 8), 16, 4)
    _, device = pair(Model(save_model(made.model, made.card, tmp_path / "m.onnx")))
    rows, last = people(9_000, 40), {}
    expected = device.model.predict(rows)
    for first in range(0, 40, 3):
        found: Any = device.compute(device.keys(rows[first : first + 3]))
        for key, slot in found.items():
            assert last.get(key, slot) == slot  # there is room for all: none is moved
        last = dict(found)
        assert len(set(found.values())) == len(found)  # no slot is two tiles
    np.testing.assert_allclose(device.predict(rows), expected, rtol=0, atol=1e-5)


def test_calls_in_threads_do_not_mix(profile: Model) -> None:
    host, device = pair(profile, n_bytes=1)
    rows = [people(16_384, 6, seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(device.predict, rows))
    for own, mine in zip(found, rows, strict=True):
        assert own.tobytes() == host.predict(mine).tobytes()
