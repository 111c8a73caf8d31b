"""Mode packed where tensors should not leave the device: windows are put into the reference in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import Edits
from ...models.onnx_writer import GraphWriter, names_in
from ...models.runtime import run_options
from ...models.workers import run_tasks
from ..edit_rows import unedited
from ..graph.view import Graph, load_graph
from .edited_part import EditedPart
from .packed import PackedRunner
from .packing import Frontier
from .readout import Readout
from .runner import Part

if TYPE_CHECKING:
    from ...models.session import Model

__all__ = ["DevicePackedRunner", "with_windows"]


class DevicePackedRunner(PackedRunner):
    """As `PackedRunner`, with all tensors on the device.

    Parameters
    ----------
    model, readout, n_threads, proto, found
        As in `PackedRunner`.
    """

    def __init__(
        self, model: Model, readout: Readout, n_threads: int = 1, proto: Any = None, found: Frontier | None = None
    ) -> None:
        super().__init__(model, readout, n_threads, proto, found)
        at_trunk = load_graph(model, batch=self.trunk_batch, proto=proto)
        cut = list(self.frontier.tensors)
        self._edited = EditedPart(at_trunk, cut, model, readout.card, in_graph=True)
        at_head = load_graph(model, batch=self.head_batch, proto=proto)
        self._joined = Part(with_windows(at_head, self.frontier, self.trunk_batch), model, [at_head.output_name])

    def _values(
        self, window: NDArray[np.uint8], edits: Edits, flipped: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        options = run_options()
        ((_, whole),) = self._edited.batches(window, unedited(1), options)
        reference = [self._joined.to_device(array[:1]) for array in whole]
        fixed = {f"{name}/reference": value for name, value in zip(self.frontier.tensors, reference, strict=True)}
        unchanged = [np.repeat(array[:1], self.trunk_batch, axis=0) for array in whole]
        nothing = np.zeros((len(whole), self.head_batch), np.int64)
        raw = self._join(fixed, unchanged, nothing[0], nothing + 1, nothing, options)
        base = self.readout.values(raw[:1], flipped=flipped)
        values = np.repeat(base, len(edits.offset) - 1, axis=0)
        packed = self._pack(edits)
        if packed is None:
            return base, values
        live, lo, hi, _ = packed
        groups = packed.cut(self.trunk_batch)

        def task(i: int) -> None:
            group = groups[i]
            ((_, mutated),) = self._edited.batches(window, packed.together(edits, group), options, keep=True)
            rows = np.concatenate(group)
            source = np.repeat(np.arange(len(group)), [len(each) for each in group])
            for a in range(0, len(rows), self.head_batch):
                taken = np.minimum(np.arange(a, a + self.head_batch), len(rows) - 1)
                k = rows[taken]
                raw = self._join(fixed, mutated, source[taken], lo[:, k], hi[:, k], options)
                n = min(self.head_batch, len(rows) - a)
                values[live[k[:n]]] = self.readout.values(raw[:n], flipped=flipped)

        run_tasks(task, len(groups), n_threads=self.n_threads, options=options)
        return base, values

    def _join(
        self,
        fixed: dict[str, Any],
        mutated: list[Any],
        source: NDArray[np.int64],
        lo: NDArray[np.int64],
        hi: NDArray[np.int64],
        options: Any,
    ) -> NDArray[Any]:
        feeds: dict[str, Any] = dict(fixed)
        for i, name in enumerate(self.frontier.tensors):
            feeds |= {f"{name}/mutated": mutated[i], f"{name}/lo": np.ascontiguousarray(lo[i])}
            feeds |= {f"{name}/hi": np.ascontiguousarray(hi[i])}
        raw: NDArray[Any] = self._joined.run(feeds | {"source": source.astype(np.int64)}, options)[0]
        return raw


def with_windows(graph: Graph, cut: Frontier, n_passes: int) -> bytes:
    """The part behind a cut, reading windows of rows that carry several mutations.

    Parameters
    ----------
    graph : Graph
        At the batch size of the part.
    cut : Frontier
    n_passes : int
        Rows of the mutated tensors.

    Returns
    -------
    bytes
        A model with inputs ``source`` int64 (M,): row of each mutation; and for each tensor T at the cut
        ``T/reference`` (1, ...), ``T/mutated`` (n_passes, ...), ``T/lo`` and ``T/hi`` int64 (M,): its window,
        inclusive.
    """
    import onnx

    model = onnx.load_from_string(graph.subgraph(list(cut.tensors), [graph.output_name]))
    writer = GraphWriter(opset=graph.opset, prefix="windows/", taken=names_in(model.graph))
    source = writer.input("source", [graph.batch], np.int64)
    for name, axis in zip(cut.tensors, cut.axes, strict=True):
        shape, dtype = graph.shape(name), graph.dtype(name)
        reference = writer.input(f"{name}/reference", [1, *shape[1:]], dtype)
        mutated = writer.input(f"{name}/mutated", [n_passes, *shape[1:]], dtype)
        column = [graph.batch, *[1] * (len(shape) - 1)]
        first = writer.reshape(writer.input(f"{name}/lo", [graph.batch], np.int64), column)
        last = writer.reshape(writer.input(f"{name}/hi", [graph.batch], np.int64), column)
        along = [-1 if i == axis else 1 for i in range(len(shape))]
        places = writer.constant(np.arange(shape[axis]).reshape(along), np.int64)
        outside = writer.add("Or", writer.add("Less", places, first), writer.add("Greater", places, last))
        writer.append("Where", [outside, reference, writer.add("Gather", mutated, source)], [name])
    del model.graph.input[:]
    writer.put_into(model, first=True)
    return bytes(model.SerializeToString())
