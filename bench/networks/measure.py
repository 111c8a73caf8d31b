"""What mutagenesis chooses for each network, what it promises, and what every mode takes.

    python -m bench.networks.measure FOLDER [FOLDER ...] [--only TEXT] [--positions N]

Every ONNX file of the folders: all changes of a window (or of a stretch in the middle), by every mode that is possible,
CPU seconds of one thread with the pass of the reference, medians of interleaved rounds; of what takes long, a sample.
``auto`` is one of the modes: it is slower than the best by the ratio of theirs. Effects are compared with those of mode
naive first. Says at the end, where ``auto`` misses 0.97 of naive or 0.9 of the best mode.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

import gxfast as gx
from gxfast.errors import ModelError
from gxfast.ism.mutants import all_mutants
from gxfast.ism.planning import MODES, Plan

ROUNDS = 3
Codes = NDArray[np.uint8]
Positions = NDArray[np.int64]
COMPARED = 48  # mutants
SECONDS = 1.0  # of a sample
OF_NAIVE, OF_BEST = 0.97, 0.9


@dataclass(frozen=True, slots=True)
class Row:
    """One network: seconds per mutant of each mode."""

    name: str
    chosen: str
    promised: float
    difference: float
    seconds: dict[str, float]

    @property
    def measured(self) -> float:
        """Times naive, by the mode that was chosen."""
        return self.seconds["naive"] / self.seconds[self.chosen]

    @property
    def of_best(self) -> float:
        """Speed as a share of the best mode's."""
        return min(self.seconds.values()) / self.seconds[self.chosen]

    def text(self) -> str:
        """A line of the table."""
        times = "".join(
            f"{1e3 * self.seconds[mode]:>9.3f}" if mode in self.seconds else f"{'-':>9}" for mode in MODES[1:]
        )
        missed = " missed" if self.measured < OF_NAIVE or self.of_best < OF_BEST else ""
        return (
            f"{self.name:<34}{self.chosen:>7}{self.promised:>9.1f}{self.measured:>9.1f}"
            f"{self.of_best:>6.2f}{times}{self.difference:>9.0e}{missed}"
        )


def main() -> None:
    """Measure, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="files with this in their name")
    parser.add_argument("--positions", type=int, help="a stretch in the middle, instead of the whole window")
    arguments = parser.parse_args()
    files = [file for folder in arguments.folders for file in sorted(folder.glob("*.onnx"))]
    files = [file for file in files if arguments.only in file.name]
    columns = ("promised", 9), ("measured", 9), ("/best", 6), ("naive ms", 9), ("packed", 9), ("delta", 9), ("away", 9)
    print(f"{'network':<34}{'mode':>7}" + "".join(f"{name:>{width}}" for name, width in columns))
    rows = []
    for file in files:
        for output in outputs_of(file):
            rows.append(measured(file, output, arguments.positions))
            print(rows[-1].text(), flush=True)
    good = [row for row in rows if row.measured >= OF_NAIVE and row.of_best >= OF_BEST]
    print(f"{len(good)} of {len(rows)} reach {OF_NAIVE} of naive and {OF_BEST} of the best mode")


def outputs_of(file: Path) -> list[str]:
    """Names of the outputs of a file."""
    import onnx

    return [value.name for value in onnx.load(file, load_external_data=False).graph.output]


def measured(file: Path, output: str, positions: int | None) -> Row:
    """Compare all modes of one network."""
    from gxfast.models.card import card_from_json

    card = card_from_json(f'{{"gxfast_card": 1, "output": {{"name": "{output}"}}}}', source=str(file))
    model = gx.Model(file, card=card, device="cpu", n_threads=1)
    codes = np.random.default_rng(5).integers(0, 4, model.length, dtype=np.uint8)
    plans = {}
    for mode in MODES:
        with contextlib.suppress(ModelError):
            plans[mode] = gx.ism.plan(model, mode=mode, check=0)
    auto = plans.pop("auto")
    count = min(model.length, positions or model.length)
    scan = np.arange(count) + model.length // 2 - count // 2
    difference = max(compared(plan, plans["naive"], codes, scan) for plan in plans.values())
    if not difference <= 1e-5:
        raise SystemExit(f"{file.name}: modes differ by {difference:.1e}")
    samples = {mode: sample(plan, codes, scan) for mode, plan in plans.items()}
    taken: dict[str, list[float]] = {mode: [] for mode in plans}
    for _ in range(ROUNDS):
        for mode, plan in plans.items():
            taken[mode].append(seconds_of(plan, codes, samples[mode], 3 * count))
    seconds = {mode: median(times) for mode, times in taken.items()}
    promised = auto.costs.naive / getattr(auto.costs, auto.mode)
    name = f"{file.stem}" + ("" if len(outputs_of(file)) == 1 else f":{output}")
    return Row(name, auto.mode, promised, difference, seconds)


def compared(plan: Plan, naive: Plan, codes: Codes, scan: Positions) -> float:
    """Largest difference from mode naive, of the output."""
    place, base = all_mutants(codes, scan)
    few = np.sort(np.random.default_rng(6).permutation(len(place))[:COMPARED])
    expected, found = (each.runner.effects(codes, place[few], base[few]) for each in (naive, plan))
    return float(np.abs(found - expected).max()) / max(1.0, float(np.abs(naive.runner.reference(codes)).max()))


def sample(plan: Plan, codes: Codes, scan: Positions) -> Positions:
    """Positions that a scan computes together, as many as take about `SECONDS`: neighbours, or what shares a pass."""
    stride = min(plan.frontier.distance, len(scan))
    together = (scan - scan[0]) % stride if plan.mode == "packed" else np.abs(scan - scan[len(scan) // 2])
    order = np.argsort(together, kind="stable")
    chunk = max(32, -(-len(scan) // stride) if plan.mode == "packed" else 32)
    while True:
        chosen = np.sort(scan[order[:chunk]])
        started = time.process_time()
        plan.runner.effects(codes, *all_mutants(codes, chosen))
        took = time.process_time() - started
        if took > SECONDS / 3 or chunk >= len(scan):
            return chosen
        chunk *= max(2, int(SECONDS / 2 / took))


def seconds_of(plan: Plan, codes: Codes, chosen: Positions, n: int) -> float:
    """CPU seconds per mutant of a scan of n of them, from a sample; the pass of the reference is once a scan."""
    plan.runner.forget()
    started = time.process_time()
    plan.runner.reference(codes)
    reference = time.process_time() - started
    place, base = all_mutants(codes, chosen)
    started = time.process_time()
    plan.runner.effects(codes, place, base)
    return (time.process_time() - started) / len(place) + reference / n


if __name__ == "__main__":
    main()
