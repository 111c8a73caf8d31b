"""The delta mode: the effects of mutations from what they change, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..edits import Edits
from ..encode import one_hot
from ..errors import ModelError
from ..models._workers import run_tasks
from .delta_graph import DeltaGraph, emit
from .delta_indices import Places, fits, inside_everywhere, make
from .graph import Graph, load_graph
from .intervals import analyse
from .naive import NaiveRunner
from .readout import Readout
from .runner import Part, Runner, run_options

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["DeltaRunner"]

DEFAULT_BATCH: Final = 192  # mutations per run, a multiple of three; more never helped on a CPU

Int64Array = NDArray[np.int64]
CodeArray = NDArray[np.uint8]
Feeds = dict[str, NDArray[np.float32]]


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

    def __init__(
        self, graph: Graph, *, model: Model, readout: Readout, n_threads: int = 1, proto: Any = None,
        batch: int = DEFAULT_BATCH,
    ) -> None:  # fmt: skip
        super().__init__(model, readout, n_threads)
        if graph.dtype(graph.input_name) != np.float32:
            raise ModelError("delta mode is for float32 models", path=model.path)
        self._proto = proto
        self._whole = graph
        self._graph = load_graph(model, batch=model._binding.fixed_batch or batch, proto=proto)
        self.analysis = analyse(self._graph)
        self._parts: dict[bool, tuple[DeltaGraph, Part]] = {}
        self._lock = threading.Lock()
        self._reference_part: tuple[list[str], Part] | None = None
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
        feeds, raw = self._reference(window)
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
        changes = self._encoded(base) - self._encoded(window[at])
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

    def _encoded(self, codes: CodeArray) -> NDArray[np.float32]:
        card = self.readout.card
        unknown = "zero" if card.unknown == 0.0 else "quarter"
        encoded: NDArray[np.float32] = one_hot(codes, channels=card.channels, unknown=unknown)
        return encoded

    def _reference(self, window: CodeArray) -> tuple[Feeds, NDArray[np.float32]]:
        """What the delta graphs read of the reference, by their inputs; its raw output."""
        graph, made = self._whole, self._part(True)[0]
        if self._reference_part is None:
            tensors = [name for name in (*made.rows, *made.dense) if name != graph.input_name]
            wanted = list(dict.fromkeys([graph.output_name, *tensors]))
            part = Part(graph.subgraph([graph.input_name], wanted), self.model, wanted)
            self._reference_part = wanted, part
        wanted, part = self._reference_part
        card = self.readout.card
        encoded = one_hot(
            np.repeat(window[np.newaxis], graph.batch, axis=0), layout=card.layout, channels=card.channels,
            unknown="zero" if card.unknown == 0.0 else "quarter",
        )  # fmt: skip
        found = dict(zip(wanted, part.run({graph.input_name: encoded}), strict=True))
        found[graph.input_name] = encoded
        for tensor in found:
            if found[tensor].shape != graph.shape(tensor):
                raise ModelError(
                    f"tensor {tensor!r} has shape {found[tensor].shape}, not the expected {graph.shape(tensor)}",
                    path=self.model.path,
                    remedy="choose another mode",
                )
        feeds = {}
        for tensor, name in made.rows.items():
            rows = np.moveaxis(found[tensor][0], self.analysis.windows[tensor].axis - 1, 0)
            feeds[name] = np.ascontiguousarray(rows.reshape(len(rows), -1))
        for tensor, name in made.dense.items():
            feeds[name] = np.ascontiguousarray(found[tensor][:1])
        return feeds, found[graph.output_name][:1]

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
        return part.run(feeds, options)[0]
