"""Kernels used from two Python threads at once, and in a child forked after its parent used them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from robustness.test_arrays import environment


@pytest.mark.parametrize("how", ["threads", "fork"])
def test_results_are_the_same_bits(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "robustness.busy", how],
        env=environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == ""
