"""Write the Enformer-architecture model of the case `ism-enformer-small-12288` into the benchmark's cache.

    GXFAST_BENCH_CACHE=FOLDER python bench/export_enformer.py            small: 12,288 bases, seconds
    GXFAST_BENCH_CACHE=FOLDER python bench/export_enformer.py --full     published size: 251 M parameters, 1 GB
    GXFAST_BENCH_CACHE=FOLDER python bench/export_enformer.py --full --try-modes

Needs torch and enformer-pytorch (bench/peers.sh). Weights are random. ``--try-modes`` runs one pass per mode of what
was exported, prints seconds per mutant and the largest difference, and is no measurement.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the checkout, behind an installed gxfast

from bench.cases import enformer
from gxfast.bench.data import scratch_folder


def main() -> None:
    """Export, and try where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the published size instead of the small one")
    parser.add_argument("--try-modes", action="store_true", help="one pass per mode of gxfast; minutes at --full")
    arguments = parser.parse_args()
    if "GXFAST_BENCH_CACHE" not in os.environ:
        parser.error("set GXFAST_BENCH_CACHE to the folder in which the export is kept")
    path = scratch_folder("ism") / ("enformer-full.onnx" if arguments.full else "enformer-small.onnx")
    if path.exists():
        print(f"{path} is there")
    else:
        start = time.monotonic()
        enformer.export(enformer.FULL if arguments.full else enformer.SMALL, path)
        print(f"{path}: {path.stat().st_size / 2**20:.0f} MiB, {time.monotonic() - start:.0f} s")
    if arguments.try_modes:
        try_modes(path)


def try_modes(path: Path) -> None:
    """Run naive on one mutant and packed on one pass, and compare them at that mutant."""
    from gxfast.ism import plan
    from gxfast.models.session import Model

    model = Model(path, device="cpu", n_threads=1)
    length = model.card.length
    codes = np.random.default_rng(5).integers(0, 4, length, dtype=np.uint8)
    found = {}
    for mode in ("packed", "naive"):
        made = plan(model, mode=mode, check=0)
        positions = np.arange(length // 2 % made.frontier.distance, length, made.frontier.distance)
        if mode == "naive":
            positions = positions[len(positions) // 2 :][:1]
        bases = (codes[positions] + 1).astype(np.uint8) % 4
        start = time.process_time()
        effects = made.runner.effects(codes, positions, bases)
        seconds = time.process_time() - start
        found[mode] = effects[len(positions) // 2]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{mode}: {seconds:.1f} CPU s for {len(positions)} mutants and the reference; peak {peak:.1f} GiB")
    difference = float(np.abs(found["packed"] - found["naive"]).max())
    print(f"largest effect {np.abs(found['naive']).max():.3g}, largest difference {difference:.3g}")


if __name__ == "__main__":
    main()
