"""The case: seconds per mutant of every mode and of plain onnxruntime, after all of them gave the same effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....ism.costs import node_macs
from ....ism.modes.naive import NaiveRunner, largest_row
from ....ism.modes.readout import Outputs
from ....ism.planning import MODES, Plan, plan
from ....ism.scanning import saturate
from ...measure import OWN, Contender, Field, UnavailableError, compare
from ...packages import missing
from ...peers import ScanPeer, ScanWork
from ...registry import Case, peers_of
from ...result import Goal, Row
from .plain import PlainScan, best_batch
from .sample import Mutants, Sample, make_sample, packed_block
from .subjects import SUBJECTS, Subject

__all__ = ["EXACTNESS", "NAIVE", "TOLERANCE", "cases", "scan"]

NAIVE: Final = "onnxruntime naive"
EXACTNESS: Final = "largest difference of an effect / max(1, abs output)"
TOLERANCE: Final = 1e-5
_MODES: Final = tuple(mode for mode in MODES if mode != "auto")
_FEW_POSITIONS: Final = 24  # that other packages scan, below size real
_NO_ROOM: Final = 0.6  # share of the memory that is free
_COPIES: Final = 6  # of a batch of outputs that mode delta holds at its end, about


@dataclass(slots=True)
class _Scanned:
    """One subject, opened: the plain scan, the mutants, and what is known of the modes."""

    subject: Subject
    size: str
    path: Path
    model: Any
    sample: Sample
    outputs: Outputs
    plain: PlainScan
    expected: NDArray[np.float64]
    worst: dict[str, float] = field(default_factory=dict)

    def share(self, found: NDArray[np.float64], which: NDArray[np.int64] | slice = slice(None)) -> float:
        """Largest difference of the effects of compared mutants, or of some of them, as a share of the output."""
        scale = np.maximum(1.0, np.abs(self.plain.reference))
        difference = np.abs(found - self.expected[which]) / scale
        return float(difference.max()) if np.isfinite(found).all() else float("inf")

    def problem(self, found: NDArray[np.float64], which: NDArray[np.int64] | slice = slice(None)) -> str:
        """Return what is wrong with effects of compared mutants."""
        share = self.share(found, which)
        return "" if share <= TOLERANCE else f"effects differ by {share:.2g} of the output; {TOLERANCE:g} is allowed"


def _open(subject: Subject, size: str) -> _Scanned:
    remedy = missing("gxfast[cpu]", "onnxruntime")
    if remedy:
        raise UnavailableError(remedy)
    from ....models.session import Model

    path = subject.file(size)
    model = Model(path, device="cpu", n_threads=1)
    outputs = _outputs(subject, size)
    amount = subject.amount[size]
    sample = make_sample(model.card.length, amount.positions, amount.compared)
    plain = PlainScan(path, model.card, sample.codes, outputs.tracks, outputs.bins)
    expected = plain.effects(sample.few, 1)
    largest = float(np.abs(expected).max())
    if not largest > 10 * TOLERANCE:
        raise ValueError(f"the largest effect is {largest:.2g}: too small to tell right from wrong")
    return _Scanned(subject, size, path, model, sample, outputs, plain, expected)


def _outputs(subject: Subject, size: str) -> Outputs:
    chosen = dict(subject.outputs)
    if "bins" in chosen:
        chosen["bins"] = list(chosen["bins"][size])
    return Outputs(**chosen)


def _planned(scanned: _Scanned, mode: str) -> Plan:
    """Make a plan, and compare it with plain onnxruntime at the edges, the middle, an N and a repeat.

    Raises
    ------
    UnavailableError
        Where memory would not do.
    ValueError
        If the effects differ.
    """
    made = plan(scanned.model, scanned.outputs, mode, check=0)
    _refuse_to_run_out_of_memory(made)
    few = scanned.sample.few
    found = made.runner.effects(scanned.sample.codes, few.positions, few.bases)
    scanned.worst[mode] = scanned.share(found)
    problem = scanned.problem(found)
    if problem:
        raise ValueError(problem)
    return made


def _refuse_to_run_out_of_memory(made: Plan) -> None:
    """A process that is killed would take the other cases with it."""
    batch = getattr(made.runner, "batch", 1)
    graph = made.graph
    row = int(np.prod(graph.shape(graph.output_name))) * 4 / graph.batch
    need, free = _COPIES * batch * row, _free_bytes()
    if need > _NO_ROOM * free:
        raise UnavailableError(
            f"mode {made.mode} runs {batch} mutants at once: about {need / 2**30:.0f} GiB for whole outputs, "
            f"{free / 2**30:.0f} GiB are free"
        )


def _free_bytes() -> float:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return float(line.split()[1]) * 1024
    return float("inf")


def _contender(scanned: _Scanned, name: str, made: Plan) -> Contender:
    """Time a plan on the mutants that a scan gives it at a time."""
    sample = scanned.sample
    runner, codes = made.runner, sample.codes
    if not isinstance(runner, NaiveRunner) and made.mode != "packed":
        return _block_contender(scanned, name, made)
    mutants = sample.few
    check: Callable[[NDArray[np.float64]], str] = scanned.problem
    if isinstance(runner, NaiveRunner):
        # The reference takes a batch too; with few mutants it is not lost among them, so it is counted.
        items = float((-(-len(mutants) // runner.batch) + 1) * runner.batch)
    else:
        mutants = packed_block(made, codes, len(sample.few))
        items, check = float(len(mutants)), _finite

    def call() -> NDArray[np.float64]:
        runner.forget()  # the reference is part of the work
        return runner.effects(codes, mutants.positions, mutants.bases)

    return Contender(name, call, items, check)


def _block_contender(scanned: _Scanned, name: str, made: Plan) -> Contender:
    """Time a scan of the neighbouring positions as users call it."""
    sample = scanned.sample
    letters = np.frombuffer(b"ACGTN", np.uint8)[sample.codes]
    start, end = int(sample.block.positions[0]), int(sample.block.positions[-1]) + 1
    few, inside = sample.few, sample.in_block()

    def check(found: NDArray[np.float32]) -> str:
        compared = found[0, few.positions[inside] - start, few.bases[inside]].astype(np.float64)
        return scanned.problem(compared, inside)

    def call() -> NDArray[np.float32]:
        made.runner.forget()  # the reference is part of the work
        return saturate(made, letters, start=start, end=end)

    return Contender(name, call, float(len(sample.block)), check)


def _finite(found: NDArray[np.float64]) -> str:
    return "" if np.isfinite(found).all() else "effects are not finite"


def _mode_contender(scanned: _Scanned, name: str, mode: str) -> Contender:
    return _contender(scanned, name, _planned(scanned, mode))


def _plain_contender(scanned: _Scanned, batch: int) -> Contender:
    few = scanned.sample.few
    return Contender(NAIVE, lambda: scanned.plain.effects(few, batch), len(few), scanned.problem)


def _add_peers(contenders: Field, scanned: _Scanned, batch: int) -> dict[str, float]:
    """Add the packages that a checkout brings; return what they found in runs of their own."""

    def effects(positions: NDArray[np.int64], bases: NDArray[np.uint8]) -> NDArray[np.float64]:
        return scanned.plain.effects(Mutants(positions, bases), batch)

    subject = scanned.subject
    figures: dict[str, float] = {}
    positions = subject.peers if scanned.size == "real" else _FEW_POSITIONS
    work = ScanWork(subject.name, scanned.path, scanned.sample.codes, effects, positions)
    for peer in peers_of(ScanPeer):
        contenders.add(peer.name, partial(peer.build, work))
        if scanned.size != "tiny":
            figures |= peer.figures(subject.name)
    return figures


def _figures(scanned: _Scanned, made: Plan, batch: int) -> dict[str, float]:
    graph = made.graph
    local = {node.name for node in graph.between([graph.input_name], list(made.frontier.tensors))}
    macs = {node.name: node_macs(graph, node) for node in graph.nodes}
    return {
        EXACTNESS: max(scanned.worst.values()),
        **{f"the same, mode {mode}": share for mode, share in scanned.worst.items()},
        "largest effect": float(np.abs(scanned.expected).max()),
        "batch size of onnxruntime naive": batch,
        "multiply-adds of one sequence, GMAC": sum(macs.values()) / 1e9,
        "share of them before the cut": sum(macs[name] for name in local) / max(1.0, sum(macs.values())),
    }


def scan(subject: Subject, size: str) -> Row:
    """Check and time every mode on one subject."""
    scanned = _open(subject, size)
    chosen = _planned(scanned, "auto")
    batch = best_batch(scanned.plain, scanned.sample.few, largest_row(chosen.graph))
    contenders = Field(_contender(scanned, OWN, chosen), peers=[_plain_contender(scanned, batch)])
    for mode in _MODES:
        if mode != chosen.mode:  # a second plan would be the same, and large models fill the memory as it is
            name = f"gxfast mode {mode}"
            contenders.add(name, partial(_mode_contender, scanned, name, mode))
    figures = _figures(scanned, chosen, batch)
    if subject.peers:
        figures |= _add_peers(contenders, scanned, batch)
    goals = [Goal("I1", EXACTNESS, TOLERANCE, at_least=False)]
    if subject.goal and size == "real":
        goals.append(Goal("I2", NAIVE, subject.goal))
    return compare(
        subject.name, contenders, size=size, goals=goals, figures=figures,
        note=_note(scanned, chosen),
    )  # fmt: skip


def _note(scanned: _Scanned, made: Plan) -> str:
    n_block, n_few = len(scanned.sample.block), len(scanned.sample.few)
    said = [
        f"gxfast is mode auto, which chose {made.mode}. Times are per mutant",
        f"delta runs {n_block} mutants of neighbouring positions and the reference",
        f"naive modes run {n_few} mutants, onnxruntime without the reference",
        "packed runs positions that a whole scan puts into one pass",
        "plans are made outside the timer",
        *([scanned.subject.note] if scanned.subject.note else []),
    ]
    return "; ".join(said)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {subject.name: partial(scan, subject) for subject in SUBJECTS}
