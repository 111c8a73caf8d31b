"""Peak memory of whole commands, with and without ``--max-mem``, on a simulated cohort.

    python bench/validation/peak_memory.py [--people 400] [--genes 60] [--max-mem 64M]

Each command runs in a child; its peak is the kernel's (ru_maxrss of that child alone). Outputs with and without the
limit are compared byte for byte before anything is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def commands(cohort: Any) -> dict[str, list[str]]:
    """Return the commands, without -o and --max-mem."""
    genome = [f"--fasta={cohort.fasta}", f"--vcf={cohort.vcf}", f"--genes={cohort.genes}", f"--model={cohort.model}"]
    everything = [*genome, f"--expression={cohort.expression}"]
    return {
        "predict": ["predict", *genome],
        "run": ["run", *everything, "--permutations", "100"],
        "drivers": ["drivers", *everything],
        "ism variants": ["ism", "variants", *genome],
        "ism saturate": ["ism", "saturate", *[word for word in genome if "--vcf" not in word], "--window", "200"],
    }


def peak(words: list[str]) -> int:
    """Return the peak memory of one command in bytes.

    Raises
    ------
    subprocess.CalledProcessError
    """
    process = subprocess.Popen([sys.executable, "-m", "gxfast", *words, "-q", "--threads", "2"])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return usage.ru_maxrss * 1024


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the hashes of all results."""
    files = [file for file in folder.rglob("*") if file.is_file() and ".gxfast" not in file.parts]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--genes", type=int, default=60)
    parser.add_argument("--max-mem", default="64M")
    options = parser.parse_args()
    from gxfast.demo import simulate_cohort

    with tempfile.TemporaryDirectory() as work:
        cohort = simulate_cohort(Path(work) / "cohort", n_people=options.people, n_genes=options.genes)
        print(f"{options.people} people, {options.genes} genes; MiB\ncommand\tno limit\t--max-mem {options.max_mem}")
        for name, words in commands(cohort).items():
            folders = [Path(work) / f"{name} {i}" for i in range(2)]
            free = peak([*words, "-o", str(folders[0])])
            bounded = peak([*words, "-o", str(folders[1]), "--max-mem", options.max_mem])
            if fingerprint(folders[0]) != fingerprint(folders[1]):
                raise SystemExit(f"{name}: other results with --max-mem")
            print(f"{name}\t{free / 2**20:.0f}\t{bounded / 2**20:.0f}", flush=True)


if __name__ == "__main__":
    main()
