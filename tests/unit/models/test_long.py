"""Windows of 131,072 bases and more: one sequence at a time on a CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model
from gxfast.models.session import LONG

CHANNELS = 136  # x 131,072 floats: more than 64 MiB a row


def made(folder: Path, length: int) -> Path:
    rng, w = np.random.default_rng(2), GraphWriter(opset=17)
    w.input("x", ("n", 4, length), np.float32)
    y = w.add("Relu", w.add("Conv", "x", w.constant(rng.normal(0, 1, (CHANNELS, 4, 3)), np.float32), pads=[1, 1]))
    y = w.add("MaxPool", y, kernel_shape=[64], strides=[64])
    y = w.add("Flatten", w.add("GlobalAveragePool", y))
    w.append("Gemm", [y, w.constant(rng.normal(0, 1, (CHANNELS, 2)), np.float32)], ["y"])
    w.output("y", ("n", 2), np.float32)
    card = ModelCard(name="long", layout="NCL", length=length, tss_index={"+": 0, "-": 0}, input_name="x")
    return save_model(w.model("long"), card, folder / f"{length}.onnx", trial=False)


def letters_of(n: int, length: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(n).integers(0, 4, (n, length))]


@pytest.mark.parametrize("asked", [None, 2, 8])
def test_one_sequence_at_a_time_whatever_is_asked(tmp_path: Path, asked: int | None) -> None:
    model = gx.Model(made(tmp_path, LONG), device="cpu", batch_size=asked)
    assert (model.is_long, model.smallest_batch, model.batch_size) == (True, 1, 1)
    assert model.rows_seen
    rows = letters_of(3, LONG)
    together = model.predict(rows)
    assert together.tobytes() == np.concatenate([model.predict(row[None]) for row in rows]).tobytes()
    assert model.batch_size == 1


def test_shorter_windows_go_by_two(tmp_path: Path) -> None:
    model = gx.Model(made(tmp_path, LONG - 64), device="cpu")
    assert (model.is_long, model.smallest_batch, model.batch_size) == (False, 2, 2)


def test_every_mode_of_mutagenesis(tmp_path: Path) -> None:
    model, middle = gx.Model(made(tmp_path, LONG), device="cpu"), LONG // 2
    (row,) = letters_of(1, LONG)
    mutants = np.repeat(row[None], 4, axis=0)
    mutants[np.arange(4), middle] = np.frombuffer(b"ACGT", np.uint8)
    expected = model.predict(mutants) - model.predict(row[None])
    for mode in ("naive", "packed", "delta"):
        plan = gx.ism.plan(model, mode=mode, check=2)
        if mode == "naive":
            assert plan.runner.batch == 1  # type: ignore[attr-defined]
        found = gx.ism.saturate(plan, row, start=middle, end=middle + 1)[0, 0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6, err_msg=mode)
