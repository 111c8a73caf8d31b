"""dna_1hot of basenji and baskerville, which no registry serves: against their documented rules, base by base."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gxfast as gx
from gxfast.compat import basenji, baskerville, binding
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


# dna_1hot by its documented rules, as a clone has it: no distribution, or one whose version says nothing.
CLONE = """
import random
import numpy as np

def dna_1hot({parameters}):
    wanted = len(seq) if seq_len is None else seq_len
    first = max((wanted - len(seq)) // 2, 0)
    if wanted <= len(seq):
        skip = (len(seq) - wanted) // 2
        seq = seq[skip : skip + wanted]
    rows = np.zeros((wanted, 4), np.float16 if n_uniform else np.bool_)
    for i, base in enumerate(seq.upper()):
        if base in "ACGT":
            rows[first + i, "ACGT".index(base)] = True
        elif n_uniform:
            rows[first + i] = {unknown}
        elif {draws}:
            rows[first + i, random.randint(0, 3)] = True
    return rows
"""
OLDER, NEWER = "seq, seq_len=None, n_uniform=False", "seq, seq_len=None, n_uniform=False, n_sample=False"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """``clone(tool, module, parameters, draws, unknown)``: such a package on the path, without a version."""
    if importlib.util.find_spec("basenji") or importlib.util.find_spec("baskerville"):
        pytest.skip("the real ones are here")
    made: list[str] = []

    def make(tool: str, module: str, parameters: str, draws: str, unknown: str = "0.25") -> Any:
        (tmp_path / tool).mkdir()
        text = CLONE.format(parameters=parameters, draws=draws, unknown=unknown)
        (tmp_path / tool / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        made.append(tool)
        return importlib.import_module(f"{tool}.{module}")

    yield make
    gx.unpatch()
    binding._WARNED.clear()
    for name in [name for name in sys.modules if name.split(".")[0] in made]:
        del sys.modules[name]


@pytest.mark.parametrize(("tool", "module"), [("basenji", "dna_io"), ("baskerville", "dna")])
def test_clones_are_recognised_without_a_version(clone: Callable[..., Any], tool: str, module: str) -> None:
    home = clone(tool, module, NEWER, "n_sample")
    original = home.dna_1hot
    gx.patch(tool)
    assert home.dna_1hot is not original
    for arguments in (("ACGTNacgt",), ("ACNT", 9), ("ACGTAN", 3, True)):
        assert same_outcome(outcome(original, arguments, {}), outcome(home.dna_1hot, arguments, {}))
    # Random bases for unknown ones are drawn by the original.
    assert home.dna_1hot("NNNN", n_sample=True).sum() == 4


def test_the_older_basenji_draws_unknown_bases(clone: Callable[..., Any]) -> None:
    home = clone("basenji", "dna_io", OLDER, "True")
    original = home.dna_1hot
    gx.patch("basenji")
    assert home.dna_1hot is not original
    assert home.dna_1hot("NNNN").sum() == 4
    assert not home.dna_1hot("ACGT", 6)[[0, 5]].any()
    assert (home.dna_1hot("NA", None, True)[0] == 0.25).all()


def test_another_function_of_that_name_is_left_alone(clone: Callable[..., Any]) -> None:
    home = clone("basenji", "dna_io", NEWER, "n_sample", unknown="0.5")
    original = home.dna_1hot
    with pytest.warns(binding.PatchWarning, match="does something else with"):
        gx.patch("basenji")
    assert home.dna_1hot is original
    home.dna_1hot = lambda seq, length=None: original(seq, length)
    binding._WARNED.clear()
    with pytest.warns(binding.PatchWarning, match=r"other parameters \(seq, length\)"):
        gx.patch("basenji")


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
