"""Killed at random moments, with torn files, and resumed: the same bytes, and nothing that only looks finished."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from robustness.driver import STATE, Bench, kill_rounds, part_round, run, wait_for


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


def test_twenty_rounds(bench: Bench, tmp_path: Path) -> None:
    assert kill_rounds(bench, range(20), tmp_path) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_torn_shard_is_not_merged(bench: Bench, tmp_path: Path, seed: int) -> None:
    part_round(bench, seed, tmp_path)


def test_two_writers(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = subprocess.Popen(bench.command("steps", out), stderr=subprocess.PIPE)
    wait_for(first, out / STATE / "plan.json")
    time.sleep(0.05)
    second = run(bench.command("steps", out, "--resume"))
    err = first.communicate()[1].decode()
    assert first.returncode == 0, err
    second.require_refused()
    assert "another run is writing into this directory" in second.err
    bench.require_same("steps", out, run(bench.command("steps", out, "--resume")), "after both")
