"""Edited batches: set, read, taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gxfast as gx
from gxfast.errors import InputError
from gxfast.kernels import backend as kernels

SEQUENCE = "ACGTNACCGGTTA"


def test_saturation_by_hand(backend: str) -> None:
    positions, bases = gx.saturation_edits(SEQUENCE, start=3, end=5)
    batches = gx.EditedBatches(SEQUENCE, gx.Edits.single(positions, bases), batch_size=4, dtype="uint8")
    found = [batch.copy() for _, batch in batches]
    assert [len(batch) for batch in found] == [4, 3]
    mutants = ["ACGANACCGGTTA", "ACGCNACCGGTTA", "ACGGNACCGGTTA", *(f"ACGT{b}ACCGGTTA" for b in "ACGT")]
    assert np.array_equal(np.concatenate(found), gx.one_hot(mutants, dtype="uint8"))
    # Afterwards every row is the sequence again.
    assert np.array_equal(batches.buffer, gx.one_hot([SEQUENCE] * 4, dtype="uint8"))


def test_a_loop_left_early_leaves_no_edits(backend: str) -> None:
    batches = gx.EditedBatches(SEQUENCE, gx.Edits.single([0, 1, 2], "TTT"), batch_size=2)
    for _ in batches:
        break
    again = [batch.copy() for _, batch in batches]
    assert np.array_equal(np.concatenate(again), gx.one_hot(gx.apply_edits(SEQUENCE, [0, 1, 2], "TTT")))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.text("ACGTN", min_size=1, max_size=30), st.lists(st.integers(0, 4), max_size=9), st.integers(1, 5),
    st.sampled_from(["NLC", "NCL", "NC1L"]), st.sampled_from(["float32", "float16", "uint8", "float64"]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_equal_to_encoding_each_row(
    text: str, counts: list[int], batch_size: int, layout: str, dtype: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    offset = np.cumsum([0, *counts])
    position = rng.integers(0, len(text), offset[-1])
    base = np.frombuffer(b"ACGTN", np.uint8)[rng.integers(0, 5, offset[-1])]
    rows = np.tile(np.frombuffer(text.encode(), np.uint8), (len(counts), 1))
    for row in range(len(counts)):
        for e in range(offset[row], offset[row + 1]):
            rows[row, position[e]] = base[e]
    expected = gx.one_hot(rows, layout=layout, dtype=dtype)
    edits = gx.Edits(offset, position, base)
    for rows_done, batch in gx.EditedBatches(text, edits, batch_size=batch_size, layout=layout, dtype=dtype):
        assert np.array_equal(batch, expected[rows_done])


def test_compiled_and_twin_take_the_same_steps() -> None:
    table = np.arange(1024, dtype=np.uint16).reshape(256, 4)
    sequence = np.frombuffer(SEQUENCE.encode(), np.uint8)
    offset, position = np.array([0, 2, 2, 5]), np.array([1, 1, 0, 12, 3])
    base = np.frombuffer(b"TGANC", np.uint8)
    for channels_first in (False, True):
        batches, rows = [], []
        for name in ("cpp", "numpy"):
            batch = np.zeros(2 * len(SEQUENCE) * 4, np.uint16)
            args = (sequence, table.view(np.uint8).reshape(-1), channels_first, offset, position, base)
            batches.append(batch)
            rows.append(kernels(name).EditedRows(*args, batch.view(np.uint8)))
        for _ in range(4):
            assert rows[0].step() == rows[1].step()
            assert np.array_equal(*batches)
        rows[0].reset()
        rows[1].reset()
        assert rows[0].step() == rows[1].step() == 2
        assert np.array_equal(*batches)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: gx.EditedBatches("", gx.Edits.single([], "")), "sequence must be one row"),
        (lambda: gx.EditedBatches(["AC", "GT"], gx.Edits.single([0], "A")), "sequence must be one row"),
        (lambda: gx.EditedBatches("ACG", gx.Edits.single([3], "A")), "position 3 of edit 0"),
        (lambda: gx.EditedBatches("ACG", gx.Edits.single([-1], "A")), "position -1 of edit 0"),
        (lambda: gx.EditedBatches("ACG", gx.Edits.single([0], "A"), batch_size=0), "batch_size"),
        (lambda: gx.EditedBatches("ACG", gx.Edits.single([0], "A"), layout="LNC"), "layout"),
        (lambda: gx.Edits.single([0, 1], "A"), "one letter per position"),
        (
            lambda: gx.EditedBatches("ACG", gx.Edits(np.array([0, 2]), np.array([0]), np.array([65], np.uint8))),
            "offset must ascend",
        ),
        (
            lambda: gx.EditedBatches("ACG", gx.Edits(np.array([0, 1, 0, 1]), np.array([0]), np.array([65], np.uint8))),
            "offset must ascend",
        ),
    ],
)
def test_refusals(make: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()
