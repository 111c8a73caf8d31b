"""The same bits under a covering set of threads, batches, orders, hash seeds and resumptions; and who works at all."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from robustness.driver import Bench
from robustness.matrix import SOME, Matrix, Setting, chosen


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return Matrix(Bench(tmp_path_factory.mktemp("bench"), n_genes=9))


@pytest.mark.parametrize("setting", SOME, ids=str)
@pytest.mark.parametrize("model", ["conv", "attention"])
def test_predictions(matrix: Matrix, model: str, setting: Setting) -> None:
    matrix.require_equal("predict", model, setting)


@pytest.mark.parametrize(("command", "setting"), [("saturate", SOME[1]), ("saturate", SOME[3]), ("variants", SOME[2])])
@pytest.mark.parametrize("model", ["conv", "attention"])
def test_effects(matrix: Matrix, command: str, model: str, setting: Setting) -> None:
    matrix.require_equal(command, model, setting)


@pytest.mark.parametrize("setting", SOME[1:3], ids=str)
@pytest.mark.parametrize("command", ["eqtl", "baseline"])
def test_linear(matrix: Matrix, command: str, setting: Setting) -> None:
    matrix.require_equal(command, "conv", chosen(command, setting))


def cpu_seconds(pid: int) -> dict[str, float]:
    """Seconds that each thread of a process has used."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        found[task.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def test_no_thread_of_blas_works_beside_ours(tmp_path: Path) -> None:
    bench = Bench(tmp_path, n_people=60, n_genes=60)
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")} | {
        "OPENBLAS_NUM_THREADS": "4"
    }
    process = subprocess.Popen(bench.command("baseline", tmp_path / "out"), env=environment)
    used: dict[str, float] = {}
    while process.poll() is None:
        try:
            used |= cpu_seconds(process.pid)
        except OSError:
            break
        time.sleep(0.01)
    assert process.wait() in (0, 3)
    working = {name: seconds for name, seconds in used.items() if seconds > 0.15}
    assert str(process.pid) in working
    assert len(used) > len(working)  # BLAS did start threads, and they sleep
    assert len(working) <= 3, working  # the first, and two workers
