"""One sequence through the model, with the inner tensors that changes are added to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import one_hot
from ...errors import ModelError
from ..graph.view import Graph
from .runner import Part

if TYPE_CHECKING:
    from ...models.card import ModelCard
    from ...models.session import Model

__all__ = ["ReferencePass"]


class ReferencePass:
    """A session for a model with more outputs.

    Parameters
    ----------
    graph : Graph
        At any batch size.
    model : Model
    card : ModelCard
    tensors : sequence of str
        To return; the graph's input may be among them.
    """

    def __init__(self, graph: Graph, model: Model, card: ModelCard, tensors: Sequence[str]) -> None:
        self._graph, self._card, self._path = graph, card, model.path
        self._computed = [name for name in dict.fromkeys(tensors) if name != graph.input_name]
        self._part = Part(graph.subgraph([graph.input_name], self._computed), model, self._computed)

    def __call__(self, window: NDArray[np.uint8], options: Any = None) -> dict[str, NDArray[Any]]:
        """Return the tensors of one sequence of codes, each with a batch axis of 1.

        Raises
        ------
        ModelError
            If a tensor has another shape than the model says.
        """
        graph = self._graph
        rows = one_hot(np.repeat(window[np.newaxis], graph.batch, axis=0), **self._card.encoding)
        found = dict(zip(self._computed, self._part.run({graph.input_name: rows}, options), strict=True))
        found[graph.input_name] = rows
        for tensor, array in found.items():
            if array.shape != graph.shape(tensor):
                raise ModelError(
                    f"tensor {tensor!r} has shape {array.shape}, not the expected {graph.shape(tensor)}",
                    path=self._path,
                    remedy="choose another mode",
                )
        return {tensor: array[:1] for tensor, array in found.items()}
