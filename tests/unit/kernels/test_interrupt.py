"""Ctrl-C ends a long kernel call at once, and leaves the interpreter usable."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

LONG_CALL = """
import numpy as np, gxfast as gx, sys, time
sequences = np.full((4, 40_000_000), 65, np.uint8)
out = np.empty((4, 40_000_000, 4), np.uint8)
out[...] = 0
print("ready", flush=True)
try:
    while True:
        gx.one_hot(sequences, dtype=out.dtype.name, out=out, n_threads={threads})
except KeyboardInterrupt:
    print("interrupted", gx.one_hot("AC", dtype="uint8").tolist(), flush=True)
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_call(threads: int) -> None:
    code = LONG_CALL.format(threads=threads)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted [[1, 0, 0, 0], [0, 1, 0, 0]]\n"
        assert process.wait(timeout=20) == 0
