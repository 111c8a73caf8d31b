"""Memory of mutagenesis of a model with long windows: opened, planned, three mutants, and the check if asked for.

    python bench/validation/full_size.py MODEL.onnx [--check]

For the files that `bench/validation/models.py` leaves behind, or any other. The mutants are as close as one pass
carries them. ``--check`` compares two mutants with whole passes, as a scan does first: minutes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import gxfast as gx


def told(what: str, since: float) -> None:
    """Print the CPU seconds and the largest memory so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    print(f"{what}: {time.process_time() - since:.0f} CPU s, at most {peak / 2**20:.1f} GiB", flush=True)


def main() -> None:
    """Open, plan, mutate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    started = time.process_time()
    model = gx.Model(arguments.model, device="cpu", n_threads=1)
    told("opened", started)
    plan = gx.ism.plan(model)
    told(f"planned ({plan.mode}: {plan.reason})", started)
    codes = np.random.default_rng(5).integers(0, 4, model.length, dtype=np.uint8)
    middle, distance = model.length // 2, plan.frontier.distance
    positions = np.array([middle - distance, middle, middle + distance])
    effects = plan.runner.effects(codes, positions, ((codes[positions] + 1) % 4).astype(np.uint8))
    told(f"three mutants (largest effect {np.abs(effects).max():.2g})", started)
    if arguments.check:
        plan.ensure_checked(codes)
        told(f"checked ({plan.probed})", started)


if __name__ == "__main__":
    main()
