"""Sizes past 2^31 and 2^32 elements: every index has to be 64 bits wide."""

from __future__ import annotations

import numpy as np
import pytest

import gxfast as gx

LENGTH = 1_080_000_000  # x 4 channels = 4.32e9 elements


def available_bytes() -> int:
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["NLC", "NCL"])
def test_one_hot_past_four_billion_elements(layout: str) -> None:
    if available_bytes() < 8 << 30:
        pytest.skip("needs 8 GiB of free memory")
    sequence = np.full(LENGTH, ord("A"), np.uint8)
    marks = np.array([0, 2**29 - 1, 2**29, 2**30 - 1, 2**30, LENGTH - 1])  # x 4: 2^31 and 2^32
    sequence[marks] = np.frombuffer(b"CGTCGT", np.uint8)
    encoded = gx.one_hot(sequence, layout=layout, dtype="uint8", n_threads=2)
    rows = encoded if layout == "NLC" else encoded.T
    assert rows.shape == (LENGTH, 4)
    assert np.array_equal(rows[marks].argmax(1), [1, 2, 3, 1, 2, 3])
    assert np.array_equal(rows[marks].sum(1), np.ones(6))
    others = np.random.default_rng(1).integers(1, LENGTH - 1, 1000)
    others = others[~np.isin(others, marks)]
    assert (rows[others] == [1, 0, 0, 0]).all()
