"""Choose how the mutants of a model are computed, say why, and check the choice against the plain way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import options_of
from .._threads import resolve_threads
from ..errors import InputError, ModelError
from ..models.gene_bins import refuse_gene_mask
from .closeness import TOLERANCE, random_rows, share_of_outputs
from .costs import Costs, costs_of
from .graph.intervals import analyse
from .graph.slicing import sliced_proto
from .graph.view import Graph, load_graph
from .graph.windows import Analysis
from .modes.naive import NaiveRunner
from .modes.packed import PackedRunner
from .modes.packed_device import DevicePackedRunner
from .modes.packing import Frontier, frontier
from .modes.readout import Outputs, Readout
from .modes.runner import Runner

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["MODES", "Plan", "plan", "planned"]

MODES: Final = ("auto", "naive", "packed", "delta")
# A prediction from multiply-adds is rough: a mode has to promise this much before it is preferred.
WORTHWHILE: Final = 1.1
DELTA_MARGIN: Final = 1.1  # of long windows: delta holds the reference's tensors of all positions, packed does not
CHECK_WORK: Final = 2e11  # multiply-adds that mode naive may take for the check; two mutants are always compared


def plan(
    model: Model,
    outputs: Outputs | Sequence[int | str] | int | str | None = None,
    mode: str = "auto",
    length: int | None = None,
    *,
    n_threads: int | None = None,
    check: int = 64,
) -> Plan:
    """Plan in-silico mutagenesis of a model.

    Parameters
    ----------
    model : Model
    outputs : Outputs, int, str, or sequence of int or str, optional
        Tracks (all but `Outputs`), and bins, to compute instead of those of the card.
    mode : {"auto", "naive", "packed", "delta"}
        ``naive``: every mutant through the whole model. ``packed``: many mutations share the local first part
        of the model. ``delta``: only differences are carried through the model. ``auto``: what promises to be
        fastest.
    length : int, optional
        Checked against the model's.
    n_threads : int, optional
        Instead of the model's; 0 means all. Results do not depend on it.
    check : int
        Mutants that are compared with mode naive before the first use, at most: two at least, of models that take
        minutes for one. 0 leaves the check out.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        If an option does not fit.
    ModelError
        If the model cannot be run in the mode that was named.
    """
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")
    if length is not None and length != model.card.read_length:
        raise InputError(f"the model reads {model.card.read_length} bases, not {length}", path=model.path)
    if check < 0:
        raise InputError(f"check must not be negative, found {check}")
    refuse_gene_mask(model)
    named = [outputs] if isinstance(outputs, int | str) else outputs
    if isinstance(named, Iterable) and not isinstance(named, Outputs):
        named = Outputs(tracks=named)
    selected = options_of(Outputs, named, "outputs")
    threads = model.n_threads if n_threads is None else resolve_threads(n_threads)
    return Plan(model, selected, mode, threads, check)


def planned(plan_or_model: Plan | Model) -> Plan:
    """Return a plan; that of a model with all defaults is made and checked once, and stays with the model."""
    if isinstance(plan_or_model, Plan):
        return plan_or_model
    found: Plan = plan_or_model.keep("mutagenesis", lambda: plan(plan_or_model))
    return found


class Plan:
    """How the mutants of one model are computed; made by `plan`.

    Attributes
    ----------
    model : Model
    mode : str
        The mode that was chosen.
    tracks : tuple of str, length T
    graph : Graph
        With the output sliced to what is wanted.
    analysis : Analysis
    frontier : Frontier
    costs : Costs
    readout : Readout
    runner : Runner
    probed : str
        CPU time of the last check in this mode and in mode naive; empty before.
    """

    def __init__(self, model: Model, outputs: Outputs, mode: str, n_threads: int, check: int) -> None:
        self.model, self._outputs, self._check, self._threads = model, outputs, check, n_threads
        whole = load_graph(model)
        self.readout = Readout(model, outputs, whole.shape(whole.output_name))
        self.tracks = self.readout.tracks
        self._proto = self._sliced(whole)
        self.graph: Graph = whole if self._proto is None else load_graph(model, proto=self._proto)
        self.analysis: Analysis = analyse(self.graph)
        self.frontier: Frontier = frontier(self.graph, self.analysis)
        self.costs: Costs = costs_of(self.graph, self.analysis, self.frontier)
        self.reason, self.probed = "", ""
        self.runner: Runner = self._chosen(mode)
        self.mode = mode if mode != "auto" else self.runner.mode
        self._lock, self._checked = threading.Lock(), check == 0

    def __repr__(self) -> str:
        return f"Plan({self.model.card.name!r}, mode={self.mode!r}, tracks={len(self.tracks)})"

    def _sliced(self, whole: Graph) -> Any:
        """Put the selection into the graph, where there is one; None keeps the model as it is."""
        readout = self.readout
        if readout.kept_tracks is None and readout.kept_bins is None:
            return None
        proto = sliced_proto(
            self.model.proto(), whole, readout.card.output_layout, readout.kept_tracks, readout.kept_bins
        )
        readout.slice()
        return proto

    def _chosen(self, mode: str) -> Runner:
        costs, passed_over = self.costs, ""
        for name, cost in self._ranking(mode):
            gain = costs.naive / cost
            self.reason = passed_over + ("it was asked for" if mode == name else f"promises {gain:.1f} times naive")
            try:
                return self._made(name)
            except ModelError as error:
                if mode != "auto":
                    raise
                passed_over += f"{name} is not possible: {error.message}; "
        return self._made("naive")

    def _ranking(self, mode: str) -> list[tuple[str, float]]:
        """Modes to try, with their cost per mutation, the best first."""
        costs = self.costs
        known = {"naive": costs.naive, "packed": costs.packed, "delta": costs.delta}
        if mode != "auto":
            return [(mode, known[mode])]
        good = [(name, cost) for name, cost in known.items() if cost * WORTHWHILE <= costs.naive]
        margin = DELTA_MARGIN if self.model.is_long else 1.0
        good.sort(key=lambda item: item[1] * (margin if item[0] == "delta" else 1.0))
        return [*good, ("naive", costs.naive)]

    def _made(self, mode: str) -> Runner:
        if mode == "naive":
            return NaiveRunner(self.model, self.readout, self._threads, self._proto)
        if mode == "packed":
            kind = PackedRunner if self.model.device == "cpu" else DevicePackedRunner
            return kind(self.model, self.readout, self._threads, self._proto, self.frontier)
        from .modes.delta import DeltaRunner

        return DeltaRunner(
            self.graph, model=self.model, readout=self.readout, n_threads=self._threads, proto=self._proto
        )

    def explain(self) -> str:
        """Return a table of the graph: per tensor its window, cost and bytes, and where windows end.

        ``window`` is the number of positions that one change alters, ``needed`` how many of them the output can
        depend on. Tensors behind the last window are added up in one line. After the check it says what that took.
        """
        from .explaining import explain

        return explain(self)

    def verify(self, sequence: str | bytes | NDArray[np.uint8], n: int = 64, seed: int = 0) -> float:
        """Compare sampled mutants with the whole, unsliced model run on each of them.

        Parameters
        ----------
        sequence : str, bytes, or uint8 array, shape (card.read_length,)
        n : int
            Mutants; at most every one there is.
        seed : int

        Returns
        -------
        float
            Largest difference of an effect, as a share of the output; see `share_of_outputs`.

        Raises
        ------
        ModelError
            If it is above the tolerance: 1e-5, or 5e-3 for a float16 model.
        """
        from .mutants import all_mutants, one_sequence

        codes = one_sequence(sequence, self.model.card.read_length)
        positions, bases = all_mutants(codes, np.arange(len(codes)))
        picked = np.sort(np.random.default_rng(seed).permutation(len(positions))[:n])
        plain = NaiveRunner(self.model, self._plain_readout(), self._threads)
        none = np.empty(0, np.int64), np.empty(0, np.uint8)
        output = plain.reference(codes) if picked.size else plain.effects(codes, *none).sum(axis=0)
        self.runner.reference(codes)  # as a scan has it once
        expected, naive = _timed(plain, codes, positions[picked], bases[picked])
        found, own = _timed(self.runner, codes, positions[picked], bases[picked])
        self.probed = f"{picked.size} mutants took {1e3 * own:.3g} ms, and {1e3 * naive:.3g} ms in mode naive"
        tolerance = TOLERANCE[self.model.dtype]

        def more() -> NDArray[np.float64]:
            rows = (one_sequence(row, codes.size) for row in random_rows(self.model))
            return np.stack([plain.reference(row) for row in rows])

        outputs = np.stack([output, *(output + expected)])
        worst = share_of_outputs(found, expected, outputs, more, tolerance)
        if not worst <= tolerance:
            raise ModelError(
                f"mode {self.mode} differs from the plain model by {worst:.3g} of the output; {tolerance:g} is allowed",
                path=self.model.path,
                remedy='use mode "naive" for this model, and report it',
            )
        return worst

    def _plain_readout(self) -> Readout:
        whole = load_graph(self.model)
        return Readout(self.model, self._outputs, whole.shape(whole.output_name))

    def ensure_checked(self, sequence: NDArray[np.uint8]) -> None:
        """Run `verify` once, before the first use."""
        with self._lock:
            if not self._checked and (self.mode != "naive" or self._proto is not None):
                self.verify(sequence, n=min(self._check, max(2, int(CHECK_WORK / self.costs.naive))))
            self._checked = True


def _timed(
    runner: Runner, sequence: NDArray[np.uint8], positions: NDArray[np.int64], bases: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], float]:
    """Effects, and CPU seconds."""
    started = time.process_time()
    return runner.effects(sequence, positions, bases), time.process_time() - started
