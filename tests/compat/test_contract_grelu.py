"""gReLU: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import grelu as ours

FORMAT, MUTATE = "grelu.sequence.format", "grelu.sequence.mutate"
text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])
dna = st.text("ACGTN", max_size=12)
codes = st.lists(st.integers(-1, 5), max_size=9).map(lambda values: np.array(values, np.int8))
position = st.none() | st.integers(0, 12)
kind = st.sampled_from([None, None, "strings", "indices"])


@settings(max_examples=200, deadline=None)
@given(
    strings=text | st.lists(text, max_size=3) | st.lists(st.text("ACGTN", min_size=3, max_size=3)) | wrong,
    batch=st.booleans(),
)
def test_strings_to_one_hot(host: Callable[..., Any], agree: Any, strings: Any, batch: bool) -> None:
    agree(host(FORMAT, "strings_to_one_hot"), ours.strings_to_one_hot, strings, batch)


@settings(max_examples=300, deadline=None)
@given(seq=text | dna | codes | wrong, letters=st.text("ACGT", max_size=4), pos=position, kind=kind)
def test_mutate(host: Callable[..., Any], agree: Any, seq: Any, letters: str, pos: Any, kind: Any) -> None:
    agree(host(MUTATE, "mutate"), ours.mutate, seq, letters, pos, kind)
    agree(host(MUTATE, "mutate"), ours.mutate, seq, 2, pos, kind)


@settings(max_examples=300, deadline=None)
@given(
    seq=dna | codes | wrong,
    letters=st.text("ACGT", max_size=4) | st.integers(0, 3),
    pos=position,
    kind=kind,
    keep=st.booleans(),
    end=st.sampled_from(["both", "left", "right", "middle"]),
    deleted=st.integers(0, 5),
)
def test_insert_and_delete(
    host: Callable[..., Any],
    agree: Any,
    seq: Any,
    letters: Any,
    pos: Any,
    kind: Any,
    keep: bool,
    end: str,
    deleted: int,
) -> None:
    agree(host(MUTATE, "insert"), ours.insert, seq, letters, pos, kind, keep, end)
    agree(host(MUTATE, "delete"), ours.delete, seq, deleted, pos, kind, keep, end)


@settings(max_examples=200, deadline=None)
@given(
    strings=text | st.lists(text, max_size=3) | st.lists(st.text("ACGTN", min_size=3, max_size=3)) | wrong,
    batch=st.booleans(),
)
def test_strings_to_indices(host: Callable[..., Any], agree: Any, strings: Any, batch: bool) -> None:
    agree(host(FORMAT, "check_string_dna"), ours.check_string_dna, strings)
    agree(host(FORMAT, "strings_to_indices"), ours.strings_to_indices, strings, batch)


@settings(max_examples=200, deadline=None)
@given(
    indices=codes
    | st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), max_size=3).map(
        lambda rows: np.array(rows, np.int8)
    )
    | st.just(np.array([0, 4, 2]))
    | st.just(np.zeros((2, 2, 2), np.int8)),
    batch=st.booleans(),
)
def test_indices(host: Callable[..., Any], agree: Any, indices: Any, batch: bool) -> None:
    agree(host(FORMAT, "indices_to_strings"), ours.indices_to_strings, indices)
    agree(host(FORMAT, "indices_to_one_hot"), ours.indices_to_one_hot, indices, batch)
    # a view that is not contiguous
    agree(host(FORMAT, "indices_to_strings"), ours.indices_to_strings, indices[..., ::2])
    agree(host(FORMAT, "indices_to_one_hot"), ours.indices_to_one_hot, indices[..., ::2], batch)
