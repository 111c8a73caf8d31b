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


SHARDS = """
import sys
from gxfast.cli.on_dask import shard_task
from gxfast.models.session import Model
opened, start = [], Model.__init__
Model.__init__ = lambda self, path, **options: (opened.append(str(path)), start(self, path, **options))[1]
for i in (1, 2, 3):
    shard_task(sys.argv[1], i, 3, 1)
print(len(opened))
"""


def test_sessions_stay_open_in_a_worker(tmp_path: Path) -> None:
    """Three shards of one process open the model once; a card that was changed between them is another model."""
    from gxfast.demo import simulate_cohort
    from gxfast.models import kept
    from gxfast.workflow.inputs import open_models
    from gxfast.workflow.options import InputPaths

    cohort = simulate_cohort(tmp_path / "cohort", n_people=20, n_genes=9)
    words = [f"--fasta={cohort.fasta}", f"--vcf={cohort.vcf}", f"--genes={cohort.genes}", f"--model={cohort.model}"]
    out = tmp_path / "out"
    assert main(["plan", "-q", "predict", *words, "--shards", "3", "-o", str(out)]) == 0
    done = subprocess.run([sys.executable, "-c", SHARDS, str(out)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
    paths = InputPaths(str(cohort.fasta), (str(cohort.vcf),), (str(cohort.model),))
    assert open_models(paths)[0] is not open_models(paths)[0]
    try:
        kept.keep_models()
        first = open_models(paths)[0]
        assert open_models(paths)[0] is first
        card = tmp_path / "other.card.json"
        card.write_text(first.card.to_json())
        named = InputPaths(str(cohort.fasta), (str(cohort.vcf),), (str(cohort.model),), (str(card),))
        again = open_models(named)[0]
        card.write_text(first.card.to_json().replace(first.card.name, "another"))
        assert open_models(named)[0] is not again
        assert open_models(named)[0].card.name == "another"
    finally:
        kept._kept = None
