"""Flatten before a dense layer: only the rows of its weight that belong to changed positions are read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..delta_graph import Emitter
from ..graph.view import Graph, Node
from ..graph.windows import Window
from ..ops.errors import UnsupportedError

__all__ = ["dense_weight", "flatten"]


def flatten(emitter: Emitter, node: Node) -> None:
    """Flatten before a dense layer: read only the rows of its weight that belong to changed positions.

    Raises
    ------
    UnsupportedError
        If something else than one dense layer reads it.
    """
    tensor = node.inputs[0]
    window, channels = emitter.window(tensor), emitter.channels(tensor)
    dense, weight, passed = dense_weight(emitter.graph, window, node)
    table = weight.reshape(window.length, -1)
    span = _span(emitter, window)
    # Neighbouring mutations share a stretch of positions: [M, span * C] x [span * C, out].
    at = emitter.index("stretch", (tensor, span), (emitter.n, span))
    rows = emitter.flat_table(emitter.delta(tensor), tensor, emitter.constant(np.zeros((1, channels), np.float32)))
    changed = emitter.add("Gather", rows, at, axis=0)
    changed = emitter.add("Reshape", changed, emitter.sizes(emitter.n, span * channels))
    places = emitter.index("places", (tensor, span), (span,))
    read = emitter.add("Gather", emitter.constant(table), places, axis=0)
    read = emitter.add("Reshape", read, emitter.sizes(span * channels, weight.shape[2]))
    emitter.set_dense(dense, emitter.add("MatMul", changed, read))
    emitter.skipped |= {dense, *passed}


def dense_weight(graph: Graph, window: Window, node: Node) -> tuple[str, NDArray[np.float32], set[str]]:
    """Find the one dense layer that reads a flattened tensor.

    Parameters
    ----------
    graph : Graph
    window : Window
        Of the tensor before it is flattened.
    node : Node
        What flattens it.

    Returns
    -------
    output : str
        Of the dense layer.
    weight : float32 array, shape (length, features, width)
        By position.
    passed : set of str
        Outputs of nodes in between.

    Raises
    ------
    UnsupportedError
        If something else reads it.
    """
    shape, flat = graph.shape(node.inputs[0]), graph.shape(node.outputs[0])
    dense, first, joined = _dense_layer(graph, node.outputs[0])
    if dense is None or len(flat) != 2:
        raise UnsupportedError(f"{node.op_type} joins positions and features")
    if not graph.is_constant(dense.inputs[1]):
        raise UnsupportedError("a dense layer with weights from the sequence")
    weight = np.asarray(graph.constant(dense.inputs[1]), np.float32)
    if dense.op_type == "Gemm":
        weight = weight.T if dense.attributes.get("transB", 0) else weight
        weight = weight * np.float32(dense.attributes.get("alpha", 1.0))
    weight = weight[first : first + flat[1]]
    by_position = np.moveaxis(weight.reshape(*shape[1:], -1), window.axis - 1, 0)
    width = weight.shape[1]
    return dense.outputs[0], np.ascontiguousarray(by_position.reshape(window.length, -1, width)), joined


def _dense_layer(graph: Graph, flat: str) -> tuple[Node | None, int, set[str]]:
    """The one dense layer that reads a flat tensor, the first row of its weight that belongs to it, and the
    Concat with constants that may stand between them."""
    tensor, first, joined = flat, 0, set()
    while True:
        readers = graph.consumers(tensor)
        if len(readers) != 1 or tensor == graph.output_name:
            return None, 0, set()
        (reader,) = readers
        others = [name for name in reader.inputs if name != tensor]
        if reader.op_type != "Concat" or not all(graph.is_constant(name) for name in others):
            break
        if reader.attributes.get("axis", 0) % len(graph.shape(tensor)) != 1 or reader.inputs.count(tensor) > 1:
            return None, 0, set()
        before = reader.inputs[: reader.inputs.index(tensor)]
        first += sum(graph.shape(name)[1] for name in before)
        tensor = reader.outputs[0]
        joined.add(tensor)
    plain = reader.op_type == "MatMul" or (reader.op_type == "Gemm" and not reader.attributes.get("transA", 0))
    return (reader, first, joined) if plain and reader.inputs[0] == tensor else (None, 0, set())


def _span(emitter: Emitter, window: Window) -> int:
    """Positions that the windows of n neighbouring mutations cover at most."""
    neighbours = max(1, -(-emitter.n // 3)) + 1
    step = min(neighbours, len(window.free_lo) - 1)
    moved = int((window.free_lo[step:] - window.free_lo[: len(window.free_lo) - step]).max(initial=0))
    return min(window.length, window.width + moved)
