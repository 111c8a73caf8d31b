"""All pairs of changes in a stretch, against the model run on each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.bench.cases.ism.networks import bpnet
from gxfast.errors import InputError
from gxfast.ism import pairing
from gxfast.models.saving import save_model
from gxfast.models.session import Model

LETTERS = np.frombuffer(b"ACGT", np.uint8)


def expected_pairs(model: Model, letters: NDArray[np.uint8], start: int, end: int) -> NDArray[np.float64]:
    """Every pair by itself through the whole model; NaN for two other bases at one position."""
    k, base = end - start, model.predict(letters[None])[0]
    found = np.full((k, 4, k, 4, model.n_tracks), np.nan)
    for i in range(k):
        for a in range(4):
            rows = np.repeat(letters[None], 4 * k, axis=0)
            rows[:, start + i] = LETTERS[a]
            rows[np.arange(4 * k), start + np.arange(4 * k) // 4] = np.tile(LETTERS, k)
            found[i, a] = (model.predict(rows) - base).reshape(k, 4, -1)
            other = np.arange(4) != a
            found[i, a, i, other] = np.nan
    return found


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Model:
    made = bpnet(500, 12, 4)
    return Model(save_model(made.model, made.card, tmp_path_factory.mktemp("net") / "m.onnx"))


@pytest.fixture(scope="module")
def letters() -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = np.random.default_rng(2).choice(LETTERS, 500)
    return found


@pytest.mark.parametrize("mode", ["naive", "packed", "delta", "auto"])
def test_each_pair_is_that_of_the_whole_model(net: Model, letters: NDArray[np.uint8], mode: str) -> None:
    found = gx.ism.pairs(gx.ism.plan(net, mode=mode), letters, start=240, end=252)
    expected = expected_pairs(net, letters, 240, 252)
    assert found.effects.shape == (12, 4, 12, 4, 1)
    np.testing.assert_array_equal(np.isnan(found.effects), np.isnan(expected))
    np.testing.assert_allclose(found.effects, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("seed", [3, 8, 21, 34])
def test_any_network_and_the_ends_of_its_sequence(seed: int, tmp_path: Path) -> None:
    onnx.save(random_network(seed), tmp_path / "m.onnx")
    model = Model(tmp_path / "m.onnx")
    length = model.card.read_length
    letters = np.random.default_rng(seed).choice(LETTERS, length)
    for start, end in ((0, 6), (length - 6, length)):
        found = gx.ism.pairs(model, letters, start=start, end=end).effects
        expected = expected_pairs(model, letters, start, end)
        size = max(1.0, float(np.abs(model.predict(letters[None])).max()))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * size)


def test_interaction_is_what_is_more_than_both(net: Model, letters: NDArray[np.uint8]) -> None:
    found = gx.ism.pairs(net, letters, start=245, end=253)
    singles = gx.ism.saturate(net, letters, start=245, end=253)[0]
    np.testing.assert_allclose(found.singles, singles, rtol=0, atol=1e-6)
    codes = gx.codes(letters[245:253])
    for i, j, a, b in ((0, 5, 1, 2), (3, 7, 0, 3), (6, 2, 2, 2)):
        own = found.effects[i, a, j, b] - singles[i, a] - singles[j, b]
        np.testing.assert_allclose(found.interaction[i, a, j, b], own, atol=1e-6)
    there = codes[4]
    assert np.abs(found.interaction[0, :, 4, there]).max() < 1e-6  # one change has nothing to interact with
    assert np.isnan(found.interaction[2, :, 2]).all()
    np.testing.assert_array_equal(found.effects, found.effects.transpose(2, 3, 0, 1, 4))
    strength = found.strength
    assert strength.shape == (8, 8, 1)
    assert strength[1, 6, 0] == np.abs(found.interaction[1, :, 6]).max()
    assert (np.diagonal(strength[..., 0]) == 0).all()
    assert strength.max() > 1e-4


def test_unknown_bases_have_four_changes(net: Model, letters: NDArray[np.uint8]) -> None:
    letters = letters.copy()
    letters[[248, 251]] = ord("N")
    found = gx.ism.pairs(net, letters, start=246, end=252).effects
    expected = expected_pairs(net, letters, 246, 252)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_blocks_are_the_whole(net: Model, letters: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    plan = gx.ism.plan(net)
    whole = gx.ism.pairs(plan, letters, start=240, end=250).effects
    monkeypatch.setattr(pairing, "BLOCK_BYTES", 64 * 10 * 3)
    blocks = list(gx.ism.scan_pairs(plan, letters, start=240, end=250))
    assert [positions.tolist() for positions, _ in blocks[:2]] == [[240, 241, 242], [243, 244, 245]]
    for positions, effects in blocks:
        for i, own in zip(positions - 240, effects, strict=True):
            assert own[:, i:].tobytes() == whole[i][:, i:].tobytes()
            assert np.isnan(own[:, :i]).all()


def test_wrong_ranges(net: Model, letters: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    assert gx.ism.pairs(net, letters, start=7, end=7).effects.shape == (0, 4, 0, 4, 1)
    with pytest.raises(InputError, match="start <= end"):
        gx.ism.pairs(net, letters, start=9, end=7)
    with pytest.raises(InputError, match="500 bases"):
        gx.ism.pairs(net, letters[1:])
    monkeypatch.setattr(pairing, "_MOST_BYTES", 1000)
    with pytest.raises(InputError, match="more than 2 GiB"):
        gx.ism.pairs(net, letters)
