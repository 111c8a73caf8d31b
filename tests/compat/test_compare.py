"""What counts as the same outcome of a host's function and of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gxfast.compat._compare import Outcome, same_outcome

NAN = float("nan")


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (np.array([NAN, 1.0]), np.array([NAN, 1.0]), True),
        (np.array([NAN, 1.0]), np.array([1.0, NAN]), False),
        (np.float64(NAN), np.float64(NAN), True),
        (np.float32(NAN), np.float64(NAN), False),
        (NAN, NAN, True),
        (NAN, 1.0, False),
        ((np.array([NAN]), "x"), (np.array([NAN]), "x"), True),
        (np.zeros((0, 4)), np.zeros((0, 4)), True),
        (np.zeros((0, 4)), np.zeros((4, 0)), False),
        (np.array([b"A", b"C"]), np.array([b"A", b"C"]), True),
        (np.array([b"A", b"C"]), np.array([b"A", b"G"]), False),
        ("AC", "AC", True),
    ],
)
def test_same_values(a: Any, b: Any, same: bool) -> None:
    assert same_outcome(Outcome(value=a, error=None), Outcome(value=b, error=None)) is same


def test_tensors_with_a_nan() -> None:
    torch = pytest.importorskip("torch")
    a = torch.tensor([NAN, 1.0], dtype=torch.bfloat16)
    assert same_outcome(Outcome(value=a, error=None), Outcome(value=a.clone(), error=None))
    assert not same_outcome(Outcome(value=a, error=None), Outcome(value=a.flip(0), error=None))
