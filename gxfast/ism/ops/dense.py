"""Matrix products: local where they mix channels; over positions only what changed is multiplied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..graph.view import Graph, Node
from ..graph.windows import Window
from .builder import Builder
from .context import Context, Gradients, Reverse, Span
from .convolution import add_products
from .errors import UnsupportedError
from .registry import Operator, register
from .rescale import Rescale, at_middle

__all__ = ["flatten"]


def matmul_reach(context: Context) -> Span | str:
    """MatMul with a constant: the last axis of the left side (or the last but one of the right) is mixed."""
    if len(context.spans) != 1 or context.name(0) == context.name(1):
        return "MatMul of two tensors that depend on the sequence"
    index = 0 if context.span(0) is not None else 1
    span = context.span(index)
    shape, out = context.shape(index), context.output_shape()
    if span is None or len(shape) < 2 or len(context.shape(1 - index)) < 2:
        return "MatMul with a vector"
    mixed = len(shape) - 1 if index == 0 else len(shape) - 2
    if span.axis == mixed:
        return "MatMul mixes all positions"
    axis = span.axis + len(out) - len(shape)
    if out[axis] != shape[span.axis]:
        return "MatMul stretches the sequence axis"
    return Span(axis, span.lo, span.hi)


def matmul_step(builder: Builder, node: Node) -> None:
    """MatMul of the features of each position with a constant."""
    graph, (tensor, right), output = builder.graph, node.inputs, node.outputs[0]
    if graph.is_constant(tensor) or not graph.is_constant(right):
        raise UnsupportedError("MatMul of two tensors that depend on the sequence")
    weight = np.asarray(graph.constant(right), np.float32)
    last = builder.window(tensor).axis == len(graph.shape(tensor)) - 1
    if (
        weight.ndim != 2
        or last
        or builder.channels(tensor) != weight.shape[0]
        or output not in builder.analysis.windows
    ):
        raise UnsupportedError("MatMul over positions, or of nested features")
    add_products(builder, builder.executor.convolve, node, weight[np.newaxis], 1, 1, 0)


def _swapped(r: Reverse, x: str, rank: int) -> str:
    return r.emit.transpose(x, [*range(rank - 2), rank - 1, rank - 2])


def _broadcast(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    n = max(len(a), len(b))
    padded = [(1,) * (n - len(shape)) + tuple(shape) for shape in (a, b)]
    return tuple(y if x == 1 else x for x, y in zip(*padded, strict=True))


def matmul_gradient(r: Reverse) -> Gradients:
    """A @ B: dY @ B' and A' @ dY, summed over broadcast axes; a vector counts as a matrix of one row or column."""
    e, a, b = r.emit, r.shape(0), r.shape(1)
    rows, columns = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    left = e.reshape(r.name(0), rows) if len(a) == 1 else r.name(0)
    right = e.reshape(r.name(1), columns) if len(b) == 1 else r.name(1)
    lead = _broadcast(rows[:-2], columns[:-2])
    dy = e.reshape(r.dy, (*lead, rows[-2], columns[-1])) if 1 in (len(a), len(b)) else r.dy
    first = second = None
    if r.wanted(0):
        first = e.add("MatMul", dy, _swapped(r, right, len(columns)))
        first = e.unbroadcast(first, (*lead, *rows[-2:]), rows)
        first = e.reshape(first, a) if len(a) == 1 else first
    if r.wanted(1):
        second = e.add("MatMul", _swapped(r, left, len(rows)), dy)
        second = e.unbroadcast(second, (*lead, *columns[-2:]), columns)
        second = e.reshape(second, b) if len(b) == 1 else second
    return [first, second]


def gemm_reach(context: Context) -> Span | str:
    """Gemm reads rows of features: the sequence axis can only be the one that is summed over."""
    return "Gemm mixes all positions"


def gemm_gradient(r: Reverse) -> Gradients:
    """alpha * A' @ B' + beta * C."""
    e, flip_a, flip_b = r.emit, bool(r.attribute("transA", 0)), bool(r.attribute("transB", 0))
    alpha, beta = float(r.attribute("alpha", 1.0)), float(r.attribute("beta", 1.0))
    gradients: list[str | None] = [None, None, None]
    if r.wanted(0):
        pair = (r.name(1), r.dy) if flip_a else (r.dy, r.name(1))
        turn_a, turn_b = (flip_b, True) if flip_a else (False, not flip_b)
        gradients[0] = e.add("Gemm", *pair, alpha=alpha, transA=int(turn_a), transB=int(turn_b))
    if r.wanted(1):
        pair = (r.dy, r.name(0)) if flip_b else (r.name(0), r.dy)
        turn_a, turn_b = (True, flip_a) if flip_b else (not flip_a, False)
        gradients[1] = e.add("Gemm", *pair, alpha=alpha, transA=int(turn_a), transB=int(turn_b))
    if r.wanted(2):
        gradients[2] = e.unbroadcast(e.add("Mul", r.dy, r.scalar(beta)), r.output_shape(), r.shape(2))
    return gradients[: len(r.node.inputs)]


def einsum_gradient(r: Reverse) -> Gradients:
    """The same sum with the output and one input exchanged; explicit output, letters once per term."""
    equation = str(r.attribute("equation")).replace(" ", "")
    left, arrow, result = equation.partition("->")
    terms = left.split(",")
    if not arrow or "." in equation or any(len(set(term)) < len(term) for term in (*terms, result)):
        raise r.refusal(f"equation {equation!r} has an ellipsis, a repeated letter or no output")
    gradients: list[str | None] = []
    for i, term in enumerate(terms):
        others = [other for j, other in enumerate(terms) if j != i]
        if not r.wanted(i):
            gradients.append(None)
            continue
        if not set(term) <= set(result).union(*others):
            raise r.refusal(f"equation {equation!r} sums over a letter of one input alone")
        names = [r.name(j) for j in range(len(terms)) if j != i]
        gradients.append(r.emit.add("Einsum", r.dy, *names, equation=f"{','.join([result, *others])}->{term}"))
    return gradients


def einsum_multiplier(r: Rescale) -> Gradients:
    """A product of two tensors at most."""
    if sum(r.wanted(i) for i in range(len(r.node.inputs))) > 2:
        raise r.refusal("it multiplies more than two tensors that depend on the sequence")
    return at_middle(einsum_gradient)(r)


def flatten(builder: Builder, node: Node) -> None:
    """Flatten before a dense layer: only what belongs to changed positions is multiplied.

    Raises
    ------
    UnsupportedError
        If something else than one dense layer reads it.
    """
    output, weight, passed = _dense_weight(builder.graph, builder.window(node.inputs[0]), node)
    builder.executor.dense(builder.number(node.inputs[0]), weight)
    builder.give_change(output)
    builder.skipped |= passed


def _dense_weight(graph: Graph, window: Window, node: Node) -> tuple[str, NDArray[np.float32], set[str]]:
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


register(
    Operator(
        "MatMul", reach=matmul_reach, step=matmul_step, gradient=matmul_gradient, multiplier=at_middle(matmul_gradient)
    ),
    Operator("Gemm", reach=gemm_reach, gradient=gemm_gradient, multiplier=at_middle(gemm_gradient)),
    Operator("Einsum", gradient=einsum_gradient, multiplier=einsum_multiplier),
)
