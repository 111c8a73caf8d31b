"""A piece of a model that begins at the sequence, run on edited copies of one sequence.

On the CPU the edits are set and taken back in a kept one-hot buffer. Elsewhere codes and edits go to the device and
the one-hot encoding is made there: 1 byte per base once, and 17 per edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...encode.edits import EditedBatches, Edits
from ..edit_rows import rows_of
from ..graph.view import Graph
from .runner import Part

if TYPE_CHECKING:
    from ...models.card import ModelCard
    from ...models.session import Model

__all__ = ["EditedPart"]


class EditedPart:
    """Rows of edits in batches of one fixed size.

    Parameters
    ----------
    graph : Graph
        At the batch size.
    outputs : list of str
    model : Model
    card : ModelCard
    in_graph : bool, optional
        Where the edits are written; default: in the graph unless the device is the CPU.
    """

    def __init__(
        self, graph: Graph, outputs: list[str], model: Model, card: ModelCard, *, in_graph: bool | None = None
    ) -> None:
        self.batch, self._card, self._input, self._dtype = graph.batch, card, graph.input_name, model.dtype
        self._names: dict[str, str] | None = None
        content = graph.subgraph([graph.input_name], outputs)
        if model.device != "cpu" if in_graph is None else in_graph:
            content, self._names = _with_edits(content, graph.input_name, card)
        self.part = Part(content, model, outputs)

    def batches(
        self, window: NDArray[np.uint8], edits: Edits, options: Any = None, *, keep: bool = False
    ) -> Iterator[tuple[slice, list[Any]]]:
        """Yield rows of the edits and the outputs of a whole batch, whose first rows are theirs.

        With ``keep`` outputs stay on the device.
        """
        feeds = self._host(window, edits) if self._names is None else self._device(window, edits)
        for rows, feed in feeds:
            yield rows, self.part.run(feed, options, keep=keep)

    def _host(self, window: NDArray[np.uint8], edits: Edits) -> Iterator[tuple[slice, dict[str, Any]]]:
        batches = EditedBatches(
            window,
            edits,
            batch_size=self.batch,
            dtype=self._dtype,
            **self._card.encoding,
        )
        for rows, _ in batches:
            yield rows, {self._input: batches.buffer}

    def _device(self, window: NDArray[np.uint8], edits: Edits) -> Iterator[tuple[slice, dict[str, Any]]]:
        names = self._names or {}
        reference = self.part.to_device(window[np.newaxis])
        shape = np.array([self.batch, len(window)], np.int64)
        rows, n_rows = rows_of(edits), len(edits.offset) - 1
        for first in range(0, n_rows, self.batch):
            last = min(n_rows, first + self.batch)
            a, b = edits.offset[first], edits.offset[last]
            index = np.stack([rows[a:b] - first, edits.position[a:b]], axis=1)
            base = edits.base[a:b]
            if a == b:  # an index without rows is not in every provider: write what is there already
                index, base = np.zeros((1, 2), np.int64), window[:1]
            feeds = {"reference": reference, "shape": shape, "index": index, "base": base}
            yield slice(first, last), {names[role]: value for role, value in feeds.items()}


def _with_edits(content: bytes, input_name: str, card: ModelCard) -> tuple[bytes, dict[str, str]]:
    import onnx

    from ...models.front import edited_input, front_inputs

    made = edited_input(onnx.load_from_string(content), input_name, **card.encoding)
    return bytes(made.SerializeToString()), front_inputs(made)
