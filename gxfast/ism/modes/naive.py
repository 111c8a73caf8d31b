"""Every mutant through the whole model: the mode that always works, and the yardstick of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...models.runtime import run_options
from ...models.workers import run_tasks
from ..edit_rows import chosen_rows, unedited
from ..graph.view import Graph, Node, load_graph
from .edited_part import EditedPart
from .readout import Readout
from .runner import Runner, rows_per_run

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["NaiveRunner", "at_batch", "largest_row"]

_TASK_BATCHES = 32  # batches per piece of work: enough to hide the making of its buffer
ONE_ROW: Final = 2**26  # bytes of a tensor of a long window above which two rows gain nothing and cost their memory


class NaiveRunner(Runner):
    """Mutants in batches of one fixed size.

    Parameters
    ----------
    model, readout, n_threads
        As in `Runner`.
    proto : onnx.ModelProto, optional
        A sliced copy of the model.
    in_graph : bool, optional
        Where edits are written, see `EditedPart`.
    """

    mode = "naive"

    def __init__(
        self, model: Model, readout: Readout, n_threads: int = 1, proto: Any = None, *, in_graph: bool | None = None
    ) -> None:
        super().__init__(model, readout, n_threads)
        graph = load_graph(model, proto=proto)
        graph = at_batch(graph, graph.nodes, model, proto)
        self.batch = graph.batch
        self._part = EditedPart(graph, [graph.output_name], model, readout.card, in_graph=in_graph)

    def _values(
        self, window: NDArray[np.uint8], edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        options = run_options()
        (_, reference), *_ = list(self._batches(window, unedited(1), flipped, options))
        n_rows = len(edits.offset) - 1
        values = np.empty((n_rows, *reference.shape[1:]))
        per_task = self.batch * _TASK_BATCHES

        def task(i: int) -> None:
            first, last = i * per_task, min(n_rows, (i + 1) * per_task)
            part = chosen_rows(edits, np.arange(first, last))
            for rows, found in self._batches(window, part, flipped, options):
                values[first + rows.start : first + rows.stop] = found

        run_tasks(task, -(-n_rows // per_task), n_threads=self.n_threads, options=options)
        return reference, values

    def _batches(self, window: NDArray[np.uint8], edits: Edits, flipped: bool, options: Any) -> Any:
        for rows, (raw,) in self._part.batches(window, edits, options):
            yield rows, self.readout.values(raw[: rows.stop - rows.start], flipped=flipped)


def at_batch(graph: Graph, nodes: Sequence[Node], model: Model, proto: Any = None) -> Graph:
    """Return a graph for the rows that one run of some of its nodes should have.

    That is one row where its tensors are large, unless sizes say that a row alone is something else to the model.
    """
    row = largest_row(graph, nodes)
    size = model.fixed_batch or rows_per_run(row, model.device)
    if size == 2 and row > ONE_ROW and model.smallest_batch == 1:
        single = load_graph(model, batch=1, proto=proto)
        tensors = [name for node in graph.nodes for name in node.made]
        if all(_is_row(single, graph, name) for name in tensors):
            return single
    return graph if size == graph.batch else load_graph(model, batch=size, proto=proto)


def _is_row(single: Graph, graph: Graph, tensor: str) -> bool:
    return single.has(tensor) and single.shape(tensor)[1:] == graph.shape(tensor)[1:]


def largest_row(graph: Graph, nodes: Sequence[Node] | None = None) -> int:
    """Return the bytes of the largest tensor that nodes (default: all) compute, per row of the batch."""
    tensors = [name for node in (graph.nodes if nodes is None else nodes) for name in node.made]
    sizes = [int(np.prod(graph.shape(name))) * graph.dtype(name).itemsize for name in tensors]
    return max(sizes, default=0) // graph.batch
