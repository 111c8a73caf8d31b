"""Shards by Snakemake (scripts/cluster/Snakefile): killed in the middle, gone on with, the bytes of one run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from oracles.directories import block_states, fingerprint

from gxfast.cli.main import main
from gxfast.demo import simulate_cohort

SNAKEFILE = Path(__file__).parents[2] / "scripts" / "cluster" / "Snakefile"
SNAKEMAKE = shutil.which("snakemake", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")


@pytest.mark.skipif(SNAKEMAKE is None, reason="Snakemake is not installed: pip install snakemake")
def test_killed_and_gone_on_with(tmp_path: Path) -> None:
    cohort = simulate_cohort(tmp_path / "cohort", n_people=40, n_genes=150)
    words = ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]
    assert main(["baseline", "-q", *words, "--window", "100000", "-o", str(tmp_path / "whole")]) == 0
    out = tmp_path / "out"
    assert main(["plan", "-q", "baseline", *words, "--window", "100000", "--shards", "3", "-o", str(out)]) == 0
    # The program gxfast is the one under test.
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "gxfast"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gxfast "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    command = [str(SNAKEMAKE), "-s", str(SNAKEFILE), "--cores", "2", "--quiet", "all"]
    command += ["--config", f"dir={out}", "shards=3"]
    running = subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True)
    deadline = time.monotonic() + 120
    while not block_states(out) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = block_states(out)
    assert before
    assert not (out / "manifest.json").exists()
    subprocess.run([*command[:-3], "--unlock", *command[-3:]], cwd=tmp_path, env=environment, check=True)
    subprocess.run([*command[:-3], "--rerun-incomplete", *command[-3:]], cwd=tmp_path, env=environment, check=True)
    assert before.items() <= block_states(out).items()
    assert fingerprint(out) == fingerprint(tmp_path / "whole")
