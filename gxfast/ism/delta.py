"""The delta mode: the effects of mutations from what they change, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..encode.edits import Edits
from ..errors import ModelError
from ..models.workers import run_tasks
from .delta_graph import DeltaGraph, emit
from .delta_indices import Places, fits, inside_everywhere, make
from .graph.intervals import analyse
from .graph.view import Graph, load_graph
from .modes.naive import NaiveRunner, largest_row
from .modes.readout import Readout
from .modes.reference_pass import ReferencePass, encoded, position_rows
from .modes.runner import Part, Runner, run_options

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["DeltaRunner"]

RUN_BYTES: Final = 2**28  # of the largest tensor that is computed in full
DEFAULT_BATCH: Final = 192  # mutations per run, a multiple of three; more never helped on a CPU

Int64Array = NDArray[np.int64]
CodeArray = NDArray[np.uint8]
Feeds = dict[str, Any]


class DeltaRunner(Runner):
    """Mutants as differences from the reference, on the window that each of them changes.

    The reference goes through the model once per sequence; a batch of mutations then goes through a graph that
    holds, for every layer up to the first that mixes all positions, only what a mutation changes. Rows with several
    edits, or edits of several bases, go through the whole model.

    Parameters
    ----------
    graph : Graph
        Of the model (or its sliced copy), at any batch size.
    model, readout, n_threads
        As in `Runner`.
    proto : onnx.ModelProto, optional
        The sliced copy.
    batch : int
        Mutations per run.

    Raises
    ------
    ModelError
        If the model is not float32.
    """

    mode = "delta"
    takes_rows = False

    def __init__(
        self, graph: Graph, *, model: Model, readout: Readout, n_threads: int = 1, proto: Any = None,
        batch: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, readout, n_threads)
        if graph.dtype(graph.input_name) != np.float32:
            raise ModelError("delta mode is for float32 models", path=model.path)
        self._proto = proto
        self._whole = graph
        self.analysis = analyse(graph)
        behind = [node for node in graph.nodes if node.outputs[0] in self.analysis.dense]
        fits = RUN_BYTES // max(1, largest_row(graph, behind))
        self._graph = load_graph(model, batch=batch or max(3, min(DEFAULT_BATCH, fits)), proto=proto)
        self._parts: dict[bool, tuple[DeltaGraph, Part]] = {}
        self._lock = threading.Lock()
        self._reference_pass: ReferencePass | None = None
        self._naive: NaiveRunner | None = None
        self._reference(np.zeros(graph.length, np.uint8))  # fails here rather than in the middle of a scan

    @property
    def batch(self) -> int:
        """Mutations per run."""
        return self._graph.batch

    @property
    def barriers(self) -> dict[str, str]:
        """Tensor to why it and everything after it is computed in full."""
        return dict(self._part(True)[0].barriers)

    def _part(self, edges: bool) -> tuple[DeltaGraph, Part]:
        with self._lock:
            if edges not in self._parts:
                made = emit(self._graph, self.analysis, edges=edges)
                self._parts[edges] = made, Part(made.content, self.model, [made.output])
            return self._parts[edges]

    def _values(
        self, window: CodeArray, edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        feeds, raw = self._kept(window, flipped, lambda: self._reference(window))
        reference = self.readout.values(raw, flipped=flipped)
        values = np.empty((len(edits.offset) - 1, *reference.shape[1:]))
        counts = np.diff(edits.offset)
        values[counts == 0] = reference[0]
        single = np.flatnonzero(counts == 1)
        self._single(window, edits, single, feeds, flipped, values)
        several = np.flatnonzero(counts > 1)
        if several.size:
            values[several] = self._several(window, edits, several, flipped)
        return reference, values

    def _single(
        self, window: CodeArray, edits: Edits, rows: Int64Array, feeds: Feeds, flipped: bool,
        values: NDArray[np.float64],
    ) -> None:  # fmt: skip
        at, base = edits.position[edits.offset[rows]], edits.base[edits.offset[rows]]
        card = self.readout.card
        changes = encoded(base, card) - encoded(window[at], card)
        batches = list(self._batches(at))
        options = run_options()

        def task(i: int) -> None:
            chosen = batches[i]
            padded = np.concatenate([chosen, np.repeat(chosen[-1:], self.batch - len(chosen))])
            raw = self._run(at[padded], changes[padded], feeds, options)
            values[rows[chosen]] = self.readout.values(raw[: len(chosen)], flipped=flipped)

        def stop() -> None:
            options.terminate = True

        run_tasks(task, len(batches), n_threads=self.n_threads, on_interrupt=stop)

    def _several(self, window: CodeArray, edits: Edits, rows: Int64Array, flipped: bool) -> NDArray[np.float64]:
        if self._naive is None:
            self._naive = NaiveRunner(self.model, self.readout, self.n_threads, self._proto)
        offset = np.concatenate([[0], np.cumsum(np.diff(edits.offset)[rows])]).astype(np.int64)
        taken = np.concatenate([np.arange(edits.offset[row], edits.offset[row + 1]) for row in rows])
        part = Edits(offset, edits.position[taken], edits.base[taken])
        return self._naive._values(window, part, flipped)[1]

    def _reference(self, window: CodeArray) -> tuple[Feeds, NDArray[np.float32]]:
        """What the delta graphs read of the reference, by their inputs, on their device; its raw output."""
        graph, made = self._whole, self._part(True)[0]
        if self._reference_pass is None:
            wanted = [*made.rows, *made.dense, graph.output_name]
            self._reference_pass = ReferencePass(graph, self.model, self.readout.card, wanted)
        found = self._reference_pass(window)
        windows = self.analysis.windows
        feeds = {name: position_rows(found[tensor], windows[tensor].axis) for tensor, name in made.rows.items()}
        feeds |= {name: np.ascontiguousarray(found[tensor]) for tensor, name in made.dense.items()}
        if self.model.device != "cpu":
            feeds = {name: self._part(True)[1].resident(array) for name, array in feeds.items()}
        return feeds, found[graph.output_name]

    def _batches(self, at: Int64Array) -> Iterator[Int64Array]:
        """Mutations in order of position, as many as fit into one run."""
        order = np.argsort(at, kind="stable")
        stretches = [index for index in self._part(True)[0].indices if index.kind == "stretch"]
        first = 0
        while first < len(order):
            last = min(len(order), first + self.batch)
            while last - first > 1 and not all(
                fits(index, Places(self.analysis, at[order[first:last]])) for index in stretches
            ):
                last = first + max(1, (last - first) // 2)
            yield order[first:last]
            first = last

    def _run(self, at: Int64Array, changes: NDArray[np.float32], reference: Feeds, options: Any) -> NDArray[Any]:
        places = Places(self.analysis, at)
        made, part = self._part(not inside_everywhere(places))
        feeds: dict[str, NDArray[Any]] = {"change": np.ascontiguousarray(changes[:, np.newaxis])}
        feeds |= {index.name: make(index, places) for index in made.indices}
        feeds |= {name: reference[name] for name in (*made.rows.values(), *made.dense.values())}
        raw: NDArray[Any] = part.run(feeds, options)[0]
        return raw
