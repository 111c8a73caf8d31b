"""Disturb gxfast as the tests of ``tests/robustness`` do, as often as wanted, and say what was wrong.

Usage: python scripts/faults.py [--rounds 200] [--only kills,parts,writes,room,matrix,soak] [--first-seed N]

kills: rounds of SIGKILL, SIGTERM and SIGINT, half of them with torn files. parts: merges of torn shards. writes: every
call that writes, of every command, fails in turn (``--rounds`` of them, drawn). room: 10, 50 and 90 % of what a command
writes. matrix: threads, batches, orders, hash seeds and resumptions, in full. soak: 15 iterations per round, in one
process. Exit code 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from robustness.driver import KILLED, Bench, FaultError, build_shim, kill_rounds, part_round, write_round  # noqa: E402
from robustness.matrix import COMMANDS, LINEAR, MODELS, Matrix, chosen, every_setting  # noqa: E402
from robustness.soak import soak  # noqa: E402

WRITERS = (*KILLED, "evaluate", "compare", "import", "plot", "run")
SLOPE = 1024.0  # bytes per iteration


def tell(text: str) -> None:
    print(text, flush=True)


def told(faults: Iterator[str]) -> Iterator[str]:
    """Tell what is wrong when it is found, too."""
    for fault in faults:
        tell(f"FAULT {fault}")
        yield fault


def writes(bench: Bench, folder: Path, rounds: int, seed: int) -> Iterator[str]:
    """Let a call of every command fail, in turn; yield what was wrong."""
    shim, rng = build_shim(folder), random.Random(seed)
    if shim is None:
        yield "no C compiler"
        return
    calls: dict[str, int] = {}
    for n in range(rounds):
        name = WRITERS[n % len(WRITERS)]
        if name not in calls:
            calls[name] = len(shim.run(bench, name, folder / f"count-{name}")[1])
        fault = {"at": rng.randint(1, calls[name]), "how": rng.choice(["ENOSPC", "EIO", "EDQUOT", "short", "kill"])}
        tell(f"{name} {fault} of {calls[name]}")
        try:
            write_round(bench, shim, name, folder / f"write-{n}", **fault)
        except FaultError as found:
            yield str(found)


def room(bench: Bench, folder: Path) -> Iterator[str]:
    """Give every command 10, 50 and 90 % of the room it needs; yield what was wrong."""
    shim = build_shim(folder)
    for name in WRITERS if shim else ():
        need = sum(int(call.split()[1]) for call in shim.run(bench, name, folder / f"need-{name}")[1])
        for percent in (10, 50, 90):
            tell(f"{name} with {percent} % of {need} bytes")
            try:
                write_round(bench, shim, name, folder / f"room-{name}-{percent}", bytes=need * percent // 100)
            except FaultError as found:
                yield str(found)


def matrix(bench: Bench) -> Iterator[str]:
    """Compare every setting with the plain one; yield what was wrong."""
    both, n = Matrix(bench), 0
    for command in COMMANDS:
        for model in MODELS[:1] if command in LINEAR else MODELS:
            for setting in dict.fromkeys(chosen(command, one) for one in every_setting()):
                n += 1
                try:
                    both.require_equal(command, model, setting)
                except FaultError as found:
                    yield str(found)
            tell(f"{command}, {model}: {n} runs so far")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", default="kills,parts,writes,room,matrix,soak")
    parser.add_argument("--first-seed", type=int, default=1000)
    options = parser.parse_args()
    wanted, first = options.only.split(","), options.first_seed
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder / "bench")
        if "kills" in wanted:
            faults += kill_rounds(bench, range(first, first + options.rounds), folder, tell=tell)
        for seed in range(first, first + options.rounds // 4) if "parts" in wanted else ():
            try:
                tell(part_round(bench, seed, folder))
            except FaultError as found:
                faults.append(str(found))
        if "writes" in wanted:
            faults += told(writes(bench, folder, options.rounds, first))
        if "room" in wanted:
            faults += told(room(bench, folder))
        if "matrix" in wanted:
            faults += told(matrix(Bench(folder / "small", n_genes=9)))
        if "soak" in wanted:
            slope, steady = soak(folder / "soak", 15 * options.rounds)
            tell(f"soak: {slope:.0f} bytes per iteration over the last 70 %, {steady:.0f} in the median of its parts")
            faults += [f"memory grows by {slope:.0f} bytes per iteration"] if slope >= SLOPE else []
    for fault in faults:
        tell(f"FAULT {fault}")
    tell(f"{len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
