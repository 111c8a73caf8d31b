"""crested: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import crested as ours

HOME = "crested.utils._seq_utils"
text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])


@settings(max_examples=200, deadline=None)
@given(seq=text | wrong, expand=st.booleans())
def test_one_hot_encode_sequence(host: Callable[..., Any], agree: Any, seq: Any, expand: bool) -> None:
    agree(host(HOME, "one_hot_encode_sequence"), ours.one_hot_encode_sequence, seq, expand)


@settings(max_examples=100, deadline=None)
@given(
    seq=st.text("ACGTN", max_size=9),
    include=st.booleans(),
    flanks=st.tuples(st.integers(0, 6), st.integers(-1, 6)),
    protected=st.none() | st.lists(st.integers(0, 9)),
    rows=st.integers(1, 2),
)
def test_generate_mutagenesis(
    host: Callable[..., Any], agree: Any, seq: str, include: bool, flanks: Any, protected: Any, rows: int
) -> None:
    x = np.repeat(ours.one_hot_encode_sequence(seq), rows, axis=0)
    agree(host(HOME, "generate_mutagenesis"), ours.generate_mutagenesis, x, include, flanks, protected)
    agree(host(HOME, "generate_mutagenesis"), ours.generate_mutagenesis, x.astype(np.uint8), include)
