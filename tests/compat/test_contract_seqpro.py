"""seqpro: the twin and the installed host agree on any input."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxfast.compat import seqpro as ours

text = st.one_of(st.text("ACGT"), st.text("ACGTN"), st.text("ACGTNacgtnRYKM.-*"), st.text(max_size=20))
wrong = st.sampled_from([None, 3, b"ACGT", ["A", "C"], 1.5])


@settings(max_examples=200, deadline=None)
@given(
    seqs=st.one_of(
        text,
        wrong,
        st.binary(max_size=9),
        st.lists(text, max_size=4),
        st.lists(st.lists(st.text("ACGT", min_size=2, max_size=2), min_size=2, max_size=2), max_size=3),
    )
)
@pytest.mark.parametrize("alphabet", ["DNA", "RNA"])
def test_ohe(host: Callable[..., Any], agree: Any, alphabet: str, seqs: Any) -> None:
    agree(host("seqpro._encoders", "ohe"), ours.ohe, seqs, host("seqpro", alphabet))


def test_ohe_of_arrays(host: Callable[..., Any], agree: Any) -> None:
    letters = np.frombuffer(b"ACGTNacgtAAC", "S1").reshape(3, 4)
    for seqs in (letters, letters.T, letters.view(np.uint8), letters[0, 0:1], np.array(["AC", "GT"]), np.array(b"A")):
        agree(host("seqpro._encoders", "ohe"), ours.ohe, seqs, host("seqpro", "DNA"))


def test_amino_acids_go_to_the_host(host: Callable[..., Any], agree: Any) -> None:
    agree(host("seqpro._encoders", "ohe"), ours.ohe, "MKV", host("seqpro", "AA"))


def test_without_the_host_the_remedy_is_named() -> None:
    import importlib.util

    if importlib.util.find_spec("seqpro"):
        pytest.skip("seqpro is installed")
    with pytest.raises(NotImplementedError, match="remedy: install seqpro"):
        ours.ohe("MKV", SimpleNamespace(aa_array=np.array([b"M", b"K"])))


@settings(max_examples=200, deadline=None)
@given(
    seqs=st.one_of(text, wrong, st.binary(max_size=9), st.lists(text, max_size=4), st.just(np.array([b"A", b"G"]))),
    normalize=st.booleans(),
    axis=st.sampled_from([None, None, 0, -1]),
)
def test_gc_content(host: Callable[..., Any], agree: Any, seqs: Any, normalize: bool, axis: Any) -> None:
    agree(host("seqpro._analyzers", "gc_content"), ours.gc_content, seqs, normalize, axis)
