"""A whole run under ``--max-mem`` that is killed and resumed gives the bytes of one that is not; memory and seconds.

    GXFAST_DATA=... python bench/validation/killed.py FOLDER [--people 421] [--genes 2000] [--max-mem 2G] [--kills 3]

The people are those of ``mosaic.py``, on the real chromosome 22, predicted by Xpresso; every step of ``gxfast run``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from peak_memory import fingerprint


def inputs(folder: Path, people: int, genes: int) -> list[str]:
    """Make the cohort, and return the options that name it."""
    data = Path(os.environ["GXFAST_DATA"]) / "geuvadis_chr22"
    script = Path(__file__).with_name("mosaic.py")
    if not (folder / "covariates.tsv").exists():
        subprocess.run(
            [sys.executable, str(script), str(folder), "--people", str(people), "--genes", str(genes),
             "--start", "16", "--megabases", "4"],
            check=True,
        )  # fmt: skip
    fasta = data / "ref" / "chr22.hg19.to20Mb.fa.gz"  # the first 20 Mb
    model = folder / "xpresso.onnx"
    if not model.exists():
        weights = data / "models" / "GM12878_trainepoch.06-0.5062.h5"
        command = [sys.executable, "-m", "gxfast", "model", "import", "xpresso", str(weights), "-o", str(model)]
        subprocess.run(command, check=True)
    return [
        "--fasta", str(fasta), "--vcf", str(folder / "people.vcf.gz"), "--genes", str(folder / "genes.tsv"),
        "--expression", str(folder / "expression.bed.gz"), "--covariates", str(folder / "covariates.tsv"),
        "--model", str(model), "--cis-window", "250000", "--expression-transform", "inverse_normal",
    ]  # fmt: skip


def run(words: list[str], stop_after: float | None = None) -> tuple[bool, float, float]:
    """Run gxfast, and kill it after so many seconds; whether it finished, CPU seconds and peak MiB."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", "gxfast", *words], dict(os.environ))
    started = time.monotonic()
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            break
        if stop_after is not None and time.monotonic() - started > stop_after:
            os.kill(child, signal.SIGKILL)
            _, status, used = os.wait4(child, 0)
            break
        time.sleep(0.05)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 3, -signal.SIGKILL):
        raise SystemExit(f"gxfast ended with {code}")
    return code >= 0, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> int:
    """Print what was measured; exit code 1 where bytes differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=421)
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--max-mem", default="2G")
    parser.add_argument("--kills", type=int, default=3)
    chosen = parser.parse_args()
    named = [*inputs(chosen.folder / "in", chosen.people, chosen.genes), "--max-mem", chosen.max_mem, "-q"]
    one, two = chosen.folder / "one", chosen.folder / "two"
    started = time.monotonic()
    _, seconds, peak = run(["run", *named, "-o", str(one)])
    whole = time.monotonic() - started
    print(f"not killed: {seconds:.0f} CPU s, peak {peak:.0f} MiB", flush=True)
    total = 0.0
    for kill in range(chosen.kills):
        finished, seconds, peak = run(
            ["run", *named, "-o", str(two), *(["--resume"] if kill else [])], whole / (chosen.kills + 1)
        )
        total += seconds
        print(f"killed: {seconds:.0f} CPU s, peak {peak:.0f} MiB, finished before: {finished}", flush=True)
    _, seconds, peak = run(["run", *named, "-o", str(two), "--resume"])
    print(f"resumed: {seconds:.0f} CPU s, peak {peak:.0f} MiB; {total + seconds:.0f} CPU s in all", flush=True)
    same = fingerprint(one) == fingerprint(two)
    print("same bytes" if same else "other bytes")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
