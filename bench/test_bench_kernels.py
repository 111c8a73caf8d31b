"""pytest-benchmark suites: each checks its result against the NumPy twin before it is timed.

Run with ``python -m pytest bench``; CI runs them once with ``--benchmark-disable``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gxfast.encode import codes, one_hot
from gxfast.kernels import backend

LENGTH = 10_500


@pytest.fixture(scope="module")
def sequences() -> Any:
    return np.frombuffer(b"ACGTN", np.uint8)[np.random.default_rng(1).integers(0, 5, (64, LENGTH))]


@pytest.mark.parametrize("layout", ["NLC", "NCL"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_one_hot(benchmark: Any, sequences: Any, layout: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GXFAST_BACKEND", "numpy")
    expected = one_hot(sequences, layout=layout, dtype=dtype)
    monkeypatch.setenv("GXFAST_BACKEND", "cpp")
    out = np.empty_like(expected)
    benchmark(one_hot, sequences, layout=layout, dtype=dtype, out=out)
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("reverse", [False, True])
def test_codes(benchmark: Any, sequences: Any, reverse: bool) -> None:
    out = np.empty_like(sequences)
    benchmark(codes, sequences, reverse_complement=reverse, out=out)
    table = np.full(256, 4, np.uint8)
    table[np.frombuffer(b"ACGT", np.uint8)] = [3, 2, 1, 0] if reverse else [0, 1, 2, 3]
    assert np.array_equal(out, table[sequences[:, ::-1] if reverse else sequences])


def test_unique_columns(benchmark: Any) -> None:
    rng = np.random.default_rng(2)
    founders = rng.integers(0, 2, (60, 400)).astype(np.int8)
    calls = np.ascontiguousarray(founders[rng.integers(0, 60, 1678)].T)
    index, first, columns = benchmark(backend("cpp").unique_columns, calls)
    for found, expected in zip((index, first, columns), backend("numpy").unique_columns(calls), strict=True):
        assert np.array_equal(found, expected)
