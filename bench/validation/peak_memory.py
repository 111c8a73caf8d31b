"""Peak memory of whole commands, with and without ``--max-mem``, on a simulated cohort.

    python bench/validation/peak_memory.py [--people 400] [--genes 60] [--max-mem 64M]

Each command runs in a child; its peak is the kernel's (VmHWM). Outputs with and without the
limit are compared byte for byte before anything is printed.
"""

from __future__ import annotations

import argparse
import hashlib
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


# The kernel's maximum for a child begins with what its parent had; the one of its own memory does not.
CODE = """
import sys
from gxfast.cli.main import main
code = main(sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
sys.exit(code)
"""


def peak(words: list[str]) -> int:
    """Return the peak memory of one command in bytes.

    Raises
    ------
    subprocess.CalledProcessError
    """
    command = [sys.executable, "-c", CODE, *words, "-q", "--threads", "2"]
    return 1024 * int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the hashes of all results."""
    files = [file for file in folder.rglob("*") if file.is_file() and not {".gxfast", "config.toml"} & {*file.parts}]
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
