"""Mode delta: the local part of the model in the compiled executor, the rest in onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...encode.one_hot import one_hot
from ...errors import ModelError
from ...kernels.compiled import DeltaReference
from ...models.runtime import run_options
from ...models.workers import run_tasks
from ..edit_rows import chosen_rows, rows_of
from ..graph.intervals import analyse
from ..graph.view import Graph, load_graph
from ..ops.builder import Output
from .naive import at_batch, largest_row
from .program import lower
from .readout import Readout
from .reference_pass import ReferencePass
from .runner import Part, Runner

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["DeltaRunner"]

BATCH: Final = 192  # rows per piece of work and per run of what is behind
RUN_BYTES: Final = 2**27  # of tensors that are computed in full, per piece of work

CodeArray = NDArray[np.uint8]
FloatArray = NDArray[np.float32]


class DeltaRunner(Runner):
    """Edits as changes on windows, in compiled loops.

    Takes rows of several edits as well: their windows are joined.

    Parameters
    ----------
    graph : Graph
        Of the model (or its sliced copy), at any batch size.
    model, readout, n_threads
        As in `Runner`.
    proto : onnx.ModelProto, optional
        The sliced copy.
    batch : int, optional
        Rows per piece of work.

    Raises
    ------
    ModelError
        If the model does not run on the CPU, is not float32, or its first operator is a barrier.
    """

    mode = "delta"

    def __init__(
        self,
        graph: Graph,
        *,
        model: Model,
        readout: Readout,
        n_threads: int = 1,
        proto: Any = None,
        batch: int | None = None,
    ) -> None:
        super().__init__(model, readout, n_threads)
        if model.device != "cpu":
            raise ModelError("mode delta runs on the CPU", path=model.path, remedy='use mode "packed", or "auto"')
        if graph.dtype(graph.input_name) != np.float32:
            raise ModelError("mode delta is for float32 models", path=model.path, remedy='use mode "packed"')
        self._graph, self.analysis = graph, analyse(graph)
        self._program = lower(graph, self.analysis)
        given = [output.tensor for output in self._program.outputs]
        if given == [graph.input_name]:
            raise ModelError("the first operator mixes all positions", path=model.path, remedy="choose another mode")
        changes = [output.tensor for output in self._program.outputs if not output.axis]
        wanted = [*(rows.tensor for rows in self._program.references), *changes, graph.output_name]
        single = graph if model.fixed_batch else load_graph(model, batch=1, proto=proto)
        if any(single.shape(name)[1:] != graph.shape(name)[1:] for name in wanted):
            raise ModelError("a row alone has another shape", path=model.path, remedy="choose another mode")
        self._reference = ReferencePass(single, model, readout.card, wanted)
        per_row = sum(4 * int(np.prod(graph.shape(name)[1:])) for name in given)
        per_row = max(per_row, largest_row(graph, self._program.behind))
        self.batch = batch or int(max(1, min(BATCH, RUN_BYTES // per_row)))
        self._head: Part | None = None
        self._head_batch = self.batch
        if given != [graph.output_name]:
            whole = at_batch(graph, self._program.behind, model, proto)
            self._head_batch = whole.batch
            self._head = Part(whole.subgraph(given, [graph.output_name]), model, [graph.output_name])
        self._reference(np.zeros(graph.length, np.uint8))  # fails here rather than in the middle of a scan

    @property
    def barriers(self) -> dict[str, str]:
        """Tensor to why it and everything after it is computed in full."""
        return dict(self._program.barriers)

    def _values(
        self, window: CodeArray, edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        found, reference = self._kept(window, flipped, lambda: self._of(window))
        base = self.readout.values(found[self._graph.output_name], flipped=flipped)
        n_rows = len(edits.offset) - 1
        values = np.empty((n_rows, *base.shape[1:]))
        options = run_options()
        rules = self.readout.card.encoding | {"layout": "NLC"}
        # Neighbours share blocks of the dense layer's weights.
        first = np.full(n_rows, self._graph.length)
        np.minimum.at(first, rows_of(edits), edits.position)
        order = np.argsort(first, kind="stable")

        def task(i: int) -> None:
            chosen = order[i * self.batch : (i + 1) * self.batch]
            part = chosen_rows(edits, chosen)
            change = one_hot(part.base, **rules) - one_hot(window[part.position], **rules)
            given = self._program.executor.run(reference, part.offset, part.position, change)
            raw = self._outputs(given, found, len(chosen), options)
            values[chosen] = self.readout.values(raw, flipped=flipped)

        run_tasks(task, -(-n_rows // self.batch), n_threads=self.n_threads, options=options)
        return base, values

    def _of(self, window: CodeArray) -> tuple[dict[str, NDArray[Any]], DeltaReference]:
        """What rows of edits are compared with: tensors behind the windows, and those that windows are cut from."""
        program, found = self._program, self._reference(window)
        kept = {output.tensor for output in program.outputs if not output.axis} | {self._graph.output_name}
        last = {each.tensor: i for i, each in enumerate(program.references)}
        reference = DeltaReference(program.executor)
        for i, each in enumerate(program.references):
            reference.set(i, each.of(found[each.tensor]))
            if last[each.tensor] == i and each.tensor not in kept:
                del found[each.tensor]  # of long sequences two copies would not fit into memory
        reference.prepare()
        return {name: found[name] for name in kept}, reference

    def _outputs(self, given: list[FloatArray], found: dict[str, NDArray[Any]], n: int, options: Any) -> NDArray[Any]:
        """Raw output of rows from what the program gives."""
        tensors = {
            output.tensor: self._shaped(output, array, found)
            for output, array in zip(self._program.outputs, given, strict=True)
        }
        if self._head is None:
            return tensors[self._graph.output_name]
        parts, size = [], self._head_batch
        for first in range(0, n, size):
            # One size of batch, so that results do not depend on how many rows there are.
            index = np.minimum(np.arange(first, first + size), n - 1)
            feeds = {name: np.ascontiguousarray(array[index]) for name, array in tensors.items()}
            parts.append(self._head.run(feeds, options)[0][: n - first])
        return np.concatenate(parts)

    def _shaped(self, output: Output, array: FloatArray, found: dict[str, NDArray[Any]]) -> FloatArray:
        """Rows of the program in the layout of the graph."""
        shape = self._graph.shape(output.tensor)
        if not output.axis:
            return found[output.tensor] + array.reshape(len(array), *shape[1:])
        rest = [size for i, size in enumerate(shape) if i not in (0, output.axis)]
        return np.moveaxis(array.reshape(len(array), shape[output.axis], *rest), 1, output.axis)
