"""Compute only the tracks and bins that are wanted: an edit at the end of the graph.

Tracks are picked from the weights of the last layer, where the way from there to the output treats every track
by itself; otherwise, and for bins, by a Gather at the very end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...models.onnx_writer import GraphWriter, names_in, opset_of, subgraphs
from ..ops.activation import UNARY
from .fold import stored_array
from .view import Graph

__all__ = ["sliced_proto"]

_ARITHMETIC: Final = ("Add", "Sub", "Mul", "Div")
_TRACK_AXIS: Final = {"NT": 1, "NBT": 2, "NTB": 1}
_BIN_AXIS: Final = {"NBT": 1, "NTB": 2}


def sliced_proto(
    proto: Any, graph: Graph, layout: str, tracks: Sequence[int] | None, bins: Sequence[int] | None
) -> Any:
    """Return a copy of a model whose output holds only ``tracks`` and ``bins``, in this order.

    Parameters
    ----------
    proto : onnx.ModelProto
        Not changed.
    graph : Graph
        Of the same model, for ranks.
    layout : {"NT", "NBT", "NTB"}
    tracks, bins : sequence of int or None
        None keeps all.
    """
    import onnx
    from onnx import inliner

    model = onnx.ModelProto()
    model.CopyFrom(inliner.inline_local_functions(proto) if proto.functions else proto)
    slicer = _Slicer(model, graph)
    rank = len(graph.shape(graph.output_name))
    if tracks is not None and rank > 1:
        axis, flat = _TRACK_AXIS[layout], layout == "NT" and rank > 2
        edits = None if flat else slicer.way_to_weights(axis)
        if edits is None:
            slicer.gather_output(tracks, axis, flat=flat)
        else:
            for node, position, weight_axis in edits:
                slicer.pick(node, position, tracks, weight_axis)
    if bins is not None:
        slicer.gather_output(bins, _BIN_AXIS[layout])
    slicer.writer.put_into(model)
    return model


class _Slicer:
    def __init__(self, model: Any, graph: Graph) -> None:
        self._graph, self._view = model.graph, graph
        self._output, self._path = graph.output_name, graph.path
        self._initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        taken = names_in(model.graph)
        self.writer = GraphWriter(opset=opset_of(model), prefix=f"{self._output}_", taken=taken)

    def _producer(self, name: str) -> Any:
        return next((node for node in self._graph.node if name in node.output), None)

    def _readers(self, name: str) -> int:
        """Count the uses of a tensor; more than one where a subgraph may read it, too."""
        uses = sum(list(node.input).count(name) for node in self._graph.node)
        nested = any(True for node in self._graph.node for _ in subgraphs(node))
        outputs = sum(value.name == name for value in self._graph.output)
        return int(uses + outputs + 2 * nested)

    def way_to_weights(self, axis: int) -> list[tuple[Any, int, int]] | None:
        """Return the weights to pick from, as (node, input, axis of the weight), or None if there is no such way."""
        name, edits = self._output, []
        while (node := self._producer(name)) is not None and self._readers(name) == 1:
            sizes = [self._size(each) for each in node.input]
            if node.op_type in UNARY and node.domain in ("", "ai.onnx"):
                name = node.input[0]
            elif node.op_type == "Transpose":
                order = next((list(a.ints) for a in node.attribute if a.name == "perm"), None)
                axis = order[axis] if order else len(self._view.shape(name)) - 1 - axis
                name = node.input[0]
            elif node.op_type in _ARITHMETIC and sum(size is not None for size in sizes) == 1:
                constant = next(i for i, size in enumerate(sizes) if size is not None)
                shape = sizes[constant] or ()
                at = axis - (len(self._view.shape(name)) - len(shape))
                if np.prod(shape) != 1:
                    if at < 0 or shape[at] == 1:
                        return None
                    edits.append((node, constant, at))
                name = node.input[1 - constant]
                if len(self._view.shape(name)) <= axis:
                    return None
            else:
                last = self._weights(node, axis, sizes)
                return None if last is None else edits + last
        return None

    def _size(self, name: str) -> tuple[int, ...] | None:
        tensor = self._initializers.get(name)
        return None if tensor is None else tuple(tensor.dims)

    def _weights(self, node: Any, axis: int, sizes: list[tuple[int, ...] | None]) -> list[tuple[Any, int, int]] | None:
        """Weights and bias of the layer that makes the tracks."""
        settings = {attribute.name: attribute.i for attribute in node.attribute}
        if len(sizes) < 2 or sizes[1] is None:
            return None
        rank = len(sizes[1])
        if node.op_type == "MatMul" and rank == 2 and axis == len(self._view.shape(node.output[0])) - 1:
            return [(node, 1, 1)]
        if node.op_type == "Gemm" and axis == 1:
            weight = (node, 1, 0 if settings.get("transB", 0) else 1)
        elif node.op_type == "Conv" and axis == 1 and settings.get("group", 1) == 1:
            weight = (node, 1, 0)
        else:
            return None
        if len(sizes) < 3 or not node.input[2]:
            return [weight]
        bias = sizes[2]
        if bias is None:
            return None
        return [weight] if not bias or bias[-1] == 1 else [weight, (node, 2, len(bias) - 1)]

    def pick(self, node: Any, position: int, indices: Sequence[int], axis: int) -> None:
        """Let a node read some rows of a weight; other readers of the weight keep it whole."""
        array = stored_array(self._initializers[node.input[position]], self._path)
        node.input[position] = self.writer.constant(np.take(array, list(indices), axis))

    def gather_output(self, indices: Sequence[int], axis: int, *, flat: bool = False) -> None:
        """Put a Gather behind the output, flattened if need be, under its name."""
        whole = self.writer.name("whole")
        for node in (*self._graph.node, *self.writer.nodes):
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == self._output:
                        names[i] = whole
        whole = self.writer.add("Flatten", whole, axis=1) if flat else whole
        self.writer.add("Gather", whole, self.writer.sizes(indices), output=self._output, axis=axis)
