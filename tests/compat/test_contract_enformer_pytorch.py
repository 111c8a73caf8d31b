"""enformer-pytorch: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import enformer_pytorch as ours

HOME = "enformer_pytorch.data"
text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])


@settings(max_examples=200, deadline=None)
@given(seqs=text | wrong | st.lists(text, max_size=3) | st.lists(st.text("ACGTN.", min_size=3, max_size=3), max_size=3))
def test_str_to_one_hot(host: Callable[..., Any], agree: Any, seqs: Any) -> None:
    agree(host(HOME, "str_to_one_hot"), ours.str_to_one_hot, seqs)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.integers(-2, 5), max_size=8), padding=st.integers(-2, 6))
def test_seq_indices_to_one_hot(host: Callable[..., Any], agree: Any, values: list[int], padding: int) -> None:
    original = host(HOME, "seq_indices_to_one_hot")
    import torch

    indices = torch.tensor(values, dtype=torch.int64)
    agree(original, ours.seq_indices_to_one_hot, indices, padding)
    agree(original, ours.seq_indices_to_one_hot, indices.reshape(-1, 1).T, padding)
    agree(original, ours.seq_indices_to_one_hot, indices.float(), padding)
