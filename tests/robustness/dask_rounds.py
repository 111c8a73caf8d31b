"""A planned job on a Dask cluster of two workers, one of which is killed in the middle, again and again.

Usage: python tests/robustness/dask_rounds.py ROUNDS [FOLDER]
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from distributed import Client, LocalCluster

from gxfast.cli.main import main
from gxfast.cli.on_dask import on_dask
from gxfast.demo import simulate_cohort

sys.path.insert(0, str(Path(__file__).parents[1]))
from oracles.directories import block_states, fingerprint

SHARDS = 6


def kill_one(client: Client, out: Path, rng: random.Random, before: dict[str, tuple[int, int]]) -> None:
    """Kill a worker once some blocks are there, and note which."""
    enough = rng.randrange(1, 8)
    pids = list(client.run(os.getpid).values())
    deadline = time.monotonic() + 60
    while len(block_states(out)) < enough and time.monotonic() < deadline:
        time.sleep(0.01)
    before |= block_states(out)
    os.kill(rng.choice(pids), signal.SIGKILL)


def one_round(words: list[str], expected: dict[str, str], out: Path, client: Client, rng: random.Random) -> None:
    """Plan, make the shards while a worker is killed, merge, compare."""
    assert main(["plan", "-q", *words, "--shards", str(SHARDS), "-o", str(out)]) == 0
    before: dict[str, tuple[int, int]] = {}
    killer = threading.Thread(target=kill_one, args=(client, out, rng, before))
    killer.start()
    hashes = on_dask(out, client)
    killer.join()
    assert sorted(hashes) == [f"{i}/{SHARDS}" for i in range(1, SHARDS + 1)], hashes
    assert before
    assert before.items() <= block_states(out).items(), "a finished block was made again"
    assert main(["merge", "-q", str(out)]) == 0
    assert fingerprint(out) == expected


def rounds(n: int, folder: Path) -> None:
    """Do ``n`` rounds with one cluster: a worker that was killed is started again by its nanny."""
    cohort = simulate_cohort(folder / "cohort", n_people=40, n_genes=150)
    shared = ["--vcf", str(cohort.vcf), "--expression", str(cohort.expression), "--genes", str(cohort.genes)]
    words = ["run", *shared, "--fasta", str(cohort.fasta), "--model", str(cohort.model), "--cis-window", "50000",
             "--permutations", "50", "--steps", "check,predict,evaluate,baseline,eqtl"]  # fmt: skip
    assert main([*words, "-q", "-o", str(folder / "whole")]) == 0
    expected = fingerprint(folder / "whole")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        for k in range(n):
            client.wait_for_workers(2)
            one_round(words, expected, folder / f"round{k}", client, random.Random(k))
            print(f"round {k + 1}: same bytes", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        rounds(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as name:
            rounds(int(sys.argv[1]), Path(name))
