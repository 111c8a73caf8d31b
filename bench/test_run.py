"""What the checkout adds to the benchmark: its cases and its peers at size tiny, where the peers are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.cases import cases
from bench.goals import goals
from bench.peers import fastism, peers
from gxfast.bench.cases import all_cases
from gxfast.bench.command import run_case
from gxfast.bench.data import scratch_folder
from gxfast.bench.peers import CohortPeer, CommandPeer, MutantPeer, OneHotPeer, ScanPeer, StatisticPeer

pytestmark = pytest.mark.usefixtures("everything")

# Of the package's cases, those in which each kind of peer takes part.
PEERS_TAKE_PART = {
    OneHotPeer: (
        "one-hot-f32-nlc-10500-streaming", "one-hot-f32-ncl-10500-streaming", "one-hot-u8-ncl-10500-streaming",
    ),
    CohortPeer: (
        "haplotype-strings-snv-10500", "haplotype-strings-mix-10500", "haplotype-one-hot-mix-10500-streaming",
        "haplotype-one-hot-snv-10500-batches", "memory-strings-mix-10500",
    ),
    MutantPeer: ("mutants-written-10500",),
    ScanPeer: ("ism-basset-1000", "ism-bpnet-1000"),
    StatisticPeer: ("pearson-gaps-float32", "spearman-ties", "bh-2e4"),
}  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GXFAST_BENCH_CACHE", str(tmp_path))
    scratch_folder.cache_clear()
    yield tmp_path
    scratch_folder.cache_clear()


@pytest.mark.filterwarnings("default")  # peers warn about their own dependencies
@pytest.mark.parametrize("name", [*cases(), *(name for names in PEERS_TAKE_PART.values() for name in names)])
def test_results_agree(name: str) -> None:
    row = run_case(name, all_cases()[name], "tiny")
    assert row.equal, (row.failed, row.differ)
    assert not row.failed
    assert not row.differ
    if row.skipped or row.absent:
        told = row.skipped or "; ".join(f"{peer}: {remedy}" for peer, remedy in row.absent.items())
        pytest.skip(f"gxfast is right; not compared with {told}")


def test_every_peer_takes_part_in_a_case() -> None:
    assert {type(peer) for peer in peers()} == {*PEERS_TAKE_PART, CommandPeer}  # these: test_commands.py


def test_goals_belong_to_cases() -> None:
    assert set(goals()) <= set(all_cases())


def test_run_lists_the_cases_of_the_package_and_of_the_checkout() -> None:
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--list"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert names == list(all_cases())
    assert set(cases()) < set(names)


def test_results_of_fastism_are_merged_by_case(cache: Path) -> None:
    assert fastism.figures("ism-basset-1000") == {}
    folder = cache / "ism-v1"
    folder.mkdir(exist_ok=True)
    (folder / fastism.FILE).write_text('{"ism-basset-1000": {"seconds per mutant, batch of 1": 0.5}}')
    assert fastism.figures("ism-basset-1000") == {"fastISM on its own: seconds per mutant, batch of 1": 0.5}
    assert fastism.figures("ism-bpnet-1000") == {}


def test_weights_for_other_frameworks(cache: Path) -> None:
    from bench.fastism_weights import write_weights

    stored = np.load(write_weights("bpnet", 300))
    assert stored["codes"].shape == (16, 300)
    assert stored["effects"].shape == (24, 1)
    a_already = stored["codes"][0, int(stored["start"]) :][:24] == 0
    assert (stored["effects"][a_already] == 0).all()
    assert (stored["effects"][~a_already] != 0).any()
