"""ExPecto's head: the old binary of linear boosters, and the spatial features."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from oracles.expecto_files import save_bytes

from gxfast.errors import InputError
from gxfast.models.importers.expecto import SHIFTS, ExpectoHead, expecto_features, read_gblinear, spatial_weights


def test_a_file_is_read_to_its_last_byte(tmp_path):
    weights = np.random.default_rng(0).normal(size=20_031).astype(np.float32)
    path = tmp_path / "model.save"
    path.write_bytes(save_bytes(weights))
    head = read_gblinear(path)
    assert head.weight.astype(np.float32).tobytes() == weights[:-1].tobytes()
    assert (head.bias, head.base_score) == (float(weights[-1]), 2.0)


def test_damaged_and_other_files(tmp_path):
    path = tmp_path / "model.save"
    whole = save_bytes(np.ones(6))
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            read_gblinear(path)
    cases = {
        "follow the weights": whole + b"\0",
        "gbtree": save_bytes(np.ones(6), booster="gbtree"),
        "multi:softmax": save_bytes(np.ones(6), objective="multi:softmax"),
        "do not fit": save_bytes(np.ones(6), features=9),
        "not finite": save_bytes([1, np.nan]),
        "binf": b"binX" + whole[4:],
        "ends within": b"binf" + bytes(136) + struct.pack("<Q", 2**62),
    }
    for message, data in cases.items():
        path.write_bytes(data)
        with pytest.raises(InputError, match=message):
            read_gblinear(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_gblinear(tmp_path / "absent.save")


def test_the_same_as_xgboost(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 12)).astype(np.float32)
    y = x[:, :3].sum(axis=1) + 4
    options = {"booster": "gblinear", "objective": "reg:squarederror", "base_score": 2.0, "lambda": 0.1}
    booster = xgboost.train(options, xgboost.DMatrix(x, label=y), 20)
    weights = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["weights"]
    path = tmp_path / "model.save"
    path.write_bytes(save_bytes(np.array(weights, np.float32)))
    expected = booster.predict(xgboost.DMatrix(x))
    np.testing.assert_allclose(read_gblinear(path).predict(x), expected, atol=1e-5)


def test_features_window_by_window():
    rng = np.random.default_rng(2)
    outputs = rng.random((2, 200, 2002))
    features = expecto_features(outputs)
    assert features.shape == (2, 20_030)
    assert not features.reshape(2, 10, 2003)[:, :, 0].any()
    for kind, (k, side) in enumerate([(k, s) for s in (-1, 1) for k in (0.01, 0.02, 0.05, 0.1, 0.2)]):
        by_hand = sum(
            np.exp(-k * abs(shift) / 200) * outputs[1, w, 77]
            for w, shift in enumerate(SHIFTS)
            if shift == 0 or np.sign(shift) == side
        )
        assert features[1, kind * 2003 + 1 + 77] == pytest.approx(by_hand, rel=1e-12)
    assert spatial_weights()[:, SHIFTS.index(0)] == pytest.approx(1)


def test_the_folded_head_predicts_the_same():
    rng = np.random.default_rng(3)
    head = ExpectoHead(rng.normal(size=20_030), 0.5, 2.0)
    outputs = rng.random((3, 200, 2002))
    direct = head.predict(expecto_features(outputs))
    folded = np.einsum("nwo,wo->n", outputs, head.folded()) + 2.5
    np.testing.assert_allclose(folded, direct, rtol=1e-10)
    with pytest.raises(InputError, match="features expected"):
        ExpectoHead(np.ones(15), 0.0, 0.0).folded()
    with pytest.raises(InputError, match="shape"):
        expecto_features(outputs[:, 1:])
    with pytest.raises(InputError, match="shape"):
        head.predict(np.ones((2, 3)))
