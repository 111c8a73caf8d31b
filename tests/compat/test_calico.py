"""dna_1hot of basenji and baskerville, which no registry serves: against their documented rules, base by base."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxfast.compat import basenji, baskerville
from gxfast.compat._compare import outcome, same_outcome


def documented(seq: str, seq_len: int | None, n_uniform: bool) -> np.ndarray[Any, Any]:
    """Centre-trim or centre-pad, fold case, one bool row per base; others zero, or 0.25 in float16."""
    wanted = len(seq) if seq_len is None else seq_len
    offset = (wanted - len(seq)) // 2 if wanted > len(seq) else 0
    if wanted <= len(seq):
        skip = (len(seq) - wanted) // 2
        seq = seq[skip : skip + wanted]
    rows = np.zeros((wanted, 4), np.float16 if n_uniform else np.bool_)
    for i, base in enumerate(seq.upper()):
        if i + offset >= wanted:
            break
        if base in "ACGT":
            rows[i + offset, "ACGT".index(base)] = 1
        elif n_uniform:
            rows[i + offset] = 0.25
    return rows


@pytest.mark.parametrize("module", [basenji, baskerville])
@given(seq=st.text("ACGTNacgtn-R") | st.text(), seq_len=st.none() | st.integers(0, 40), n_uniform=st.booleans())
def test_dna_1hot(module: Any, seq: str, seq_len: int | None, n_uniform: bool) -> None:
    expected = outcome(documented, (seq, seq_len, n_uniform), {})
    assert same_outcome(expected, outcome(module.dna_1hot, (seq, seq_len, n_uniform), {}))


@pytest.mark.parametrize("name", ["basenji", "baskerville"])
def test_random_bases_are_the_hosts_business(name: str) -> None:
    if importlib.util.find_spec(name):
        pytest.skip(f"{name} is installed")
    twin = {"basenji": basenji, "baskerville": baskerville}[name].dna_1hot
    assert twin("acgt", n_sample=True).sum() == 4
    with pytest.raises(NotImplementedError, match=f"remedy: install {name}"):
        twin("ANA", n_sample=True)


@given(codes=st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=3))
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float16])
def test_hot1_dna(dtype: Any, codes: list[list[int]]) -> None:
    # 5 is a row with two ones, of which the first counts
    rows = np.array([[[i == code or (code == 5 and i in (1, 3)) for i in range(4)] for code in one] for one in codes])
    expected = ["".join("ACGTNC"[code] for code in one) for one in codes]
    for module in (basenji, baskerville):
        assert module.hot1_dna(rows.astype(dtype)) == expected
        assert module.hot1_dna(rows[0].astype(dtype)) == expected[0]
        # columns after the fourth are of tracks
        assert module.hot1_dna(np.concatenate([rows, rows], axis=2).astype(dtype)) == expected


@given(seq=st.text("ACGTNacgtn-R"))
def test_dna_1hot_index(seq: str) -> None:
    found = baskerville.dna_1hot_index(seq)
    assert found.dtype == np.uint8
    assert found.tolist() == ["ACGT".find(base) % 5 for base in seq.upper()]
    assert found.flags.writeable
