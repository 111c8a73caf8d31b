"""The compiled modules refuse what would make them read or write outside their arrays, whoever calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gxfast import _kernels

FAR = 2**63 - 1


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def variants(position: int = 5, ref_length: int = 1) -> Any:
    return _kernels.Variants(
        ints(position), ints(ref_length), ints(0, 2), ints(0, 1, 2), np.frombuffer(b"AC", np.uint8).copy()
    )


def pair(first: tuple[int, bytes, bytes], second: tuple[int, bytes, bytes]) -> Any:
    letters = b"".join(first[1:] + second[1:])
    offsets = np.cumsum([0, *(len(text) for text in first[1:] + second[1:])], dtype=np.int64)
    return _kernels.Variants(
        ints(first[0], second[0]),
        ints(len(first[1]), len(second[1])),
        ints(0, 2, 4),
        offsets,
        np.frombuffer(letters, np.uint8).copy(),
    )


def bases(table: Any, alleles: list[int], *, start: int = 0, anchor: int = 4, left: int = 2, right: int = 2) -> Any:
    out = np.zeros((1, 4), np.uint8)
    _kernels.haplotype_bases(
        table,
        ints(0, len(alleles)),
        np.array(alleles, np.int32),
        np.full(10, 65, np.uint8),
        start,
        anchor,
        left,
        right,
        out,
        1,
    )
    return out


def window(offset: Any, alleles: list[int], low: int = 0, high: int = 10) -> Any:
    return _kernels.rows_in_window(variants(), offset, np.array(alleles, np.int32), ints(0), low, high)


def associate(begin: int) -> None:
    one, results = np.ones(1), [np.zeros(1) for _ in range(3)]
    _kernels.associate(
        np.ones((1, 3), np.int8), one, np.ones((1, 3)), one, ints(0), ints(1), ints(begin), 1.0, 1, *results
    )


def program(length: int = 4) -> Any:
    made = _kernels.DeltaProgram(length)
    own = np.arange(length, dtype=np.int32)
    made.tensor(length, 4, own, own)
    return made


def of_another_program() -> None:
    first, second = program(), program()
    for each in (first, second):
        each.sum(0, 1.0)
    reference = _kernels.DeltaReference(first)
    reference.prepare()
    second.run(reference, ints(0), ints(), np.zeros((0, 4), np.float32))


def of_another_size() -> None:
    made = program()
    made.whole(0)
    _kernels.DeltaReference(made).set(0, np.zeros((3, 4), np.float32))


def net(**changed: Any) -> None:
    options = {"l1_ratio": 0.5, "lambda_ratio": 0.01, "n_lambdas": 5, "stop_after": -1, "gap": 1e-8, "keep_path": False}
    y = np.array([1.0, 2, 3, changed.pop("y", 4.0)])
    lambdas = changed.pop("lambdas", [])
    folds = np.array([0, 1, 0, 1], np.int32)
    _kernels.elastic_net_cv(np.eye(4, dtype=np.int8), y, folds, 2, lambdas, **(options | changed))


def path(**changed: Any) -> None:
    options = {"x": np.eye(2, 4), "y": np.ones(4), "l1_ratio": 0.5, "gap": 1e-8, "most_sweeps": 10, "to": 0.1}
    options |= changed
    to = options.pop("to")
    _kernels.ElasticNetPath(**options).advance(to)


@pytest.mark.parametrize(
    "call",
    [
        lambda: variants(position=FAR),
        lambda: variants(ref_length=FAR),
        lambda: bases(variants(), [1], anchor=FAR),
        lambda: bases(variants(), [1], start=-FAR),
        lambda: bases(variants(), [1], left=FAR, right=FAR),
        lambda: bases(pair((3, b"AC", b"GT"), (3, b"AC", b"TT")), [1, 3]),  # unresolved, and as long as asked for
        lambda: _kernels.consensus(
            variants(), ints(0, 1), np.array([1], np.int32), np.full(10, 65, np.uint8), 0, -FAR, FAR
        ),
        lambda: window(ints(0, 9), [1]),
        lambda: window(ints(-1, 1), [1]),
        lambda: window(ints(0, 1), [7]),
        lambda: window(ints(0, 1), [-1]),
        lambda: window(ints(0, 1), [1], high=FAR),
        lambda: associate(FAR),
        lambda: associate(1),
        of_another_program,
        of_another_size,
        lambda: program().tensor(2**31, 2**33, *2 * [np.zeros(4, np.int32)]),
        lambda: program().max_pool(0, 0, 1, FAR, 1, 0),
        lambda: program().select(0, 0, FAR, 0),
        lambda: net(gap=float("nan")),
        lambda: net(y=float("nan")),
        lambda: net(lambdas=[0.1, 0.0]),
        lambda: path(y=np.ones(3)),
        lambda: path(x=np.full((2, 4), np.inf)),
        lambda: path(l1_ratio=0.0),
        lambda: path(gap=float("nan")),
        lambda: path(to=0.0),
    ],
)
def test_arguments_out_of_range_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises((ValueError, IndexError)):
        call()


def test_the_same_arguments_in_range() -> None:
    assert bases(variants(position=3), [1]).tobytes() == b"ACAA"
    assert bases(pair((3, b"AC", b"GT"), (5, b"A", b"T")), [1, 3]).tobytes() == b"AGTT"
    assert [rows.tolist() for rows in window(ints(0, 1), [1])] == [[0, 1], [1]]
    associate(0)
    net()
    path()


def test_negative_calls_stay_within_their_rows() -> None:
    calls = np.zeros((1, 16), np.int8)
    calls[0, [3, 7]] = -128, -1
    offset, alleles = _kernels.carried_alleles(calls, ints(0, 2))
    assert np.diff(offset).tolist() == [int(call != 0) for call in calls[0]]
    assert alleles.tolist() == [-128, -1]
