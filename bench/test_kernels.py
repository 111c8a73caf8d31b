"""Single kernels under pytest-benchmark, on the data of ``python -m gxfast.bench``; results are checked.

Run with ``python -m pytest bench/test_kernels.py``. What is compared with limits and peers is in
``python -m gxfast.bench`` and ``python bench/run.py``; here one kernel at a time is timed, to see a change from one
commit to the next.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest

from gxfast.bench.cases.haplotypes import make_work, open_store
from gxfast.bench.cases.one_hot import expected_one_hot
from gxfast.bench.data import make_sequences
from gxfast.bench.peers import Format
from gxfast.encode.edits import EditedBatches, Edits, saturation_edits
from gxfast.encode.one_hot import codes, one_hot

LENGTH = 10_500
F32 = Format("NLC", "float32", False)


@pytest.fixture(scope="module")
def sequences() -> Any:
    return make_sequences(64, LENGTH, unknown=0.01)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "rc"])
@pytest.mark.parametrize("layout", ["NLC", "NCL"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_one_hot(benchmark: Any, sequences: Any, layout: str, dtype: str, reverse: bool) -> None:
    expected = expected_one_hot(sequences, Format(layout, dtype, reverse))
    out = np.empty_like(expected)
    benchmark(one_hot, sequences, layout=layout, dtype=dtype, reverse_complement=reverse, out=out)
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "rc"])
def test_codes(benchmark: Any, sequences: Any, reverse: bool) -> None:
    out = np.empty_like(sequences)
    benchmark(codes, sequences, reverse_complement=reverse, out=out)
    table = np.full(256, 4, np.uint8)
    table[np.frombuffer(b"ACGT", np.uint8)] = [3, 2, 1, 0] if reverse else [0, 1, 2, 3]
    assert np.array_equal(out, table[sequences[:, ::-1] if reverse else sequences])


@pytest.mark.parametrize("kind", ["snv", "mix"])
def test_haplotype_letters(benchmark: Any, kind: str) -> None:
    store, work = open_store(kind, "tiny"), make_work(kind, "tiny", LENGTH)
    out = np.empty((work.n, LENGTH), np.uint8)
    benchmark(store.letters, *work.window(0), haplotypes=np.arange(work.n), out=out)
    assert np.array_equal(out, work.expected(0))


@pytest.mark.parametrize("kind", ["snv", "mix"])
def test_haplotype_one_hot(benchmark: Any, kind: str) -> None:
    store, work = open_store(kind, "tiny"), make_work(kind, "tiny", LENGTH)
    out = np.empty((work.n, LENGTH, 4), np.float32)
    benchmark(store.one_hot, *work.window(0), haplotypes=np.arange(work.n), out=out)
    assert np.array_equal(out, expected_one_hot(work.expected(0), F32))


@pytest.mark.parametrize("kind", ["snv", "mix"])
def test_haplotype_batches(benchmark: Any, kind: str) -> None:
    store, work = open_store(kind, "tiny"), make_work(kind, "tiny", LENGTH)

    def batches() -> Any:
        return store.one_hot_batches(*work.window(0), batch_size=4, haplotypes=np.arange(work.n))

    benchmark(lambda: deque(batches(), maxlen=0))
    for rows, batch in batches():
        assert np.array_equal(batch, expected_one_hot(work.expected(0)[rows], F32))


def test_mutant_edits(benchmark: Any) -> None:
    letters = make_sequences(1, LENGTH, unknown=0.0)[0]
    positions, bases = saturation_edits(letters, start=5000, end=5100)
    batches = EditedBatches(letters, Edits.single(positions, bases), batch_size=64)
    benchmark(lambda: deque(batches, maxlen=0))
    for rows, batch in batches:
        mutants = np.repeat(letters[np.newaxis], len(batch), axis=0)
        mutants[np.arange(len(batch)), positions[rows]] = bases[rows]
        assert np.array_equal(batch, expected_one_hot(mutants, F32))
