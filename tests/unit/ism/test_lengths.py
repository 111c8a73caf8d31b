"""Insertions and deletions of each length, against the model run on sequences written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
from gxfast.bench.cases.ism.networks import basset
from gxfast.errors import InputError
from gxfast.models.saving import save_model
from gxfast.models.session import Model

LENGTH = 9_000


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Model:
    made = basset(LENGTH, (12, 8, 8), 16, 3)
    return Model(save_model(made.model, made.card, tmp_path_factory.mktemp("net") / "m.onnx"))


@pytest.fixture(scope="module")
def letters() -> str:
    found = np.random.default_rng(4).choice(np.frombuffer(b"ACGT", np.uint8), LENGTH + 6)
    found[4_510] = ord("N")
    return found.tobytes().decode()


def predicted(model: Model, *sequences: str) -> np.ndarray:
    return model.predict(np.stack([np.frombuffer(one.encode(), np.uint8) for one in sequences]))


@pytest.mark.parametrize("keep", ["left", "right"])
def test_deletions(net: Model, letters: str, keep: str) -> None:
    found = gx.ism.deletions(net, letters, start=4_500, end=4_512, lengths=(1, 2, 6), keep=keep)  # type: ignore[arg-type]
    assert found.shape == (12, 3, 3)
    whole = letters[:LENGTH] if keep == "left" else letters[-LENGTH:]
    at = 0 if keep == "left" else 6
    for i, k, n in ((0, 0, 1), (3, 1, 2), (11, 2, 6)):
        first = at + 4_500 + i
        made = letters[:first] + letters[first + n :]
        made = made[:LENGTH] if keep == "left" else made[-LENGTH:]
        expected = predicted(net, made, whole)
        np.testing.assert_allclose(found[i, k], expected[0] - expected[1], rtol=0, atol=1e-5)
    assert np.abs(found).max() > 1e-4


@pytest.mark.parametrize("keep", ["left", "right"])
def test_insertions(net: Model, letters: str, keep: str) -> None:
    whole = letters[:LENGTH]
    found = gx.ism.insertions(net, whole, start=4_500, end=4_512, inserts=["A", "GATTACA"], keep=keep)  # type: ignore[arg-type]
    assert found.shape == (12, 2, 3)
    for i, k, piece in ((0, 0, "A"), (7, 1, "GATTACA"), (11, 0, "A")):
        made = whole[: 4_500 + i] + piece + whole[4_500 + i :]
        made = made[:LENGTH] if keep == "left" else made[-LENGTH:]
        expected = predicted(net, made, whole)
        np.testing.assert_allclose(found[i, k], expected[0] - expected[1], rtol=0, atol=1e-5)


def test_the_end_of_the_input(net: Model, letters: str) -> None:
    found = gx.ism.deletions(net, letters, start=LENGTH - 4, end=LENGTH, lengths=range(1, 7))
    lost = np.array([[i + n > 4 for n in range(1, 7)] for i in range(4)])
    np.testing.assert_array_equal(np.isnan(found).all(axis=2), lost)
    np.testing.assert_array_equal(np.isnan(found).any(axis=2), lost)
    last = gx.ism.insertions(net, letters[:LENGTH], start=LENGTH, end=LENGTH + 0, inserts=["A"])
    assert last.shape == (0, 1, 3)


def test_defaults_and_blocks(net: Model, letters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longer = letters + "ACGT" * 4
    whole = gx.ism.deletions(net, longer[: LENGTH + 20], start=4_400, end=4_404)
    assert whole.shape == (4, 20, 3)
    inserted = gx.ism.insertions(net, letters[:LENGTH], start=4_400, end=4_402, seed=5)
    assert inserted.shape == (2, 20, 3)
    assert not np.array_equal(inserted, gx.ism.insertions(net, letters[:LENGTH], start=4_400, end=4_402, seed=6))
    monkeypatch.setattr("gxfast.ism.lengths._BYTES", 1)
    assert gx.ism.deletions(net, longer[: LENGTH + 20], start=4_400, end=4_404).tobytes() == whole.tobytes()


def test_a_model_without_tiles(tmp_path: Path) -> None:
    made = basset(600, (8, 6, 6), 12, 3)
    model = Model(save_model(made.model, made.card, tmp_path / "m.onnx"))
    letters = np.random.default_rng(4).choice(np.frombuffer(b"ACGT", np.uint8), 602)
    found = gx.ism.deletions(model, letters, start=300, end=303, lengths=[2])
    both = model.predict(np.stack([np.delete(letters, [301, 302]), letters[:600]]))
    np.testing.assert_allclose(found[1, 0], both[0] - both[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": []}, "at least one number"),
        ({"lengths": [0, 6]}, "at least one number"),
        ({"keep": "both"}, "keep must be left or right"),
        ({"start": 7, "end": 3}, "start <= end"),
        ({"lengths": [7]}, "9007 bases is needed"),
    ],
)
def test_arguments_are_checked(net: Model, letters: str, options: dict, message: str) -> None:
    chosen = {"start": 0, "end": 3, "lengths": [6]} | options
    with pytest.raises(InputError, match=message):
        gx.ism.deletions(net, letters, **chosen)


def test_inserts_are_checked(net: Model, letters: str) -> None:
    for inserts in ([], [""]):
        with pytest.raises(InputError, match="inserts must be"):
            gx.ism.insertions(net, letters[:LENGTH], start=0, end=3, inserts=inserts)
