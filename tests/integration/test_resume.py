"""Killed, resumed, with other threads and batch sizes: the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.directories import fingerprint

from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.errors import InputError
from gxfast.workflow.rundir import RunDirectory


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), n_people=30, n_genes=70)


def command(cohort: Any, output: Path, *extra: str) -> list[str]:
    return [
        sys.executable, "-m", "gxfast", "run", "-q", "--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf),
        "--genes", str(cohort.genes), "--expression", str(cohort.expression), "--model", str(cohort.model),
        "--steps", "check,predict,evaluate,ism,drivers,report", "-o", str(output), *extra,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def expected(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("plain") / "out"
    subprocess.run(command(cohort, folder, "--threads", "1"), check=True)
    found = fingerprint(folder)
    assert {"genes.tsv", "manifest.json", "report.html"} <= set(found)
    return found


@pytest.mark.parametrize(
    "options", [("--threads", "2"), ("--batch-size", "7"), ("--batch-size", "64"), ("--max-mem", "40K")]
)
def test_threads_and_batches_do_not_matter(
    cohort: Any, expected: dict[str, str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    subprocess.run(command(cohort, tmp_path / "out", *options), check=True)
    assert fingerprint(tmp_path / "out") == expected


def kill_when(process: subprocess.Popen[bytes], journal: Path, n_lines: int) -> None:
    while process.poll() is None:
        if journal.exists() and len(journal.read_bytes().splitlines()) >= n_lines:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.001)
    process.wait()


@pytest.mark.parametrize("n_blocks", [1, 3])
@pytest.mark.parametrize("torn", [False, True])
def test_killed_and_resumed(cohort: Any, expected: dict[str, str], tmp_path: Path, n_blocks: int, torn: bool) -> None:
    out = tmp_path / "out"
    journal = out / ".gxfast" / "journal.tsv"
    n_lines = 1 + n_blocks  # the plan's
    kill_when(subprocess.Popen(command(cohort, out)), journal, n_lines)
    assert not (out / "manifest.json").exists()
    assert len(journal.read_text().splitlines()) >= n_lines
    if torn:
        shard = next((out / ".gxfast" / "blocks").rglob("*.npz"))
        shard.write_bytes(shard.read_bytes()[:-100])
        with journal.open("a") as handle:
            handle.write("half a li")
    subprocess.run(command(cohort, out, "--resume"), check=True)
    assert fingerprint(out) == expected


def test_interrupt_exits_130_and_resumes(cohort: Any, expected: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(command(cohort, out), stderr=subprocess.PIPE)
    journal = out / ".gxfast" / "journal.tsv"
    while not journal.exists():
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    message = process.communicate()[1].decode()
    assert process.returncode == 130, message
    assert "Traceback" not in message
    subprocess.run(command(cohort, out, "--resume"), check=True)
    assert fingerprint(out) == expected


def test_hash_seed_does_not_matter(cohort: Any, expected: dict[str, str], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run(command(cohort, tmp_path / "out"), check=True, env=environment)
    assert fingerprint(tmp_path / "out") == expected


@pytest.fixture
def small(world: dict[str, Path], tmp_path: Path) -> list[str]:
    named = [part for key in ("fasta", "vcf", "genes", "model") for part in (f"--{key}", str(world[key]))]
    return ["predict", "-q", "--threads", "1", "-o", str(tmp_path / "out"), *named]


def test_two_runs_into_one_directory(small: list[str], tmp_path: Path, capfd: Any) -> None:
    with RunDirectory(tmp_path / "out", {"a": 1}, resume=False):
        assert main(small) == 2
    assert "another run" in capfd.readouterr().err
    assert not (tmp_path / "out" / "genes.tsv").exists()


def test_a_directory_in_which_nothing_was_done_is_begun_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with RunDirectory(out, {"a": 1}, resume=False):
        pass
    with RunDirectory(out, {"a": 2}, resume=False) as run:
        assert run.plan == {"a": 2}
        run.write_block("one.npz", {"x": np.zeros(2)})
    with pytest.raises(InputError, match="already holds a run"):
        RunDirectory(out, {"a": 3}, resume=False)
    with RunDirectory(out, {"a": 2}, resume=True) as run:
        assert run.has_block("one.npz")


def test_a_directory_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    for name in ("genes.tsv", ".gxfast/job.json"):
        out = tmp_path / name.rpartition("/")[2]
        with RunDirectory(out, {"a": 1}, resume=False):
            (out / name).write_text("kept")
        with pytest.raises(InputError, match="already holds a run"):
            RunDirectory(out, {"a": 1}, resume=False)
        assert (out / name).read_text() == "kept"


def test_finished_directory_needs_resume_and_the_same_options(small: list[str], capfd: Any) -> None:
    assert main(small) == 0
    assert main(small) == 2
    assert "--resume" in capfd.readouterr().err
    assert main([*small, "--resume", "--variants", "snv"]) == 2
    assert "options.variants" in capfd.readouterr().err
    assert main([*small, "--resume"]) == 0
