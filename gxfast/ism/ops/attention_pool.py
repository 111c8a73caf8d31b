"""Attention pooling over fixed groups of positions, as Enformer has it.

Reshape (N, C, L) -> (N, C, L/g, g); logits = Conv 1x1; Softmax over the group; times the input; ReduceSum over the
group. The grouped tensors hold the rows of the sequence in another form, so they are kept as rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Graph, Node
from .builder import Builder, Rows
from .errors import UnsupportedError

__all__ = ["attention_pool"]


class _Pool(NamedTuple):
    group: int
    weight: NDArray[np.float32]  # (C, C): to, from
    logits: str
    inner: tuple[str, ...]
    output: str


def attention_pool(builder: Builder, node: Node) -> None:
    """Take the whole of it at its Reshape.

    Raises
    ------
    UnsupportedError
        If the Reshape is no beginning of an attention pool.
    """
    tensor = node.inputs[0]
    found = _find(builder.graph, builder.window(tensor).axis, node)
    if found is None:
        raise UnsupportedError(f"{node.op_type} joins positions and features")
    source = builder.number(tensor)
    rows = Rows(found.logits, _ungrouped)
    logits = builder.declare(found.logits, like=tensor, rows=rows)
    weight = np.ascontiguousarray(found.weight.T[np.newaxis], np.float32)
    builder.executor.convolve(source, logits, weight, 1, 1, 0)
    builder.executor.attention_pool(source, logits, builder.declare(found.output), found.group)
    builder.skipped |= {found.logits, *found.inner, found.output}


def _ungrouped(tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, C, L/g, g) as (L, C)."""
    return np.ascontiguousarray(tensor[0].reshape(tensor.shape[1], -1).T)


def _find(graph: Graph, axis: int, node: Node) -> _Pool | None:
    grouped = node.outputs[0]
    before, after = graph.shape(node.inputs[0]), graph.shape(grouped)
    if node.op_type != "Reshape" or len(before) != 3 or axis != 2 or len(after) != 4 or after[:2] != before[:2]:
        return None
    conv, times = _one(graph, grouped, "Conv"), _one(graph, grouped, "Mul")
    if conv is None or times is None or len(graph.consumers(grouped)) != 2 or conv.inputs[0] != grouped:
        return None
    if not graph.is_constant(conv.inputs[1]) or any(not graph.is_constant(name) for name in conv.inputs[2:] if name):
        return None
    weight = np.asarray(graph.constant(conv.inputs[1]), np.float32)
    logits = conv.outputs[0]
    softmax = _one(graph, logits, "Softmax")
    plain = weight.shape == (before[1], before[1], 1, 1) and graph.shape(logits) == after
    if not plain or softmax is None or len(graph.consumers(logits)) != 1 or graph.opset < 13:
        return None
    weights = softmax.outputs[0]
    if softmax.attributes.get("axis", -1) % 4 != 3 or set(times.inputs) != {grouped, weights}:
        return None
    total = _one(graph, times.outputs[0], "ReduceSum")
    if total is None or len(graph.consumers(weights)) != 1 or len(graph.consumers(times.outputs[0])) != 1:
        return None
    known = len(total.inputs) > 1 and graph.is_constant(total.inputs[1])
    axes = np.atleast_1d(graph.constant(total.inputs[1])).tolist() if known else []
    if [each % 4 for each in axes] != [3] or total.attributes.get("keepdims", 1):
        return None
    inner = (weights, times.outputs[0])
    if graph.output_name in (grouped, logits, *inner):
        return None
    return _Pool(after[3], weight[:, :, 0, 0], logits, inner, total.outputs[0])


def _one(graph: Graph, tensor: str, op_type: str) -> Node | None:
    """The one reader of this kind."""
    found = [node for node in graph.consumers(tensor) if node.op_type == op_type]
    return found[0] if len(found) == 1 else None
