"""tangermeme: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import tangermeme as ours

text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])
motifs = st.text("ACGT", max_size=6) | st.text("ACGTNX", max_size=6)
odd = st.sampled_from([2.0, 1.5, float("nan"), "2", np.int64(3), np.float32(2), True, [1]])
starts = st.none() | st.integers(-1, 12) | odd


@settings(max_examples=200, deadline=None)
@given(
    seq=st.text("ACGTN") | text | wrong,
    ignore=st.sampled_from([["N"], ["N", "X"], [], ["A"]]),
    dtype=st.sampled_from(["int8", "float32", "float16", "int64", "bfloat16", "bool"]),
)
def test_one_hot_encode(host: Callable[..., Any], agree: Any, seq: Any, ignore: list[str], dtype: str) -> None:
    original = host("tangermeme.utils", "one_hot_encode")
    import torch

    agree(original, ours.one_hot_encode, seq)
    agree(original, ours.one_hot_encode, seq, ignore=ignore, dtype=getattr(torch, dtype))
    agree(original, ours.one_hot_encode, seq, alphabet="ACGU", n_jobs=-1)


def test_layout_in_memory(host: Callable[..., Any]) -> None:
    original = host("tangermeme.utils", "one_hot_encode")
    assert original("ACGT").stride() == ours.one_hot_encode("ACGT").stride()


@settings(max_examples=200, deadline=None)
@given(
    seqs=st.lists(st.text("ACGTN", min_size=8, max_size=8), min_size=1, max_size=3),
    motif=motifs,
    start=starts,
    end=st.integers(-1, 12) | odd,
    as_float=st.booleans(),
)
def test_ersatz(
    host: Callable[..., Any], agree: Any, seqs: list[str], motif: str, start: Any, end: int, as_float: bool
) -> None:
    encode = host("tangermeme.utils", "one_hot_encode")
    import torch

    X = torch.stack([encode(seq) for seq in seqs])
    X = X.float() if as_float else X
    for name in ("substitute", "insert"):
        agree(host("tangermeme.ersatz", name), getattr(ours, name), X, motif, start)
        agree(host("tangermeme.ersatz", name), getattr(ours, name), X, X[:, :, :3], start)
        agree(host("tangermeme.ersatz", name), getattr(ours, name), X * 2, motif, start)
        agree(host("tangermeme.ersatz", name), getattr(ours, name), "ACGT", motif, start)
    if start is not None:
        agree(host("tangermeme.ersatz", "delete"), ours.delete, X, start, end)
        agree(host("tangermeme.ersatz", "delete"), ours.delete, X - 1, start, end)


@settings(max_examples=200, deadline=None)
@given(
    columns=st.lists(st.integers(0, 4), max_size=8),
    dtype=st.sampled_from(["int8", "uint8", "bool", "float32"]),
    more=st.sampled_from(["", "batch", "two", "rows", "ties", "array"]),
    force=st.booleans(),
    allow=st.booleans(),
)
def test_characters(
    host: Callable[..., Any], agree: Any, columns: list[int], dtype: str, more: str, force: bool, allow: bool
) -> None:
    torch = pytest.importorskip("torch")
    pwm = torch.tensor(np.eye(5, 4)[np.array(columns, np.intp)].T).type(getattr(torch, dtype))
    if more in ("batch", "two"):
        pwm = pwm.unsqueeze(0).repeat(2 if more == "two" else 1, 1, 1)
    elif more == "rows":
        pwm = pwm[:3]
    elif more == "ties" and columns:
        pwm[:2, 0] = 1
    given = pwm.numpy() if more == "array" else pwm
    agree(host("tangermeme.utils", "characters"), ours.characters, given, ["A", "C", "G", "T"], force, allow)


def test_a_start_that_is_no_whole_number_is_an_index_error() -> None:
    torch = pytest.importorskip("torch")
    X = torch.zeros((2, 4, 9), dtype=torch.int8)
    with pytest.raises(IndexError, match=r"start must be a whole number, found 2\.0"):
        ours.substitute(X, "AC", 2.0)  # type: ignore[arg-type]
    assert ours.substitute(X, "AC", np.int64(2))[:, 0, 2].tolist() == [1, 1]


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    dtype=st.sampled_from(["int8", "uint8", "bool", "int64", "float16", "float32", "float64", "bfloat16"]),
)
def test_tensors_that_are_not_one_hot(host: Callable[..., Any], agree: Any, data: Any, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    values = data.draw(st.lists(st.sampled_from([0, 0, 0, 1, 1, -0.0, 0.5, -1, 2]), min_size=40, max_size=40))
    X = torch.tensor(values).reshape(2, 4, 5).to(getattr(torch, dtype))
    one_hot = torch.nn.functional.one_hot(X[:, 0].long().clip(0, 3), 4).to(X.dtype)
    for x in (X, one_hot.transpose(1, 2), one_hot.transpose(1, 2).contiguous()[:, :, ::2], one_hot[0]):
        for name in ("substitute", "insert"):
            agree(host("tangermeme.ersatz", name), getattr(ours, name), x, "AC")
        agree(host("tangermeme.ersatz", "delete"), ours.delete, x, 1, 2)
