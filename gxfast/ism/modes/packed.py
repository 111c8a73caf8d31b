"""Many far-apart mutations in one sequence: the local part of the model runs once for all of them.

The graph is cut where it begins to mix all positions. One pass through the part before the cut carries as many
mutations as fit without touching each other there; the window of each is put into the reference's tensors, and
only the part behind the cut runs per mutation. No operator is rewritten, so any model with local first layers
gains, and the arithmetic is that of the model itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...encode.one_hot import one_hot
from ...errors import ModelError
from ...models.runtime import run_options
from ...models.workers import run_tasks
from ..edit_rows import chosen_rows, rows_of
from ..graph.intervals import analyse
from ..graph.view import Graph, load_graph
from .naive import at_batch
from .packing import Frontier, assign_passes, frontier
from .readout import Readout
from .runner import Part, Runner

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["PackedRunner"]

Arrays = list[NDArray[Any]]
Passes = list[NDArray[np.int64]]
_HEAD_BATCHES = 4  # head batches that one piece of work should fill, so that little is padding


class Packed(NamedTuple):
    """Rows of edits in passes.

    Attributes
    ----------
    live : int64 array, shape (K,)
        Rows that reach the output.
    lo, hi : int64 arrays, shape (n_tensors, K)
        What each alters of the tensors at the cut, inclusive.
    passes : list of int64 arrays
        Which of the K go together.
    """

    live: NDArray[np.int64]
    lo: NDArray[np.int64]
    hi: NDArray[np.int64]
    passes: Passes

    def cut(self, size: int) -> list[Passes]:
        """Return the passes in lists of ``size``."""
        return [self.passes[i : i + size] for i in range(0, len(self.passes), size)]

    def together(self, edits: Edits, group: Passes) -> Edits:
        """Return one row of edits per pass."""
        found = chosen_rows(edits, self.live[np.concatenate(group)])
        ends = np.cumsum([0, *(len(indices) for indices in group)])
        return found._replace(offset=found.offset[ends])


class PackedRunner(Runner):
    """Mutants packed into shared passes.

    Parameters
    ----------
    model, readout, n_threads
        As in `Runner`.
    proto : onnx.ModelProto, optional
        A sliced copy of the model.
    found : Frontier, optional
        Of that copy, where it is known already.

    Attributes
    ----------
    frontier : Frontier

    Raises
    ------
    ModelError
        If the first operator mixes all positions already.
    """

    mode = "packed"

    def __init__(
        self, model: Model, readout: Readout, n_threads: int = 1, proto: Any = None, found: Frontier | None = None
    ) -> None:
        super().__init__(model, readout, n_threads)
        graph = load_graph(model, proto=proto)
        self.frontier = found or frontier(graph, analyse(graph))
        cut, self._input = self.frontier.tensors, graph.input_name
        # The input itself may be read behind the cut, too (a skip): it is at hand and needs no pass.
        self._computed = [name for name in cut if name != graph.input_name]
        if not self._computed:
            raise ModelError(
                "the first operator mixes all positions, so mutations cannot be packed",
                path=model.path,
                remedy='use mode "naive"',
            )
        self.trunk_batch, self._trunk = self._part(graph, [graph.input_name], self._computed, proto)
        self._head: Part | None = None
        self.head_batch = self.trunk_batch
        if cut != (graph.output_name,):
            self.head_batch, self._head = self._part(graph, list(cut), [graph.output_name], proto)

    def _part(self, graph: Graph, inputs: list[str], outputs: list[str], proto: Any) -> tuple[int, Part]:
        graph = at_batch(graph, graph.between(inputs, outputs), self.model, proto)
        return graph.batch, Part(graph.subgraph(inputs, outputs), self.model, outputs)

    def _values(
        self, window: NDArray[np.uint8], edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        options = run_options()
        reference, raw = self._kept(window, flipped, lambda: self._of(window, options))
        base = self.readout.values(raw, flipped=flipped)
        values = np.repeat(base, len(edits.offset) - 1, axis=0)
        packed = self._pack(edits)
        if packed is None:
            return base, values
        work = _Work(self, window, edits, reference, packed, flipped, options)
        groups = self._groups(packed)

        def task(i: int) -> None:
            for row, found in work.run(groups[i]):
                values[row] = found

        run_tasks(task, len(groups), n_threads=self.n_threads, options=options)
        return base, values

    def _of(self, window: NDArray[np.uint8], options: Any) -> tuple[Arrays, NDArray[Any]]:
        """The unedited sequence: its tensors at the cut, and its output."""
        cut = self._cut(np.repeat(window[np.newaxis], self.trunk_batch, axis=0), options)
        reference = [array[:1].copy() for array in cut]
        return reference, self._heads(self._buffers(reference), options)[:1]

    def _pack(self, edits: Edits) -> Packed | None:
        """Put the rows that reach the output into passes; None without any."""
        n_rows, length, cut = len(edits.offset) - 1, len(self.frontier.free_from), self.frontier
        rows = rows_of(edits)
        reaches = np.zeros(n_rows, bool)
        np.logical_or.at(reaches, rows, cut.live[edits.position])
        live = np.flatnonzero(reaches)
        if not live.size:
            return None
        first, last = np.full(n_rows, length), np.full(n_rows, -1)
        np.minimum.at(first, rows, edits.position)
        np.maximum.at(last, rows, edits.position)
        first, last = first[live], last[live]
        passes = assign_passes(first, last, cut.free_from)
        order = np.argsort(passes, kind="stable")
        each = np.split(order, np.flatnonzero(np.diff(passes[order])) + 1)
        # between the first and the last edit, in whichever order the model reads them
        lo = np.minimum(cut.lo[:, first], cut.lo[:, last])
        return Packed(live, lo, np.maximum(cut.hi[:, first], cut.hi[:, last]), each)

    def _groups(self, packed: Packed) -> list[Passes]:
        """Cut the passes into lists that are enough to fill head batches."""
        per_pass = max(1, len(packed.live) // len(packed.passes))
        wanted = -(-self.head_batch * _HEAD_BATCHES // per_pass)
        return packed.cut(-(-wanted // self.trunk_batch) * self.trunk_batch)

    def _cut(self, rows: NDArray[np.uint8], options: Any) -> Arrays:
        """Run the trunk on sequences; return the tensors at the cut, in the order of the frontier."""
        encoded = one_hot(rows, dtype=self.model.dtype, **self.readout.card.encoding)
        found = dict(zip(self._computed, self._trunk.run({self._input: encoded}, options), strict=True))
        return [found.get(name, encoded) for name in self.frontier.tensors]

    def _buffers(self, reference: Arrays) -> Arrays:
        return [np.repeat(array, self.head_batch, axis=0) for array in reference]

    def _heads(self, buffers: Arrays, options: Any) -> NDArray[Any]:
        if self._head is None:
            return buffers[0]
        raw: NDArray[Any] = self._head.run(dict(zip(self.frontier.tensors, buffers, strict=True)), options)[0]
        return raw


class _Work:
    """One call's data, shared by its pieces of work."""

    def __init__(
        self,
        runner: PackedRunner,
        window: NDArray[np.uint8],
        edits: Edits,
        reference: Arrays,
        packed: Packed,
        flipped: bool,
        options: Any,
    ) -> None:
        self._runner, self._window, self._edits, self._reference = runner, window, edits, reference
        self._packed, self._flipped, self._options = packed, flipped, options

    def run(self, passes: Passes) -> Any:
        """Yield (rows, values) for the rows of some passes."""
        runner = self._runner
        buffers, filled = runner._buffers(self._reference), list[int]()
        for start in range(0, len(passes), runner.trunk_batch):
            group = passes[start : start + runner.trunk_batch]
            mutated = self._mutated(self._packed.together(self._edits, group))
            for number, indices in enumerate(group):
                for k in indices.tolist():
                    self._copy(buffers, len(filled), mutated, number, k)
                    filled.append(k)
                    if len(filled) == runner.head_batch:
                        yield self._flush(buffers, filled)
        if filled:
            yield self._flush(buffers, filled)

    def _mutated(self, together: Edits) -> Arrays:
        """Tensors at the cut for sequences that carry all mutations of a pass each."""
        rows = np.repeat(self._window[np.newaxis], self._runner.trunk_batch, axis=0)
        rows[rows_of(together), together.position] = together.base
        return self._runner._cut(rows, self._options)

    def _copy(self, into: Arrays, slot: int, source: Arrays, number: int, k: int) -> None:
        """Copy the window of mutation ``k`` from one row to another, in every tensor at the cut."""
        for i, axis in enumerate(self._runner.frontier.axes):
            # axis 0 is the batch; with one row taken, the sequence axis is one further to the left
            there = np.moveaxis(into[i][slot], axis - 1, 0)
            lo, hi = self._packed.lo[i, k], self._packed.hi[i, k] + 1
            there[lo:hi] = np.moveaxis(source[i][number], axis - 1, 0)[lo:hi]

    def _flush(self, buffers: Arrays, filled: list[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        raw = self._runner._heads(buffers, self._options)
        values = self._runner.readout.values(raw[: len(filled)], flipped=self._flipped)
        for slot, k in enumerate(filled):
            self._copy(buffers, slot, self._reference, 0, k)
        rows = self._packed.live[filled]
        filled.clear()
        return rows, values
