"""Shards on a Dask cluster whose workers are killed; more rounds: tests/robustness/dask_rounds.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'gxfast[dask]'")


def test_a_worker_is_killed(tmp_path: Path) -> None:
    """In a process of its own, which is how a cluster is started."""
    script = Path(__file__).with_name("dask_rounds.py")
    done = subprocess.run(
        [sys.executable, str(script), "2", str(tmp_path)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["round 1: same bytes", "round 2: same bytes"]


def test_refusals(tmp_path: Path, capfd: Any) -> None:
    from gxfast.demo import simulate_cohort

    cohort = simulate_cohort(tmp_path / "cohort", n_people=30, n_genes=9)
    words = ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]
    out = str(tmp_path / "out")
    assert main(["plan", "-q", "eqtl", *words, "--permutations", "0", "--shards", "2", "-o", out]) == 0
    assert main(["run", out, "--dask", "local:1", "--shard", "1/2"]) == 2
    assert "both given" in capfd.readouterr().err
    assert main(["run", out, "--dask", "nonsense"]) == 2
    assert "no scheduler of Dask answers" in capfd.readouterr().err
    assert main(["run", out, "--dask", "local:1", "--resources", "GPU"]) == 2
    assert "is no amount" in capfd.readouterr().err
    assert main(["run", out, "--resources", "GPU=1"]) == 2
